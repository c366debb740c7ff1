//! CLEAR, CLEAR_SURFACE and CLEAR_TEXTURE.

use std::rc::Rc;

use super::{
    Shared,
    cache::{DRAW_BUFFERS, Toggle},
    error::ExecError,
    framebuffer::{attach, depth_attachment},
    state::Dirty,
    sub_context::SubContext,
    surface::Surface,
};
use crate::{
    gl,
    pipe::{
        format::{Component, Signedness},
        wire::virgl::command::{Box3, ObjectId, ResourceId},
    },
};

/// Bits of the buffers word.
const CLEAR_DEPTH: u32 = 1;
const CLEAR_STENCIL: u32 = 2;
const CLEAR_COLOR0: u32 = 4;

/// What a clear writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClearValue {
    pub(super) color: [u32; 4],
    pub(super) depth: f64,
    pub(super) stencil: u32,
}

impl SubContext {
    /// Clears the bound framebuffer, whatever scissor and masks say.
    pub(super) fn clear(&mut self, buffers: u32, value: ClearValue) -> Result<(), ExecError> {
        self.bind_framebuffer()?;
        self.cache.toggle(Toggle::Scissor, false);
        self.open_masks();
        let surfaces = std::mem::take(&mut self.state.color_surfaces);
        let framebuffer = self
            .framebuffers
            .get(&self.gl, &surfaces, self.state.depth_surface.as_ref());
        let result = framebuffer.map(|framebuffer| {
            for (index, surface) in surfaces.iter().enumerate() {
                if let Some(surface) = surface
                    && buffers >> index & CLEAR_COLOR0 != 0
                {
                    clear_color(&self.gl, framebuffer, index as u32, surface, value.color);
                }
            }
            if let Some(surface) = &self.state.depth_surface {
                clear_depth_stencil(&self.gl, framebuffer, surface, buffers, value);
            }
        });
        self.state.color_surfaces = surfaces;
        result
    }

    /// Lets clears and blits write everything; what the bound state says is applied again by the next draw.
    pub(super) fn open_masks(&mut self) {
        for buffer in 0..DRAW_BUFFERS {
            self.cache.color_mask(buffer, 0xf);
        }
        self.cache.depth_mask(true);
        self.cache.stencil_mask(0, 0xff);
        self.cache.stencil_mask(1, 0xff);
        self.cache.toggle(Toggle::RasterizerDiscard, false);
        self.state
            .dirty
            .insert(Dirty::BLEND | Dirty::DSA | Dirty::RASTERIZER | Dirty::SCISSOR);
    }

    /// Clears a rectangle of one surface.
    pub(super) fn clear_surface(
        &mut self,
        surface: ObjectId,
        buffers: u32,
        value: ClearValue,
        area: [u32; 4],
    ) -> Result<(), ExecError> {
        let surface: Rc<Surface> = self.objects.surface(surface)?.clone();
        if let Some(&value) = area.iter().find(|&&v| v > i32::MAX as u32) {
            return Err(ExecError::OutOfRange {
                what: "cleared area",
                value: value.into(),
            });
        }
        self.open_masks();
        self.cache.toggle(Toggle::Scissor, true);
        self.gl.scissor_array(&[area.map(|v| v as i32)]);
        let framebuffer = self.gl.create_framebuffer()?;
        let color = !surface.format.is_depth_or_stencil();
        let point = if color {
            glow::COLOR_ATTACHMENT0
        } else {
            depth_attachment(&surface)
        };
        attach(&self.gl, &framebuffer, point, &surface);
        if color {
            self.gl
                .framebuffer_draw_buffers(&framebuffer, &[glow::COLOR_ATTACHMENT0]);
            clear_color(&self.gl, &framebuffer, 0, &surface, value.color);
        } else {
            self.gl.framebuffer_draw_buffers(&framebuffer, &[]);
            clear_depth_stencil(&self.gl, &framebuffer, &surface, buffers, value);
        }
        Ok(())
    }

    /// Fills a box of a texture with one texel of its own format.
    pub(super) fn clear_texture(
        &mut self,
        shared: &Shared,
        id: ResourceId,
        level: u32,
        area: Box3,
        texel: [u32; 4],
    ) -> Result<(), ExecError> {
        let resource = shared.resource(id)?;
        let storage = resource.texture().ok_or(ExecError::WrongResource {
            id,
            wanted: "a texture",
        })?;
        resource.shape.check_box(level, &area)?;
        let host = &storage.host;
        let mut bytes = [0u8; 16];
        for (to, word) in bytes.chunks_exact_mut(4).zip(texel) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        let texel = storage.texel_to_host(bytes);
        let region = storage.region(level, &area);
        self.gl
            .clear_tex_sub_image(&storage.texture, region, host.format, host.ty, &texel)?;
        Ok(())
    }
}

fn clear_color(gl: &gl::Gl, framebuffer: &gl::Framebuffer, index: u32, surface: &Surface, color: [u32; 4]) {
    let color = surface.stored_color(color);
    match surface.integer() {
        None => gl.clear_framebuffer_f(framebuffer, index, color.map(f32::from_bits)),
        Some(Signedness::Signed) => gl.clear_framebuffer_i(framebuffer, index, color.map(|c| c as i32)),
        Some(Signedness::Unsigned) => gl.clear_framebuffer_u(framebuffer, index, color),
    }
}

fn clear_depth_stencil(
    gl: &gl::Gl,
    framebuffer: &gl::Framebuffer,
    surface: &Surface,
    buffers: u32,
    value: ClearValue,
) {
    let own = surface.resource.texture().map_or(surface.format, |t| t.format);
    let depth = buffers & CLEAR_DEPTH != 0 && own.has(Component::Depth);
    let stencil = buffers & CLEAR_STENCIL != 0 && own.has(Component::Stencil);
    let depth_value = value.depth.clamp(0.0, 1.0) as f32;
    let stencil_value = (value.stencil & 0xff) as i32;
    match (depth, stencil) {
        (true, true) => gl.clear_framebuffer_depth_stencil(framebuffer, depth_value, stencil_value),
        (true, false) => gl.clear_framebuffer_depth(framebuffer, depth_value),
        (false, true) => gl.clear_framebuffer_stencil(framebuffer, stencil_value),
        (false, false) => {}
    }
}
