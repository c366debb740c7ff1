//! Textures.

use super::{Buffer, Gl, Name, Pixels, Region, Texture, bytes, clamped, int, pixels::Piece};
use crate::gl::{GlError, ReadBytes, WriteBytes};

/// How many of x, y, z a texture's images have for GL's transfer calls.
fn dimensions(call: &'static str, texture: &Texture) -> Result<u8, GlError> {
    match texture.target {
        glow::TEXTURE_1D => Ok(1),
        glow::TEXTURE_2D | glow::TEXTURE_1D_ARRAY | glow::TEXTURE_RECTANGLE => Ok(2),
        glow::TEXTURE_3D | glow::TEXTURE_2D_ARRAY | glow::TEXTURE_CUBE_MAP | glow::TEXTURE_CUBE_MAP_ARRAY => {
            Ok(3)
        }
        target => Err(GlError::Target { call, target }),
    }
}

impl Gl {
    /// A texture of a target, without storage.
    ///
    /// # Errors
    /// If GL makes none, since it does not know the target for one.
    pub fn create_texture(&self, target: u32) -> Result<Texture, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateTextures(target, 1, &mut name) };
        Ok(Texture {
            handle: self.shared("texture", Name::Texture(name))?,
            target,
        })
    }

    /// Immutable storage of a 1D texture.
    ///
    /// # Errors
    /// If GL refuses: out of memory, beyond its limits, or a format it lacks.
    pub fn texture_storage_1d(
        &self,
        texture: &Texture,
        levels: u32,
        internal: u32,
        w: u32,
    ) -> Result<(), GlError> {
        let (name, levels, w) = (
            self.name(&texture.handle),
            int("levels", levels)?,
            int("width", w)?,
        );
        self.checked("glTextureStorage1D", |f| {
            f.TextureStorage1D(name, levels, internal, w)
        })
    }

    /// Immutable storage of a 2D, rectangle, cube map or (with layers as height) 1D array texture.
    ///
    /// # Errors
    /// As [`Gl::texture_storage_1d`].
    pub fn texture_storage_2d(
        &self,
        texture: &Texture,
        levels: u32,
        internal: u32,
        w: u32,
        h: u32,
    ) -> Result<(), GlError> {
        let (name, levels) = (self.name(&texture.handle), int("levels", levels)?);
        let (w, h) = (int("width", w)?, int("height", h)?);
        self.checked("glTextureStorage2D", |f| {
            f.TextureStorage2D(name, levels, internal, w, h)
        })
    }

    /// Immutable storage of a 3D, 2D array or cube map array texture (layers or faces as depth).
    ///
    /// # Errors
    /// As [`Gl::texture_storage_1d`].
    pub fn texture_storage_3d(
        &self,
        texture: &Texture,
        levels: u32,
        internal: u32,
        w: u32,
        h: u32,
        d: u32,
    ) -> Result<(), GlError> {
        let (name, levels) = (self.name(&texture.handle), int("levels", levels)?);
        let (w, h, d) = (int("width", w)?, int("height", h)?, int("depth", d)?);
        self.checked("glTextureStorage3D", |f| {
            f.TextureStorage3D(name, levels, internal, w, h, d)
        })
    }

    /// Immutable multisampled storage with sample locations that are the same for all texels.
    ///
    /// # Errors
    /// As [`Gl::texture_storage_1d`].
    pub fn texture_storage_2d_multisample(
        &self,
        texture: &Texture,
        samples: u32,
        internal: u32,
        w: u32,
        h: u32,
    ) -> Result<(), GlError> {
        let (name, samples) = (self.name(&texture.handle), int("samples", samples)?);
        let (w, h) = (int("width", w)?, int("height", h)?);
        self.checked("glTextureStorage2DMultisample", |f| {
            f.TextureStorage2DMultisample(name, samples, internal, w, h, 1);
        })
    }

    /// As [`Gl::texture_storage_2d_multisample`], with `d` layers.
    ///
    /// # Errors
    /// As [`Gl::texture_storage_1d`].
    pub fn texture_storage_3d_multisample(
        &self,
        texture: &Texture,
        samples: u32,
        internal: u32,
        w: u32,
        h: u32,
        d: u32,
    ) -> Result<(), GlError> {
        let (name, samples) = (self.name(&texture.handle), int("samples", samples)?);
        let (w, h, d) = (int("width", w)?, int("height", h)?, int("layers", d)?);
        self.checked("glTextureStorage3DMultisample", |f| {
            f.TextureStorage3DMultisample(name, samples, internal, w, h, d, 1);
        })
    }

    /// A view of another texture's storage. `levels` and `layers` are (first, number).
    ///
    /// # Errors
    /// If GL refuses: target, format, levels or layers do not fit the original.
    pub fn texture_view(
        &self,
        target: u32,
        original: &Texture,
        internal: u32,
        levels: (u32, u32),
        layers: (u32, u32),
    ) -> Result<Texture, GlError> {
        // glTextureView wants a name that was never bound, as glGenTextures makes them.
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().GenTextures(1, &mut name) };
        let view = Texture {
            handle: self.shared("texture", Name::Texture(name))?,
            target,
        };
        let original = self.name(&original.handle);
        self.checked("glTextureView", |f| {
            f.TextureView(
                name, target, original, internal, levels.0, levels.1, layers.0, layers.1,
            );
        })?;
        Ok(view)
    }

    /// Makes a buffer texture read `size` bytes of a buffer from `offset` on.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn texture_buffer_range(
        &self,
        texture: &Texture,
        internal: u32,
        buffer: &Buffer,
        offset: u64,
        size: u64,
    ) -> Result<(), GlError> {
        let (offset, size) = (bytes("buffer offset", offset)?, bytes("buffer size", size)?);
        let (texture, buffer) = (self.name(&texture.handle), self.name(&buffer.state.handle));
        self.checked("glTextureBufferRange", |f| {
            f.TextureBufferRange(texture, internal, buffer, offset, size)
        })
    }

    /// Writes texels.
    ///
    /// # Errors
    /// If `data` are too few, `pixels` contradicts itself, or the texture has no such transfers.
    pub fn texture_sub_image(
        &self,
        texture: &Texture,
        region: Region,
        pixels: &Pixels,
        data: ReadBytes<'_>,
    ) -> Result<(), GlError> {
        let dimensions = dimensions("glTextureSubImage", texture)?;
        let level = int("level", region.level)?;
        pixels.check_size()?;
        let (name, Pixels { format, ty, .. }) = (self.name(&texture.handle), *pixels);
        for Piece {
            region,
            bytes,
            layout,
        } in pixels.pieces("texture upload", &region, data.len())?
        {
            let Some(part) = data.get(bytes) else { continue };
            self.unpack(layout);
            let (f, from) = (self.f(), part.as_ptr().cast());
            let Region { x, y, z, w, h, d, .. } = region;
            match dimensions {
                // SAFETY: with this layout GL reads the bytes of `part`.
                1 => unsafe { f.TextureSubImage1D(name, level, x, w, format, ty, from) },
                // SAFETY: as above.
                2 => unsafe { f.TextureSubImage2D(name, level, x, y, w, h, format, ty, from) },
                // SAFETY: as above.
                _ => unsafe { f.TextureSubImage3D(name, level, x, y, z, w, h, d, format, ty, from) },
            }
        }
        Ok(())
    }

    /// Writes blocks of a compressed texture.
    ///
    /// # Errors
    /// If `data` are too few, or the texture has no such transfers.
    pub fn compressed_texture_sub_image(
        &self,
        texture: &Texture,
        region: Region,
        internal: u32,
        pixels: &Pixels,
        data: ReadBytes<'_>,
    ) -> Result<(), GlError> {
        let dimensions = dimensions("glCompressedTextureSubImage", texture)?;
        let level = int("level", region.level)?;
        let name = self.name(&texture.handle);
        for Piece {
            region,
            bytes,
            layout,
        } in pixels.pieces("texture upload", &region, data.len())?
        {
            let size = int("upload size", bytes.len() as u64)?;
            let Some(part) = data.get(bytes) else { continue };
            self.unpack(layout);
            let (f, from) = (self.f(), part.as_ptr().cast());
            let Region { x, y, z, w, h, d, .. } = region;
            match dimensions {
                // SAFETY: `part` has `size` bytes; the layout is tight, and GL refuses sizes that are not the
                // region's.
                1 => unsafe { f.CompressedTextureSubImage1D(name, level, x, w, internal, size, from) },
                // SAFETY: as above.
                2 => unsafe { f.CompressedTextureSubImage2D(name, level, x, y, w, h, internal, size, from) },
                // SAFETY: as above.
                _ => unsafe {
                    f.CompressedTextureSubImage3D(name, level, x, y, z, w, h, d, internal, size, from)
                },
            }
        }
        Ok(())
    }

    /// Reads texels.
    ///
    /// # Errors
    /// As [`Gl::texture_sub_image`].
    pub fn get_texture_sub_image(
        &self,
        texture: &Texture,
        region: Region,
        pixels: &Pixels,
        data: WriteBytes<'_>,
    ) -> Result<(), GlError> {
        dimensions("glGetTextureSubImage", texture)?;
        let level = int("level", region.level)?;
        pixels.check_size()?;
        let (name, Pixels { format, ty, .. }) = (self.name(&texture.handle), *pixels);
        for Piece {
            region,
            bytes,
            layout,
        } in pixels.pieces("texture download", &region, data.len())?
        {
            let size = clamped(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            let Some(part) = data.get(bytes) else { continue };
            self.pack(layout);
            let Region { x, y, z, w, h, d, .. } = region;
            let to = part.as_mut_ptr().cast();
            // SAFETY: with this layout GL writes the bytes of `part`, and no more than `size`.
            unsafe {
                self.f()
                    .GetTextureSubImage(name, level, x, y, z, w, h, d, format, ty, size, to)
            };
        }
        Ok(())
    }

    /// Reads blocks of a compressed texture.
    ///
    /// # Errors
    /// As [`Gl::compressed_texture_sub_image`].
    pub fn get_compressed_texture_sub_image(
        &self,
        texture: &Texture,
        region: Region,
        pixels: &Pixels,
        data: WriteBytes<'_>,
    ) -> Result<(), GlError> {
        dimensions("glGetCompressedTextureSubImage", texture)?;
        let level = int("level", region.level)?;
        let name = self.name(&texture.handle);
        for Piece {
            region,
            bytes,
            layout,
        } in pixels.pieces("texture download", &region, data.len())?
        {
            let size = int("download size", bytes.len() as u64)?;
            let Some(part) = data.get(bytes) else { continue };
            self.pack(layout);
            let Region { x, y, z, w, h, d, .. } = region;
            let to = part.as_mut_ptr().cast();
            // SAFETY: `part` has `size` bytes, and GL writes no more.
            unsafe {
                self.f()
                    .GetCompressedTextureSubImage(name, level, x, y, z, w, h, d, size, to)
            };
        }
        Ok(())
    }

    /// Fills a region with one texel of the given format and type, the first bytes of `texel`.
    ///
    /// # Errors
    /// If GL has no such format and type, or the region does not fit its types.
    pub fn clear_tex_sub_image(
        &self,
        texture: &Texture,
        region: Region,
        format: u32,
        ty: u32,
        texel: &[u8; 16],
    ) -> Result<(), GlError> {
        let Region {
            level,
            x,
            y,
            z,
            w,
            h,
            d,
        } = region;
        let (name, level) = (self.name(&texture.handle), int("level", level)?);
        let from = texel.as_ptr().cast();
        // SAFETY: no texel of GL's formats and types is larger than 16 bytes.
        unsafe {
            self.f()
                .ClearTexSubImage(name, level, x, y, z, w, h, d, format, ty, from)
        };
        Ok(())
    }

    /// Copies texels without conversion. The size is that of `from`; targets are the textures' own.
    ///
    /// # Errors
    /// If a level does not fit GL's type.
    pub fn copy_image_sub_data(
        &self,
        from_texture: &Texture,
        from_target: u32,
        from: Region,
        to_texture: &Texture,
        to_target: u32,
        to: Region,
    ) -> Result<(), GlError> {
        let (from_level, to_level) = (int("level", from.level)?, int("level", to.level)?);
        let (src, dst) = (self.name(&from_texture.handle), self.name(&to_texture.handle));
        self.f().CopyImageSubData(
            src,
            from_target,
            from_level,
            from.x,
            from.y,
            from.z,
            dst,
            to_target,
            to_level,
            to.x,
            to.y,
            to.z,
            from.w,
            from.h,
            from.d,
        );
        Ok(())
    }

    /// Makes all levels below the base level from it.
    pub fn generate_mipmap(&self, texture: &Texture) {
        self.f().GenerateTextureMipmap(self.name(&texture.handle));
    }

    /// Sets a parameter.
    pub fn texture_parameter_i(&self, texture: &Texture, name: u32, value: i32) {
        self.f()
            .TextureParameteri(self.name(&texture.handle), name, value);
    }

    /// Sets a parameter of up to four numbers.
    pub fn texture_parameter_iv(&self, texture: &Texture, name: u32, values: &[i32; 4]) {
        let texture = self.name(&texture.handle);
        // SAFETY: no parameter has more than four numbers.
        unsafe { self.f().TextureParameteriv(texture, name, values.as_ptr()) };
    }

    /// A property of a level, as `GL_TEXTURE_WIDTH`; 0 if GL does not tell.
    pub fn texture_level_parameter_i(&self, texture: &Texture, level: u32, name: u32) -> i32 {
        let mut value = 0;
        let texture = self.name(&texture.handle);
        // SAFETY: properties of levels have one number each.
        unsafe {
            self.f()
                .GetTextureLevelParameteriv(texture, clamped(level), name, &mut value)
        };
        value
    }

    /// Binds a texture to the unit, at its own target; `None` unbinds all targets.
    pub fn bind_texture_unit(&self, unit: u32, texture: Option<&Texture>) {
        self.f()
            .BindTextureUnit(unit, texture.map_or(0, |texture| self.name(&texture.handle)));
    }
}
