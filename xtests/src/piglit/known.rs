//! Lists of what is known: a line each, with the reason behind a `#`.

use std::{collections::BTreeMap, fs, io, path::Path};

/// Lines of a list with their reasons.
pub type List = BTreeMap<String, String>;

/// Why a list is not good.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum KnownError {
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("line {line} of {path} says no reason behind \" # \"")]
    NoReason { path: String, line: usize },
    #[error("line {line} of {path} is there already")]
    Twice { path: String, line: usize },
    #[error("{test:?} is in more than one list")]
    TwoLists { test: String },
}

/// The tests that the C renderer passes and we are known not to.
#[derive(Debug, Default)]
pub struct Known {
    /// They fail, crash or take too long.
    pub fails: List,
    /// Piglit skips them, for want of something that we do not offer.
    pub skips: List,
    /// They pass at times.
    pub flakes: List,
}

impl Known {
    /// Reads `fails.txt`, `skips.txt` and `flakes.txt` in a directory, with `suffix` in front of the dot.
    ///
    /// # Errors
    /// If a list cannot be read, or a test has no reason or two lists.
    pub fn read(directory: &Path, suffix: &str) -> Result<Self, KnownError> {
        let list = |name| list(&directory.join(format!("{name}{suffix}.txt")));
        let known = Self {
            fails: list("fails")?,
            skips: list("skips")?,
            flakes: list("flakes")?,
        };
        let mut rest = known.skips.keys().filter(|test| known.fails.contains_key(*test));
        let mut flakes = known
            .flakes
            .keys()
            .filter(|test| known.fails.contains_key(*test) || known.skips.contains_key(*test));
        match rest.next().or_else(|| flakes.next()) {
            Some(test) => Err(KnownError::TwoLists { test: test.clone() }),
            None => Ok(known),
        }
    }

    /// All tests of all lists.
    pub fn tests(&self) -> impl Iterator<Item = &String> {
        let lists = [&self.fails, &self.skips, &self.flakes];
        lists.into_iter().flat_map(BTreeMap::keys)
    }
}

/// Reads a list. Empty lines and those that begin with `#` are left out.
///
/// # Errors
/// If it cannot be read, or a line is there twice or without a reason.
pub fn list(path: &Path) -> Result<List, KnownError> {
    let path_text = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| KnownError::Io {
        path: path_text(),
        source,
    })?;
    let mut list = List::new();
    for (number, line) in text.lines().enumerate() {
        let line_number = number + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (what, reason) = line
            .split_once(" # ")
            .map(|(what, reason)| (what.trim(), reason.trim()))
            .filter(|(what, reason)| !what.is_empty() && !reason.is_empty())
            .ok_or_else(|| KnownError::NoReason {
                path: path_text(),
                line: line_number,
            })?;
        if list.insert(what.to_owned(), reason.to_owned()).is_some() {
            return Err(KnownError::Twice {
                path: path_text(),
                line: line_number,
            });
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(fails: &str, skips: &str, flakes: &str) -> Result<Known, KnownError> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("fails", fails), ("skips", skips), ("flakes", flakes)] {
            fs::write(directory.path().join(format!("{name}.txt")), text).unwrap();
        }
        Known::read(directory.path(), "")
    }

    #[test]
    fn what_is_known_has_a_reason_behind_it() {
        let known = lists("# all\n\nspec@a b # because\n", "", "").unwrap();
        assert_eq!(known.fails["spec@a b"], "because");
        assert_eq!(known.tests().count(), 1);
    }

    #[test]
    fn a_line_without_a_reason_is_refused() {
        for text in [
            "# all\nspec@a\n",
            "# all\nspec@a # \n",
            "# all\nspec@a #because\n",
        ] {
            let error = lists(text, "", "").unwrap_err();
            assert!(matches!(error, KnownError::NoReason { line: 2, .. }), "{error}");
        }
    }

    #[test]
    fn a_test_is_known_in_one_way_only() {
        assert!(matches!(
            lists("a # x\na # y\n", "", ""),
            Err(KnownError::Twice { line: 2, .. })
        ));
        assert!(matches!(
            lists("", "a # x\n", "a # y\n"),
            Err(KnownError::TwoLists { .. })
        ));
        assert!(matches!(
            lists("a # x\n", "a # y\n", ""),
            Err(KnownError::TwoLists { .. })
        ));
    }
}
