//! Reading registers and operands.

use super::error::ParseError;
use super::lexer::Cursor;
use super::*;

/// Highest register index that a text may name; indices are 16 bits wide with a sign in the binary form.
pub(super) const MAX_REGISTER: u32 = 32767;

/// `[-][|]register[.swizzle][|]`
pub(super) fn source(cursor: &mut Cursor) -> Result<Source, ParseError> {
    let negate = cursor.eat(b'-');
    let absolute = cursor.eat(b'|');
    let register = register(cursor)?;
    let swizzle = if cursor.eat(b'.') {
        channels(cursor, "a swizzle of four letters")?
    } else {
        [0, 1, 2, 3]
    };
    if absolute {
        cursor.expect(b'|', "the closing `|`")?;
    }
    Ok(Source {
        register,
        swizzle,
        negate,
        absolute,
    })
}

/// `register[.mask]`
pub(super) fn destination(cursor: &mut Cursor) -> Result<Destination, ParseError> {
    Ok(Destination {
        register: register(cursor)?,
        mask: optional_mask(cursor)?,
    })
}

/// `file[index].xyz`
pub(super) fn texel_offset(cursor: &mut Cursor) -> Result<TexelOffset, ParseError> {
    let file = cursor.name("a register file")?;
    cursor.expect(b'[', "`[`")?;
    let index = cursor.int("a register index")?;
    cursor.expect(b']', "`]`")?;
    cursor.expect(b'.', "a swizzle of three letters")?;
    let swizzle = channels(cursor, "a swizzle of three letters")?;
    Ok(TexelOffset { file, index, swizzle })
}

/// `.mask`, all channels if absent. The letters come in the order x, y, z, w.
pub(super) fn optional_mask(cursor: &mut Cursor) -> Result<Mask, ParseError> {
    if !cursor.eat(b'.') {
        return Ok(Mask::XYZW);
    }
    cursor.skip_space();
    let start = cursor.position();
    let mut bits = 0u8;
    for letter in cursor.word().bytes() {
        match channel(letter) {
            // A higher channel's bit alone exceeds all lower bits together.
            Some(c) if 1 << c > bits => bits |= 1 << c,
            _ => return Err(cursor.expected_at(start, "a write mask")),
        }
    }
    match bits {
        0 => Err(cursor.expected_at(start, "a write mask")),
        bits => Ok(Mask(bits)),
    }
}

fn register(cursor: &mut Cursor) -> Result<Register, ParseError> {
    let file = cursor.name("a register file")?;
    let (first, first_array) = bracket(cursor)?;
    if cursor.peek() != Some(b'[') {
        return Ok(Register {
            file,
            dimension: None,
            index: first,
            array: first_array,
        });
    }
    // An array that the dimension is said to lie in tells nothing: vertices and buffers form no arrays.
    let (index, array) = bracket(cursor)?;
    Ok(Register {
        file,
        dimension: Some(first),
        index,
        array,
    })
}

/// `[index]` and the array number that may follow in parentheses, 0 if it does not.
fn bracket(cursor: &mut Cursor) -> Result<(Index, u32), ParseError> {
    cursor.expect(b'[', "`[`")?;
    let index = match cursor.peek() {
        Some(byte) if byte.is_ascii_alphabetic() => relative(cursor)?,
        _ => Index::Direct(cursor.int("a register index")?),
    };
    cursor.expect(b']', "`]`")?;
    let mut array = 0;
    if cursor.eat(b'(') {
        array = cursor.uint("an array number", MAX_REGISTER)?;
        cursor.expect(b')', "`)`")?;
    }
    Ok((index, array))
}

/// `file[register][.component][+offset]`
fn relative(cursor: &mut Cursor) -> Result<Index, ParseError> {
    let file = cursor.name("a register file")?;
    cursor.expect(b'[', "`[`")?;
    let register = cursor.uint("an address register index", MAX_REGISTER)?;
    cursor.expect(b']', "`]`")?;
    let component = if cursor.eat(b'.') {
        let [component] = channels(cursor, "one of x, y, z, w")?;
        component
    } else {
        0
    };
    let offset = match cursor.peek() {
        Some(b'+' | b'-') => cursor.int("an index offset")?,
        _ => 0,
    };
    Ok(Index::Relative {
        file,
        register,
        component,
        offset,
    })
}

/// A word of exactly `N` channel letters.
fn channels<const N: usize>(cursor: &mut Cursor, what: &'static str) -> Result<[u8; N], ParseError> {
    cursor.skip_space();
    let start = cursor.position();
    let letters: Option<[u8; N]> = cursor.word().as_bytes().try_into().ok();
    let mut out = letters.ok_or_else(|| cursor.expected_at(start, what))?;
    for letter in &mut out {
        *letter = channel(*letter).ok_or_else(|| cursor.expected_at(start, what))?;
    }
    Ok(out)
}

fn channel(letter: u8) -> Option<u8> {
    match letter.to_ascii_lowercase() {
        b'x' => Some(0),
        b'y' => Some(1),
        b'z' => Some(2),
        b'w' => Some(3),
        _ => None,
    }
}
