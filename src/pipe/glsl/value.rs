//! Typed GLSL expressions over untyped 32-bit words.
//!
//! TGSI registers hold words without a type. They become `uvec4` variables, so that plain moves keep every bit (a
//! small integer is a denormal float), and are cast where an opcode gives them a type. `F` and `U` in the text are
//! macros for `uintBitsToFloat` and `floatBitsToUint`.

use std::fmt::Write;

/// The GLSL type of a variable that holds words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Float,
    Int,
    /// `uint`: the words as they are.
    Bits,
}

/// The type in which an opcode takes or gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Int,
    Uint,
    /// Moved, not computed with. Source modifiers act on the sign bit of a float.
    Raw,
}

impl Kind {
    /// The GLSL type that a value of the kind has in the text.
    pub(super) const fn native(self) -> Native {
        match self {
            Kind::Float => Native::Float,
            Kind::Int => Native::Int,
            Kind::Uint | Kind::Raw => Native::Bits,
        }
    }
}

/// Source modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub negate: bool,
    pub absolute: bool,
}

/// The name of a GLSL type with `width` components.
pub(super) const fn type_name(native: Native, width: usize) -> &'static str {
    match (native, width) {
        (Native::Float, 1) => "float",
        (Native::Float, 2) => "vec2",
        (Native::Float, 3) => "vec3",
        (Native::Float, _) => "vec4",
        (Native::Int, 1) => "int",
        (Native::Int, 2) => "ivec2",
        (Native::Int, 3) => "ivec3",
        (Native::Int, _) => "ivec4",
        (Native::Bits, 1) => "uint",
        (Native::Bits, 2) => "uvec2",
        (Native::Bits, 3) => "uvec3",
        (Native::Bits, _) => "uvec4",
    }
}

/// The function that reinterprets `width` components, `None` where nothing need be done.
pub(super) const fn cast(from: Native, to: Native, width: usize) -> Option<&'static str> {
    match (from, to) {
        (Native::Bits, Native::Float) => Some("F"),
        (Native::Float, Native::Bits) => Some("U"),
        (Native::Int, Native::Float) => Some("intBitsToFloat"),
        (Native::Float, Native::Int) => Some("floatBitsToInt"),
        (Native::Bits, Native::Int) | (Native::Int, Native::Bits) => Some(type_name(to, width)),
        (Native::Float, Native::Float) | (Native::Int, Native::Int) | (Native::Bits, Native::Bits) => None,
    }
}

/// Writes constant words as an expression of `kind`, modifiers applied.
pub(super) fn write_literal(out: &mut String, kind: Kind, words: &[u32], modifiers: Modifiers) {
    let mut modified = [0; 4];
    for (to, &word) in modified.iter_mut().zip(words) {
        *to = modify(word, kind, modifiers);
    }
    let words = &modified[..words.len().min(4)];
    let native = kind.native();
    let all_plain = words.iter().all(|&w| plain_float(w).is_some());
    if native == Native::Float && !all_plain {
        out.push_str("F(");
        write_components(out, Native::Bits, words);
        out.push(')');
    } else {
        write_components(out, native, words);
    }
}

fn write_components(out: &mut String, native: Native, words: &[u32]) {
    let Some((&first, rest)) = words.split_first() else {
        return;
    };
    if rest.is_empty() {
        return write_component(out, native, first);
    }
    out.push_str(type_name(native, words.len()));
    out.push('(');
    write_component(out, native, first);
    if rest.iter().any(|&w| w != first) {
        for &word in rest {
            out.push(',');
            write_component(out, native, word);
        }
    }
    out.push(')');
}

/// Negative numbers get parentheses: an operator may stand before them.
fn write_component(out: &mut String, native: Native, word: u32) {
    let signed = word as i32;
    // Writing to a String cannot fail.
    let _ = match native {
        Native::Float => match plain_float(word) {
            Some(value) if value < 0.0 => write!(out, "({value:?})"),
            Some(value) => write!(out, "{value:?}"),
            None => write!(out, "F(0x{word:x}u)"),
        },
        // -2147483648 is a negated literal that does not fit.
        Native::Int if signed == i32::MIN => write!(out, "int(0x80000000u)"),
        Native::Int if signed < 0 => write!(out, "({signed})"),
        Native::Int => write!(out, "{signed}"),
        Native::Bits if word < 100_000 => write!(out, "{word}u"),
        Native::Bits => write!(out, "0x{word:x}u"),
    };
}

/// The float if decimal text is sure to give its bits back: not for NaN, infinities, denormals and -0.0.
fn plain_float(word: u32) -> Option<f32> {
    let value = f32::from_bits(word);
    (value.is_normal() || word == 0).then_some(value)
}

fn modify(word: u32, kind: Kind, modifiers: Modifiers) -> u32 {
    match kind {
        Kind::Float | Kind::Raw => {
            let word = if modifiers.absolute {
                word & !(1 << 31)
            } else {
                word
            };
            if modifiers.negate { word ^ 1 << 31 } else { word }
        }
        Kind::Int | Kind::Uint => {
            let word = if modifiers.absolute {
                (word as i32).unsigned_abs()
            } else {
                word
            };
            if modifiers.negate {
                word.wrapping_neg()
            } else {
                word
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Modifiers = Modifiers {
        negate: false,
        absolute: false,
    };
    const NEGATE: Modifiers = Modifiers {
        negate: true,
        absolute: false,
    };

    fn literal(kind: Kind, words: &[u32], modifiers: Modifiers) -> String {
        let mut out = String::new();
        write_literal(&mut out, kind, words, modifiers);
        out
    }

    #[test]
    fn floats_are_decimal_only_where_decimal_is_exact() {
        assert_eq!(literal(Kind::Float, &[1.5f32.to_bits()], NONE), "1.5");
        assert_eq!(literal(Kind::Float, &[0.1f32.to_bits()], NEGATE), "(-0.1)");
        assert_eq!(literal(Kind::Float, &[0x8000_0000], NONE), "F(0x80000000u)");
        assert_eq!(
            literal(Kind::Float, &[f32::NAN.to_bits()], NONE),
            "F(0x7fc00000u)"
        );
        assert_eq!(
            literal(Kind::Float, &[3, 0x3f80_0000], NONE),
            "F(uvec2(3u,0x3f800000u))"
        );
    }

    #[test]
    fn equal_components_are_written_once() {
        assert_eq!(literal(Kind::Float, &[0x3f80_0000; 3], NONE), "vec3(1.0)");
        assert_eq!(literal(Kind::Uint, &[7, 8], NONE), "uvec2(7u,8u)");
    }

    #[test]
    fn modifiers_follow_the_kind() {
        assert_eq!(literal(Kind::Int, &[5], NEGATE), "(-5)");
        assert_eq!(literal(Kind::Uint, &[5], NEGATE), "0xfffffffbu");
        assert_eq!(literal(Kind::Raw, &[0x3f80_0000], NEGATE), "0xbf800000u");
        assert_eq!(literal(Kind::Int, &[0x8000_0000], NONE), "int(0x80000000u)");
    }
}
