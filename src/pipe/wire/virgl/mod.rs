//! The virgl command stream carried by vtest's SUBMIT_CMD: 32-bit words, one header word a command.
//!
//! Layouts follow `virgl_protocol.h` of the virglrenderer project, which is the format's only specification.

pub mod command;
mod decode;
pub mod enums;

pub use decode::{Commands, DecodeError, commands};
