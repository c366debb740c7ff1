//! Context state that is plain numbers.

use super::{Gl, clamped};
use crate::gl::GlError;

/// Viewports that are ever set: those that every GL has.
const VIEWPORTS: usize = 16;

impl Gl {
    /// Turns a capability on or off.
    pub fn set_enabled(&self, what: u32, on: bool) {
        if on {
            self.f().Enable(what)
        } else {
            self.f().Disable(what)
        }
    }

    /// Turns a capability of one draw buffer or viewport on or off.
    pub fn set_enabled_indexed(&self, what: u32, index: u32, on: bool) {
        if on {
            self.f().Enablei(what, index)
        } else {
            self.f().Disablei(what, index)
        }
    }

    /// Viewports from the first on, at most 16: x, y, width, height.
    pub fn viewport_array(&self, areas: &[[f32; 4]]) {
        // Mesa clamps the numbers where they are, whatever `const` says: it gets a copy.
        let mut copy = [[0.0; 4]; VIEWPORTS];
        let count = self.viewports(areas.len());
        for (to, from) in copy.iter_mut().zip(areas) {
            *to = *from;
        }
        // SAFETY: `count` areas may be read, and written too.
        unsafe { self.f().ViewportArrayv(0, count, copy.as_mut_ptr().cast()) };
    }

    /// Scissors from the first viewport's on, at most 16: x, y, width, height.
    pub fn scissor_array(&self, areas: &[[i32; 4]]) {
        let count = self.viewports(areas.len());
        // SAFETY: `count` is at most the number of areas.
        unsafe { self.f().ScissorArrayv(0, count, areas.as_ptr().cast()) };
    }

    /// Depth ranges from the first viewport's on, at most 16: near, far.
    pub fn depth_range_array(&self, ranges: &[[f64; 2]]) {
        let count = self.viewports(ranges.len());
        // SAFETY: `count` is at most the number of ranges.
        unsafe { self.f().DepthRangeArrayv(0, count, ranges.as_ptr().cast()) };
    }

    /// As many of `count` as the host has, and as we set.
    fn viewports(&self, count: usize) -> i32 {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        clamped(count.min(self.capabilities().max_viewports).min(VIEWPORTS as u32))
    }

    /// Origin of window coordinates and range of clip-space depth.
    pub fn clip_control(&self, origin: u32, depth: u32) {
        self.f().ClipControl(origin, depth);
    }

    /// Which winding is the front.
    pub fn front_face(&self, mode: u32) {
        self.f().FrontFace(mode);
    }

    /// Which side is culled.
    pub fn cull_face(&self, face: u32) {
        self.f().CullFace(face);
    }

    /// How polygons are filled; the core profile knows no difference between front and back.
    pub fn polygon_mode(&self, mode: u32) {
        self.f().PolygonMode(glow::FRONT_AND_BACK, mode);
    }

    /// Depth offset of polygons. A host without clamping ignores `clamp`.
    pub fn polygon_offset_clamp(&self, factor: f32, units: f32, clamp: f32) {
        let f = self.f();
        match self.0.polygon_offset_clamp {
            // SAFETY: the host has the function, and it takes numbers only. `f` made the context current.
            Some(call) if self.egl().is_current() => unsafe { call(factor, units, clamp) },
            _ => f.PolygonOffset(factor, units),
        }
    }

    /// Width of lines in pixels.
    pub fn line_width(&self, width: f32) {
        self.f().LineWidth(width);
    }

    /// Size of points in pixels.
    pub fn point_size(&self, size: f32) {
        self.f().PointSize(size);
    }

    /// Where `gl_PointCoord` is zero: `GL_LOWER_LEFT` or `GL_UPPER_LEFT`.
    pub fn point_sprite_coord_origin(&self, origin: u32) {
        self.f()
            .PointParameteri(glow::POINT_SPRITE_COORD_ORIGIN, origin as i32);
    }

    /// Which vertex flat attributes come from.
    pub fn provoking_vertex(&self, mode: u32) {
        self.f().ProvokingVertex(mode);
    }

    /// Blend equations of one draw buffer.
    pub fn blend_equation_separate_i(&self, buffer: u32, rgb: u32, alpha: u32) {
        self.f().BlendEquationSeparatei(buffer, rgb, alpha);
    }

    /// Blend factors of one draw buffer.
    pub fn blend_func_separate_i(&self, buffer: u32, src: u32, dst: u32, src_alpha: u32, dst_alpha: u32) {
        self.f()
            .BlendFuncSeparatei(buffer, src, dst, src_alpha, dst_alpha);
    }

    /// Blend constant.
    pub fn blend_color(&self, [r, g, b, a]: [f32; 4]) {
        self.f().BlendColor(r, g, b, a);
    }

    /// Which channels of one draw buffer are written.
    pub fn color_mask_i(&self, buffer: u32, r: bool, g: bool, b: bool, a: bool) {
        self.f()
            .ColorMaski(buffer, r.into(), g.into(), b.into(), a.into());
    }

    /// The logic operation.
    pub fn logic_op(&self, op: u32) {
        self.f().LogicOp(op);
    }

    /// The depth test.
    pub fn depth_func(&self, func: u32) {
        self.f().DepthFunc(func);
    }

    /// Whether depth is written.
    pub fn depth_mask(&self, on: bool) {
        self.f().DepthMask(on.into());
    }

    /// The stencil test of a side.
    pub fn stencil_func_separate(&self, face: u32, func: u32, reference: i32, mask: u32) {
        self.f().StencilFuncSeparate(face, func, reference, mask);
    }

    /// What the stencil test of a side does.
    pub fn stencil_op_separate(&self, face: u32, fail: u32, depth_fail: u32, pass: u32) {
        self.f().StencilOpSeparate(face, fail, depth_fail, pass);
    }

    /// Which stencil bits of a side are written.
    pub fn stencil_mask_separate(&self, face: u32, mask: u32) {
        self.f().StencilMaskSeparate(face, mask);
    }

    /// Which samples are written; `index` counts words of 32 samples.
    pub fn sample_mask(&self, index: u32, mask: u32) {
        self.f().SampleMaski(index, mask);
    }

    /// Which part of the samples is shaded on its own, 0 to 1.
    pub fn min_sample_shading(&self, part: f32) {
        self.f().MinSampleShading(part);
    }

    /// The index that starts a primitive anew.
    pub fn primitive_restart_index(&self, index: u32) {
        self.f().PrimitiveRestartIndex(index);
    }

    /// Vertices of a patch.
    ///
    /// # Errors
    /// If the number does not fit GL's type.
    pub fn patch_vertices(&self, count: u32) -> Result<(), GlError> {
        self.f()
            .PatchParameteri(glow::PATCH_VERTICES, super::int("patch vertices", count)?);
        Ok(())
    }
}
