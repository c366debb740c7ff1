//! `pixbridge run`: an application with a server of its own.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    thread,
    time::Duration,
};

use clap::Args;
use pixbridge::{gl::Choice, pipe::server::Listener};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Failure, session};

/// How long sessions may take to end after the application.
const PATIENCE: Duration = Duration::from_secs(5);
/// The preload library's file name.
const PRELOAD: &str = "libpixbridge_guest.so";

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The application and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "APP"
    )]
    app: Vec<OsString>,
}

impl Run {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        run(&self.app, gl, None)
    }
}

/// Runs an application with a server of its own, recording what it says if a file is given.
pub(super) fn run(app: &[OsString], gl: Choice, record: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let directory = tempfile::Builder::new().prefix("pixbridge-").tempdir()?;
    let socket = directory.path().join("vtest");
    let listener = Listener::bind(&socket)?;
    let sessions = listener.sessions();
    let session = session::command(gl, record)?;
    thread::spawn(move || {
        if let Err(error) = listener.serve(session) {
            tracing::error!("no more connections: {error}");
        }
    });
    let status = run_app(app, &socket)?;
    if !sessions.wait(PATIENCE) {
        tracing::warn!(
            "{} sessions outlive the application and are ended",
            sessions.count()
        );
    }
    Ok(exit_code(status))
}

/// Runs the application to its end. Signals that would end us are for the application.
fn run_app(app: &[OsString], socket: &Path) -> Result<ExitStatus, Failure> {
    let (program, arguments) = app.split_first().ok_or("no application to run")?;
    let mut command = Command::new(program);
    command.args(arguments);
    set_environment(&mut command, socket)?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let pid = rustix::process::Pid::from_child(&child);
    thread::spawn(move || {
        // A terminal has sent its interrupt to the application as well.
        for signal in signals.forever().filter(|&signal| signal != SIGINT) {
            let Some(signal) = rustix::process::Signal::from_named_raw(signal) else {
                continue;
            };
            if let Err(error) = rustix::process::kill_process(pid, signal) {
                tracing::debug!("handing a signal on: {error}");
            }
        }
    });
    Ok(child.wait()?)
}

/// Makes Mesa use its vtest driver on our socket.
fn set_environment(command: &mut Command, socket: &Path) -> Result<(), Failure> {
    command
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("GALLIUM_DRIVER", "virpipe")
        .env("VTEST_SOCKET_NAME", socket);
    match preload_library()? {
        Some(library) => {
            let mut preload = library.into_os_string();
            if let Some(others) = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
                preload.push(":");
                preload.push(others);
            }
            command.env("LD_PRELOAD", preload);
        }
        None => tracing::warn!("{PRELOAD} is not installed: Mesa before 23.1 will not find the server"),
    }
    Ok(())
}

/// The preload library beside the executable, or where it is installed.
fn preload_library() -> std::io::Result<Option<PathBuf>> {
    let program = std::env::current_exe()?;
    let beside = program.parent().unwrap_or(Path::new("/"));
    let places = [
        beside.join(PRELOAD),
        beside.join("../lib/pixbridge").join(PRELOAD),
    ];
    Ok(places.into_iter().find(|place| place.exists()))
}

/// The application's exit code, 128 and the signal's number if a signal ended it.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
