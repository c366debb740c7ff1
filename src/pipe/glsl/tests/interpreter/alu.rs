//! Opcodes on 32-bit words.

use super::{Vector, Word};
use crate::pipe::tgsi::Opcode;

/// Whether the operands are integers, which matters for their modifiers.
pub(super) const fn is_integer(opcode: Opcode) -> bool {
    use Opcode as O;
    matches!(
        opcode,
        O::Uadd
            | O::Umul
            | O::Umad
            | O::Udiv
            | O::Umod
            | O::Umax
            | O::Umin
            | O::And
            | O::Or
            | O::Xor
            | O::Not
            | O::Shl
            | O::Ushr
            | O::Ishr
            | O::Idiv
            | O::Mod
            | O::Ineg
            | O::Iabs
            | O::Issg
            | O::Imax
            | O::Imin
            | O::Ibfe
            | O::Ubfe
            | O::Bfi
            | O::Brev
            | O::Popc
            | O::Lsb
            | O::Imsb
            | O::Umsb
            | O::I2f
            | O::U2f
            | O::Isge
            | O::Islt
            | O::Useq
            | O::Usge
            | O::Uslt
            | O::Usne
            | O::Uarl
            | O::ImulHi
            | O::UmulHi
            | O::Up2h
    )
}

/// The four channels of a result.
pub(super) fn evaluate(opcode: Opcode, s: &[Vector; 4]) -> Vector {
    if let Some(result) = scalar(opcode, s) {
        return [result; 4];
    }
    if opcode == Opcode::Up2h {
        return unpack_half(s[0][0]);
    }
    std::array::from_fn(|c| {
        let [a, b, x, y] = [s[0][c], s[1][c], s[2][c], s[3][c]];
        moved(opcode, [a, b, x])
            .or_else(|| integer(opcode, [a, b, x, y]))
            .unwrap_or_else(|| float(opcode, [a, b, x]).unwrap_or(Word::UNKNOWN))
    })
}

/// Opcodes that move bits.
fn moved(opcode: Opcode, [a, b, c]: [Word; 3]) -> Option<Word> {
    let choose = |condition: Option<bool>| match condition {
        Some(true) => b,
        Some(false) => c,
        None => Word::UNKNOWN,
    };
    match opcode {
        Opcode::Mov => Some(a),
        Opcode::Cmp => Some(choose(a.number().map(|a| a < 0.0))),
        Opcode::Ucmp => Some(choose(a.certain().map(|a| a != 0))),
        _ => None,
    }
}

const fn mask(condition: bool) -> u32 {
    if condition { u32::MAX } else { 0 }
}

/// Opcodes whose result is certain bits or nothing; `None` if the opcode is of another kind.
fn integer(opcode: Opcode, operands: [Word; 4]) -> Option<Word> {
    use Opcode as O;
    let used = opcode.sources();
    if matches!(opcode, O::Fseq | O::Fsne | O::Fslt | O::Fsge | O::F2i | O::F2u) {
        return Some(from_floats(opcode, operands[0], operands[1]).map_or(Word::UNKNOWN, Word::exact));
    }
    if !is_integer(opcode) {
        return None;
    }
    if !operands[..used].iter().all(|w| w.certain().is_some()) {
        return Some(Word::UNKNOWN);
    }
    let [a, b, c, d] = operands.map(|w| w.bits);
    let (ia, ib) = (a as i32, b as i32);
    let bits = match opcode {
        O::Uadd => a.wrapping_add(b),
        O::Umul => a.wrapping_mul(b),
        O::Umad => a.wrapping_mul(b).wrapping_add(c),
        O::ImulHi => ((i64::from(ia) * i64::from(ib)) >> 32) as u32,
        O::UmulHi => ((u64::from(a) * u64::from(b)) >> 32) as u32,
        O::Udiv | O::Umod if b == 0 => return Some(Word::UNKNOWN),
        O::Idiv | O::Mod if b == 0 || (ia == i32::MIN && ib == -1) => return Some(Word::UNKNOWN),
        O::Udiv => a / b,
        O::Umod => a % b,
        O::Idiv => (ia / ib) as u32,
        O::Mod => (ia % ib) as u32,
        O::Umax => a.max(b),
        O::Umin => a.min(b),
        O::Imax => ia.max(ib) as u32,
        O::Imin => ia.min(ib) as u32,
        O::And => a & b,
        O::Or => a | b,
        O::Xor => a ^ b,
        O::Not => !a,
        O::Shl => a << (b & 31),
        O::Ushr => a >> (b & 31),
        O::Ishr => (ia >> (b & 31)) as u32,
        O::Ineg => a.wrapping_neg(),
        O::Iabs => ia.wrapping_abs() as u32,
        O::Issg => ia.signum() as u32,
        O::Ibfe | O::Ubfe | O::Bfi => return Some(field(opcode, [a, b, c, d])),
        O::Brev => a.reverse_bits(),
        O::Popc => a.count_ones(),
        O::Lsb => a.checked_ilog2().map_or(u32::MAX, |_| a.trailing_zeros()),
        O::Umsb => a.checked_ilog2().unwrap_or(u32::MAX),
        // The highest bit that differs from the sign.
        O::Imsb => (if ia < 0 { !a } else { a }).checked_ilog2().unwrap_or(u32::MAX),
        O::Isge => mask(ia >= ib),
        O::Islt => mask(ia < ib),
        O::Useq => mask(a == b),
        O::Usge => mask(a >= b),
        O::Uslt => mask(a < b),
        O::Usne => mask(a != b),
        O::Uarl => a,
        O::I2f => return Some(converted(f64::from(ia))),
        O::U2f => return Some(converted(f64::from(a))),
        _ => return None,
    };
    Some(Word::exact(bits))
}

/// Comparisons of floats, and conversions.
fn from_floats(opcode: Opcode, a: Word, b: Word) -> Option<u32> {
    use Opcode as O;
    let a = a.number()?;
    match opcode {
        O::F2i if a.abs() < 2147483648.0 => return Some(a as i32 as u32),
        O::F2u if (0.0..4294967296.0).contains(&a) => return Some(a as u32),
        O::F2i | O::F2u => return None,
        _ => {}
    }
    let b = b.number()?;
    Some(mask(match opcode {
        O::Fseq => a == b,
        O::Fsne => a != b,
        O::Fslt => a < b,
        _ => a >= b,
    }))
}

/// An integer that may have more bits than a float keeps; how it is rounded is left open.
fn converted(value: f64) -> Word {
    let rounded = value as f32;
    if f64::from(rounded) == value {
        return Word::float(rounded);
    }
    Word::near(rounded, value.abs() / f64::from(1 << 23))
}

/// Bit fields, which GLSL defines only within the word.
fn field(opcode: Opcode, [a, b, c, d]: [u32; 4]) -> Word {
    let (offset, bits) = if opcode == Opcode::Bfi { (c, d) } else { (b, c) };
    if offset > 32 || bits > 32 || offset + bits > 32 {
        return Word::UNKNOWN;
    }
    if bits == 0 {
        return Word::exact(if opcode == Opcode::Bfi { a } else { 0 });
    }
    let ones = u32::MAX >> (32 - bits);
    Word::exact(match opcode {
        Opcode::Ubfe => a >> offset & ones,
        Opcode::Ibfe => ((a << (32 - bits - offset)) as i32 >> (32 - bits)) as u32,
        _ => a & !(ones << offset) | (b & ones) << offset,
    })
}

/// Opcodes on floats, one channel.
fn float(opcode: Opcode, operands: [Word; 3]) -> Option<Word> {
    use Opcode as O;
    let exponent = operands[1].bits as i32;
    if opcode == O::Ldexp {
        operands[1].certain()?;
        let value = operands[0].number()?;
        // Beyond, GLSL defines nothing.
        return (-100..100)
            .contains(&exponent)
            .then(|| Word::float(value * 2f32.powi(exponent)));
    }
    let a = operands[0].number()?;
    let mut rest = [0.0; 2];
    for (to, word) in rest.iter_mut().zip(&operands[1..opcode.sources().clamp(1, 3)]) {
        *to = word.number()?;
    }
    let [b, c] = rest;
    let one = |condition| Word::float(if condition { 1.0 } else { 0.0 });
    let ulp = f64::from(f32::EPSILON);
    Some(match opcode {
        O::Add => Word::float(a + b),
        O::Sub => Word::float(a - b),
        O::Mul => Word::float(a * b),
        // Fused or not.
        O::Mad => {
            let size = f64::from(a * b).abs() + f64::from(c).abs();
            Word::near(a * b + c, size * ulp)
        }
        O::Lrp => {
            let size = f64::from(a * b).abs() + f64::from(c).abs() * (1.0 + f64::from(a).abs());
            Word::near(a * b + (1.0 - a) * c, size * 4.0 * ulp)
        }
        O::Div if b != 0.0 => Word::near(a / b, f64::from(a / b).abs() * 3.0 * ulp),
        O::Frc => fraction(a),
        O::Flr => Word::float(a.floor()),
        O::Ceil => Word::float(a.ceil()),
        O::Trunc => Word::float(a.trunc()),
        O::Round => Word::float(a.round_ties_even()),
        O::Ssg => Word::float(if a == 0.0 { 0.0 } else { a.signum() }),
        O::Abs => Word::float(a.abs()),
        O::Min => Word::float(a.min(b)),
        O::Max => Word::float(a.max(b)),
        O::Slt => one(a < b),
        O::Sge => one(a >= b),
        O::Seq => one(a == b),
        O::Sgt => one(a > b),
        O::Sle => one(a <= b),
        O::Sne => one(a != b),
        _ => return None,
    })
}

/// x - floor(x) can round up to 1, which hosts may clamp.
fn fraction(a: f32) -> Word {
    match a - a.floor() {
        1.0 => Word::near(1.0, f64::from(f32::EPSILON)),
        fraction => Word::float(fraction),
    }
}

/// Opcodes that give the same to all channels.
fn scalar(opcode: Opcode, s: &[Vector; 4]) -> Option<Word> {
    use Opcode as O;
    let dot = |n: usize| -> Option<Word> {
        let (mut sum, mut size) = (0.0f64, 0.0f64);
        for (a, b) in s[0].iter().zip(&s[1]).take(n) {
            let product = f64::from(a.number()?) * f64::from(b.number()?);
            sum += product;
            size += product.abs();
        }
        Some(Word::near(sum as f32, size * 4.0 * f64::from(f32::EPSILON)))
    };
    match opcode {
        O::Dp2 => return Some(dot(2).unwrap_or(Word::UNKNOWN)),
        O::Dp3 => return Some(dot(3).unwrap_or(Word::UNKNOWN)),
        O::Dp4 => return Some(dot(4).unwrap_or(Word::UNKNOWN)),
        _ => {}
    }
    if !matches!(
        opcode,
        O::Rcp | O::Rsq | O::Sqrt | O::Ex2 | O::Lg2 | O::Pow | O::Sin | O::Cos
    ) {
        return None;
    }
    Some(function(opcode, s[0][0], s[1][0]).unwrap_or(Word::UNKNOWN))
}

/// Functions, with the errors that GLSL allows.
fn function(opcode: Opcode, a: Word, b: Word) -> Option<Word> {
    use Opcode as O;
    let a = f64::from(a.number()?);
    let ulps = |value: f64, n: f64| {
        Some(Word::near(
            value as f32,
            value.abs() * n * f64::from(f32::EPSILON),
        ))
    };
    match opcode {
        O::Rcp if a != 0.0 => ulps(1.0 / a, 3.0),
        O::Rsq if a > 0.0 => ulps(1.0 / a.sqrt(), 3.0),
        O::Sqrt if a >= 0.0 => ulps(a.sqrt(), 4.0),
        O::Ex2 => ulps(a.exp2(), 4.0 + 2.0 * a.abs()),
        O::Lg2 if a > 0.0 => {
            let value = a.log2();
            let error = (value.abs() * 4.0 * f64::from(f32::EPSILON)).max(2f64.powi(-21));
            Some(Word::near(value as f32, error))
        }
        O::Pow if a > 0.0 => {
            let exponent = f64::from(b.number()?) * a.log2();
            // The error of the logarithm, times the power, becomes one of the exponent.
            let error = f64::from(b.number()?).abs() * 2f64.powi(-21) + exponent.abs() * 2f64.powi(-22);
            let value = exponent.exp2();
            Some(Word::near(value as f32, value * (error.exp2() - 1.0 + 1e-5)))
        }
        // GLSL promises nothing of the angles; this is what graphics needs.
        O::Sin if a.abs() < 4.0 => Some(Word::near(a.sin() as f32, 2f64.powi(-10))),
        O::Cos if a.abs() < 4.0 => Some(Word::near(a.cos() as f32, 2f64.powi(-10))),
        _ => None,
    }
}

fn unpack_half(word: Word) -> Vector {
    let Some(bits) = word.certain() else {
        return [Word::UNKNOWN; 4];
    };
    let [low, high] = [bits as u16, (bits >> 16) as u16].map(half);
    [low, high, low, high]
}

/// A half that is a normal number or zero.
fn half(bits: u16) -> Word {
    let (exponent, mantissa) = (bits >> 10 & 31, f32::from(bits & 0x3ff));
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    match exponent {
        0 if mantissa == 0.0 => Word::near(0.0, 0.0),
        0 | 31 => Word::UNKNOWN,
        _ => Word::float(sign * (1.0 + mantissa / 1024.0) * 2f32.powi(i32::from(exponent) - 15)),
    }
}
