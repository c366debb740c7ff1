//! The keys that select a variant of a shader, and the host facts that are fixed for a session.

use super::{Varyings, names};
use crate::pipe::wire::virgl::{
    command::StreamOutput,
    enums::{CompareFunc, Swizzle},
};

/// What the host's GLSL can do; fixed for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// `#version`, 450 or 460, core profile.
    pub version: u16,
    /// ARB_shader_draw_parameters.
    pub draw_parameters: bool,
    /// ARB_shader_viewport_layer_array: layer and viewport index from vertex shaders.
    pub viewport_layer_array: bool,
    /// ARB_shader_stencil_export.
    pub stencil_export: bool,
    /// EXT_texture_shadow_lod.
    pub texture_shadow_lod: bool,
    /// ARB_shader_group_vote.
    pub group_vote: bool,
    /// ARB_shader_clock.
    pub shader_clock: bool,
    /// ARB_shader_ballot.
    pub ballot: bool,
    /// ARB_gpu_shader_int64.
    pub int64: bool,
    /// ARB_shader_atomic_counter_ops; part of version 460.
    pub atomic_counter_ops: bool,
    /// EXT_shader_framebuffer_fetch.
    pub framebuffer_fetch: bool,
}

/// Where resources of a stage are bound; fixed for a session.
///
/// Stage numbers are those of the wire: 0 vertex, 1 fragment, 2 geometry, 3 and 4 tessellation, 5 compute. By default
/// there is nothing of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Sampler `n` of stage `s` is texture unit `s * samplers_per_stage + n`.
    pub samplers_per_stage: u32,
    /// Constant buffer `n` of stage `s` (0 is the default one) is uniform block binding
    /// `s * uniform_blocks_per_stage + n`.
    pub uniform_blocks_per_stage: u32,
    /// Uniform block binding of the system block.
    pub system_block: u32,
    /// Storage block bindings of BUFFER[n], by stage.
    pub storage_blocks: [Slots; 6],
    /// Image units of IMAGE[n], by stage.
    pub images: [Slots; 6],
    /// Atomic counter buffers: HWATOMIC[n] is counter buffer binding n in every stage.
    pub atomic_buffers: u32,
}

/// The bindings of a kind of resource in a stage: slot `n` is binding `first + n`, for `n < count`.
///
/// Stages may share bindings if they never run in the same program, as compute shaders and all others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Slots {
    pub first: u32,
    pub count: u32,
}

/// A sampler whose results are swizzled by the shader, because GL cannot: shadow samplers and buffer textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Swizzled {
    /// Sampler slot.
    pub slot: u8,
    /// Sources of r, g, b, a. For shadow samplers X, Y, Z and W all mean the comparison result.
    pub swizzle: [Swizzle; 4],
}

/// Images that the shader only writes have no format in its text; what they are bound to says their type. Bit n is
/// IMAGE[n]; images in neither mask hold floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct IntegerImages {
    /// Bound with a signed pure-integer format.
    pub signed: u32,
    /// Bound with an unsigned pure-integer format.
    pub unsigned: u32,
}

/// How many of the eight CLIPDIST scalars are clip distances, and how many that follow are cull distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub struct ClipDistances {
    pub clip: u8,
    pub cull: u8,
}

impl ClipDistances {
    /// The element of GL's arrays that scalar `n` is.
    pub(super) fn member(self, n: u8) -> Option<String> {
        if n < self.clip {
            return Some(format!("gl_ClipDistance[{n}]"));
        }
        let n = n - self.clip;
        (n < self.cull).then(|| format!("gl_CullDistance[{n}]"))
    }
}

/// State that varies a vertex shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VertexKey {
    /// Inputs fed by a signed pure-integer format (declared `ivec4`).
    pub signed_inputs: u32,
    /// Inputs fed by an unsigned pure-integer format (declared `uvec4`).
    pub unsigned_inputs: u32,
    /// Whether this is the last stage before the rasterizer: it alone clips by user planes and captures outputs.
    pub last: bool,
    /// User clip planes in use (bit n = plane n). Ignored if the shader writes CLIPDIST.
    pub clip_planes: u8,
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// State that varies a tessellation control shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ControlKey {
    /// What the vertex shader writes.
    pub available: Varyings,
    /// Clip and cull distances that the vertex shader writes.
    pub input_distances: ClipDistances,
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// What a control shader that stands in for a missing one hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PassthroughKey {
    /// Vertices of a patch, 1 to 32.
    pub vertices: u32,
    /// What the vertex shader writes.
    pub available: Varyings,
    /// Clip and cull distances that the vertex shader writes.
    pub distances: ClipDistances,
    /// Whether the vertex shader writes the point size.
    pub point_size: bool,
}

/// State that varies a tessellation evaluation shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EvaluationKey {
    /// What the control shader writes.
    pub available: Varyings,
    /// Clip and cull distances that the control shader writes.
    pub input_distances: ClipDistances,
    /// Whether this is the last stage before the rasterizer.
    pub last: bool,
    /// User clip planes in use. Ignored if the shader writes CLIPDIST.
    pub clip_planes: u8,
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// State that varies a compute shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ComputeKey {
    /// Invocations of a work group in x, y and z, for shaders that leave them to the dispatch.
    pub block: [u32; 3],
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// The stage whose outputs a fragment shader reads. Tessellation evaluation shaders name theirs as vertex shaders do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub enum Producer {
    #[default]
    Vertex,
    Geometry,
}

impl Producer {
    /// The letter before the names of its outputs.
    pub(super) const fn letter(self) -> char {
        match self {
            Producer::Vertex => names::VERTEX,
            Producer::Geometry => names::GEOMETRY,
        }
    }
}

/// State that varies a geometry shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct GeometryKey {
    /// What the previous stage writes.
    pub available: Varyings,
    /// Clip and cull distances that the previous stage writes.
    pub input_distances: ClipDistances,
    /// User clip planes in use. Ignored if the shader writes CLIPDIST.
    pub clip_planes: u8,
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// State that varies a fragment shader.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FragmentKey {
    /// Which stage the inputs come from.
    pub producer: Producer,
    /// What the previous stage writes. Other inputs read as (0, 0, 0, 1).
    pub available: Varyings,
    /// Clip and cull distances that the previous stage writes.
    pub input_distances: ClipDistances,
    /// Number of draw buffers (holes included), for shaders that write one colour to all of them.
    pub color_buffers: u8,
    /// Colour buffers with a signed pure-integer format.
    pub signed_colors: u8,
    /// Colour buffers with an unsigned pure-integer format.
    pub unsigned_colors: u8,
    /// Colour buffers stored with red and blue exchanged.
    pub exchange_red_blue: u8,
    /// Colour buffers of alpha-only formats, stored in the red channel.
    pub alpha_in_red: u8,
    /// Colour 1 is the second source of blending for colour buffer 0.
    pub dual_source: bool,
    /// Alpha test on colour 0 against the system block's reference; `None` when off (or ALWAYS).
    pub alpha_test: Option<CompareFunc>,
    /// Discard by the system block's polygon stipple.
    pub polygon_stipple: bool,
    /// COLOR inputs take the back colour on back faces.
    pub two_sided: bool,
    /// COLOR interpolation means flat.
    pub flat_shade: bool,
    /// TEXCOORD[n] and GENERIC[n] with bit n read the point coordinate; 0 unless points are drawn.
    pub sprite_coords: u32,
    /// Samplers swizzled by the shader.
    pub swizzled: Vec<Swizzled>,
    /// Types of images without a format.
    pub images: IntegerImages,
}

/// The stream-output table of a shader object; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamOutputs {
    /// Bytes between vertices in each buffer, in 32-bit words.
    pub strides: [u32; 4],
    /// What is captured, by output register number.
    pub outputs: Vec<StreamOutput>,
}

/// The text of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// GLSL of the stage.
    pub source: String,
    /// Whether the text reads the system block, so that the block has to be bound and kept up to date. Its std140
    /// layout: `vec4 clip_planes[8]` at byte 0, `uvec4 stipple[8]` at 128 (row y is component y & 3 of element y / 4),
    /// `float alpha_ref` at 256, `int draw_id_base` at 260.
    pub system_block: bool,
}
