//! TGSI, the shader language of the pipe: text to tree and back.
//!
//! The language is described in Mesa's documentation, <https://docs.mesa3d.org/gallium/tgsi.html>; the text form
//! is the one that Mesa's `tgsi_dump` writes.

mod opcode;
mod tree;

pub use opcode::{Opcode, Operation};
pub use tree::*;
