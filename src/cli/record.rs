//! `pixbridge record`: run an application and keep what it says.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::Args;
use pixbridge::gl::Choice;

use super::{Failure, run};

#[derive(Debug, Args)]
pub(super) struct Record {
    /// Trace file to write; further connections of the application get a number behind its name
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The application and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "APP"
    )]
    app: Vec<OsString>,
}

impl Record {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        run::record(&self.app, gl, std::path::absolute(self.file)?)
    }
}
