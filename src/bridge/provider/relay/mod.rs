//! The relay: clients of a display of ours on the one side, the server on the other, one thread between them.
//!
//! Each client has a connection of its own to the server. What one says is read in large pieces, framed, shown to the
//! [`Interceptor`] where it wishes to see it, and written on from where it was read to. A side that does not read what it is
//! sent is not listened to on the other side, so no client takes more memory than its two buffers. A client that breaks the
//! protocol ends with one line in the log.

mod client;
mod conversation;
mod fault;
mod flow;
mod socket;
mod talk;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{
        EventfdFlags, Timespec,
        epoll::{self, EventData, EventFlags},
        eventfd,
    },
    io::Errno,
    net::{SocketFlags, accept_with},
    process::getuid,
};

use self::{
    client::{Client, Gatehouse, of_token, token},
    conversation::Side,
    fault::{End, Fault},
    socket::Socket,
};
use super::{
    authority::Authority,
    control::{Action, Control, SOURCE},
    display::DisplaySocket,
    intercept::{ClientId, Interceptor, SourceId},
    upstream::Upstream,
};
use crate::{
    pipe::server::{is_transient, permitted},
    x11::X11Error,
};

/// Clients at a time. X servers have 256 by default, and some are not ours.
const MAX_CLIENTS: usize = 256;
/// Events that are looked at before the next wait.
const EVENTS: usize = 64;
/// How long a server that has no room, or a system that is short of something, is left alone.
const RETRY_AFTER: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: Duration::from_millis(20).as_nanos() as i64,
};

/// The relay's own descriptors, by numbers below those of clients' sockets.
const LISTENER: u64 = 0;
const STOP: u64 = 1;
const UPSTREAM: u64 = 2;
const FIRST_CLIENT: u64 = 2;

/// Why a relay ended.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Its server is gone.
    #[error("the server behind the display: {0}")]
    Upstream(#[source] X11Error),
    /// The system refused something that cannot be done without.
    #[error("relaying: {0}")]
    System(#[from] Errno),
}

/// Has a relay end, from any thread.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<OwnedFd>);

impl Stopper {
    /// Ends the relay with all its clients. Nothing happens if it has ended.
    pub fn stop(&self) {
        // It fails only if it was said 2^64 times before.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

/// Whether new clients are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// The system is short of something.
    Shut,
}

/// A display that passes everything on to a server.
#[derive(Debug)]
pub struct Relay<I: Interceptor> {
    display: DisplaySocket,
    house: Gatehouse,
    interceptor: I,
    clients: HashMap<ClientId, Client<I::Ticket>>,
    control: Control,
    next: u64,
    door: Door,
    stop: Stopper,
}

impl<I: Interceptor> Relay<I> {
    /// Joins a display of ours with a server. Nobody is let in before [`Relay::run`].
    ///
    /// # Errors
    /// If the system has no descriptors left.
    pub fn new(
        display: DisplaySocket,
        authority: Authority,
        upstream: Upstream,
        interceptor: I,
    ) -> Result<Self, RelayError> {
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let relay = Self {
            display,
            house: Gatehouse { authority, upstream },
            interceptor,
            clients: HashMap::new(),
            control: Control::new()?,
            next: FIRST_CLIENT,
            door: Door::Open,
            stop: Stopper(Arc::new(stop)),
        };
        relay.watch(&relay.display, LISTENER)?;
        relay.watch(&*relay.stop.0, STOP)?;
        relay.watch(&relay.house.upstream, UPSTREAM)?;
        Ok(relay)
    }

    /// What ends this relay.
    pub fn stopper(&self) -> Stopper {
        self.stop.clone()
    }

    /// Relays until it is told to stop.
    ///
    /// # Errors
    /// If the server goes, or the system refuses what cannot be done without.
    pub fn run(mut self) -> Result<(), RelayError> {
        self.interceptor.started(&mut self.control);
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            self.act();
            let queued = self.clients.values().any(Client::is_queued);
            let timeout = (queued || self.door == Door::Shut).then_some(&RETRY_AFTER);
            events.clear();
            match epoll::wait(&self.control.epoll, spare_capacity(&mut events), timeout) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    STOP => return Ok(()),
                    UPSTREAM => self.house.upstream.listen().map_err(RelayError::Upstream)?,
                    data if data & SOURCE != 0 => {
                        let source = SourceId(data as u32);
                        self.interceptor.ready(source, &mut self.control);
                    }
                    data => {
                        let (client, side) = of_token(data);
                        self.step(client, Some(side));
                    }
                }
            }
            self.retry(queued)?;
        }
    }

    fn watch(&self, fd: impl AsFd, token: u64) -> Result<(), Errno> {
        epoll::add(&self.control.epoll, fd, EventData::new_u64(token), EventFlags::IN)
    }

    /// Does what the interceptor wants done, until that is nothing more.
    fn act(&mut self) {
        loop {
            if self.control.actions.is_empty() {
                self.interceptor.turn(&mut self.control);
            }
            let actions = std::mem::take(&mut self.control.actions);
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::ReleaseRequests(client) => self.release(client, Side::Client),
                    Action::ReleaseMessages(client) => self.release(client, Side::Server),
                    Action::End(client, reason) => {
                        self.end(client, &End::Fault(Fault::Intercepted(reason)));
                    }
                }
            }
        }
    }

    fn release(&mut self, client: ClientId, side: Side) {
        if let Some(found) = self.clients.get_mut(&client) {
            found.release(side);
            self.step(client, None);
        }
    }

    fn step(&mut self, id: ClientId, woken: Option<Side>) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        if let Err(end) = client.step(woken, &self.house, &mut self.interceptor, &mut self.control) {
            self.end(id, &end);
        }
    }

    fn end(&mut self, id: ClientId, end: &End) {
        let Some(client) = self.clients.remove(&id) else {
            return;
        };
        match end {
            End::Gone => tracing::debug!("{id}, process {}, has gone", client.peer),
            End::Fault(fault) => tracing::warn!("{id}, process {}, is ended: {fault}", client.peer),
        }
        if client.has_joined() {
            drop(client);
            self.interceptor.left(id, &mut self.control);
        }
    }

    /// Lets in those who wait, as many as are looked at in one turn.
    fn accept(&mut self) -> Result<(), RelayError> {
        for _ in 0..EVENTS {
            match accept_with(&self.display, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
                Ok(fd) => self.welcome(UnixStream::from(fd)),
                Err(Errno::AGAIN) => break,
                Err(error) if is_transient(&error.into()) => {
                    tracing::warn!("a client cannot be let in: {error}");
                    // It still waits, and what is short does not come back at once.
                    epoll::delete(&self.control.epoll, &self.display)?;
                    self.door = Door::Shut;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn welcome(&mut self, stream: UnixStream) {
        let Some(peer) = permitted(&stream, getuid()) else {
            return;
        };
        if self.clients.len() >= MAX_CLIENTS {
            tracing::warn!("process {peer} is turned away: there are {MAX_CLIENTS} clients");
            return;
        }
        let id = ClientId(self.next);
        self.next += 1;
        let socket = Socket::new(OwnedFd::from(stream), token(id, Side::Client));
        self.clients.insert(id, Client::new(id, peer, socket));
        self.step(id, Some(Side::Client));
    }

    /// Tries again what could not be done before the wait.
    fn retry(&mut self, queued: bool) -> Result<(), RelayError> {
        if self.door == Door::Shut {
            self.watch(&self.display, LISTENER)?;
            self.door = Door::Open;
        }
        if queued {
            let clients = self.clients.iter();
            let waiting: Vec<_> = clients
                .filter(|(_, client)| client.is_queued())
                .map(|(id, _)| *id)
                .collect();
            for client in waiting {
                self.step(client, None);
            }
        }
        Ok(())
    }
}
