//! Why a pixmap, or one way of taking it, does not become a texture.

use super::{Skipped, dmabuf::ExportError};
use crate::{
    gl::GlError,
    x11::{Fourcc, ShmError, X11Error},
};

/// Why a path is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// It was switched off here.
    #[error("switched off")]
    SwitchedOff,
    /// The connection carries no descriptors.
    #[error("the connection is remote")]
    Remote,
    /// GL is not on the X server that has the pixmap, as far as their names tell.
    #[error("GL is not on this X server")]
    HostElsewhere,
    /// What the server said of the pixmap's memory cannot be.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The host has no textures of this layout.
    #[error("{fourcc} with modifier {modifier:#018x} cannot be sampled by the host")]
    Modifier {
        /// The format.
        fourcc: Fourcc,
        /// The layout by its number in `drm_fourcc.h`.
        modifier: u64,
    },
    /// GL made a texture of another size than the pixmap's.
    #[error("a texture of {found:?} pixels for a pixmap of {wanted:?}")]
    TextureSize {
        /// Width and height that GL tells.
        found: [i32; 2],
        /// Those of the pixmap.
        wanted: [u16; 2],
    },
    /// The server does not go along.
    #[error(transparent)]
    X11(#[from] X11Error),
    /// Memory is not shared with the server.
    #[error(transparent)]
    Shm(#[from] ShmError),
    /// GL does not go along.
    #[error(transparent)]
    Gl(#[from] GlError),
}

impl PathError {
    /// Whether no other path can do better: pixmap, connection or context are gone.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::X11(error) => error.is_fatal() || matches!(error, X11Error::PixmapGone(_)),
            Self::Gl(error) => matches!(error, GlError::Lost),
            _ => false,
        }
    }
}

/// Why a pixmap is no texture, or has not brought a texture up to date.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The path in use failed, and the reason holds for all paths.
    #[error(transparent)]
    Final(PathError),
    /// No path is left.
    #[error("no way from pixmap to texture: {}", list(.0))]
    NoPath(Vec<Skipped>),
}

impl ImportError {
    /// The display failed in something that all paths need.
    pub(super) fn of_display(error: X11Error) -> Self {
        Self::Final(error.into())
    }
}

fn list(skipped: &[Skipped]) -> String {
    let reasons: Vec<_> = skipped.iter().map(Skipped::to_string).collect();
    reasons.join("; ")
}
