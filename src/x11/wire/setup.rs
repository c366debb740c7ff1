//! The exchange that [opens a connection](https://www.x.org/releases/current/doc/xproto/x11protocol.html#Connection_Setup).

use super::{ByteOrder, Short};

/// Bytes of a setup request before the names.
const REQUEST: usize = 12;
/// Bytes of an answer that say how long it is.
const ANSWER: usize = 8;
/// The version of the protocol.
pub(crate) const PROTOCOL: (u16, u16) = (11, 0);

/// The length in bytes of a client's first message.
pub(crate) fn request_length(order: ByteOrder, head: &[u8]) -> Result<u64, Short> {
    let lengths = order.u16_at(head, 6).zip(order.u16_at(head, 8));
    let (name, data) = lengths.filter(|_| head.len() >= REQUEST).ok_or(Short(REQUEST))?;
    Ok((REQUEST + padded(name) + padded(data)) as u64)
}

/// The length in bytes of a server's first message.
pub(crate) fn answer_length(order: ByteOrder, head: &[u8]) -> Result<u64, Short> {
    let units = order.u16_at(head, 6).filter(|_| head.len() >= ANSWER);
    let units = units.ok_or(Short(ANSWER))?;
    Ok(ANSWER as u64 + 4 * u64::from(units))
}

/// What a client says first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SetupRequest<'a> {
    pub(crate) version: (u16, u16),
    /// The name of the authorisation protocol.
    pub(crate) name: &'a [u8],
    /// The proof that it asks for.
    pub(crate) data: &'a [u8],
}

impl<'a> SetupRequest<'a> {
    /// Reads a request that is whole, as [`request_length`] says.
    pub(crate) fn read(order: ByteOrder, bytes: &'a [u8]) -> Option<Self> {
        let [major, minor, name, data] = [2, 4, 6, 8].map(|at| order.u16_at(bytes, at));
        let (name, data) = (name?, data?);
        let (names, proof) = bytes.get(REQUEST..)?.split_at_checked(padded(name))?;
        Some(Self {
            version: (major?, minor?),
            name: names.get(..name.into())?,
            data: proof.get(..data.into())?,
        })
    }

    /// The bytes of a request. Names longer than 65535 bytes are cut off.
    pub(crate) fn write(order: ByteOrder, name: &[u8], data: &[u8]) -> Vec<u8> {
        let first = match order {
            ByteOrder::Little => b'l',
            ByteOrder::Big => b'B',
        };
        let [name, data] = [name, data].map(|field| &field[..field.len().min(u16::MAX.into())]);
        let lengths = [name, data].map(|field| order.u16(field.len() as u16));
        let mut bytes = vec![first, 0];
        bytes.extend(
            [PROTOCOL.0, PROTOCOL.1]
                .map(|part| order.u16(part))
                .as_flattened(),
        );
        bytes.extend(lengths.as_flattened());
        bytes.extend([0; 2]);
        for field in [name, data] {
            bytes.extend(field);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }
}

/// An answer that lets nobody in, for a reason of at most 255 bytes; the rest is cut off.
pub(crate) fn refusal(order: ByteOrder, reason: &str) -> Vec<u8> {
    let reason = &reason.as_bytes()[..reason.len().min(u8::MAX.into())];
    let units = reason.len().div_ceil(4) as u16;
    let mut bytes = vec![0, reason.len() as u8];
    bytes.extend(
        [PROTOCOL.0, PROTOCOL.1, units]
            .map(|part| order.u16(part))
            .as_flattened(),
    );
    bytes.extend(reason);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn padded(length: u16) -> usize {
    usize::from(length).next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setup_requests_are_read_as_they_are_written_and_never_beyond_their_end() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let bytes = SetupRequest::write(order, b"MIT-MAGIC-COOKIE-1", &[7; 13]);
            assert_eq!(ByteOrder::of_setup(bytes[0]), Some(order));
            assert_eq!(request_length(order, &bytes), Ok(bytes.len() as u64));
            let read = SetupRequest::read(order, &bytes).unwrap();
            assert_eq!(read.version, (11, 0));
            assert_eq!((read.name, read.data), (&b"MIT-MAGIC-COOKIE-1"[..], &[7; 13][..]));
            for short in 0..REQUEST {
                assert_eq!(request_length(order, &bytes[..short]), Err(Short(REQUEST)));
            }
            assert_eq!(SetupRequest::read(order, &bytes[..12 + 20 + 12]), None);
        }
    }

    #[test]
    fn a_refusal_has_its_reason_and_its_length() {
        let long = "x".repeat(300);
        for (reason, length) in [("", 8), ("no", 12), (&long, 8 + 256)] {
            let bytes = refusal(ByteOrder::Big, reason);
            assert_eq!(bytes.len(), length);
            assert_eq!(answer_length(ByteOrder::Big, &bytes), Ok(length as u64));
            assert_eq!(usize::from(bytes[1]), reason.len().min(255));
        }
    }
}
