//! What CREATE_OBJECT creates.

use super::{
    enums::*,
    record::{Records, ResourceId, StreamOutput, VertexElement},
};
use crate::pipe::format::Format;

/// Blend state of one colour target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BlendTarget {
    pub enable: bool,
    pub rgb_func: BlendFunc,
    pub rgb_src: BlendFactor,
    pub rgb_dst: BlendFactor,
    pub alpha_func: BlendFunc,
    pub alpha_src: BlendFactor,
    pub alpha_dst: BlendFactor,
    /// R 1, G 2, B 4, A 8.
    pub color_mask: u8,
}

/// Blend object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BlendState {
    pub independent: bool,
    /// `Some` when logic operations are enabled.
    pub logic_op_enable: bool,
    pub logic_op: LogicOp,
    pub dither: bool,
    pub alpha_to_coverage: bool,
    pub alpha_to_one: bool,
    pub targets: [BlendTarget; 8],
}

/// Rasterizer object.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct RasterizerState {
    pub flatshade: bool,
    pub depth_clip: bool,
    pub clip_halfz: bool,
    pub rasterizer_discard: bool,
    pub flatshade_first: bool,
    pub light_twoside: bool,
    /// False: upper left, true: lower left.
    pub sprite_coord_lower_left: bool,
    pub point_quad_rasterization: bool,
    pub cull_face: CullFace,
    pub fill_front: PolygonMode,
    pub fill_back: PolygonMode,
    pub scissor: bool,
    pub front_ccw: bool,
    pub clamp_vertex_color: bool,
    pub clamp_fragment_color: bool,
    pub offset_line: bool,
    pub offset_point: bool,
    pub offset_tri: bool,
    pub poly_smooth: bool,
    pub poly_stipple: bool,
    pub point_smooth: bool,
    pub point_size_per_vertex: bool,
    pub multisample: bool,
    pub line_smooth: bool,
    pub line_stipple: bool,
    pub line_last_pixel: bool,
    pub half_pixel_center: bool,
    pub bottom_edge_rule: bool,
    pub force_persample_interp: bool,
    pub point_size: f32,
    /// Bit n: texture coordinate n is replaced by the point coordinate.
    pub sprite_coord_enable: u32,
    pub line_stipple_pattern: u16,
    /// GL's factor minus one.
    pub line_stipple_factor: u8,
    pub clip_plane_enable: u8,
    pub line_width: f32,
    pub offset_units: f32,
    pub offset_scale: f32,
    pub offset_clamp: f32,
}

/// Stencil state of one face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StencilFace {
    pub enabled: bool,
    pub func: CompareFunc,
    pub fail_op: StencilOp,
    pub zpass_op: StencilOp,
    pub zfail_op: StencilOp,
    pub value_mask: u8,
    pub write_mask: u8,
}

/// Depth, stencil and alpha test object.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct DsaState {
    pub depth_enable: bool,
    pub depth_write: bool,
    pub depth_func: CompareFunc,
    pub alpha_enable: bool,
    pub alpha_func: CompareFunc,
    pub front: StencilFace,
    /// `enabled` means two-sided stencil.
    pub back: StencilFace,
    pub alpha_ref: f32,
}

/// A shader object, or one part of it when the text comes in several packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShaderPart<'a> {
    /// Pipeline stage.
    pub stage: Stage,
    /// First part with the total length, or a continuation.
    pub position: ShaderPosition,
    /// The client's estimate of the number of tokens.
    pub num_tokens: u32,
    /// Compute shaders: bytes of shared memory. 0 for graphics.
    pub shared_memory: u32,
    /// Strides of the four stream-output buffers in 32-bit words; zero without stream output.
    pub strides: [u32; 4],
    /// Captured outputs, at most 64.
    pub outputs: Records<'a, StreamOutput>,
    /// The text in this part, 4 bytes a word, NUL padded.
    pub text: &'a [u32],
}

/// Which part of the shader text a packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShaderPosition {
    /// The first part; the value is the total length in bytes, the closing NUL included.
    First(u32),
    /// A further part; the value is the byte offset of its text.
    Continuation(u32),
}

/// Sampler view object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplerViewState {
    /// The resource.
    pub resource: ResourceId,
    /// Format of the view.
    pub format: Format,
    /// Target byte as sent: 0 takes the resource's target.
    pub target: u8,
    /// Buffer: first element; texture: first layer in the low half, last layer in the high half.
    pub first: u32,
    /// Buffer: last element; texture: first level in the low byte, last level in the next.
    pub last: u32,
    /// Sources of r, g, b, a.
    pub swizzle: [Swizzle; 4],
}

/// Sampler state object.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct SamplerState {
    pub wrap_s: Wrap,
    pub wrap_t: Wrap,
    pub wrap_r: Wrap,
    pub min_img_filter: ImageFilter,
    pub min_mip_filter: MipFilter,
    pub mag_img_filter: ImageFilter,
    pub compare: bool,
    pub compare_func: CompareFunc,
    pub seamless_cube_map: bool,
    pub max_anisotropy: u8,
    pub lod_bias: f32,
    pub min_lod: f32,
    pub max_lod: f32,
    /// Raw bits: floats or integers, by the format of the view it is used with.
    pub border_color: [u32; 4],
}

/// Surface object: a level and layers of a resource as a render target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SurfaceState {
    /// The resource.
    pub resource: ResourceId,
    /// Format of the surface.
    pub format: Format,
    /// Texture: level; buffer: first element.
    pub level: u32,
    /// Texture: first layer in the low half, last layer in the high half; buffer: last element.
    pub layers: u32,
    /// Samples of an implicitly multisampled surface, 0 otherwise.
    pub samples: u32,
}

/// Query object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct QueryState {
    pub kind: QueryType,
    /// Vertex stream or pipeline-statistics index.
    pub index: u16,
    /// Byte offset of the result in the resource.
    pub offset: u32,
    pub resource: ResourceId,
}

/// Stream-output target object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct StreamoutTargetState {
    pub resource: ResourceId,
    pub offset: u32,
    pub size: u32,
}

impl NewObject<'_> {
    /// The type of object.
    pub fn kind(&self) -> ObjectType {
        match self {
            NewObject::Blend(_) => ObjectType::Blend,
            NewObject::Rasterizer(_) => ObjectType::Rasterizer,
            NewObject::Dsa(_) => ObjectType::Dsa,
            NewObject::Shader(_) => ObjectType::Shader,
            NewObject::VertexElements(_) => ObjectType::VertexElements,
            NewObject::SamplerView(_) => ObjectType::SamplerView,
            NewObject::SamplerState(_) => ObjectType::SamplerState,
            NewObject::Surface(_) => ObjectType::Surface,
            NewObject::Query(_) => ObjectType::Query,
            NewObject::StreamoutTarget(_) => ObjectType::StreamoutTarget,
        }
    }
}

/// What CREATE_OBJECT creates.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum NewObject<'a> {
    Blend(BlendState),
    Rasterizer(RasterizerState),
    Dsa(DsaState),
    Shader(ShaderPart<'a>),
    VertexElements(Records<'a, VertexElement>),
    SamplerView(SamplerViewState),
    SamplerState(SamplerState),
    Surface(SurfaceState),
    Query(QueryState),
    StreamoutTarget(StreamoutTargetState),
}
