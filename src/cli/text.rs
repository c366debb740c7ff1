//! `pixbridge dump` and `pixbridge assemble`: traces as text and back.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use pixbridge::pipe::wire::{text, trace::TraceReader};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Dump {
    /// Trace file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Assemble {
    /// Text file, as written by dump
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Trace file to write instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Dump {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let trace = TraceReader::new(BufReader::new(File::open(&self.file)?))?;
        let mut out = BufWriter::new(std::io::stdout().lock());
        text::dump(trace, &mut out)?;
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Assemble {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let text = fs::read_to_string(&self.file)?;
        match self.out {
            Some(path) => text::assemble(&text, BufWriter::new(File::create(path)?))?,
            None if std::io::stdout().is_terminal() => {
                return Err("a trace is not for a terminal: use --out FILE".into());
            }
            None => text::assemble(&text, BufWriter::new(std::io::stdout().lock()))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
