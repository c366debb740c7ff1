//! An initialized EGL display: its extensions and their functions.

use std::{collections::HashSet, ffi::c_void, fmt, mem};

use khronos_egl as egl;

use super::{Egl, failed};
use crate::gl::GlError;

/// An object of EGL's that has no type in khronos-egl: images, syncs, client buffers.
pub(in crate::gl) type Opaque = *mut c_void;
/// Attributes of a name and a value each; ends with `EGL_NONE`.
type Attributes = *const egl::Int;

macro_rules! functions {
    ($($method:ident = $name:literal($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        /// Functions of extensions, as far as libEGL knows their names.
        struct Functions {
            $($method: Option<unsafe extern "system" fn(egl::EGLDisplay, $($ty),*) -> $ret>,)*
        }

        impl Functions {
            fn load(egl: &Egl) -> Self {
                Self {
                    $($method: egl.get_proc_address($name).map(|found| {
                        // SAFETY: the function of this name has this signature.
                        unsafe {
                            mem::transmute::<
                                extern "system" fn(),
                                unsafe extern "system" fn(egl::EGLDisplay, $($ty),*) -> $ret,
                            >(found)
                        }
                    }),)*
                }
            }
        }

        impl Native {
            $(
                /// Fails if libEGL does not know the function; what the call itself returns is the caller's to look at.
                ///
                /// # Safety
                /// The display must have the extension, objects must be live ones of this display, and addresses valid
                /// for as much as the function touches.
                pub(in crate::gl) unsafe fn $method(&self, $($arg: $ty),*) -> Result<$ret, GlError> {
                    let function = self.functions.$method.ok_or(GlError::Function($name))?;
                    // SAFETY: the caller's.
                    Ok(unsafe { function(self.display.as_ptr(), $($arg),*) })
                }
            )*
        }
    };
}

functions! {
    create_image = "eglCreateImageKHR"(context: egl::EGLContext, target: u32, buffer: Opaque, attributes: Attributes) -> Opaque;
    destroy_image = "eglDestroyImageKHR"(image: Opaque) -> u32;
    query_dmabuf_formats = "eglQueryDmaBufFormatsEXT"(room: i32, formats: *mut u32, count: *mut i32) -> u32;
    query_dmabuf_modifiers = "eglQueryDmaBufModifiersEXT"(format: u32, room: i32, modifiers: *mut u64,
        external_only: *mut u32, count: *mut i32) -> u32;
    query_dmabuf_export = "eglExportDMABUFImageQueryMESA"(image: Opaque, fourcc: *mut u32, planes: *mut i32,
        modifiers: *mut u64) -> u32;
    export_dmabuf = "eglExportDMABUFImageMESA"(image: Opaque, fds: *mut i32, strides: *mut i32, offsets: *mut i32) -> u32;
    create_sync = "eglCreateSyncKHR"(kind: u32, attributes: Attributes) -> Opaque;
    destroy_sync = "eglDestroySyncKHR"(sync: Opaque) -> u32;
    wait_sync = "eglWaitSyncKHR"(sync: Opaque, flags: i32) -> i32;
    dup_native_fence = "eglDupNativeFenceFDANDROID"(sync: Opaque) -> i32;
}

/// An initialized EGL display. It is never terminated, so this may go at any time.
pub(in crate::gl) struct Native {
    pub(super) egl: &'static Egl,
    pub(super) display: egl::Display,
    extensions: HashSet<String>,
    functions: Functions,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.display.as_ptr()).finish()
    }
}

impl Native {
    /// Takes an initialized display.
    pub(super) fn new(egl: &'static Egl, display: egl::Display) -> Result<Self, GlError> {
        Ok(Self {
            egl,
            display,
            extensions: extensions(egl, Some(display))?,
            functions: Functions::load(egl),
        })
    }

    /// Whether the display has an extension, by its full name.
    pub(in crate::gl) fn has(&self, extension: &str) -> bool {
        self.extensions.contains(extension)
    }

    /// Refuses by name what the display lacks.
    pub(in crate::gl) fn require(&self, extension: &'static str) -> Result<(), GlError> {
        if self.has(extension) {
            Ok(())
        } else {
            Err(GlError::Extension(extension))
        }
    }

    /// Whether this is the same display, whose objects may be used together.
    pub(in crate::gl) fn is(&self, other: &Self) -> bool {
        self.display.as_ptr() == other.display.as_ptr()
    }

    /// The error of the call that just failed.
    pub(in crate::gl) fn error(&self, call: &'static str) -> GlError {
        let error = self.egl.get_error().unwrap_or(egl::Error::BadAlloc);
        GlError::Egl { call, error }
    }
}

/// The extensions of a display, or of EGL itself.
pub(super) fn extensions(egl: &Egl, display: Option<egl::Display>) -> Result<HashSet<String>, GlError> {
    let list = egl
        .query_string(display, egl::EXTENSIONS)
        .map_err(failed("eglQueryString"))?;
    Ok(list
        .to_string_lossy()
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect())
}
