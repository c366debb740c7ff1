//! The server that piglit's tests draw with.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::memory::{Memory, resident};
use crate::{
    process::{ProcessError, Running},
    renderer::{StandError, our_binary},
    xvfb::Xvfb,
};

/// How long a server may take to listen, and sessions to end after their clients.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);
/// Warnings, and what the host's GL says about its use by us.
const LOGGED: &str = "warn,pixbridge::cli::session=debug";

/// Who shares a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Nobody: a process for each client
    Isolated,
    /// All clients: one process
    Grouped,
}

impl Mode {
    /// Processes that serve when there are no clients.
    const fn processes(self) -> usize {
        match self {
            Self::Isolated => 1,
            Self::Grouped => 2,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Isolated => "isolated",
            Self::Grouped => "grouped",
        })
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServiceError {
    #[error(transparent)]
    NotBuilt(#[from] StandError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("{path}: {source}")]
    Log { path: String, source: io::Error },
    #[error("no directory for a socket: {0}")]
    Directory(io::Error),
    #[error("the server does not listen: {0}")]
    Silent(String),
    #[error("{0} processes of the server live on without clients")]
    Outlived(usize),
}

/// `pixbridge serve`, with its log in a file.
#[derive(Debug)]
pub struct Service {
    mode: Mode,
    server: Running,
    socket: PathBuf,
    preload: PathBuf,
    _directory: tempfile::TempDir,
}

impl Service {
    /// Starts a server and waits until it listens.
    ///
    /// # Errors
    /// If it does not, or the log cannot be written.
    pub fn start(mode: Mode, log: &Path) -> Result<Self, ServiceError> {
        let directory = tempfile::tempdir().map_err(ServiceError::Directory)?;
        let socket = directory.path().join("vtest");
        let binary = our_binary()?;
        let file = fs::File::create(log).map_err(|source| ServiceError::Log {
            path: log.display().to_string(),
            source,
        })?;
        let mut serve = Command::new(&binary);
        serve.arg("serve").arg("--socket").arg(&socket);
        if mode == Mode::Grouped {
            serve.arg("--shared");
        }
        serve.env("PIXBRIDGE_LOG", LOGGED).stderr(file);
        let mut this = Self {
            mode,
            server: Running::start_attached(serve)?,
            socket,
            preload: binary.with_file_name("libpixbridge_guest.so"),
            _directory: directory,
        };
        let begun = Instant::now();
        while !this.socket.exists() {
            if begun.elapsed() > PATIENCE || this.server.poll()?.is_some() {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(ServiceError::Silent(said));
            }
            thread::sleep(POLL);
        }
        Ok(this)
    }

    /// A command that runs `program` on this server and a display. Its children do, too.
    pub fn client(&self, program: &str, xvfb: &Xvfb) -> Command {
        let mut client = Command::new(program);
        client
            .env("DISPLAY", xvfb.display())
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("GALLIUM_DRIVER", "virpipe")
            .env("VTEST_SOCKET_NAME", &self.socket)
            .env("LD_PRELOAD", &self.preload);
        client
    }

    /// The memory of the server and its sessions now that no clients are left.
    ///
    /// # Errors
    /// If sessions outlive their clients.
    pub fn memory(&self) -> Result<Memory, ServiceError> {
        let begun = Instant::now();
        loop {
            let memory = resident(self.server.id());
            let more = memory.processes().saturating_sub(self.mode.processes());
            match more {
                0 => return Ok(memory),
                _ if begun.elapsed() > PATIENCE => return Err(ServiceError::Outlived(more)),
                _ => thread::sleep(POLL),
            }
        }
    }
}
