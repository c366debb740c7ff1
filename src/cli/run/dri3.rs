//! A display of our own in front of the X server, and a session that all of the application's processes share.

use std::path::{Path, PathBuf};

use pixbridge::{
    bridge::{
        provider::{Front, FrontError},
        session::SessionHost,
    },
    gl::Choice,
    pipe::exec::PicturePlace,
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

/// Where pictures are to be for an X server that takes dmabufs, or does not.
pub(in crate::cli) fn place_for(wanted: PicturePlace, takes_dmabufs: bool) -> PicturePlace {
    match wanted {
        PicturePlace::Best if !takes_dmabufs => PicturePlace::BestInMemory,
        wanted => wanted,
    }
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
    /// Starts a display, and a session in a directory.
    ///
    /// # Errors
    /// If frames cannot be shared here.
    pub(super) fn start(directory: &Path, gl: Choice, place: PicturePlace) -> Result<Self, Unshared> {
        let library = preload_library()
            .map_err(Unshared::Session)?
            .ok_or(Unshared::NoLibrary)?;
        let socket = directory.join("session");
        let front = match std::env::var_os("DISPLAY") {
            Some(_) => Some(Front::start(None, &socket)?),
            None => None,
        };
        let place = place_for(place, front.as_ref().is_none_or(Front::takes_dmabufs));
        let command = session::shared_command(gl, place).map_err(Unshared::Session)?;
        let session = SessionHost::start(&socket, command).map_err(Unshared::Session)?;
        session.wait_ready().map_err(Unshared::Session)?;
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
