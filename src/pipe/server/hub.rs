//! The loop that drives connections, one or many, in one thread.
//!
//! Each turn serves every connection that has something to do for a slice of time, then sees what GL has finished. Where
//! nothing else is to be done and GL is waited for, it is asked with a little patience, and the sockets are looked at
//! between. A single connection that nobody else could be kept waiting by is served as if there were no loop: it blocks in
//! the socket, and in GL.

use std::{
    io,
    os::{fd::BorrowedFd, unix::net::UnixStream},
    rc::Rc,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{RecvFlags, recv},
};
use tracing::Span;

use super::{
    barrier::{Barrier, Connections},
    connection::{Common, Connection},
    error::SessionError,
    exports::{ConnectionId, LOOK_AFTER},
    limits::Limits,
    record::Recorder,
    renderer::Renderer,
};

/// How long one connection is served while others wait.
const SLICE: Duration = Duration::from_millis(1);
/// How long GL is waited for between looks at the sockets.
const PATIENCE: Duration = Duration::from_micros(500);

/// The connections of a session and what is between them.
#[derive(Debug)]
pub(super) struct Hub<R: Renderer> {
    connections: Connections<R>,
    next_id: u64,
    /// Those who have said nothing so far, and those who now do.
    silent: Vec<Caller>,
    speaking: Vec<Caller>,
    common: Common<R::Shared>,
    barriers: Vec<Barrier<R>>,
    ended: Vec<Ended>,
    /// Whether pictures have gone that were kept for their files.
    let_go: bool,
}

/// Somebody who may become a connection.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) stream: UnixStream,
    pub(super) span: Span,
}

impl Caller {
    /// Whether the other end is closed and nothing was said.
    fn is_gone(&self) -> bool {
        let mut byte = [0];
        matches!(
            recv(&self.stream, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT),
            Ok((_, 0)) | Err(rustix::io::Errno::CONNRESET)
        )
    }
}

/// A connection that is over.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) span: Span,
    pub(super) outcome: Result<(), SessionError>,
}

/// What a polled descriptor is.
#[derive(Debug, Clone, Copy)]
enum Source {
    Listener,
    /// The silent caller of that position.
    Caller(usize),
    Stream(ConnectionId),
    /// A fence that a connection waits for.
    Fence(ConnectionId),
}

impl<R: Renderer> Hub<R> {
    /// No connections yet; they may have `memory` bytes of shared memory together.
    pub(super) fn new(memory: u64) -> Self {
        Self {
            connections: Connections::new(),
            next_id: 0,
            silent: Vec::new(),
            speaking: Vec::new(),
            common: Common::new(memory),
            barriers: Vec::new(),
            ended: Vec::new(),
            let_go: false,
        }
    }

    /// Takes in a connection.
    pub(super) fn add(
        &mut self,
        stream: UnixStream,
        renderer: R,
        limits: Limits,
        span: Span,
        recorder: Option<Recorder>,
    ) {
        let id = ConnectionId(self.next_id);
        self.next_id += 1;
        let mut connection = Connection::new(id, stream, renderer, limits, span);
        connection.record(recorder);
        self.connections.insert(id, connection);
    }

    /// Keeps somebody until they say something.
    pub(super) fn listen_to(&mut self, caller: Caller) {
        self.silent.push(caller);
    }

    /// Those who have begun to speak since this was last asked, to be taken in.
    pub(super) fn speaking(&mut self) -> Vec<Caller> {
        std::mem::take(&mut self.speaking)
    }

    /// The number of connections, and of those who may become one.
    pub(super) fn len(&self) -> usize {
        self.connections.len() + self.silent.len() + self.speaking.len()
    }

    /// The connections that ended since this was last asked.
    pub(super) fn ended(&mut self) -> impl Iterator<Item = Ended> + use<'_, R> {
        self.ended.drain(..)
    }

    /// Whether pictures that no connection had have gone since this was last asked.
    pub(super) fn has_let_go(&mut self) -> bool {
        std::mem::take(&mut self.let_go)
    }

    /// One turn of the loop: waits until there is something to do, and does it. With a listener, also waits for callers
    /// there, up to `limit` if that is given; true if there is one.
    ///
    /// # Errors
    /// If polling fails.
    pub(super) fn turn(
        &mut self,
        listener: Option<BorrowedFd<'_>>,
        limit: Option<Duration>,
    ) -> io::Result<bool> {
        let only = self.connections.len() == 1 && self.silent.is_empty() && self.barriers.is_empty();
        self.common.alone = only;
        let private = only && listener.is_none() && limit.is_none();
        let blocks = private && self.connections.values().all(Connection::only_listens);
        let called = match blocks {
            true => {
                let first = self.connections.keys().next().copied();
                first.into_iter().for_each(|id| self.receive(id, true));
                false
            }
            false => self.poll(listener, limit)?,
        };
        let served = self.serve(private);
        self.let_go |= self.common.exports.look_after_kept();
        self.advance(Duration::ZERO);
        if !served && !called && !self.has_ready() && self.awaits_gl() {
            self.advance(PATIENCE);
        }
        Ok(called)
    }

    fn has_ready(&self) -> bool {
        self.connections.values().any(Connection::is_ready)
    }

    fn awaits_gl(&self) -> bool {
        self.barriers.iter().any(Barrier::awaits_gl) || self.connections.values().any(Connection::awaits_gl)
    }

    /// Looks at all descriptors; waits for one if there is nothing else to do. True if somebody calls.
    fn poll(&mut self, listener: Option<BorrowedFd<'_>>, limit: Option<Duration>) -> io::Result<bool> {
        let mut sources = Vec::with_capacity(self.connections.len() + 1);
        let mut fds = Vec::with_capacity(self.connections.len() + 1);
        if let Some(listener) = &listener {
            sources.push(Source::Listener);
            fds.push(PollFd::new(listener, PollFlags::IN));
        }
        for (at, caller) in self.silent.iter().enumerate() {
            sources.push(Source::Caller(at));
            fds.push(PollFd::new(&caller.stream, PollFlags::IN));
        }
        for (&id, connection) in &self.connections {
            let mut events = PollFlags::empty();
            events.set(PollFlags::IN, connection.is_hungry());
            events.set(PollFlags::OUT, connection.has_unsent());
            sources.push(Source::Stream(id));
            fds.push(PollFd::from_borrowed_fd(connection.stream(), events));
            for fence in connection.awaited_fds() {
                sources.push(Source::Fence(id));
                fds.push(PollFd::from_borrowed_fd(fence, PollFlags::IN));
            }
        }
        let busy = self.has_ready() || self.awaits_gl();
        let timeout = match (busy, limit) {
            (true, _) => Some(Timespec::default()),
            (false, limit) => {
                let look = self.common.exports.keeps_some().then_some(LOOK_AFTER);
                let first = limit.into_iter().chain(look).min();
                first.and_then(|limit| Timespec::try_from(limit).ok())
            }
        };
        let count = rustix::io::retry_on_intr(|| poll(&mut fds, timeout.as_ref()))?;
        if count == 0 {
            return Ok(false);
        }
        let seen: Vec<_> = fds
            .iter()
            .zip(sources)
            .map(|(fd, source)| (source, fd.revents()))
            .filter(|(_, events)| !events.is_empty())
            .collect();
        let mut called = false;
        // The last first, so that the positions of those before stay the same.
        for (source, events) in seen.into_iter().rev() {
            match source {
                Source::Caller(at) => self.hear(at),
                Source::Listener => called = true,
                Source::Stream(id) => self.look_at_stream(id, events),
                Source::Fence(id) => self.with(id, |connection, _| connection.look_at_fds()),
            }
        }
        Ok(called)
    }

    fn hear(&mut self, at: usize) {
        let caller = self.silent.swap_remove(at);
        match caller.is_gone() {
            true => self.ended.push(Ended {
                span: caller.span,
                outcome: Ok(()),
            }),
            false => self.speaking.push(caller),
        }
    }

    fn look_at_stream(&mut self, id: ConnectionId, events: PollFlags) {
        if events.contains(PollFlags::OUT) {
            self.with(id, |connection, _| connection.send());
        }
        if events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            let hungry = self.connections.get(&id).is_some_and(Connection::is_hungry);
            match hungry {
                true => self.receive(id, false),
                false => self.with(id, |connection, _| connection.hung_up()),
            }
        }
    }

    fn receive(&mut self, id: ConnectionId, wait: bool) {
        self.with(id, |connection, _| connection.receive(wait));
    }

    /// Serves those that are ready, a slice each unless this is a private session; those that others wait for go first.
    /// True if there was one.
    fn serve(&mut self, private: bool) -> bool {
        let mut ready: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.is_ready())
            .map(|(&id, connection)| {
                let awaited = self
                    .barriers
                    .iter()
                    .any(|barrier| barrier.waits_for(connection, id));
                (!awaited, id)
            })
            .collect();
        ready.sort_unstable();
        for &(_, id) in &ready {
            let end = (!private).then(|| Instant::now() + SLICE);
            self.with(id, |connection, common| connection.serve(common, end));
            for ask in std::mem::take(&mut self.common.asked) {
                self.barriers.push(Barrier::new(ask, &self.connections));
            }
        }
        !ready.is_empty()
    }

    /// Does what waited for others or for GL and need not any more. At most one wait takes as long as `patience`.
    fn advance(&mut self, mut patience: Duration) {
        let mut barriers = std::mem::take(&mut self.barriers);
        // What one connection asks for one picture is done in the order of its asking.
        let mut before = Vec::new();
        barriers.retain_mut(|barrier| {
            let requester = barrier.ask.requester;
            if self
                .connections
                .get(&requester)
                .is_none_or(Connection::is_leaving)
            {
                return false;
            }
            let of = (requester, Rc::as_ptr(&barrier.ask.export));
            if before.contains(&of) {
                return true;
            }
            let patience = match barrier.awaits_gl() {
                true => std::mem::take(&mut patience),
                false => Duration::ZERO,
            };
            let over = barrier.advance(&mut self.connections, patience);
            if over {
                self.with(requester, |connection, _| {
                    connection.carry_out_asked(&barrier.ask)
                });
            } else {
                before.push(of);
            }
            !over
        });
        self.barriers = barriers;
        let waiting: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.awaits_gl())
            .map(|(&id, _)| id)
            .collect();
        for id in waiting {
            let patience = std::mem::take(&mut patience);
            self.with(id, |connection, _| connection.look_at_gl(patience));
        }
    }

    /// Does something with a connection, if it is still there, and ends it if that fails or nothing is left to do.
    fn with(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Connection<R>, &mut Common<R::Shared>) -> Result<(), SessionError>,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let span = connection.span();
        let outcome = span.in_scope(|| act(connection, &mut self.common));
        if outcome.is_ok() && !connection.is_over() {
            return;
        }
        if let Some(connection) = self.connections.remove(&id) {
            let outcome = span.in_scope(|| connection.end(outcome, &mut self.common));
            self.ended.push(Ended { span, outcome });
        }
    }
}
