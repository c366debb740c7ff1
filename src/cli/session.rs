//! `pixbridge session`: serves one connection, in a process of its own.

use std::{
    os::{fd::AsFd, unix::net::UnixStream},
    process::ExitCode,
};

use clap::Args;
use pixbridge::{
    gl::{Choice, Display},
    pipe::{
        exec::Executor,
        server::{Limits, Session},
    },
};
use rustix::process::{Signal, set_parent_process_death_signal};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct SessionArgs {}

impl SessionArgs {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        let executor = Executor::new(Display::open(gl)?)?;
        match Session::new(stream, executor, Limits::default()).run() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                tracing::error!("the connection is ended: {error}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// The command that starts a session; the listener adds the connection.
pub(super) fn command(gl: Choice) -> std::io::Result<impl Fn() -> std::process::Command> {
    let program = std::env::current_exe()?;
    let level = std::env::var(super::log::VARIABLE);
    Ok(move || {
        let mut command = std::process::Command::new(&program);
        command.arg("--gl").arg(gl.to_string()).arg("session");
        if let Ok(level) = &level {
            command.env(super::log::VARIABLE, level);
        }
        command
    })
}
