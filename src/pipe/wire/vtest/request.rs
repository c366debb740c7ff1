//! Requests as typed values that borrow their variable parts from the receive buffer.

use super::{
    items::{Item, Items, Payload, join, words},
    kind::RequestKind,
    submit::Submit2,
};
use crate::pipe::{
    format::Format,
    wire::virgl::{
        command::{ResourceId, Transfer},
        enums::{TransferDirection, wire_enum},
    },
};

/// What RESOURCE_CREATE and RESOURCE_CREATE2 describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceDesc {
    /// Chosen by the client below [`Version::V3`](super::Version::V3), 0 from there on.
    pub id: ResourceId,
    /// Dimensionality, by its wire number.
    pub target: u32,
    /// Format of the texels; buffers have one too.
    pub format: Format,
    /// What the resource may be used for, as bits.
    pub bind: u32,
    /// Texels; bytes for a buffer.
    pub width: u32,
    /// Texels.
    pub height: u32,
    /// Texels.
    pub depth: u32,
    /// Layers; 6 a cube. 0 occurs for buffers.
    pub array_size: u32,
    /// Index of the smallest mipmap level.
    pub last_level: u32,
    /// Samples a texel; 0 and 1 both mean single-sampled.
    pub samples: u32,
}

wire_enum! {
    /// Where the memory of a blob resource lives.
    BlobKind { Guest = 1 "guest", Host = 2 "host", HostGuest = 3 "host_guest", }
}

/// What RESOURCE_CREATE_BLOB describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobDesc {
    /// Where the memory lives.
    pub kind: BlobKind,
    /// 1 mappable, 2 shareable, 4 cross-device.
    pub flags: u32,
    /// Bytes.
    pub size: u64,
    /// The id given by a PIPE_RESOURCE_CREATE in the command stream.
    pub blob_id: u64,
}

/// A value on the timeline of a synchronisation object of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SyncPoint {
    pub sync: u32,
    pub value: u64,
}

impl Item for SyncPoint {
    const BYTES: usize = 12;
    fn read(bytes: &[u8]) -> Self {
        let [sync, low, high] = words(bytes);
        Self {
            sync,
            value: join(low, high),
        }
    }
}

/// A point of a kernel synchronisation object, as it accompanies a batch of SUBMIT_CMD2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SyncobjPoint {
    pub handle: u32,
    pub flags: u32,
    pub point: u64,
}

impl Item for SyncobjPoint {
    const BYTES: usize = 16;
    fn read(bytes: &[u8]) -> Self {
        let [handle, flags, low, high] = words(bytes);
        Self {
            handle,
            flags,
            point: join(low, high),
        }
    }
}

/// How and for how long to wait for kernel synchronisation objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DrmSyncWait {
    /// Nanoseconds on the monotonic clock.
    pub timeout: u64,
    /// The kernel's wait flags; bit 31 asks for a descriptor instead of an answer.
    pub flags: u32,
}

impl DrmSyncWait {
    /// Whether the answer is a descriptor that becomes readable, rather than the result.
    pub const fn wants_fd(self) -> bool {
        self.flags & 1 << 31 != 0
    }
}

/// A copy of a point between kernel synchronisation objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct DrmTransfer {
    pub dst: u32,
    pub dst_point: u64,
    pub src: u32,
    pub src_point: u64,
    pub flags: u32,
}

/// A request of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request<'a> {
    /// Asks for capability set 1.
    GetCaps,
    /// Creates a resource without shared memory.
    ResourceCreate(ResourceDesc),
    ResourceUnref(ResourceId),
    /// Asks for `data_size` bytes over the socket.
    TransferGet {
        transfer: Transfer,
        data_size: u32,
    },
    TransferPut {
        transfer: Transfer,
        data: &'a [u8],
    },
    /// A buffer of virgl commands.
    SubmitCmd(Payload<'a>),
    /// Bit 0 of `flags` asks to wait until nothing is pending.
    BusyWait {
        resource: ResourceId,
        flags: u32,
    },
    /// The first request of a connection. `name` is without its closing NUL.
    CreateRenderer {
        name: &'a [u8],
    },
    /// Asks for capability set 2.
    GetCaps2,
    Ping,
    /// The highest version that the client speaks.
    ProtocolVersion(u32),
    /// Creates a resource with `data_size` bytes of shared memory; none for 0.
    ResourceCreate2 {
        desc: ResourceDesc,
        data_size: u32,
    },
    /// Copies a box from the resource into its shared memory at byte `offset`. Strides are those of the level.
    TransferGet2 {
        transfer: Transfer,
        data_size: u32,
        offset: u32,
    },
    /// Copies a box from the shared memory at byte `offset` into the resource. Strides are those of the level.
    TransferPut2 {
        transfer: Transfer,
        data_size: u32,
        offset: u32,
    },
    GetParam(u32),
    GetCapset {
        capset: u32,
        version: u32,
    },
    ContextInit {
        capset: u32,
    },
    ResourceCreateBlob(BlobDesc),
    SyncCreate {
        value: u64,
    },
    SyncUnref(u32),
    SyncRead(u32),
    SyncWrite(SyncPoint),
    /// Bit 0 of `flags`: any instead of all. `timeout` in milliseconds; above `i32::MAX` for ever.
    SyncWait {
        flags: u32,
        timeout: u32,
        points: Items<'a, SyncPoint>,
    },
    SubmitCmd2(Submit2<'a>),
    DrmSyncCreate {
        flags: u32,
    },
    DrmSyncDestroy(u32),
    DrmSyncHandleToFd(u32),
    /// A descriptor comes with it.
    DrmSyncFdToHandle,
    /// A descriptor comes with it.
    DrmSyncImportSyncFile(u32),
    DrmSyncExportSyncFile(u32),
    DrmSyncWait {
        wait: DrmSyncWait,
        handles: Items<'a, u32>,
    },
    DrmSyncReset(Items<'a, u32>),
    DrmSyncSignal(Items<'a, u32>),
    /// As many points as handles.
    DrmSyncTimelineSignal {
        points: Items<'a, u64>,
        handles: Items<'a, u32>,
    },
    /// As many points as handles.
    DrmSyncTimelineWait {
        wait: DrmSyncWait,
        points: Items<'a, u64>,
        handles: Items<'a, u32>,
    },
    DrmSyncQuery {
        flags: u32,
        handles: Items<'a, u32>,
    },
    DrmSyncTransfer(DrmTransfer),
    ResourceExportFd(ResourceId),
    /// Creates a resource without guest memory, under an id that the client chooses at every version.
    BareCreate {
        desc: ResourceDesc,
        flags: u32,
    },
    /// Asks for guest memory of at least `size` bytes; for 0, what the layout needs.
    ResourceMemory {
        resource: ResourceId,
        size: u64,
    },
    /// Asks for the file through which others have the resource.
    ResourceExport(ResourceId),
    /// Takes in a resource by its file under a new id. A descriptor comes with it.
    ResourceImport(ResourceId),
    /// Copies a box between the resource and its guest memory at byte `offset`. Strides of 0 are those of the level.
    StridedTransfer {
        direction: TransferDirection,
        transfer: Transfer,
        offset: u64,
    },
    /// Asks for the picture in the exported memory.
    Resolve {
        serial: u32,
        resource: ResourceId,
    },
    /// Asks for what others drew into the exported memory; `area` is x, y, width, height in texels.
    Upload {
        serial: u32,
        resource: ResourceId,
        area: [u32; 4],
    },
    /// Asks for a fence that is signalled once two others are. Their descriptors come with it.
    FenceMerge,
    /// Asks for word when GL has finished what was sent; 0 for any resource.
    Wait {
        serial: u32,
        resource: ResourceId,
    },
    /// Asks for a descriptor to be closed when GL has finished what was sent. It comes with the request.
    Signal,
}

impl Request<'_> {
    /// What the request asks for.
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::GetCaps => RequestKind::GetCaps,
            Self::ResourceCreate(_) => RequestKind::ResourceCreate,
            Self::ResourceUnref(_) => RequestKind::ResourceUnref,
            Self::TransferGet { .. } => RequestKind::TransferGet,
            Self::TransferPut { .. } => RequestKind::TransferPut,
            Self::SubmitCmd(_) => RequestKind::SubmitCmd,
            Self::BusyWait { .. } => RequestKind::BusyWait,
            Self::CreateRenderer { .. } => RequestKind::CreateRenderer,
            Self::GetCaps2 => RequestKind::GetCaps2,
            Self::Ping => RequestKind::Ping,
            Self::ProtocolVersion(_) => RequestKind::ProtocolVersion,
            Self::ResourceCreate2 { .. } => RequestKind::ResourceCreate2,
            Self::TransferGet2 { .. } => RequestKind::TransferGet2,
            Self::TransferPut2 { .. } => RequestKind::TransferPut2,
            Self::GetParam(_) => RequestKind::GetParam,
            Self::GetCapset { .. } => RequestKind::GetCapset,
            Self::ContextInit { .. } => RequestKind::ContextInit,
            Self::ResourceCreateBlob(_) => RequestKind::ResourceCreateBlob,
            Self::SyncCreate { .. } => RequestKind::SyncCreate,
            Self::SyncUnref(_) => RequestKind::SyncUnref,
            Self::SyncRead(_) => RequestKind::SyncRead,
            Self::SyncWrite(_) => RequestKind::SyncWrite,
            Self::SyncWait { .. } => RequestKind::SyncWait,
            Self::SubmitCmd2(_) => RequestKind::SubmitCmd2,
            Self::DrmSyncCreate { .. } => RequestKind::DrmSyncCreate,
            Self::DrmSyncDestroy(_) => RequestKind::DrmSyncDestroy,
            Self::DrmSyncHandleToFd(_) => RequestKind::DrmSyncHandleToFd,
            Self::DrmSyncFdToHandle => RequestKind::DrmSyncFdToHandle,
            Self::DrmSyncImportSyncFile(_) => RequestKind::DrmSyncImportSyncFile,
            Self::DrmSyncExportSyncFile(_) => RequestKind::DrmSyncExportSyncFile,
            Self::DrmSyncWait { .. } => RequestKind::DrmSyncWait,
            Self::DrmSyncReset(_) => RequestKind::DrmSyncReset,
            Self::DrmSyncSignal(_) => RequestKind::DrmSyncSignal,
            Self::DrmSyncTimelineSignal { .. } => RequestKind::DrmSyncTimelineSignal,
            Self::DrmSyncTimelineWait { .. } => RequestKind::DrmSyncTimelineWait,
            Self::DrmSyncQuery { .. } => RequestKind::DrmSyncQuery,
            Self::DrmSyncTransfer(_) => RequestKind::DrmSyncTransfer,
            Self::ResourceExportFd(_) => RequestKind::ResourceExportFd,
            Self::BareCreate { .. } => RequestKind::BareCreate,
            Self::ResourceMemory { .. } => RequestKind::ResourceMemory,
            Self::ResourceExport(_) => RequestKind::ResourceExport,
            Self::ResourceImport(_) => RequestKind::ResourceImport,
            Self::StridedTransfer { .. } => RequestKind::StridedTransfer,
            Self::Resolve { .. } => RequestKind::Resolve,
            Self::Upload { .. } => RequestKind::Upload,
            Self::FenceMerge => RequestKind::FenceMerge,
            Self::Wait { .. } => RequestKind::Wait,
            Self::Signal => RequestKind::Signal,
        }
    }

    /// How many descriptors the client sends with this request.
    pub fn fd_count(&self) -> usize {
        match self {
            Self::DrmSyncFdToHandle
            | Self::DrmSyncImportSyncFile(_)
            | Self::ResourceImport(_)
            | Self::Signal => 1,
            Self::FenceMerge => 2,
            Self::SubmitCmd2(submit) => submit
                .batches()
                .filter(|batch| batch.flags.has_in_fence())
                .count(),
            _ => 0,
        }
    }
}
