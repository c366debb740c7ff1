//! Programs of other people, and how each is told to show a picture that can be compared.
//!
//! What Xvfb-ci/install installs has to be there. The rest is tried where somebody has installed it.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Debian puts games where not every path leads.
const GAMES: &str = "/usr/games";

/// A program with its arguments.
#[derive(Debug, Clone)]
pub struct Program {
    name: &'static str,
    executable: &'static str,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    source: Source,
}

/// Whether a program has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// In packages.txt: its absence is an error.
    Required,
    /// This Debian package, which nothing asks for.
    Optional(&'static str),
}

impl Program {
    /// A program of packages.txt.
    pub fn required(executable: &'static str) -> Self {
        Self::new(executable, Source::Required)
    }

    /// A program of a package that nothing asks for.
    pub fn optional(package: &'static str, executable: &'static str) -> Self {
        Self::new(executable, Source::Optional(package))
    }

    fn new(executable: &'static str, source: Source) -> Self {
        Self {
            name: executable,
            executable,
            arguments: Vec::new(),
            environment: Vec::new(),
            source,
        }
    }

    /// The same under another name.
    #[must_use]
    pub fn called(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The same with more arguments.
    #[must_use]
    pub fn arguments<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    /// What it is called in messages and in the names of pictures.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where its executable lies. `None`, with a word on standard error, if an optional one is not installed.
    ///
    /// # Panics
    /// If a required one is not.
    pub fn find(&self) -> Option<PathBuf> {
        let found = find(self.executable);
        match (&found, self.source) {
            (None, Source::Required) => panic!("{} is missing: run Xvfb-ci/install", self.executable),
            (None, Source::Optional(package)) => {
                eprintln!("skipped: {} of the package {package} is not installed", self.name);
            }
            (Some(_), _) => {}
        }
        found
    }

    /// Adds arguments and environment to a command that runs the executable, with a home that no settings lie in.
    pub fn complete(&self, command: &mut Command, home: &Path) {
        command
            .args(&self.arguments)
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .envs(self.environment.iter().map(|(variable, value)| (variable, value)));
    }
}

/// The file that an executable's name stands for.
fn find(executable: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&paths).chain([PathBuf::from(GAMES)]);
    directories
        .map(|directory| directory.join(executable))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_by_name_and_by_path() {
        assert!(find("sh").is_some_and(|file| file.ends_with("sh")));
        assert_eq!(find("/bin/sh"), Some(PathBuf::from("/bin/sh")));
        assert_eq!(find("/bin"), None);
    }

    #[test]
    fn what_nobody_asked_for_may_be_missing() {
        assert_eq!(Program::optional("none", "no-such-program").find(), None);
    }

    #[test]
    #[should_panic(expected = "Xvfb-ci/install")]
    fn what_is_required_may_not() {
        Program::required("no-such-program").find();
    }
}
