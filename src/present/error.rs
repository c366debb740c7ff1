//! What goes wrong when pictures are presented.

use std::time::Duration;

use x11rb::{
    protocol::{ErrorKind, xproto::Window},
    x11_utils::X11Error as ServerError,
};

use super::Awaited;
use crate::x11::X11Error;

/// Why a frame cannot be presented, or not be had.
#[derive(Debug, thiserror::Error)]
pub enum PresentError {
    /// The server is gone, and all it knew of us.
    #[error(transparent)]
    Lost(X11Error),
    /// The server refused something that every way needs.
    #[error(transparent)]
    Display(X11Error),
    /// The window was destroyed.
    #[error("window {0:#x} is gone")]
    WindowGone(Window),
    /// No way to the window is left; the log has said why for each.
    #[error("no allowed way to the window works: {0}")]
    NoPath(String),
    /// What was waited for did not happen.
    #[error("{awaited} has not come within {limit:?}")]
    Late {
        /// What.
        awaited: Awaited,
        /// For how long.
        limit: Duration,
    },
    /// The remainder of a target is not below its divisor.
    #[error("no MSC leaves {remainder} when divided by {divisor}")]
    Remainder {
        /// The divisor.
        divisor: u64,
        /// The remainder.
        remainder: u64,
    },
}

impl From<X11Error> for PresentError {
    fn from(error: X11Error) -> Self {
        if error.is_fatal() {
            Self::Lost(error)
        } else {
            Self::Display(error)
        }
    }
}

/// Whether a request failed because the window is not there.
pub(super) fn is_without_window(error: &ServerError, window: Window) -> bool {
    matches!(error.error_kind, ErrorKind::Window | ErrorKind::Drawable) && error.bad_value == window
}
