//! TGSI trees to GLSL text. No GL is called here.
//!
//! Everything that varies a shader outside its text is a key ([`VertexKey`], [`FragmentKey`]); the same tree and the
//! same key always give the same text. Resources get explicit bindings from [`Layout`], so a linked program needs no
//! uniform location at all: constant buffers, the system block and samplers are found by number.

mod interface;
mod key;

pub use interface::Varyings;
pub use key::{ClipDistances, FragmentKey, GeometryKey, Host, Layout, StreamOutputs, Swizzled, VertexKey};
