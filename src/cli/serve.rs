//! `pixbridge serve`: a server for vtest clients.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use clap::Args;
use pixbridge::{
    bridge::session::SessionHost,
    gl::Choice,
    pipe::{
        exec::PicturePlace,
        server::{Listener, make_free},
    },
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Failure, session};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Socket to listen on; the default is the one that Mesa tries by itself
    #[arg(long, value_name = "PATH", default_value = "/tmp/.virgl_test")]
    socket: PathBuf,
    /// Serve all clients in one process, which may share pictures then, and lose their GL together
    #[arg(long)]
    shared: bool,
}

impl Serve {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        if self.shared {
            serve_together(&self.socket, gl, signals)
        } else {
            serve_apart(&self.socket, gl, signals)
        }
    }
}

/// A session for each connection.
fn serve_apart(socket: &Path, gl: Choice, mut signals: Signals) -> Result<ExitCode, Failure> {
    let listener = Listener::bind(socket)?;
    let session = session::command(gl, None)?;
    tracing::info!("listening on {}", socket.display());
    let path = socket.to_owned();
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Sessions end by themselves when their parent does.
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::debug!("removing {}: {error}", path.display());
            }
            std::process::exit(128 + signal);
        }
    });
    listener.serve(session)?;
    Ok(ExitCode::SUCCESS)
}

/// A session for all connections.
fn serve_together(socket: &Path, gl: Choice, mut signals: Signals) -> Result<ExitCode, Failure> {
    make_free(socket)?;
    let session = session::shared_command(gl, PicturePlace::Best)?;
    let host = SessionHost::start(socket, session)?;
    host.wait_ready()
        .map_err(|error| format!("the session: {error}"))?;
    tracing::info!("listening on {}", socket.display());
    let signal = signals.forever().next().unwrap_or(SIGTERM);
    drop(host);
    std::process::exit(128 + signal)
}
