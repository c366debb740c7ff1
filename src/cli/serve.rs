//! `pixbridge serve`: a server for vtest clients.

use std::{path::PathBuf, process::ExitCode, thread};

use clap::Args;
use pixbridge::{gl::Choice, pipe::server::Listener};
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
}

impl Serve {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let listener = Listener::bind(&self.socket)?;
        let session = session::command(gl, None)?;
        tracing::info!("listening on {}", self.socket.display());
        let path = self.socket.clone();
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
}
