//! Buffers of a GBM device that GL draws in and servers take.

use std::rc::Rc;

use super::{AllocateError, Placement, Size, canvas::driver};
use crate::{
    gl::{self, Dmabuf, GbmBuffer, GbmDevice, GbmTexture, Gl, Texture},
    x11::{Fourcc, PixelFormat},
};

/// A buffer and the texture on it.
#[derive(Debug)]
pub(super) struct RenderTarget {
    texture: GbmTexture,
    display: Rc<gl::Display>,
}

impl RenderTarget {
    /// The display that the buffer is on the device of.
    pub(super) fn display(&self) -> &gl::Display {
        &self.display
    }

    /// The texture, whose row 0 is the buffer's first.
    pub(super) fn texture(&self) -> &Texture {
        self.texture.texture()
    }
}

/// Makes a buffer on the device of `display`, and a texture of it in a context of that display.
pub(super) fn render_target(
    display: &Rc<gl::Display>,
    gl: &Gl,
    size: Size,
    format: PixelFormat,
    placement: Placement<'_>,
) -> Result<(Dmabuf, RenderTarget), AllocateError> {
    let device = (display.gbm()).ok_or(AllocateError::Unsupported("GL is not on a GBM device"))?;
    let buffer = match placement {
        Placement::Modifiers(named) => with_modifier(display, device, size, format.fourcc, named)?,
        Placement::Linear => (device.for_drawing(|device, usage| {
            device.allocate_linear(size.width.into(), size.height.into(), format.fourcc.0, usage)
        }))
        .map_err(driver)?,
        Placement::Shared => return Err(AllocateError::Unsupported("a device makes no memfds")),
    };
    let (texture, dmabuf) = display.create_gbm_texture(gl, buffer, None).map_err(driver)?;
    let target = RenderTarget {
        texture,
        display: display.clone(),
    };
    Ok((dmabuf, target))
}

/// In one of the layouts that the server names and GL draws in.
fn with_modifier(
    display: &gl::Display,
    device: &GbmDevice,
    size: Size,
    fourcc: Fourcc,
    named: &[u64],
) -> Result<GbmBuffer, AllocateError> {
    let drawn = display.dmabuf_modifiers(fourcc.0).map_err(driver)?;
    let is_drawn = |modifier: &u64| {
        let mut drawn = drawn.iter().filter(|info| !info.external_only);
        drawn.any(|info| info.modifier == *modifier)
    };
    let both: Vec<u64> = named.iter().copied().filter(is_drawn).collect();
    if both.is_empty() {
        return Err(AllocateError::Unsupported(
            "GL draws in none of the display's layouts",
        ));
    }
    let (width, height) = (size.width.into(), size.height.into());
    let made = device.for_drawing(|device, usage| device.allocate(width, height, fourcc.0, &both, usage));
    made.map_err(driver)
}
