//! TGSI trees to GLSL text. No GL is called here.
//!
//! Everything that varies a shader outside its text is a key ([`VertexKey`], [`FragmentKey`]); the same tree and the
//! same key always give the same text. Resources get explicit bindings from [`Layout`], so a linked program needs no
//! uniform location at all: constant buffers, the system block and samplers are found by number.
//!
//! The host is always desktop GL 4.5 core or newer. TGSI is described in Mesa's documentation
//! (<https://docs.mesa3d.org/gallium/tgsi.html>), the target in the GLSL specification
//! (<https://registry.khronos.org/OpenGL/specs/gl/GLSLangSpec.4.50.pdf>).
#![forbid(unsafe_code)]

mod alu;
mod assemble;
mod declared;
mod double;
mod emit;
mod error;
mod features;
mod fragment;
mod geometry;
mod interface;
mod key;

mod names;
mod operand;
mod outputs;
mod samplers;
mod system;
mod texture;
mod value;
mod vertex;

pub use error::EmitError;
pub use fragment::fragment;
pub use geometry::geometry;
pub use interface::{Interface, Varyings, interface};
pub use key::{
    ClipDistances, Emitted, FragmentKey, GeometryKey, Host, Layout, Producer, StreamOutputs, Swizzled,
    VertexKey,
};
pub use vertex::vertex;

#[cfg(test)]
mod tests;
