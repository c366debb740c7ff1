//! Reading declarations.

use super::error::{ParseError, ParseErrorKind};
use super::lexer::Cursor;
use super::names::Named;
use super::operand::{MAX_REGISTER, optional_mask};
use super::*;

/// What follows `DCL`: `file[range][.mask], modifiers`.
pub(super) fn declaration(cursor: &mut Cursor) -> Result<Declaration, ParseError> {
    let file: File = cursor.name("a register file")?;
    let (dimension, (first, last)) = ranges(cursor)?;
    let mut declaration = Declaration {
        file,
        dimension,
        first,
        last,
        mask: optional_mask(cursor)?,
        array: None,
        local: false,
        semantic: None,
        streams: None,
        interpolation: None,
        location: Location::Center,
        invariant: false,
        detail: Detail::None,
    };
    match file {
        File::Image => declaration.detail = image(cursor)?,
        File::Sview => declaration.detail = sampler_view(cursor)?,
        File::Buffer if cursor.eat(b',') => declaration.detail = buffer(cursor)?,
        File::Memory if cursor.eat(b',') => {
            declaration.detail = Detail::Memory(cursor.name("a memory kind")?);
        }
        _ => {
            while cursor.eat(b',') {
                modifier(cursor, &mut declaration)?;
            }
        }
    }
    Ok(declaration)
}

/// One or two brackets, of which the last is the register range.
fn ranges(cursor: &mut Cursor) -> Result<(Option<DeclaredDimension>, (u32, u32)), ParseError> {
    cursor.expect(b'[', "`[`")?;
    if cursor.eat(b']') {
        cursor.expect(b'[', "a second bracket")?;
        return Ok((Some(DeclaredDimension::Implied), range(cursor)?));
    }
    let (first, last) = range(cursor)?;
    if cursor.peek() != Some(b'[') {
        return Ok((None, (first, last)));
    }
    if first != last {
        return Err(cursor.expected("no second bracket after a range"));
    }
    cursor.expect(b'[', "`[`")?;
    Ok((Some(DeclaredDimension::Index(first)), range(cursor)?))
}

/// `first[..last]]`
fn range(cursor: &mut Cursor) -> Result<(u32, u32), ParseError> {
    let start = cursor.position();
    let first = cursor.uint("a register index", MAX_REGISTER)?;
    let mut last = first;
    if cursor.eat(b'.') {
        cursor.expect(b'.', "`..`")?;
        last = cursor.uint("a register index", MAX_REGISTER)?;
    }
    cursor.expect(b']', "`]`")?;
    if last < first {
        return Err(cursor.error(start, ParseErrorKind::ReversedRange { first, last }));
    }
    Ok((first, last))
}

/// A modifier of anything but resources. The words are told apart by themselves, so their order is free, except that
/// `COLOR` is a semantic first and an interpolation after one.
fn modifier(cursor: &mut Cursor, declaration: &mut Declaration) -> Result<(), ParseError> {
    cursor.skip_space();
    let start = cursor.position();
    let word = cursor.word();
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if declaration.semantic.is_none()
        && let Some(name) = SemanticName::from_word(word)
    {
        let index = semantic_index(cursor)?;
        declaration.semantic = Some(Semantic { name, index });
    } else if let Some(interpolation) = Interpolation::from_word(word) {
        declaration.interpolation = Some(interpolation);
    } else if let Some(location) = Location::from_word(word) {
        declaration.location = location;
    } else if is("ARRAY") {
        cursor.expect(b'(', "`(`")?;
        declaration.array = Some(cursor.uint("an array number", MAX_REGISTER)?);
        cursor.expect(b')', "`)`")?;
    } else if is("STREAM") {
        declaration.streams = Some(streams(cursor)?);
    } else if is("LOCAL") {
        declaration.local = true;
    } else if is("INVARIANT") {
        declaration.invariant = true;
    } else if !is_cylindrical_wrap(word) {
        return Err(cursor.expected_at(start, "a declaration modifier"));
    }
    Ok(())
}

/// `CYLWRAP_XYZW` with any of the letters: clients before 2021 printed it and no driver heeded it.
fn is_cylindrical_wrap(word: &str) -> bool {
    word.get(..8)
        .is_some_and(|head| head.eq_ignore_ascii_case("CYLWRAP_"))
}

fn semantic_index(cursor: &mut Cursor) -> Result<u32, ParseError> {
    if !cursor.eat(b'[') {
        return Ok(0);
    }
    let index = cursor.uint("a semantic index", u32::MAX)?;
    cursor.expect(b']', "`]`")?;
    Ok(index)
}

fn streams(cursor: &mut Cursor) -> Result<[u8; 4], ParseError> {
    let mut streams = [0; 4];
    cursor.expect(b'(', "`(`")?;
    for (i, stream) in streams.iter_mut().enumerate() {
        if i > 0 {
            cursor.expect(b',', "`,`")?;
        }
        *stream = cursor.uint("a stream number", 3)? as u8;
    }
    cursor.expect(b')', "`)`")?;
    Ok(streams)
}

fn image(cursor: &mut Cursor) -> Result<Detail, ParseError> {
    cursor.expect(b',', "`,` and a texture target")?;
    let target = cursor.name("a texture target")?;
    let (mut format, mut writable, mut raw) = (None, false, false);
    while cursor.eat(b',') {
        cursor.skip_space();
        let start = cursor.position();
        let word = cursor.word();
        if word.eq_ignore_ascii_case("WR") {
            writable = true;
        } else if word.eq_ignore_ascii_case("RAW") {
            raw = true;
        } else if let Some(name) = format_name(word) {
            format = name;
        } else {
            return Err(cursor.expected_at(start, "an image format, WR or RAW"));
        }
    }
    Ok(Detail::Image {
        target,
        format,
        writable,
        raw,
    })
}

/// The name behind `PIPE_FORMAT_` in capitals, `Some(None)` if it is `NONE`; `None` if the word is no format.
pub(super) fn format_name(word: &str) -> Option<Option<String>> {
    const PREFIX: &str = "PIPE_FORMAT_";
    let (head, name) = word.split_at_checked(PREFIX.len())?;
    if name.is_empty() || !head.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let name = name.to_ascii_uppercase();
    Some((name != "NONE").then_some(name))
}

/// A target and the return type, once for all channels or four times.
fn sampler_view(cursor: &mut Cursor) -> Result<Detail, ParseError> {
    cursor.expect(b',', "`,` and a texture target")?;
    let target = cursor.name("a texture target")?;
    cursor.expect(b',', "`,` and a return type")?;
    let mut types = [cursor.name("a return type")?; 4];
    if cursor.eat(b',') {
        types[1] = cursor.name("a return type")?;
        for kind in &mut types[2..] {
            cursor.expect(b',', "four return types")?;
            *kind = cursor.name("a return type")?;
        }
    }
    Ok(Detail::SamplerView { target, types })
}

fn buffer(cursor: &mut Cursor) -> Result<Detail, ParseError> {
    cursor.skip_space();
    let start = cursor.position();
    if cursor.word().eq_ignore_ascii_case("ATOMIC") {
        Ok(Detail::AtomicBuffer)
    } else {
        Err(cursor.expected_at(start, "ATOMIC"))
    }
}
