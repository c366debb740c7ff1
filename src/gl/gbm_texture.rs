//! Textures in buffers of a GBM device: what GL draws is in a dmabuf.

use super::{Display, Dmabuf, GbmBuffer, GbmDevice, GbmUsage, Gl, GlError, Texture};

/// A 2D texture of one level in a buffer of a GBM device. Row 0 is the buffer's first.
#[derive(Debug)]
pub struct GbmTexture {
    texture: Texture,
    _buffer: GbmBuffer,
}

impl GbmTexture {
    /// The texture.
    pub fn texture(&self) -> &Texture {
        &self.texture
    }
}

impl GbmDevice {
    /// Allocates a buffer that GL draws in: one that can be scanned out too, which need not be copied to a screen, or
    /// else one that can at least be drawn in.
    ///
    /// # Errors
    /// If `allocate` fails for both uses: why it did for the second.
    pub fn for_drawing(
        &self,
        allocate: impl Fn(&Self, GbmUsage) -> Result<GbmBuffer, GlError>,
    ) -> Result<GbmBuffer, GlError> {
        allocate(self, GbmUsage::RENDERING | GbmUsage::SCANOUT)
            .or_else(|_| allocate(self, GbmUsage::RENDERING))
    }
}

impl Display {
    /// A texture in a buffer of this display's device, and the buffer as a picture for others. `fourcc` says what GL
    /// takes the bytes of a pixel for, by its code in `drm_fourcc.h`; the format that the buffer was allocated for if
    /// it is `None`.
    ///
    /// # Errors
    /// If the buffer is not exported, or GL does not take it.
    pub fn create_gbm_texture(
        &self,
        gl: &Gl,
        buffer: GbmBuffer,
        fourcc: Option<u32>,
    ) -> Result<(GbmTexture, Dmabuf), GlError> {
        let mut dmabuf = buffer.export()?;
        let allocated = dmabuf.fourcc;
        dmabuf.fourcc = fourcc.unwrap_or(allocated);
        let image = self.import_dmabuf(&dmabuf)?;
        dmabuf.fourcc = allocated;
        let texture = gl.create_texture_from_image(glow::TEXTURE_2D, &image)?;
        let texture = GbmTexture {
            texture,
            _buffer: buffer,
        };
        Ok((texture, dmabuf))
    }
}
