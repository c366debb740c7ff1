//! What servers say: replies, errors and events.

use x11rb::protocol::xproto::{GE_GENERIC_EVENT, KEYMAP_NOTIFY_EVENT};

use super::{ByteOrder, HEAD, Short};

/// What a server's message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    /// With its second byte, and for QueryExtension whether there is one and its major opcode.
    Reply {
        detail: u8,
        present: bool,
        major: u8,
    },
    Event,
    /// The one event without a sequence number.
    KeymapNotify,
}

/// A server's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    /// The low half of the number of the last request that the server had read.
    pub(crate) sequence: u16,
    /// Units of four bytes beyond the first 32 bytes.
    units: u32,
}

impl Message {
    /// What a message is that begins with these bytes, of which 32 are needed.
    pub(crate) fn read(order: ByteOrder, head: &[u8]) -> Result<Self, Short> {
        let head = head.first_chunk::<HEAD>().ok_or(Short(HEAD))?;
        let kind = match head[0] {
            0 => Kind::Error,
            1 => Kind::Reply {
                detail: head[1],
                present: head[8] != 0,
                major: head[9],
            },
            KEYMAP_NOTIFY_EVENT => Kind::KeymapNotify,
            _ => Kind::Event,
        };
        // The highest bit says that another client sent it.
        let has_length = head[0] == 1 || head[0] & 0x7f == GE_GENERIC_EVENT;
        let units = order.u32_at(head, 4).filter(|_| has_length);
        Ok(Self {
            kind,
            sequence: order.u16_at(head, 2).unwrap_or_default(),
            units: units.unwrap_or_default(),
        })
    }

    /// Its length.
    pub(crate) fn bytes(self) -> u64 {
        HEAD as u64 + 4 * u64::from(self.units)
    }
}
