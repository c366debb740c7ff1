//! Framing of the [X11 protocol](https://www.x.org/releases/current/doc/xproto/x11protocol.html#Encoding): where each
//! message of a connection begins, in whatever pieces its bytes come.
//!
//! Nothing is collected but the first bytes of a message; the others are counted. Numbers are in the byte order of this
//! machine, as a client of our own speaks.

#![forbid(unsafe_code)]

use x11rb::protocol::xproto::{
    GE_GENERIC_EVENT, GET_IMAGE_REQUEST, KEYMAP_NOTIFY_EVENT, QUERY_EXTENSION_REQUEST,
};

/// Bytes of a message that are kept: all of most events, and what has to be known of a request.
const HEAD: usize = 32;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The client: requests.
    Client,
    /// The server: replies, errors and events.
    Server,
}

/// The messages of both sides follow an exchange that has another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Setup,
    Messages,
}

/// What the first bytes of a message say of its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Nothing before there are so many.
    ToldBy(usize),
    /// So many bytes in all.
    Bytes(u64),
}

/// Finds the messages of one side.
#[derive(Debug)]
pub(super) struct Framer {
    side: Side,
    stage: Stage,
    head: [u8; HEAD],
    filled: usize,
    /// Bytes of a known message that are still to come.
    rest: u64,
}

impl Framer {
    /// For a connection on which nothing was said yet.
    pub(super) const fn new(side: Side) -> Self {
        Self {
            side,
            stage: Stage::Setup,
            head: [0; HEAD],
            filled: 0,
            rest: 0,
        }
    }

    /// Takes in the next bytes, and gives `begun` the first bytes of each message: 32, or all that it has.
    ///
    /// # Errors
    /// The first of `begun`. There is no going on after it.
    pub(super) fn feed<E>(
        &mut self,
        mut bytes: &[u8],
        mut begun: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                self.rest -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let missing = self.head_length() - self.filled;
            let (taken, left) = bytes.split_at(missing.min(bytes.len()));
            self.head[self.filled..self.filled + taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            bytes = left;
            if let Extent::Bytes(length) = self.extent()
                && self.filled == self.head_length()
            {
                match self.stage {
                    Stage::Setup => self.stage = Stage::Messages,
                    Stage::Messages => begun(&self.head[..self.filled])?,
                }
                self.rest = length - self.filled as u64;
                self.filled = 0;
            }
        }
        Ok(())
    }

    /// Bytes to collect before there is more to decide.
    fn head_length(&self) -> usize {
        match self.extent() {
            Extent::ToldBy(length) => length,
            Extent::Bytes(length) => usize::try_from(length).map_or(HEAD, |length| length.min(HEAD)),
        }
    }

    fn extent(&self) -> Extent {
        let head = &self.head[..self.filled];
        match (self.stage, self.side) {
            (Stage::Setup, Side::Client) => setup_request(head),
            (Stage::Setup, Side::Server) => setup_answer(head),
            (Stage::Messages, Side::Client) => request(head),
            (Stage::Messages, Side::Server) => message(head),
        }
    }
}

fn setup_request(head: &[u8]) -> Extent {
    const FIXED: usize = 12;
    let (Some(name), Some(data)) = (u16_at(head, 6), u16_at(head, 8)) else {
        return Extent::ToldBy(FIXED);
    };
    let padded = |length: u16| u64::from(length).next_multiple_of(4);
    Extent::Bytes(FIXED as u64 + padded(name) + padded(data))
}

fn setup_answer(head: &[u8]) -> Extent {
    const FIXED: usize = 8;
    u16_at(head, 6).map_or(Extent::ToldBy(FIXED), |units| {
        Extent::Bytes(FIXED as u64 + 4 * u64::from(units))
    })
}

fn request(head: &[u8]) -> Extent {
    match (u16_at(head, 2), u32_at(head, 4)) {
        (None, _) => Extent::ToldBy(4),
        // BIG-REQUESTS: the length follows.
        (Some(0), None) => Extent::ToldBy(8),
        (Some(0), Some(units)) => Extent::Bytes(4 * u64::from(units.max(2))),
        (Some(units), _) => Extent::Bytes(4 * u64::from(units)),
    }
}

fn message(head: &[u8]) -> Extent {
    Message::of(head).map_or(Extent::ToldBy(HEAD), |message| Extent::Bytes(message.bytes()))
}

/// A request, as far as its answer depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request<'a> {
    /// Whether there is an extension of this name, which may be cut off.
    QueryExtension { name: &'a [u8] },
    /// The pixels of an area.
    GetImage { width: u16, height: u16 },
    /// Anything else, by the first two bytes.
    Other { major: u8, minor: u8 },
}

impl<'a> Request<'a> {
    /// What a request is that begins with these bytes, of which a [`Framer`] gives enough.
    pub(super) fn of(head: &'a [u8]) -> Self {
        let byte = |at| head.get(at).copied().unwrap_or_default();
        let (major, minor) = (byte(0), byte(1));
        let body = head.get(if u16_at(head, 2) == Some(0) { 8 } else { 4 }..);
        let body = body.unwrap_or_default();
        let known = match major {
            QUERY_EXTENSION_REQUEST => u16_at(body, 0).map(|length| Self::QueryExtension {
                name: name(body, length),
            }),
            GET_IMAGE_REQUEST => u16_at(body, 8)
                .zip(u16_at(body, 10))
                .map(|(width, height)| Self::GetImage { width, height }),
            _ => None,
        };
        known.unwrap_or(Self::Other { major, minor })
    }
}

fn name(body: &[u8], length: u16) -> &[u8] {
    let name = body.get(4..).unwrap_or_default();
    &name[..name.len().min(length.into())]
}

/// What a server's message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) struct Message {
    pub(super) kind: Kind,
    /// The low half of the number of the last request that the server had read.
    pub(super) sequence: u16,
    /// Units of four bytes beyond the first 32 bytes.
    units: u32,
}

impl Message {
    /// What a message is that begins with these bytes; `None` if there are fewer than 32.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let head = head.first_chunk::<HEAD>()?;
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
        let [_, _, low, high, length @ ..] = head.first_chunk::<8>()?;
        Some(Self {
            kind,
            sequence: u16::from_ne_bytes([*low, *high]),
            units: if has_length {
                u32::from_ne_bytes(*length)
            } else {
                0
            },
        })
    }

    /// Its length.
    pub(super) fn bytes(self) -> u64 {
        HEAD as u64 + 4 * u64::from(self.units)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*field))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn setup() -> Vec<u8> {
        let lengths = [11u16, 0, 5, 16, 0].map(u16::to_ne_bytes);
        [&[b'l', 0], lengths.as_flattened(), &[0; 8 + 16]].concat()
    }

    fn request(major: u8, minor: u8, body: &[u8]) -> Vec<u8> {
        let units = 1 + u16::try_from(body.len() / 4).unwrap();
        [&[major, minor], &units.to_ne_bytes()[..], body].concat()
    }

    fn long(major: u8, body: &[u8]) -> Vec<u8> {
        let units = 2 + u32::try_from(body.len() / 4).unwrap();
        [&[major, 0, 0, 0], &units.to_ne_bytes()[..], body].concat()
    }

    fn message(kind: u8, units: u32) -> Vec<u8> {
        let mut bytes = vec![7; 32];
        bytes[0] = kind;
        bytes[4..8].copy_from_slice(&units.to_ne_bytes());
        bytes
    }

    /// The first byte and the length of what a framer finds, fed with pieces of this size.
    fn heads(side: Side, bytes: &[u8], piece: usize) -> Vec<(u8, usize)> {
        let (mut framer, mut found) = (Framer::new(side), Vec::new());
        for piece in bytes.chunks(piece) {
            let fed = framer.feed(piece, |head| {
                found.push((head[0], head.len()));
                Ok::<_, Infallible>(())
            });
            fed.unwrap();
        }
        found
    }

    #[test]
    fn requests_are_found_in_any_pieces() {
        let bytes = [
            setup(),
            request(43, 0, &[]),
            long(72, &[1; 100_000]),
            request(98, 0, &[2; 12]),
            long(1, &[]),
            request(127, 0, &[3; 60]),
        ]
        .concat();
        let wanted = [(43, 4), (72, 32), (98, 16), (1, 8), (127, 32)];
        for piece in [1, 3, 32, 4096, bytes.len()] {
            assert_eq!(heads(Side::Client, &bytes, piece), wanted, "{piece}");
        }
    }

    #[test]
    fn only_replies_and_generic_events_have_a_length() {
        let setup = [&[1, 0, 11, 0, 0, 0][..], &3u16.to_ne_bytes(), &[9; 12]].concat();
        let bytes = [
            setup,
            message(1, 2),
            vec![0; 8],
            message(0, 1 << 20),
            message(35 | 0x80, 1),
            vec![0; 4],
            message(12, u32::MAX),
        ]
        .concat();
        let wanted = [(1, 32), (0, 32), (35 | 0x80, 32), (12, 32)];
        for piece in [1, 5, 32, bytes.len()] {
            assert_eq!(heads(Side::Server, &bytes, piece), wanted, "{piece}");
        }
    }

    #[test]
    fn the_longest_message_has_its_length() {
        let message = Message::of(&message(1, u32::MAX)).unwrap();
        assert_eq!(message.bytes(), 32 + 4 * u64::from(u32::MAX));
    }

    #[test]
    fn what_the_guard_asks_of_requests_is_read_in_both_forms() {
        let mut query = [&4u16.to_ne_bytes()[..], &[0, 0], b"DRI3"].concat();
        let wanted = Request::QueryExtension { name: b"DRI3" };
        assert_eq!(Request::of(&request(QUERY_EXTENSION_REQUEST, 0, &query)), wanted);
        query[0..2].copy_from_slice(&u16::MAX.to_ne_bytes());
        assert_eq!(Request::of(&long(QUERY_EXTENSION_REQUEST, &query)), wanted);
        let mut image = [0; 16];
        image[8..10].copy_from_slice(&640u16.to_ne_bytes());
        image[10..12].copy_from_slice(&480u16.to_ne_bytes());
        let wanted = Request::GetImage {
            width: 640,
            height: 480,
        };
        assert_eq!(Request::of(&request(GET_IMAGE_REQUEST, 2, &image)), wanted);
        assert_eq!(Request::of(&long(GET_IMAGE_REQUEST, &image)), wanted);
        let other = Request::Other { major: 130, minor: 3 };
        assert_eq!(Request::of(&request(130, 3, &[])), other);
    }
}
