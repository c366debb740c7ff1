//! Compute shaders, and the images that shaders write.

use super::{Buffer, Gl, Texture, buffer::part, clamped, int};
use crate::gl::GlError;

/// Bytes of the three numbers of an indirect dispatch.
const GROUP_COUNTS: u64 = 12;

/// What an image unit gives to shaders.
#[derive(Debug, Clone, Copy)]
pub struct ImageUnit<'a> {
    /// The texture.
    pub texture: &'a Texture,
    /// Its level.
    pub level: u32,
    /// One of its layers, or `None` for all.
    pub layer: Option<u32>,
    /// `GL_READ_ONLY`, `GL_WRITE_ONLY` or `GL_READ_WRITE`.
    pub access: u32,
    /// The format in which shaders see the texels, as `GL_R32UI`.
    pub format: u32,
}

impl Gl {
    /// Runs so many work groups of the compute program in use.
    pub fn dispatch_compute(&self, [x, y, z]: [u32; 3]) {
        self.f().DispatchCompute(x, y, z);
    }

    /// Runs as many work groups as three numbers in a buffer say, from `offset` on.
    ///
    /// # Errors
    /// If they do not lie in the buffer, or not at a multiple of four bytes.
    pub fn dispatch_compute_indirect(&self, buffer: &Buffer, offset: u64) -> Result<(), GlError> {
        if !offset.is_multiple_of(4) {
            return Err(GlError::OutOfRange {
                what: "dispatch offset",
                value: offset.into(),
            });
        }
        let (at, _) = part("indirect dispatch", buffer, offset, GROUP_COUNTS)?;
        self.bind_buffer(glow::DISPATCH_INDIRECT_BUFFER, Some(buffer))?;
        self.f().DispatchComputeIndirect(at);
        Ok(())
    }

    /// Binds an image to a unit; `None` unbinds.
    ///
    /// # Errors
    /// If a number does not fit GL's type.
    pub fn bind_image_texture(&self, unit: u32, image: Option<ImageUnit<'_>>) -> Result<(), GlError> {
        let Some(image) = image else {
            self.f()
                .BindImageTexture(unit, 0, 0, 0, 0, glow::READ_ONLY, glow::R32UI);
            return Ok(());
        };
        let level = int("level", image.level)?;
        let layered = u8::from(image.layer.is_none());
        let layer = clamped(image.layer.unwrap_or(0));
        self.f().BindImageTexture(
            unit,
            self.name(&image.texture.handle),
            level,
            layered,
            layer,
            image.access,
            image.format,
        );
        Ok(())
    }
}
