//! The host's GL: EGL bring-up, contexts, the capability probe, and a safe layer over the GL calls we use.

mod bytes;

pub use bytes::{ReadBytes, WriteBytes};
