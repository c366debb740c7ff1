//! The host's GL: EGL bring-up, contexts, the capability probe, buffers of others as textures and textures as
//! buffers for others, and a safe layer over the GL calls we use.
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
pub mod dmabuf;
mod egl;
mod error;
mod fence;
mod functions;
mod gbm;
mod gbm_texture;
mod image;
mod kms_swrast;
mod mapping;
mod memory;
mod platform;
mod pool;
#[cfg(test)]
mod tests;

pub use self::gbm::{GbmBuffer, GbmDevice, GbmUsage};
pub use self::gbm_texture::GbmTexture;
pub use api::{
    Buffer, Framebuffer, Gl, ImageUnit, MappedBuffer, MemoryTexture, Pixels, Program, Query, Region,
    ResetStatus, Sampler, Shader, ShaderKind, Sync, Texture, TransformFeedback, VertexArray,
};
pub use bytes::{ReadBytes, WriteBytes};
pub use capabilities::{Capabilities, StageLimits};
pub use dmabuf::{Dmabuf, DmabufError, DmabufImport, DmabufSupport, ModifierInfo, Plane};
pub use egl::{Context, Display};
pub use error::{ErrorCode, GlError, ProgramError};
pub use image::Image;
pub use memory::{DrawableMemory, MemoryError};
pub use platform::{Attempt, Choice, Opened, Platform, ProbeReport};
