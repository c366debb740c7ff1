//! The host's GL: EGL bring-up, contexts, the capability probe, and a safe layer over the GL calls we use.
//!
//! All `unsafe` calls of GL and EGL are in here. What the layer promises:
//!
//! - a [`Gl`] belongs to one context and makes it current before it calls anything;
//! - an object is deleted where its name means it, whatever is current when it is dropped;
//! - GL never reads or writes memory outside the bytes it is given, nor vertices or indices outside buffers.
//!
//! GL's own rules about values are left to GL: it ignores a wrong call and records an error
//! ([`Gl::get_error`]).

mod api;
mod bytes;
mod capabilities;
mod debug;
mod egl;
mod error;
mod functions;
mod platform;
mod pool;
#[cfg(test)]
mod tests;

pub use api::{
    Buffer, Framebuffer, Gl, MappedBuffer, Pixels, Program, Query, Region, ResetStatus, Sampler, Shader,
    ShaderKind, Sync, Texture, TransformFeedback, VertexArray,
};
pub use bytes::{ReadBytes, WriteBytes};
pub use capabilities::{Capabilities, StageLimits};
pub use egl::{Context, Display};
pub use error::{ErrorCode, GlError, ProgramError};
pub use platform::{Attempt, Choice, Opened, Platform, ProbeReport};
