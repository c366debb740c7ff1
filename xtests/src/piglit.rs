//! Piglit's results, and how they compare with what the C renderer passes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};

use flate2::read::GzDecoder;

/// Results by test name.
pub type Results = BTreeMap<String, String>;

/// Why results could not be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum PiglitError {
    #[error("{}: {source}", .path)]
    Io { path: String, source: io::Error },
    #[error("{}: {source}", .path)]
    Json { path: String, source: serde_json::Error },
    #[error("line {0} of the baseline does not have three columns")]
    Baseline(usize),
}

/// The result of every test in a results directory of `piglit run`, whether the run ended or not.
///
/// # Errors
/// If the directory cannot be read or holds something else.
pub fn results(directory: &Path) -> Result<Results, PiglitError> {
    let mut results = Results::new();
    let tests = directory.join("tests");
    let files = match fs::read_dir(&tests) {
        Ok(files) => files.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => vec![directory.join("results.json")],
    };
    for file in files {
        let path = file.display().to_string();
        let text = fs::read_to_string(&file).map_err(|source| PiglitError::Io {
            path: path.clone(),
            source,
        })?;
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|source| PiglitError::Json { path, source })?;
        let tests = value.get("tests").unwrap_or(&value).as_object();
        for (name, test) in tests.into_iter().flatten() {
            let result = test
                .get("result")
                .and_then(|result| result.as_str())
                .unwrap_or("notrun");
            results.insert(name.clone(), result.to_owned());
        }
    }
    Ok(results)
}

/// The tests that the C renderer passes every time, from a gzipped table of result, test and stability.
///
/// # Errors
/// If the table cannot be read.
pub fn baseline(path: &Path) -> Result<Vec<String>, PiglitError> {
    let failed = |source| PiglitError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut text = String::new();
    GzDecoder::new(fs::File::open(path).map_err(failed)?)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let mut passes = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('\t');
        let (Some(result), Some(test), Some(stability)) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(PiglitError::Baseline(number + 1));
        };
        if result == "pass" && !stability.starts_with("was-") {
            passes.push(test.to_owned());
        }
    }
    Ok(passes)
}

/// How ours compare.
#[derive(Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Tests that were run and that the baseline passes.
    pub compared: usize,
    /// Those of them that we do not pass, with our results.
    pub lost: Vec<(String, String)>,
}

impl Comparison {
    /// Compares results with a baseline.
    pub fn new(baseline: &[String], ours: &Results) -> Self {
        let compared = baseline.iter().filter_map(|test| Some((test, ours.get(test)?)));
        let mut this = Self {
            compared: 0,
            lost: Vec::new(),
        };
        for (test, result) in compared {
            this.compared += 1;
            if result != "pass" {
                this.lost.push((test.clone(), result.clone()));
            }
        }
        this
    }

    /// The part that we pass, in per cent; 0 if nothing was compared.
    pub fn percent(&self) -> f64 {
        let passed = self.compared - self.lost.len();
        if self.compared == 0 {
            0.0
        } else {
            passed as f64 * 100.0 / self.compared as f64
        }
    }
}

/// The tests of a list of known failures: everything in front of a `#`.
pub fn known_failures(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.split(" # ").next().unwrap_or("").trim())
        .filter(|test| !test.is_empty() && !test.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_run_and_passed_before_counts() {
        let baseline = ["a", "b", "c"].map(str::to_owned);
        let ours = [("a", "pass"), ("b", "crash"), ("d", "fail")];
        let ours = ours
            .map(|(test, result)| (test.to_owned(), result.to_owned()))
            .into_iter()
            .collect();
        let comparison = Comparison::new(&baseline, &ours);
        assert_eq!(
            comparison,
            Comparison {
                compared: 2,
                lost: vec![("b".to_owned(), "crash".to_owned())]
            }
        );
        assert_eq!(comparison.percent(), 50.0);
    }

    #[test]
    fn a_comparison_of_nothing_is_no_success() {
        assert_eq!(Comparison::new(&[], &Results::new()).percent(), 0.0);
    }

    #[test]
    fn known_failures_have_reasons_behind_them() {
        assert_eq!(
            known_failures("# all\nspec@a b # because\n\nspec@c\n"),
            ["spec@a b", "spec@c"]
        );
    }
}
