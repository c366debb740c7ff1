//! A cursor over shader text.
//!
//! Words are slices of the text, so reading allocates nothing. All characters that the grammar knows are ASCII; the
//! cursor steps over nothing else except when it skips a line, so it always stands on a character boundary.

use super::error::{ParseError, ParseErrorKind};
use super::names::Named;

/// Longest piece of the text that an error message repeats, in characters.
const MAX_QUOTE: usize = 40;

pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Cursor { text, at: 0 }
    }

    /// The byte offset of the next unread character.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn skip_space(&mut self) {
        self.take(is_space);
    }

    /// Whether nothing but white space is left; skips it.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    /// Whether the last character read was white space.
    pub(super) fn after_space(&self) -> bool {
        self.text.as_bytes()[..self.at]
            .last()
            .is_some_and(|&b| is_space(b))
    }

    /// Moves to the end of the current line.
    pub(super) fn skip_line(&mut self) {
        self.take(|byte| byte != b'\n');
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        self.at += rest.iter().position(|&b| !wanted(b)).unwrap_or(rest.len());
        &self.text[start..self.at]
    }

    /// The next character that is not white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over `symbol` if it comes next.
    pub(super) fn eat(&mut self, symbol: u8) -> bool {
        let found = self.peek() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    /// Steps over `symbol`, called `what` if it is not there.
    pub(super) fn expect(&mut self, symbol: u8, what: &'static str) -> Result<(), ParseError> {
        if self.eat(symbol) {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// The next run of letters, digits and underscores; empty if something else comes next.
    pub(super) fn word(&mut self) -> &'t str {
        self.skip_space();
        self.take(is_word)
    }

    /// The next run of characters that a decimal, hexadecimal or exponent number can have.
    pub(super) fn literal(&mut self) -> &'t str {
        self.skip_space();
        self.take(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    }

    /// A word of the set `T`, called `what` if it is none.
    pub(super) fn name<T: Named>(&mut self, what: &'static str) -> Result<T, ParseError> {
        self.skip_space();
        let start = self.at;
        let word = self.word();
        T::from_word(word).ok_or_else(|| self.expected_at(start, what))
    }

    /// An unsigned decimal number up to `max`.
    pub(super) fn uint(&mut self, what: &'static str, max: u32) -> Result<u32, ParseError> {
        self.skip_space();
        let start = self.at;
        match self.digits(start, what)? {
            Some(value) if value <= max => Ok(value),
            _ => Err(self.out_of_range(start, what, 0, i64::from(max))),
        }
    }

    /// A decimal number with an optional sign, in the range of a register index: -32768 to 32767.
    pub(super) fn int(&mut self, what: &'static str) -> Result<i32, ParseError> {
        self.skip_space();
        let start = self.at;
        let negative = self.eat(b'-');
        if !negative {
            self.eat(b'+');
        }
        let magnitude = self.digits(start, what)?.map(i64::from);
        let value = magnitude.map(|value| if negative { -value } else { value });
        match value.and_then(|value| i16::try_from(value).ok()) {
            Some(value) => Ok(i32::from(value)),
            None => Err(self.out_of_range(start, what, i16::MIN.into(), i16::MAX.into())),
        }
    }

    /// A word of decimal digits, part of the number at `start`; `None` if it exceeds 32 bits.
    fn digits(&mut self, start: usize, what: &'static str) -> Result<Option<u32>, ParseError> {
        let word = self.word();
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.expected_at(start, what));
        }
        Ok(word.parse().ok())
    }

    /// The error that something else than `what` comes next.
    pub(super) fn expected(&mut self, what: &'static str) -> ParseError {
        self.skip_space();
        self.expected_at(self.at, what)
    }

    /// The error that something else than `what` stands at `start`.
    pub(super) fn expected_at(&self, start: usize, what: &'static str) -> ParseError {
        let found = self.quote(start);
        self.error(start, ParseErrorKind::Expected { what, found })
    }

    /// The error that the number at `start` is out of the range of `what`.
    fn out_of_range(&self, start: usize, what: &'static str, min: i64, max: i64) -> ParseError {
        let found = self.quote(start);
        self.error(
            start,
            ParseErrorKind::OutOfRange {
                what,
                found,
                min,
                max,
            },
        )
    }

    /// What stands at `start`, up to the next space or punctuation, for an error message: cut to a bounded length,
    /// and with control characters escaped.
    pub(super) fn quote(&self, start: usize) -> String {
        let rest = self.text[start..].trim_start();
        let stop = |c: char| c.is_whitespace() || ",:|[](){}".contains(c);
        let head = rest.chars().take(1);
        let tail = rest.chars().skip(1).take_while(|&c| !stop(c));
        let mut quote: String = head
            .chain(tail.take(MAX_QUOTE - 1))
            .flat_map(char::escape_debug)
            .collect();
        if quote.is_empty() {
            quote.push_str("end of text");
        }
        quote
    }

    /// An error of the given kind at byte offset `start`.
    pub(super) fn error(&self, start: usize, kind: ParseErrorKind) -> ParseError {
        let (line, column) = line_and_column(&self.text.as_bytes()[..start]);
        ParseError { line, column, kind }
    }
}

/// The line and column, both from 1, of the byte that follows `before`.
pub(super) fn line_and_column(before: &[u8]) -> (usize, usize) {
    let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|&&b| b != b'\n').count();
    (line, column)
}
