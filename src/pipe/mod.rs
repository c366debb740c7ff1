//! The pipe: what a Mesa `virpipe` client sends, and the executor that turns it into host GL.

pub mod caps;
pub mod exec;
pub mod format;
pub mod glsl;
mod ids;
pub mod replay;
pub mod resource;
pub mod server;
pub mod tgsi;
pub mod wire;
