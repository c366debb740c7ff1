//! What a server complained about while tests ran: its warnings and errors, by message.
//!
//! A message that differs in numbers alone is the same one. Which client it was about is part of it, since a list can say
//! that a client asks for what it is refused.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead},
    path::Path,
};

use super::known::List;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
#[allow(missing_docs)]
pub struct LogError {
    path: String,
    source: io::Error,
}

/// Warnings and errors with their numbers, as `LEVEL CLIENT: MESSAGE`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Complaints(BTreeMap<String, usize>);

impl Complaints {
    /// Reads a server's log. Lines of others, such as a driver's, are left out.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, LogError> {
        let failed = |source| LogError {
            path: path.display().to_string(),
            source,
        };
        let file = io::BufReader::new(fs::File::open(path).map_err(failed)?);
        let mut complaints = Self::default();
        for line in file.split(b'\n') {
            let line = line.map_err(failed)?;
            complaints.add(&String::from_utf8_lossy(&line));
        }
        Ok(complaints)
    }

    fn add(&mut self, line: &str) {
        if let Some(complaint) = complaint(line) {
            *self.0.entry(complaint).or_default() += 1;
        }
    }

    /// All of them, the most frequent first, and whether the list says why they may be. A `*` at the end of a line there
    /// stands for whatever follows.
    pub fn judged<'a>(&'a self, known: &'a List) -> Vec<(&'a str, usize, Option<&'a str>)> {
        let stands_for = |line: &str, complaint: &str| match line.strip_suffix('*') {
            Some(beginning) => complaint.starts_with(beginning),
            None => complaint == line,
        };
        let reason = |complaint: &str| {
            let mut lines = known.iter();
            let found = lines.find(|(line, _)| stands_for(line, complaint));
            found.map(|(_, reason)| reason.as_str())
        };
        let mut all: Vec<_> = self
            .0
            .iter()
            .map(|(complaint, count)| (complaint.as_str(), *count, reason(complaint)))
            .collect();
        all.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        all
    }
}

/// The complaint in a line of a log.
fn complaint(line: &str) -> Option<String> {
    if line.contains("panicked at") {
        return Some(format!("PANIC {}", without_numbers(line)));
    }
    let (time, rest) = line.split_once(' ')?;
    if !time.starts_with(|first: char| first.is_ascii_digit()) || !time.ends_with('Z') {
        return None;
    }
    let (level, rest) = rest.trim_start().split_once(' ')?;
    if !matches!(level, "WARN" | "ERROR") {
        return None;
    }
    let (client, message) = match rest.strip_prefix("client: ") {
        Some(rest) => {
            let (message, process) = rest.rsplit_once(" process=")?;
            (process.split('"').nth(1)?, message)
        }
        None => ("-", rest),
    };
    Some(format!("{level} {client}: {}", without_numbers(message)))
}

/// `N` in place of each number, whether decimal or hexadecimal.
fn without_numbers(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        // Digits in a word are part of a name.
        if character.is_ascii_digit() && !before.is_alphanumeric() && before != '_' {
            while characters.next_if(char::is_ascii_alphanumeric).is_some() {}
            short.push('N');
        } else {
            short.push(character);
        }
        before = character;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Complaints {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Complaints::read(file.path()).unwrap()
    }

    #[test]
    fn messages_are_counted_by_client_whatever_numbers_they_have() {
        let complaints = complaints(
            "2026-11-24T12:00:00.000001Z  WARN client: DRAW_VBO refused: no buffer 12 process=7 \"gears\"\n\
             2026-11-24T12:00:00.000002Z  INFO session 8 serves process 9 \"lines\"\n\
             2026-11-24T12:00:00.000003Z  WARN client: DRAW_VBO refused: no buffer 0x1f process=9 \"lines\"\n\
             2026-11-24T12:00:00.000004Z  WARN client: DRAW_VBO refused: no buffer 3 process=10 \"gears\" name=\"x\"\n\
             2026-11-24T12:00:01.000000Z ERROR the session of process 7 \"gears\" was ended by signal 11\n\
             MESA: something of a driver's\n",
        );
        assert_eq!(
            complaints.judged(&List::new()),
            [
                ("WARN gears: DRAW_VBO refused: no buffer N", 2, None),
                (
                    "ERROR -: the session of process N \"gears\" was ended by signal N",
                    1,
                    None
                ),
                ("WARN lines: DRAW_VBO refused: no buffer N", 1, None),
            ]
        );
    }

    #[test]
    fn a_list_may_say_why_a_client_is_refused_something() {
        let complaints =
            complaints("2026-11-24T12:00:00.000001Z  WARN client: it refused: 1 process=7 \"bad\"\n");
        let known = [("WARN bad: it refused: N".to_owned(), "it asks for it".to_owned())].into();
        assert_eq!(
            complaints.judged(&known),
            [("WARN bad: it refused: N", 1, Some("it asks for it"))]
        );
    }

    #[test]
    fn a_list_may_say_that_a_client_is_refused_all_sorts_of_things() {
        let complaints = complaints(
            "2026-11-24T12:00:00.000001Z  WARN client: it refused: 1 process=7 \"bad\"\n\
             2026-11-24T12:00:00.000002Z ERROR client: it refused: 1 process=7 \"bad\"\n\
             2026-11-24T12:00:00.000003Z  WARN client: it refused: 1 process=8 \"badly\"\n",
        );
        let known = [("WARN bad: *".to_owned(), "it is mad".to_owned())].into();
        let reasons = complaints.judged(&known);
        let of = |complaint| reasons.iter().find(|(other, ..)| *other == complaint).unwrap().2;
        assert_eq!(of("WARN bad: it refused: N"), Some("it is mad"));
        assert_eq!(of("ERROR bad: it refused: N"), None);
        assert_eq!(of("WARN badly: it refused: N"), None);
    }

    #[test]
    fn panics_are_complaints_too() {
        let complaints =
            complaints("thread 'main' panicked at src/pipe/mod.rs:12:34:\nindex out of bounds\n");
        assert_eq!(
            complaints.judged(&List::new()),
            [("PANIC thread 'main' panicked at src/pipe/mod.rs:N:N:", 1, None)]
        );
    }
}
