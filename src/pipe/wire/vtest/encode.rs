//! Requests in wire form, as a Mesa client writes them.

use super::{
    kind::RequestKind,
    request::{DrmSyncWait, Request, ResourceDesc},
};
use crate::pipe::wire::virgl::command::{Box3, Transfer};

impl Request<'_> {
    /// Appends the request to `out`, header included.
    ///
    /// Where descriptors belong to it, the byte that each of them travels with is included (value 0): a client sends
    /// the bytes before it plainly, and that one byte together with the descriptor. For DRM_SYNC_FD_TO_HANDLE,
    /// DRM_SYNC_IMPORT_SYNC_FILE, the extension's requests and a SUBMIT_CMD2 of one batch these bytes are the last.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0; super::HEADER_BYTES]);
        let length = self.encode_payload(out);
        let header = [length, self.kind().to_wire()];
        for (at, word) in out[start..].as_chunks_mut().0.iter_mut().zip(header) {
            *at = word.to_le_bytes();
        }
    }

    /// Appends what follows the header; returns the length word.
    fn encode_payload(&self, out: &mut Vec<u8>) -> u32 {
        let start = out.len();
        match *self {
            Self::GetCaps | Self::GetCaps2 | Self::Ping => {}
            Self::CreateRenderer { name } => {
                out.extend(name);
                out.push(0);
                return (out.len() - start) as u32;
            }
            Self::DrmSyncFdToHandle | Self::Signal => {
                out.push(0);
                return 0;
            }
            Self::FenceMerge => {
                out.extend([0, 0]);
                return 0;
            }
            Self::ResourceImport(id) => {
                put(out, [id.0]);
                out.push(0);
                return 1;
            }
            Self::DrmSyncImportSyncFile(handle) => {
                put(out, [handle]);
                out.push(0);
                return 1;
            }
            Self::SubmitCmd2(submit) => {
                out.extend(submit.payload().bytes());
                out.extend(submit.tail());
                return submit.payload().len() as u32;
            }
            Self::TransferPut { transfer, data } => {
                put_socket_transfer(out, transfer, data.len() as u32);
                out.extend(data);
                return RequestKind::TransferPut.fixed_words() as u32 + (data.len() as u32).div_ceil(4);
            }
            Self::TransferPut2 {
                transfer,
                data_size,
                offset,
            } => {
                put_memory_transfer(out, transfer, data_size, offset);
                return RequestKind::TransferPut2.fixed_words() as u32 + data_size.div_ceil(4);
            }
            Self::TransferGet { transfer, data_size } => put_socket_transfer(out, transfer, data_size),
            Self::TransferGet2 {
                transfer,
                data_size,
                offset,
            } => put_memory_transfer(out, transfer, data_size, offset),
            Self::ResourceCreate(desc) => put_desc(out, desc),
            Self::ResourceCreate2 { desc, data_size } => {
                put_desc(out, desc);
                put(out, [data_size]);
            }
            Self::ResourceCreateBlob(blob) => {
                put(out, [blob.kind.to_wire(), blob.flags]);
                put64(out, blob.size);
                put64(out, blob.blob_id);
            }
            Self::SubmitCmd(commands) => out.extend(commands.bytes()),
            Self::BusyWait { resource, flags } => put(out, [resource.0, flags]),
            Self::ResourceUnref(resource)
            | Self::ResourceExportFd(resource)
            | Self::ResourceExport(resource) => put(out, [resource.0]),
            Self::BareCreate { desc, flags } => {
                put_desc(out, desc);
                put(out, [flags]);
            }
            Self::ResourceMemory { resource, size } => {
                put(out, [resource.0]);
                put64(out, size);
            }
            Self::StridedTransfer {
                direction,
                transfer,
                offset,
            } => {
                put(out, [direction.to_wire()]);
                put_strided(out, transfer);
                put64(out, offset);
            }
            Self::Resolve { serial, resource } | Self::Wait { serial, resource } => {
                put(out, [serial, resource.0]);
            }
            Self::Upload {
                serial,
                resource,
                area,
            } => {
                put(out, [serial, resource.0]);
                put(out, area);
            }
            Self::ProtocolVersion(word)
            | Self::GetParam(word)
            | Self::ContextInit { capset: word }
            | Self::SyncUnref(word)
            | Self::SyncRead(word)
            | Self::DrmSyncCreate { flags: word }
            | Self::DrmSyncDestroy(word)
            | Self::DrmSyncHandleToFd(word)
            | Self::DrmSyncExportSyncFile(word) => put(out, [word]),
            Self::GetCapset { capset, version } => put(out, [capset, version]),
            Self::SyncCreate { value } => put64(out, value),
            Self::SyncWrite(point) => {
                put(out, [point.sync]);
                put64(out, point.value);
            }
            Self::SyncWait {
                flags,
                timeout,
                points,
            } => {
                put(out, [flags, timeout]);
                out.extend(points.bytes());
            }
            Self::DrmSyncWait { wait, handles } => {
                put_drm_wait(out, wait, handles.len());
                out.extend(handles.bytes());
            }
            Self::DrmSyncReset(handles) | Self::DrmSyncSignal(handles) => {
                put(out, [handles.len() as u32]);
                out.extend(handles.bytes());
            }
            Self::DrmSyncTimelineSignal { points, handles } => {
                put(out, [handles.len() as u32]);
                out.extend(points.bytes());
                out.extend(handles.bytes());
            }
            Self::DrmSyncTimelineWait {
                wait,
                points,
                handles,
            } => {
                put_drm_wait(out, wait, handles.len());
                out.extend(points.bytes());
                out.extend(handles.bytes());
            }
            Self::DrmSyncQuery { flags, handles } => {
                put(out, [handles.len() as u32, flags]);
                out.extend(handles.bytes());
            }
            Self::DrmSyncTransfer(copy) => {
                put(out, [copy.dst]);
                put64(out, copy.dst_point);
                put(out, [copy.src]);
                put64(out, copy.src_point);
                put(out, [copy.flags]);
            }
        }
        ((out.len() - start) / 4) as u32
    }
}

/// Appends `words`.
pub(super) fn put<const N: usize>(out: &mut Vec<u8>, words: [u32; N]) {
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// Appends a 64-bit value as two words, the low one first.
pub(super) fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend(value.to_le_bytes());
}

fn put_desc(out: &mut Vec<u8>, desc: ResourceDesc) {
    put(
        out,
        [
            desc.id.0,
            desc.target,
            desc.format.0,
            desc.bind,
            desc.width,
            desc.height,
            desc.depth,
            desc.array_size,
            desc.last_level,
            desc.samples,
        ],
    );
}

fn put_box(out: &mut Vec<u8>, area: Box3) {
    put(
        out,
        [area.x, area.y, area.z, area.w, area.h, area.d].map(|edge| edge as u32),
    );
}

fn put_socket_transfer(out: &mut Vec<u8>, transfer: Transfer, data_size: u32) {
    put_strided(out, transfer);
    put(out, [data_size]);
}

fn put_strided(out: &mut Vec<u8>, transfer: Transfer) {
    put(
        out,
        [
            transfer.resource.0,
            transfer.level,
            transfer.stride,
            transfer.layer_stride,
        ],
    );
    put_box(out, transfer.area);
}

fn put_memory_transfer(out: &mut Vec<u8>, transfer: Transfer, data_size: u32, offset: u32) {
    put(out, [transfer.resource.0, transfer.level]);
    put_box(out, transfer.area);
    put(out, [data_size, offset]);
}

fn put_drm_wait(out: &mut Vec<u8>, wait: DrmSyncWait, handles: usize) {
    put(out, [handles as u32]);
    put64(out, wait.timeout);
    put(out, [wait.flags]);
}
