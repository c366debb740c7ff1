//! Typed commands of the virgl stream.
//!
//! A [`Command`] borrows variable-sized data from the words it was decoded from, so decoding allocates nothing.
//! Lists of small fixed-size entries are [`Records`], which decode their entries on iteration.

use super::enums::*;
pub use super::{object::*, record::*};
use crate::pipe::format::Format;

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
