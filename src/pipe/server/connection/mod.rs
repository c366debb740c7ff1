//! One connection as a state machine: bytes in, requests carried out, answers out.
//!
//! A client reads its answers by position and waits for each, so whatever goes wrong, an answer that is owed is given.
//! Where the protocol leaves the client no way to go on, the connection is closed and the log says why.
//!
//! Nothing here waits, save for GL and only while nobody else is served. A connection that has to wait says so by its
//! [`State`], and whoever drives it comes back.

mod fences;
mod requests;
mod resources;
mod sharing;

use std::{
    collections::VecDeque,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    time::Instant,
};

use tracing::Span;

use self::{
    fences::{Mark, Merge},
    resources::Resources,
};
pub(super) use sharing::Ask;

use super::{
    error::{SessionError, is_hangup},
    exports::{ConnectionId, Exports},
    fds::{receive, receive_now},
    limits::Limits,
    outbox::Outbox,
    record::Recorder,
    renderer::Renderer,
    timelines::Timelines,
};
use crate::pipe::wire::{
    virgl::command::ResourceId,
    vtest::{Inbox, Parsed, Version, parse},
};

/// What the connections of a session have in common.
#[derive(Debug)]
pub(super) struct Common<S> {
    pub(super) exports: Exports<S>,
    /// Requests that concern other connections, to be taken up by whoever drives them all.
    pub(super) asked: Vec<Ask<S>>,
    /// Whether nobody else would be kept waiting by a wait for GL.
    pub(super) alone: bool,
    /// Bytes of shared memory.
    memory: u64,
    /// The most of them.
    memory_limit: u64,
}

impl<S> Common<S> {
    pub(super) fn new(memory_limit: u64) -> Self {
        Self {
            exports: Exports::default(),
            asked: Vec::new(),
            alone: false,
            memory: 0,
            memory_limit,
        }
    }
}

/// What a connection is at.
#[derive(Debug)]
enum State<F> {
    /// There may be a whole request in the inbox.
    Ready,
    /// The inbox holds no whole request before that many bytes are in it.
    Hungry { needed: usize },
    /// The SUBMIT_CMD2 at the front waits for the fence of that batch.
    Fenced { fence: OwnedFd, batch: usize },
    /// The SUBMIT_CMD2 at the front goes on with that batch, whose fence was waited for.
    Resumed { batch: usize },
    /// A BUSY_WAIT is to be answered once GL has come past the mark.
    Busy(F),
    /// The client says no more; answers may be under way.
    Leaving,
}

/// A connection being served.
#[derive(Debug)]
pub(super) struct Connection<R: Renderer> {
    id: ConnectionId,
    stream: UnixStream,
    renderer: R,
    limits: Limits,
    version: Version,
    named: bool,
    capset: Option<u32>,
    resources: Resources<R::Shared>,
    timelines: Timelines,
    state: State<R::Fence>,
    inbox: Inbox,
    fds: VecDeque<OwnedFd>,
    /// Bytes that came from the socket so far.
    received: u64,
    outbox: Outbox,
    /// Marks in what GL was given, the oldest first.
    marks: VecDeque<Mark<R::Fence>>,
    merges: Vec<Merge>,
    /// RESOLVE and UPLOAD that others have to be waited for.
    resolving: usize,
    recorder: Option<Recorder>,
    span: Span,
}

impl<R: Renderer> Connection<R> {
    pub(super) fn new(id: ConnectionId, stream: UnixStream, renderer: R, limits: Limits, span: Span) -> Self {
        Self {
            id,
            stream,
            renderer,
            limits,
            version: Version::V0,
            named: false,
            capset: None,
            resources: Resources::default(),
            timelines: Timelines::default(),
            state: State::Ready,
            inbox: Inbox::default(),
            fds: VecDeque::new(),
            received: 0,
            outbox: Outbox::new(limits.unread),
            marks: VecDeque::new(),
            merges: Vec::new(),
            resolving: 0,
            recorder: None,
            span,
        }
    }

    /// Records the connection from here on.
    pub(super) fn record(&mut self, recorder: Option<Recorder>) {
        self.recorder = recorder;
    }

    /// What log lines about the connection are under.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(super) fn stream(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Whether it would go on by itself.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready | State::Resumed { .. })
    }

    /// Whether it goes on when bytes come.
    pub(super) fn is_hungry(&self) -> bool {
        matches!(self.state, State::Hungry { .. })
    }

    /// Whether the client has said its last word.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving)
    }

    /// Whether answers wait for the client to read.
    pub(super) fn has_unsent(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether nothing can happen to it before bytes come.
    pub(super) fn only_listens(&self) -> bool {
        self.is_hungry() && !self.has_unsent() && self.marks.is_empty() && self.merges.is_empty()
    }

    /// Whether there is nothing left to do for the client.
    pub(super) fn is_over(&self) -> bool {
        self.is_leaving() && !self.has_unsent()
    }

    /// How far the client had written when this was asked, in bytes from the beginning.
    ///
    /// # Errors
    /// Of the socket.
    pub(super) fn written(&self) -> rustix::io::Result<u64> {
        Ok(self.received + rustix::io::ioctl_fionread(&self.stream)?)
    }

    /// Whether all requests that end before that position are carried out.
    pub(super) fn came_past(&self, position: u64) -> bool {
        match self.state {
            // What is left of them is the beginning of a request, whose end was not written by then.
            State::Hungry { .. } => self.received >= position,
            State::Leaving => true,
            _ => self.received - self.inbox.unread().len() as u64 >= position,
        }
    }

    /// Takes in what the client has sent; with `wait`, once it has.
    ///
    /// # Errors
    /// Of the socket.
    pub(super) fn receive(&mut self, wait: bool) -> Result<(), SessionError> {
        let State::Hungry { needed } = self.state else {
            return Ok(());
        };
        let room = self.inbox.room(needed);
        let count = match wait {
            true => Some(receive(&self.stream, room, &mut self.fds)?),
            false => receive_now(&self.stream, room, &mut self.fds)?,
        };
        match count {
            None => {}
            Some(0) => self.leave(),
            Some(count) => {
                self.inbox.filled(count);
                self.received += count as u64;
                self.state = State::Ready;
            }
        }
        Ok(())
    }

    fn leave(&mut self) {
        let left = self.inbox.unread().len();
        if left > 0 {
            tracing::warn!("the client went in the middle of a request, {left} bytes into it");
        }
        self.state = State::Leaving;
    }

    /// The other end is closed for good.
    ///
    /// # Errors
    /// If the client was in the middle of something.
    pub(super) fn hung_up(&mut self) -> Result<(), SessionError> {
        match self.state {
            State::Fenced { .. } => Err(SessionError::Gone),
            State::Busy(_) | State::Leaving => {
                Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into())
            }
            // What was sent before is carried out.
            State::Ready | State::Resumed { .. } | State::Hungry { .. } => Ok(()),
        }
    }

    /// Sends answers that wait.
    ///
    /// # Errors
    /// Of the socket.
    pub(super) fn send(&mut self) -> Result<(), SessionError> {
        Ok(self.outbox.go_on(&self.stream)?)
    }

    /// Carries out requests that have arrived, until there is none left, one has to wait, or `end` comes.
    ///
    /// # Errors
    /// If the connection cannot go on.
    pub(super) fn serve(
        &mut self,
        common: &mut Common<R::Shared>,
        end: Option<Instant>,
    ) -> Result<(), SessionError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let result = self.serve_from(&mut inbox, common, end);
        self.inbox = inbox;
        result
    }

    fn serve_from(
        &mut self,
        inbox: &mut Inbox,
        common: &mut Common<R::Shared>,
        end: Option<Instant>,
    ) -> Result<(), SessionError> {
        while self.is_ready() {
            match parse(inbox.unread(), self.version)? {
                Parsed::Complete { request, taken } => {
                    if let (Some(recorder), State::Ready) = (&mut self.recorder, &self.state) {
                        let memory = |id: ResourceId| self.resources.get(id)?.shared_memory();
                        recorder.request(&inbox.unread()[..taken], &request, memory)?;
                    }
                    self.carry_out(&request, common)?;
                    if !matches!(self.state, State::Fenced { .. }) {
                        inbox.take(taken);
                    }
                    if self.renderer.lost() {
                        return Err(SessionError::Lost);
                    }
                    if end.is_some_and(|end| Instant::now() >= end) {
                        return Ok(());
                    }
                }
                Parsed::Incomplete { needed } => {
                    self.renderer.flush();
                    self.state = State::Hungry { needed };
                }
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: u32, payload: &[u32]) -> Result<(), SessionError> {
        self.send_bytes(&[payload.len() as u32, id], bytemuck::cast_slice(payload))
    }

    /// Replies with a descriptor, which travels in a message of its own after the words.
    fn reply_fd(&mut self, id: u32, payload: &[u32], fd: &OwnedFd) -> Result<(), SessionError> {
        self.reply(id, payload)?;
        self.send_fd(fd)
    }

    fn send_fd(&mut self, fd: &OwnedFd) -> Result<(), SessionError> {
        self.outbox.send_fd(&self.stream, fd.as_fd())
    }

    fn send_bytes(&mut self, header: &[u32], body: &[u8]) -> Result<(), SessionError> {
        self.outbox.send(&self.stream, bytemuck::cast_slice(header), body)
    }

    /// Gives back what the session holds for the connection, and ends it: `outcome` is how it ended so far.
    ///
    /// # Errors
    /// As `outcome`, save for a client that went; also if the recording cannot be finished.
    pub(super) fn end(
        mut self,
        outcome: Result<(), SessionError>,
        common: &mut Common<R::Shared>,
    ) -> Result<(), SessionError> {
        self.release_resources(common);
        self.release_fences();
        if let Some(recorder) = self.recorder.take() {
            recorder.finish()?;
        }
        match outcome {
            Err(SessionError::Io(error)) if is_hangup(&error) => {
                tracing::info!("the client went without hearing all its answers");
                Ok(())
            }
            other => other,
        }
    }
}
