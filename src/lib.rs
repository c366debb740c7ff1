//! pixbridge: pictures of GL applications that run behind a pipe, on an X server.
//!
//! The rooms of the house and the direction in which they may know each other are described in
//! `docs/architecture.md`.

pub mod bridge;
pub mod gl;
mod heap;
pub mod memory;
pub mod pipe;
pub mod present;
pub mod x11;
