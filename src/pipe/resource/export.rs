//! What others may have of a resource: a file, and how the picture lies in it.

use std::{os::fd::OwnedFd, rc::Rc};

/// A resource that others may have.
#[derive(Debug, Clone)]
pub struct Exported<S> {
    /// The resource for other renderers of the group.
    pub shared: S,
    /// The file; the same one each time.
    pub file: Rc<OwnedFd>,
    /// How the picture lies in it.
    pub layout: ExportLayout,
}

/// How a picture lies in an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportLayout {
    /// What the file has to do with the texture.
    pub placement: Placement,
    /// Texels.
    pub width: u32,
    /// Texels.
    pub height: u32,
    /// DRM's code for the bytes as they lie there; 0 where there is none.
    pub fourcc: u32,
    /// Bytes from a row to the next.
    pub stride: u32,
    /// Bytes before the first row.
    pub offset: u32,
    /// DRM's format modifier; 0 for rows one after the other.
    pub modifier: u64,
    /// Bytes of the file.
    pub size: u64,
}

/// What an exported file has to do with the texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// A memfd that is the texture's memory.
    InPlace,
    /// A dmabuf.
    Dmabuf,
    /// A memfd that the picture is copied to when it is wanted.
    Copied,
}
