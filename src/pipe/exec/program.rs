//! Linked programs, and the keys that the bound state asks of each shader.

use std::{
    collections::HashMap,
    rc::{Rc, Weak},
};

use super::{
    error::ExecError,
    sampler::SamplerView,
    shader::{Shader, Translation, Variant},
    state::{PrimitiveClass, StageState, State},
};
use crate::{
    gl::{self, Gl},
    pipe::{
        format::Signedness,
        glsl::{FragmentKey, GeometryKey, Interface, Producer, Swizzled, VertexKey},
        wire::virgl::enums::{BlendFactor, CompareFunc, PolygonMode, Stage, Swizzle},
    },
};

/// A linked program with what drawing needs to know of it.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) linked: gl::Program,
    /// Whether any stage reads the system block.
    pub(super) system_block: bool,
    /// The shaders it was made of, in wire stage order.
    shaders: [Weak<Shader>; 3],
}

/// Names of the compiled variants of vertex, fragment and geometry stage (0 without one).
type ProgramKey = [u32; 3];

/// The programs of a sub-context.
#[derive(Debug, Default)]
pub(super) struct Programs {
    programs: HashMap<ProgramKey, Rc<Program>>,
}

/// The three shaders of a pipeline; `None` if a stage without which nothing is drawn is missing.
struct Pipeline<'a> {
    vertex: &'a Rc<Shader>,
    geometry: Option<&'a Rc<Shader>>,
    fragment: &'a Rc<Shader>,
}

impl<'a> Pipeline<'a> {
    fn of(state: &'a State) -> Option<Self> {
        let shader = |stage: Stage| state.stages[stage.to_wire() as usize].shader.as_ref();
        Some(Self {
            vertex: shader(Stage::Vertex)?,
            geometry: shader(Stage::Geometry),
            fragment: shader(Stage::Fragment)?,
        })
    }
}

impl Programs {
    /// The program for the bound state, compiled and linked if it is new; `None` if a stage is missing.
    pub(super) fn select(
        &mut self,
        gl: &Gl,
        to: &Translation,
        state: &State,
    ) -> Result<Option<Rc<Program>>, ExecError> {
        let Some(pipeline) = Pipeline::of(state) else {
            return Ok(None);
        };
        let vertex = pipeline
            .vertex
            .vertex_variant(gl, to, &vertex_key(state, &pipeline))?;
        let fragment = pipeline
            .fragment
            .fragment_variant(gl, to, &fragment_key(state, &pipeline))?;
        let geometry = match pipeline.geometry {
            Some(shader) => Some(shader.geometry_variant(gl, to, &geometry_key(state, &pipeline))?),
            None => None,
        };
        let key = [
            vertex.compiled.id(),
            fragment.compiled.id(),
            geometry.as_ref().map_or(0, |g| g.compiled.id()),
        ];
        if let Some(program) = self.programs.get(&key) {
            return Ok(Some(program.clone()));
        }
        let program = Rc::new(link(gl, &pipeline, &vertex, &fragment, geometry.as_deref())?);
        self.programs.insert(key, program.clone());
        Ok(Some(program))
    }

    /// Drops the programs made of shaders that no longer exist.
    pub(super) fn forget_dead(&mut self) {
        self.programs.retain(|_, program| {
            program
                .shaders
                .iter()
                .all(|shader| shader.ptr_eq(&Weak::new()) || shader.strong_count() > 0)
        });
    }
}

fn link(
    gl: &Gl,
    pipeline: &Pipeline<'_>,
    vertex: &Variant<VertexKey>,
    fragment: &Variant<FragmentKey>,
    geometry: Option<&Variant<GeometryKey>>,
) -> Result<Program, ExecError> {
    let mut parts = vec![&vertex.compiled, &fragment.compiled];
    parts.extend(geometry.map(|g| &g.compiled));
    Ok(Program {
        linked: gl.link_program(&parts)?,
        system_block: vertex.system_block
            || fragment.system_block
            || geometry.is_some_and(|g| g.system_block),
        shaders: [
            Rc::downgrade(pipeline.vertex),
            Rc::downgrade(pipeline.fragment),
            pipeline.geometry.map_or_else(Weak::new, Rc::downgrade),
        ],
    })
}

fn vertex_key(state: &State, pipeline: &Pipeline<'_>) -> VertexKey {
    let (signed_inputs, unsigned_inputs) = state
        .vertex_elements
        .as_ref()
        .map_or((0, 0), |elements| elements.integer_inputs());
    let last = pipeline.geometry.is_none();
    VertexKey {
        signed_inputs,
        unsigned_inputs,
        last,
        clip_planes: if last { clip_planes(state) } else { 0 },
        swizzled: swizzled(
            &state.stages[Stage::Vertex.to_wire() as usize],
            &pipeline.vertex.interface,
        ),
        ..VertexKey::default()
    }
}

fn geometry_key(state: &State, pipeline: &Pipeline<'_>) -> GeometryKey {
    let stage = &state.stages[Stage::Geometry.to_wire() as usize];
    GeometryKey {
        available: pipeline.vertex.interface.outputs,
        input_distances: pipeline.vertex.interface.distances,
        clip_planes: clip_planes(state),
        swizzled: pipeline
            .geometry
            .map_or_else(Vec::new, |shader| swizzled(stage, &shader.interface)),
        ..GeometryKey::default()
    }
}

fn fragment_key(state: &State, pipeline: &Pipeline<'_>) -> FragmentKey {
    let previous = pipeline.geometry.unwrap_or(pipeline.vertex);
    let mut key = FragmentKey {
        available: previous.interface.outputs,
        input_distances: previous.interface.distances,
        producer: if pipeline.geometry.is_some() {
            Producer::Geometry
        } else {
            Producer::Vertex
        },
        color_buffers: state.color_surfaces.len() as u8,
        dual_source: state
            .blend
            .as_ref()
            .is_some_and(|blend| uses_second_source(&blend.targets[0])),
        swizzled: swizzled(
            &state.stages[Stage::Fragment.to_wire() as usize],
            &pipeline.fragment.interface,
        ),
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
    if key.signed_colors | key.unsigned_colors == 0
        && let Some(dsa) = &state.dsa
        && dsa.alpha_enable
        && dsa.alpha_func != CompareFunc::Always
    {
        key.alpha_test = Some(dsa.alpha_func);
    }
    if let Some(rasterizer) = &state.rasterizer {
        let filled =
            state.captured() == PrimitiveClass::Triangles && rasterizer.fill_front == PolygonMode::Fill;
        key.polygon_stipple = rasterizer.poly_stipple && filled;
        key.two_sided = rasterizer.light_twoside;
        key.flat_shade = rasterizer.flatshade;
        if state.captured() == PrimitiveClass::Points && rasterizer.point_quad_rasterization {
            key.sprite_coords = rasterizer.sprite_coord_enable;
        }
    }
    key
}

fn clip_planes(state: &State) -> u8 {
    state
        .rasterizer
        .as_ref()
        .map_or(0, |rasterizer| rasterizer.clip_plane_enable)
}

fn uses_second_source(target: &crate::pipe::wire::virgl::command::BlendTarget) -> bool {
    use BlendFactor::*;
    target.enable
        && [target.rgb_src, target.rgb_dst, target.alpha_src, target.alpha_dst]
            .iter()
            .any(|factor| matches!(factor, Src1Color | Src1Alpha | InvSrc1Color | InvSrc1Alpha))
}

/// The samplers of a stage whose swizzle GL cannot apply.
fn swizzled(stage: &StageState, interface: &Interface) -> Vec<Swizzled> {
    let mut mask = interface.shadow_samplers | interface.buffer_samplers;
    let mut list = Vec::new();
    while mask != 0 {
        let slot = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        let Some(view) = stage.views.get(slot).and_then(Option::as_ref) else {
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
