//! Text to bytes.

use std::io::{self, Write};

use super::{
    commands::COMMANDS,
    layout::{Field, Layout, Rest, begins_word},
    requests::REQUESTS,
    values::{read_string, read_words},
};
use crate::pipe::wire::{
    trace::{TraceWriter, VERSION},
    virgl::command::ResourceId,
};

/// Words that one line may stand for.
const MAX_WORDS: usize = 64 << 20;
/// Words behind the header of a command.
const MAX_COMMAND: usize = 0xffff;

/// Why text is not the pipe's textual form.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TextError {
    #[error("the result cannot be written: {0}")]
    Io(#[from] io::Error),
    #[error("line {line}, column {column}: {reason}: {text:?}")]
    Line {
        line: usize,
        /// In bytes, from 1.
        column: usize,
        reason: &'static str,
        text: String,
    },
    #[error("the text ends without END")]
    Unfinished,
}

/// What is wrong with a line.
#[derive(Debug)]
struct Bad<'a> {
    reason: &'static str,
    text: &'a str,
}

type Read<'a, T> = Result<T, Bad<'a>>;

fn bad<'a, T>(reason: &'static str, text: &'a str) -> Read<'a, T> {
    Err(Bad { reason, text })
}

/// Tells where in the file the bad part of a line is.
fn at_line(number: usize, line: &str) -> impl Fn(Bad<'_>) -> TextError {
    move |bad| TextError::Line {
        line: number,
        column: 1 + column(line, bad.text),
        reason: bad.reason,
        text: bad.text.chars().take(80).collect(),
    }
}

/// Where in `line` its part `part` begins.
fn column(line: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().wrapping_sub(line.as_ptr().addr());
    if offset <= line.len() { offset } else { 0 }
}

/// Reads the textual form of a trace and writes the trace.
///
/// # Errors
/// At the first line that is not in the form.
pub fn assemble(text: &str, out: impl Write) -> Result<(), TextError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    match lines.next() {
        Some((_, head)) if head.trim() == format!("pixtrace {VERSION}") => {}
        head => {
            let text = head.map_or("", |(_, text)| text);
            return Err(at_line(1, text)(Bad {
                reason: "not a trace",
                text,
            }));
        }
    }
    let mut trace = TraceWriter::new(out)?;
    while let Some((number, whole)) = lines.next() {
        let line = whole.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "END" {
            return Ok(trace.finish()?);
        }
        if let Some(rest) = line.strip_prefix("MEMORY ") {
            let (resource, offset, bytes) = memory(rest).map_err(at_line(number, whole))?;
            trace.memory(resource, offset, &bytes)?;
            continue;
        }
        let bytes = match line {
            "SUBMIT_CMD {" => submit(&mut lines)?,
            _ => request(line).map_err(at_line(number, whole))?,
        };
        trace.request(&bytes)?;
    }
    Err(TextError::Unfinished)
}

/// Reads the textual form of a buffer of virgl commands.
///
/// # Errors
/// At the first line that is not in the form.
pub fn assemble_stream(text: &str) -> Result<Vec<u32>, TextError> {
    let mut words = Vec::new();
    for (index, whole) in text.lines().enumerate() {
        let line = whole.trim();
        if !line.is_empty() && !line.starts_with('#') {
            words.extend(command(line).map_err(at_line(index + 1, whole))?);
        }
    }
    Ok(words)
}

/// The words of a line, for comparing.
pub(super) fn command_words(line: &str) -> Option<Vec<u32>> {
    command(line).ok()
}

/// The bytes of a request's text, for comparing.
pub(super) fn request_bytes(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    match lines.next()?.1 {
        "SUBMIT_CMD {" => submit(&mut lines).ok(),
        line => request(line).ok(),
    }
}

fn to_bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The commands of a block, up to its closing brace, as a request.
fn submit<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Result<Vec<u8>, TextError> {
    let mut words = vec![0, 6];
    for (number, whole) in lines {
        match whole.trim() {
            "}" => {
                words[0] = (words.len() - 2) as u32;
                return Ok(to_bytes(&words));
            }
            line if line.is_empty() || line.starts_with('#') => {}
            line => words.extend(command(line).map_err(at_line(number, whole))?),
        }
    }
    Err(TextError::Unfinished)
}

fn memory(text: &str) -> Read<'_, (ResourceId, u64, Vec<u8>)> {
    let (resource, rest) = argument(text, "resource")?;
    let (offset, rest) = argument(rest, "offset")?;
    let Ok(resource) = resource.parse() else {
        return bad("not a resource", resource);
    };
    let Some(offset) = offset
        .strip_prefix("0x")
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
    else {
        return bad("not an offset", offset);
    };
    Ok((ResourceId(resource), offset, data(rest)?))
}

/// The value of `name=value` at the front, and the text behind it.
fn argument<'a>(text: &'a str, name: &str) -> Read<'a, (&'a str, &'a str)> {
    let text = text.trim_start();
    let Some(value) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) else {
        return bad("another field is expected", text);
    };
    let end = value.find([' ', '}']).unwrap_or(value.len());
    Ok(value.split_at(end))
}

/// Bytes written as an optional `tail="..."` and `data=words`.
fn data(text: &str) -> Read<'_, Vec<u8>> {
    let mut rest = text.trim_start();
    let mut tail = Vec::new();
    if let Some(string) = rest.strip_prefix("tail=") {
        let Some((bytes, behind)) = read_string(string) else {
            return bad("not a string", string);
        };
        (tail, rest) = (bytes, behind.trim_start());
    }
    let words = rest
        .strip_prefix("data=")
        .and_then(|words| read_words(words, MAX_WORDS));
    let Some(words) = words else {
        return bad("not data", rest);
    };
    let mut bytes = to_bytes(&words);
    bytes.extend(tail);
    Ok(bytes)
}

fn request(line: &str) -> Read<'_, Vec<u8>> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    match name {
        "RAW" => return data(rest),
        "CREATE_RENDERER" => {
            let string = rest.strip_prefix("name=").and_then(read_string);
            let Some((bytes, "")) = string else {
                return bad("not a name", rest);
            };
            let mut request = to_bytes(&[bytes.len() as u32, 8]);
            request.extend(bytes);
            return Ok(request);
        }
        _ => {}
    }
    let Some(layout) = REQUESTS.iter().find(|layout| layout.name == name) else {
        return bad("no such request", name);
    };
    let (length, rest) = match rest.strip_prefix("length=") {
        Some(_) => {
            let (length, rest) = argument(rest, "length")?;
            let Ok(length) = length.parse::<u32>() else {
                return bad("not a length", length);
            };
            (Some(length), rest)
        }
        None => (None, rest),
    };
    let payload = arguments(layout, rest)?;
    let mut words = vec![length.unwrap_or(payload.len() as u32), layout.id];
    words.extend(payload);
    let mut bytes = to_bytes(&words);
    bytes.resize(bytes.len() + layout.rest.descriptors(), 0);
    Ok(bytes)
}

fn command(line: &str) -> Read<'_, Vec<u32>> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    if name == "RAW" {
        return match read_words(rest, MAX_WORDS) {
            Some(words) => Ok(words),
            None => bad("not words", rest),
        };
    }
    let Some(layout) = COMMANDS.iter().find(|layout| layout.name == name) else {
        return bad("no such command", name);
    };
    let payload = arguments(layout, rest)?;
    if payload.len() > MAX_COMMAND {
        return bad("too long for a command", name);
    }
    let mut words = vec![layout.id | (payload.len() as u32) << 16];
    words.extend(payload);
    Ok(words)
}

fn arguments<'a>(layout: &Layout, text: &'a str) -> Read<'a, Vec<u32>> {
    let mut words = Vec::new();
    let rest = read_fields(layout.fields, text, &mut words)?;
    match layout.rest {
        Rest::Nothing | Rest::Descriptors(_) if rest.is_empty() => Ok(words),
        Rest::Nothing | Rest::Descriptors(_) => bad("more than the line can hold", rest),
        Rest::List(name, kind) => {
            let (inside, behind) = bracketed(rest, name)?;
            for item in inside.split_ascii_whitespace() {
                let Some(value) = kind.value(item) else {
                    return bad("no such value", item);
                };
                words.push(value);
            }
            ended(behind, words)
        }
        Rest::Records(name, record) => {
            let (mut inside, behind) = bracketed(rest, name)?;
            while let Some(entry) = inside.trim_start().strip_prefix('{') {
                let Some((entry, next)) = entry.split_once('}') else {
                    return bad("no closing brace", entry);
                };
                let left = read_fields(record, entry, &mut words)?;
                if !left.is_empty() {
                    return bad("more than an entry can hold", left);
                }
                inside = next;
            }
            if !inside.trim().is_empty() {
                return bad("an entry is expected", inside);
            }
            ended(behind, words)
        }
        Rest::Data(name) => {
            let hex = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
            match hex.and_then(|hex| read_words(hex, MAX_WORDS)) {
                Some(data) => {
                    words.extend(data);
                    Ok(words)
                }
                None => bad("not words", rest),
            }
        }
        Rest::Shader => shader(rest, words),
    }
}

fn ended(behind: &str, words: Vec<u32>) -> Read<'_, Vec<u32>> {
    if behind.trim().is_empty() {
        Ok(words)
    } else {
        bad("more than the line can hold", behind)
    }
}

/// What is in the brackets of `name=[...]`, and what is behind them.
fn bracketed<'a>(text: &'a str, name: &str) -> Read<'a, (&'a str, &'a str)> {
    let inside = text.strip_prefix(name).and_then(|rest| rest.strip_prefix("=["));
    match inside.and_then(|inside| inside.split_once(']')) {
        Some(parts) => Ok(parts),
        None => bad("a list is expected", text),
    }
}

/// Reads fields in order as far as they go; words whose fields are missing are left out. Gives what is behind.
fn read_fields<'a>(fields: &[Field], text: &'a str, words: &mut Vec<u32>) -> Read<'a, &'a str> {
    let mut rest = text.trim_start();
    for (index, field) in fields.iter().enumerate() {
        let begins = begins_word(fields, index);
        let here = rest
            .strip_prefix(field.name)
            .is_some_and(|rest| rest.starts_with('='));
        if !here {
            return if begins {
                Ok(rest)
            } else {
                bad("another field is expected", rest)
            };
        }
        let (text, behind) = argument(rest, field.name)?;
        let limit = u64::from(u32::MAX) >> (32 - field.width);
        let value = match field.kind.value(text) {
            Some(value) if u64::from(value) <= limit => value,
            _ => return bad("no such value", text),
        };
        match words.last_mut() {
            Some(word) if !begins => *word |= value << field.at,
            _ => words.push(value << field.at),
        }
        rest = behind.trim_start();
    }
    Ok(rest)
}

fn shader(text: &str, mut words: Vec<u32>) -> Read<'_, Vec<u32>> {
    let mut rest = text;
    if rest.starts_with("table=") {
        let (table, behind) = bracketed(rest, "table")?;
        let Some(table) = read_words(table, MAX_COMMAND) else {
            return bad("not words", table);
        };
        words.extend(table);
        rest = behind;
    }
    let (pad, behind) = argument(rest, "pad")?;
    let Some(pad) = pad.parse::<usize>().ok().filter(|&pad| pad <= MAX_COMMAND * 4) else {
        return bad("not a number of NULs", pad);
    };
    let string = behind.trim_start().strip_prefix("text=").and_then(read_string);
    let Some((mut bytes, "")) = string else {
        return bad("not a shader text", behind);
    };
    bytes.resize(bytes.len() + pad, 0);
    let (whole, []) = bytes.as_chunks() else {
        return bad("text and NULs do not fill whole words", behind);
    };
    words.extend(whole.iter().map(|word| u32::from_le_bytes(*word)));
    Ok(words)
}
