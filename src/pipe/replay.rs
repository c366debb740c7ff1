//! Replaying a trace: a client that says what a recorded client said.
//!
//! It waits for each answer as the recorded client did, and puts the recorded contents into shared memory before the
//! request that makes the host read them. Any vtest server can be at the other end.

use crate::memory::{MemoryError, SharedMemory};
use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hasher},
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use super::{
    format::Format,
    resource::bind,
    server::receive,
    wire::{
        trace::Record,
        virgl::command::{Box3, ResourceId, Transfer},
        vtest::{HEADER_BYTES, Parsed, ReplyShape, Request, RequestError, ResourceDesc, Version, parse},
    },
};

/// Why a trace cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReplayError {
    #[error("the server is gone: {0}")]
    Io(#[from] io::Error),
    #[error("the trace holds what is no request: {0}")]
    Request(#[from] RequestError),
    #[error("the trace holds {0} bytes that are no whole request")]
    Incomplete(usize),
    #[error("the server's answer to {0} is too long")]
    Reply(&'static str),
    #[error("the server sent no descriptor with its answer to {0}")]
    NoDescriptor(&'static str),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("the trace writes {bytes} bytes at {offset} of resource {}, which has no such memory", .resource.0)]
    Contents {
        resource: ResourceId,
        offset: u64,
        bytes: usize,
    },
}

/// A picture that the recorded client read to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Format of the pixels.
    pub format: Format,
    /// Pixels in a row.
    pub width: u32,
    /// Rows, the top one first.
    pub height: u32,
    /// The pixels without padding.
    pub pixels: Vec<u8>,
}

impl Frame {
    /// A number that differs between different pictures, the same on every run.
    pub fn checksum(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.pixels);
        hasher.finish()
    }

    /// Red, green and blue of every pixel; `None` for formats other than those of 32-bit windows.
    pub fn rgb(&self) -> Option<Vec<u8>> {
        let order = match self.format {
            Format::B8G8R8A8_UNORM
            | Format::B8G8R8X8_UNORM
            | Format::B8G8R8A8_SRGB
            | Format::B8G8R8X8_SRGB => [2, 1, 0],
            Format::R8G8B8A8_UNORM | Format::R8G8B8X8_UNORM => [0, 1, 2],
            _ => return None,
        };
        Some(
            self.pixels
                .chunks_exact(4)
                .flat_map(|pixel| order.map(|channel| pixel[channel]))
                .collect(),
        )
    }
}

#[derive(Debug)]
struct Known {
    desc: ResourceDesc,
    memory: Option<SharedMemory>,
}

/// A client that replays.
#[derive(Debug)]
pub struct Replayer {
    stream: UnixStream,
    version: Version,
    resources: HashMap<u32, Known>,
    /// A picture that the server was asked for, and has not been waited for.
    asked: Option<(Transfer, u32)>,
    fds: VecDeque<OwnedFd>,
}

impl Replayer {
    /// A client on a connected socket.
    pub fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            version: Version::V0,
            resources: HashMap::new(),
            asked: None,
            fds: VecDeque::new(),
        }
    }

    /// Replays one record; gives a picture that it completed to `show`.
    ///
    /// # Errors
    /// If the server goes, or the record makes no sense.
    pub fn play(&mut self, record: &Record, show: &mut dyn FnMut(Frame)) -> Result<(), ReplayError> {
        match record {
            Record::Memory {
                resource,
                offset,
                bytes,
            } => self.write_memory(*resource, *offset, bytes),
            Record::Request(bytes) => self.request(bytes, show),
        }
    }

    fn write_memory(&mut self, resource: ResourceId, offset: u64, bytes: &[u8]) -> Result<(), ReplayError> {
        let memory = self
            .resources
            .get(&resource.0)
            .and_then(|known| known.memory.as_ref());
        let to = usize::try_from(offset)
            .ok()
            .and_then(|start| memory?.write(start..start.checked_add(bytes.len())?));
        match to {
            Some(to) => {
                to.copy_from(bytes.into());
                Ok(())
            }
            None => Err(ReplayError::Contents {
                resource,
                offset,
                bytes: bytes.len(),
            }),
        }
    }

    fn request(&mut self, bytes: &[u8], show: &mut dyn FnMut(Frame)) -> Result<(), ReplayError> {
        let Parsed::Complete { request, taken } = parse(bytes, self.version)? else {
            return Err(ReplayError::Incomplete(bytes.len()));
        };
        if taken != bytes.len() {
            return Err(ReplayError::Incomplete(bytes.len() - taken));
        }
        self.stream.write_all(bytes)?;
        let shape = ReplyShape::of(&request, self.version);
        let reply = self.reply(&request, shape)?;
        if shape != ReplyShape::None
            && let Some(frame) = self
                .asked
                .take()
                .and_then(|(transfer, offset)| self.frame(&transfer, offset))
        {
            show(frame);
        }
        let mut memory = None;
        for _ in 0..ReplyShape::descriptors(&request, &reply) {
            let fd = self.descriptor(request.kind().name())?;
            if matches!(
                request,
                Request::ResourceCreate2 { .. }
                    | Request::ResourceCreateBlob(_)
                    | Request::ResourceMemory { .. }
            ) {
                memory = Some(SharedMemory::map(&fd)?);
            }
        }
        self.learn(&request, &reply, memory);
        Ok(())
    }

    fn reply(&mut self, request: &Request<'_>, shape: ReplyShape) -> Result<Vec<u8>, ReplayError> {
        let length = match shape {
            ReplyShape::None => return Ok(Vec::new()),
            ReplyShape::Raw(length) => length,
            ReplyShape::Words | ReplyShape::Capset => {
                let mut header = [0; HEADER_BYTES];
                self.stream.read_exact(&mut header)?;
                shape
                    .body(header)
                    .ok_or(ReplayError::Reply(request.kind().name()))?
            }
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn descriptor(&mut self, what: &'static str) -> Result<OwnedFd, ReplayError> {
        let mut byte = [0];
        if receive(&self.stream, &mut byte, &mut self.fds)? == 0 {
            return Err(ReplayError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.fds.pop_front().ok_or(ReplayError::NoDescriptor(what))
    }

    fn learn(&mut self, request: &Request<'_>, reply: &[u8], memory: Option<SharedMemory>) {
        let first = reply.first_chunk().map(|word| u32::from_le_bytes(*word));
        match *request {
            Request::ProtocolVersion(_) => {
                self.version = first.and_then(Version::from_wire).unwrap_or(self.version);
            }
            Request::ResourceCreate(desc) | Request::ResourceCreate2 { desc, .. } => {
                let id = if self.version.server_allocates_ids() {
                    first.unwrap_or(0)
                } else {
                    desc.id.0
                };
                self.resources.insert(id, Known { desc, memory });
            }
            Request::BareCreate { desc, .. } => {
                self.resources.insert(desc.id.0, Known { desc, memory });
            }
            Request::ResourceMemory { resource, .. } => {
                if let Some(known) = self.resources.get_mut(&resource.0) {
                    known.memory = memory;
                }
            }
            Request::ResourceUnref(id) => {
                self.resources.remove(&id.0);
            }
            Request::TransferGet2 { transfer, offset, .. } => self.asked = Some((transfer, offset)),
            _ => {}
        }
    }

    /// The picture that a read-back of a whole displayed surface brought.
    fn frame(&self, transfer: &Transfer, offset: u32) -> Option<Frame> {
        let known = self.resources.get(&transfer.resource.0)?;
        let ResourceDesc {
            width,
            height,
            format,
            ..
        } = known.desc;
        let Box3 { x, y, w, h, .. } = transfer.area;
        let whole = (x, y, w as u32, h as u32) == (0, 0, width, height) && transfer.level == 0;
        if !whole || known.desc.bind & (bind::DISPLAY_TARGET | bind::SCANOUT) == 0 {
            return None;
        }
        let bytes = width as usize * height as usize * usize::from(format.info()?.block.bytes);
        let start = offset as usize;
        let pixels = known
            .memory
            .as_ref()?
            .read(start..start.checked_add(bytes)?)?
            .to_vec();
        Some(Frame {
            format,
            width,
            height,
            pixels,
        })
    }
}
