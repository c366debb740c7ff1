//! The GL state of one context as last set, so that setting it again costs nothing.

use crate::gl::{self, Gl, GlError};

/// Toggles that are cached. The value is the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toggle {
    CullFace,
    DepthTest,
    StencilTest,
    DepthClamp,
    RasterizerDiscard,
    ProgramPointSize,
    Multisample,
    SampleMask,
    SampleShading,
    AlphaToCoverage,
    AlphaToOne,
    ColorLogicOp,
    Dither,
    LineSmooth,
    PolygonSmooth,
    OffsetFill,
    OffsetLine,
    OffsetPoint,
    PrimitiveRestart,
    Scissor,
}

const TOGGLES: usize = Toggle::Scissor as usize + 1;

impl Toggle {
    fn gl_name(self) -> u32 {
        match self {
            Toggle::CullFace => glow::CULL_FACE,
            Toggle::DepthTest => glow::DEPTH_TEST,
            Toggle::StencilTest => glow::STENCIL_TEST,
            Toggle::DepthClamp => glow::DEPTH_CLAMP,
            Toggle::RasterizerDiscard => glow::RASTERIZER_DISCARD,
            Toggle::ProgramPointSize => glow::PROGRAM_POINT_SIZE,
            Toggle::Multisample => glow::MULTISAMPLE,
            Toggle::SampleMask => glow::SAMPLE_MASK,
            Toggle::SampleShading => glow::SAMPLE_SHADING,
            Toggle::AlphaToCoverage => glow::SAMPLE_ALPHA_TO_COVERAGE,
            Toggle::AlphaToOne => glow::SAMPLE_ALPHA_TO_ONE,
            Toggle::ColorLogicOp => glow::COLOR_LOGIC_OP,
            Toggle::Dither => glow::DITHER,
            Toggle::LineSmooth => glow::LINE_SMOOTH,
            Toggle::PolygonSmooth => glow::POLYGON_SMOOTH,
            Toggle::OffsetFill => glow::POLYGON_OFFSET_FILL,
            Toggle::OffsetLine => glow::POLYGON_OFFSET_LINE,
            Toggle::OffsetPoint => glow::POLYGON_OFFSET_POINT,
            Toggle::PrimitiveRestart => glow::PRIMITIVE_RESTART,
            Toggle::Scissor => glow::SCISSOR_TEST,
        }
    }
}

/// Stencil state of one face as GL takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StencilState {
    pub(super) func: u32,
    pub(super) reference: u8,
    pub(super) value_mask: u8,
    pub(super) fail: u32,
    pub(super) zfail: u32,
    pub(super) zpass: u32,
}

/// Blend state of one draw buffer as GL takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlendEquation {
    pub(super) equations: (u32, u32),
    pub(super) factors: (u32, u32, u32, u32),
}

/// Draw buffers whose state is cached.
pub(super) const DRAW_BUFFERS: usize = 8;

/// The state cache of a GL context.
#[derive(Debug)]
pub(super) struct StateCache {
    gl: Gl,
    toggles: [Option<bool>; TOGGLES],
    blend_enable: [Option<bool>; DRAW_BUFFERS],
    blend: [Option<BlendEquation>; DRAW_BUFFERS],
    color_mask: [Option<u8>; DRAW_BUFFERS],
    depth_mask: Option<bool>,
    depth_func: Option<u32>,
    stencil: [Option<StencilState>; 2],
    stencil_mask: [Option<u8>; 2],
    front_face: Option<u32>,
    cull_face: Option<u32>,
    polygon_mode: Option<u32>,
    polygon_offset: Option<[u32; 3]>,
    line_width: Option<u32>,
    point_size: Option<u32>,
    sprite_origin: Option<u32>,
    provoking: Option<u32>,
    clip_control: Option<(u32, u32)>,
    clip_distances: u8,
    logic_op: Option<u32>,
    restart_index: Option<u32>,
    patch_vertices: Option<u32>,
    program: Option<u32>,
}

impl StateCache {
    pub(super) fn new(gl: Gl) -> Self {
        Self {
            gl,
            toggles: [None; TOGGLES],
            blend_enable: [None; DRAW_BUFFERS],
            blend: [None; DRAW_BUFFERS],
            color_mask: [None; DRAW_BUFFERS],
            depth_mask: None,
            depth_func: None,
            stencil: [None; 2],
            stencil_mask: [None; 2],
            front_face: None,
            cull_face: None,
            polygon_mode: None,
            polygon_offset: None,
            line_width: None,
            point_size: None,
            sprite_origin: None,
            provoking: None,
            clip_control: None,
            clip_distances: 0,
            logic_op: None,
            restart_index: None,
            patch_vertices: None,
            program: None,
        }
    }

    pub(super) fn toggle(&mut self, toggle: Toggle, on: bool) {
        if self.toggles[toggle as usize].replace(on) != Some(on) {
            self.gl.set_enabled(toggle.gl_name(), on);
        }
    }

    pub(super) fn blend_enable(&mut self, buffer: usize, on: bool) {
        if self.blend_enable[buffer].replace(on) != Some(on) {
            self.gl.set_enabled_indexed(glow::BLEND, buffer as u32, on);
        }
    }

    pub(super) fn blend(&mut self, buffer: usize, state: BlendEquation) {
        let before = self.blend[buffer].replace(state);
        let index = buffer as u32;
        if before.is_none_or(|before| before.equations != state.equations) {
            let (color, alpha) = state.equations;
            self.gl.blend_equation_separate_i(index, color, alpha);
        }
        if before.is_none_or(|before| before.factors != state.factors) {
            let (src, dst, src_alpha, dst_alpha) = state.factors;
            self.gl
                .blend_func_separate_i(index, src, dst, src_alpha, dst_alpha);
        }
    }

    pub(super) fn color_mask(&mut self, buffer: usize, mask: u8) {
        if self.color_mask[buffer].replace(mask) != Some(mask) {
            let on = |bit: u8| mask & bit != 0;
            self.gl.color_mask_i(buffer as u32, on(1), on(2), on(4), on(8));
        }
    }

    pub(super) fn depth_mask(&mut self, on: bool) {
        if self.depth_mask.replace(on) != Some(on) {
            self.gl.depth_mask(on);
        }
    }

    pub(super) fn depth_func(&mut self, func: u32) {
        if self.depth_func.replace(func) != Some(func) {
            self.gl.depth_func(func);
        }
    }

    /// `face` 0 is front, 1 back.
    pub(super) fn stencil(&mut self, face: usize, state: StencilState) {
        if self.stencil[face].replace(state) != Some(state) {
            let name = [glow::FRONT, glow::BACK][face];
            self.gl
                .stencil_func_separate(name, state.func, state.reference.into(), state.value_mask.into());
            self.gl
                .stencil_op_separate(name, state.fail, state.zfail, state.zpass);
        }
    }

    pub(super) fn stencil_mask(&mut self, face: usize, mask: u8) {
        if self.stencil_mask[face].replace(mask) != Some(mask) {
            self.gl
                .stencil_mask_separate([glow::FRONT, glow::BACK][face], mask.into());
        }
    }

    pub(super) fn front_face(&mut self, mode: u32) {
        if self.front_face.replace(mode) != Some(mode) {
            self.gl.front_face(mode);
        }
    }

    pub(super) fn cull_face(&mut self, face: u32) {
        if self.cull_face.replace(face) != Some(face) {
            self.gl.cull_face(face);
        }
    }

    pub(super) fn polygon_mode(&mut self, mode: u32) {
        if self.polygon_mode.replace(mode) != Some(mode) {
            self.gl.polygon_mode(mode);
        }
    }

    pub(super) fn polygon_offset(&mut self, scale: f32, units: f32, clamp: f32) {
        let bits = [scale, units, clamp].map(f32::to_bits);
        if self.polygon_offset.replace(bits) != Some(bits) {
            self.gl.polygon_offset_clamp(scale, units, clamp);
        }
    }

    pub(super) fn line_width(&mut self, width: f32) {
        let bits = width.to_bits();
        if self.line_width.replace(bits) != Some(bits) {
            self.gl.line_width(width);
        }
    }

    pub(super) fn point_size(&mut self, size: f32) {
        let bits = size.to_bits();
        if self.point_size.replace(bits) != Some(bits) {
            self.gl.point_size(size);
        }
    }

    pub(super) fn sprite_origin(&mut self, origin: u32) {
        if self.sprite_origin.replace(origin) != Some(origin) {
            self.gl.point_sprite_coord_origin(origin);
        }
    }

    pub(super) fn provoking_vertex(&mut self, mode: u32) {
        if self.provoking.replace(mode) != Some(mode) {
            self.gl.provoking_vertex(mode);
        }
    }

    pub(super) fn clip_control(&mut self, origin: u32, depth: u32) {
        if self.clip_control.replace((origin, depth)) != Some((origin, depth)) {
            self.gl.clip_control(origin, depth);
        }
    }

    /// Bit n enables GL_CLIP_DISTANCEn.
    pub(super) fn clip_distances(&mut self, mask: u8) {
        let changed = self.clip_distances ^ mask;
        for plane in (0..8).filter(|plane| changed >> plane & 1 != 0) {
            self.gl
                .set_enabled(glow::CLIP_DISTANCE0 + plane, mask >> plane & 1 != 0);
        }
        self.clip_distances = mask;
    }

    pub(super) fn logic_op(&mut self, op: u32) {
        if self.logic_op.replace(op) != Some(op) {
            self.gl.logic_op(op);
        }
    }

    pub(super) fn restart_index(&mut self, index: u32) {
        if self.restart_index.replace(index) != Some(index) {
            self.gl.primitive_restart_index(index);
        }
    }

    pub(super) fn patch_vertices(&mut self, count: u32) -> Result<(), GlError> {
        if self.patch_vertices.replace(count) != Some(count) {
            self.gl.patch_vertices(count)?;
        }
        Ok(())
    }

    pub(super) fn program(&mut self, program: &gl::Program) {
        if self.program.replace(program.id()) != Some(program.id()) {
            self.gl.use_program(Some(program));
        }
    }

    /// Forgets the program, because it may have been deleted and its name given anew.
    pub(super) fn forget_program(&mut self) {
        self.program = None;
    }
}
