//! Objects that a sub-context needs for work of its own.

use super::{blitter::Blitter, legacy::QuadIndices};

/// What is made when first needed and kept.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) blitter: Blitter,
    pub(super) quads: QuadIndices,
}
