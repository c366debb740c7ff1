//! TGSI, the shader language of the pipe: text to tree and back.
//!
//! The language is described in Mesa's documentation, <https://docs.mesa3d.org/gallium/tgsi.html>; the text form
//! is the one that Mesa's `tgsi_dump` writes. Texts come from untrusted clients: [`parse`] takes any input to a tree
//! or to an error that says where the fault is, in time and memory proportional to the text.
#![forbid(unsafe_code)]

mod declaration;
mod error;
mod immediate;
mod instruction;
mod lexer;
mod names;
mod opcode;
mod operand;
mod parse;
mod print;
mod tree;

pub use error::{ParseError, ParseErrorKind};
pub use opcode::{Opcode, Operation};
pub use parse::{MAX_DECLARATIONS, MAX_IMMEDIATES, MAX_INSTRUCTIONS, MAX_TEXT, parse, parse_bytes};
pub use tree::*;

#[cfg(test)]
mod tests;
