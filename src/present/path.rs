//! The ways from a buffer to a window, best first, and how one is left for the next.
//!
//! A way is left when the server lacks an extension for it, when no memory can be had for it, or when the server
//! refuses what it was offered. Each step is logged once, kept, and never taken back.

use std::{fmt, str::FromStr};

use super::{AllocateError, PresentError, TimelineError};
use crate::x11::{Absence, Display, Extension, Segment, ShmError, Version, X11Error};

/// A way from a buffer to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// As [`Rung::Modifiers`], with points of a timeline that say when the picture is drawn and when it is no longer
    /// read: [Present 1.4](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/presentproto.txt).
    Syncobj,
    /// A dmabuf with a modifier of the server's list:
    /// [DRI3 1.2](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt), shown by Present.
    Modifiers,
    /// A dmabuf whose rows follow each other: DRI3 1.0, shown by Present.
    Linear,
    /// A pixmap in memory that the server has mapped, shown by Present, or copied by CopyArea where there is none.
    ShmPixmap,
    /// Copied out of memory that the server has mapped: ShmPutImage.
    ShmPutImage,
    /// Copied through the connection: PutImage. Works over a network.
    PutImage,
}

impl Rung {
    /// All, best first.
    pub const ALL: [Self; 6] = [
        Self::Syncobj,
        Self::Modifiers,
        Self::Linear,
        Self::ShmPixmap,
        Self::ShmPutImage,
        Self::PutImage,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syncobj => "syncobj",
            Self::Modifiers => "modifiers",
            Self::Linear => "linear",
            Self::ShmPixmap => "shm-pixmap",
            Self::ShmPutImage => "shm-put-image",
            Self::PutImage => "put-image",
        }
    }

    /// Whether the buffers are dmabufs.
    pub const fn is_dmabuf(self) -> bool {
        matches!(self, Self::Syncobj | Self::Modifiers | Self::Linear)
    }

    /// Whether the display has what this way needs.
    fn possible(self, display: &Display) -> Result<(), Reason> {
        let need = |extension, version| {
            let found = display.extensions().need(extension, version);
            found.map_err(|absence| Reason::Extension { extension, absence })
        };
        match self {
            Self::Syncobj | Self::Modifiers | Self::Linear if !display.passes_descriptors() => {
                Err(Reason::Extension {
                    extension: Extension::Dri3,
                    absence: Absence::Remote,
                })
            }
            Self::Syncobj => {
                need(Extension::Dri3, Version(1, 4))?;
                need(Extension::Present, Version(1, 4)).map(drop)
            }
            Self::Modifiers => {
                need(Extension::Dri3, Version(1, 2))?;
                // A buffer of several planes needs this.
                need(Extension::Present, Version(1, 2)).map(drop)
            }
            Self::Linear => {
                need(Extension::Dri3, Version(1, 0))?;
                need(Extension::Present, Version(1, 0)).map(drop)
            }
            Self::ShmPixmap | Self::ShmPutImage => Ok(Segment::available(display)?),
            Self::PutImage => Ok(()),
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no [`Rung`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown way to a window {0:?}: use syncobj, modifiers, linear, shm-pixmap, shm-put-image or put-image"
)]
pub struct UnknownRung(String);

impl FromStr for Rung {
    type Err = UnknownRung;

    fn from_str(name: &str) -> Result<Self, UnknownRung> {
        let found = Self::ALL.into_iter().find(|rung| rung.name() == name);
        found.ok_or_else(|| UnknownRung(name.to_owned()))
    }
}

/// Why a way is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// An extension is not there, or too old.
    #[error("{extension}: {absence}")]
    Extension {
        /// Which.
        extension: Extension,
        /// Why.
        absence: Absence,
    },
    /// Memory cannot be shared with the server.
    #[error(transparent)]
    Shm(#[from] ShmError),
    /// There are no timelines, or no longer.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
    /// The server does not present with timelines in the window.
    #[error("the display takes no timelines for the window")]
    NoTimelines,
    /// The server's list of modifiers for the window is empty.
    #[error("the display names no modifiers for the window")]
    NoModifiers,
    /// No memory of the kind.
    #[error(transparent)]
    Allocate(#[from] AllocateError),
    /// The server does not make a pixmap of the memory.
    #[error("the display does not import the buffer: {0}")]
    Import(X11Error),
    /// The server does not take the timeline of the memory.
    #[error("the display does not import the timeline: {0}")]
    ImportTimeline(X11Error),
    /// The server does not show the picture.
    #[error("the display does not show the buffer: {0:?}")]
    Show(x11rb::x11_utils::X11Error),
}

/// A way that is not taken.
#[derive(Debug)]
pub struct Skipped {
    /// Which.
    pub rung: Rung,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rung, self.reason)
    }
}

/// The ways that may be taken. By default all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<Rung>);

impl Default for Ladder {
    fn default() -> Self {
        Self(Rung::ALL.to_vec())
    }
}

impl Ladder {
    /// This way or none.
    pub fn force(rung: Rung) -> Self {
        Self(vec![rung])
    }

    /// This way and the ones below.
    pub fn from_rung(rung: Rung) -> Self {
        Self(Rung::ALL.into_iter().filter(|other| *other >= rung).collect())
    }
}

/// How far down the ladder a swapchain is.
#[derive(Debug)]
pub(super) struct Descent {
    rung: Rung,
    below: std::vec::IntoIter<Rung>,
    skipped: Vec<Skipped>,
}

impl Descent {
    /// Takes the first way that the display has everything for.
    pub(super) fn begin(ladder: Ladder, display: &Display) -> Result<Self, PresentError> {
        let mut below = ladder.0.into_iter();
        let first = below.next();
        let mut descent = Self {
            rung: first.ok_or_else(|| PresentError::NoPath("none is allowed".to_owned()))?,
            below,
            skipped: Vec::new(),
        };
        match descent.rung.possible(display) {
            Ok(()) => Ok(descent),
            Err(reason) => descent.step_down(display, reason).map(|()| descent),
        }
    }

    /// The way in use.
    pub(super) fn rung(&self) -> Rung {
        self.rung
    }

    /// The ways that were left, and why.
    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Leaves the way in use for the next that the display has everything for.
    pub(super) fn step_down(&mut self, display: &Display, reason: Reason) -> Result<(), PresentError> {
        self.skip(reason);
        while let Some(rung) = self.below.next() {
            self.rung = rung;
            match rung.possible(display) {
                Ok(()) => return Ok(()),
                Err(reason) => self.skip(reason),
            }
        }
        let reasons: Vec<String> = self.skipped.iter().map(Skipped::to_string).collect();
        Err(PresentError::NoPath(reasons.join("; ")))
    }

    fn skip(&mut self, reason: Reason) {
        let skipped = Skipped {
            rung: self.rung,
            reason,
        };
        match skipped.reason {
            // Usual for a display; not worth a line to anybody who did not ask.
            Reason::Extension { .. }
            | Reason::Shm(ShmError::Absent(_))
            | Reason::Timeline(TimelineError::NoDevice | TimelineError::Unsupported { .. })
            | Reason::NoTimelines => {
                tracing::info!("frames do not go by {skipped}");
            }
            _ => tracing::warn!("frames no longer go by {skipped}"),
        }
        self.skipped.push(skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_is_found_by_its_name() {
        for rung in Rung::ALL {
            assert_eq!(rung.name().parse(), Ok(rung));
        }
        let error = "dma".parse::<Rung>().unwrap_err();
        assert!(error.to_string().contains("\"dma\""));
    }

    #[test]
    fn a_ladder_may_begin_lower() {
        assert_eq!(
            Ladder::from_rung(Rung::ShmPutImage).0,
            [Rung::ShmPutImage, Rung::PutImage]
        );
        assert_eq!(Ladder::force(Rung::Linear).0, [Rung::Linear]);
    }
}
