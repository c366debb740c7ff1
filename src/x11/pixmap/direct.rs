//! Textures that are the pixmap's memory.
//!
//! Nothing is copied, and a bind has nothing to do but to be late enough. What is relied upon: the server sends a damage
//! event after it has carried out the request that drew, and has handed work for the GPU to the kernel by then, whose
//! implicit fences make our reads wait for that work. A bind that follows the event then sees what the event is about.
//! A server that draws by GL on the CPU leaves no such fence, and may still be drawing.
//!
//! Images have one level and are 2D. Where mipmaps or a rectangle texture are wanted, GL copies what changed within
//! itself.

use super::{Channels, PathError, PixmapImporter, SourcePixmap, TextureTarget, layout::swizzle};
use crate::{
    gl::{ErrorCode, Gl, GlError, Image, Region, Texture},
    x11::{Area, Areas},
};

/// A texture on a pixmap's memory.
#[derive(Debug)]
pub(super) struct DirectTexture {
    memory: Texture,
    /// The texture that stands in for targets and levels that the memory cannot have.
    copy: Option<(TextureTarget, Texture)>,
}

impl DirectTexture {
    pub(super) fn new(
        importer: &PixmapImporter,
        source: &SourcePixmap,
        image: &Image,
        target: TextureTarget,
        channels: Channels,
    ) -> Result<Self, PathError> {
        let gl = importer.gl();
        let memory = gl.create_texture_from_image(glow::TEXTURE_2D, image)?;
        check_size(gl, &memory, source.size())?;
        let direct = match target {
            TextureTarget::TwoD { mipmaps: false } => Self { memory, copy: None },
            TextureTarget::TwoD { mipmaps: true } | TextureTarget::Rectangle => {
                let internal = gl.texture_level_parameter_i(&memory, 0, glow::TEXTURE_INTERNAL_FORMAT);
                let copy = target.create(gl, internal.cast_unsigned(), source.size())?;
                let copy = Some((target, copy));
                let direct = Self { memory, copy };
                direct.try_copy(gl)?;
                direct
            }
        };
        let swizzle = swizzle(source.format().fourcc, channels, false);
        gl.texture_parameter_iv(direct.texture(), glow::TEXTURE_SWIZZLE_RGBA, &swizzle);
        Ok(direct)
    }

    pub(super) fn texture(&self) -> &Texture {
        self.copy.as_ref().map_or(&self.memory, |(_, copy)| copy)
    }

    /// Whether changes have to be copied within GL.
    pub(super) fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// Brings the copy up to date, if there is one.
    pub(super) fn update(&self, gl: &Gl, areas: &Areas) -> Result<(), GlError> {
        let Some((target, copy)) = &self.copy else {
            return Ok(());
        };
        for area in areas.as_slice() {
            let part = region(*area);
            gl.copy_image_sub_data(&self.memory, glow::TEXTURE_2D, part, copy, target.gl_name(), part)?;
        }
        target.make_mipmaps(gl, copy);
        Ok(())
    }

    /// Copies a pixel to see whether GL lets these formats be copied.
    fn try_copy(&self, gl: &Gl) -> Result<(), GlError> {
        while let Some(stale) = gl.get_error() {
            if stale == ErrorCode(glow::CONTEXT_LOST) {
                return Err(GlError::Lost);
            }
            tracing::warn!("{stale} recorded before a pixmap was imported");
        }
        self.update(gl, &Areas::all((1, 1)))?;
        let call = "glCopyImageSubData";
        gl.get_error()
            .map_or(Ok(()), |error| Err(GlError::Refused { call, error }))
    }
}

fn check_size(gl: &Gl, texture: &Texture, (width, height): (u16, u16)) -> Result<(), PathError> {
    let found = [glow::TEXTURE_WIDTH, glow::TEXTURE_HEIGHT]
        .map(|name| gl.texture_level_parameter_i(texture, 0, name));
    if found != [i32::from(width), i32::from(height)] {
        let wanted = [width, height];
        return Err(PathError::TextureSize { found, wanted });
    }
    Ok(())
}

/// An area of level 0.
pub(super) fn region(area: Area) -> Region {
    Region {
        level: 0,
        x: area.x.into(),
        y: area.y.into(),
        z: 0,
        w: area.width.into(),
        h: area.height.into(),
        d: 1,
    }
}
