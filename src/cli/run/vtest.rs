//! Mesa's vtest driver on a socket of ours: a session for each connection, frames copied by the client.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use pixbridge::{
    gl::Choice,
    pipe::server::{Listener, Sessions},
};

use super::{
    super::{Failure, session},
    app::{App, preload_library},
};

/// How long sessions may take to end after the application.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server for vtest clients.
#[derive(Debug)]
pub(super) struct Vtest {
    socket: PathBuf,
    sessions: Sessions,
}

impl Vtest {
    /// Listens in a directory, and records what clients say if a file is given.
    ///
    /// # Errors
    /// If there is no listening there.
    pub(super) fn start(directory: &Path, gl: Choice, record: Option<PathBuf>) -> Result<Self, Failure> {
        let socket = directory.join("vtest");
        let listener = Listener::bind(&socket)?;
        let sessions = listener.sessions();
        let session = session::command(gl, record)?;
        thread::spawn(move || {
            if let Err(error) = listener.serve(session) {
                tracing::error!("no more connections: {error}");
            }
        });
        Ok(Self { socket, sessions })
    }

    /// Makes Mesa use its vtest driver on the socket.
    ///
    /// # Errors
    /// If nobody can say where this program is.
    pub(super) fn prepare(&self, app: &mut App) -> Result<(), Failure> {
        app.set("LIBGL_ALWAYS_SOFTWARE", "1");
        app.set("GALLIUM_DRIVER", "virpipe");
        app.set("VTEST_SOCKET_NAME", &self.socket);
        match preload_library()? {
            Some(library) => app.preload(&library),
            None => {
                tracing::warn!("no guest library is installed: Mesa before 23.1 will not find the server")
            }
        }
        Ok(())
    }

    /// Waits for the sessions to end, now that the application has.
    pub(super) fn finish(self) {
        if !self.sessions.wait(PATIENCE) {
            tracing::warn!(
                "{} sessions outlive the application and are ended",
                self.sessions.count()
            );
        }
    }
}
