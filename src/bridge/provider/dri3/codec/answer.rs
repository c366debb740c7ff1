//! Replies and errors that take the place of the server's.

use super::{Bad, Maker};
use crate::x11::ByteOrder;

/// How a request is answered in the server's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// QueryVersion.
    Version { major: u32, minor: u32 },
    /// A reply of nothing but a descriptor: Open, FDFromFence.
    Descriptor,
    /// GetSupportedModifiers: those of the window, and those of the screen.
    Modifiers { window: &'a [u64], screen: &'a [u64] },
}

impl Answer<'_> {
    /// The reply to the request of this number.
    pub(crate) fn encode(self, order: ByteOrder, sequence: u16) -> Vec<u8> {
        let head = |detail| Maker::new(order).u8(1).u8(detail).u16(sequence).u32(0);
        match self {
            Self::Version { major, minor } => head(0).u32(major).u32(minor).reply(),
            Self::Descriptor => head(1).reply(),
            Self::Modifiers { window, screen } => {
                let count = |list: &[u64]| u32::try_from(list.len()).unwrap_or(u32::MAX);
                let start = head(0).u32(count(window)).u32(count(screen)).pad(16);
                let both = window.iter().chain(screen);
                both.fold(start, |reply, modifier| reply.u64(*modifier)).reply()
            }
        }
    }
}

/// An error that the client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErrorMessage {
    pub(crate) code: u8,
    /// The identifier or value that is wrong.
    pub(crate) value: u32,
    pub(crate) major: u8,
    pub(crate) minor: u16,
}

impl ErrorMessage {
    /// An error of the core protocol.
    pub(crate) const fn core(bad: Bad, value: u32, major: u8, minor: u16) -> Self {
        Self {
            code: bad as u8,
            value,
            major,
            minor,
        }
    }

    pub(crate) fn encode(self, order: ByteOrder, sequence: u16) -> Vec<u8> {
        let head = Maker::new(order).u8(0).u8(self.code).u16(sequence);
        head.u32(self.value)
            .u16(self.minor)
            .u8(self.major)
            .pad(21)
            .finish()
    }
}
