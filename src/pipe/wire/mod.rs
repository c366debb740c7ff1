//! Wire formats, sans I/O: bytes in, a typed value or a typed error out.

#![forbid(unsafe_code)]

pub mod text;
pub mod trace;
pub mod virgl;
pub mod vtest;
