//! Bytes to text.

use std::{
    fmt::Write as _,
    io::{Read, Write},
};

use super::{
    assemble::{command_words, request_bytes},
    commands::COMMANDS,
    layout::{Field, Layout, Rest, begins_word, words_of},
    requests::REQUESTS,
    values::{write_string, write_words},
};
use crate::pipe::wire::trace::{Record, TraceError, TraceReader, VERSION};

/// Words that a stream-output table begins with: a stride for each buffer.
const STRIDES: usize = 4;
/// SUBMIT_CMD and CREATE_RENDERER.
const SUBMIT: u32 = 6;
const NAME: u32 = 8;

/// Writes a trace as text.
///
/// # Errors
/// If the trace is damaged or the text cannot be written.
pub fn dump<R: Read>(trace: TraceReader<R>, out: &mut dyn Write) -> Result<(), TraceError> {
    writeln!(out, "pixtrace {VERSION}")?;
    for record in trace {
        let text = match record? {
            Record::Request(bytes) => request(&bytes),
            Record::Memory {
                resource,
                offset,
                bytes,
            } => {
                let mut line = format!("MEMORY resource={} offset={offset:#x} ", resource.0);
                data(&mut line, &bytes);
                line.push('\n');
                line
            }
        };
        out.write_all(text.as_bytes())?;
    }
    writeln!(out, "END")?;
    Ok(())
}

/// Writes a buffer of virgl commands as text, a command a line.
pub fn dump_stream(words: &[u32]) -> String {
    let mut out = String::new();
    stream(&mut out, words, "");
    out
}

fn to_words(bytes: &[u8]) -> (Vec<u32>, &[u8]) {
    let (whole, tail) = bytes.as_chunks();
    (whole.iter().map(|word| u32::from_le_bytes(*word)).collect(), tail)
}

/// Bytes as words, and as a string what does not fill one.
fn data(out: &mut String, bytes: &[u8]) {
    let (words, tail) = to_words(bytes);
    if !tail.is_empty() {
        out.push_str("tail=");
        write_string(out, tail);
        out.push(' ');
    }
    out.push_str("data=");
    write_words(out, &words);
}

fn request(bytes: &[u8]) -> String {
    let text = described_request(bytes);
    match text {
        Some(text) if request_bytes(&text).is_some_and(|read| read == bytes) => text,
        _ => {
            let mut line = String::from("RAW ");
            data(&mut line, bytes);
            line.push('\n');
            line
        }
    }
}

fn described_request(bytes: &[u8]) -> Option<String> {
    let (header, payload) = bytes.split_at_checked(8)?;
    let (header, _) = to_words(header);
    let (words, tail) = to_words(payload);
    let &[length, id] = header.as_slice() else {
        return None;
    };
    let mut text = String::new();
    match id {
        SUBMIT => {
            text.push_str("SUBMIT_CMD {\n");
            stream(&mut text, &words, "  ");
            text.push_str("}\n");
        }
        NAME => {
            text.push_str("CREATE_RENDERER name=");
            write_string(&mut text, payload);
            text.push('\n');
        }
        _ => {
            let layout = REQUESTS.iter().find(|layout| layout.id == id)?;
            if tail.len() != layout.rest.descriptors() {
                return None;
            }
            text.push_str(layout.name);
            if length as usize != words.len() {
                let _ = write!(text, " length={length}");
            }
            arguments(&mut text, layout, &words)?;
            text.push('\n');
        }
    }
    Some(text)
}

fn stream(out: &mut String, words: &[u32], indent: &str) {
    let mut rest = words;
    while let Some((&header, behind)) = rest.split_first() {
        let length = (header >> 16) as usize;
        out.push_str(indent);
        let Some(payload) = behind.get(..length) else {
            // The header lies about the length: there is no telling what these words are.
            out.push_str("RAW ");
            write_words(out, rest);
            out.push('\n');
            return;
        };
        let all = &rest[..=length];
        let line = described_command(header, payload);
        match line {
            Some(line) if command_words(&line).is_some_and(|read| read == all) => out.push_str(&line),
            _ => {
                out.push_str("RAW ");
                write_words(out, all);
            }
        }
        out.push('\n');
        rest = &behind[length..];
    }
}

fn described_command(header: u32, payload: &[u32]) -> Option<String> {
    let layout = COMMANDS.iter().find(|layout| layout.id == header & 0xffff)?;
    let mut line = String::from(layout.name);
    arguments(&mut line, layout, payload)?;
    Some(line)
}

/// The fields and what follows them; `None` if the words do not suit the layout.
fn arguments(out: &mut String, layout: &Layout, words: &[u32]) -> Option<()> {
    let fixed = words_of(layout.fields).min(words.len());
    let (fields, rest) = words.split_at(fixed);
    write_fields(out, layout.fields, fields)?;
    match layout.rest {
        Rest::Nothing | Rest::Descriptors(_) => rest.is_empty().then_some(()),
        Rest::List(name, kind) => {
            let _ = write!(out, " {name}=[");
            for (index, &word) in rest.iter().enumerate() {
                let _ = write!(out, "{}{}", if index == 0 { "" } else { " " }, kind.text(word)?);
            }
            out.push(']');
            Some(())
        }
        Rest::Records(name, record) => records(out, name, record, rest),
        Rest::Data(name) => {
            let _ = write!(out, " {name}=");
            write_words(out, rest);
            Some(())
        }
        Rest::Shader => shader(out, fields, rest),
    }
}

fn write_fields(out: &mut String, fields: &[Field], words: &[u32]) -> Option<()> {
    let mut words = words.iter();
    let mut word = 0;
    for (index, field) in fields.iter().enumerate() {
        if begins_word(fields, index) {
            let Some(&next) = words.next() else {
                return Some(());
            };
            word = next;
        }
        let value = u64::from(word) >> field.at & ((1 << field.width) - 1);
        let _ = write!(out, " {}={}", field.name, field.kind.text(value as u32)?);
    }
    Some(())
}

fn records(out: &mut String, name: &str, record: &[Field], words: &[u32]) -> Option<()> {
    let size = words_of(record);
    if !words.len().is_multiple_of(size) {
        return None;
    }
    let _ = write!(out, " {name}=[");
    for entry in words.chunks_exact(size) {
        let mut text = String::new();
        write_fields(&mut text, record, entry)?;
        let _ = write!(out, "{{{}}}", text.trim_start());
    }
    out.push(']');
    Some(())
}

/// Stream-output strides and entries if there are any, then the text with the number of NULs behind it.
fn shader(out: &mut String, fields: &[u32], rest: &[u32]) -> Option<()> {
    let &[_, stage, _, _, outputs] = fields else {
        return None;
    };
    let table = match (stage, outputs as usize) {
        (5, _) | (_, 0) => 0,
        (_, count) => STRIDES + count.checked_mul(2)?,
    };
    let (table, text) = rest.split_at_checked(table)?;
    if !table.is_empty() {
        out.push_str(" table=[");
        write_words(out, table);
        out.push(']');
    }
    let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_le_bytes()).collect();
    let end = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    let _ = write!(out, " pad={} text=", bytes.len() - end);
    write_string(out, &bytes[..end]);
    Some(())
}
