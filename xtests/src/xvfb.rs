//! A fresh Xvfb that ends with its guard.

use crate::process::{ProcessError, Running};
use std::process::Command;
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(30);

/// An X server of this machine.
pub trait Server: std::fmt::Debug {
    /// The value for `DISPLAY`.
    fn display(&self) -> String;
}

/// A running Xvfb.
///
/// The server dies with the thread that started it, so that it cannot outlive a killed test process: keep
/// the guard in that thread.
#[derive(Debug)]
pub struct Xvfb {
    number: u32,
    _server: Running,
}

impl Xvfb {
    /// Starts a server with one screen of this size in pixels, at depth 24. The server picks its own number.
    ///
    /// # Errors
    /// When Xvfb is missing, or does not say its number in time.
    pub fn start(width: u16, height: u16) -> Result<Self, ProcessError> {
        Self::start_with(width, height, &["-nolisten", "tcp"])
    }

    /// As [`Xvfb::start`], with other arguments than those that keep it from listening on the network.
    ///
    /// # Errors
    /// As [`Xvfb::start`].
    pub fn start_with(width: u16, height: u16, arguments: &[&str]) -> Result<Self, ProcessError> {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "Xvfb", "-displayfd", "1", "-noreset"])
            .args(["-screen", "0", &format!("{width}x{height}x24")])
            .args(arguments);
        let mut server = Running::start(command)?;
        let number = server.wait_for(START_LIMIT, |out| out.strip_suffix('\n')?.trim().parse().ok())?;
        Ok(Self {
            number,
            _server: server,
        })
    }

    /// The number of the display.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The value for `DISPLAY`.
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Server for Xvfb {
    fn display(&self) -> String {
        self.display()
    }
}
