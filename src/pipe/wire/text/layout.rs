//! Layouts: which words a line stands for.

use crate::pipe::{format::Format, wire::virgl::enums::*};

/// How a word, or some bits of one, are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Hex,
    Float,
    Named(Names),
    Format,
}

/// A pair of functions from numbers to names and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) name: fn(u32) -> Option<&'static str>,
    pub(super) number: fn(&str) -> Option<u32>,
}

/// A named field: a whole word, or bits of the word that it shares with its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) at: u32,
    pub(super) width: u32,
}

/// What follows the fields.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// Numbers in brackets.
    List(&'static str, Kind),
    /// Records in brackets, their fields as in a line.
    Records(&'static str, &'static [Field]),
    /// Words in hexadecimal, with counts for repeated ones.
    Data(&'static str),
    /// The stream-output table and the text of a shader.
    Shader,
    /// That many descriptors, each with a byte of value 0 behind the words.
    Descriptors(usize),
}

impl Rest {
    /// The bytes of descriptors behind the words.
    pub(super) fn descriptors(self) -> usize {
        match self {
            Self::Descriptors(count) => count,
            _ => 0,
        }
    }
}

/// The layout of a command or request behind its header. Fields at the end may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) name: &'static str,
    /// Command number, and object type above it.
    pub(super) id: u32,
    pub(super) fields: &'static [Field],
    pub(super) rest: Rest,
}

/// Whether a field begins a new word.
pub(super) fn begins_word(fields: &[Field], index: usize) -> bool {
    index == 0 || fields[index].at <= fields[index - 1].at
}

/// The number of words that fields fill.
pub(super) fn words_of(fields: &[Field]) -> usize {
    (0..fields.len())
        .filter(|&index| begins_word(fields, index))
        .count()
}

macro_rules! names {
    ($type:ident) => {
        Kind::Named(Names {
            name: |number| $type::from_wire(number).map($type::name),
            number: |name| $type::from_name(name).map($type::to_wire),
        })
    };
}

pub(super) const STAGE: Kind = names!(Stage);
pub(super) const TARGET: Kind = names!(TextureTarget);
pub(super) const PRIMITIVE: Kind = names!(Primitive);
pub(super) const BLEND_FACTOR: Kind = names!(BlendFactor);
pub(super) const BLEND_FUNC: Kind = names!(BlendFunc);
pub(super) const LOGIC_OP: Kind = names!(LogicOp);
pub(super) const COMPARE: Kind = names!(CompareFunc);
pub(super) const STENCIL_OP: Kind = names!(StencilOp);
pub(super) const POLYGON_MODE: Kind = names!(PolygonMode);
pub(super) const CULL_FACE: Kind = names!(CullFace);
pub(super) const WRAP: Kind = names!(Wrap);
pub(super) const IMAGE_FILTER: Kind = names!(ImageFilter);
pub(super) const MIP_FILTER: Kind = names!(MipFilter);
pub(super) const SWIZZLE: Kind = names!(Swizzle);
pub(super) const QUERY_TYPE: Kind = names!(QueryType);
pub(super) const CONDITION_MODE: Kind = names!(RenderConditionMode);
pub(super) const DIRECTION: Kind = names!(TransferDirection);
pub(super) const VALUE_TYPE: Kind = names!(QueryValueType);

/// A whole word.
pub(super) const fn word(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        at: 0,
        width: 32,
    }
}

/// A plain number.
pub(super) const fn num(name: &'static str) -> Field {
    word(name, Kind::Unsigned)
}

/// A signed number.
pub(super) const fn int(name: &'static str) -> Field {
    word(name, Kind::Signed)
}

/// A float.
pub(super) const fn float(name: &'static str) -> Field {
    word(name, Kind::Float)
}

/// Bits and masks.
pub(super) const fn hex(name: &'static str) -> Field {
    word(name, Kind::Hex)
}

/// `width` bits from bit `at` on.
pub(super) const fn bits(name: &'static str, at: u32, width: u32, kind: Kind) -> Field {
    Field {
        name,
        kind,
        at,
        width,
    }
}

/// One bit.
pub(super) const fn flag(name: &'static str, at: u32) -> Field {
    bits(name, at, 1, Kind::Unsigned)
}

impl Kind {
    /// The text of a value; `None` if it has no name.
    pub(super) fn text(self, value: u32) -> Option<String> {
        Some(match self {
            Kind::Unsigned => value.to_string(),
            Kind::Signed => (value as i32).to_string(),
            Kind::Hex => format!("{value:#x}"),
            Kind::Float => match f32::from_bits(value) {
                float if float.is_finite() => format!("{float:?}"),
                _ => format!("{value:#x}"),
            },
            Kind::Named(names) => (names.name)(value)?.to_owned(),
            Kind::Format => Format(value).info()?.name.to_owned(),
        })
    }

    /// The value of a text.
    pub(super) fn value(self, text: &str) -> Option<u32> {
        if let Some(digits) = text.strip_prefix("0x") {
            return u32::from_str_radix(digits, 16).ok();
        }
        match self {
            Kind::Unsigned | Kind::Hex => text.parse().ok(),
            Kind::Signed => text.parse::<i32>().ok().map(|value| value as u32),
            Kind::Float => text.parse::<f32>().ok().map(f32::to_bits),
            Kind::Named(names) => (names.number)(text).or_else(|| text.parse().ok()),
            Kind::Format => Format::from_name(text)
                .map(|format| format.0)
                .or_else(|| text.parse().ok()),
        }
    }
}
