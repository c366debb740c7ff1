//! Opcodes on doubles.
//!
//! A double is a pair of words, low word first: `.xy` of a register is the first double, `.zw` the second. `D` and
//! `E` in the text are macros for `packDouble2x32` and `unpackDouble2x32`.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode, Source};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    value::{Kind, Native, type_name},
};

/// What goes in and comes out.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// Doubles to doubles.
    Pairs(&'static str),
    /// Words of this kind to doubles: x to the first, y to the second.
    FromWord(Kind),
    /// Doubles to words: the first to the lowest written channel, the second to the next.
    ToWord(Kind, &'static str),
}

fn form(opcode: Opcode) -> Option<Form> {
    use Opcode as O;
    Some(match opcode {
        O::Dadd => Form::Pairs("$0+$1"),
        O::Dmul => Form::Pairs("$0*$1"),
        O::Ddiv => Form::Pairs("$0/$1"),
        O::Dmad => Form::Pairs("$0*$1+$2"),
        O::Dfma => Form::Pairs("fma($0,$1,$2)"),
        O::Dmax => Form::Pairs("max($0,$1)"),
        O::Dmin => Form::Pairs("min($0,$1)"),
        O::Dabs => Form::Pairs("abs($0)"),
        O::Dneg => Form::Pairs("-$0"),
        O::Dssg => Form::Pairs("sign($0)"),
        O::Drcp => Form::Pairs("1.0LF/$0"),
        O::Dsqrt => Form::Pairs("sqrt($0)"),
        O::Drsq => Form::Pairs("inversesqrt($0)"),
        O::Dfrac => Form::Pairs("fract($0)"),
        O::Dtrunc => Form::Pairs("trunc($0)"),
        O::Dceil => Form::Pairs("ceil($0)"),
        O::Dflr => Form::Pairs("floor($0)"),
        O::Dround => Form::Pairs("roundEven($0)"),
        O::F2d => Form::FromWord(Kind::Float),
        O::I2d => Form::FromWord(Kind::Int),
        O::U2d => Form::FromWord(Kind::Uint),
        O::D2f => Form::ToWord(Kind::Float, "float($0)"),
        O::D2i => Form::ToWord(Kind::Int, "int($0)"),
        O::D2u => Form::ToWord(Kind::Uint, "uint($0)"),
        O::Dslt => Form::ToWord(Kind::Uint, "-uint($0<$1)"),
        O::Dsge => Form::ToWord(Kind::Uint, "-uint($0>=$1)"),
        O::Dseq => Form::ToWord(Kind::Uint, "-uint($0==$1)"),
        O::Dsne => Form::ToWord(Kind::Uint, "-uint($0!=$1)"),
        _ => return None,
    })
}

impl Emitter<'_> {
    pub(super) fn double(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let form = form(i.opcode).ok_or(EmitError::Opcode(i.opcode))?;
        self.features.doubles = true;
        match form {
            Form::Pairs(text) => self.store(i, Kind::Uint, Width::Each, |e, written| {
                e.pairs(written, |e, pair| e.expand_doubles(i, text, pair))
            }),
            Form::FromWord(kind) => self.store(i, Kind::Uint, Width::Each, |e, written| {
                e.pairs(written, |e, pair| {
                    e.body.push_str("double(");
                    e.source(operand(i, 0)?, kind, &[pair])?;
                    e.body.push(')');
                    Ok(())
                })
            }),
            Form::ToWord(kind, text) => self.store(i, kind, Width::Each, |e, written| {
                e.words(kind.native(), written, |e, pair| e.expand_doubles(i, text, pair))
            }),
        }
    }

    /// The written halves of the doubles that `value` writes for pair 0 and 1.
    fn pairs(
        &mut self,
        written: &[u8],
        mut value: impl FnMut(&mut Self, u8) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
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
            self.body.push_str("E(");
            value(self, pair)?;
            self.body.push_str(match half {
                1 => ").x",
                2 => ").y",
                _ => ")",
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

    fn expand_doubles(&mut self, i: &Instruction, text: &str, pair: u8) -> Result<(), EmitError> {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            self.body.push_str(&rest[..at]);
            let n = rest.as_bytes().get(at + 1).map_or(0, |d| usize::from(d & 3));
            self.double_source(operand(i, n)?, pair)?;
            rest = rest.get(at + 2..).unwrap_or("");
        }
        self.body.push_str(rest);
        Ok(())
    }

    /// Modifiers act on the double, not on its words.
    fn double_source(&mut self, source: &Source, pair: u8) -> Result<(), EmitError> {
        let plain = Source {
            negate: false,
            absolute: false,
            ..*source
        };
        let (open, close) = match (source.negate, source.absolute) {
            (false, false) => ("D(", ")"),
            (true, false) => ("(-D(", "))"),
            (false, true) => ("abs(D(", "))"),
            (true, true) => ("(-abs(D(", ")))"),
        };
        self.body.push_str(open);
        self.source(&plain, Kind::Uint, &[2 * pair, 2 * pair + 1])?;
        self.body.push_str(close);
        Ok(())
    }
}
