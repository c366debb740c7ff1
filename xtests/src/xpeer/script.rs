//! What a peer is to do: what it offers, how it presents, and what goes wrong.

use std::collections::BTreeMap;

use x11rb_protocol::protocol::{
    Request,
    present::{Capability, CompleteMode},
};

use super::{
    error::ErrorCode,
    extension::{Extension, Offer},
};

/// The modifier of buffers whose rows follow each other (`DRM_FORMAT_MOD_LINEAR`).
pub const LINEAR: u64 = 0;

/// How a peer behaves, from its start.
#[derive(Debug, Clone)]
pub struct Script {
    /// The extensions.
    pub extensions: Offer,
    /// What moves the media stream counter.
    pub clock: Clock,
    /// What DRI3's `GetSupportedModifiers` answers.
    pub modifiers: Modifiers,
    /// What Present's `QueryCapabilities` answers.
    pub capabilities: u32,
    /// How presentations go.
    pub presenting: Presenting,
    /// Requests that are always refused, and with what error.
    pub refused: BTreeMap<Operation, ErrorCode>,
    /// Close a connection after this many requests of all clients have been answered.
    pub disconnect_after: Option<usize>,
}

impl Default for Script {
    /// A faultless local server with all extensions; its clock stands until it is told.
    fn default() -> Self {
        Self {
            extensions: Offer::all(),
            clock: Clock::Manual,
            modifiers: Modifiers::default(),
            capabilities: (Capability::ASYNC | Capability::FENCE | Capability::SYNCOBJ).into(),
            presenting: Presenting::default(),
            refused: BTreeMap::new(),
            disconnect_after: None,
        }
    }
}

impl Script {
    /// A server that takes the client for one of another machine: all of DRI3 is `BadMatch`, descriptors are `BadAccess`.
    #[must_use]
    pub fn remote(mut self) -> Self {
        self.refused.extend([
            (Operation::Dri3QueryVersion, ErrorCode::Match),
            (Operation::Dri3Open, ErrorCode::Match),
            (Operation::Import, ErrorCode::Match),
            (Operation::Export, ErrorCode::Match),
            (Operation::ShmAttachFd, ErrorCode::Access),
            (Operation::ShmCreateSegment, ErrorCode::Access),
        ]);
        self
    }

    /// The same with other extensions.
    #[must_use]
    pub fn offering(mut self, extensions: Offer) -> Self {
        self.extensions = extensions;
        self
    }

    /// The same without an extension.
    #[must_use]
    pub fn without(mut self, extension: Extension) -> Self {
        self.extensions = self.extensions.without(extension);
        self
    }

    /// The same with another version of an extension.
    #[must_use]
    pub fn version(mut self, extension: Extension, version: (u32, u32)) -> Self {
        self.extensions = self.extensions.version(extension, version);
        self
    }

    /// The same with a kind of request that is always refused.
    #[must_use]
    pub fn refusing(mut self, operation: Operation, code: ErrorCode) -> Self {
        self.refused.insert(operation, code);
        self
    }
}

/// What moves the media stream counter (MSC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Nothing but the test. UST is 16667 µs for each count.
    Manual,
    /// Time, this often a second; 0 counts as 1. UST is the time from the peer's start to the count in µs.
    Hertz(u32),
}

/// The modifiers that are told for each window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modifiers {
    /// Those that would be best for the window.
    pub window: Vec<u64>,
    /// Those that the screen takes.
    pub screen: Vec<u64>,
}

impl Default for Modifiers {
    fn default() -> Self {
        Self {
            window: vec![LINEAR],
            screen: vec![LINEAR],
        }
    }
}

impl Modifiers {
    /// No modifiers: buffers have to go without.
    pub fn none() -> Self {
        Self {
            window: Vec::new(),
            screen: Vec::new(),
        }
    }
}

/// How presentations go. Each part can be changed while the peer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presenting {
    /// `CompleteNotify`.
    pub completion: Completion,
    /// `IdleNotify`, and the idle fence or release point with it.
    pub idle: Idle,
    /// Which of the two where there is a release point.
    pub signs: Signs,
    /// The counts that are told.
    pub msc: Msc,
    /// What happens to what was queued for a window that is destroyed.
    pub orphans: Orphans,
}

/// When and how `CompleteNotify` is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// When the picture is on the screen, with this mode. `SKIP` leaves the window as it was.
    Sent(CompleteMode),
    /// The picture is shown and nothing is said.
    Never,
}

impl Default for Completion {
    fn default() -> Self {
        Self::Sent(CompleteMode::COPY)
    }
}

/// When a presented pixmap is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Idle {
    /// Right after `CompleteNotify`, as servers do that copy.
    #[default]
    AfterComplete,
    /// Right before `CompleteNotify`.
    BeforeComplete,
    /// When the next picture of the window is shown, as servers do that flip.
    Replaced,
    /// When the test says so.
    Held,
    /// Not at all.
    Never,
    /// Twice, after `CompleteNotify`.
    Twice,
}

/// What a client is told of a pixmap that it presented with a release point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signs {
    /// The point is signalled, and `IdleNotify` follows.
    #[default]
    Both,
    /// The point is signalled.
    Point,
    /// `IdleNotify` is sent, though the pixmap is still in use.
    Event,
}

/// The counts that `CompleteNotify` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Msc {
    /// The clock's.
    #[default]
    True,
    /// The one that was told last, again and again.
    Repeats,
    /// One less than was told last.
    StepsBack,
}

/// What happens to presentations whose window is destroyed before they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orphans {
    /// They are forgotten.
    #[default]
    Forgotten,
    /// `CompleteNotify` (skipped) and `IdleNotify` follow for the window that is gone.
    Reported,
}

/// What is wrong with a reply. A fault waits for a reply that it can spoil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyFault {
    /// These bytes are sent in its place.
    Garbage(Vec<u8>),
    /// The connection is closed after this many of its bytes.
    Truncated(usize),
    /// It claims to be this many words of four bytes long beyond its first 32 bytes; no more bytes than usual follow.
    Length(u32),
    /// This many descriptors more than announced come with it.
    SurplusFds(usize),
    /// The announced descriptors do not come with it.
    MissingFds,
}

/// A kind of request that can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// DRI3 `QueryVersion`.
    Dri3QueryVersion,
    /// DRI3 `Open`.
    Dri3Open,
    /// DRI3 `PixmapFromBuffer` and `PixmapFromBuffers`.
    Import,
    /// DRI3 `BufferFromPixmap` and `BuffersFromPixmap`.
    Export,
    /// DRI3 `FenceFromFD`.
    FenceFromFd,
    /// DRI3 `FDFromFence`.
    FdFromFence,
    /// DRI3 `ImportSyncobj`.
    ImportSyncobj,
    /// MIT-SHM `AttachFd`.
    ShmAttachFd,
    /// MIT-SHM `CreateSegment`.
    ShmCreateSegment,
    /// MIT-SHM `CreatePixmap`.
    ShmCreatePixmap,
    /// MIT-SHM `PutImage`.
    ShmPutImage,
    /// Present `Pixmap`.
    Present,
    /// Present `PixmapSynced`.
    PresentSynced,
    /// Present `SelectInput`.
    PresentSelectInput,
    /// Core `CreatePixmap`.
    CreatePixmap,
    /// Core `GetImage`.
    GetImage,
    /// Composite `RedirectWindow`.
    Redirect,
    /// Composite `NameWindowPixmap`.
    NamePixmap,
    /// DAMAGE `Create`.
    DamageCreate,
}

impl Operation {
    pub(super) fn of(request: &Request<'_>) -> Option<Self> {
        Some(match request {
            Request::Dri3QueryVersion(_) => Self::Dri3QueryVersion,
            Request::Dri3Open(_) => Self::Dri3Open,
            Request::Dri3PixmapFromBuffer(_) | Request::Dri3PixmapFromBuffers(_) => Self::Import,
            Request::Dri3BufferFromPixmap(_) | Request::Dri3BuffersFromPixmap(_) => Self::Export,
            Request::Dri3FenceFromFD(_) => Self::FenceFromFd,
            Request::Dri3FDFromFence(_) => Self::FdFromFence,
            Request::Dri3ImportSyncobj(_) => Self::ImportSyncobj,
            Request::ShmAttachFd(_) => Self::ShmAttachFd,
            Request::ShmCreateSegment(_) => Self::ShmCreateSegment,
            Request::ShmCreatePixmap(_) => Self::ShmCreatePixmap,
            Request::ShmPutImage(_) => Self::ShmPutImage,
            Request::PresentPixmap(_) => Self::Present,
            Request::PresentPixmapSynced(_) => Self::PresentSynced,
            Request::PresentSelectInput(_) => Self::PresentSelectInput,
            Request::CreatePixmap(_) => Self::CreatePixmap,
            Request::GetImage(_) => Self::GetImage,
            Request::CompositeRedirectWindow(_) => Self::Redirect,
            Request::CompositeNameWindowPixmap(_) => Self::NamePixmap,
            Request::DamageCreate(_) => Self::DamageCreate,
            _ => return None,
        })
    }
}
