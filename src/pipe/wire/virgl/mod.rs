//! The virgl command stream carried by vtest's SUBMIT_CMD: 32-bit words, one header word a command.
//!
//! Layouts follow `virgl_protocol.h` of the virglrenderer project, which is the format's only specification.

pub mod command;
mod decode;
mod encode;
pub mod enums;
pub mod limits;
mod object;
mod record;

pub use decode::{Commands, DecodeError, command_words, commands, decode};
pub use encode::{CommandTooLong, MAX_COMMAND_WORDS, record_words, shader_words};
