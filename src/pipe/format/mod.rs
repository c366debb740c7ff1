//! Pixel and vertex formats by their virgl numbers.

/// A virgl format number. Any number may stand here; the format table says which have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Format(pub u32);
