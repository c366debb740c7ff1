//! Blits by drawing: a rectangle that samples the source.
//!
//! The source is seen through a view of one level whose swizzle gives the channels of the format, so reading needs no
//! special cases; the last step puts them where the destination stores them.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    Shared,
    blit::End,
    cache::{BlendEquation, DRAW_BUFFERS, Toggle},
    error::ExecError,
    framebuffer::{attach, depth_attachment},
    state::Dirty,
    sub_context::SubContext,
    surface::Surface,
};
use crate::{
    gl::{self, Gl, ShaderKind},
    pipe::{
        format::host_format,
        wire::virgl::{
            command::Blit,
            enums::{ImageFilter, Stage, Swizzle, TextureTarget},
        },
    },
};

/// What a pass reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Pass {
    Float,
    Signed,
    Unsigned,
    Depth,
    Stencil,
}

/// The sampler that the source view needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SourceKind {
    Lines,
    Layers,
    Volume,
    Rect,
    Samples,
}

/// The source of a blit as a texture to sample.
pub(super) struct SourceView {
    texture: gl::Texture,
    kind: SourceKind,
    /// Width, height and depth of the level.
    size: [i32; 3],
    corners: [i32; 4],
    multisampled: bool,
}

/// Which part of the source a slice of the destination is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    /// The layer, or the nearest slice of a 3D texture.
    pub(super) layer: u32,
    /// The coordinate in a 3D texture.
    pub(super) depth: f32,
}

/// Programs and objects of the blitter, made when first needed.
#[derive(Debug, Default)]
pub(super) struct Blitter {
    programs: HashMap<(Pass, SourceKind, bool), gl::Program>,
    samplers: [Option<gl::Sampler>; 2],
    array: Option<gl::VertexArray>,
}

impl SourceView {
    pub(super) fn new(gl: &Gl, src: &End<'_>, pass: Pass) -> Result<Self, ExecError> {
        let (texture, end) = (src.texture, src.end);
        let kind = match (texture.target, texture.samples > 1) {
            (_, true) => SourceKind::Samples,
            (TextureTarget::D1 | TextureTarget::D1Array, _) => SourceKind::Lines,
            (TextureTarget::D3, _) => SourceKind::Volume,
            (TextureTarget::Rect, _) => SourceKind::Rect,
            _ => SourceKind::Layers,
        };
        let target = match kind {
            SourceKind::Lines => glow::TEXTURE_1D_ARRAY,
            SourceKind::Layers => glow::TEXTURE_2D_ARRAY,
            SourceKind::Volume => glow::TEXTURE_3D,
            SourceKind::Rect => glow::TEXTURE_RECTANGLE,
            SourceKind::Samples => glow::TEXTURE_2D_MULTISAMPLE_ARRAY,
        };
        let format = end.format;
        let (info, host) = host_format(format).ok_or(ExecError::Format {
            format,
            usage: "the source of a blit",
        })?;
        let depth = texture.format.is_depth_or_stencil();
        let host = if depth { &texture.host } else { host };
        let internal = texture.view_internal(info);
        let view = gl.texture_view(
            target,
            &texture.texture,
            internal,
            (end.level, 1),
            (0, texture.layers),
        )?;
        let swizzle = host.swizzled([Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W]);
        gl.texture_parameter_iv(
            &view,
            glow::TEXTURE_SWIZZLE_RGBA,
            &super::sampler::gl_swizzle(swizzle),
        );
        if pass == Pass::Stencil {
            gl.texture_parameter_i(
                &view,
                glow::DEPTH_STENCIL_TEXTURE_MODE,
                glow::STENCIL_INDEX as i32,
            );
        }
        let desc = &src.resource.desc;
        let size = |full: u32| (full >> end.level.min(31)).max(1) as i32;
        Ok(Self {
            texture: view,
            kind,
            size: [size(desc.width), size(desc.height), size(desc.depth)],
            corners: [
                end.area.x,
                end.area.y,
                end.area.x.saturating_add(end.area.w),
                end.area.y.saturating_add(end.area.h),
            ],
            multisampled: texture.samples > 1,
        })
    }
}

impl SubContext {
    /// Draws one slice of one aspect.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn draw_blit(
        &mut self,
        shared: &Shared,
        blit: &Blit,
        pass: Pass,
        view: &SourceView,
        slice: Slice,
        target: &Surface,
        corners: [i32; 4],
    ) -> Result<(), ExecError> {
        let gl = self.gl.clone();
        let framebuffer = gl.create_framebuffer()?;
        self.blit_state(blit, pass, target);
        match pass {
            Pass::Depth | Pass::Stencil => {
                if pass == Pass::Stencil && !shared.group.translation.host.stencil_export {
                    return Err(ExecError::Unsupported("blitting stencil between formats"));
                }
                attach(&gl, &framebuffer, depth_attachment(target), target);
                gl.framebuffer_draw_buffers(&framebuffer, &[]);
            }
            _ => {
                attach(&gl, &framebuffer, glow::COLOR_ATTACHMENT0, target);
                gl.framebuffer_draw_buffers(&framebuffer, &[glow::COLOR_ATTACHMENT0]);
            }
        }
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
        let (x0, x1) = (corners[0].min(corners[2]), corners[0].max(corners[2]));
        let (y0, y1) = (corners[1].min(corners[3]), corners[1].max(corners[3]));
        gl.viewport_array(&[[x0 as f32, y0 as f32, (x1 - x0) as f32, (y1 - y0) as f32]]);
        gl.depth_range_array(&[[0.0, 1.0]]);
        let [mut u0, mut v0, mut u1, mut v1] = view.corners.map(|c| c as f32);
        if corners[2] < corners[0] {
            std::mem::swap(&mut u0, &mut u1);
        }
        if corners[3] < corners[1] {
            std::mem::swap(&mut v0, &mut v1);
        }
        let per_sample = target.resource.texture().is_some_and(|t| t.samples > 1) && view.multisampled;
        let order = match () {
            () if target.exchanged() => 1,
            () if target.alpha_in_red() => 2,
            () => 0,
        };
        // The compute stage's first unit, which the next dispatch binds anew.
        let unit = 5 * shared.group.translation.layout.samplers_per_stage;
        let blitter = &mut self.scratch.blitter;
        let program = blitter.program(&gl, pass, view.kind, per_sample, unit)?;
        gl.program_uniform_4f(program, 0, [u0, v0, u1, v1]);
        gl.program_uniform_4i(
            program,
            1,
            [view.size[0], view.size[1], view.size[2], slice.layer as i32],
        );
        gl.program_uniform_1i(program, 2, order);
        gl.program_uniform_1f(program, 3, slice.depth);
        self.cache.program(program);
        gl.bind_texture_unit(unit, Some(&view.texture));
        let linear = blit.filter == ImageFilter::Linear && matches!(pass, Pass::Float | Pass::Depth);
        if view.kind != SourceKind::Samples {
            gl.bind_sampler(unit, Some(blitter.sampler(&gl, linear)?));
        }
        gl.bind_vertex_array(Some(blitter.array(&gl)?));
        gl.draw_arrays(glow::TRIANGLE_STRIP, 0, 4, 1, 0)?;
        gl.bind_texture_unit(unit, None);
        gl.bind_sampler(unit, None);
        let computing = &mut self.state.stages[Stage::Compute as usize];
        computing.views_dirty |= 1;
        computing.samplers_dirty |= 1;
        self.state.dirty.insert(Dirty::SAMPLERS);
        Ok(())
    }

    /// Everything that could keep the rectangle from being written, off.
    fn blit_state(&mut self, blit: &Blit, pass: Pass, target: &Surface) {
        let cache = &mut self.cache;
        for toggle in [
            Toggle::CullFace,
            Toggle::DepthClamp,
            Toggle::RasterizerDiscard,
            Toggle::SampleMask,
            Toggle::SampleShading,
            Toggle::AlphaToCoverage,
            Toggle::AlphaToOne,
            Toggle::ColorLogicOp,
            Toggle::PolygonSmooth,
            Toggle::OffsetFill,
            Toggle::PrimitiveRestart,
        ] {
            cache.toggle(toggle, false);
        }
        cache.toggle(Toggle::Multisample, true);
        cache.toggle(Toggle::DepthTest, pass == Pass::Depth);
        cache.depth_func(glow::ALWAYS);
        cache.depth_mask(pass == Pass::Depth);
        cache.toggle(Toggle::StencilTest, pass == Pass::Stencil);
        let write = super::cache::StencilState {
            func: glow::ALWAYS,
            reference: 0,
            value_mask: 0xff,
            fail: glow::REPLACE,
            zfail: glow::REPLACE,
            zpass: glow::REPLACE,
        };
        cache.stencil(0, write);
        cache.stencil(1, write);
        cache.polygon_mode(glow::FILL);
        cache.clip_distances(0);
        cache.clip_control(glow::LOWER_LEFT, glow::NEGATIVE_ONE_TO_ONE);
        for buffer in 0..DRAW_BUFFERS {
            cache.blend_enable(buffer, false);
        }
        if blit.alpha_blend && pass == Pass::Float {
            cache.blend_enable(0, true);
            let (src, dst) = (glow::SRC_ALPHA, glow::ONE_MINUS_SRC_ALPHA);
            cache.blend(
                0,
                BlendEquation {
                    equations: (glow::FUNC_ADD, glow::FUNC_ADD),
                    factors: (src, dst, glow::ONE, dst),
                },
            );
        }
        cache.color_mask(0, super::apply::stored_mask(blit.mask & 0xf, Some(target)));
    }
}

impl Blitter {
    fn program(
        &mut self,
        gl: &Gl,
        pass: Pass,
        kind: SourceKind,
        per_sample: bool,
        unit: u32,
    ) -> Result<&gl::Program, ExecError> {
        match self.programs.entry((pass, kind, per_sample)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let vertex = gl.compile_shader(ShaderKind::Vertex, VERTEX)?;
                let fragment =
                    gl.compile_shader(ShaderKind::Fragment, &fragment(pass, kind, per_sample, unit))?;
                Ok(entry.insert(gl.link_program(&[&vertex, &fragment])?))
            }
        }
    }

    fn sampler(&mut self, gl: &Gl, linear: bool) -> Result<&gl::Sampler, ExecError> {
        let slot = &mut self.samplers[usize::from(linear)];
        if slot.is_none() {
            let sampler = gl.create_sampler()?;
            let filter = if linear { glow::LINEAR } else { glow::NEAREST } as i32;
            gl.sampler_parameter_i(&sampler, glow::TEXTURE_MIN_FILTER, filter);
            gl.sampler_parameter_i(&sampler, glow::TEXTURE_MAG_FILTER, filter);
            for wrap in [glow::TEXTURE_WRAP_S, glow::TEXTURE_WRAP_T, glow::TEXTURE_WRAP_R] {
                gl.sampler_parameter_i(&sampler, wrap, glow::CLAMP_TO_EDGE as i32);
            }
            *slot = Some(sampler);
        }
        slot.as_ref().ok_or(ExecError::Unsupported("this sampler"))
    }

    fn array(&mut self, gl: &Gl) -> Result<&gl::VertexArray, ExecError> {
        if self.array.is_none() {
            self.array = Some(gl.create_vertex_array()?);
        }
        self.array.as_ref().ok_or(ExecError::Unsupported("drawing"))
    }
}

const VERTEX: &str = "#version 450 core
layout(location = 0) uniform vec4 corners;
out vec2 at;
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    at = mix(corners.xy, corners.zw, corner);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
";

/// The fragment shader: fetch, then store.
fn fragment(pass: Pass, kind: SourceKind, per_sample: bool, unit: u32) -> String {
    let (prefix, texel) = match pass {
        Pass::Float | Pass::Depth => ("", "vec4"),
        Pass::Signed => ("i", "ivec4"),
        Pass::Unsigned | Pass::Stencil => ("u", "uvec4"),
    };
    let sampler = match kind {
        SourceKind::Lines => "sampler1DArray",
        SourceKind::Layers => "sampler2DArray",
        SourceKind::Volume => "sampler3D",
        SourceKind::Rect => "sampler2DRect",
        SourceKind::Samples => "sampler2DMSArray",
    };
    let extension = match pass {
        Pass::Stencil => "#extension GL_ARB_shader_stencil_export : require\n",
        _ => "",
    };
    let output = match pass {
        Pass::Depth | Pass::Stencil => String::new(),
        _ => format!("layout(location = 0) out {texel} stored;\n"),
    };
    format!(
        "#version 450 core
{extension}layout(location = 1) uniform ivec4 size;
layout(location = 2) uniform int order;
layout(location = 3) uniform float depth;
layout(binding = {unit}) uniform {prefix}{sampler} source;
in vec2 at;
{output}void main() {{
    if (any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, vec2(size.xy)))) discard;
    {fetch}
    {store}
}}
",
        fetch = fetch(pass, kind, per_sample, texel),
        store = store(pass),
    )
}

fn fetch(pass: Pass, kind: SourceKind, per_sample: bool, texel: &str) -> String {
    match kind {
        SourceKind::Lines => {
            format!("{texel} t = textureLod(source, vec2(at.x / float(size.x), float(size.w)), 0.0);")
        }
        SourceKind::Layers => {
            format!("{texel} t = textureLod(source, vec3(at / vec2(size.xy), float(size.w)), 0.0);")
        }
        SourceKind::Volume => {
            format!("{texel} t = textureLod(source, vec3(at / vec2(size.xy), depth), 0.0);")
        }
        SourceKind::Rect => format!("{texel} t = texture(source, at);"),
        SourceKind::Samples if per_sample => {
            format!("{texel} t = texelFetch(source, ivec3(ivec2(at), size.w), gl_SampleID);")
        }
        SourceKind::Samples if pass == Pass::Float => "vec4 t = vec4(0.0);
    int samples = textureSamples(source);
    for (int i = 0; i < samples; i++) t += texelFetch(source, ivec3(ivec2(at), size.w), i);
    t /= float(samples);"
            .to_owned(),
        SourceKind::Samples => format!("{texel} t = texelFetch(source, ivec3(ivec2(at), size.w), 0);"),
    }
}

fn store(pass: Pass) -> &'static str {
    match pass {
        Pass::Depth => "gl_FragDepth = t.x;",
        Pass::Stencil => "gl_FragStencilRefARB = int(t.x);",
        _ => "stored = order == 1 ? t.zyxw : order == 2 ? t.wwww : t;",
    }
}
