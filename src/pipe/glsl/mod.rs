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

mod addressed;
mod alu;
mod assemble;
mod barriers;
mod buffers;
mod compute;
mod counters;
mod declared;
mod emit;
mod error;
mod features;
mod fragment;
mod geometry;
mod image_access;
mod images;
mod interface;
mod key;
mod memory;
mod names;
mod operand;
mod outputs;
mod passthrough;
mod per_vertex;
mod registers;
mod samplers;
mod stream_output;
mod subgroup;
mod system;
mod target;
mod tess_control;
mod tess_eval;
mod texture;
mod value;
mod variable;
mod vertex;
mod vertex_outputs;
mod wide;

pub use buffers::MAX_SHARED_BYTES;
pub use compute::compute;
pub use error::EmitError;
pub use fragment::fragment;
pub use geometry::geometry;
pub use interface::{Emits, Interface, Varyings, interface};
pub use key::{
    ClipDistances, ComputeKey, ControlKey, Emitted, EvaluationKey, FragmentKey, GeometryKey, Host,
    IntegerImages, Layout, PassthroughKey, Producer, Slots, StreamOutputs, Swizzled, VertexKey,
};
pub use passthrough::passthrough_control;
pub use tess_control::tess_control;
pub use tess_eval::tess_eval;
pub use vertex::vertex;

#[cfg(test)]
mod tests;
