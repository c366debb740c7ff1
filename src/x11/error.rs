//! What goes wrong with an X display.

use x11rb::{
    errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError},
    protocol::xproto::{self, Visualid, Window},
};

use super::{Absence, Extension, ShmError, Violation};

/// Why a display could not be used.
#[derive(Debug, thiserror::Error)]
pub enum X11Error {
    /// No connection.
    #[error("cannot connect to the display: {0}")]
    Connect(#[from] ConnectError),
    /// The connection is gone.
    #[error("the display is gone: {0}")]
    Connection(ConnectionError),
    /// The server broke the protocol, and the connection with it.
    #[error("the display breaks the protocol: {0}")]
    Violation(#[from] Violation),
    /// A request was refused.
    #[error("the display refused: {0:?}")]
    Refused(x11rb::x11_utils::X11Error),
    /// All identifiers are in use.
    #[error("the display has no identifiers left")]
    NoIdsLeft,
    /// The screen of the display's name does not exist.
    #[error("the display has {has} screens, none of number {wants}")]
    NoScreen {
        /// The number in the display's name.
        wants: usize,
        /// The number of screens.
        has: usize,
    },
    /// An extension is needed that is not there.
    #[error("{extension} is needed: {absence}")]
    Extension {
        /// Which.
        extension: Extension,
        /// Why it is not there.
        absence: Absence,
    },
    /// A visual whose pixels have no name of ours.
    #[error("visual {visual:#x} of depth {depth} has pixels of no known format")]
    UnknownFormat {
        /// The visual, or 0 if there is none.
        visual: Visualid,
        /// The depth in bits.
        depth: u8,
    },
    /// A window that has no pixels.
    #[error("window {0:#x} takes only input")]
    InputOnly(Window),
    /// A window that somebody destroyed, or that never was.
    #[error("window {0:#x} is gone")]
    WindowGone(Window),
    /// A window without a pixmap of its own.
    #[error("window {0:#x} is not redirected or not viewable")]
    NotRedirected(Window),
    /// A pixmap that its owner freed, or that never was.
    #[error("pixmap {0:#x} is gone")]
    PixmapGone(xproto::Pixmap),
    /// Shared memory could not be had.
    #[error(transparent)]
    Shm(#[from] ShmError),
    /// The server answered something that cannot be.
    #[error("the display answered nonsense: {0}")]
    Nonsense(String),
    /// The wait for the server failed.
    #[error("waiting for the display: {0}")]
    Wait(#[from] rustix::io::Errno),
}

impl X11Error {
    /// Whether the server itself is gone, so that nothing on this connection can succeed any more.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::Connection(_) | Self::Violation(_) | Self::NoIdsLeft | Self::Wait(_)
        )
    }
}

impl From<ConnectionError> for X11Error {
    fn from(error: ConnectionError) -> Self {
        let ConnectionError::IoError(error) = error else {
            return Self::Connection(error);
        };
        match error.downcast::<Violation>() {
            Ok(violation) => Self::Violation(violation),
            Err(error) => Self::Connection(error.into()),
        }
    }
}

impl From<ReplyError> for X11Error {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => error.into(),
            ReplyError::X11Error(error) => Self::Refused(error),
        }
    }
}

impl From<ReplyOrIdError> for X11Error {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::IdsExhausted => Self::NoIdsLeft,
            ReplyOrIdError::ConnectionError(error) => error.into(),
            ReplyOrIdError::X11Error(error) => Self::Refused(error),
        }
    }
}
