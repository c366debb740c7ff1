//! Framing of the [X11 protocol](https://www.x.org/releases/current/doc/xproto/x11protocol.html#Encoding), in both byte
//! orders: how long messages are, and what has to be known of them to pass them on or to judge them.

#![forbid(unsafe_code)]

mod framer;
mod message;
mod order;
mod request;
pub(crate) mod setup;

pub(crate) use framer::{Framer, Side};
pub(crate) use message::{Kind, Message};
pub use order::ByteOrder;
pub(crate) use request::{Form, Request, RequestHead};

/// Bytes of a message that are kept: all of most events, and what has to be known of a request.
pub(crate) const HEAD: usize = 32;

/// There are fewer bytes than the length of a message can be told by: so many are needed to know more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short(pub(crate) usize);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use x11rb::protocol::xproto::{GET_IMAGE_REQUEST, QUERY_EXTENSION_REQUEST};

    use super::*;

    const NATIVE: ByteOrder = ByteOrder::NATIVE;

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
        let (mut framer, mut found) = (Framer::new(side, NATIVE), Vec::new());
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
        let message = Message::read(NATIVE, &message(1, u32::MAX)).unwrap();
        assert_eq!(message.bytes(), 32 + 4 * u64::from(u32::MAX));
    }

    #[test]
    fn what_the_guard_asks_of_requests_is_read_in_both_forms() {
        let mut query = [&4u16.to_ne_bytes()[..], &[0, 0], b"DRI3"].concat();
        let wanted = Request::QueryExtension { name: b"DRI3" };
        assert_eq!(
            Request::of(NATIVE, &request(QUERY_EXTENSION_REQUEST, 0, &query)),
            wanted
        );
        query[0..2].copy_from_slice(&u16::MAX.to_ne_bytes());
        assert_eq!(
            Request::of(NATIVE, &long(QUERY_EXTENSION_REQUEST, &query)),
            wanted
        );
        let mut image = [0; 16];
        image[8..10].copy_from_slice(&640u16.to_ne_bytes());
        image[10..12].copy_from_slice(&480u16.to_ne_bytes());
        let wanted = Request::GetImage {
            width: 640,
            height: 480,
        };
        assert_eq!(
            Request::of(NATIVE, &request(GET_IMAGE_REQUEST, 2, &image)),
            wanted
        );
        assert_eq!(Request::of(NATIVE, &long(GET_IMAGE_REQUEST, &image)), wanted);
        let other = Request::Other { major: 130, minor: 3 };
        assert_eq!(Request::of(NATIVE, &request(130, 3, &[])), other);
    }
}
