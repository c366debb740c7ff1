//! Framebuffers.

use super::{Framebuffer, Gl, Name, Pixels, Region, Texture, clamped, int};
use crate::gl::{GlError, WriteBytes};

impl Gl {
    /// A framebuffer without attachments.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_framebuffer(&self) -> Result<Framebuffer, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateFramebuffers(1, &mut name) };
        Ok(Framebuffer {
            handle: self.own("framebuffer", Name::Framebuffer(name))?,
        })
    }

    /// Attaches a level of a texture, with all its layers; `None` detaches.
    pub fn framebuffer_texture(
        &self,
        framebuffer: &Framebuffer,
        attachment: u32,
        texture: Option<&Texture>,
        level: u32,
    ) {
        let texture = texture.map_or(0, |texture| self.name(&texture.handle));
        let framebuffer = self.name(&framebuffer.handle);
        self.f()
            .NamedFramebufferTexture(framebuffer, attachment, texture, clamped(level));
    }

    /// Attaches one layer (slice, face) of a level of a texture; `None` detaches.
    pub fn framebuffer_texture_layer(
        &self,
        framebuffer: &Framebuffer,
        attachment: u32,
        texture: Option<&Texture>,
        level: u32,
        layer: u32,
    ) {
        let texture = texture.map_or(0, |texture| self.name(&texture.handle));
        let framebuffer = self.name(&framebuffer.handle);
        let (level, layer) = (clamped(level), clamped(layer));
        self.f()
            .NamedFramebufferTextureLayer(framebuffer, attachment, texture, level, layer);
    }

    /// Says which attachments fragment outputs go to, in order.
    pub fn framebuffer_draw_buffers(&self, framebuffer: &Framebuffer, buffers: &[u32]) {
        let count = i32::try_from(buffers.len()).unwrap_or(0);
        let framebuffer = self.name(&framebuffer.handle);
        // SAFETY: `count` is at most the number of buffers.
        unsafe {
            self.f()
                .NamedFramebufferDrawBuffers(framebuffer, count, buffers.as_ptr())
        };
    }

    /// Says which attachment colours are read from.
    pub fn framebuffer_read_buffer(&self, framebuffer: &Framebuffer, buffer: u32) {
        self.f()
            .NamedFramebufferReadBuffer(self.name(&framebuffer.handle), buffer);
    }

    /// Sets a property of a framebuffer without attachments, as `GL_FRAMEBUFFER_DEFAULT_WIDTH`.
    pub fn framebuffer_parameter_i(&self, framebuffer: &Framebuffer, name: u32, value: i32) {
        self.f()
            .NamedFramebufferParameteri(self.name(&framebuffer.handle), name, value);
    }

    /// `GL_FRAMEBUFFER_COMPLETE`, or why it is not.
    pub fn check_framebuffer_status(&self, framebuffer: &Framebuffer) -> u32 {
        self.f()
            .CheckNamedFramebufferStatus(self.name(&framebuffer.handle), glow::DRAW_FRAMEBUFFER)
    }

    /// Binds a framebuffer for drawing, reading, or both (`GL_FRAMEBUFFER`).
    pub fn bind_framebuffer(&self, target: u32, framebuffer: Option<&Framebuffer>) {
        let name = framebuffer.map_or(0, |framebuffer| self.name(&framebuffer.handle));
        self.f().BindFramebuffer(target, name);
    }

    /// Where in a pixel a sample of the bound draw framebuffer is, 0 to 1 in both directions.
    pub fn sample_position(&self, sample: u32) -> [f32; 2] {
        let mut position = [0.5; 2];
        // SAFETY: a position has two numbers.
        unsafe {
            self.f()
                .GetMultisamplefv(glow::SAMPLE_POSITION, sample, position.as_mut_ptr())
        };
        position
    }

    /// Copies a rectangle, given as x0, y0, x1, y1; turned corners mirror.
    pub fn blit_framebuffer(
        &self,
        read: &Framebuffer,
        draw: &Framebuffer,
        from: [i32; 4],
        to: [i32; 4],
        mask: u32,
        filter: u32,
    ) {
        let ([sx0, sy0, sx1, sy1], [dx0, dy0, dx1, dy1]) = (from, to);
        let (read, draw) = (self.name(&read.handle), self.name(&draw.handle));
        self.f()
            .BlitNamedFramebuffer(read, draw, sx0, sy0, sx1, sy1, dx0, dy0, dx1, dy1, mask, filter);
    }

    /// Clears a colour draw buffer of float or normalized format.
    pub fn clear_framebuffer_f(&self, framebuffer: &Framebuffer, index: u32, color: [f32; 4]) {
        let (framebuffer, index) = (self.name(&framebuffer.handle), clamped(index));
        // SAFETY: a colour has four numbers.
        unsafe {
            self.f()
                .ClearNamedFramebufferfv(framebuffer, glow::COLOR, index, color.as_ptr())
        };
    }

    /// Clears a colour draw buffer of signed integer format.
    pub fn clear_framebuffer_i(&self, framebuffer: &Framebuffer, index: u32, color: [i32; 4]) {
        let (framebuffer, index) = (self.name(&framebuffer.handle), clamped(index));
        // SAFETY: a colour has four numbers.
        unsafe {
            self.f()
                .ClearNamedFramebufferiv(framebuffer, glow::COLOR, index, color.as_ptr())
        };
    }

    /// Clears a colour draw buffer of unsigned integer format.
    pub fn clear_framebuffer_u(&self, framebuffer: &Framebuffer, index: u32, color: [u32; 4]) {
        let (framebuffer, index) = (self.name(&framebuffer.handle), clamped(index));
        // SAFETY: a colour has four numbers.
        unsafe {
            self.f()
                .ClearNamedFramebufferuiv(framebuffer, glow::COLOR, index, color.as_ptr())
        };
    }

    /// Clears the depth buffer.
    pub fn clear_framebuffer_depth(&self, framebuffer: &Framebuffer, depth: f32) {
        let framebuffer = self.name(&framebuffer.handle);
        // SAFETY: a depth is one number.
        unsafe {
            self.f()
                .ClearNamedFramebufferfv(framebuffer, glow::DEPTH, 0, &depth)
        };
    }

    /// Clears the stencil buffer.
    pub fn clear_framebuffer_stencil(&self, framebuffer: &Framebuffer, stencil: i32) {
        let framebuffer = self.name(&framebuffer.handle);
        // SAFETY: a stencil value is one number.
        unsafe {
            self.f()
                .ClearNamedFramebufferiv(framebuffer, glow::STENCIL, 0, &stencil)
        };
    }

    /// Clears depth and stencil buffer together.
    pub fn clear_framebuffer_depth_stencil(&self, framebuffer: &Framebuffer, depth: f32, stencil: i32) {
        let framebuffer = self.name(&framebuffer.handle);
        self.f()
            .ClearNamedFramebufferfi(framebuffer, glow::DEPTH_STENCIL, 0, depth, stencil);
    }

    /// Reads a rectangle of the framebuffer bound for reading.
    ///
    /// # Errors
    /// If `data` are too few, or `pixels` contradicts itself.
    pub fn read_pixels(
        &self,
        [x, y, w, h]: [i32; 4],
        pixels: &Pixels,
        data: WriteBytes<'_>,
    ) -> Result<(), GlError> {
        pixels.check_size()?;
        let region = Region {
            level: 0,
            x,
            y,
            z: 0,
            w,
            h,
            d: 1,
        };
        for piece in pixels.pieces("pixel download", &region, data.len())? {
            let size = int("download size", piece.bytes.len() as u64)?;
            let Some(part) = data.get(piece.bytes) else {
                continue;
            };
            self.pack(piece.layout);
            let Region { x, y, w, h, .. } = piece.region;
            let to = part.as_mut_ptr().cast();
            // SAFETY: with this layout GL writes the bytes of `part`, and no more than `size`.
            unsafe {
                self.f()
                    .ReadnPixels(x, y, w, h, pixels.format, pixels.ty, size, to)
            };
        }
        Ok(())
    }
}
