//! The errors of the protocol.

use super::extension::Extension;

/// An error that a server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// `BadRequest`: no such request.
    Request,
    /// `BadValue`.
    Value,
    /// `BadWindow`.
    Window,
    /// `BadPixmap`.
    Pixmap,
    /// `BadAtom`.
    Atom,
    /// `BadMatch`.
    Match,
    /// `BadDrawable`.
    Drawable,
    /// `BadAccess`.
    Access,
    /// `BadAlloc`.
    Alloc,
    /// `BadGC`.
    Gc,
    /// `BadIDChoice`.
    IdChoice,
    /// `BadLength`.
    Length,
    /// `BadImplementation`.
    Implementation,
    /// MIT-SHM's `BadSeg`.
    Segment,
    /// XFIXES's `BadRegion`.
    Region,
    /// SYNC's `BadFence`.
    Fence,
    /// DAMAGE's `BadDamage`.
    Damage,
    /// DRI3's `BadSyncobj`.
    Syncobj,
}

impl ErrorCode {
    /// Its number on the wire.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Value => 2,
            Self::Window => 3,
            Self::Pixmap => 4,
            Self::Atom => 5,
            Self::Match => 8,
            Self::Drawable => 9,
            Self::Access => 10,
            Self::Alloc => 11,
            Self::Gc => 13,
            Self::IdChoice => 14,
            Self::Length => 16,
            Self::Implementation => 17,
            Self::Segment => Extension::Shm.information().first_error,
            Self::Syncobj => Extension::Dri3.information().first_error,
            Self::Region => Extension::Xfixes.information().first_error,
            // Counters and alarms have the two numbers before it.
            Self::Fence => Extension::Sync.information().first_error + 2,
            Self::Damage => Extension::Damage.information().first_error,
        }
    }

    /// The error about a value, which is an XID for most.
    pub(super) const fn at(self, value: u32) -> RequestError {
        RequestError { code: self, value }
    }
}

/// Why a request was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestError {
    pub(super) code: ErrorCode,
    /// The XID or value that was wrong; 0 where the error has none.
    pub(super) value: u32,
}

impl From<ErrorCode> for RequestError {
    fn from(code: ErrorCode) -> Self {
        code.at(0)
    }
}

/// How a request went.
pub(super) type Outcome = Result<(), RequestError>;
