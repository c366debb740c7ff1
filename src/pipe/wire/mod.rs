//! Wire formats, sans I/O: bytes in, a typed value or a typed error out.

pub mod virgl;
