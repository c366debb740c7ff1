//! Why a text is not a shader.

use thiserror::Error;

/// The first fault of a shader text and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong with a shader text. Offending words are cut to a bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum ParseErrorKind {
    /// The text is longer than [`MAX_TEXT`](super::MAX_TEXT) bytes.
    #[error("the text has {bytes} bytes, more than {limit}")]
    TooLong { bytes: usize, limit: usize },
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Something else stands where the grammar wants `what`.
    #[error("expected {what}, found `{found}`")]
    Expected { what: &'static str, found: String },
    /// An instruction begins with a word that is no mnemonic.
    #[error("unknown opcode `{0}`")]
    UnknownOpcode(String),
    /// A number is not one that `what` can have.
    #[error("{what} `{found}` is outside {min} to {max}")]
    OutOfRange {
        what: &'static str,
        found: String,
        min: i64,
        max: i64,
    },
    /// A declared range ends before it begins.
    #[error("the range {first}..{last} ends before it begins")]
    ReversedRange { first: u32, last: u32 },
    /// Immediates are numbered from 0 without gaps.
    #[error("immediate {index} follows where {expected} is due")]
    ImmediateOrder { index: u32, expected: usize },
    /// More of `what` than a shader may have.
    #[error("more than {limit} {what}")]
    TooMany { what: &'static str, limit: usize },
    /// A flow instruction has no open block to act on.
    #[error("{opcode} without an open {opener}")]
    NotOpen {
        opcode: &'static str,
        opener: &'static str,
    },
    /// `END` comes inside a block.
    #[error("END comes before the end of {0}")]
    StillOpen(&'static str),
    /// The text stops before `END`.
    #[error("the text stops without END")]
    MissingEnd,
    /// Something follows `END`.
    #[error("`{0}` follows END")]
    AfterEnd(String),
}
