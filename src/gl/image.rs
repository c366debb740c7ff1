//! EGL images: pictures of somebody else's that GL can use as textures.
//!
//! [EGL_KHR_image_base](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_image_base.txt),
//! [EGL_KHR_image_pixmap](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_image_pixmap.txt),
//! [EGL_KHR_gl_image](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_gl_image.txt).

use std::{ptr, rc::Rc};

use khronos_egl as egl;

use super::{
    Context, Display, GlError, Platform, Texture,
    egl::{Native, Opaque},
};

const IMAGE_PRESERVED: egl::Int = 0x30d2;
const NATIVE_PIXMAP: u32 = 0x30b0;
const GL_TEXTURE_2D: u32 = 0x30b1;
const GL_TEXTURE_LEVEL: egl::Int = 0x30bc;

/// A picture of somebody else's, ready to become a texture. Textures made from it keep what they need of it.
#[derive(Debug)]
pub struct Image {
    native: Rc<Native>,
    image: Opaque,
    size: Option<[u32; 2]>,
}

impl Image {
    /// Makes an image. `size` is its width and height, where they are known.
    ///
    /// # Safety
    /// The display must have the extensions that the target and the attributes are of; `attributes` must end with
    /// `EGL_NONE`; context and buffer must be live ones as the target wants them.
    pub(super) unsafe fn new(
        native: &Rc<Native>,
        context: egl::EGLContext,
        target: u32,
        buffer: Opaque,
        attributes: &[egl::Int],
        size: Option<[u32; 2]>,
    ) -> Result<Self, GlError> {
        // SAFETY: the caller's.
        let image = unsafe { native.create_image(context, target, buffer, attributes.as_ptr()) }?;
        if image.is_null() {
            return Err(native.error("eglCreateImage"));
        }
        Ok(Self {
            native: native.clone(),
            image,
            size,
        })
    }

    /// Width and height in pixels, where they are known before there is a texture.
    pub fn size(&self) -> Option<[u32; 2]> {
        self.size
    }

    pub(super) fn as_ptr(&self) -> Opaque {
        self.image
    }

    pub(super) fn is_of(&self, native: &Native) -> bool {
        self.native.is(native)
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: the image is of this display, which is never terminated, and is destroyed once.
        match unsafe { self.native.destroy_image(self.image) } {
            Ok(0) => tracing::warn!("{}", self.native.error("eglDestroyImage")),
            Ok(_) => {}
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

impl Display {
    /// The picture of a pixmap of the X server that the display is on. The pixmap must live as long as the image.
    ///
    /// # Errors
    /// If the display is not on X, EGL does not offer this there, or it refuses the pixmap.
    pub fn import_pixmap(&self, pixmap: u32) -> Result<Image, GlError> {
        let native = self.native();
        if self.platform() != Platform::X11 {
            return Err(GlError::NoPixmaps(self.platform()));
        }
        native.require("EGL_KHR_image_base")?;
        native.require("EGL_KHR_image_pixmap")?;
        let attributes = [IMAGE_PRESERVED, 1, egl::NONE];
        let pixmap = ptr::without_provenance_mut(pixmap as usize);
        // SAFETY: the display takes pixmaps; a number that is none is refused by the X server.
        unsafe { Image::new(native, ptr::null_mut(), NATIVE_PIXMAP, pixmap, &attributes, None) }
    }

    /// Level 0 of a 2D texture as an image.
    pub(super) fn image_of_texture(&self, context: &Context, texture: &Texture) -> Result<Image, GlError> {
        let (native, gl) = (self.native(), context.gl());
        if !native.is(gl.egl().native()) {
            return Err(GlError::Foreign("context"));
        }
        native.require("EGL_KHR_image_base")?;
        native.require("EGL_KHR_gl_texture_2D_image")?;
        let attributes = [GL_TEXTURE_LEVEL, 0, IMAGE_PRESERVED, 1, egl::NONE];
        let name = gl.known_texture(texture)?;
        let size = gl.texture_size(texture)?;
        let name = ptr::without_provenance_mut(name as usize);
        // SAFETY: the texture is one of the context, which the questions above have made current.
        unsafe {
            Image::new(
                native,
                gl.egl().as_ptr(),
                GL_TEXTURE_2D,
                name,
                &attributes,
                Some(size),
            )
        }
    }
}
