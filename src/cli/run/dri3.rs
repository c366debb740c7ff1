//! A display of our own in front of the X server, and a session that all of the application's processes share.

use std::path::{Path, PathBuf};

use pixbridge::{
    bridge::{
        provider::{Front, FrontError},
        session::SessionHost,
    },
    gl::Choice,
};

use super::{
    super::session,
    app::{App, preload_library},
};

/// Variables that would have Mesa or the application draw past us.
const ASTRAY: [&str; 6] = [
    "GALLIUM_DRIVER",
    "LIBGL_ALWAYS_SOFTWARE",
    "LIBGL_DRI3_DISABLE",
    "MESA_LOADER_DRIVER_OVERRIDE",
    "VTEST_SOCKET_NAME",
    "WAYLAND_DISPLAY",
];

/// Why an application cannot share its frames.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unshared {
    #[error("no guest library is installed")]
    NoLibrary,
    #[error(transparent)]
    Front(#[from] FrontError),
    #[error("the session: {0}")]
    Session(std::io::Error),
}

/// What serves the application.
#[derive(Debug)]
pub(super) struct Dri3 {
    library: PathBuf,
    /// None where there is no X server: GL works without, off the screen.
    front: Option<Front>,
    session: SessionHost,
}

impl Dri3 {
    /// Starts a session in a directory, and a display.
    ///
    /// # Errors
    /// If frames cannot be shared here.
    pub(super) fn start(directory: &Path, gl: Choice) -> Result<Self, Unshared> {
        let library = preload_library()
            .map_err(Unshared::Session)?
            .ok_or(Unshared::NoLibrary)?;
        let command = session::shared_command(gl).map_err(Unshared::Session)?;
        let session = SessionHost::start(&directory.join("session"), command).map_err(Unshared::Session)?;
        let front = match std::env::var_os("DISPLAY") {
            Some(_) => Some(Front::start(None, session.path())?),
            None => None,
        };
        Ok(Self {
            library,
            front,
            session,
        })
    }

    /// Makes Mesa use its virtio-gpu driver, on our display.
    pub(super) fn prepare(&self, app: &mut App) {
        for variable in ASTRAY {
            app.unset(variable);
        }
        app.set("PIXBRIDGE_SOCKET", self.session.path());
        app.preload(&self.library);
        if let Some(front) = &self.front {
            app.set("DISPLAY", front.name());
            app.set("XAUTHORITY", front.authority());
        }
    }
}
