//! Views of variable-sized parts of a request that stay in the receive buffer.

use std::{borrow::Cow, marker::PhantomData};

/// A run of 32-bit words, still as bytes in the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a>(&'a [u8]);

impl<'a> Payload<'a> {
    /// Views `bytes` as words; `None` if there is an odd number of bytes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        bytes.len().is_multiple_of(4).then_some(Self(bytes))
    }

    /// The bytes as received.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The number of words.
    pub fn len(self) -> usize {
        self.0.len() / 4
    }

    /// Whether there are no words.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The words: borrowed where the buffer is aligned and the host little-endian, copied otherwise. In an
    /// [`Inbox`](super::Inbox) they are aligned unless a request of odd size stands before them.
    pub fn words(self) -> Cow<'a, [u32]> {
        if cfg!(target_endian = "little")
            && let Ok(words) = bytemuck::try_cast_slice(self.0)
        {
            return Cow::Borrowed(words);
        }
        Cow::Owned(
            self.0
                .as_chunks()
                .0
                .iter()
                .map(|word| u32::from_le_bytes(*word))
                .collect(),
        )
    }

    /// Words `start` to `start + len`, if they lie inside.
    pub(super) fn get(self, start: u32, len: usize) -> Option<Self> {
        let start = (start as usize).checked_mul(4)?;
        let end = start.checked_add(len.checked_mul(4)?)?;
        self.0.get(start..end).map(Self)
    }
}

impl<'a> From<&'a [u32]> for Payload<'a> {
    /// Views words as a payload. Words are little-endian on the wire, and so are all hosts this runs on.
    fn from(words: &'a [u32]) -> Self {
        Self(bytemuck::cast_slice(words))
    }
}

/// An entry of an array in a request.
pub trait Item: Sized {
    /// Bytes per entry.
    const BYTES: usize;
    /// Reads an entry from exactly [`Self::BYTES`] bytes.
    fn read(bytes: &[u8]) -> Self;
}

impl Item for u32 {
    const BYTES: usize = 4;
    fn read(bytes: &[u8]) -> Self {
        words::<1>(bytes)[0]
    }
}

impl Item for u64 {
    const BYTES: usize = 8;
    fn read(bytes: &[u8]) -> Self {
        let [low, high] = words(bytes);
        join(low, high)
    }
}

/// An array of entries, still in wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Items<'a, T> {
    bytes: &'a [u8],
    entry: PhantomData<T>,
}

impl<'a, T: Item> Items<'a, T> {
    /// Views `bytes` as entries; `None` if the length is not a multiple of the entry size.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        bytes.len().is_multiple_of(T::BYTES).then_some(Self {
            bytes,
            entry: PhantomData,
        })
    }

    /// Views as many whole entries as `bytes` holds.
    pub(super) fn prefix(bytes: &'a [u8]) -> Self {
        Self {
            bytes: &bytes[..bytes.len() / T::BYTES * T::BYTES],
            entry: PhantomData,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.bytes.len() / T::BYTES
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        self.bytes.chunks_exact(T::BYTES).map(T::read)
    }

    /// The bytes of all entries.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// The first `N` words of `bytes`; those that are missing read as 0.
pub(super) fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// A 64-bit value from its two words.
pub(super) const fn join(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}
