//! What is printed of a run, and whether it was good.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use pixbridge_xtests::piglit::{Baseline, Complaints, Known, Memory, Results, Verdict, list};

use crate::{
    Failure,
    options::{Options, Set, data},
};

/// The name of the server's log among the results.
pub(crate) const LOG: &str = "server.log";
/// The name of the table of results.
const RESULTS: &str = "results.tsv";

/// A report that is being made.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    options: &'a Options,
    directory: &'a Path,
    took: Duration,
    good: bool,
}

impl<'a> Report<'a> {
    /// Nothing is said yet, and nothing was bad.
    pub(crate) fn new(options: &'a Options, directory: &'a Path, took: Duration) -> Self {
        Self {
            options,
            directory,
            took,
            good: true,
        }
    }

    /// Whether all that was said was good.
    pub(crate) fn is_good(&self) -> bool {
        self.good
    }

    fn bad(&mut self, what: &str) {
        println!("BAD\t{what}");
        self.good = false;
    }

    /// What passed, beside what the C renderer passes.
    ///
    /// # Errors
    /// If lists cannot be read or the results not be written.
    pub(crate) fn results(&mut self, peer: &Baseline, results: Results) -> Result<(), Failure> {
        let known = Known::read(&data(""), self.options.set.suffix())?;
        fs::write(self.directory.join(RESULTS), table(&results))?;
        let verdict = Verdict::new(peer, &results, &known);
        for lost in &verdict.lost {
            match &lost.reason {
                Some(reason) => println!("known\t{}\t{} # {reason}", lost.result, lost.test),
                None => self.bad(&format!("{}\t{}", lost.result, lost.test)),
            }
        }
        for test in &verdict.unexpected_passes {
            self.bad(&format!("passes, against the lists\t{test}"));
        }
        for test in &verdict.beside_the_point {
            self.bad(&format!("listed, but the C renderer does not pass it\t{test}"));
        }
        for test in &verdict.crashed {
            println!("crashed\t{test}");
        }
        self.failures_everywhere(&results, &known)?;
        self.compare_with_earlier(&results, &known)?;
        println!(
            "of {} tests that the C renderer passes, we pass {} = {:.2} %",
            verdict.compared,
            verdict.compared - verdict.lost.len(),
            verdict.percent()
        );
        println!("of all {} tests, we pass {}", results.len(), verdict.passed);
        println!(
            "{} clients crashed; it took {} s",
            verdict.crashed.len(),
            self.took.as_secs()
        );
        Ok(())
    }

    /// Says which tests fail that are in no list, in the set where those that fail with everybody were looked at.
    fn failures_everywhere(&self, results: &Results, known: &Known) -> Result<(), Failure> {
        if self.options.set != Set::Display {
            return Ok(());
        }
        let everywhere = list(&data("fails-everywhere-display.txt"))?;
        let failed = results
            .iter()
            .filter(|(_, result)| !["pass", "skip"].contains(&result.as_str()));
        for (test, result) in failed {
            if !everywhere.contains_key(test) && !known.tests().any(|listed| listed == test) {
                println!("unexplained\t{result}\t{test}");
            }
        }
        Ok(())
    }

    fn compare_with_earlier(&mut self, results: &Results, known: &Known) -> Result<(), Failure> {
        let Some(path) = &self.options.same_as else {
            return Ok(());
        };
        let earlier = parse_table(&fs::read_to_string(path)?);
        for test in Verdict::differences(results, &earlier, known) {
            self.bad(&format!("passes in one of two runs alone\t{test}"));
        }
        Ok(())
    }

    /// What the server complained about.
    ///
    /// # Errors
    /// If its log or the list cannot be read.
    pub(crate) fn complaints(&mut self) -> Result<(), Failure> {
        let complaints = Complaints::read(&self.directory.join(LOG))?;
        let known = list(&data("complaints.txt"))?;
        let judged = complaints.judged(&known);
        println!("{} kinds of lines in the server's log", judged.len());
        for (complaint, count, reason) in judged {
            match reason {
                Some(reason) => println!("known\t{count}\t{complaint} # {reason}"),
                None => self.bad(&format!("{count}\t{complaint}")),
            }
        }
        Ok(())
    }

    /// How the memory of server and sessions grew. A few tests warm nothing up, so of those it is only said.
    pub(crate) fn memory(&mut self, memory: &[Memory]) {
        let [half, end] = memory else { return };
        let grew = format!(
            "memory of server and sessions: {} KiB at the half, {} KiB at the end",
            half.total(),
            end.total()
        );
        let whole = self.options.set == Set::All && self.options.tests.is_empty();
        match whole && !end.is_as_before(half) {
            true => self.bad(&grew),
            false => println!("{grew}"),
        }
    }
}

fn table(results: &Results) -> String {
    let mut table = String::new();
    for (test, result) in results {
        // Writing to a string does not fail.
        let _ = writeln!(table, "{result}\t{test}");
    }
    table
}

fn parse_table(text: &str) -> Results {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .map(|(result, test)| (test.to_owned(), result.to_owned()))
        .collect()
}
