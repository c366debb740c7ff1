//! Opcodes on doubles: a value is a pair of words, low word first.

use super::{Vector, Word};
use crate::pipe::tgsi::{Instruction, Mask, Opcode, Source};

/// Whether an opcode takes or gives pairs of words.
pub(super) fn is_wide(opcode: Opcode) -> bool {
    use Opcode as O;
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
    if let O::D2f | O::D2i | O::D2u | O::Dslt | O::Dsge | O::Dseq | O::Dsne = i.opcode {
        // The first double goes to the lowest written channel, the second to the next.
        for (n, channel) in mask.channels().enumerate() {
            result[channel] = to_word(i.opcode, s, n.min(1)).unwrap_or(Word::UNKNOWN);
        }
        return result;
    }
    for pair in 0..2 {
        let value = to_double(i.opcode, s, pair).filter(|v| !v.is_nan() && !v.is_subnormal() && *v != 0.0);
        if let Some(value) = value {
            let bits = value.to_bits();
            result[2 * pair] = Word::exact(bits as u32);
            result[2 * pair + 1] = Word::exact((bits >> 32) as u32);
        }
    }
    result
}

use Opcode as O;

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
