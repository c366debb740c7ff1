//! Textures whose pixels are an EGL image's.

use std::ptr;

use super::{Gl, Texture};
use crate::gl::{GlError, Image};

/// The binding of a target that `glEGLImageTargetTexture2DOES` takes.
fn binding(target: u32) -> Option<u32> {
    match target {
        glow::TEXTURE_2D => Some(glow::TEXTURE_BINDING_2D),
        glow::TEXTURE_RECTANGLE => Some(glow::TEXTURE_BINDING_RECTANGLE),
        _ => None,
    }
}

impl Gl {
    /// A texture with an image as its only level. Storage is shared, not copied; which targets an image may have is
    /// the host's to say, and 2D is taken everywhere.
    ///
    /// # Errors
    /// If the host has no such textures, the image is of another display, GL refuses it, or gives a texture that is
    /// not of the image's size.
    pub fn create_texture_from_image(&self, target: u32, image: &Image) -> Result<Texture, GlError> {
        if !image.is_of(self.egl().native()) {
            return Err(GlError::Foreign("image"));
        }
        let texture = self.create_texture(target)?;
        if self.capabilities().has("GL_EXT_EGL_image_storage") {
            let name = self.name(&texture.handle);
            self.checked("glEGLImageTargetTextureStorageEXT", |f| {
                // SAFETY: the image is a live one of this context's display; no attributes are read.
                unsafe { f.EGLImageTargetTextureStorageEXT(name, image.as_ptr(), ptr::null()) }
            })?;
        } else if self.capabilities().has("GL_OES_EGL_image") {
            self.bind_image(&texture, image)?;
        } else {
            return Err(GlError::GlExtension("GL_OES_EGL_image"));
        }
        self.check_size(&texture, image.size())?;
        Ok(texture)
    }

    /// Makes an image the level of a texture that is bound for as long as that takes.
    fn bind_image(&self, texture: &Texture, image: &Image) -> Result<(), GlError> {
        let target = texture.target;
        let binding = binding(target).ok_or(GlError::Target {
            call: "glEGLImageTargetTexture2DOES",
            target,
        })?;
        let mut bound = 0;
        // SAFETY: a binding is one number.
        unsafe { self.f().GetIntegerv(binding, &mut bound) };
        let name = self.name(&texture.handle);
        let result = self.checked("glEGLImageTargetTexture2DOES", |f| {
            f.BindTexture(target, name);
            // SAFETY: the image is a live one of this context's display.
            unsafe { f.EGLImageTargetTexture2DOES(target, image.as_ptr()) };
        });
        self.f().BindTexture(target, bound.cast_unsigned());
        result
    }

    /// The name of a texture of this context or its share group.
    pub(in crate::gl) fn known_texture(&self, texture: &Texture) -> Result<u32, GlError> {
        match self.name(&texture.handle) {
            0 => Err(GlError::Foreign("texture")),
            name => Ok(name),
        }
    }

    /// Width and height of level 0.
    pub(in crate::gl) fn texture_size(&self, texture: &Texture) -> Result<[u32; 2], GlError> {
        self.check_size(texture, None)
    }

    /// Compares the size of level 0 with the one it should have, since drivers do not report all that they refuse.
    pub(super) fn check_size(
        &self,
        texture: &Texture,
        wanted: Option<[u32; 2]>,
    ) -> Result<[u32; 2], GlError> {
        let found = [glow::TEXTURE_WIDTH, glow::TEXTURE_HEIGHT]
            .map(|name| self.texture_level_parameter_i(texture, 0, name));
        let size = found.map(|side| u32::try_from(side).unwrap_or(0));
        if size.contains(&0) || wanted.is_some_and(|wanted| wanted != size) {
            return Err(GlError::TextureSize { found, wanted });
        }
        Ok(size)
    }
}
