//! Typed commands of the virgl stream.
//!
//! A [`Command`] borrows variable-sized data from the words it was decoded from, so decoding allocates nothing.
//! Lists of small fixed-size entries are [`Records`], which decode their entries on iteration.

use std::marker::PhantomData;

use super::enums::*;
use crate::pipe::format::Format;

/// A client-chosen handle in a sub-context's object table; 0 means "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ObjectId(pub u32);

/// A resource of the connection; 0 means "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ResourceId(pub u32);

/// A fixed-size entry of a list in a command.
pub trait Record: Sized {
    /// Words per entry.
    const WORDS: usize;
    /// Reads an entry from exactly [`Self::WORDS`] words; every bit pattern has a meaning.
    fn read(words: &[u32]) -> Self;
    /// Appends the entry's words.
    fn write(&self, words: &mut Vec<u32>);
}

/// A list of fixed-size entries, still in wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Records<'a, T> {
    words: &'a [u32],
    entry: PhantomData<T>,
}

impl<'a, T: Record> Records<'a, T> {
    /// Interprets `words` as entries; `None` if the length is not a multiple of the entry size.
    pub fn new(words: &'a [u32]) -> Option<Self> {
        words.len().is_multiple_of(T::WORDS).then_some(Self {
            words,
            entry: PhantomData,
        })
    }

    /// No entries.
    pub const fn empty() -> Self {
        Self {
            words: &[],
            entry: PhantomData,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.words.len() / T::WORDS
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        self.words.chunks_exact(T::WORDS).map(T::read)
    }

    /// The words of all entries.
    pub fn words(&self) -> &'a [u32] {
        self.words
    }
}

/// A box in a resource level: origin and size in texels (bytes, for buffers). Signed as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub struct Box3 {
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub w: i32,
    pub h: i32,
    pub d: i32,
}

/// Six floats of a viewport: window = scale * ndc + translate.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Viewport {
    pub scale: [f32; 3],
    pub translate: [f32; 3],
}

/// A scissor rectangle; the maxima are exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Scissor {
    pub min_x: u16,
    pub min_y: u16,
    pub max_x: u16,
    pub max_y: u16,
}

/// One vertex buffer binding; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VertexBuffer {
    pub stride: u32,
    pub offset: u32,
    pub resource: ResourceId,
}

/// One vertex element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VertexElement {
    pub src_offset: u32,
    pub instance_divisor: u32,
    pub vertex_buffer_index: u32,
    pub format: Format,
}

/// A range of a buffer bound as SSBO or atomic counter buffer; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BufferRange {
    pub offset: u32,
    pub length: u32,
    pub resource: ResourceId,
}

/// A shader image binding; `resource` 0 unbinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShaderImage {
    /// Format of the image unit.
    pub format: Format,
    /// Bit 0 read, bit 1 write.
    pub access: u32,
    /// Texture: first layer in the low half, last layer in the high half; buffer: byte offset.
    pub layers_or_offset: u32,
    /// Texture: level; buffer: byte size.
    pub level_or_size: u32,
    /// The resource.
    pub resource: ResourceId,
}

/// One captured output of a stream-output table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct StreamOutput {
    pub register: u8,
    pub start_component: u8,
    pub num_components: u8,
    pub buffer: u8,
    /// Offset in 32-bit words inside a vertex of the buffer.
    pub dst_offset: u16,
    pub stream: u8,
}

impl Record for Viewport {
    const WORDS: usize = 6;
    fn read(w: &[u32]) -> Self {
        let f = |i: usize| f32::from_bits(w[i]);
        Self {
            scale: [f(0), f(1), f(2)],
            translate: [f(3), f(4), f(5)],
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend(self.scale.iter().chain(&self.translate).map(|f| f.to_bits()));
    }
}

impl Record for Scissor {
    const WORDS: usize = 2;
    fn read(w: &[u32]) -> Self {
        Self {
            min_x: w[0] as u16,
            min_y: (w[0] >> 16) as u16,
            max_x: w[1] as u16,
            max_y: (w[1] >> 16) as u16,
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        let corner = |x: u16, y: u16| u32::from(x) | u32::from(y) << 16;
        words.extend([corner(self.min_x, self.min_y), corner(self.max_x, self.max_y)]);
    }
}

impl Record for VertexBuffer {
    const WORDS: usize = 3;
    fn read(w: &[u32]) -> Self {
        Self {
            stride: w[0],
            offset: w[1],
            resource: ResourceId(w[2]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([self.stride, self.offset, self.resource.0]);
    }
}

impl Record for VertexElement {
    const WORDS: usize = 4;
    fn read(w: &[u32]) -> Self {
        Self {
            src_offset: w[0],
            instance_divisor: w[1],
            vertex_buffer_index: w[2],
            format: Format(w[3]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([
            self.src_offset,
            self.instance_divisor,
            self.vertex_buffer_index,
            self.format.0,
        ]);
    }
}

impl Record for BufferRange {
    const WORDS: usize = 3;
    fn read(w: &[u32]) -> Self {
        Self {
            offset: w[0],
            length: w[1],
            resource: ResourceId(w[2]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([self.offset, self.length, self.resource.0]);
    }
}

impl Record for ShaderImage {
    const WORDS: usize = 5;
    fn read(w: &[u32]) -> Self {
        Self {
            format: Format(w[0]),
            access: w[1],
            layers_or_offset: w[2],
            level_or_size: w[3],
            resource: ResourceId(w[4]),
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.extend([
            self.format.0,
            self.access,
            self.layers_or_offset,
            self.level_or_size,
            self.resource.0,
        ]);
    }
}

impl Record for StreamOutput {
    const WORDS: usize = 2;
    fn read(w: &[u32]) -> Self {
        Self {
            register: w[0] as u8,
            start_component: (w[0] >> 8 & 3) as u8,
            num_components: (w[0] >> 10 & 7) as u8,
            buffer: (w[0] >> 13 & 7) as u8,
            dst_offset: (w[0] >> 16) as u16,
            stream: (w[1] & 3) as u8,
        }
    }
    fn write(&self, words: &mut Vec<u32>) {
        let source = u32::from(self.register)
            | u32::from(self.start_component & 3) << 8
            | u32::from(self.num_components & 7) << 10
            | u32::from(self.buffer & 7) << 13
            | u32::from(self.dst_offset) << 16;
        words.extend([source, u32::from(self.stream & 3)]);
    }
}

impl Record for ObjectId {
    const WORDS: usize = 1;
    fn read(w: &[u32]) -> Self {
        ObjectId(w[0])
    }
    fn write(&self, words: &mut Vec<u32>) {
        words.push(self.0);
    }
}

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

/// Fields of DRAW_VBO; absent tail fields are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Draw {
    pub start: u32,
    pub count: u32,
    pub mode: Primitive,
    pub indexed: bool,
    pub instance_count: u32,
    pub index_bias: i32,
    pub start_instance: u32,
    pub primitive_restart: bool,
    pub restart_index: u32,
    pub min_index: u32,
    pub max_index: u32,
    /// Vertex count derived by the client from a stream-output target, or 0.
    pub count_from_stream_output: u32,
    pub vertices_per_patch: u32,
    pub draw_id: u32,
    pub indirect: Option<DrawIndirect>,
}

/// Indirect part of DRAW_VBO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DrawIndirect {
    pub buffer: ResourceId,
    pub offset: u32,
    pub stride: u32,
    pub draw_count: u32,
    pub count_offset: u32,
    pub count_buffer: ResourceId,
}

/// Fields of BLIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Blit {
    /// R 1, G 2, B 4, A 8, Z 0x10, S 0x20.
    pub mask: u8,
    pub filter: ImageFilter,
    pub scissor_enable: bool,
    pub render_condition_enable: bool,
    pub alpha_blend: bool,
    pub scissor: Scissor,
    pub dst: BlitEnd,
    pub src: BlitEnd,
}

/// One end of a BLIT; negative sizes flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BlitEnd {
    pub resource: ResourceId,
    pub level: u32,
    pub format: Format,
    pub area: Box3,
}

/// The common head of transfer commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The resource.
    pub resource: ResourceId,
    /// Mipmap level.
    pub level: u32,
    /// Map flags of the client, informative.
    pub usage: u32,
    /// Bytes between rows of the data; 0 derives it from the level.
    pub stride: u32,
    /// Bytes between slices of the data; 0 derives it from the level.
    pub layer_stride: u32,
    /// The box in the level.
    pub area: Box3,
}

/// A command of the stream.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Command<'a> {
    Nop,
    CreateObject {
        id: ObjectId,
        object: NewObject<'a>,
    },
    BindObject {
        kind: ObjectType,
        id: ObjectId,
    },
    DestroyObject {
        id: ObjectId,
    },
    SetViewports {
        start: u32,
        viewports: Records<'a, Viewport>,
    },
    SetFramebuffer {
        zsbuf: ObjectId,
        cbufs: Records<'a, ObjectId>,
    },
    SetVertexBuffers(Records<'a, VertexBuffer>),
    /// `color` are raw bits.
    Clear {
        buffers: u32,
        color: [u32; 4],
        depth: f64,
        stencil: u32,
    },
    DrawVbo(Draw),
    /// `data` is padded to words.
    InlineWrite {
        transfer: Transfer,
        data: &'a [u32],
    },
    SetSamplerViews {
        stage: Stage,
        start: u32,
        views: Records<'a, ObjectId>,
    },
    /// `resource` 0 unbinds.
    SetIndexBuffer {
        resource: ResourceId,
        index_size: u32,
        offset: u32,
    },
    SetConstantBuffer {
        stage: Stage,
        index: u32,
        data: &'a [u32],
    },
    SetStencilRef {
        front: u8,
        back: u8,
    },
    SetBlendColor([f32; 4]),
    SetScissors {
        start: u32,
        scissors: Records<'a, Scissor>,
    },
    Blit(Blit),
    CopyRegion {
        dst: ResourceId,
        dst_level: u32,
        dst_origin: [u32; 3],
        src: ResourceId,
        src_level: u32,
        src_area: Box3,
    },
    BindSamplerStates {
        stage: Stage,
        start: u32,
        states: Records<'a, ObjectId>,
    },
    BeginQuery(ObjectId),
    EndQuery(ObjectId),
    GetQueryResult {
        query: ObjectId,
        wait: bool,
    },
    SetPolygonStipple(&'a [u32; 32]),
    SetClipState([[f32; 4]; 8]),
    SetSampleMask(u32),
    SetStreamoutTargets {
        append: u32,
        targets: Records<'a, ObjectId>,
    },
    /// `query` 0 ends conditional rendering.
    SetRenderCondition {
        query: ObjectId,
        inverted: bool,
        mode: RenderConditionMode,
    },
    SetUniformBuffer {
        stage: Stage,
        index: u32,
        offset: u32,
        length: u32,
        resource: ResourceId,
    },
    SetSubContext(u32),
    CreateSubContext(u32),
    DestroySubContext(u32),
    BindShader {
        id: ObjectId,
        stage: Stage,
    },
    SetTessState {
        outer: [f32; 4],
        inner: [f32; 2],
    },
    SetMinSamples(u32),
    SetShaderBuffers {
        stage: Stage,
        start: u32,
        buffers: Records<'a, BufferRange>,
    },
    SetShaderImages {
        stage: Stage,
        start: u32,
        images: Records<'a, ShaderImage>,
    },
    MemoryBarrier(u32),
    LaunchGrid {
        block: [u32; 3],
        grid: [u32; 3],
        indirect: ResourceId,
        indirect_offset: u32,
    },
    SetFramebufferNoAttach {
        width: u16,
        height: u16,
        layers: u16,
        samples: u8,
    },
    TextureBarrier(u32),
    SetAtomicBuffers {
        start: u32,
        buffers: Records<'a, BufferRange>,
    },
    SetDebugFlags(&'a [u32]),
    GetQueryResultQbo {
        query: ObjectId,
        resource: ResourceId,
        wait: bool,
        value_type: QueryValueType,
        offset: u32,
        index: i32,
    },
    Transfer3d {
        transfer: Transfer,
        offset: u32,
        direction: TransferDirection,
    },
    EndTransfers,
    /// `from_host` reverses the direction: the resource is read into `staging`.
    CopyTransfer3d {
        transfer: Transfer,
        staging: ResourceId,
        offset: u32,
        synchronized: bool,
        from_host: bool,
    },
    SetTweaks {
        id: u32,
        value: u32,
    },
    ClearTexture {
        resource: ResourceId,
        level: u32,
        area: Box3,
        texel: [u32; 4],
    },
    PipeResourceCreate {
        target: TextureTarget,
        format: Format,
        bind: u32,
        width: u32,
        height: u32,
        depth: u32,
        array_size: u32,
        last_level: u32,
        samples: u32,
        flags: u32,
        blob_id: u32,
    },
    /// `words` are those after the resource id.
    PipeResourceSetType {
        resource: ResourceId,
        words: &'a [u32],
    },
    GetMemoryInfo(ResourceId),
    StringMarker {
        length: u32,
        text: &'a [u32],
    },
    /// Handles of the six stages in wire order, 0 where absent.
    LinkShader([ObjectId; 6]),
    ClearSurface {
        render_condition: bool,
        buffers: u32,
        surface: ObjectId,
        color: [u32; 4],
        x: u32,
        y: u32,
        width: u32,
        height: u32,
    },
    GetPipeResourceLayout {
        output: ResourceId,
        target: ResourceId,
    },
    /// Commands 53 to 61, which belong to video; `words` is the payload.
    Video {
        id: CommandId,
        words: &'a [u32],
    },
}

impl Command<'_> {
    /// Which command it is.
    pub const fn id(&self) -> CommandId {
        match self {
            Self::Nop => CommandId::Nop,
            Self::CreateObject { .. } => CommandId::CreateObject,
            Self::BindObject { .. } => CommandId::BindObject,
            Self::DestroyObject { .. } => CommandId::DestroyObject,
            Self::SetViewports { .. } => CommandId::SetViewports,
            Self::SetFramebuffer { .. } => CommandId::SetFramebuffer,
            Self::SetVertexBuffers(..) => CommandId::SetVertexBuffers,
            Self::Clear { .. } => CommandId::Clear,
            Self::DrawVbo(..) => CommandId::DrawVbo,
            Self::InlineWrite { .. } => CommandId::InlineWrite,
            Self::SetSamplerViews { .. } => CommandId::SetSamplerViews,
            Self::SetIndexBuffer { .. } => CommandId::SetIndexBuffer,
            Self::SetConstantBuffer { .. } => CommandId::SetConstantBuffer,
            Self::SetStencilRef { .. } => CommandId::SetStencilRef,
            Self::SetBlendColor(..) => CommandId::SetBlendColor,
            Self::SetScissors { .. } => CommandId::SetScissors,
            Self::Blit(..) => CommandId::Blit,
            Self::CopyRegion { .. } => CommandId::CopyRegion,
            Self::BindSamplerStates { .. } => CommandId::BindSamplerStates,
            Self::BeginQuery(..) => CommandId::BeginQuery,
            Self::EndQuery(..) => CommandId::EndQuery,
            Self::GetQueryResult { .. } => CommandId::GetQueryResult,
            Self::SetPolygonStipple(..) => CommandId::SetPolygonStipple,
            Self::SetClipState(..) => CommandId::SetClipState,
            Self::SetSampleMask(..) => CommandId::SetSampleMask,
            Self::SetStreamoutTargets { .. } => CommandId::SetStreamoutTargets,
            Self::SetRenderCondition { .. } => CommandId::SetRenderCondition,
            Self::SetUniformBuffer { .. } => CommandId::SetUniformBuffer,
            Self::SetSubContext(..) => CommandId::SetSubContext,
            Self::CreateSubContext(..) => CommandId::CreateSubContext,
            Self::DestroySubContext(..) => CommandId::DestroySubContext,
            Self::BindShader { .. } => CommandId::BindShader,
            Self::SetTessState { .. } => CommandId::SetTessState,
            Self::SetMinSamples(..) => CommandId::SetMinSamples,
            Self::SetShaderBuffers { .. } => CommandId::SetShaderBuffers,
            Self::SetShaderImages { .. } => CommandId::SetShaderImages,
            Self::MemoryBarrier(..) => CommandId::MemoryBarrier,
            Self::LaunchGrid { .. } => CommandId::LaunchGrid,
            Self::SetFramebufferNoAttach { .. } => CommandId::SetFramebufferNoAttach,
            Self::TextureBarrier(..) => CommandId::TextureBarrier,
            Self::SetAtomicBuffers { .. } => CommandId::SetAtomicBuffers,
            Self::SetDebugFlags(..) => CommandId::SetDebugFlags,
            Self::GetQueryResultQbo { .. } => CommandId::GetQueryResultQbo,
            Self::Transfer3d { .. } => CommandId::Transfer3d,
            Self::EndTransfers => CommandId::EndTransfers,
            Self::CopyTransfer3d { .. } => CommandId::CopyTransfer3d,
            Self::SetTweaks { .. } => CommandId::SetTweaks,
            Self::ClearTexture { .. } => CommandId::ClearTexture,
            Self::PipeResourceCreate { .. } => CommandId::PipeResourceCreate,
            Self::PipeResourceSetType { .. } => CommandId::PipeResourceSetType,
            Self::GetMemoryInfo(..) => CommandId::GetMemoryInfo,
            Self::StringMarker { .. } => CommandId::StringMarker,
            Self::LinkShader(..) => CommandId::LinkShader,
            Self::ClearSurface { .. } => CommandId::ClearSurface,
            Self::GetPipeResourceLayout { .. } => CommandId::GetPipeResourceLayout,
            Self::Video { id, .. } => *id,
        }
    }

    /// The command's name in the protocol.
    pub const fn name(&self) -> &'static str {
        self.id().name()
    }
}
