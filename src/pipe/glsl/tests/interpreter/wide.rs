//! Opcodes on doubles and on 64-bit integers: a value is a pair of words, low word first.

use super::{Vector, Word};
use crate::pipe::tgsi::{Instruction, Mask, Opcode, Source};

use Opcode as O;

/// Whether an opcode takes or gives pairs of words.
pub(super) fn is_wide(opcode: Opcode) -> bool {
    matches!(
        opcode,
        O::Dadd
            | O::Dmul
            | O::Dmax
            | O::Dmin
            | O::Dabs
            | O::Dneg
            | O::Dssg
            | O::Dfrac
            | O::Dtrunc
            | O::Dceil
            | O::Dflr
            | O::Dround
            | O::Dldexp
            | O::F2d
            | O::I2d
            | O::U2d
            | O::D2f
            | O::D2i
            | O::D2u
            | O::Dslt
            | O::Dsge
            | O::Dseq
            | O::Dsne
    ) || is_long(opcode)
}

/// Whether the pairs are integers.
fn is_long(opcode: Opcode) -> bool {
    matches!(
        opcode,
        O::I64abs
            | O::I64neg
            | O::I64ssg
            | O::I64min
            | O::I64max
            | O::I64shr
            | O::I64div
            | O::I64mod
            | O::I64slt
            | O::I64sge
            | O::I2i64
            | O::U2i64
            | O::U64add
            | O::U64mul
            | O::U64min
            | O::U64max
            | O::U64shl
            | O::U64shr
            | O::U64div
            | O::U64mod
            | O::U64slt
            | O::U64sge
            | O::U64seq
            | O::U64sne
    )
}

/// Modifiers act on the doubles.
pub(super) fn modify(vector: &mut Vector, source: &Source) {
    for high in [1, 3] {
        vector[high].bits &= if source.absolute { 0x7fff_ffff } else { u32::MAX };
        vector[high].bits ^= if source.negate { 0x8000_0000 } else { 0 };
    }
}

/// The double in a pair of words, if it is certain and neither a NaN nor a denormal.
fn number(vector: &Vector, pair: usize) -> Option<f64> {
    let (low, high) = (vector[2 * pair].certain()?, vector[2 * pair + 1].certain()?);
    let value = f64::from_bits(u64::from(high) << 32 | u64::from(low));
    (!value.is_nan() && !value.is_subnormal()).then_some(value)
}

pub(super) fn evaluate(i: &Instruction, s: &[Vector; 4], mask: Mask) -> Vector {
    let mut result = [Word::UNKNOWN; 4];
    if is_long(i.opcode) {
        return longs(i.opcode, s, mask);
    }
    if let O::D2f | O::D2i | O::D2u | O::Dslt | O::Dsge | O::Dseq | O::Dsne = i.opcode {
        // The first double goes to the lowest written channel, the second to the next.
        for (n, channel) in mask.channels().enumerate() {
            result[channel] = to_word(i.opcode, s, n.min(1)).unwrap_or(Word::UNKNOWN);
        }
        return result;
    }
    for (pair, from) in written_pairs(mask) {
        let value = to_double(i.opcode, s, from).filter(|v| !v.is_nan() && !v.is_subnormal() && *v != 0.0);
        if let Some(value) = value {
            let bits = value.to_bits();
            result[2 * pair] = Word::exact(bits as u32);
            result[2 * pair + 1] = Word::exact((bits >> 32) as u32);
        }
    }
    result
}

/// Pairs of the result, with the pairs of the sources that they come from.
fn written_pairs(mask: Mask) -> impl Iterator<Item = (usize, usize)> {
    let halves = [mask.0 & 3, mask.0 >> 2 & 3];
    let written = (0..2).filter(move |&pair| halves[pair] != 0);
    written.enumerate().map(|(from, pair)| (pair, from))
}

fn to_double(opcode: Opcode, s: &[Vector; 4], pair: usize) -> Option<f64> {
    match opcode {
        O::F2d => return s[0][pair].number().map(f64::from),
        O::I2d => return s[0][pair].certain().map(|w| f64::from(w as i32)),
        O::U2d => return s[0][pair].certain().map(f64::from),
        _ => {}
    }
    let a = number(&s[0], pair)?;
    let b = || number(&s[1], pair);
    Some(match opcode {
        O::Dadd => a + b()?,
        O::Dmul => a * b()?,
        O::Dmax => a.max(b()?),
        O::Dmin => a.min(b()?),
        O::Dabs => a.abs(),
        O::Dneg => -a,
        O::Dssg => a.signum(),
        O::Dfrac => a - a.floor(),
        O::Dtrunc => a.trunc(),
        O::Dceil => a.ceil(),
        O::Dflr => a.floor(),
        O::Dround => a.round_ties_even(),
        O::Dldexp => {
            let exponent = s[1][2 * pair].certain()? as i32;
            (-500..500).contains(&exponent).then(|| a * 2f64.powi(exponent))?
        }
        _ => return None,
    })
}

/// 64-bit integers. A comparison gives words as those of doubles do.
fn longs(opcode: Opcode, s: &[Vector; 4], mask: Mask) -> Vector {
    let mut result = [Word::UNKNOWN; 4];
    let pair = |operand: usize, n: usize| {
        let (low, high) = (s[operand][2 * n].certain()?, s[operand][2 * n + 1].certain()?);
        Some(u64::from(high) << 32 | u64::from(low))
    };
    for (n, channel) in mask.channels().enumerate() {
        let n = n.min(1);
        let compared = pair(0, n)
            .zip(pair(1, n))
            .and_then(|(a, b)| compare(opcode, a, b));
        if let Some(holds) = compared {
            result[channel] = Word::exact(if holds { u32::MAX } else { 0 });
        }
    }
    if compare(opcode, 0, 0).is_some() {
        return result;
    }
    for (to, n) in written_pairs(mask) {
        if let Some(value) = long(opcode, pair(0, n), pair(1, n), s[0][n], s[1][n]) {
            result[2 * to] = Word::exact(value as u32);
            result[2 * to + 1] = Word::exact((value >> 32) as u32);
        }
    }
    result
}

/// `None` if the opcode does not compare.
fn compare(opcode: Opcode, a: u64, b: u64) -> Option<bool> {
    Some(match opcode {
        O::I64slt => (a as i64) < b as i64,
        O::I64sge => a as i64 >= b as i64,
        O::U64slt => a < b,
        O::U64sge => a >= b,
        O::U64seq => a == b,
        O::U64sne => a != b,
        _ => return None,
    })
}

/// One value, from two pairs or from the words that conversions and shifts take.
fn long(opcode: Opcode, a: Option<u64>, b: Option<u64>, word: Word, count: Word) -> Option<u64> {
    match opcode {
        O::I2i64 => return word.certain().map(|w| i64::from(w as i32) as u64),
        O::U2i64 => return word.certain().map(u64::from),
        _ => {}
    }
    let a = a?;
    let signed = a as i64;
    match opcode {
        O::I64abs => return Some(signed.wrapping_abs() as u64),
        O::I64neg => return Some(signed.wrapping_neg() as u64),
        O::I64ssg => return Some(signed.signum() as u64),
        O::I64shr => return count.certain().map(|n| (signed >> (n & 63)) as u64),
        O::U64shr => return count.certain().map(|n| a >> (n & 63)),
        O::U64shl => return count.certain().map(|n| a << (n & 63)),
        _ => {}
    }
    let b = b?;
    match opcode {
        O::I64min => Some(signed.min(b as i64) as u64),
        O::I64max => Some(signed.max(b as i64) as u64),
        // Division by zero, and of the least by -1, is left open.
        O::I64div => signed.checked_div(b as i64).map(|v| v as u64),
        O::I64mod => signed.checked_rem(b as i64).map(|v| v as u64),
        O::U64add => Some(a.wrapping_add(b)),
        O::U64mul => Some(a.wrapping_mul(b)),
        O::U64min => Some(a.min(b)),
        O::U64max => Some(a.max(b)),
        O::U64div => a.checked_div(b),
        O::U64mod => a.checked_rem(b),
        _ => None,
    }
}

fn to_word(opcode: Opcode, s: &[Vector; 4], pair: usize) -> Option<Word> {
    let a = number(&s[0], pair)?;
    match opcode {
        O::D2f => {
            let value = a as f32;
            return Some(Word::near(value, a.abs() * f64::from(f32::EPSILON)));
        }
        O::D2i => return (a.abs() < 2147483648.0).then(|| Word::exact(a as i32 as u32)),
        O::D2u => return (0.0..4294967296.0).contains(&a).then(|| Word::exact(a as u32)),
        _ => {}
    }
    let b = number(&s[1], pair)?;
    let holds = match opcode {
        O::Dslt => a < b,
        O::Dsge => a >= b,
        O::Dseq => a == b,
        _ => a != b,
    };
    Some(Word::exact(if holds { u32::MAX } else { 0 }))
}
