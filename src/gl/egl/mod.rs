//! EGL bring-up: a display, mostly without a window system, and contexts on it.
//!
//! [EGL 1.5](https://registry.khronos.org/EGL/specs/eglspec.1.5.pdf) is loaded at run time. An EGL display is
//! one per process and platform however often it is opened, so it is never terminated: that would take the
//! contexts of every other user of it away.

mod candidates;
mod native;

use std::{
    cell::{Cell, OnceCell},
    fmt,
    os::fd::OwnedFd,
    ptr,
    rc::Rc,
    sync::OnceLock,
};

use khronos_egl as egl;

use super::{
    Capabilities, GbmDevice, Gl, GlError,
    api::Setup,
    debug,
    functions::{self, Functions},
    kms_swrast::KmsSwrast,
    memory::Probed,
    platform::{Attempt, Choice, Opened, Platform, ProbeReport},
    pool,
};
use candidates::{Candidate, candidates};
pub(super) use native::{Native, Opaque};

type Egl = egl::DynamicInstance<egl::EGL1_5>;

/// Versions of the core profile that are asked for, best first.
const VERSIONS: [(egl::Int, egl::Int); 2] = [(4, 6), (4, 5)];
const CONTEXT_FLAGS_KHR: egl::Int = 0x30fc;
const FLAG_DEBUG: egl::Int = 1;
const FLAG_ROBUST_ACCESS: egl::Int = 4;

/// libEGL, loaded once and never unloaded.
fn library() -> Result<&'static Egl, GlError> {
    static LIBRARY: OnceLock<Result<Egl, String>> = OnceLock::new();
    LIBRARY
        .get_or_init(|| {
            // SAFETY: a library of this name is an EGL implementation; its constructors are the vendor's
            // business.
            unsafe { Egl::load_required() }.map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| GlError::Library(error.clone()))
}

fn failed(call: &'static str) -> impl Fn(egl::Error) -> GlError {
    move |error| GlError::Egl { call, error }
}

/// How a display wants properties of contexts to be said.
#[derive(Debug, Clone, Copy)]
enum Wording {
    /// As EGL 1.5 has it: an attribute each.
    Attributes,
    /// As older displays have it, with bits of one attribute:
    /// [EGL_KHR_create_context](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_create_context.txt).
    Flags,
}

/// How contexts are made on a display: all alike, since EGL lets only like contexts share.
#[derive(Debug, Clone, Copy)]
struct Recipe {
    version: (egl::Int, egl::Int),
    robust: bool,
    wording: Wording,
}

impl Recipe {
    fn attributes(self, debug: bool) -> Vec<egl::Int> {
        let mut list = vec![
            egl::CONTEXT_MAJOR_VERSION,
            self.version.0,
            egl::CONTEXT_MINOR_VERSION,
            self.version.1,
            egl::CONTEXT_OPENGL_PROFILE_MASK,
            egl::CONTEXT_OPENGL_CORE_PROFILE_BIT,
        ];
        match self.wording {
            Wording::Attributes => {
                if self.robust {
                    list.extend([egl::CONTEXT_OPENGL_ROBUST_ACCESS, 1]);
                }
                if debug {
                    list.extend([egl::CONTEXT_OPENGL_DEBUG, 1]);
                }
            }
            Wording::Flags => {
                let access = if self.robust { FLAG_ROBUST_ACCESS } else { 0 };
                let debug = if debug { FLAG_DEBUG } else { 0 };
                list.extend([CONTEXT_FLAGS_KHR, access | debug]);
            }
        }
        if self.robust {
            list.extend([
                egl::CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
                egl::LOSE_CONTEXT_ON_RESET,
            ]);
        }
        list.push(egl::NONE);
        list
    }
}

/// An EGL display on which GL 4.5 core contexts can be made.
pub struct Display {
    native: Rc<Native>,
    platform: Platform,
    recipe: Recipe,
    functions: Rc<Functions>,
    capabilities: Rc<Capabilities>,
    drawable_memory: Rc<Probed>,
    /// The DRM node, where the platform has one.
    device: Option<String>,
    gbm: OnceCell<Option<GbmDevice>>,
    kms_swrast: OnceCell<KmsSwrast>,
    report: ProbeReport,
    debug: Cell<bool>,
}

impl fmt::Debug for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Display")
            .field("platform", &self.platform)
            .field("recipe", &self.recipe)
            .finish()
    }
}

impl Display {
    /// Opens the first platform of `choice` that gives GL 4.5 core.
    ///
    /// # Errors
    /// If libEGL is missing, or no platform works; the error then says what was tried and why it failed.
    pub fn open(choice: Choice) -> Result<Self, GlError> {
        let egl = library()?;
        let mut report = ProbeReport::default();
        for platform in choice.platforms() {
            match candidates(egl, platform) {
                Err(error) => report.refused(platform, error),
                Ok(candidates) => {
                    for candidate in candidates {
                        match Self::try_candidate(platform, candidate) {
                            Ok((display, opened)) => return Ok(display.with_report(report, opened)),
                            Err(error) => report.refused(platform, error),
                        }
                    }
                }
            }
        }
        Err(GlError::NoPlatform(report))
    }

    /// Opens the GBM platform on a DRM device, as the one that an X server names by DRI3Open.
    ///
    /// # Errors
    /// If libEGL is missing, or the device allocates nothing or gives no GL 4.5 core.
    pub fn open_gbm(fd: OwnedFd) -> Result<Self, GlError> {
        let candidate = candidates::on_fd(library()?, fd);
        let (display, opened) = Self::try_candidate(Platform::Gbm, candidate)?;
        Ok(display.with_report(ProbeReport::default(), opened))
    }

    fn with_report(mut self, mut report: ProbeReport, opened: Opened) -> Self {
        report.attempts.push(Attempt {
            platform: self.platform,
            result: Ok(opened),
        });
        self.report = report;
        self
    }

    fn try_candidate(
        platform: Platform,
        candidate: Result<Candidate, GlError>,
    ) -> Result<(Self, Opened), GlError> {
        let Candidate {
            native,
            version,
            device,
            gbm,
        } = candidate?;
        for needed in ["EGL_KHR_surfaceless_context", "EGL_KHR_no_config_context"] {
            native.require(needed)?;
        }
        let (recipe, context) = find_recipe(&native, version)?;
        let context = EglContext {
            native: native.clone(),
            context,
            id: pool::unique(),
            group: pool::unique(),
        };
        context.make_current()?;
        let functions = Rc::new(Functions::load(|name| native.egl.get_proc_address(name))?);
        let capabilities = Rc::new(Capabilities::probe(&functions)?);
        let opened = Opened {
            device: device.clone(),
            egl: version,
            version: capabilities.version_string.clone(),
            renderer: capabilities.renderer.clone(),
            robust: recipe.robust,
        };
        Ok((
            Self {
                native,
                platform,
                recipe,
                functions,
                capabilities,
                drawable_memory: Rc::default(),
                device,
                gbm: gbm.map_or_else(OnceCell::new, |gbm| OnceCell::from(Some(gbm))),
                kms_swrast: OnceCell::new(),
                report: ProbeReport::default(),
                debug: Cell::new(false),
            },
            opened,
        ))
    }

    /// The platform in use.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The GBM device of the display's DRM device, to allocate buffers with. On the device platform it is opened when
    /// it is first asked for; elsewhere but on GBM there is none.
    pub fn gbm(&self) -> Option<&GbmDevice> {
        let open = || {
            let opened = GbmDevice::open(self.device.as_ref()?.as_ref());
            let tried = opened.and_then(|gbm| gbm.try_out().map(|()| gbm));
            tried
                .inspect_err(|error| tracing::warn!("no buffers from GBM: {error}"))
                .ok()
        };
        self.gbm.get_or_init(open).as_ref()
    }

    /// Where software reaches dmabufs; `None` where GL is no software. Opened when it is first needed.
    pub(super) fn kms_swrast(&self) -> Result<Option<&KmsSwrast>, GlError> {
        if !self.capabilities.draws_with_cpu() {
            return Ok(None);
        }
        if let Some(opened) = self.kms_swrast.get() {
            return Ok(Some(opened));
        }
        let (Platform::Gbm, Some(node)) = (self.platform, &self.device) else {
            return Err(GlError::NoDumbBuffers {
                renderer: self.capabilities.renderer.clone(),
                platform: self.platform,
            });
        };
        let opened = KmsSwrast::open(node)?;
        Ok(Some(self.kms_swrast.get_or_init(|| opened)))
    }

    pub(super) fn native(&self) -> &Rc<Native> {
        &self.native
    }

    /// What was tried until this display was found.
    pub fn report(&self) -> &ProbeReport {
        &self.report
    }

    /// What the host's GL can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether contexts made from now on log GL's messages. Slower on some drivers.
    pub fn set_debug(&self, on: bool) {
        self.debug.set(on);
    }

    /// Makes a context. Buffers, textures, samplers, shaders, programs and sync objects are common to it and
    /// `share`.
    ///
    /// # Errors
    /// If EGL refuses.
    pub fn create_context(&self, share: Option<&Context>) -> Result<Context, GlError> {
        let egl = self.native.egl;
        bind_api(egl)?;
        let with = share.map(|context| context.gl.egl().context);
        let debug = self.debug.get();
        // SAFETY: EGL_KHR_no_config_context is there, which makes the null configuration a valid one.
        let no_config = unsafe { egl::Config::from_ptr(ptr::null_mut()) };
        let context = egl
            .create_context(
                self.native.display,
                no_config,
                with,
                &self.recipe.attributes(debug),
            )
            .map_err(failed("eglCreateContext"))?;
        let group = share.map_or_else(pool::unique, |context| context.gl.egl().group);
        let context = EglContext {
            native: self.native.clone(),
            context,
            id: pool::unique(),
            group,
        };
        let shared = share.map(|context| context.gl.shared_pool());
        let gl = Gl::new(Setup {
            context,
            shared,
            functions: self.functions.clone(),
            capabilities: self.capabilities.clone(),
            drawable_memory: self.drawable_memory.clone(),
            polygon_offset_clamp: self.polygon_offset_clamp(),
        });
        if debug {
            debug::enable(&gl);
        }
        Ok(Context { gl })
    }

    fn polygon_offset_clamp(&self) -> Option<functions::PolygonOffsetClamp> {
        let name = match &*self.capabilities {
            c if c.version >= (4, 6) || c.has("GL_ARB_polygon_offset_clamp") => "glPolygonOffsetClamp",
            c if c.has("GL_EXT_polygon_offset_clamp") => "glPolygonOffsetClampEXT",
            _ => return None,
        };
        self.native
            .egl
            .get_proc_address(name)
            .map(functions::polygon_offset_clamp)
    }
}

/// A GL context. Dropping it destroys it once the last [`Gl`] of it is gone too.
#[derive(Debug)]
pub struct Context {
    gl: Gl,
}

impl Context {
    /// Makes the context current on this thread; costs nothing if it is.
    ///
    /// # Errors
    /// If EGL refuses.
    pub fn make_current(&self) -> Result<(), GlError> {
        self.gl.make_current()
    }

    /// The GL functions of this context.
    pub fn gl(&self) -> Gl {
        self.gl.clone()
    }
}

/// The EGL side of a context, without what GL keeps in it.
pub(super) struct EglContext {
    native: Rc<Native>,
    context: egl::Context,
    id: u64,
    group: u64,
}

impl EglContext {
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn group(&self) -> u64 {
        self.group
    }

    pub(super) fn native(&self) -> &Rc<Native> {
        &self.native
    }

    /// The context itself, for EGL.
    pub(super) fn as_ptr(&self) -> egl::EGLContext {
        self.context.as_ptr()
    }

    pub(super) fn is_current(&self) -> bool {
        pool::current().is_some_and(|current| current.context == self.id)
    }

    /// Makes the context current, whether it is or not.
    pub(super) fn make_current(&self) -> Result<(), GlError> {
        let Native { egl, display, .. } = *self.native;
        bind_api(egl)?;
        egl.make_current(display, None, None, Some(self.context))
            .map_err(failed("eglMakeCurrent"))?;
        pool::set_current(Some(pool::Current {
            context: self.id,
            group: self.group,
        }));
        Ok(())
    }
}

impl Drop for EglContext {
    fn drop(&mut self) {
        let Native { egl, display, .. } = *self.native;
        if self.is_current() {
            if let Err(error) = egl.make_current(display, None, None, None) {
                tracing::warn!("eglMakeCurrent without a context failed: {error}");
            }
            pool::set_current(None);
        }
        if let Err(error) = egl.destroy_context(display, self.context) {
            tracing::warn!("eglDestroyContext failed: {error}");
        }
    }
}

fn bind_api(egl: &Egl) -> Result<(), GlError> {
    egl.bind_api(egl::OPENGL_API).map_err(failed("eglBindAPI"))
}

/// The best kind of context that the display gives, and one of that kind.
fn find_recipe(native: &Native, version: (i32, i32)) -> Result<(Recipe, egl::Context), GlError> {
    let Native { egl, display, .. } = *native;
    bind_api(egl)?;
    // SAFETY: EGL_KHR_no_config_context is there, which makes the null configuration a valid one.
    let no_config = unsafe { egl::Config::from_ptr(ptr::null_mut()) };
    let robust = native.has("EGL_EXT_create_context_robustness");
    let robustness: &[bool] = if robust { &[true, false] } else { &[false] };
    let wording = match version {
        version if version >= (1, 5) => Wording::Attributes,
        _ => Wording::Flags,
    };
    let recipes = VERSIONS.into_iter().flat_map(|version| {
        robustness.iter().map(move |&robust| Recipe {
            version,
            robust,
            wording,
        })
    });
    let mut last = egl::Error::BadMatch;
    for recipe in recipes {
        match egl.create_context(display, no_config, None, &recipe.attributes(false)) {
            Ok(context) => return Ok((recipe, context)),
            Err(error) => last = error,
        }
    }
    Err(GlError::Egl {
        call: "eglCreateContext for GL 4.5 core",
        error: last,
    })
}
