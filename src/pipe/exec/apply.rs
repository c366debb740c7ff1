//! Fixed-function state: from the bound objects to GL.
//!
//! Gallium defines winding with y pointing down, GL with y pointing up, so GL's front face is always the opposite of
//! the wire's. A viewport with negative y scale becomes GL's upper-left clip origin, which mirrors clip space and, by
//! its definition, the sense of winding with it; the second inversion here takes that back, since the client's state
//! already describes the mirrored picture.

use super::{
    cache::{BlendEquation, DRAW_BUFFERS, StateCache, StencilState, Toggle},
    sampler::gl_compare,
    state::{Dirty, State, VIEWPORTS},
    surface::Surface,
};
use crate::{
    gl::Gl,
    pipe::wire::virgl::{
        command::{BlendState, BlendTarget, DsaState, RasterizerState, StencilFace, Viewport},
        enums::{BlendFactor, BlendFunc, CullFace, LogicOp, PolygonMode, StencilOp},
    },
};

/// Gives GL what changed of blend, depth-stencil, rasterizer, viewport and scissor state.
pub(super) fn fixed_function(gl: &Gl, cache: &mut StateCache, state: &mut State) {
    if state.dirty.take(Dirty::BLEND)
        && let Some(blend) = &state.blend
    {
        apply_blend(cache, blend, state);
    }
    if state.dirty.take(Dirty::BLEND_COLOR) {
        apply_blend_color(gl, state);
    }
    if state.dirty.take(Dirty::DSA)
        && let Some(dsa) = &state.dsa
    {
        apply_depth_stencil(cache, dsa, state.stencil_ref);
    }
    if state.dirty.take(Dirty::RASTERIZER)
        && let Some(rasterizer) = &state.rasterizer
    {
        apply_rasterizer(cache, rasterizer, mirrored(state));
    }
    if state.dirty.take(Dirty::SAMPLE_MASK) {
        apply_sample_mask(gl, cache, state);
    }
    if state.dirty.take(Dirty::VIEWPORT) {
        apply_viewports(gl, state);
    }
    if state.dirty.take(Dirty::SCISSOR) {
        apply_scissors(gl, cache, state);
    }
}

/// Whether the client renders upside down: only viewport 0 decides.
pub(super) fn mirrored(state: &State) -> bool {
    state.viewports[0].scale[1] < 0.0
}

fn apply_blend(cache: &mut StateCache, blend: &BlendState, state: &State) {
    cache.toggle(Toggle::Dither, blend.dither);
    cache.toggle(Toggle::AlphaToCoverage, blend.alpha_to_coverage);
    cache.toggle(Toggle::AlphaToOne, blend.alpha_to_one);
    cache.toggle(Toggle::ColorLogicOp, blend.logic_op_enable);
    if blend.logic_op_enable {
        cache.logic_op(gl_logic_op(blend.logic_op));
    }
    // A framebuffer with more buffers brings the others their state.
    for buffer in 0..state.color_surfaces.len().min(DRAW_BUFFERS) {
        let target = &blend.targets[if blend.independent { buffer } else { 0 }];
        let surface = state.color_surfaces.get(buffer).and_then(Option::as_deref);
        cache.color_mask(buffer, stored_mask(target.color_mask, surface));
        cache.blend_enable(buffer, target.enable);
        if target.enable {
            cache.blend(buffer, blend_equation(target, surface));
        }
    }
}

/// The channels to write in storage order.
pub(super) fn stored_mask(mask: u8, surface: Option<&Surface>) -> u8 {
    match surface {
        Some(surface) if surface.exchanged() => mask & 0b1010 | mask >> 2 & 1 | (mask & 1) << 2,
        Some(surface) if surface.alpha_in_red() => mask >> 3 & 1,
        _ => mask,
    }
}

fn blend_equation(target: &BlendTarget, surface: Option<&Surface>) -> BlendEquation {
    let alpha_in_red = surface.is_some_and(Surface::alpha_in_red);
    let opaque = surface.is_some_and(|s| !s.format.has_alpha);
    if alpha_in_red {
        let equation = gl_blend_func(target.alpha_func);
        let (src, dst) = (alpha_as_red(target.alpha_src), alpha_as_red(target.alpha_dst));
        return BlendEquation {
            equations: (equation, equation),
            factors: (src, dst, glow::ZERO, glow::ZERO),
        };
    }
    let factor = |f: BlendFactor| gl_blend_factor(if opaque { without_alpha(f) } else { f });
    BlendEquation {
        equations: (gl_blend_func(target.rgb_func), gl_blend_func(target.alpha_func)),
        factors: (
            factor(target.rgb_src),
            factor(target.rgb_dst),
            factor(target.alpha_src),
            factor(target.alpha_dst),
        ),
    }
}

/// A factor for a destination without alpha, whose storage may hold any alpha: it counts as one.
fn without_alpha(factor: BlendFactor) -> BlendFactor {
    match factor {
        BlendFactor::DstAlpha => BlendFactor::One,
        BlendFactor::InvDstAlpha => BlendFactor::Zero,
        other => other,
    }
}

/// An alpha factor when alpha is stored in red: the destination's alpha is its red; source alpha stays alpha.
fn alpha_as_red(factor: BlendFactor) -> u32 {
    match factor {
        BlendFactor::DstAlpha | BlendFactor::DstColor => glow::DST_COLOR,
        BlendFactor::InvDstAlpha | BlendFactor::InvDstColor => glow::ONE_MINUS_DST_COLOR,
        BlendFactor::SrcColor => glow::SRC_ALPHA,
        BlendFactor::InvSrcColor => glow::ONE_MINUS_SRC_ALPHA,
        BlendFactor::SrcAlphaSaturate => glow::ONE,
        BlendFactor::ConstColor => glow::CONSTANT_ALPHA,
        BlendFactor::InvConstColor => glow::ONE_MINUS_CONSTANT_ALPHA,
        other => gl_blend_factor(other),
    }
}

fn apply_blend_color(gl: &Gl, state: &State) {
    let [r, g, b, a] = state.blend_color;
    // The constant is one for all draw buffers, so the first one decides about the order of its channels.
    let exchanged = state
        .color_surfaces
        .iter()
        .flatten()
        .next()
        .is_some_and(|s| s.exchanged());
    gl.blend_color(if exchanged { [b, g, r, a] } else { [r, g, b, a] });
}

fn apply_depth_stencil(cache: &mut StateCache, dsa: &DsaState, reference: (u8, u8)) {
    cache.toggle(Toggle::DepthTest, dsa.depth_enable);
    if dsa.depth_enable {
        cache.depth_func(gl_compare(dsa.depth_func));
        cache.depth_mask(dsa.depth_write);
    }
    cache.toggle(Toggle::StencilTest, dsa.front.enabled);
    if dsa.front.enabled {
        let (back, back_reference) = if dsa.back.enabled {
            (&dsa.back, reference.1)
        } else {
            (&dsa.front, reference.0)
        };
        apply_stencil_face(cache, 0, &dsa.front, reference.0);
        apply_stencil_face(cache, 1, back, back_reference);
    }
}

fn apply_stencil_face(cache: &mut StateCache, face: usize, state: &StencilFace, reference: u8) {
    cache.stencil(
        face,
        StencilState {
            func: gl_compare(state.func),
            reference,
            value_mask: state.value_mask,
            fail: gl_stencil_op(state.fail_op),
            zfail: gl_stencil_op(state.zfail_op),
            zpass: gl_stencil_op(state.zpass_op),
        },
    );
    cache.stencil_mask(face, state.write_mask);
}

fn apply_rasterizer(cache: &mut StateCache, r: &RasterizerState, mirrored: bool) {
    let clockwise = r.front_ccw != mirrored;
    cache.front_face(if clockwise { glow::CW } else { glow::CCW });
    cache.toggle(Toggle::CullFace, r.cull_face != CullFace::None);
    match r.cull_face {
        CullFace::None => {}
        CullFace::Front => cache.cull_face(glow::FRONT),
        CullFace::Back => cache.cull_face(glow::BACK),
        CullFace::FrontAndBack => cache.cull_face(glow::FRONT_AND_BACK),
    }
    cache.polygon_mode(gl_polygon_mode(visible_mode(r)));
    cache.toggle(Toggle::OffsetFill, r.offset_tri);
    cache.toggle(Toggle::OffsetLine, r.offset_line);
    cache.toggle(Toggle::OffsetPoint, r.offset_point);
    cache.polygon_offset(r.offset_scale, r.offset_units, r.offset_clamp);
    cache.toggle(Toggle::DepthClamp, !r.depth_clip);
    cache.toggle(Toggle::RasterizerDiscard, r.rasterizer_discard);
    cache.toggle(Toggle::ProgramPointSize, r.point_size_per_vertex);
    if !r.point_size_per_vertex && r.point_size > 0.0 {
        cache.point_size(r.point_size);
    }
    cache.sprite_origin(if r.sprite_coord_lower_left {
        glow::UPPER_LEFT
    } else {
        glow::LOWER_LEFT
    });
    cache.line_width(if r.line_width > 0.0 { r.line_width } else { 1.0 });
    cache.toggle(Toggle::LineSmooth, r.line_smooth);
    cache.toggle(Toggle::PolygonSmooth, r.poly_smooth);
    cache.toggle(Toggle::Multisample, r.multisample);
    cache.provoking_vertex(if r.flatshade_first {
        glow::FIRST_VERTEX_CONVENTION
    } else {
        glow::LAST_VERTEX_CONVENTION
    });
    cache.clip_control(
        if mirrored {
            glow::UPPER_LEFT
        } else {
            glow::LOWER_LEFT
        },
        if r.clip_halfz {
            glow::ZERO_TO_ONE
        } else {
            glow::NEGATIVE_ONE_TO_ONE
        },
    );
    cache.clip_distances(r.clip_plane_enable);
}

/// The one polygon mode of core GL: that of the face which is not culled.
fn visible_mode(r: &RasterizerState) -> PolygonMode {
    if r.cull_face == CullFace::Front {
        r.fill_back
    } else {
        r.fill_front
    }
}

fn apply_sample_mask(gl: &Gl, cache: &mut StateCache, state: &State) {
    let Some(rasterizer) = &state.rasterizer else {
        return;
    };
    cache.toggle(Toggle::SampleMask, rasterizer.multisample);
    if rasterizer.multisample {
        gl.sample_mask(0, state.sample_mask);
    }
    cache.toggle(Toggle::SampleShading, rasterizer.force_persample_interp);
    if rasterizer.force_persample_interp {
        let first = state.color_surfaces.first().and_then(Option::as_ref);
        let samples = first.map_or(1, |s| s.resource.desc.samples.max(1));
        gl.min_sample_shading((state.min_samples as f32 / samples as f32).clamp(0.0, 1.0));
    }
}

fn apply_viewports(gl: &Gl, state: &State) {
    let half = state.rasterizer.as_ref().is_some_and(|r| r.clip_halfz);
    let used = used_viewports(state);
    let mut areas = [[0.0f32; 4]; VIEWPORTS];
    let mut depths = [[0.0f64; 2]; VIEWPORTS];
    for ((area, depth), viewport) in areas.iter_mut().zip(&mut depths).zip(&state.viewports).take(used) {
        *area = viewport_area(viewport);
        *depth = depth_range(viewport, half);
    }
    gl.viewport_array(&areas[..used]);
    gl.depth_range_array(&depths[..used]);
}

/// The number of viewports up to the last one ever set.
fn used_viewports(state: &State) -> usize {
    state
        .viewports
        .iter()
        .rposition(|v| v.scale != [0.0; 3])
        .map_or(1, |last| last + 1)
}

fn viewport_area(v: &Viewport) -> [f32; 4] {
    let (half_width, half_height) = (v.scale[0].abs(), v.scale[1].abs());
    [
        v.translate[0] - half_width,
        v.translate[1] - half_height,
        half_width * 2.0,
        half_height * 2.0,
    ]
}

fn depth_range(v: &Viewport, clip_halfz: bool) -> [f64; 2] {
    let (scale, translate) = (f64::from(v.scale[2]), f64::from(v.translate[2]));
    let near = if clip_halfz { translate } else { translate - scale };
    [near.clamp(0.0, 1.0), (translate + scale).clamp(0.0, 1.0)]
}

fn apply_scissors(gl: &Gl, cache: &mut StateCache, state: &State) {
    let on = state.rasterizer.as_ref().is_some_and(|r| r.scissor);
    cache.toggle(Toggle::Scissor, on);
    if !on {
        return;
    }
    let used = used_viewports(state);
    let mut areas = [[0i32; 4]; VIEWPORTS];
    for (area, s) in areas.iter_mut().zip(&state.scissors).take(used) {
        let (width, height) = (s.max_x.saturating_sub(s.min_x), s.max_y.saturating_sub(s.min_y));
        *area = [s.min_x.into(), s.min_y.into(), width.into(), height.into()];
    }
    gl.scissor_array(&areas[..used]);
}

pub(super) fn gl_polygon_mode(mode: PolygonMode) -> u32 {
    match mode {
        PolygonMode::Fill => glow::FILL,
        PolygonMode::Line => glow::LINE,
        PolygonMode::Point => glow::POINT,
    }
}

fn gl_stencil_op(op: StencilOp) -> u32 {
    match op {
        StencilOp::Keep => glow::KEEP,
        StencilOp::Zero => glow::ZERO,
        StencilOp::Replace => glow::REPLACE,
        StencilOp::Incr => glow::INCR,
        StencilOp::Decr => glow::DECR,
        StencilOp::IncrWrap => glow::INCR_WRAP,
        StencilOp::DecrWrap => glow::DECR_WRAP,
        StencilOp::Invert => glow::INVERT,
    }
}

fn gl_blend_func(func: BlendFunc) -> u32 {
    match func {
        BlendFunc::Add => glow::FUNC_ADD,
        BlendFunc::Subtract => glow::FUNC_SUBTRACT,
        BlendFunc::ReverseSubtract => glow::FUNC_REVERSE_SUBTRACT,
        BlendFunc::Min => glow::MIN,
        BlendFunc::Max => glow::MAX,
    }
}

fn gl_blend_factor(factor: BlendFactor) -> u32 {
    match factor {
        BlendFactor::Unset | BlendFactor::Zero => glow::ZERO,
        BlendFactor::One => glow::ONE,
        BlendFactor::SrcColor => glow::SRC_COLOR,
        BlendFactor::SrcAlpha => glow::SRC_ALPHA,
        BlendFactor::DstAlpha => glow::DST_ALPHA,
        BlendFactor::DstColor => glow::DST_COLOR,
        BlendFactor::SrcAlphaSaturate => glow::SRC_ALPHA_SATURATE,
        BlendFactor::ConstColor => glow::CONSTANT_COLOR,
        BlendFactor::ConstAlpha => glow::CONSTANT_ALPHA,
        BlendFactor::Src1Color => glow::SRC1_COLOR,
        BlendFactor::Src1Alpha => glow::SRC1_ALPHA,
        BlendFactor::InvSrcColor => glow::ONE_MINUS_SRC_COLOR,
        BlendFactor::InvSrcAlpha => glow::ONE_MINUS_SRC_ALPHA,
        BlendFactor::InvDstAlpha => glow::ONE_MINUS_DST_ALPHA,
        BlendFactor::InvDstColor => glow::ONE_MINUS_DST_COLOR,
        BlendFactor::InvConstColor => glow::ONE_MINUS_CONSTANT_COLOR,
        BlendFactor::InvConstAlpha => glow::ONE_MINUS_CONSTANT_ALPHA,
        BlendFactor::InvSrc1Color => glow::ONE_MINUS_SRC1_COLOR,
        BlendFactor::InvSrc1Alpha => glow::ONE_MINUS_SRC1_ALPHA,
    }
}

fn gl_logic_op(op: LogicOp) -> u32 {
    match op {
        LogicOp::Clear => glow::CLEAR,
        LogicOp::Nor => glow::NOR,
        LogicOp::AndInverted => glow::AND_INVERTED,
        LogicOp::CopyInverted => glow::COPY_INVERTED,
        LogicOp::AndReverse => glow::AND_REVERSE,
        LogicOp::Invert => glow::INVERT,
        LogicOp::Xor => glow::XOR,
        LogicOp::Nand => glow::NAND,
        LogicOp::And => glow::AND,
        LogicOp::Equiv => glow::EQUIV,
        LogicOp::Noop => glow::NOOP,
        LogicOp::OrInverted => glow::OR_INVERTED,
        LogicOp::Copy => glow::COPY,
        LogicOp::OrReverse => glow::OR_REVERSE,
        LogicOp::Or => glow::OR,
        LogicOp::Set => glow::SET,
    }
}
