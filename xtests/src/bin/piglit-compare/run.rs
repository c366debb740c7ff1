//! Running piglit on lists of tests.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use pixbridge_xtests::{
    clients::renderer_name,
    piglit::{Results, results},
    process::Running,
    renderer::Renderer,
};

use crate::Failure;

/// Seconds that a test may take, and when it is run again because it took longer.
const PATIENCE: u32 = 120;
const MORE_PATIENCE: u32 = 300;

/// Runs of piglit whose results lie beside each other.
#[derive(Debug)]
pub(crate) struct Runs {
    directory: PathBuf,
    end: Instant,
    results: Results,
    count: usize,
}

impl Runs {
    /// None so far; all of them end after `limit`.
    pub(crate) fn new(directory: PathBuf, limit: Duration) -> Self {
        Self {
            directory,
            end: Instant::now() + limit,
            results: Results::new(),
            count: 0,
        }
    }

    /// Runs tests, some at a time.
    ///
    /// # Errors
    /// If piglit does not come to its end in time.
    pub(crate) fn run(&mut self, tests: &[&str], jobs: u32, piglit: Command) -> Result<(), Failure> {
        self.run_within(tests, jobs, PATIENCE, piglit)
    }

    /// Runs those tests again that took too long, one at a time: where there is much to do, that says little.
    ///
    /// # Errors
    /// As [`Runs::run`].
    pub(crate) fn run_slow_again(&mut self, piglit: Command) -> Result<(), Failure> {
        let slow = self.results.iter().filter(|(_, result)| *result == "timeout");
        let slow: Vec<_> = slow.map(|(test, _)| test.clone()).collect();
        if slow.is_empty() {
            return Ok(());
        }
        println!("{} tests took too long and are run again, alone", slow.len());
        let slow: Vec<_> = slow.iter().map(String::as_str).collect();
        self.run_within(&slow, 1, MORE_PATIENCE, piglit)
    }

    fn run_within(
        &mut self,
        tests: &[&str],
        jobs: u32,
        seconds: u32,
        mut piglit: Command,
    ) -> Result<(), Failure> {
        let list = self.directory.join(format!("tests-{}.txt", self.count));
        let out = self.directory.join(format!("results-{}", self.count));
        self.count += 1;
        fs::write(&list, tests.join("\n") + "\n")?;
        piglit
            .args(["run", "quick_gl", "--overwrite", "--ignore-missing"])
            .arg("--test-list")
            .arg(list)
            .args(["--timeout", &seconds.to_string(), "--jobs", &jobs.to_string()])
            .arg(&out)
            .env("PIGLIT_COMPRESSION", "none");
        let left = self.end.saturating_duration_since(Instant::now());
        let status = Running::start_attached(piglit)?.finish(left)?.status;
        if !status.success() {
            return Err(format!("piglit ended with {status}").into());
        }
        self.results.extend(results(&out)?);
        Ok(())
    }

    /// The last result of each test.
    pub(crate) fn into_results(self) -> Results {
        self.results
    }
}

/// Mesa before 23.1 goes to whatever server listens on the default path when nothing leads it elsewhere: results are
/// ours only if a client started in the same way says so.
pub(crate) fn check_renderer(mut gears: Command) -> Result<(), Failure> {
    gears.arg("-info");
    let name = Running::start(gears)?.wait_for(Duration::from_secs(30), |output| {
        renderer_name(output).map(str::to_owned)
    })?;
    if name.starts_with(Renderer::Vtest.name_prefix()) {
        println!("renderer: {name}");
        Ok(())
    } else {
        Err(format!("clients run on {name:?}, not on pixbridge").into())
    }
}
