//! Numbers in messages of either byte order.

use crate::x11::ByteOrder;

/// A message whose numbers are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { bytes, order }
    }

    pub(crate) const fn len(self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn u8(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(crate) fn u16(self, at: usize) -> Option<u16> {
        self.order.u16_at(self.bytes, at)
    }

    pub(crate) fn u32(self, at: usize) -> Option<u32> {
        self.order.u32_at(self.bytes, at)
    }

    pub(crate) fn u64(self, at: usize) -> Option<u64> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(match self.order {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        })
    }

    pub(crate) fn bytes(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..)?.get(..length)
    }
}

/// A message that is made, number by number.
#[derive(Debug)]
pub(crate) struct Maker {
    bytes: Vec<u8>,
    order: ByteOrder,
}

impl Maker {
    /// A message of nothing yet.
    pub(crate) const fn new(order: ByteOrder) -> Self {
        Self {
            bytes: Vec::new(),
            order,
        }
    }

    /// A request that begins with these two bytes; [`Maker::request`] fills in its length.
    pub(crate) fn start(order: ByteOrder, major: u8, second: u8) -> Self {
        Self::new(order).u8(major).u8(second).u16(0)
    }

    /// A message that exists, to be changed.
    pub(crate) fn from(bytes: &[u8], order: ByteOrder) -> Self {
        Self {
            bytes: bytes.to_vec(),
            order,
        }
    }

    pub(crate) fn u8(mut self, value: u8) -> Self {
        self.bytes.push(value);
        self
    }

    pub(crate) fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(self.order.u16(value));
        self
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(self.order.u32(value));
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        self
    }

    /// So many zeros.
    pub(crate) fn pad(mut self, count: usize) -> Self {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    /// Writes over what stands at `at`, if there is room for it.
    pub(crate) fn set_u16(self, at: usize, value: u16) -> Self {
        let value = self.order.u16(value);
        self.set(at, &value)
    }

    /// As [`Maker::set_u16`].
    pub(crate) fn set_u32(self, at: usize, value: u32) -> Self {
        let value = self.order.u32(value);
        self.set(at, &value)
    }

    /// As [`Maker::set_u16`].
    pub(crate) fn set_u8(self, at: usize, value: u8) -> Self {
        self.set(at, &[value])
    }

    fn set(mut self, at: usize, value: &[u8]) -> Self {
        if let Some(place) = self
            .bytes
            .get_mut(at..)
            .and_then(|rest| rest.get_mut(..value.len()))
        {
            place.copy_from_slice(value);
        }
        self
    }

    /// The request, with its length in units of four bytes. Requests made here are short.
    pub(crate) fn request(self) -> Vec<u8> {
        let padding = self.bytes.len().next_multiple_of(4) - self.bytes.len();
        let padded = self.pad(padding);
        let units = u16::try_from(padded.bytes.len() / 4).unwrap_or(u16::MAX);
        padded.set_u16(2, units).bytes
    }

    /// The reply or event, of at least 32 bytes, with its length beyond these.
    pub(crate) fn reply(self) -> Vec<u8> {
        let wanted = self.bytes.len().next_multiple_of(4).max(HEAD);
        let padding = wanted - self.bytes.len();
        let units = u32::try_from((wanted - HEAD) / 4).unwrap_or(u32::MAX);
        self.pad(padding).set_u32(4, units).bytes
    }

    /// As it is.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Bytes that every message of the server has.
const HEAD: usize = 32;
