//! A context of desktop GL in this process, without a window, for programs that are Mesa's clients themselves.

#![allow(unsafe_code)]

use std::ptr;

use khronos_egl as egl;

/// EGL 1.5 of the system.
pub type Egl = egl::DynamicInstance<egl::EGL1_5>;

const PLATFORM_SURFACELESS_MESA: egl::Enum = 0x31dd;

/// Makes a context and makes it current; gives its display.
///
/// # Errors
/// EGL's.
pub fn make_current(egl: &Egl) -> Result<egl::Display, egl::Error> {
    // SAFETY: this platform has no native display.
    let display =
        unsafe { egl.get_platform_display(PLATFORM_SURFACELESS_MESA, ptr::null_mut(), &[egl::ATTRIB_NONE]) }?;
    egl.initialize(display)?;
    egl.bind_api(egl::OPENGL_API)?;
    // SAFETY: null is the configuration of contexts that have none.
    let config = unsafe { egl::Config::from_ptr(ptr::null_mut()) };
    let context = egl.create_context(display, config, None, &[egl::NONE])?;
    egl.make_current(display, None, None, Some(context))?;
    Ok(display)
}
