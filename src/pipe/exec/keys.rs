//! The keys that the bound state asks of each shader of a pipeline.

use std::rc::Rc;

use super::{
    bits::bits,
    error::ExecError,
    image::BoundImage,
    sampler::SamplerView,
    shader::Shader,
    state::{PrimitiveClass, StageState, State},
    vertex::VertexElements,
};
use crate::pipe::{
    format::Signedness,
    glsl::{
        ComputeKey, ControlKey, EvaluationKey, FragmentKey, GeometryKey, IntegerImages, Interface,
        PassthroughKey, Producer, Swizzled, VertexKey,
    },
    wire::virgl::{
        command::{BlendState, BlendTarget, DsaState, RasterizerState},
        enums::{BlendFactor, CompareFunc, PolygonMode, Primitive, Stage, Swizzle},
    },
};

/// The shaders that draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pipeline<'a> {
    pub(super) vertex: &'a Rc<Shader>,
    pub(super) tessellation: Option<Tessellation<'a>>,
    pub(super) geometry: Option<&'a Rc<Shader>>,
    pub(super) fragment: &'a Rc<Shader>,
}

/// The shaders that divide patches. Without a control shader patches are handed on as they are, with default levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tessellation<'a> {
    pub(super) control: Option<&'a Rc<Shader>>,
    pub(super) evaluation: &'a Rc<Shader>,
}

impl<'a> Pipeline<'a> {
    /// The bound shaders; `None` if one without which nothing is drawn is missing.
    ///
    /// # Errors
    /// If they do not fit each other, or what is drawn: GL would record an error.
    pub(super) fn of(state: &'a State) -> Result<Option<Self>, ExecError> {
        let shader = |stage| state.stage(stage).shader.as_ref();
        let (Some(vertex), Some(fragment)) = (shader(Stage::Vertex), shader(Stage::Fragment)) else {
            return Ok(None);
        };
        let patches = state.mode == Primitive::Patches;
        let tessellation = match (shader(Stage::TessControl), shader(Stage::TessEval)) {
            (control, Some(evaluation)) if patches => Some(Tessellation { control, evaluation }),
            (None, None) if !patches => None,
            (_, Some(_)) => return refuse(state, "evaluation shaders take patches"),
            (Some(_), None) => return refuse(state, "a control shader needs an evaluation shader"),
            (None, None) => return refuse(state, "patches need an evaluation shader"),
        };
        Ok(Some(Self {
            vertex,
            tessellation,
            geometry: shader(Stage::Geometry),
            fragment,
        }))
    }

    /// The last stage before the rasterizer.
    fn last(&self) -> &'a Interface {
        let evaluation = self.tessellation.map(|t| t.evaluation);
        &self.geometry.or(evaluation).unwrap_or(self.vertex).interface
    }
}

fn refuse<T>(state: &State, reason: &'static str) -> Result<T, ExecError> {
    Err(ExecError::Draw {
        mode: state.mode,
        reason,
    })
}

pub(super) fn vertex_key(state: &State, pipeline: &Pipeline<'_>) -> VertexKey {
    let (signed_inputs, unsigned_inputs) = elements_part(state.vertex_elements.as_deref());
    let last = pipeline.geometry.is_none() && pipeline.tessellation.is_none();
    VertexKey {
        signed_inputs,
        unsigned_inputs,
        last,
        clip_planes: if last { clip_planes(state) } else { 0 },
        swizzled: swizzled(state.stage(Stage::Vertex), &pipeline.vertex.interface),
        images: images(state.stage(Stage::Vertex), &pipeline.vertex.interface),
    }
}

pub(super) fn control_key(state: &State, pipeline: &Pipeline<'_>, control: &Shader) -> ControlKey {
    ControlKey {
        available: pipeline.vertex.interface.outputs,
        input_distances: pipeline.vertex.interface.distances,
        swizzled: swizzled(state.stage(Stage::TessControl), &control.interface),
        images: images(state.stage(Stage::TessControl), &control.interface),
    }
}

pub(super) fn passthrough_key(state: &State, pipeline: &Pipeline<'_>) -> PassthroughKey {
    let before = &pipeline.vertex.interface;
    PassthroughKey {
        vertices: state.patch_vertices,
        available: before.outputs,
        distances: before.distances,
        point_size: before.writes_point_size,
    }
}

pub(super) fn evaluation_key(
    state: &State,
    pipeline: &Pipeline<'_>,
    tessellation: &Tessellation<'_>,
) -> EvaluationKey {
    let before = &tessellation.control.unwrap_or(pipeline.vertex).interface;
    let last = pipeline.geometry.is_none();
    EvaluationKey {
        available: before.outputs,
        input_distances: before.distances,
        last,
        clip_planes: if last { clip_planes(state) } else { 0 },
        swizzled: swizzled(state.stage(Stage::TessEval), &tessellation.evaluation.interface),
        images: images(state.stage(Stage::TessEval), &tessellation.evaluation.interface),
    }
}

pub(super) fn geometry_key(state: &State, pipeline: &Pipeline<'_>, geometry: &Shader) -> GeometryKey {
    let evaluation = pipeline.tessellation.map(|t| t.evaluation);
    let before = &evaluation.unwrap_or(pipeline.vertex).interface;
    GeometryKey {
        available: before.outputs,
        input_distances: before.distances,
        clip_planes: clip_planes(state),
        swizzled: swizzled(state.stage(Stage::Geometry), &geometry.interface),
        images: images(state.stage(Stage::Geometry), &geometry.interface),
    }
}

pub(super) fn fragment_key(state: &State, pipeline: &Pipeline<'_>) -> FragmentKey {
    let before = pipeline.last();
    let mut key = FragmentKey {
        available: before.outputs,
        input_distances: before.distances,
        producer: if pipeline.geometry.is_some() {
            Producer::Geometry
        } else {
            Producer::Vertex
        },
        color_buffers: state.color_surfaces.len() as u8,
        dual_source: blend_part(state.blend.as_deref()),
        swizzled: swizzled(state.stage(Stage::Fragment), &pipeline.fragment.interface),
        images: images(state.stage(Stage::Fragment), &pipeline.fragment.interface),
        ..FragmentKey::default()
    };
    for (i, surface) in state.color_surfaces.iter().enumerate() {
        let Some(surface) = surface else { continue };
        match surface.integer() {
            Some(Signedness::Signed) => key.signed_colors |= 1 << i,
            Some(Signedness::Unsigned) => key.unsigned_colors |= 1 << i,
            None => {}
        }
        key.exchange_red_blue |= u8::from(surface.exchanged()) << i;
        key.alpha_in_red |= u8::from(surface.alpha_in_red()) << i;
    }
    if key.signed_colors | key.unsigned_colors == 0 {
        key.alpha_test = dsa_part(state.dsa.as_deref());
    }
    rasterized(state, &mut key);
    key
}

/// What the rasterizer object adds to a fragment shader's key.
fn rasterized(state: &State, key: &mut FragmentKey) {
    let Some(part) = rasterizer_part(state.rasterizer.as_deref()) else {
        return;
    };
    let class = state.captured();
    key.polygon_stipple = part.filled_stipple && class == PrimitiveClass::Triangles;
    key.two_sided = part.two_sided;
    key.flat_shade = part.flat_shade;
    if class == PrimitiveClass::Points {
        key.sprite_coords = part.sprite_coords;
    }
}

/// Whether a blend object has the second colour of the fragment shader read.
pub(super) fn blend_part(blend: Option<&BlendState>) -> bool {
    blend.is_some_and(|blend| uses_second_source(&blend.targets[0]))
}

/// The test on alpha that a depth-stencil-alpha object asks for.
pub(super) fn dsa_part(dsa: Option<&DsaState>) -> Option<CompareFunc> {
    let dsa = dsa?;
    (dsa.alpha_enable && dsa.alpha_func != CompareFunc::Always).then_some(dsa.alpha_func)
}

/// The locations whose vertex elements are signed and unsigned integers.
pub(super) fn elements_part(elements: Option<&VertexElements>) -> (u32, u32) {
    elements.map_or((0, 0), VertexElements::integer_inputs)
}

/// What of a rasterizer object goes into keys.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RasterizerPart {
    filled_stipple: bool,
    two_sided: bool,
    flat_shade: bool,
    sprite_coords: u32,
    clip_planes: u8,
}

pub(super) fn rasterizer_part(rasterizer: Option<&RasterizerState>) -> Option<RasterizerPart> {
    let rasterizer = rasterizer?;
    Some(RasterizerPart {
        filled_stipple: rasterizer.poly_stipple && rasterizer.fill_front == PolygonMode::Fill,
        two_sided: rasterizer.light_twoside,
        flat_shade: rasterizer.flatshade,
        sprite_coords: match rasterizer.point_quad_rasterization {
            true => rasterizer.sprite_coord_enable,
            false => 0,
        },
        clip_planes: rasterizer.clip_plane_enable,
    })
}

pub(super) fn compute_key(state: &State, compute: &Shader) -> ComputeKey {
    ComputeKey {
        block: match compute.interface.open_block {
            true => state.block,
            false => [0; 3],
        },
        swizzled: swizzled(state.stage(Stage::Compute), &compute.interface),
        images: images(state.stage(Stage::Compute), &compute.interface),
    }
}

fn clip_planes(state: &State) -> u8 {
    rasterizer_part(state.rasterizer.as_deref()).map_or(0, |part| part.clip_planes)
}

fn uses_second_source(target: &BlendTarget) -> bool {
    use BlendFactor::*;
    target.enable
        && [target.rgb_src, target.rgb_dst, target.alpha_src, target.alpha_dst]
            .iter()
            .any(|factor| matches!(factor, Src1Color | Src1Alpha | InvSrc1Color | InvSrc1Alpha))
}

/// The types of the images whose format the text leaves open.
fn images(stage: &StageState, interface: &Interface) -> IntegerImages {
    let mut types = IntegerImages::default();
    for slot in bits(interface.images_without_format) {
        let bound = stage.images.get(slot as usize).and_then(Option::as_ref);
        match bound.and_then(BoundImage::integer) {
            Some(Signedness::Signed) => types.signed |= 1 << slot,
            Some(Signedness::Unsigned) => types.unsigned |= 1 << slot,
            None => {}
        }
    }
    types
}

/// The samplers of a stage whose swizzle GL cannot apply.
fn swizzled(stage: &StageState, interface: &Interface) -> Vec<Swizzled> {
    let mut list = Vec::new();
    for slot in bits(interface.shadow_samplers | interface.buffer_samplers) {
        let Some(view) = stage.views.get(slot as usize).and_then(Option::as_ref) else {
            continue;
        };
        let shadow = interface.shadow_samplers >> slot & 1 != 0;
        let swizzle = shader_swizzle(view, shadow);
        if let Some(swizzle) = swizzle {
            list.push(Swizzled {
                slot: slot as u8,
                swizzle,
            });
        }
    }
    list
}

/// The swizzle that the shader has to apply for this view, if any.
fn shader_swizzle(view: &SamplerView, shadow: bool) -> Option<[Swizzle; 4]> {
    let swizzle = view.swizzle();
    let needed = if shadow {
        swizzle.iter().any(|s| matches!(s, Swizzle::Zero | Swizzle::One))
    } else {
        swizzle != [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W]
    };
    needed.then_some(swizzle)
}
