//! Words and strings as text.

use std::fmt::Write;

/// Writes words in hexadecimal, separated by blanks; `word*count` for runs.
pub(super) fn write_words(out: &mut String, words: &[u32]) {
    let mut rest = words;
    while let Some(&word) = rest.first() {
        let run = rest.iter().take_while(|&&other| other == word).count();
        if rest.len() != words.len() {
            out.push(' ');
        }
        let _ = match run {
            1 => write!(out, "{word:x}"),
            _ => write!(out, "{word:x}*{run}"),
        };
        rest = &rest[run..];
    }
}

/// Reads what [`write_words`] wrote. At most `limit` words come out.
pub(super) fn read_words(text: &str, limit: usize) -> Option<Vec<u32>> {
    let mut words = Vec::new();
    for item in text.split_ascii_whitespace() {
        let (word, run) = match item.split_once('*') {
            Some((word, run)) => (word, run.parse::<usize>().ok()?),
            None => (item, 1),
        };
        if run > limit - words.len() {
            return None;
        }
        words.resize(words.len() + run, u32::from_str_radix(word, 16).ok()?);
    }
    Some(words)
}

/// Writes bytes as a string in double quotes.
pub(super) fn write_string(out: &mut String, bytes: &[u8]) {
    out.push('"');
    for &byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(byte.into()),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
}

/// Reads a string in double quotes from the front of `text`; gives its bytes and the rest.
pub(super) fn read_string(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let (&first, _) = rest.as_bytes().split_first()?;
        match first {
            b'"' => return Some((bytes, &rest[1..])),
            b'\\' => {
                let (byte, length) = match *rest.as_bytes().get(1)? {
                    b'n' => (b'\n', 2),
                    b't' => (b'\t', 2),
                    b'x' => (u8::from_str_radix(rest.get(2..4)?, 16).ok()?, 4),
                    other @ (b'"' | b'\\') => (other, 2),
                    _ => return None,
                };
                bytes.push(byte);
                rest = rest.get(length..)?;
            }
            b' '..=b'~' => {
                bytes.push(first);
                rest = &rest[1..];
            }
            _ => return None,
        }
    }
}
