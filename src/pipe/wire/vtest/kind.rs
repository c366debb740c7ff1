//! Command ids, fixed sizes, and protocol versions.

use crate::pipe::wire::virgl::enums::wire_enum;

wire_enum! {
    /// What a request asks for. The numbers are the command ids on the wire.
    RequestKind {
        GetCaps = 1 "get_caps", ResourceCreate = 2 "resource_create", ResourceUnref = 3 "resource_unref",
        TransferGet = 4 "transfer_get", TransferPut = 5 "transfer_put", SubmitCmd = 6 "submit_cmd",
        BusyWait = 7 "busy_wait", CreateRenderer = 8 "create_renderer", GetCaps2 = 9 "get_caps2",
        Ping = 10 "ping_protocol_version", ProtocolVersion = 11 "protocol_version",
        ResourceCreate2 = 12 "resource_create2", TransferGet2 = 13 "transfer_get2",
        TransferPut2 = 14 "transfer_put2", GetParam = 15 "get_param", GetCapset = 16 "get_capset",
        ContextInit = 17 "context_init", ResourceCreateBlob = 18 "resource_create_blob",
        SyncCreate = 19 "sync_create", SyncUnref = 20 "sync_unref", SyncRead = 21 "sync_read",
        SyncWrite = 22 "sync_write", SyncWait = 23 "sync_wait", SubmitCmd2 = 24 "submit_cmd2",
        DrmSyncCreate = 25 "drm_sync_create", DrmSyncDestroy = 26 "drm_sync_destroy",
        DrmSyncHandleToFd = 27 "drm_sync_handle_to_fd", DrmSyncFdToHandle = 28 "drm_sync_fd_to_handle",
        DrmSyncImportSyncFile = 29 "drm_sync_import_sync_file",
        DrmSyncExportSyncFile = 30 "drm_sync_export_sync_file", DrmSyncWait = 31 "drm_sync_wait",
        DrmSyncReset = 32 "drm_sync_reset", DrmSyncSignal = 33 "drm_sync_signal",
        DrmSyncTimelineSignal = 34 "drm_sync_timeline_signal",
        DrmSyncTimelineWait = 35 "drm_sync_timeline_wait", DrmSyncQuery = 36 "drm_sync_query",
        DrmSyncTransfer = 37 "drm_sync_transfer", ResourceExportFd = 38 "resource_export_fd",
        // Our extension, see docs/protocol.md.
        BareCreate = 0x5042_0001 "pb_resource_create", ResourceMemory = 0x5042_0002 "pb_resource_memory",
        ResourceExport = 0x5042_0003 "pb_resource_export", ResourceImport = 0x5042_0004 "pb_resource_import",
        StridedTransfer = 0x5042_0005 "pb_transfer", Resolve = 0x5042_0006 "pb_resolve",
        Upload = 0x5042_0007 "pb_upload", FenceMerge = 0x5042_0008 "pb_fence_merge",
        Wait = 0x5042_0009 "pb_wait", Signal = 0x5042_000a "pb_signal",
    }
}

impl RequestKind {
    /// Words of the payload that are always there, before any variable part.
    pub(super) const fn fixed_words(self) -> usize {
        match self {
            Self::GetCaps | Self::SubmitCmd | Self::CreateRenderer | Self::GetCaps2 | Self::Ping => 0,
            Self::DrmSyncFdToHandle | Self::FenceMerge | Self::Signal => 0,
            Self::ResourceExport | Self::ResourceImport => 1,
            Self::Resolve | Self::Wait => 2,
            Self::ResourceMemory => 3,
            Self::Upload => 6,
            Self::BareCreate => 11,
            Self::StridedTransfer => 13,
            Self::ResourceUnref | Self::ProtocolVersion | Self::GetParam | Self::ContextInit => 1,
            Self::SyncUnref | Self::SyncRead | Self::SubmitCmd2 | Self::ResourceExportFd => 1,
            Self::DrmSyncCreate | Self::DrmSyncDestroy | Self::DrmSyncHandleToFd => 1,
            Self::DrmSyncImportSyncFile | Self::DrmSyncExportSyncFile => 1,
            Self::DrmSyncReset | Self::DrmSyncSignal | Self::DrmSyncTimelineSignal => 1,
            Self::BusyWait | Self::GetCapset | Self::SyncCreate | Self::SyncWait | Self::DrmSyncQuery => 2,
            Self::SyncWrite => 3,
            Self::DrmSyncWait | Self::DrmSyncTimelineWait => 4,
            Self::ResourceCreateBlob => 6,
            Self::DrmSyncTransfer => 7,
            Self::ResourceCreate | Self::TransferGet2 | Self::TransferPut2 => 10,
            Self::TransferGet | Self::TransferPut | Self::ResourceCreate2 => 11,
        }
    }
}

/// A protocol version that can be in force. Version 1 was withdrawn and never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Version {
    /// Data of transfers moves over the socket.
    #[default]
    V0,
    /// Resources have memory shared by descriptor.
    V2,
    /// The server chooses resource ids.
    V3,
    /// Kernel synchronisation objects, exported resources.
    V4,
}

impl Version {
    /// The highest version known here.
    pub const MAX: Self = Self::V4;

    /// The version in force when both sides' highest versions are `ours` and `theirs`.
    pub fn negotiate(ours: Self, theirs: u32) -> Self {
        let theirs = match theirs {
            0 | 1 => Self::V0,
            2 => Self::V2,
            3 => Self::V3,
            _ => Self::V4,
        };
        ours.min(theirs)
    }

    /// The version with number `n`, if it can be in force.
    pub const fn from_wire(n: u32) -> Option<Self> {
        match n {
            0 => Some(Self::V0),
            2 => Some(Self::V2),
            3 => Some(Self::V3),
            4 => Some(Self::V4),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn to_wire(self) -> u32 {
        match self {
            Self::V0 => 0,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// Whether the server chooses the ids of resources (and the client sends 0).
    pub fn server_allocates_ids(self) -> bool {
        self >= Self::V3
    }
}
