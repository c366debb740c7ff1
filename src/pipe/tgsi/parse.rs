//! Reading a whole shader: header, statements, and the bounds on them.

use super::error::{ParseError, ParseErrorKind};
use super::instruction::Nesting;
use super::lexer::{Cursor, line_and_column};
use super::names::{Named, property_words};
use super::*;

/// Longest accepted text, in bytes.
pub const MAX_TEXT: usize = 8 << 20;
/// Most immediates of a shader.
pub const MAX_IMMEDIATES: usize = 4096;
/// Most declarations of a shader: room for one per register of the two largest files.
pub const MAX_DECLARATIONS: usize = 1 << 16;
/// Most instructions of a shader. The tree is larger than the text, so this bounds its memory.
pub const MAX_INSTRUCTIONS: usize = 1 << 18;

/// Reads a shader from the bytes of a wire command: up to the first NUL, or all of them if there is none.
///
/// # Errors
/// As [`parse`]; bytes that are not UTF-8 are an error too.
pub fn parse_bytes(bytes: &[u8]) -> Result<Shader, ParseError> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    check_length(bytes)?;
    let text = str::from_utf8(bytes).map_err(|e| {
        let (line, column) = line_and_column(&bytes[..e.valid_up_to()]);
        let kind = ParseErrorKind::NotUtf8;
        ParseError { line, column, kind }
    })?;
    parse(text)
}

/// Reads a shader.
///
/// Properties with unknown names are skipped. Register indices are bounded to what the language can express but not
/// checked against the declarations.
///
/// # Errors
/// The first place where the text leaves the grammar, exceeds a bound, or closes a block that is not open.
pub fn parse(text: &str) -> Result<Shader, ParseError> {
    check_length(text.as_bytes())?;
    let mut cursor = Cursor::new(text);
    let mut shader = Shader {
        stage: cursor.name("a stage (VERT, FRAG, GEOM, TESS_CTRL, TESS_EVAL, COMP)")?,
        properties: Vec::new(),
        declarations: Vec::new(),
        immediates: Vec::new(),
        instructions: Vec::new(),
    };
    let mut nesting = Nesting::default();
    loop {
        if cursor.at_end() {
            return Err(cursor.error(cursor.position(), ParseErrorKind::MissingEnd));
        }
        statement(&mut cursor, &mut shader, &mut nesting)?;
        if shader
            .instructions
            .last()
            .is_some_and(|i| i.opcode == Opcode::End)
        {
            break;
        }
    }
    if cursor.at_end() {
        return Ok(shader);
    }
    let start = cursor.position();
    Err(cursor.error(start, ParseErrorKind::AfterEnd(cursor.quote(start))))
}

fn check_length(text: &[u8]) -> Result<(), ParseError> {
    if text.len() <= MAX_TEXT {
        return Ok(());
    }
    Err(ParseError {
        line: 1,
        column: 1,
        kind: ParseErrorKind::TooLong {
            bytes: text.len(),
            limit: MAX_TEXT,
        },
    })
}

fn statement(cursor: &mut Cursor, shader: &mut Shader, nesting: &mut Nesting) -> Result<(), ParseError> {
    if !cursor.after_space() {
        return Err(cursor.expected("white space before a statement"));
    }
    let start = cursor.position();
    let word = cursor.word();
    if word.eq_ignore_ascii_case("DCL") {
        let declaration = declaration::declaration(cursor)?;
        push(
            cursor,
            start,
            &mut shader.declarations,
            declaration,
            ("declarations", MAX_DECLARATIONS),
        )
    } else if word.eq_ignore_ascii_case("IMM") {
        let immediate = immediate::immediate(cursor, shader.immediates.len())?;
        push(
            cursor,
            start,
            &mut shader.immediates,
            immediate,
            ("immediates", MAX_IMMEDIATES),
        )
    } else if word.eq_ignore_ascii_case("PROPERTY") {
        shader.properties.extend(property(cursor)?);
        Ok(())
    } else {
        let instruction = instruction::instruction(cursor, start, word, nesting)?;
        push(
            cursor,
            start,
            &mut shader.instructions,
            instruction,
            ("instructions", MAX_INSTRUCTIONS),
        )
    }
}

fn push<T>(
    cursor: &Cursor,
    start: usize,
    list: &mut Vec<T>,
    item: T,
    (what, limit): (&'static str, usize),
) -> Result<(), ParseError> {
    if list.len() >= limit {
        return Err(cursor.error(start, ParseErrorKind::TooMany { what, limit }));
    }
    list.push(item);
    Ok(())
}

/// `name value`, `None` if the name is unknown: newer clients may know more properties.
fn property(cursor: &mut Cursor) -> Result<Option<Property>, ParseError> {
    let word = cursor.word();
    if word.is_empty() {
        return Err(cursor.expected("a property name"));
    }
    let Some(name) = PropertyName::from_word(word) else {
        cursor.skip_line();
        return Ok(None);
    };
    let value = match cursor.peek() {
        Some(byte) if byte.is_ascii_digit() => cursor.uint("a property value", u32::MAX)?,
        _ => property_word(cursor, name)?,
    };
    Ok(Some(Property { name, value }))
}

fn property_word(cursor: &mut Cursor, name: PropertyName) -> Result<u32, ParseError> {
    let start = cursor.position();
    let word = cursor.word();
    let position = property_words(name)
        .iter()
        .position(|w| w.eq_ignore_ascii_case(word));
    match position {
        Some(value) => Ok(value as u32),
        None => Err(cursor.expected_at(start, "a property value")),
    }
}
