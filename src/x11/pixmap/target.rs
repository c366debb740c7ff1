//! What kind of texture a pixmap becomes.

use crate::gl::{Gl, GlError, Texture};

/// The targets of
/// [GLX_EXT_texture_from_pixmap](https://registry.khronos.org/OpenGL/extensions/EXT/GLX_EXT_texture_from_pixmap.txt)
/// that the core profile has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextureTarget {
    /// `GL_TEXTURE_2D`, with coordinates from 0 to 1.
    TwoD {
        /// Whether there are all levels, each made anew when the pixmap has changed, or only the pixmap itself.
        mipmaps: bool,
    },
    /// `GL_TEXTURE_RECTANGLE`, with coordinates in pixels and without levels.
    Rectangle,
}

impl Default for TextureTarget {
    fn default() -> Self {
        Self::TwoD { mipmaps: false }
    }
}

impl TextureTarget {
    /// The target as GL names it.
    pub fn gl_name(self) -> u32 {
        match self {
            Self::TwoD { .. } => glow::TEXTURE_2D,
            Self::Rectangle => glow::TEXTURE_RECTANGLE,
        }
    }

    fn levels(self, (width, height): (u16, u16)) -> u32 {
        match self {
            Self::TwoD { mipmaps: true } => width.max(height).max(1).ilog2() + 1,
            Self::TwoD { mipmaps: false } | Self::Rectangle => 1,
        }
    }

    /// A texture with storage for a picture of this width and height.
    pub(super) fn create(self, gl: &Gl, internal: u32, size: (u16, u16)) -> Result<Texture, GlError> {
        let texture = gl.create_texture(self.gl_name())?;
        let (width, height) = size;
        gl.texture_storage_2d(&texture, self.levels(size), internal, width.into(), height.into())?;
        Ok(texture)
    }

    /// Makes the other levels, if there are any.
    pub(super) fn make_mipmaps(self, gl: &Gl, texture: &Texture) {
        if self == (Self::TwoD { mipmaps: true }) {
            gl.generate_mipmap(texture);
        }
    }
}
