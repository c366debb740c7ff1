//! Results of piglit's runs, ours and the C renderer's.

use std::{
    collections::{BTreeMap, BTreeSet},
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

/// What the C renderer makes of a set of tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// All tests of the set, in piglit's order.
    pub tests: Vec<String>,
    /// Those that it passes every time.
    pub passes: BTreeSet<String>,
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
        // Where the run was ended, so may the writing have been.
        if text.is_empty() {
            continue;
        }
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

/// The C renderer's results, from a gzipped table of result, test and stability.
///
/// # Errors
/// If the table cannot be read.
pub fn baseline(path: &Path) -> Result<Baseline, PiglitError> {
    let failed = |source| PiglitError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut text = String::new();
    GzDecoder::new(fs::File::open(path).map_err(failed)?)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let mut baseline = Baseline::default();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('\t');
        let (Some(result), Some(test), Some(stability)) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(PiglitError::Baseline(number + 1));
        };
        baseline.tests.push(test.to_owned());
        if result == "pass" && !stability.starts_with("was-") {
            baseline.passes.insert(test.to_owned());
        }
    }
    Ok(baseline)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn table(text: &str) -> Result<Baseline, PiglitError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut encoder = GzEncoder::new(file.reopen().unwrap(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
        baseline(file.path())
    }

    #[test]
    fn only_what_passes_every_time_counts_as_passed() {
        let table = table("pass\ta\tstable\nfail\tb\tstable\npass\tc\twas-fail\npass\td\tunseen-before\n");
        let table = table.unwrap();
        assert_eq!(table.tests, ["a", "b", "c", "d"]);
        assert_eq!(table.passes, ["a", "d"].map(str::to_owned).into());
    }

    #[test]
    fn a_table_that_lacks_a_column_is_refused_by_its_line() {
        assert!(matches!(
            table("pass\ta\tstable\npass\tb\n"),
            Err(PiglitError::Baseline(2))
        ));
    }

    #[test]
    fn what_was_being_written_when_a_run_ended_has_no_result() {
        let directory = tempfile::tempdir().unwrap();
        let tests = directory.path().join("tests");
        fs::create_dir(&tests).unwrap();
        fs::write(tests.join("0.json"), r#"{"a": {"result": "pass"}}"#).unwrap();
        fs::write(tests.join("1.json"), "").unwrap();
        let results = results(directory.path()).unwrap();
        assert_eq!(results, [("a".to_owned(), "pass".to_owned())].into());
    }
}
