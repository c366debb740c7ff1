//! Reading immediates.

use super::error::{ParseError, ParseErrorKind};
use super::lexer::Cursor;
use super::*;

/// What follows `IMM`: `[n] type {a, b, c, d}`. Without a number the immediate takes the next one.
pub(super) fn immediate(cursor: &mut Cursor, due: usize) -> Result<Immediate, ParseError> {
    if cursor.peek() == Some(b'[') {
        number(cursor, due)?;
    }
    let kind: ImmediateType = cursor.name("an immediate type")?;
    cursor.expect(b'{', "`{`")?;
    let mut words = [0; 4];
    match kind {
        ImmediateType::Flt32 | ImmediateType::Uint32 | ImmediateType::Int32 => {
            for (i, word) in words.iter_mut().enumerate() {
                *word = value(cursor, i, |text| word32(kind, text))?;
            }
        }
        ImmediateType::Flt64 | ImmediateType::Uint64 | ImmediateType::Int64 => {
            for (i, pair) in words.chunks_exact_mut(2).enumerate() {
                let bits = value(cursor, i, |text| word64(kind, text))?;
                pair.copy_from_slice(&[bits as u32, (bits >> 32) as u32]);
            }
        }
    }
    cursor.expect(b'}', "`}`")?;
    Ok(Immediate { kind, words })
}

fn number(cursor: &mut Cursor, expected: usize) -> Result<(), ParseError> {
    cursor.expect(b'[', "`[`")?;
    let start = cursor.position();
    let index = cursor.uint("an immediate number", operand::MAX_REGISTER)?;
    if index as usize != expected {
        return Err(cursor.error(start, ParseErrorKind::ImmediateOrder { index, expected }));
    }
    cursor.expect(b']', "`]`")
}

/// The `i`-th value of the braces, after its comma.
fn value<T>(cursor: &mut Cursor, i: usize, read: impl Fn(&str) -> Option<T>) -> Result<T, ParseError> {
    if i > 0 {
        cursor.expect(b',', "`,`")?;
    }
    cursor.skip_space();
    let start = cursor.position();
    let text = cursor.literal();
    read(text).ok_or_else(|| cursor.expected_at(start, "a value of the immediate's type"))
}

/// Bits written in hexadecimal, which every type may use.
fn hexadecimal(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    // The standard parser would take a sign here.
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits)
}

fn word32(kind: ImmediateType, text: &str) -> Option<u32> {
    if let Some(digits) = hexadecimal(text) {
        return u32::from_str_radix(digits, 16).ok();
    }
    match kind {
        ImmediateType::Int32 => text.parse::<i32>().ok().map(|v| v as u32),
        ImmediateType::Flt32 => text.parse::<f32>().ok().map(f32::to_bits),
        _ => text.parse().ok(),
    }
}

fn word64(kind: ImmediateType, text: &str) -> Option<u64> {
    if let Some(digits) = hexadecimal(text) {
        return u64::from_str_radix(digits, 16).ok();
    }
    match kind {
        ImmediateType::Int64 => text.parse::<i64>().ok().map(|v| v as u64),
        ImmediateType::Flt64 => text.parse::<f64>().ok().map(f64::to_bits),
        _ => text.parse().ok(),
    }
}
