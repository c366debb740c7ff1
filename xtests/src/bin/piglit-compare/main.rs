//! Runs piglit through pixbridge and compares with what the C renderer passes.

mod options;
mod report;
mod run;

use std::{fs, path::Path, process::ExitCode, time::Instant};

use clap::Parser;
use pixbridge_xtests::{
    piglit::{Baseline, Memory, Results, Service, baseline},
    renderer::{Renderer, Stand},
    xvfb::Xvfb,
};

use options::{Options, Set, data};
use report::Report;
use run::{Runs, check_renderer};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match compare(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("piglit-compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a run left.
#[derive(Debug)]
struct Outcome {
    results: Results,
    /// The server's after each half of the tests.
    memory: Vec<Memory>,
}

/// True if all is as it is to be.
fn compare(options: &Options) -> Result<bool, Failure> {
    let begun = Instant::now();
    let directory = options.directory();
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;
    let peer = baseline(&data(options.set.baseline()))?;
    let tests = tests(options, &peer)?;
    let tests: Vec<_> = tests.iter().map(String::as_str).collect();
    let xvfb = Xvfb::start(1280, 1024)?;
    let outcome = match options.set {
        Set::All | Set::Sample => over_vtest(options, &directory, &tests, &xvfb)?,
        Set::Display => over_dri3(options, &directory, &tests, &xvfb)?,
    };
    let mut report = Report::new(options, &directory, begun.elapsed());
    report.results(&peer, outcome.results)?;
    if options.set != Set::Display {
        report.complaints()?;
        report.memory(&outcome.memory);
    }
    Ok(report.is_good())
}

/// The tests to run.
fn tests(options: &Options, peer: &Baseline) -> Result<Vec<String>, Failure> {
    let all = match options.set {
        Set::All | Set::Display => peer.tests.clone(),
        Set::Sample => fs::read_to_string(data("sample.txt"))?
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect(),
    };
    let wanted: Vec<_> = all.into_iter().filter(|test| options.wants(test)).collect();
    if wanted.is_empty() {
        return Err("there are no such tests".into());
    }
    Ok(wanted)
}

/// One server for all tests. They are run in two halves of the same kinds, and the server's memory is looked at when
/// nobody draws.
fn over_vtest(options: &Options, directory: &Path, tests: &[&str], xvfb: &Xvfb) -> Result<Outcome, Failure> {
    let service = Service::start(options.mode, &directory.join(report::LOG))?;
    check_renderer(service.client("glxgears", xvfb))?;
    let piglit = || service.client("piglit", xvfb);
    let mut runs = Runs::new(directory.to_owned(), options.limit());
    let mut memory = Vec::new();
    for half in 0..2 {
        let tests: Vec<_> = tests.iter().skip(half).step_by(2).copied().collect();
        if !tests.is_empty() {
            runs.run(&tests, options.jobs, piglit())?;
        }
        memory.push(service.memory()?);
    }
    runs.run_slow_again(piglit())?;
    Ok(Outcome {
        results: runs.into_results(),
        memory,
    })
}

fn over_dri3(options: &Options, directory: &Path, tests: &[&str], xvfb: &Xvfb) -> Result<Outcome, Failure> {
    let stand = Stand::prepare(Renderer::Dri3)?;
    let client = |program| {
        let mut client = stand.command(xvfb, program);
        // Some tests count refreshes.
        client.env_remove("vblank_mode");
        client
    };
    check_renderer(client("glxgears"))?;
    let mut runs = Runs::new(directory.to_owned(), options.limit());
    runs.run(tests, options.jobs, client("piglit"))?;
    runs.run_slow_again(client("piglit"))?;
    Ok(Outcome {
        results: runs.into_results(),
        memory: Vec::new(),
    })
}
