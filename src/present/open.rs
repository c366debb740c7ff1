//! GL on the device that a display is on.

use std::rc::Rc;

use super::open_device;
use crate::{
    gl::{self, Choice, DmabufImport, GlError},
    x11::{Display, X11Error},
};

/// Why GL is not on a display's own device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The server does not give its device away.
    #[error(transparent)]
    Server(#[from] X11Error),
    /// There is no GL on it.
    #[error(transparent)]
    Gl(#[from] GlError),
    /// GL on it draws in no dmabufs, so that nothing is gained.
    #[error("{renderer:?} takes no dmabufs there")]
    NoDmabufs {
        /// `GL_RENDERER`.
        renderer: String,
    },
    /// It lacks something else that is wanted of it.
    #[error("{0}")]
    Unsuitable(Box<dyn std::error::Error + Send + Sync>),
}

/// GL for frames of a display's windows: with [`Choice::Auto`] on the display's own device, where frames can be dmabufs
/// that the server takes, if that works; otherwise as [`gl::Display::open`]. Which it is, and why, is said in the log.
/// Waits for the server.
///
/// # Errors
/// If there is no GL.
pub fn open_gl(display: &Display, choice: Choice) -> Result<Rc<gl::Display>, GlError> {
    open_gl_that(display, choice, |_| Ok(()))
}

/// As [`open_gl`], but GL on the display's own device has to satisfy `suits`, too.
///
/// # Errors
/// If there is no GL.
pub fn open_gl_that(
    display: &Display,
    choice: Choice,
    suits: impl FnOnce(&Rc<gl::Display>) -> Result<(), DeviceError>,
) -> Result<Rc<gl::Display>, GlError> {
    let name = display.name();
    if choice == Choice::Auto {
        match on_device(display).and_then(|opened| suits(&opened).map(|()| opened)) {
            Ok(opened) => {
                let node = opened.gbm().map_or("", |gbm| gbm.node());
                tracing::info!("GL is on {node}, the device of display {name}");
                return Ok(opened);
            }
            Err(reason) => tracing::info!("GL is not on the device of display {name}: {reason}"),
        }
    }
    gl::Display::open(choice).map(Rc::new)
}

fn on_device(display: &Display) -> Result<Rc<gl::Display>, DeviceError> {
    let device = open_device(display, display.screen().root)?;
    let opened = gl::Display::open_gbm(device)?;
    if opened.dmabuf_support().import == DmabufImport::None {
        let renderer = opened.capabilities().renderer.clone();
        return Err(DeviceError::NoDmabufs { renderer });
    }
    Ok(Rc::new(opened))
}
