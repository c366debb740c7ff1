//! The application: found, given its environment, run to its end.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::super::{Failure, program};

/// The preload library's file name.
const PRELOAD: &str = "libpixbridge_guest.so";

/// An application that a preload library reaches.
#[derive(Debug)]
pub(super) struct App {
    command: Command,
}

impl App {
    /// An application by name and arguments.
    ///
    /// # Errors
    /// If there is no such program, or it could not be brought to use us.
    pub(super) fn new(words: &[OsString]) -> Result<Self, Failure> {
        let (name, arguments) = words.split_first().ok_or("no application to run")?;
        program::check(name)?;
        let mut command = Command::new(name);
        command.args(arguments);
        Ok(Self { command })
    }

    pub(super) fn set(&mut self, variable: &str, value: impl AsRef<OsStr>) {
        self.command.env(variable, value);
    }

    pub(super) fn unset(&mut self, variable: &str) {
        self.command.env_remove(variable);
    }

    /// Puts a library before those that are preloaded anyway.
    pub(super) fn preload(&mut self, library: &Path) {
        let mut all = library.as_os_str().to_owned();
        if let Some(others) = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
            all.push(":");
            all.push(others);
        }
        self.set("LD_PRELOAD", all);
    }

    /// Runs it to its end. Signals that would end us are for the application.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn run(mut self) -> Result<ExitStatus, Failure> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let mut child = self
            .command
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", self.command.get_program().display()))?;
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
}

/// The preload library beside the executable, or where it is installed.
pub(super) fn preload_library() -> std::io::Result<Option<PathBuf>> {
    let program = std::env::current_exe()?;
    let beside = program.parent().unwrap_or(Path::new("/"));
    let places = [
        beside.join(PRELOAD),
        beside.join("../lib/pixbridge").join(PRELOAD),
    ];
    Ok(places.into_iter().find(|place| place.exists()))
}

/// The application's exit code, 128 and the signal's number if a signal ended it.
pub(in crate::cli) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
