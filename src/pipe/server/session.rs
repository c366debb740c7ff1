//! One connection: requests in, answers out, in order.
//!
//! A client reads its answers by position and waits for each, so whatever goes wrong, an answer that is owed is given.
//! Where the protocol leaves the client no way to go on, the connection is closed and the log says why.

use crate::memory::{MemoryError, SharedMemory};
use std::{
    collections::{HashMap, VecDeque},
    io::{self, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    rc::Rc,
};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use super::{
    fds::{receive, send_with_fd},
    limits::Limits,
    record::Recorder,
    renderer::Renderer,
    timelines::{Timelines, signal},
};
use crate::pipe::{
    format::Format,
    resource::{ResourceDescription, bind},
    wire::{
        virgl::{command::ResourceId, enums::TransferDirection},
        vtest::{
            BlobDesc, BlobKind, Inbox, Parsed, Request, RequestError, ResourceDesc, Submit2, Version, parse,
        },
    },
};

/// Why a connection had to be ended.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SessionError {
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("the first request was not CREATE_RENDERER")]
    NoRenderer,
    #[error("{0} is not served, and its client would wait for the answer")]
    Unserved(&'static str),
    #[error("resource id {} is taken, or not for the client to choose", .0.0)]
    ResourceId(ResourceId),
    #[error("{what} would exceed the quota of {limit}")]
    Quota { what: &'static str, limit: u64 },
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("a descriptor was announced and none came")]
    NoDescriptor,
    #[error("the client went while its fence was waited for")]
    Gone,
    #[error("no timeline has the id {0}")]
    Timeline(u32),
    #[error("capset {0} is not served")]
    Capset(u32),
    #[error("the host's GL is lost")]
    Lost,
}

/// The highest protocol version served.
const HIGHEST: Version = Version::V4;

/// What the session knows of a resource.
#[derive(Debug)]
struct Held {
    memory: Option<Rc<SharedMemory>>,
    /// Kept where a client may ask for the descriptor again.
    file: Option<OwnedFd>,
    id_from: Chooser,
}

/// Who chose a resource's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chooser {
    Client,
    Server,
}

impl Held {
    fn bytes(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.len() as u64)
    }
}

/// A connection being served.
#[derive(Debug)]
pub struct Session<R> {
    stream: UnixStream,
    renderer: R,
    limits: Limits,
    version: Version,
    named: bool,
    capset: Option<u32>,
    resources: HashMap<u32, Held>,
    /// Ids of ours that are free again, the last freed last.
    free_ids: Vec<u32>,
    last_id: u32,
    memory: u64,
    timelines: Timelines,
    fds: VecDeque<OwnedFd>,
    recorder: Option<Recorder>,
}

impl<R: Renderer> Session<R> {
    /// A session over a connected socket.
    pub fn new(stream: UnixStream, renderer: R, limits: Limits) -> Self {
        Self {
            stream,
            renderer,
            limits,
            version: Version::V0,
            named: false,
            capset: None,
            resources: HashMap::new(),
            free_ids: Vec::new(),
            last_id: 0,
            memory: 0,
            timelines: Timelines::default(),
            fds: VecDeque::new(),
            recorder: None,
        }
    }

    /// Records the connection.
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Serves the connection until the client goes.
    ///
    /// # Errors
    /// If the connection had to be ended.
    pub fn run(mut self) -> Result<(), SessionError> {
        let result = self.serve_all();
        if let Some(recorder) = self.recorder {
            recorder.finish()?;
        }
        match result {
            Err(SessionError::Io(error)) if is_hangup(&error) => {
                tracing::info!("the client went without hearing all its answers");
                Ok(())
            }
            other => other,
        }
    }

    fn serve_all(&mut self) -> Result<(), SessionError> {
        let mut inbox = Inbox::default();
        loop {
            match parse(inbox.unread(), self.version)? {
                Parsed::Complete { request, taken } => {
                    if let Some(recorder) = &mut self.recorder {
                        let memory = |id: ResourceId| self.resources.get(&id.0)?.memory.clone();
                        recorder.request(&inbox.unread()[..taken], &request, memory)?;
                    }
                    self.serve(&request)?;
                    inbox.take(taken);
                    if self.renderer.lost() {
                        return Err(SessionError::Lost);
                    }
                }
                Parsed::Incomplete { needed } => {
                    self.renderer.flush();
                    match receive(&self.stream, inbox.room(needed), &mut self.fds)? {
                        0 => {
                            Self::ended(inbox.unread().len());
                            return Ok(());
                        }
                        count => inbox.filled(count),
                    }
                }
            }
        }
    }

    fn ended(left: usize) {
        if left > 0 {
            tracing::warn!("the client went in the middle of a request, {left} bytes into it");
        }
    }

    fn reply(&mut self, id: u32, payload: &[u32]) -> Result<(), SessionError> {
        let mut words = vec![payload.len() as u32, id];
        words.extend_from_slice(payload);
        self.stream.write_all(bytemuck::cast_slice(&words))?;
        Ok(())
    }

    /// Replies with a descriptor, which travels in a message of its own after the words.
    fn reply_fd(&mut self, id: u32, payload: &[u32], fd: &OwnedFd) -> Result<(), SessionError> {
        self.reply(id, payload)?;
        Ok(send_with_fd(&self.stream, &[0], fd.as_fd())?)
    }

    /// Capability sets announce their size in bytes, plus one, and the number of the set.
    fn reply_capset(&mut self, set: u32, bytes: &[u8]) -> Result<(), SessionError> {
        let header = [bytes.len() as u32 + 1, set];
        let mut message = bytemuck::cast_slice::<u32, u8>(&header).to_vec();
        message.extend_from_slice(bytes);
        self.stream.write_all(&message)?;
        Ok(())
    }

    fn serve(&mut self, request: &Request<'_>) -> Result<(), SessionError> {
        if !self.named && !matches!(request, Request::CreateRenderer { .. }) {
            return Err(SessionError::NoRenderer);
        }
        match *request {
            Request::CreateRenderer { name } => {
                self.named = true;
                tracing::info!("client {:?}", String::from_utf8_lossy(name));
                Ok(())
            }
            Request::Ping => self.reply(10, &[]),
            Request::ProtocolVersion(theirs) => {
                self.version = Version::negotiate(HIGHEST, theirs);
                self.reply(11, &[self.version.to_wire()])
            }
            Request::GetCaps => self.reply_capset(1, &self.renderer.capset1()),
            Request::GetCaps2 => self.reply_capset(2, &self.renderer.capset2()),
            Request::GetCapset { capset, version } => self.get_capset(capset, version),
            // Parameter 1 is the number of timelines: known, and none.
            Request::GetParam(param) => self.reply(15, &[u32::from(param == 1), 0]),
            Request::ContextInit { capset } => self.context_init(capset),
            Request::ResourceCreate(ref desc) => self.create(desc, None, 2),
            Request::ResourceCreate2 { ref desc, data_size } => self.create(desc, Some(data_size), 12),
            Request::ResourceUnref(id) => {
                self.unref(id);
                Ok(())
            }
            Request::ResourceCreateBlob(ref blob) => self.create_blob(blob),
            Request::ResourceExportFd(id) => self.export(id),
            Request::TransferGet {
                ref transfer,
                data_size,
            } => {
                let mut data = vec![0; data_size as usize];
                self.renderer.read(transfer, &mut data);
                Ok(self.stream.write_all(&data)?)
            }
            Request::TransferPut { ref transfer, data } => {
                self.renderer.write(transfer, data);
                Ok(())
            }
            Request::TransferGet2 {
                ref transfer, offset, ..
            } => {
                self.renderer
                    .transfer(transfer, offset.into(), TransferDirection::FromHost);
                Ok(())
            }
            Request::TransferPut2 {
                ref transfer, offset, ..
            } => {
                self.renderer
                    .transfer(transfer, offset.into(), TransferDirection::ToHost);
                Ok(())
            }
            Request::SubmitCmd(commands) => {
                self.renderer.submit(&commands.words());
                Ok(())
            }
            Request::SubmitCmd2(ref submit) => self.submit2(submit),
            Request::BusyWait { flags, .. } => {
                let busy = self.renderer.busy(flags & 1 != 0);
                self.reply(7, &[busy.into()])
            }
            _ => self.serve_sync(request),
        }
    }

    fn serve_sync(&mut self, request: &Request<'_>) -> Result<(), SessionError> {
        match *request {
            Request::SyncCreate { value } => {
                self.check_timelines()?;
                let id = self.timelines.create(value);
                self.reply(19, &[id])
            }
            Request::SyncUnref(id) => {
                self.timelines.remove(id);
                Ok(())
            }
            Request::SyncRead(id) => {
                let value = self.timelines.read(id).ok_or(SessionError::Timeline(id))?;
                self.reply(21, &[value as u32, (value >> 32) as u32])
            }
            Request::SyncWrite(point) => match self.timelines.write(point) {
                true => Ok(()),
                false => Err(SessionError::Timeline(point.sync)),
            },
            Request::SyncWait {
                flags,
                timeout,
                points,
            } => {
                self.timelines.forget_expired();
                self.check_timelines()?;
                let any = flags & 1 != 0;
                let event = self.timelines.wait(points.iter().collect(), any, timeout)?;
                self.reply_fd(23, &[], &event)
            }
            // A server without kernel synchronisation objects does not know these requests.
            _ => Err(SessionError::Unserved(request.kind().name())),
        }
    }

    fn check_timelines(&self) -> Result<(), SessionError> {
        let limit = self.limits.timelines;
        if self.timelines.len() >= limit {
            return Err(SessionError::Quota {
                what: "another timeline",
                limit: limit as u64,
            });
        }
        Ok(())
    }

    fn get_capset(&mut self, capset: u32, version: u32) -> Result<(), SessionError> {
        let bytes = match (capset, version) {
            (1, 0..=1) => self.renderer.capset1(),
            (2, 0..=2) => self.renderer.capset2(),
            _ => return self.reply(16, &[0]),
        };
        let mut payload = vec![1];
        payload.extend(
            bytes
                .chunks_exact(4)
                .map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]])),
        );
        self.reply(16, &payload)
    }

    fn context_init(&mut self, capset: u32) -> Result<(), SessionError> {
        match (capset, self.capset) {
            (1 | 2, None) => {
                self.capset = Some(capset);
                Ok(())
            }
            (_, Some(before)) if before == capset => Ok(()),
            _ => Err(SessionError::Capset(capset)),
        }
    }

    /// The id for a new resource: the client's choice, or ours from version 3 on.
    fn new_id(&mut self, asked: ResourceId) -> Result<(ResourceId, Chooser), SessionError> {
        let limit = self.limits.resources;
        if self.resources.len() >= limit {
            return Err(SessionError::Quota {
                what: "another resource",
                limit: limit as u64,
            });
        }
        match (self.version.server_allocates_ids(), asked.0) {
            (true, 0) => Ok((self.free_id(), Chooser::Server)),
            (false, 1..) if !self.resources.contains_key(&asked.0) => Ok((asked, Chooser::Client)),
            _ => Err(SessionError::ResourceId(asked)),
        }
    }

    /// An id that nobody uses: the client may have chosen some itself while an older version was in force.
    fn free_id(&mut self) -> ResourceId {
        loop {
            let id = self.free_ids.pop().unwrap_or_else(|| {
                self.last_id = self.last_id.wrapping_add(1).max(1);
                self.last_id
            });
            if !self.resources.contains_key(&id) {
                return ResourceId(id);
            }
        }
    }

    /// Memory for a resource, within the quota.
    fn allocate(&mut self, name: &str, bytes: u64) -> Result<(Rc<SharedMemory>, OwnedFd), SessionError> {
        let limit = self.limits.memory;
        if self.memory.saturating_add(bytes) > limit {
            return Err(SessionError::Quota {
                what: "more shared memory",
                limit,
            });
        }
        let (memory, file) = SharedMemory::create(name, bytes)?;
        self.memory += bytes;
        Ok((Rc::new(memory), file))
    }

    /// `data_size`: bytes of shared memory that the client asks for; `None` if its request knows no such thing.
    fn create(
        &mut self,
        desc: &ResourceDesc,
        data_size: Option<u32>,
        reply: u32,
    ) -> Result<(), SessionError> {
        let (id, id_from) = self.new_id(desc.id)?;
        let full = description(desc);
        let (memory, file) = match data_size.unwrap_or(0) {
            0 => (None, None),
            asked => {
                let needed = self.renderer.backing_size(&full).unwrap_or(0);
                let (memory, file) = self.allocate("pixbridge-resource", needed.max(asked.into()))?;
                (Some(memory), Some(file))
            }
        };
        // The client does not learn of a refusal and goes on using the id. It gets the memory it waits for; what it
        // does with the resource is refused in turn.
        if let Err(error) = self.renderer.create_resource(id, &full, memory.clone()) {
            tracing::warn!("resource {} cannot be made: {error}", id.0);
        }
        if self.version.server_allocates_ids() {
            self.reply(reply, &[id.0])?;
        }
        if let Some(file) = &file {
            send_with_fd(&self.stream, &[0], file.as_fd())?;
        }
        let shared = full.bind & (bind::SHARED | bind::SCANOUT | bind::DISPLAY_TARGET) != 0;
        self.resources.insert(
            id.0,
            Held {
                memory,
                file: file.filter(|_| shared),
                id_from,
            },
        );
        Ok(())
    }

    fn unref(&mut self, id: ResourceId) {
        if let Some(held) = self.resources.remove(&id.0) {
            self.memory -= held.bytes();
            self.renderer.unref_resource(id);
            if held.id_from == Chooser::Server {
                self.free_ids.push(id.0);
            }
        }
    }

    /// Blobs of the host's own memory are not offered by our caps; all kinds get guest memory.
    fn create_blob(&mut self, blob: &BlobDesc) -> Result<(), SessionError> {
        if blob.kind != BlobKind::Guest {
            tracing::warn!("a {} blob is served from guest memory", blob.kind.name());
        }
        let (id, id_from) = self.new_id(ResourceId(0))?;
        let (memory, file) = self.allocate("pixbridge-blob", blob.size)?;
        let bytes = memory.len() as u64;
        if let Err(error) = self
            .renderer
            .create_resource(id, &blob_description(bytes), Some(memory.clone()))
        {
            tracing::warn!("blob {} cannot be made: {error}", id.0);
        }
        self.reply_fd(18, &[id.0], &file)?;
        self.resources.insert(
            id.0,
            Held {
                memory: Some(memory),
                file: Some(file),
                id_from,
            },
        );
        Ok(())
    }

    fn export(&mut self, id: ResourceId) -> Result<(), SessionError> {
        let file = self.resources.get(&id.0).and_then(|held| held.file.as_ref());
        let unserved = SessionError::Unserved("RESOURCE_EXPORT_FD of a resource that is not shared");
        let file = file.ok_or(unserved)?.try_clone()?;
        self.reply_fd(38, &[], &file)
    }

    /// Waits until a fence is readable. Nobody may ever signal it, so the client's going ends the wait, too.
    fn wait_for(&self, fence: &OwnedFd) -> Result<(), SessionError> {
        let mut both = [
            PollFd::new(fence, PollFlags::IN),
            PollFd::new(&self.stream, PollFlags::empty()),
        ];
        rustix::io::retry_on_intr(|| poll(&mut both, None)).map_err(io::Error::from)?;
        match both[0].revents().is_empty() {
            true => Err(SessionError::Gone),
            false => Ok(()),
        }
    }

    fn submit2(&mut self, submit: &Submit2<'_>) -> Result<(), SessionError> {
        for batch in submit.batches() {
            if batch.flags.has_in_fence() {
                let fence = self.fds.pop_front().ok_or(SessionError::NoDescriptor)?;
                self.renderer.flush();
                self.wait_for(&fence)?;
            }
            self.renderer.submit(&batch.commands.words());
            if !batch.syncs.is_empty() || batch.flags.has_out_fence() {
                self.renderer.busy(true);
            }
            for point in batch.syncs.iter() {
                self.timelines.write(point);
            }
            if batch.flags.has_out_fence() {
                let fence = eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?;
                signal(&fence);
                send_with_fd(&self.stream, &[0], fence.as_fd())?;
            }
        }
        Ok(())
    }
}

/// Whether the other end is closed. A client that was killed may leave answers unread.
fn is_hangup(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

fn description(desc: &ResourceDesc) -> ResourceDescription {
    ResourceDescription {
        target: desc.target,
        format: desc.format,
        bind: desc.bind,
        width: desc.width,
        height: desc.height,
        depth: desc.depth,
        array_size: desc.array_size,
        last_level: desc.last_level,
        samples: desc.samples,
        flags: 0,
    }
}

/// A blob as a buffer that lives in guest memory.
fn blob_description(bytes: u64) -> ResourceDescription {
    ResourceDescription {
        target: 0,
        format: Format::R8_UNORM,
        bind: bind::STAGING,
        width: u32::try_from(bytes).unwrap_or(u32::MAX),
        height: 1,
        depth: 1,
        array_size: 1,
        last_level: 0,
        samples: 0,
        flags: 0,
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
