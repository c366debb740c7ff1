//! What is remembered of a client of the relay.

use std::collections::{HashMap, HashSet};

use super::{
    codec::{Bad, ErrorMessage, Geometry},
    growth::Growth,
    touching::{Settled, Touching},
};
use crate::x11::ByteOrder;

/// A request that does not go on yet.
#[derive(Debug)]
pub(crate) enum Held {
    /// Its pixmap is being made.
    Growing(Box<Growth>),
    /// The server must not have it yet: pictures that it reads or draws to are not where the server has them, or nobody
    /// would hear of its fence.
    Touching(Touching),
}

/// Messages that do not go on yet.
#[derive(Debug)]
pub(crate) enum Untold {
    /// A shadow is being made; with the answer to the request that wants it.
    Growing(Box<Growth>),
    /// Shadows are being brought up to date, for the last time or not. So many copies had been asked for before.
    Syncing { last: bool, copies: u64 },
    /// So many uploads are not done yet.
    Uploading(usize),
}

/// What a client has to do with DRI3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acquaintance {
    None,
    /// It has asked for the extension, so it is likely to use it.
    Asked,
    /// It uses it, so that its drawing matters.
    Engaged,
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    id_base: u32,
    id_mask: u32,
    pub(crate) dri3: Acquaintance,
    /// Whether it has the server to itself.
    pub(crate) grabs: bool,
    /// Whether its resources stay when it is gone.
    pub(crate) retains: bool,
    pub(crate) held: Option<Held>,
    /// The pictures that the server has as its last requests need them.
    pub(crate) settled: Settled,
    pub(crate) untold: Option<Untold>,
    /// Windows of which it, or our own connection for it, is told when pixmaps become idle.
    pub(crate) idle_told: HashSet<u32>,
    /// Its pictures of pixmaps of ours.
    pub(crate) pictures: HashMap<u32, u32>,
}

impl Client {
    /// From the server's answer to the connection setup.
    pub(crate) fn new(order: ByteOrder, setup: &[u8]) -> Self {
        let field = |at| order.u32_at(setup, at).unwrap_or_default();
        Self {
            id_base: field(12),
            id_mask: field(16),
            dri3: Acquaintance::None,
            grabs: false,
            retains: false,
            held: None,
            settled: Settled::default(),
            untold: None,
            idle_told: HashSet::new(),
            pictures: HashMap::new(),
        }
    }

    /// Notes that it asks for DRI3.
    pub(crate) fn ask(&mut self) {
        if self.dri3 == Acquaintance::None {
            self.dri3 = Acquaintance::Asked;
        }
    }

    /// Notes that it grabs the server, and says whether the server is to know. It is not if the client may use DRI3: what
    /// the client waits for may have to be done by our own connection, which the server would not listen to.
    pub(crate) fn grab(&mut self) -> bool {
        self.grabs |= self.dri3 == Acquaintance::None;
        self.grabs
    }

    /// Notes that it ends its grab, and says whether the server knows of one.
    pub(crate) const fn ungrab(&mut self) -> bool {
        std::mem::replace(&mut self.grabs, false)
    }

    /// Whether it may give this identifier to something new.
    pub(crate) const fn may_name(&self, id: u32) -> bool {
        id & !self.id_mask == self.id_base
    }
}

/// What the relay keeps for us with a request.
#[derive(Debug)]
pub struct Remembered(pub(crate) Asked);

/// What a request was sent for, in whose answer we have a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// QueryExtension for DRI3.
    Presence,
    /// ListExtensions.
    Extensions,
    /// GetGeometry of a pixmap with padding.
    Geometry(Geometry),
    /// SYNC's QueryFence of a fence whose page knows better.
    Fence(u32),
    /// Something whose reply brings descriptors.
    Descriptors,
    /// A request in the place of one of ours, whose reply or error is turned into that of ours.
    For(StandIn),
}

/// What another request stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StandIn {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    /// What the client is to be told when it is carried out.
    pub(crate) then: Then,
}

/// What is to be done with the answer to a stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// There is none but an error, and then this pixmap was not made.
    Pixmap(u32),
    /// There is none but an error, and then this fence was not made.
    NewFence(u32),
    /// The version of DRI3.
    Version { major: u32, minor: u32 },
    /// An error.
    Fail { bad: Bad, value: u32 },
    /// A connection to the session; the answer is the drawable's geometry.
    Open,
    /// The modifiers of buffers; the answer is the window's geometry.
    Modifiers,
    /// The buffer of a pixmap of ours.
    Buffer { pixmap: u32 },
    /// The buffer of a shadow of a pixmap of the server's; the answer is its geometry.
    Shadow { pixmap: u32 },
    /// The file of a fence that has one.
    FenceFile(u32),
    /// The file of a fence that gets one now; the answer is whether it is triggered.
    NewFenceFile(u32),
    /// Nothing: what came before is carried out, and so the fence is triggered.
    Trigger(u32),
}

impl StandIn {
    pub(crate) const fn error(self, bad: Bad, value: u32) -> ErrorMessage {
        ErrorMessage::core(bad, value, self.major, self.minor as u16)
    }
}
