//! `pixbridge proxy`: a display of ours in front of another.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
    thread,
};

use clap::Args;
use pixbridge::bridge::provider::{Authority, DisplaySocket, Places, Relay, Transparent, Upstream};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{Failure, run::exit_code};

#[derive(Debug, Args)]
pub(super) struct Proxy {
    /// The display that everything is passed on to, instead of DISPLAY
    #[arg(long, value_name = "DISPLAY")]
    host: Option<String>,
    /// The number of our display, instead of the lowest free one from 20 on
    #[arg(long, value_name = "N")]
    number: Option<u32>,
    /// An application and its arguments; the display ends with it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "APP")]
    app: Vec<OsString>,
}

impl Proxy {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let upstream = Upstream::open(self.host.as_deref())?;
        let display = DisplaySocket::claim(&Places::default(), self.number)?;
        let authority = Authority::create(display.number())?;
        let name = format!(":{}", display.number());
        let file = authority.path();
        let relay = Relay::new(display, authority, upstream, Transparent)?;
        let stopper = relay.stopper();
        let Some((program, arguments)) = self.app.split_first() else {
            println!("DISPLAY={name} XAUTHORITY={}", file.display());
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
            thread::spawn(move || {
                signals.forever().next();
                stopper.stop();
            });
            relay.run()?;
            return Ok(ExitCode::SUCCESS);
        };
        let relay = thread::spawn(move || relay.run());
        let status = Command::new(program)
            .args(arguments)
            .env("DISPLAY", name)
            .env("XAUTHORITY", file)
            .status()
            .map_err(|error| format!("cannot run {}: {error}", program.display()));
        stopper.stop();
        match relay.join() {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(exit_code(status?))
    }
}
