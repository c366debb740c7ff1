//! The text of operands.

use std::fmt::Write;

use crate::pipe::tgsi::{File, Source};

use super::{
    emit::Emitter,
    error::EmitError,
    names::CHANNELS,
    registers::{Address, At, Block, Operand, Readable, Writable},
    value::{Kind, Modifiers, Native, cast, type_name, write_literal},
    variable::{Form, Input},
};

impl<'a> Emitter<'a> {
    /// Writes `source` as an expression of `kind`, one component for each of `channels`.
    pub(super) fn source(&mut self, source: &Source, kind: Kind, channels: &[u8]) -> Result<(), EmitError> {
        let mut swizzle = [0u8; 4];
        for (to, &channel) in swizzle.iter_mut().zip(channels) {
            *to = source.swizzle[channel as usize & 3] & 3;
        }
        let swizzle = &swizzle[..channels.len().min(4)];
        let modifiers = Modifiers {
            negate: source.negate,
            absolute: source.absolute,
        };
        match self.readable(&source.register)? {
            Operand::Literal(words) => {
                let mut picked = [0; 4];
                for (to, &channel) in picked.iter_mut().zip(swizzle) {
                    *to = words[channel as usize];
                }
                write_literal(&mut self.body, kind, &picked[..swizzle.len()], modifiers);
            }
            Operand::Register(register) => self.modified(register, kind, swizzle, modifiers),
        }
        Ok(())
    }

    /// Parentheses or a call surround whatever is not a plain name, so that any operator may stand beside it.
    fn modified(&mut self, register: Readable, kind: Kind, swizzle: &[u8], modifiers: Modifiers) {
        let (open, close) = match (kind, modifiers.absolute, modifiers.negate) {
            (_, false, false) => ("", ""),
            (Kind::Raw, true, false) => ("(", "&0x7fffffffu)"),
            (Kind::Raw, false, true) => ("(", "^0x80000000u)"),
            (Kind::Raw, true, true) => ("(", "|0x80000000u)"),
            (_, true, false) => ("abs(", ")"),
            (_, false, true) => ("(-", ")"),
            (_, true, true) => ("(-abs(", "))"),
        };
        if kind == Kind::Uint && modifiers.absolute {
            let name = type_name(Native::Bits, swizzle.len());
            let minus = if modifiers.negate { "-" } else { "" };
            let _ = write!(self.body, "({minus}{name}(abs(");
            self.typed(register, Kind::Int, swizzle);
            self.body.push_str(")))");
            return;
        }
        self.body.push_str(open);
        self.typed(register, kind, swizzle);
        self.body.push_str(close);
    }

    fn typed(&mut self, register: Readable, kind: Kind, swizzle: &[u8]) {
        let (native, scalar) = self.shape(register);
        let width = swizzle.len();
        let widen = scalar && width > 1;
        if widen {
            self.body.push_str(type_name(kind.native(), width));
            self.body.push('(');
        }
        let cast = cast(native, kind.native(), if scalar { 1 } else { width });
        if let Some(function) = cast {
            self.body.push_str(function);
            self.body.push('(');
        }
        self.register(register);
        if !scalar {
            push_swizzle(&mut self.body, swizzle);
        }
        if cast.is_some() {
            self.body.push(')');
        }
        if widen {
            self.body.push(')');
        }
    }

    /// Writes a local float vector in place of the register of `source`.
    pub(super) fn local(&mut self, source: &Source, name: &str, channels: &[u8]) {
        let (open, close) = match (source.absolute, source.negate) {
            (false, false) => ("", ""),
            (true, false) => ("abs(", ")"),
            (false, true) => ("-", ""),
            (true, true) => ("-abs(", ")"),
        };
        self.body.push_str(open);
        self.body.push_str(name);
        self.body.push('.');
        let swizzle = channels.iter().map(|&c| source.swizzle[c as usize & 3]);
        self.body.extend(swizzle.map(|c| CHANNELS[c as usize & 3]));
        self.body.push_str(close);
    }

    /// The GLSL type of a register, and whether it is a scalar.
    fn shape(&self, register: Readable) -> (Native, bool) {
        match register {
            Readable::System(value) => (value.native, value.scalar),
            Readable::Input(_) | Readable::Output(_) | Readable::PerVertex { .. } => {
                match self.value(register) {
                    Some(Input::Variable(v)) => (v.native, v.form == Form::Scalar),
                    Some(Input::PerVertex(v)) => (v.native, v.scalar),
                    _ => (Native::Bits, false),
                }
            }
            _ => (Native::Bits, false),
        }
    }

    fn register(&mut self, register: Readable) {
        match register {
            Readable::Temporary(n) => {
                let _ = write!(self.body, "t{n}");
            }
            Readable::Element { array, at } => self.element(array, at),
            Readable::Constant {
                block: Block::Single(0),
                at,
            } if self.declared.further_blocks() > 0 => {
                self.body.push_str("kc(");
                self.index(at);
                self.body.push(')');
            }
            Readable::Constant { block, at } => {
                self.block_name(block);
                self.body.push_str(".c");
                self.at(at);
            }
            Readable::Input(_) | Readable::Output(_) => {
                if let Some(Input::Variable(v)) = self.value(register) {
                    self.body.push_str(&v.text);
                }
            }
            Readable::InputArray(at) => {
                self.body.push_str("ins");
                self.at(at);
            }
            Readable::PerVertex { vertex, .. } => {
                if let Some(Input::PerVertex(v)) = self.value(register) {
                    self.body.push_str(&v.open);
                    self.index(vertex);
                    self.body.push_str(v.close);
                }
            }
            Readable::Addressed {
                function,
                vertex,
                register,
            } => {
                self.body.push_str(function);
                self.body.push('(');
                if let Some(vertex) = vertex {
                    self.index(vertex);
                    self.body.push(',');
                }
                self.index(register);
                self.body.push(')');
            }
            Readable::System(value) => self.body.push_str(value.text),
        }
    }

    /// What an input register, or an output register of a control shader, reads.
    fn value(&self, register: Readable) -> Option<&'a Input> {
        let stage = self.stage;
        let (table, n) = match register {
            Readable::Input(n) => (&stage.inputs, n),
            Readable::Output(n) => (&stage.read_outputs, n),
            Readable::PerVertex {
                file: File::Out,
                register,
                ..
            } => (&stage.read_outputs, register),
            Readable::PerVertex { register, .. } => (&stage.inputs, register),
            _ => return None,
        };
        table.get(n)?.as_ref()
    }

    /// Writes the name of a constant buffer.
    pub(super) fn block_name(&mut self, block: Block) {
        match block {
            Block::Single(0) => self.body.push('k'),
            Block::Single(n) => {
                let _ = write!(self.body, "k{n}");
            }
            Block::Element(at) => {
                self.body.push_str("kn");
                self.at(at);
            }
        }
    }

    fn element(&mut self, array: usize, at: At) {
        let _ = write!(self.body, "a{array}");
        self.at(at);
    }

    /// An index in brackets.
    pub(super) fn at(&mut self, at: At) {
        self.body.push('[');
        self.index(at);
        self.body.push(']');
    }

    /// A number, or an index that cannot leave the array.
    pub(super) fn index(&mut self, at: At) {
        let _ = match at {
            At::Fixed(n) => write!(self.body, "{n}"),
            At::Computed { len: 0 | 1, .. } => write!(self.body, "0"),
            At::Computed { address, offset, len } => {
                self.body.push_str("min(uint(");
                self.address(address);
                if offset != 0 {
                    let _ = write!(self.body, "{offset:+}");
                }
                write!(self.body, "),{}u)", len - 1)
            }
        };
    }

    fn address(&mut self, address: Address) {
        let n = address.register;
        let channel = CHANNELS[address.component as usize & 3];
        let _ = match address.file {
            File::Addr => write!(self.body, "d{n}{channel}"),
            _ => write!(self.body, "int(t{n}.{channel})"),
        };
    }

    /// The GLSL type of a register that is written, and how its channels lie in it.
    pub(super) fn writable_shape(&self, target: Writable) -> (Native, Form) {
        match target {
            Writable::Address(_) => (Native::Int, Form::Elements { count: 4 }),
            Writable::Output(n) => match &self.stage.outputs[n] {
                Some(variable) => (variable.native, variable.form),
                None => (Native::Bits, Form::Vector),
            },
            _ => (Native::Bits, Form::Vector),
        }
    }

    /// Writes the name of a register that is written, without its mask.
    pub(super) fn writable_name(&mut self, target: Writable) {
        match target {
            Writable::Nothing => {}
            Writable::Temporary(n) => {
                let _ = write!(self.body, "t{n}");
            }
            Writable::Element { array, at } => self.element(array, at),
            Writable::Output(n) => {
                if let Some(variable) = &self.stage.outputs[n] {
                    self.body.push_str(&variable.text);
                }
            }
            Writable::OutputArray(at) => {
                self.body.push_str("outs");
                self.at(at);
            }
            Writable::Addressed(_) => self.body.push('w'),
            Writable::Address(n) => {
                let _ = write!(self.body, "d{n}");
            }
        }
    }
}

/// Appends `.xyzw` letters, none for a whole vector.
pub(super) fn push_swizzle(out: &mut String, swizzle: &[u8]) {
    if swizzle == [0, 1, 2, 3] {
        return;
    }
    out.push('.');
    out.extend(swizzle.iter().map(|&c| CHANNELS[c as usize & 3]));
}
