//! The words of one command, with the checks that all commands share.

use super::{super::enums::*, DecodeError};
use crate::pipe::wire::virgl::command::{ObjectId, Record, Records};

pub(super) type Result<T> = std::result::Result<T, DecodeError>;

/// The words behind a command's header.
pub(super) struct Payload<'a> {
    pub(super) command: CommandId,
    /// The header's object type byte.
    pub(super) object: u8,
    pub(super) words: &'a [u32],
}

impl<'a> Payload<'a> {
    /// The error that the length does not fit.
    pub(super) fn length(&self) -> DecodeError {
        DecodeError::Length {
            command: self.command,
            length: self.words.len(),
        }
    }

    /// The error that a value has no meaning.
    pub(super) fn value(&self, field: &'static str, value: u32) -> DecodeError {
        DecodeError::Value {
            command: self.command,
            field,
            value,
        }
    }

    /// All words, which must be `N`.
    pub(super) fn exactly<const N: usize>(&self) -> Result<&'a [u32; N]> {
        self.fixed(self.words)
    }

    /// `words`, a part of the payload, which must be `N`.
    pub(super) fn fixed<const N: usize>(&self, words: &'a [u32]) -> Result<&'a [u32; N]> {
        words.try_into().map_err(|_| self.length())
    }

    /// The first `N` words and what follows them.
    pub(super) fn at_least<const N: usize>(&self) -> Result<(&'a [u32; N], &'a [u32])> {
        self.words.split_first_chunk().ok_or_else(|| self.length())
    }

    /// The only word.
    pub(super) fn word(&self) -> Result<u32> {
        let &[word] = self.exactly()?;
        Ok(word)
    }

    /// The only word, as a handle.
    pub(super) fn handle(&self) -> Result<ObjectId> {
        self.word().map(ObjectId)
    }

    /// A value of an enumeration.
    pub(super) fn named<T>(
        &self,
        field: &'static str,
        value: u32,
        from_wire: impl Fn(u32) -> Option<T>,
    ) -> Result<T> {
        from_wire(value).ok_or_else(|| self.value(field, value))
    }

    /// A shader stage.
    pub(super) fn stage(&self, value: u32) -> Result<Stage> {
        self.named("stage", value, Stage::from_wire)
    }

    /// The header's object type.
    pub(super) fn object_type(&self) -> Result<ObjectType> {
        self.named("object type", self.object.into(), ObjectType::from_wire)
    }

    /// An index below `count`.
    pub(super) fn below(&self, field: &'static str, index: u32, count: usize) -> Result<u32> {
        if index as usize >= count {
            return Err(DecodeError::Limit {
                command: self.command,
                field,
                value: index.into(),
                limit: count - 1,
            });
        }
        Ok(index)
    }

    /// Entries for slots from `start` on, of which there are `slots`.
    pub(super) fn list<T: Record>(
        &self,
        field: &'static str,
        start: u32,
        words: &'a [u32],
        slots: usize,
    ) -> Result<Records<'a, T>> {
        let records: Records<'a, T> = Records::new(words).ok_or_else(|| self.length())?;
        let end = u64::from(start) + records.len() as u64;
        if end > slots as u64 {
            return Err(DecodeError::Limit {
                command: self.command,
                field,
                value: end,
                limit: slots,
            });
        }
        Ok(records)
    }
}

/// Bit `at` of `word`.
pub(super) const fn boolean(word: u32, at: u32) -> bool {
    word >> at & 1 != 0
}

/// `count` bits of `word` from bit `at` on.
pub(super) const fn bits(word: u32, at: u32, count: u32) -> u32 {
    word >> at & ((1 << count) - 1)
}

/// Words as signed numbers.
pub(super) fn signed<const N: usize>(words: [u32; N]) -> [i32; N] {
    words.map(|word| word as i32)
}
