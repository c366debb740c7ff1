//! Opcodes on doubles and on 64-bit integers.
//!
//! A wide value is a pair of words, low word first: `.xy` of a register is the first value, `.zw` the second. The first
//! value that is written comes from the first values of the sources, whichever pair it goes to: Mesa's driver moves a
//! single source to `.xy`. `D` and `E` in the text are macros for `packDouble2x32` and `unpackDouble2x32`.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode, Source};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    value::{Kind, Native, type_name},
};

/// The type of a wide value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    Double,
    Long,
    Ulong,
}

/// What goes in and comes out. In a text, `$n` is operand n as a wide value and `#n` operand n as a word.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Wide to wide of the same type.
    Pairs(Wide, &'static str),
    /// The same with a word beside: its type, and the distance of the channels for the two pairs.
    WithWord(Wide, (Kind, u8), &'static str),
    /// Wide to wide of another type.
    Convert {
        from: Wide,
        to: Wide,
        text: &'static str,
    },
    /// Words of this kind to wide values: x to the first, y to the second.
    FromWord(Kind, Wide, &'static str),
    /// Wide values to words: the first to the lowest written channel, the second to the next.
    ToWord(Wide, Kind, &'static str),
}

fn double(opcode: Opcode) -> Option<Form> {
    use Opcode as O;
    let pairs = |text| Some(Form::Pairs(Wide::Double, text));
    let to_word = |kind, text| Some(Form::ToWord(Wide::Double, kind, text));
    match opcode {
        O::Dadd => pairs("$0+$1"),
        O::Dmul => pairs("$0*$1"),
        O::Ddiv => pairs("$0/$1"),
        O::Dmad => pairs("$0*$1+$2"),
        O::Dfma => pairs("fma($0,$1,$2)"),
        O::Dmax => pairs("max($0,$1)"),
        O::Dmin => pairs("min($0,$1)"),
        O::Dabs => pairs("abs($0)"),
        O::Dneg => pairs("-$0"),
        O::Dssg => pairs("sign($0)"),
        O::Drcp => pairs("1.0LF/$0"),
        O::Dsqrt => pairs("sqrt($0)"),
        O::Drsq => pairs("inversesqrt($0)"),
        O::Dfrac => pairs("fract($0)"),
        O::Dtrunc => pairs("trunc($0)"),
        O::Dceil => pairs("ceil($0)"),
        O::Dflr => pairs("floor($0)"),
        O::Dround => pairs("roundEven($0)"),
        O::Dldexp => Some(Form::WithWord(Wide::Double, (Kind::Int, 2), "ldexp($0,#1)")),
        O::F2d => Some(Form::FromWord(Kind::Float, Wide::Double, "double(#0)")),
        O::I2d => Some(Form::FromWord(Kind::Int, Wide::Double, "double(#0)")),
        O::U2d => Some(Form::FromWord(Kind::Uint, Wide::Double, "double(#0)")),
        O::D2f => to_word(Kind::Float, "float($0)"),
        O::D2i => to_word(Kind::Int, "int($0)"),
        O::D2u => to_word(Kind::Uint, "uint($0)"),
        O::Dslt => to_word(Kind::Uint, "-uint($0<$1)"),
        O::Dsge => to_word(Kind::Uint, "-uint($0>=$1)"),
        O::Dseq => to_word(Kind::Uint, "-uint($0==$1)"),
        O::Dsne => to_word(Kind::Uint, "-uint($0!=$1)"),
        _ => None,
    }
}

fn long(opcode: Opcode) -> Option<Form> {
    use Opcode as O;
    use Wide::{Double, Long, Ulong};
    let shift = |wide, text| Some(Form::WithWord(wide, (Kind::Uint, 1), text));
    let convert = |from, to, text| Some(Form::Convert { from, to, text });
    match opcode {
        O::I64abs => Some(Form::Pairs(Long, "abs($0)")),
        O::I64neg => Some(Form::Pairs(Long, "-$0")),
        O::I64ssg => Some(Form::Pairs(Long, "sign($0)")),
        O::I64min => Some(Form::Pairs(Long, "min($0,$1)")),
        O::I64max => Some(Form::Pairs(Long, "max($0,$1)")),
        O::I64div => Some(Form::Pairs(Long, "$0/$1")),
        // GLSL's % is undefined for negative operands.
        O::I64mod => Some(Form::Pairs(Long, "$0-$1*($0/$1)")),
        O::U64add => Some(Form::Pairs(Ulong, "$0+$1")),
        O::U64mul => Some(Form::Pairs(Ulong, "$0*$1")),
        O::U64min => Some(Form::Pairs(Ulong, "min($0,$1)")),
        O::U64max => Some(Form::Pairs(Ulong, "max($0,$1)")),
        O::U64div => Some(Form::Pairs(Ulong, "$0/$1")),
        O::U64mod => Some(Form::Pairs(Ulong, "$0%$1")),
        O::I64shr => shift(Long, "$0>>(#1&63u)"),
        O::U64shr => shift(Ulong, "$0>>(#1&63u)"),
        O::U64shl => shift(Ulong, "$0<<(#1&63u)"),
        O::I64slt => Some(Form::ToWord(Long, Kind::Uint, "-uint($0<$1)")),
        O::I64sge => Some(Form::ToWord(Long, Kind::Uint, "-uint($0>=$1)")),
        O::U64slt => Some(Form::ToWord(Ulong, Kind::Uint, "-uint($0<$1)")),
        O::U64sge => Some(Form::ToWord(Ulong, Kind::Uint, "-uint($0>=$1)")),
        O::U64seq => Some(Form::ToWord(Ulong, Kind::Uint, "-uint($0==$1)")),
        O::U64sne => Some(Form::ToWord(Ulong, Kind::Uint, "-uint($0!=$1)")),
        O::F2i64 => Some(Form::FromWord(Kind::Float, Long, "int64_t(#0)")),
        O::I2i64 => Some(Form::FromWord(Kind::Int, Long, "int64_t(#0)")),
        O::U2i64 => Some(Form::FromWord(Kind::Uint, Long, "int64_t(#0)")),
        O::F2u64 => Some(Form::FromWord(Kind::Float, Ulong, "uint64_t(#0)")),
        O::I642f => Some(Form::ToWord(Long, Kind::Float, "float($0)")),
        O::U642f => Some(Form::ToWord(Ulong, Kind::Float, "float($0)")),
        O::D2i64 => convert(Double, Long, "int64_t($0)"),
        O::D2u64 => convert(Double, Ulong, "uint64_t($0)"),
        O::I642d => convert(Long, Double, "double($0)"),
        O::U642d => convert(Ulong, Double, "double($0)"),
        _ => None,
    }
}

impl Emitter<'_> {
    pub(super) fn wide(&mut self, i: &Instruction) -> Result<(), EmitError> {
        if i.opcode == Opcode::Dfracexp {
            return self.fraction_and_exponent(i);
        }
        let form = match double(i.opcode) {
            Some(form) => form,
            None => {
                let form = long(i.opcode).ok_or(EmitError::Opcode(i.opcode))?;
                self.features.require_long_integers(self.host)?;
                form
            }
        };
        match form {
            Form::Pairs(wide, text) => self.store_pairs(i, (wide, wide), None, text),
            Form::WithWord(wide, word, text) => self.store_pairs(i, (wide, wide), Some(word), text),
            Form::Convert { from, to, text } => self.store_pairs(i, (from, to), None, text),
            Form::FromWord(kind, wide, text) => self.store_pairs(i, (wide, wide), Some((kind, 1)), text),
            Form::ToWord(wide, kind, text) => self.store(i, kind, Width::Each, |e, written| {
                e.words(kind.native(), written, |e, pair| {
                    e.expand_wide(i, wide, (Kind::Uint, 1), text, pair)
                })
            }),
        }
    }

    fn store_pairs(
        &mut self,
        i: &Instruction,
        (from, to): (Wide, Wide),
        word: Option<(Kind, u8)>,
        text: &str,
    ) -> Result<(), EmitError> {
        let saturate = i.saturate && to == Wide::Double;
        self.store(i, Kind::Uint, Width::Each, |e, written| {
            e.pairs(to, written, |e, pair| {
                e.body.push_str(if saturate { "clamp(" } else { "" });
                e.expand_wide(i, from, word.unwrap_or((Kind::Uint, 1)), text, pair)?;
                e.body.push_str(if saturate { ",0.0LF,1.0LF)" } else { "" });
                Ok(())
            })
        })
    }

    /// The fraction of the first double goes to the first destination, its exponent to the second.
    fn fraction_and_exponent(&mut self, i: &Instruction) -> Result<(), EmitError> {
        self.body.push_str("{int x;double f=frexp(");
        self.wide_source(operand(i, 0)?, Wide::Double, 0)?;
        self.body.push_str(",x);");
        self.store(i, Kind::Uint, Width::Each, |e, written| {
            e.pairs(Wide::Double, written, |e, _| {
                e.body.push('f');
                Ok(())
            })
        })?;
        self.store_to(i, 1, Kind::Int, Width::One, |e, _| {
            e.body.push('x');
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }

    /// The written halves of what `value` writes for pair 0 and 1 of the sources.
    fn pairs(
        &mut self,
        wide: Wide,
        written: &[u8],
        mut value: impl FnMut(&mut Self, u8) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let (open, close) = match wide {
            Wide::Double => ("E(", ")"),
            Wide::Long => ("unpackUint2x32(uint64_t(", "))"),
            Wide::Ulong => ("unpackUint2x32(", ")"),
        };
        self.features.doubles |= wide == Wide::Double;
        let mask = written.iter().fold(0, |mask, &c| mask | 1 << c);
        let halves = [mask & 3, mask >> 2];
        let both = halves[0] != 0 && halves[1] != 0;
        if both {
            let _ = write!(self.body, "{}(", type_name(Native::Bits, written.len()));
        }
        for (pair, half) in (0u8..).zip(halves).filter(|(_, half)| *half != 0) {
            if both && pair == 1 {
                self.body.push(',');
            }
            self.body.push_str(open);
            value(self, if both { pair } else { 0 })?;
            self.body.push_str(close);
            self.body.push_str(match half {
                1 => ".x",
                2 => ".y",
                _ => "",
            });
        }
        if both {
            self.body.push(')');
        }
        Ok(())
    }

    /// One word for each written channel.
    fn words(
        &mut self,
        native: Native,
        written: &[u8],
        mut value: impl FnMut(&mut Self, u8) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        if written.len() == 1 {
            return value(self, 0);
        }
        let _ = write!(self.body, "{}(", type_name(native, written.len()));
        for n in 0..written.len() as u8 {
            if n > 0 {
                self.body.push(',');
            }
            value(self, n.min(1))?;
        }
        self.body.push(')');
        Ok(())
    }

    fn expand_wide(
        &mut self,
        i: &Instruction,
        wide: Wide,
        (kind, stride): (Kind, u8),
        text: &str,
        pair: u8,
    ) -> Result<(), EmitError> {
        let mut rest = text;
        while let Some(at) = rest.find(['$', '#']) {
            self.body.push_str(&rest[..at]);
            let n = rest.as_bytes().get(at + 1).map_or(0, |d| usize::from(d & 3));
            if rest[at..].starts_with('$') {
                self.wide_source(operand(i, n)?, wide, pair)?;
            } else {
                self.source(operand(i, n)?, kind, &[pair * stride])?;
            }
            rest = rest.get(at + 2..).unwrap_or("");
        }
        self.body.push_str(rest);
        Ok(())
    }

    /// Modifiers act on the value, not on its words.
    fn wide_source(&mut self, source: &Source, wide: Wide, pair: u8) -> Result<(), EmitError> {
        let plain = Source {
            negate: false,
            absolute: false,
            ..*source
        };
        self.features.doubles |= wide == Wide::Double;
        let mut opened = 0;
        let parts = [
            (source.negate, "(-"),
            (source.absolute && wide == Wide::Ulong, "uint64_t("),
            (source.absolute, "abs("),
            (
                wide == Wide::Long || source.absolute && wide == Wide::Ulong,
                "int64_t(",
            ),
            (wide == Wide::Double, "D("),
            (wide != Wide::Double, "packUint2x32("),
        ];
        for (_, open) in parts.iter().filter(|(wanted, _)| *wanted) {
            self.body.push_str(open);
            opened += 1;
        }
        self.source(&plain, Kind::Uint, &[2 * pair, 2 * pair + 1])?;
        self.body.extend(std::iter::repeat_n(')', opened));
        Ok(())
    }
}
