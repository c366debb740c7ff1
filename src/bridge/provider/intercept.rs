//! What may decide on the messages that a relay passes on, and what it is told.
//!
//! A relay has one [`Interceptor`] for all of its clients, and calls it from its one thread. Messages that nobody wished to
//! see ([`Wishes`]) pass without a look. For each request of a client exactly one goes on to the server, so that sequence
//! numbers are right without being rewritten; what answers it may be replaced by anything.

use std::{collections::VecDeque, fmt, os::fd::OwnedFd};

use crate::x11::ByteOrder;

use super::control::Control;

/// A client of a relay. The number is never given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub(super) u64);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// Decides on what passes.
pub trait Interceptor {
    /// What it remembers of a request until the answer comes.
    type Ticket;

    /// Called once, before the first client. The place to have descriptors watched.
    fn started(&mut self, control: &mut Control) {
        let _ = control;
    }

    /// The server has let a client in. `wishes` say what is shown of it; they can be changed with each call for the client.
    fn joined(&mut self, newcomer: Newcomer<'_>, wishes: &mut Wishes, control: &mut Control);

    /// A client is gone, and its connection to the server with it.
    fn left(&mut self, client: ClientId, control: &mut Control);

    /// Decides on a request that was wished for. One that is held is shown again when the client is released.
    fn request(&mut self, request: Request<'_>, asking: &mut Asking<'_, Self::Ticket>) -> Verdict;

    /// Decides on an event that was wished for, or on the answer to a request that was given a ticket. One that is held is
    /// shown again when the client is released.
    fn message(&mut self, message: Message<'_, Self::Ticket>, telling: &mut Telling<'_>) -> Verdict;

    /// Decides whether messages that have just come for a client may be looked at and passed on, if
    /// [`Wishes::batches`] says so. If not, that happens when the client is released, without being asked again for the same
    /// messages.
    fn batch(&mut self, client: ClientId, control: &mut Control) -> Batch {
        let _ = (client, control);
        Batch::Pass
    }

    /// A watched descriptor has something to do.
    fn ready(&mut self, source: SourceId, control: &mut Control) {
        let _ = (source, control);
    }

    /// Called before each wait: the place to write out what was buffered.
    fn turn(&mut self, control: &mut Control) {
        let _ = control;
    }
}

/// A client that the server has let in.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'a> {
    /// Which.
    pub client: ClientId,
    /// The order of the bytes in all that it says and is told.
    pub order: ByteOrder,
    /// The server's answer to the connection setup, from its first byte, 1, on.
    pub setup: &'a [u8],
}

/// A request of a client.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whose.
    pub client: ClientId,
    /// The order of its bytes.
    pub order: ByteOrder,
    /// Its number, counted from 1 for each client. Answers have the lower 16 bits.
    pub sequence: u64,
    /// How often something had come from the client when it was first shown or shown again: requests of one number have
    /// all been sent before the first of them was looked at.
    pub arrival: u64,
    /// Its bytes from the major opcode on: all of them, the first 32 if no more was wished for, or as many as the relay has
    /// room for, which is all of a request without BIG-REQUESTS.
    pub bytes: &'a [u8],
    /// Its length in bytes.
    pub length: u64,
    /// Where its fields begin in `bytes`: at 4, or at 8 if it has a length of BIG-REQUESTS.
    pub body: usize,
}

/// What a server says to a client.
#[derive(Debug)]
pub struct Message<'a, T> {
    /// To whom.
    pub client: ClientId,
    /// The order of its bytes.
    pub order: ByteOrder,
    /// Its bytes: all of them, or as many as the relay has room for, which is at least 256 KiB.
    pub bytes: &'a [u8],
    /// Its length in bytes.
    pub length: u64,
    /// What was remembered, if this is the answer (reply or error) to a request with a ticket.
    pub ticket: Option<&'a mut T>,
}

/// What is to become of a message.
#[derive(Debug)]
pub enum Verdict {
    /// It goes on, or something else in its place.
    Pass(Onward),
    /// Nothing of this direction goes on until [`Control::release_requests`] or [`Control::release_messages`].
    Hold,
}

impl Verdict {
    /// The message goes on as it is.
    pub const fn forward() -> Self {
        Self::Pass(Onward {
            instead: None,
            fds: Vec::new(),
        })
    }

    /// Other bytes take its place: exactly one request for a request; any number of whole messages, none too, for a
    /// message. All are in the byte order of the client, and answers have the sequence number of what they answer.
    pub const fn replace(bytes: Vec<u8>) -> Self {
        Self::Pass(Onward::instead(bytes))
    }

    /// Sends descriptors along.
    #[must_use]
    pub fn with_fds(mut self, fds: impl IntoIterator<Item = OwnedFd>) -> Self {
        if let Self::Pass(onward) = &mut self {
            onward.fds.extend(fds);
        }
        self
    }
}

/// What goes on.
#[derive(Debug)]
pub struct Onward {
    /// The bytes, if they are not those that came.
    pub(super) instead: Option<Vec<u8>>,
    /// Descriptors that go along.
    pub(super) fds: Vec<OwnedFd>,
}

impl Onward {
    pub(super) const fn instead(bytes: Vec<u8>) -> Self {
        Self {
            instead: Some(bytes),
            fds: Vec::new(),
        }
    }
}

/// Whether messages go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Now.
    Pass,
    /// After [`Control::release_messages`].
    Hold,
}

/// What there is besides a request.
#[derive(Debug)]
pub struct Asking<'a, T> {
    /// Descriptors that came with the request or before it.
    pub fds: &'a mut FdQueue,
    /// What is shown of this client.
    pub wishes: &'a mut Wishes,
    /// What can be done besides deciding.
    pub control: &'a mut Control,
    pub(super) ticket: Option<T>,
}

impl<T> Asking<'_, T> {
    /// Has the answer to this request be shown, together with the ticket. Without effect if the request is held. The ticket
    /// of a request that is not answered is dropped when an answer to a later one comes.
    pub fn remember(&mut self, ticket: T) {
        self.ticket = Some(ticket);
    }
}

/// What there is besides a server's message.
#[derive(Debug)]
pub struct Telling<'a> {
    /// Descriptors that came with the message or before it.
    pub fds: &'a mut FdQueue,
    /// What is shown of this client.
    pub wishes: &'a mut Wishes,
    /// What can be done besides deciding.
    pub control: &'a mut Control,
}

/// How much of a request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Nothing.
    #[default]
    Not,
    /// The first 32 bytes, as soon as they are there.
    Head,
    /// All, once it is there.
    Whole,
}

/// With what descriptors are passed on that come from either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Descriptors {
    /// With the bytes that they came with.
    #[default]
    GoOn,
    /// With the messages that were decided to have them, by [`FdQueue::take`] and [`Verdict::with_fds`]. All requests that
    /// have some, and those whose replies have some, must be wished for then: others lose them.
    AsDecided,
}

/// What an interceptor wants to see of a client.
#[derive(Debug, Clone)]
pub struct Wishes {
    requests: [Look; 256],
    /// By code.
    events: [bool; 128],
    /// Generic events, by the major opcode of their extension.
    generic: [bool; 256],
    /// Whether to be asked about messages before they are looked at.
    pub batches: bool,
    /// With what descriptors are passed on.
    pub descriptors: Descriptors,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            requests: [Look::Not; 256],
            events: [false; 128],
            generic: [false; 256],
            batches: false,
            descriptors: Descriptors::GoOn,
        }
    }
}

impl Wishes {
    /// How much is shown of requests with this major opcode.
    pub fn requests(&mut self, major: u8, look: Look) {
        self.requests[usize::from(major)] = look;
    }

    /// Whether events with this code (below 128) are shown, sent ones too.
    pub fn events(&mut self, code: u8, shown: bool) {
        self.events[usize::from(code & 0x7f)] = shown;
    }

    /// Whether generic events of the extension with this major opcode are shown.
    pub fn generic_events(&mut self, major: u8, shown: bool) {
        self.generic[usize::from(major)] = shown;
    }

    pub(super) fn look(&self, major: u8) -> Look {
        self.requests[usize::from(major)]
    }

    /// Whether an event that begins with these two bytes is shown.
    pub(super) fn shows(&self, first: u8, second: u8) -> bool {
        const GENERIC: u8 = x11rb::protocol::xproto::GE_GENERIC_EVENT;
        let code = first & 0x7f;
        self.events[usize::from(code)] || code == GENERIC && self.generic[usize::from(second)]
    }
}

/// Descriptors that came and have not gone on, oldest first.
#[derive(Debug, Default)]
pub struct FdQueue(pub(super) VecDeque<OwnedFd>);

impl FdQueue {
    /// Takes the oldest ones; `None`, and nothing, if there are not so many.
    pub fn take(&mut self, count: usize) -> Option<Vec<OwnedFd>> {
        (count <= self.0.len()).then(|| self.0.drain(..count).collect())
    }
}

/// A descriptor that a relay watches for its interceptor, by a number that the interceptor chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceId(pub u32);

/// What a descriptor is watched for. Errors and hang-ups are told with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// That it can be read.
    Read,
    /// That it can be read, or written.
    ReadWrite,
}

/// A relay without an opinion.
#[derive(Debug, Default)]
pub struct Transparent;

impl Interceptor for Transparent {
    type Ticket = ();

    fn joined(&mut self, _: Newcomer<'_>, _: &mut Wishes, _: &mut Control) {}

    fn left(&mut self, _: ClientId, _: &mut Control) {}

    fn request(&mut self, _: Request<'_>, _: &mut Asking<'_, ()>) -> Verdict {
        Verdict::forward()
    }

    fn message(&mut self, _: Message<'_, ()>, _: &mut Telling<'_>) -> Verdict {
        Verdict::forward()
    }
}
