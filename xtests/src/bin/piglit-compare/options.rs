//! What is run, and where the data about it lies.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, ValueEnum};
use pixbridge_xtests::piglit::Mode;

/// Runs piglit through pixbridge under Xvfb and compares with what the C renderer passes.
///
/// Fails if a test that the C renderer passes is lost and no list says so, if one passes and a list says that it does not,
/// if the server complains of what no list knows, or takes more and more memory.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Which tests, in which way
    #[arg(long, value_enum, default_value_t = Set::All)]
    pub(crate) set: Set,
    /// Who shares a session, where tests run over vtest
    #[arg(long, value_enum, default_value_t = Mode::Isolated)]
    pub(crate) mode: Mode,
    /// Only tests with this in their names; may be given more than once
    #[arg(short = 't', long = "test", value_name = "TEXT")]
    pub(crate) tests: Vec<String>,
    /// Tests at a time
    #[arg(short, long, default_value_t = 2)]
    pub(crate) jobs: u32,
    /// Where to leave the results, in a directory by the set and the mode
    #[arg(long, value_name = "DIR", default_value = "out/piglit")]
    pub(crate) out: PathBuf,
    /// Seconds that everything may take [default: 300 for the sample, else two hours]
    #[arg(long, value_name = "S")]
    pub(crate) limit: Option<u64>,
    /// Results of an earlier run, such as the one in the other mode, in which the same tests must have passed
    #[arg(long, value_name = "FILE")]
    pub(crate) same_as: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Set {
    /// All of piglit's quick_gl, over vtest
    All,
    /// Some of it, of all kinds
    Sample,
    /// GLX, EGL and shared images, over DRI3
    Display,
}

impl Set {
    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Sample => "sample",
            Self::Display => "display",
        }
    }

    pub(crate) const fn baseline(self) -> &'static str {
        match self {
            Self::All | Self::Sample => "peer-0.10.4-quick_gl.tsv.gz",
            Self::Display => "peer-0.10.4-display.tsv.gz",
        }
    }

    /// What the names of the lists of what is known have at their end.
    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::All | Self::Sample => "",
            Self::Display => "-display",
        }
    }
}

impl Options {
    pub(crate) fn limit(&self) -> Duration {
        let seconds = self.limit.unwrap_or(match self.set {
            Set::Sample => 300,
            Set::All | Set::Display => 7200,
        });
        Duration::from_secs(seconds)
    }

    /// Where the results of this run go.
    pub(crate) fn directory(&self) -> PathBuf {
        match self.set {
            Set::All | Set::Sample => self.out.join(format!("{}-{}", self.set.name(), self.mode)),
            Set::Display => self.out.join(self.set.name()),
        }
    }

    /// Whether a test is to be run.
    pub(crate) fn wants(&self, test: &str) -> bool {
        self.tests.is_empty() || self.tests.iter().any(|text| test.contains(text.as_str()))
    }
}

/// A file of the data about tests.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/piglit")).join(name)
}
