//! BLIT: scaled, converted, resolved copies between textures.
//!
//! Three ways, the cheapest that is exact: a raw copy, a framebuffer blit, and a draw (see [`super::blitter`]) where the
//! two storages arrange their channels differently or GL allows no framebuffer blit.

use std::rc::Rc;

use super::{
    Shared,
    blitter::{Pass, Slice, SourceView},
    cache::Toggle,
    copy::{CopyEnd, copy_textures},
    error::ExecError,
    framebuffer::{attach, depth_attachment},
    state::Dirty,
    sub_context::SubContext,
    surface::Surface,
};
use crate::{
    gl::Gl,
    pipe::{
        format::{Component, FormatInfo, Kind, Signedness},
        resource::{HostTexture, Resource},
        wire::virgl::{
            command::{Blit, BlitEnd, Box3, SurfaceState},
            enums::{ImageFilter, TextureTarget},
        },
    },
};

const MASK_RGBA: u8 = 0xf;
const MASK_DEPTH: u8 = 0x10;
const MASK_STENCIL: u8 = 0x20;

/// One end of a blit with what was looked up for it.
pub(super) struct End<'a> {
    pub(super) resource: &'a Rc<Resource>,
    pub(super) texture: &'a HostTexture,
    pub(super) end: &'a BlitEnd,
}

impl<'a> End<'a> {
    fn new(shared: &'a Shared, end: &'a BlitEnd) -> Result<Self, ExecError> {
        let resource = shared.resource(end.resource)?;
        let texture = resource.texture().ok_or(ExecError::WrongResource {
            id: end.resource,
            wanted: "a texture",
        })?;
        resource.shape.check_box(end.level, &slices(resource, end))?;
        Ok(Self {
            resource,
            texture,
            end,
        })
    }

    /// The slice to use for slice `index` of `count` at the other end.
    fn slice(&self, index: i32, count: i32) -> u32 {
        let (z, d) = (self.end.area.z, self.end.area.d);
        let step = if d.abs() == count {
            index
        } else {
            index * d.abs() / count.max(1)
        };
        let slice = if d < 0 { z - 1 - step } else { z + step };
        slice.max(0) as u32
    }

    /// What slice `index` of `count` at the other end is made from.
    fn sampled(&self, index: i32, count: i32) -> Slice {
        let (z, d) = (self.end.area.z as f32, self.end.area.d as f32);
        let depth = self.texture.level_layers(self.end.level) as f32;
        let center = z + (index as f32 + 0.5) * d / count.max(1) as f32;
        Slice {
            layer: self.slice(index, count),
            depth: center / depth,
        }
    }

    /// One slice of this end as something to attach.
    fn surface(&self, gl: &Gl, slice: u32) -> Result<Surface, ExecError> {
        let desc = SurfaceState {
            resource: self.end.resource,
            format: self.end.format,
            level: self.end.level,
            layers: slice | slice << 16,
            samples: 0,
        };
        Surface::new(gl, self.resource.clone(), &desc)
    }

    /// Where the rows of 1D arrays count as slices, they are z on the wire already.
    fn corners(&self) -> [i32; 4] {
        let Box3 { x, y, w, h, .. } = self.end.area;
        [x, y, x.saturating_add(w), y.saturating_add(h)]
    }
}

/// The slices of an end, over the whole width and height: rectangles may stick out of a level, slices may not.
fn slices(resource: &Resource, end: &BlitEnd) -> Box3 {
    let extent = resource.shape.extent(end.level);
    let (z, d) = (end.area.z, end.area.d);
    let (z, d) = if d < 0 {
        (z.saturating_add(d), d.saturating_neg())
    } else {
        (z, d)
    };
    Box3 {
        x: 0,
        y: 0,
        z,
        w: extent.width as i32,
        h: extent.height as i32,
        d,
    }
}

/// Whether a rectangle lies inside the level.
fn is_inside(end: &End<'_>) -> bool {
    end.resource.shape.check_box(end.end.level, &end.end.area).is_ok()
}

impl SubContext {
    /// Carries out a BLIT.
    pub(super) fn blit(&mut self, shared: &mut Shared, blit: &Blit) -> Result<(), ExecError> {
        if blit.render_condition_enable {
            return self.blit_now(shared, blit);
        }
        self.unconditionally(|this| this.blit_now(shared, blit))
    }

    fn blit_now(&mut self, shared: &mut Shared, blit: &Blit) -> Result<(), ExecError> {
        self.streamout.pause(&self.gl);
        let shared_ref: &Shared = shared;
        let (dst, src) = (End::new(shared_ref, &blit.dst)?, End::new(shared_ref, &blit.src)?);
        if self.condition.is_none() && is_raw_copy(blit, &dst, &src) {
            let end = |e: &End<'_>| [e.end.area.x, e.end.area.y, e.end.area.z];
            let to = CopyEnd {
                resource: dst.resource,
                level: dst.end.level,
                origin: end(&dst),
            };
            let from = CopyEnd {
                resource: src.resource,
                level: src.end.level,
                origin: end(&src),
            };
            return copy_textures(&self.gl, to, dst.texture, from, src.texture, &src.end.area);
        }
        if is_framebuffer_blit(blit, &dst, &src) {
            return self.blit_framebuffers(blit, &dst, &src);
        }
        self.blit_by_drawing(shared_ref, blit, &dst, &src)
    }

    fn blit_framebuffers(&mut self, blit: &Blit, dst: &End<'_>, src: &End<'_>) -> Result<(), ExecError> {
        self.open_masks();
        self.blit_scissor(blit);
        let mask = blit_mask(blit, dst);
        let filter = match blit.filter {
            ImageFilter::Linear if mask == glow::COLOR_BUFFER_BIT => glow::LINEAR,
            _ => glow::NEAREST,
        };
        let count = dst.end.area.d.abs();
        for index in 0..count {
            let from = src.surface(&self.gl, src.slice(index, count))?;
            let to = dst.surface(&self.gl, dst.slice(index, count))?;
            let read = self.gl.create_framebuffer()?;
            let draw = self.gl.create_framebuffer()?;
            for (framebuffer, surface) in [(&read, &from), (&draw, &to)] {
                let color = !surface.format.is_depth_or_stencil();
                let point = if color {
                    glow::COLOR_ATTACHMENT0
                } else {
                    depth_attachment(surface)
                };
                attach(&self.gl, framebuffer, point, surface);
            }
            self.gl
                .blit_framebuffer(&read, &draw, src.corners(), dst.corners(), mask, filter);
        }
        Ok(())
    }

    fn blit_scissor(&mut self, blit: &Blit) {
        self.cache.toggle(Toggle::Scissor, blit.scissor_enable);
        if blit.scissor_enable {
            let s = &blit.scissor;
            let (w, h) = (s.max_x.saturating_sub(s.min_x), s.max_y.saturating_sub(s.min_y));
            self.gl
                .scissor_array(&[[s.min_x.into(), s.min_y.into(), w.into(), h.into()]]);
        }
    }

    fn blit_by_drawing(
        &mut self,
        shared: &Shared,
        blit: &Blit,
        dst: &End<'_>,
        src: &End<'_>,
    ) -> Result<(), ExecError> {
        self.open_masks();
        self.blit_scissor(blit);
        let count = dst.end.area.d.abs();
        for pass in passes(blit, dst) {
            let view = SourceView::new(&self.gl, src, pass)?;
            for index in 0..count {
                let target = dst.surface(&self.gl, dst.slice(index, count))?;
                self.draw_blit(
                    shared,
                    blit,
                    pass,
                    &view,
                    src.sampled(index, count),
                    &target,
                    dst.corners(),
                )?;
            }
        }
        self.state.dirty.insert(
            Dirty::FRAMEBUFFER
                | Dirty::VIEWPORT
                | Dirty::VERTEX_ELEMENTS
                | Dirty::SAMPLE_MASK
                | Dirty::SYSTEM,
        );
        Ok(())
    }
}

/// The aspects to draw, one after the other.
fn passes(blit: &Blit, dst: &End<'_>) -> Vec<Pass> {
    let format = dst.texture.format;
    if !format.is_depth_or_stencil() {
        return match format_of(dst).and_then(|f| f.integer()) {
            None => vec![Pass::Float],
            Some(Signedness::Signed) => vec![Pass::Signed],
            Some(Signedness::Unsigned) => vec![Pass::Unsigned],
        };
    }
    let mut passes = Vec::new();
    if blit.mask & MASK_DEPTH != 0 && format.has(Component::Depth) {
        passes.push(Pass::Depth);
    }
    if blit.mask & MASK_STENCIL != 0 && format.has(Component::Stencil) {
        passes.push(Pass::Stencil);
    }
    passes
}

fn format_of(end: &End<'_>) -> Option<&'static FormatInfo> {
    end.end.format.info()
}

fn blit_mask(blit: &Blit, dst: &End<'_>) -> u32 {
    if !dst.texture.format.is_depth_or_stencil() {
        return glow::COLOR_BUFFER_BIT;
    }
    let mut mask = 0;
    if blit.mask & MASK_DEPTH != 0 && dst.texture.format.has(Component::Depth) {
        mask |= glow::DEPTH_BUFFER_BIT;
    }
    if blit.mask & MASK_STENCIL != 0 && dst.texture.format.has(Component::Stencil) {
        mask |= glow::STENCIL_BUFFER_BIT;
    }
    mask
}

/// Whether both ends store their channels in the same places, so that no channel has to move.
fn same_arrangement(dst: &End<'_>, src: &End<'_>) -> bool {
    let (Some(to), Some(from)) = (format_of(dst), format_of(src)) else {
        return false;
    };
    let (Some(to_host), Some(from_host)) = (&to.host, &from.host) else {
        return false;
    };
    to_host.swizzle == from_host.swizzle
        || to_host.storage == from_host.storage
            && (!to.has_alpha || from.has_alpha)
            && to.kind == from.kind
            && to_host.swizzle[..3] == from_host.swizzle[..3]
}

fn is_raw_copy(blit: &Blit, dst: &End<'_>, src: &End<'_>) -> bool {
    let depth = dst.texture.format.is_depth_or_stencil();
    let whole_mask = if depth {
        let has = |c| dst.texture.format.has(c);
        let wanted = if has(Component::Depth) { MASK_DEPTH } else { 0 }
            | if has(Component::Stencil) { MASK_STENCIL } else { 0 };
        blit.mask & wanted == wanted
    } else {
        blit.mask & MASK_RGBA == MASK_RGBA
    };
    let (to, from) = (&dst.end.area, &src.end.area);
    whole_mask
        && !blit.scissor_enable
        && !blit.alpha_blend
        && dst.end.format == src.end.format
        && dst.texture.host == src.texture.host
        && dst.texture.samples == src.texture.samples
        && (to.w, to.h, to.d) == (from.w, from.h, from.d)
        && is_inside(dst)
        && is_inside(src)
        && !Rc::ptr_eq(dst.resource, src.resource)
}

fn is_framebuffer_blit(blit: &Blit, dst: &End<'_>, src: &End<'_>) -> bool {
    let (Some(to), Some(from)) = (format_of(dst), format_of(src)) else {
        return false;
    };
    let (to_area, from_area) = (&dst.end.area, &src.end.area);
    let scaled = (to_area.w.abs(), to_area.h.abs()) != (from_area.w.abs(), from_area.h.abs());
    let flipped = (to_area.w < 0) != (from_area.w < 0) || (to_area.h < 0) != (from_area.h < 0);
    let samples_fit = match (src.texture.samples, dst.texture.samples) {
        (1, 1) => true,
        (_, 1) => !scaled && !flipped,
        (a, b) => a == b && !scaled && !flipped,
    };
    let renderable = |f: &FormatInfo| f.host.is_some_and(|h| h.can_render());
    let aspects = if dst.texture.format.is_depth_or_stencil() {
        dst.texture.host.internal == src.texture.host.internal && blit.filter == ImageFilter::Nearest
    } else {
        let rgb_only = !to.has_alpha && blit.mask & 7 == 7;
        (blit.mask & MASK_RGBA == MASK_RGBA || rgb_only)
            && same_arrangement(dst, src)
            && to.integer() == from.integer()
            && renderable(to)
            && renderable(from)
            && from.kind != Kind::Compressed
            && !(from.integer().is_some() && blit.filter == ImageFilter::Linear && scaled)
    };
    aspects
        && samples_fit
        && !blit.alpha_blend
        && to_area.d.abs() == from_area.d.abs()
        && src.texture.target != TextureTarget::Rect
        && !(Rc::ptr_eq(dst.resource, src.resource) && dst.end.level == src.end.level)
}
