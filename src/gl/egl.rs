//! EGL bring-up: a display without a window system, and contexts on it.
//!
//! [EGL 1.5](https://registry.khronos.org/EGL/specs/eglspec.1.5.pdf) is loaded at run time. An EGL display is
//! one per process and platform however often it is opened, so it is never terminated: that would take the
//! contexts of every other user of it away.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    fmt, mem, ptr,
    rc::Rc,
    sync::OnceLock,
};

use khronos_egl as egl;

use super::{
    Capabilities, Gl, GlError,
    api::Setup,
    debug,
    functions::{self, Functions},
    platform::{Attempt, Choice, Opened, Platform, ProbeReport},
    pool,
};

type Egl = egl::DynamicInstance<egl::EGL1_5>;

const PLATFORM_DEVICE_EXT: egl::Enum = 0x313f;
const PLATFORM_SURFACELESS_MESA: egl::Enum = 0x31dd;
const DRM_DEVICE_FILE_EXT: egl::Int = 0x3233;
/// Entries of EGL's device list that are looked at.
const MAX_DEVICES: usize = 32;
/// Versions of the core profile that are asked for, best first.
const VERSIONS: [(egl::Int, egl::Int); 2] = [(4, 6), (4, 5)];

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

/// How contexts are made on a display: all alike, since EGL lets only like contexts share.
#[derive(Debug, Clone, Copy)]
struct Recipe {
    version: (egl::Int, egl::Int),
    robust: bool,
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
        if self.robust {
            list.extend([egl::CONTEXT_OPENGL_ROBUST_ACCESS, 1]);
            list.extend([
                egl::CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY,
                egl::LOSE_CONTEXT_ON_RESET,
            ]);
        }
        if debug {
            list.extend([egl::CONTEXT_OPENGL_DEBUG, 1]);
        }
        list.push(egl::NONE);
        list
    }
}

/// An EGL display on which GL 4.5 core contexts can be made.
pub struct Display {
    egl: &'static Egl,
    display: egl::Display,
    platform: Platform,
    recipe: Recipe,
    functions: Rc<Functions>,
    capabilities: Rc<Capabilities>,
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

/// A display before it is known to give contexts.
struct Candidate {
    egl: &'static Egl,
    display: egl::Display,
    version: (i32, i32),
    device: Option<String>,
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
            let candidates = match candidates(egl, platform) {
                Ok(candidates) => candidates,
                Err(error) => {
                    report.attempts.push(Attempt {
                        platform,
                        result: Err(error),
                    });
                    continue;
                }
            };
            for candidate in candidates {
                match candidate.and_then(|candidate| Self::try_candidate(platform, candidate)) {
                    Ok((mut display, opened)) => {
                        report.attempts.push(Attempt {
                            platform,
                            result: Ok(opened),
                        });
                        display.report = report;
                        return Ok(display);
                    }
                    Err(error) => report.attempts.push(Attempt {
                        platform,
                        result: Err(error),
                    }),
                }
            }
        }
        Err(GlError::NoPlatform(report))
    }

    fn try_candidate(platform: Platform, candidate: Candidate) -> Result<(Self, Opened), GlError> {
        let Candidate {
            egl,
            display,
            version,
            device,
        } = candidate;
        let extensions = extensions(egl, Some(display))?;
        let has = |name| extensions.split(' ').any(|extension| extension == name);
        for needed in ["EGL_KHR_surfaceless_context", "EGL_KHR_no_config_context"] {
            if !has(needed) {
                return Err(GlError::Extension(needed));
            }
        }
        let robust = has("EGL_EXT_create_context_robustness");
        let (recipe, context) = find_recipe(egl, display, robust)?;
        let context = EglContext {
            egl,
            display,
            context,
            id: pool::unique(),
            group: pool::unique(),
        };
        context.make_current()?;
        let functions = Rc::new(Functions::load(|name| egl.get_proc_address(name))?);
        let capabilities = Rc::new(Capabilities::probe(&functions)?);
        let opened = Opened {
            device,
            egl: version,
            version: capabilities.version_string.clone(),
            renderer: capabilities.renderer.clone(),
            robust: recipe.robust,
        };
        let report = ProbeReport::default();
        let debug = Cell::new(false);
        Ok((
            Self {
                egl,
                display,
                platform,
                recipe,
                functions,
                capabilities,
                report,
                debug,
            },
            opened,
        ))
    }

    /// The platform in use.
    pub fn platform(&self) -> Platform {
        self.platform
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
        bind_api(self.egl)?;
        let with = share.map(|context| context.gl.egl().context);
        let debug = self.debug.get();
        // SAFETY: EGL_KHR_no_config_context is there, which makes the null configuration a valid one.
        let no_config = unsafe { egl::Config::from_ptr(ptr::null_mut()) };
        let context = self
            .egl
            .create_context(self.display, no_config, with, &self.recipe.attributes(debug))
            .map_err(failed("eglCreateContext"))?;
        let group = share.map_or_else(pool::unique, |context| context.gl.egl().group);
        let context = EglContext {
            egl: self.egl,
            display: self.display,
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
        self.egl
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
    egl: &'static Egl,
    display: egl::Display,
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

    pub(super) fn is_current(&self) -> bool {
        pool::current().is_some_and(|current| current.context == self.id)
    }

    /// Makes the context current, whether it is or not.
    pub(super) fn make_current(&self) -> Result<(), GlError> {
        bind_api(self.egl)?;
        self.egl
            .make_current(self.display, None, None, Some(self.context))
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
        if self.is_current() {
            if let Err(error) = self.egl.make_current(self.display, None, None, None) {
                tracing::warn!("eglMakeCurrent without a context failed: {error}");
            }
            pool::set_current(None);
        }
        if let Err(error) = self.egl.destroy_context(self.display, self.context) {
            tracing::warn!("eglDestroyContext failed: {error}");
        }
    }
}

fn bind_api(egl: &Egl) -> Result<(), GlError> {
    egl.bind_api(egl::OPENGL_API).map_err(failed("eglBindAPI"))
}

/// The best kind of context that the display gives, and one of that kind.
fn find_recipe(egl: &Egl, display: egl::Display, robust: bool) -> Result<(Recipe, egl::Context), GlError> {
    bind_api(egl)?;
    // SAFETY: EGL_KHR_no_config_context is there, which makes the null configuration a valid one.
    let no_config = unsafe { egl::Config::from_ptr(ptr::null_mut()) };
    let robustness: &[bool] = if robust { &[true, false] } else { &[false] };
    let recipes = VERSIONS
        .into_iter()
        .flat_map(|version| robustness.iter().map(move |&robust| Recipe { version, robust }));
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

/// The extensions of a display, or of EGL itself.
fn extensions(egl: &Egl, display: Option<egl::Display>) -> Result<String, GlError> {
    let list = egl
        .query_string(display, egl::EXTENSIONS)
        .map_err(failed("eglQueryString"))?;
    Ok(list.to_string_lossy().into_owned())
}

/// The displays that a platform has.
fn candidates(egl: &'static Egl, platform: Platform) -> Result<Vec<Result<Candidate, GlError>>, GlError> {
    let extensions = extensions(egl, None)?;
    let has = |name| extensions.split(' ').any(|extension| extension == name);
    let require = |name| {
        if has(name) {
            Ok(())
        } else {
            Err(GlError::Extension(name))
        }
    };
    match platform {
        Platform::Gbm => Err(GlError::NotBuiltIn),
        Platform::Surfaceless => {
            require("EGL_MESA_platform_surfaceless")?;
            Ok(vec![initialize(
                egl,
                PLATFORM_SURFACELESS_MESA,
                ptr::null_mut(),
                None,
            )])
        }
        Platform::Device => {
            require("EGL_EXT_platform_device")?;
            if !has("EGL_EXT_device_base") {
                require("EGL_EXT_device_enumeration")?;
            }
            let devices = drm_devices(egl)?;
            let open = |(device, node)| initialize(egl, PLATFORM_DEVICE_EXT, device, Some(node));
            Ok(devices.into_iter().map(open).collect())
        }
    }
}

fn initialize(
    egl: &'static Egl,
    platform: egl::Enum,
    native: *mut c_void,
    device: Option<String>,
) -> Result<Candidate, GlError> {
    // SAFETY: the native display is null for the surfaceless platform, and one of EGL's own devices for the
    // device platform.
    let display = unsafe { egl.get_platform_display(platform, native, &[egl::ATTRIB_NONE]) }
        .map_err(failed("eglGetPlatformDisplay"))?;
    let version = egl.initialize(display).map_err(failed("eglInitialize"))?;
    Ok(Candidate {
        egl,
        display,
        version,
        device,
    })
}

type QueryDevices = unsafe extern "system" fn(i32, *mut *mut c_void, *mut i32) -> u32;
type QueryDeviceString = unsafe extern "system" fn(*mut c_void, i32) -> *const c_char;

/// EGL's devices that are DRM devices, with the paths of their nodes.
fn drm_devices(egl: &Egl) -> Result<Vec<(*mut c_void, String)>, GlError> {
    let find = |name| egl.get_proc_address(name).ok_or(GlError::Function(name));
    let query_devices = find("eglQueryDevicesEXT")?;
    let query_string = find("eglQueryDeviceStringEXT")?;
    // SAFETY: the function of this name has this signature.
    let query_devices = unsafe { mem::transmute::<extern "system" fn(), QueryDevices>(query_devices) };
    // SAFETY: the function of this name has this signature.
    let query_string = unsafe { mem::transmute::<extern "system" fn(), QueryDeviceString>(query_string) };
    let mut devices = [ptr::null_mut(); MAX_DEVICES];
    let mut count = 0;
    // SAFETY: EGL writes at most as many devices as it is told there is room for.
    let done = unsafe { query_devices(MAX_DEVICES as i32, devices.as_mut_ptr(), &mut count) };
    if done == 0 {
        let error = egl.get_error().unwrap_or(egl::Error::BadAlloc);
        return Err(GlError::Egl {
            call: "eglQueryDevicesEXT",
            error,
        });
    }
    let found = &devices[..usize::try_from(count).unwrap_or(0).min(MAX_DEVICES)];
    let node = |&device: &*mut c_void| {
        // SAFETY: the device is one that EGL listed.
        let path = unsafe { query_string(device, DRM_DEVICE_FILE_EXT) };
        if path.is_null() {
            // Not a DRM device. The error would otherwise be taken for that of a later call.
            let _ = egl.get_error();
            return None;
        }
        // SAFETY: a string of EGL's ends with a zero and lives as long as the display.
        let path = unsafe { CStr::from_ptr(path) };
        Some((device, path.to_string_lossy().into_owned()))
    };
    let nodes: Vec<_> = found.iter().filter_map(node).collect();
    if nodes.is_empty() {
        Err(GlError::NoDrmDevice(found.len()))
    } else {
        Ok(nodes)
    }
}
