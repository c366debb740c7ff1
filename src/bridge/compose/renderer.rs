//! The GL between two displays.

use std::rc::Rc;

use crate::{
    bridge::trial,
    gl::{self, Choice, GlError},
    present::{DeviceError, open_gl_that},
    x11::{Display, Extension, Paths, PixmapImporter, PixmapPath, Version},
};

/// GL to draw the guest's windows for the host with. With [`Choice::Auto`] it is on the device of the host's display, unless
/// the guest's pixmaps are memory of a device, too, and cannot be had there. Waits for both servers.
///
/// # Errors
/// If there is no GL.
pub fn open_renderer(
    guest: &Rc<Display>,
    host: &Rc<Display>,
    choice: Choice,
) -> Result<Rc<gl::Display>, GlError> {
    open_gl_that(host, choice, |renderer| takes_pixmaps(guest, renderer))
}

/// Whether the guest's pixmaps become textures without copies, if they ever do.
fn takes_pixmaps(guest: &Rc<Display>, renderer: &Rc<gl::Display>) -> Result<(), DeviceError> {
    if !guest.extensions().has(Extension::Dri3, Version(1, 0)) {
        return Ok(());
    }
    let context = renderer.create_context(None)?;
    let importer = PixmapImporter::new(guest.clone(), renderer.clone(), context.gl());
    let paths = Paths::default()
        .without(PixmapPath::ShmImage)
        .without(PixmapPath::GetImage);
    trial::import(guest, &Rc::new(importer), paths)
        .map(drop)
        .map_err(|error| DeviceError::Unsuitable(Box::new(error)))
}
