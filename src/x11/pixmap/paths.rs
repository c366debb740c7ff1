//! The ways from a pixmap to a texture, best first.

use std::fmt;

use super::PathError;

/// How the pixels of a pixmap get into a texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixmapPath {
    /// The pixmap's memory itself, whose layout the server names: DRI3 1.2's BuffersFromPixmap.
    DmabufModifiers,
    /// The pixmap's memory itself, whose layout the driver knows: DRI3 1.0's BufferFromPixmap.
    Dmabuf,
    /// The pixmap's memory itself, by EGL's own connection to the same server: EGL_KHR_image_pixmap.
    EglPixmap,
    /// The server copies what changed into shared memory, from where it is uploaded.
    ShmImage,
    /// The server sends what changed over the connection.
    GetImage,
}

impl PixmapPath {
    /// All of them, in the order of trying.
    pub const ALL: [Self; 5] = [
        Self::DmabufModifiers,
        Self::Dmabuf,
        Self::EglPixmap,
        Self::ShmImage,
        Self::GetImage,
    ];

    /// The name on the command line, and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DmabufModifiers => "dmabuf-modifiers",
            Self::Dmabuf => "dmabuf",
            Self::EglPixmap => "egl-pixmap",
            Self::ShmImage => "shm-image",
            Self::GetImage => "get-image",
        }
    }
}

impl fmt::Display for PixmapPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The paths that may be taken. By default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paths([bool; PixmapPath::ALL.len()]);

impl Default for Paths {
    fn default() -> Self {
        Self(PixmapPath::ALL.map(|_| true))
    }
}

impl Paths {
    /// This one and no other.
    pub fn only(path: PixmapPath) -> Self {
        Self(PixmapPath::ALL.map(|other| other == path))
    }

    /// The same without a path.
    #[must_use]
    pub fn without(mut self, path: PixmapPath) -> Self {
        self.0[path as usize] = false;
        self
    }

    /// Whether a path may be taken.
    pub fn allows(self, path: PixmapPath) -> bool {
        self.0[path as usize]
    }
}

/// A path that was not taken.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct Skipped {
    /// Which.
    pub path: PixmapPath,
    /// Why.
    pub reason: PathError,
}
