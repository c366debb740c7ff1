//! What an interceptor can have a relay do.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    event::epoll::{self, EventData, EventFlags},
    io::Errno,
};

use super::intercept::{ClientId, SourceId, Watch};

/// Something that is done once the interceptor has returned.
#[derive(Debug)]
pub(super) enum Action {
    ReleaseRequests(ClientId),
    ReleaseMessages(ClientId),
    End(ClientId, String),
}

/// A relay, as far as its interceptor can act on it.
#[derive(Debug)]
pub struct Control {
    pub(super) epoll: OwnedFd,
    pub(super) actions: Vec<Action>,
}

/// Tells the interceptor's sources from the relay's own descriptors.
pub(super) const SOURCE: u64 = 1 << 63;

impl Control {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            actions: Vec::new(),
        })
    }

    /// Goes on with the requests of a client that was held, from the one that was.
    pub fn release_requests(&mut self, client: ClientId) {
        self.actions.push(Action::ReleaseRequests(client));
    }

    /// Goes on with the messages for a client that was held, from the one that was.
    pub fn release_messages(&mut self, client: ClientId) {
        self.actions.push(Action::ReleaseMessages(client));
    }

    /// Ends a client, with a line in the log that says why.
    pub fn end(&mut self, client: ClientId, reason: impl Into<String>) {
        self.actions.push(Action::End(client, reason.into()));
    }

    /// Tells [`Interceptor::ready`](super::Interceptor::ready) when a descriptor has something to do, as long as it has. It
    /// is no longer watched once it is closed, if nothing else holds its file open.
    ///
    /// # Errors
    /// Of the system; a descriptor that is watched already is one.
    pub fn watch(&self, fd: impl AsFd, source: SourceId, watch: Watch) -> Result<(), Errno> {
        epoll::add(&self.epoll, fd, data(source), flags(watch))
    }

    /// Watches a descriptor for something else than before.
    ///
    /// # Errors
    /// Of the system; a descriptor that is not watched is one.
    pub fn watch_for(&self, fd: impl AsFd, source: SourceId, watch: Watch) -> Result<(), Errno> {
        epoll::modify(&self.epoll, fd, data(source), flags(watch))
    }

    /// Watches a descriptor no longer.
    ///
    /// # Errors
    /// Of the system; a descriptor that is not watched is one.
    pub fn forget(&self, fd: impl AsFd) -> Result<(), Errno> {
        epoll::delete(&self.epoll, fd)
    }
}

fn data(source: SourceId) -> EventData {
    EventData::new_u64(SOURCE | u64::from(source.0))
}

fn flags(watch: Watch) -> EventFlags {
    match watch {
        Watch::Read => EventFlags::IN,
        Watch::ReadWrite => EventFlags::IN | EventFlags::OUT,
    }
}
