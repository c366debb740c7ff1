//! What ends a compositor, or one of its windows.

use x11rb::protocol::xproto::Window;

use crate::{
    gl::GlError,
    present::PresentError,
    x11::{ImportError, PathError, X11Error},
};

/// Why windows are not shown.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The guest's display.
    #[error("guest: {0}")]
    Guest(X11Error),
    /// The host's display.
    #[error("host: {0}")]
    Host(X11Error),
    /// A window of the host.
    #[error("host: {0}")]
    Present(#[from] PresentError),
    /// A window of the guest cannot be read.
    #[error("guest: {0}")]
    Import(#[from] ImportError),
    /// The host's GL.
    #[error("GL: {0}")]
    Gl(#[from] GlError),
    /// There is no such window.
    #[error("the guest has no window {0:#x}")]
    NoWindow(Window),
    /// Both displays are one: its windows would show themselves.
    #[error("guest and host are the same display")]
    SameDisplay,
    /// The event loop.
    #[error("waiting: {0}")]
    Wait(#[from] calloop::Error),
}

impl ComposeError {
    /// Whether nothing can be shown any more. Other errors are about one window.
    pub(super) fn is_fatal(&self) -> bool {
        match self {
            Self::Guest(error) | Self::Host(error) => error.is_fatal(),
            Self::Present(error) => matches!(error, PresentError::Lost(_)),
            Self::Import(ImportError::Final(PathError::X11(error))) => error.is_fatal(),
            Self::Import(ImportError::Final(PathError::Gl(error))) | Self::Gl(error) => {
                matches!(error, GlError::Lost)
            }
            Self::Import(_) => false,
            Self::NoWindow(_) | Self::SameDisplay | Self::Wait(_) => true,
        }
    }

    /// Whether a window just could not be read because it is going away or being hidden: an event about that is on its
    /// way.
    pub(super) fn is_about_leaving(&self) -> bool {
        let error = match self {
            Self::Guest(error) | Self::Import(ImportError::Final(PathError::X11(error))) => error,
            Self::Present(PresentError::WindowGone(_)) => return true,
            _ => return false,
        };
        matches!(
            error,
            X11Error::WindowGone(_) | X11Error::PixmapGone(_) | X11Error::NotRedirected(_)
        )
    }
}

/// Says which display an error is of.
pub(super) trait OfDisplay<T> {
    /// The guest's.
    fn of_guest(self) -> Result<T, ComposeError>;
    /// The host's.
    fn of_host(self) -> Result<T, ComposeError>;
}

impl<T> OfDisplay<T> for Result<T, X11Error> {
    fn of_guest(self) -> Result<T, ComposeError> {
        self.map_err(ComposeError::Guest)
    }

    fn of_host(self) -> Result<T, ComposeError> {
        self.map_err(ComposeError::Host)
    }
}
