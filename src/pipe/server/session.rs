//! Sessions: one connection with a renderer of its own, or many whose renderers share.

use std::{
    io,
    os::{
        fd::AsFd,
        unix::net::{UnixListener, UnixStream},
    },
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::getuid,
};
use tracing::Span;

use super::{
    error::SessionError,
    hub::{Caller, Hub},
    limits::{Limits, SharedLimits},
    listener::{is_transient, permitted},
    record::Recorder,
    renderer::{Renderer, RendererGroup},
};
use crate::heap;

/// How long callers wait when descriptors or memory are short.
const RETRY_AFTER: Duration = Duration::from_millis(20);
/// How long what ended connections left stays: others let go of what they shared with them, and more may end.
const CLEAR_AFTER: Duration = Duration::from_millis(300);

/// A single connection being served.
#[derive(Debug)]
pub struct Session<R> {
    stream: UnixStream,
    renderer: R,
    limits: Limits,
    recorder: Option<Recorder>,
}

impl<R: Renderer> Session<R> {
    /// A session over a connected socket.
    pub fn new(stream: UnixStream, renderer: R, limits: Limits) -> Self {
        Self {
            stream,
            renderer,
            limits,
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
    pub fn run(self) -> Result<(), SessionError> {
        let mut hub = Hub::new(self.limits.memory);
        hub.add(
            self.stream,
            self.renderer,
            self.limits,
            Span::none(),
            self.recorder,
        );
        loop {
            hub.turn(None, None)?;
            if let Some(ended) = hub.ended().next() {
                return ended.outcome;
            }
        }
    }
}

/// Many connections in one thread, whose renderers are of one group.
///
/// Clients trust each other as far as they hand each other resources: what one client sends can neither read what it was
/// not given nor keep another waiting, but a host's GL that dies of it is lost to all.
#[derive(Debug)]
pub struct SharedSession<G: RendererGroup> {
    listener: UnixListener,
    // What it keeps of resources goes before what they are made of.
    hub: Hub<G::Renderer>,
    group: G,
    limits: SharedLimits,
    /// When to give back what ended connections and pictures left, if there were any.
    clearing: Option<Instant>,
}

impl<G: RendererGroup> SharedSession<G> {
    /// A session that takes in whoever of its own user connects to a socket.
    ///
    /// # Errors
    /// If the socket cannot be prepared.
    pub fn new(listener: UnixListener, group: G, limits: SharedLimits) -> io::Result<Self> {
        // Callers may be gone again by the time they are accepted.
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            group,
            limits,
            hub: Hub::new(limits.memory),
            clearing: None,
        })
    }

    /// Serves until the listening socket is shut down (shutdown(2), by any process that has it) and the last client is
    /// gone.
    ///
    /// # Errors
    /// If polling or accepting fails for good.
    pub fn run(mut self) -> io::Result<()> {
        let mut listening = Listening::Now;
        loop {
            let rest = match listening {
                Listening::From(time) => time.checked_duration_since(Instant::now()),
                Listening::Now | Listening::NoMore => None,
            };
            let listens = rest.is_none() && !matches!(listening, Listening::NoMore);
            let listener = listens.then(|| self.listener.as_fd());
            let clearing = self
                .clearing
                .map(|time| time.saturating_duration_since(Instant::now()));
            if self.hub.turn(listener, rest.into_iter().chain(clearing).min())? {
                listening = self.accept()?;
            }
            self.take_in();
            self.report_ended();
            self.clear();
            if matches!(listening, Listening::NoMore) && self.hub.len() == 0 {
                return Ok(());
            }
        }
    }

    /// Takes in somebody who calls.
    fn accept(&mut self) -> io::Result<Listening> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(match is_shut_down(&self.listener)? {
                    true => Listening::NoMore,
                    false => Listening::Now,
                });
            }
            Err(error) if is_transient(&error) => {
                tracing::warn!("a connection cannot be accepted: {error}");
                return Ok(Listening::From(Instant::now() + RETRY_AFTER));
            }
            Err(error) => return Err(error),
        };
        let Some(peer) = permitted(&stream, getuid()) else {
            return Ok(Listening::Now);
        };
        let limit = self.limits.connections;
        if self.hub.len() >= limit {
            tracing::warn!("process {peer} is turned away: there are {limit} connections");
            return Ok(Listening::Now);
        }
        let span = tracing::error_span!("client", process = %peer, name = tracing::field::Empty);
        span.in_scope(|| tracing::info!("a connection"));
        self.hub.listen_to(Caller { stream, span });
        Ok(Listening::Now)
    }

    /// Makes renderers for those who begin to speak. Clients are handed connections that they may never use, and contexts
    /// of GL are dear.
    fn take_in(&mut self) {
        for Caller { stream, span } in self.hub.speaking() {
            match self.group.connect() {
                Ok(renderer) => self.hub.add(stream, renderer, self.limits.connection, span, None),
                Err(error) => span.in_scope(|| tracing::error!("no renderer: {error}")),
            }
        }
    }

    fn report_ended(&mut self) {
        if self.hub.has_let_go() {
            self.clearing.get_or_insert_with(|| Instant::now() + CLEAR_AFTER);
        }
        for ended in self.hub.ended() {
            self.clearing.get_or_insert_with(|| Instant::now() + CLEAR_AFTER);
            ended.span.in_scope(|| match ended.outcome {
                Ok(()) => tracing::info!("the connection ended"),
                Err(error) => tracing::error!("the connection is ended: {error}"),
            });
        }
    }

    /// Gives back what ended connections left, once it is time.
    fn clear(&mut self) {
        if self.clearing.is_some_and(|time| time <= Instant::now()) {
            self.clearing = None;
            self.group.tidy();
            heap::trim();
        }
    }
}

/// Whether nobody will call at a listening socket any more. Asked without blocking, accepting does not tell.
fn is_shut_down(listener: &UnixListener) -> io::Result<bool> {
    let mut one = [PollFd::new(listener, PollFlags::IN)];
    rustix::io::retry_on_intr(|| poll(&mut one, Some(&Timespec::default())))?;
    Ok(one[0].revents().contains(PollFlags::HUP))
}

/// Whether a session takes in callers.
#[derive(Debug, Clone, Copy)]
enum Listening {
    Now,
    /// Something was short, and does not come back at once.
    From(Instant),
    NoMore,
}

#[cfg(test)]
#[path = "session_tests/mod.rs"]
mod tests;
