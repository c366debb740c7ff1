//! Bytes to requests.

use super::{
    HEADER_BYTES, MAX_NAME_BYTES, MAX_SUBMIT_BYTES, MAX_SYNC_OBJECTS, MAX_TRANSFER_BYTES,
    items::{Item, Items, Payload, join, words},
    kind::{RequestKind, Version},
    request::*,
    submit::Submit2,
};
use crate::pipe::{
    format::Format,
    wire::virgl::{
        command::{Box3, ResourceId, Transfer},
        enums::TransferDirection,
    },
};

/// Why the bytes are no request. The connection cannot go on: nobody knows where the next request begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RequestError {
    #[error("no request has the number {0}")]
    Unknown(u32),
    #[error("{} of {bytes} bytes; at most {max} are accepted", .kind.name())]
    TooLong {
        kind: RequestKind,
        bytes: u64,
        max: usize,
    },
    #[error("{} of {bytes} bytes, which cannot hold what it announces", .kind.name())]
    Length { kind: RequestKind, bytes: usize },
    #[error("{}: {field} {value} has no meaning", .kind.name())]
    Value {
        kind: RequestKind,
        field: &'static str,
        value: u32,
    },
}

/// What the front of the buffer is.
#[derive(Debug, PartialEq)]
pub enum Parsed<'a> {
    /// A whole request, and the bytes it took.
    Complete {
        /// The request.
        request: Request<'a>,
        /// Its length with the header.
        taken: usize,
    },
    /// The beginning of a request.
    Incomplete {
        /// Bytes that the buffer has to hold before it is worth another look.
        needed: usize,
    },
}

/// Reads the request at the front of `buffer`.
///
/// # Errors
/// If there is none, or one of an unreasonable size.
pub fn parse(buffer: &[u8], version: Version) -> Result<Parsed<'_>, RequestError> {
    let Some((header, rest)) = buffer.split_at_checked(HEADER_BYTES) else {
        return Ok(Parsed::Incomplete { needed: HEADER_BYTES });
    };
    let [length, id] = words(header);
    let kind = RequestKind::from_wire(id).ok_or(RequestError::Unknown(id))?;
    let fixed = kind.fixed_words() * 4;
    if matches!(kind, RequestKind::SubmitCmd2 | RequestKind::SyncWait) && u64::from(length) * 4 < fixed as u64
    {
        return Err(RequestError::Length {
            kind,
            bytes: length as usize * 4,
        });
    }
    if rest.len() < fixed {
        return Ok(Parsed::Incomplete {
            needed: HEADER_BYTES + fixed,
        });
    }
    let parser = Parser {
        kind,
        length,
        version,
        rest,
    };
    let size = parser.size()?;
    match rest.get(..size) {
        None => Ok(Parsed::Incomplete {
            needed: HEADER_BYTES + size,
        }),
        Some(payload) => match parser.request(payload)? {
            Found::Whole(request) => Ok(Parsed::Complete {
                request,
                taken: HEADER_BYTES + size,
            }),
            Found::Tail { request, taken } => Ok(Parsed::Complete {
                request,
                taken: HEADER_BYTES + taken,
            }),
            Found::More(needed) => Ok(Parsed::Incomplete {
                needed: HEADER_BYTES + needed,
            }),
        },
    }
}

enum Found<'a> {
    Whole(Request<'a>),
    /// Something variable followed the announced payload.
    Tail {
        request: Request<'a>,
        taken: usize,
    },
    More(usize),
}

struct Parser<'a> {
    kind: RequestKind,
    length: u32,
    version: Version,
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    fn bounded(&self, bytes: u64, max: usize) -> Result<usize, RequestError> {
        match usize::try_from(bytes) {
            Ok(size) if size <= max => Ok(size),
            _ => Err(RequestError::TooLong {
                kind: self.kind,
                bytes,
                max,
            }),
        }
    }

    /// Bytes of the payload, descriptors' bytes and the tail of SUBMIT_CMD2 apart.
    fn size(&self) -> Result<usize, RequestError> {
        use RequestKind::*;
        let words_of = |words: u64| words * 4;
        let fixed = self.kind.fixed_words() as u64 * 4;
        let handles = || u64::from(words::<1>(self.rest)[0]);
        let most = MAX_SYNC_OBJECTS * 16;
        match self.kind {
            SubmitCmd | SubmitCmd2 => self.bounded(words_of(self.length.into()), MAX_SUBMIT_BYTES),
            SyncWait => self.bounded(words_of(self.length.into()), most),
            CreateRenderer => self.bounded(self.length.into(), MAX_NAME_BYTES),
            TransferPut => {
                let data = words::<11>(self.rest)[10];
                self.bounded(fixed + u64::from(data), MAX_TRANSFER_BYTES)
            }
            DrmSyncWait | DrmSyncReset | DrmSyncSignal | DrmSyncQuery => {
                self.bounded(fixed + handles() * 4, most)
            }
            DrmSyncTimelineSignal | DrmSyncTimelineWait => self.bounded(fixed + handles() * 12, most),
            // One byte carries the descriptor.
            DrmSyncFdToHandle | DrmSyncImportSyncFile | ResourceImport | Signal => Ok(fixed as usize + 1),
            FenceMerge => Ok(fixed as usize + 2),
            _ => Ok(fixed as usize),
        }
    }

    fn length_error(&self, payload: &[u8]) -> RequestError {
        RequestError::Length {
            kind: self.kind,
            bytes: payload.len(),
        }
    }

    fn items<T: Item>(&self, payload: &'a [u8], from: usize) -> Result<Items<'a, T>, RequestError> {
        payload
            .get(from..)
            .and_then(Items::new)
            .ok_or_else(|| self.length_error(payload))
    }

    fn desc(&self, payload: &[u8]) -> ResourceDesc {
        let [
            id,
            target,
            format,
            bind,
            width,
            height,
            depth,
            array_size,
            last_level,
            samples,
        ] = words(payload);
        ResourceDesc {
            id: ResourceId(id),
            target,
            format: Format(format),
            bind,
            width,
            height,
            depth,
            array_size,
            last_level,
            samples,
        }
    }

    fn request(&self, payload: &'a [u8]) -> Result<Found<'a>, RequestError> {
        use RequestKind as K;
        let word = words::<1>(payload)[0];
        Ok(Found::Whole(match self.kind {
            K::GetCaps => Request::GetCaps,
            K::ResourceCreate => Request::ResourceCreate(self.desc(payload)),
            K::ResourceUnref => Request::ResourceUnref(ResourceId(word)),
            K::TransferGet => {
                let data_size = words::<11>(payload)[10];
                self.bounded(data_size.into(), MAX_TRANSFER_BYTES)?;
                Request::TransferGet {
                    transfer: socket_transfer(payload),
                    data_size,
                }
            }
            K::TransferPut => Request::TransferPut {
                transfer: socket_transfer(payload),
                data: payload.get(44..).ok_or_else(|| self.length_error(payload))?,
            },
            K::SubmitCmd => {
                Request::SubmitCmd(Payload::new(payload).ok_or_else(|| self.length_error(payload))?)
            }
            K::BusyWait => {
                let [id, flags] = words(payload);
                Request::BusyWait {
                    resource: ResourceId(id),
                    flags,
                }
            }
            K::CreateRenderer => {
                let end = payload.iter().position(|&b| b == 0).unwrap_or(payload.len());
                Request::CreateRenderer {
                    name: &payload[..end],
                }
            }
            K::GetCaps2 => Request::GetCaps2,
            K::Ping => Request::Ping,
            K::ProtocolVersion => Request::ProtocolVersion(word),
            K::ResourceCreate2 => Request::ResourceCreate2 {
                desc: self.desc(payload),
                data_size: words::<11>(payload)[10],
            },
            K::TransferGet2 => {
                let (transfer, data_size, offset) = shared_transfer(payload);
                Request::TransferGet2 {
                    transfer,
                    data_size,
                    offset,
                }
            }
            K::TransferPut2 => {
                let (transfer, data_size, offset) = shared_transfer(payload);
                Request::TransferPut2 {
                    transfer,
                    data_size,
                    offset,
                }
            }
            K::GetParam => Request::GetParam(word),
            K::GetCapset => {
                let [capset, version] = words(payload);
                Request::GetCapset { capset, version }
            }
            K::ContextInit => Request::ContextInit { capset: word },
            K::ResourceCreateBlob => {
                let [kind, flags, size, size_high, id, id_high] = words(payload);
                let field = "blob type";
                let kind = BlobKind::from_wire(kind).ok_or(RequestError::Value {
                    kind: self.kind,
                    field,
                    value: kind,
                })?;
                let (size, blob_id) = (join(size, size_high), join(id, id_high));
                Request::ResourceCreateBlob(BlobDesc {
                    kind,
                    flags,
                    size,
                    blob_id,
                })
            }
            K::SyncCreate => {
                let [low, high] = words(payload);
                Request::SyncCreate {
                    value: join(low, high),
                }
            }
            K::SyncUnref => Request::SyncUnref(word),
            K::SyncRead => Request::SyncRead(word),
            K::SyncWrite => Request::SyncWrite(SyncPoint::read(payload)),
            K::SyncWait => {
                let [flags, timeout] = words(payload);
                Request::SyncWait {
                    flags,
                    timeout,
                    points: self.items(payload, 8)?,
                }
            }
            K::SubmitCmd2 => return self.submit2(payload),
            K::ResourceExportFd => Request::ResourceExportFd(ResourceId(word)),
            K::BareCreate => Request::BareCreate {
                desc: self.desc(payload),
                flags: words::<11>(payload)[10],
            },
            K::ResourceMemory
            | K::ResourceExport
            | K::ResourceImport
            | K::StridedTransfer
            | K::Resolve
            | K::Upload
            | K::FenceMerge
            | K::Wait
            | K::Signal => self.sharing_request(payload)?,
            _ => self.drm_request(payload)?,
        }))
    }

    /// The extension's requests, all of a fixed size.
    fn sharing_request(&self, payload: &'a [u8]) -> Result<Request<'a>, RequestError> {
        use RequestKind as K;
        let [first, second, third] = words(payload);
        let (serial, resource) = (first, ResourceId(second));
        Ok(match self.kind {
            K::ResourceMemory => Request::ResourceMemory {
                resource: ResourceId(first),
                size: join(second, third),
            },
            K::ResourceExport => Request::ResourceExport(ResourceId(first)),
            K::ResourceImport => Request::ResourceImport(ResourceId(first)),
            K::StridedTransfer => {
                let direction = TransferDirection::from_wire(first).ok_or(RequestError::Value {
                    kind: self.kind,
                    field: "direction",
                    value: first,
                })?;
                let [.., offset, offset_high] = words::<13>(payload);
                Request::StridedTransfer {
                    direction,
                    // The words behind the direction are those of a transfer over the socket.
                    transfer: socket_transfer(payload.get(4..).unwrap_or_default()),
                    offset: join(offset, offset_high),
                }
            }
            K::Resolve => Request::Resolve { serial, resource },
            K::Upload => {
                let [_, _, area @ ..] = words::<6>(payload);
                Request::Upload {
                    serial,
                    resource,
                    area,
                }
            }
            K::Wait => Request::Wait { serial, resource },
            K::Signal => Request::Signal,
            _ => Request::FenceMerge,
        })
    }

    /// What follows the announced payload is told by the batches in it.
    fn submit2(&self, payload: &'a [u8]) -> Result<Found<'a>, RequestError> {
        let words = Payload::new(payload).ok_or_else(|| self.length_error(payload))?;
        let taken = payload.len() + Submit2::check(words, self.version)?;
        Ok(match self.rest.get(payload.len()..taken) {
            None => Found::More(taken),
            Some(tail) => Found::Tail {
                request: Request::SubmitCmd2(Submit2::new(words, tail, self.version)),
                taken,
            },
        })
    }

    fn drm_request(&self, payload: &'a [u8]) -> Result<Request<'a>, RequestError> {
        use RequestKind as K;
        let word = words::<1>(payload)[0];
        let count = word as usize;
        Ok(match self.kind {
            K::DrmSyncCreate => Request::DrmSyncCreate { flags: word },
            K::DrmSyncDestroy => Request::DrmSyncDestroy(word),
            K::DrmSyncHandleToFd => Request::DrmSyncHandleToFd(word),
            K::DrmSyncFdToHandle => Request::DrmSyncFdToHandle,
            K::DrmSyncImportSyncFile => Request::DrmSyncImportSyncFile(word),
            K::DrmSyncExportSyncFile => Request::DrmSyncExportSyncFile(word),
            K::DrmSyncWait => Request::DrmSyncWait {
                wait: drm_wait(payload),
                handles: self.items(payload, 16)?,
            },
            K::DrmSyncReset => Request::DrmSyncReset(self.items(payload, 4)?),
            K::DrmSyncSignal => Request::DrmSyncSignal(self.items(payload, 4)?),
            K::DrmSyncTimelineSignal => {
                let (points, handles) = self.points(&payload[4.min(payload.len())..], count)?;
                Request::DrmSyncTimelineSignal { points, handles }
            }
            K::DrmSyncTimelineWait => {
                let (points, handles) = self.points(&payload[16.min(payload.len())..], count)?;
                Request::DrmSyncTimelineWait {
                    wait: drm_wait(payload),
                    points,
                    handles,
                }
            }
            K::DrmSyncQuery => Request::DrmSyncQuery {
                flags: words::<2>(payload)[1],
                handles: self.items(payload, 8)?,
            },
            _ => {
                let [dst, dst_low, dst_high, src, src_low, src_high, flags] = words(payload);
                let (dst_point, src_point) = (join(dst_low, dst_high), join(src_low, src_high));
                Request::DrmSyncTransfer(DrmTransfer {
                    dst,
                    dst_point,
                    src,
                    src_point,
                    flags,
                })
            }
        })
    }

    fn points(
        &self,
        bytes: &'a [u8],
        count: usize,
    ) -> Result<(Items<'a, u64>, Items<'a, u32>), RequestError> {
        let split = bytes.split_at_checked(count * 8);
        let (points, handles) = split.ok_or_else(|| self.length_error(bytes))?;
        Ok((self.items(points, 0)?, self.items(handles, 0)?))
    }
}

fn drm_wait(payload: &[u8]) -> DrmSyncWait {
    let [_, low, high, flags] = words(payload);
    DrmSyncWait {
        timeout: join(low, high),
        flags,
    }
}

/// TRANSFER_GET and TRANSFER_PUT name their strides.
fn socket_transfer(payload: &[u8]) -> Transfer {
    let [id, level, stride, layer_stride, x, y, z, w, h, d] = words(payload);
    let [x, y, z, w, h, d] = [x, y, z, w, h, d].map(|v| v as i32);
    let area = Box3 { x, y, z, w, h, d };
    Transfer {
        resource: ResourceId(id),
        level,
        usage: 0,
        stride,
        layer_stride,
        area,
    }
}

/// TRANSFER_GET2 and TRANSFER_PUT2 use the strides of the level. Gives the transfer, the data size and the offset.
fn shared_transfer(payload: &[u8]) -> (Transfer, u32, u32) {
    let [id, level, x, y, z, w, h, d, data_size, offset] = words(payload);
    let [x, y, z, w, h, d] = [x, y, z, w, h, d].map(|v| v as i32);
    let area = Box3 { x, y, z, w, h, d };
    let transfer = Transfer {
        resource: ResourceId(id),
        level,
        usage: 0,
        stride: 0,
        layer_stride: 0,
        area,
    };
    (transfer, data_size, offset)
}
