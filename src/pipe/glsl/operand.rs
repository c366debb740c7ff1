//! Reading and writing registers.
//!
//! Every register is checked against the declarations, and every index that is computed at run time is kept within
//! its array: GLSL leaves accesses out of bounds undefined.

use std::{borrow::Cow, fmt::Write};

use crate::pipe::tgsi::{Destination, File, Index, Instruction, Register, Source, Stage};

use super::{
    emit::Emitter,
    error::EmitError,
    names::CHANNELS,
    system::{SystemValue, system_value},
    value::{Kind, Modifiers, Native, cast, type_name, write_literal},
};

/// Largest constant part of an index; far beyond any array.
const MAX_OFFSET: i32 = 1 << 20;
/// Address registers a shader may use.
const MAX_ADDRESSES: u32 = 16;

/// A variable of the generated shader.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub text: Cow<'static, str>,
    pub native: Native,
    /// Whether it has one component, which then stands for all four.
    pub scalar: bool,
}

impl Variable {
    pub(super) fn vector(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            native: Native::Float,
            scalar: false,
        }
    }

    pub(super) fn bits(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            native: Native::Bits,
            scalar: false,
        }
    }

    pub(super) fn scalar(text: impl Into<Cow<'static, str>>, native: Native) -> Self {
        Self {
            text: text.into(),
            native,
            scalar: true,
        }
    }
}

/// What an input register reads.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Nobody writes it.
    Literal([u32; 4]),
    /// A variable of the stage.
    Variable(Variable),
    /// One element for each vertex of the input primitive: `text[vertex]member`.
    PerVertex {
        text: Cow<'static, str>,
        member: &'static str,
        scalar: bool,
    },
}

/// An element of a GLSL array.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Fixed(u32),
    Computed { address: Address, offset: i32, len: u32 },
}

/// An integer that indexes registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    file: File,
    register: u32,
    component: u8,
}

#[derive(Debug, Clone, Copy)]
enum Block {
    /// A block of its own.
    Single(u32),
    /// An element of the array of blocks.
    Element(At),
}

/// A register that can be read.
#[derive(Debug, Clone, Copy)]
enum Readable {
    Literal([u32; 4]),
    Temporary(u32),
    Element { array: usize, at: At },
    Constant { block: Block, at: At },
    Input(usize),
    InputArray(At),
    PerVertex { register: usize, vertex: At },
    System(SystemValue),
}

/// A register that can be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writable {
    Nothing,
    Temporary(u32),
    Element { array: usize, at: At },
    Output(usize),
    Address(u32),
}

impl Emitter<'_> {
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
            Readable::Literal(words) => {
                let mut picked = [0; 4];
                for (to, &channel) in picked.iter_mut().zip(swizzle) {
                    *to = words[channel as usize];
                }
                write_literal(&mut self.body, kind, &picked[..swizzle.len()], modifiers);
            }
            register => self.modified(register, kind, swizzle, modifiers),
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
            Readable::Input(n) => match &self.stage.inputs[n] {
                Some(Input::Variable(v)) => (v.native, v.scalar),
                _ => (Native::Bits, false),
            },
            Readable::PerVertex { register, .. } => match &self.stage.inputs[register] {
                Some(Input::PerVertex { scalar, .. }) => (Native::Float, *scalar),
                _ => (Native::Bits, false),
            },
            _ => (Native::Bits, false),
        }
    }

    fn register(&mut self, register: Readable) {
        match register {
            Readable::Literal(words) => write_literal(
                &mut self.body,
                Kind::Uint,
                &words,
                Modifiers {
                    negate: false,
                    absolute: false,
                },
            ),
            Readable::Temporary(n) => {
                let _ = write!(self.body, "t{n}");
            }
            Readable::Element { array, at } => self.element(array, at),
            Readable::Constant { block, at } => {
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
                self.body.push_str(".c");
                self.at(at);
            }
            Readable::Input(n) => {
                if let Some(Input::Variable(v)) = &self.stage.inputs[n] {
                    self.body.push_str(&v.text);
                }
            }
            Readable::InputArray(at) => {
                self.body.push_str("ins");
                self.at(at);
            }
            Readable::PerVertex { register, vertex } => {
                let stage = self.stage;
                if let Some(Input::PerVertex { text, member, .. }) = &stage.inputs[register] {
                    self.body.push_str(text);
                    self.at(vertex);
                    self.body.push_str(member);
                }
            }
            Readable::System(value) => self.body.push_str(value.text),
        }
    }

    fn element(&mut self, array: usize, at: At) {
        let _ = write!(self.body, "a{array}");
        self.at(at);
    }

    /// `[n]`, or an index that cannot leave the array.
    pub(super) fn at(&mut self, at: At) {
        let _ = match at {
            At::Fixed(n) => write!(self.body, "[{n}]"),
            At::Computed { len: 0 | 1, .. } => write!(self.body, "[0]"),
            At::Computed { address, offset, len } => {
                self.body.push_str("[min(uint(");
                self.address(address);
                if offset != 0 {
                    let _ = write!(self.body, "{offset:+}");
                }
                write!(self.body, "),{}u)]", len - 1)
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

    fn readable(&mut self, register: &Register) -> Result<Readable, EmitError> {
        match register.file {
            File::Temp => self.readable_temporary(register),
            File::Const => self.constant(register),
            File::Imm => {
                let n = direct(register, File::Imm)?;
                let immediate = self.declared.shader.immediates.get(n as usize);
                let words = immediate.ok_or_else(|| undeclared(File::Imm, n.into()))?.words;
                Ok(Readable::Literal(words))
            }
            File::In => self.input(register),
            File::Sv => {
                let n = direct(register, File::Sv)?;
                let name = self.declared.system.get(n as usize).copied().flatten();
                let name = name.ok_or_else(|| undeclared(File::Sv, n.into()))?;
                let value = system_value(self.declared.shader.stage, name, self.host, &mut self.features)?;
                Ok(Readable::System(value))
            }
            file => Err(EmitError::Access { file, access: "read" }),
        }
    }

    /// A temporary that nobody declared reads as zero.
    fn readable_temporary(&mut self, register: &Register) -> Result<Readable, EmitError> {
        match self.temporary(register) {
            Ok(Writable::Temporary(n)) => Ok(Readable::Temporary(n)),
            Ok(Writable::Element { array, at }) => Ok(Readable::Element { array, at }),
            Ok(_) => Ok(Readable::Literal([0; 4])),
            Err(EmitError::Undeclared { .. }) => Ok(Readable::Literal([0; 4])),
            Err(error) => Err(error),
        }
    }

    fn temporary(&mut self, register: &Register) -> Result<Writable, EmitError> {
        let index = match register.index {
            Index::Direct(n) => n,
            Index::Relative { offset, .. } => offset,
        };
        let missing = || undeclared(File::Temp, index.into());
        let Some(array) = self.declared.array_of(register.array, index.into()) else {
            let n = direct(register, File::Temp).map_err(|_| missing())?;
            if !self.declared.is_temporary(n) {
                return Err(missing());
            }
            self.features.use_temporary(n);
            return Ok(Writable::Temporary(n));
        };
        let range = self.declared.arrays[array];
        let at = self.element_at(register.index, File::Temp, range.first, range.len)?;
        self.features.use_array(array);
        Ok(Writable::Element { array, at })
    }

    /// The element of an array that starts at register `first`.
    pub(super) fn element_at(
        &mut self,
        index: Index,
        file: File,
        first: u32,
        len: u32,
    ) -> Result<At, EmitError> {
        match index {
            Index::Direct(n) => {
                let element = i64::from(n) - i64::from(first);
                match u32::try_from(element) {
                    Ok(element) if element < len => Ok(At::Fixed(element)),
                    _ => Err(undeclared(file, n.into())),
                }
            }
            Index::Relative {
                file: base,
                register,
                component,
                offset,
            } => {
                let address = Address {
                    file: base,
                    register,
                    component,
                };
                self.use_address(address)?;
                if offset.unsigned_abs() > MAX_OFFSET as u32 {
                    return Err(undeclared(file, offset.into()));
                }
                Ok(At::Computed {
                    address,
                    offset: offset - first as i32,
                    len,
                })
            }
        }
    }

    fn use_address(&mut self, address: Address) -> Result<(), EmitError> {
        match address.file {
            File::Addr if address.register < MAX_ADDRESSES => {
                self.features.use_address(address.register, address.component);
                Ok(())
            }
            File::Temp if self.declared.is_temporary(address.register) => {
                self.features.use_temporary(address.register);
                Ok(())
            }
            File::Addr | File::Temp => Err(undeclared(address.file, address.register.into())),
            file => Err(EmitError::Access {
                file,
                access: "used as an address",
            }),
        }
    }

    fn constant(&mut self, register: &Register) -> Result<Readable, EmitError> {
        let (block, len) = match register.dimension {
            None | Some(Index::Direct(0)) => (Block::Single(0), self.declared.constants[0]),
            Some(dimension) => self.uniform_block(dimension)?,
        };
        let at = self.element_at(register.index, File::Const, 0, len)?;
        if len == 0 {
            return Err(undeclared(File::Const, 0));
        }
        Ok(Readable::Constant { block, at })
    }

    fn uniform_block(&mut self, dimension: Index) -> Result<(Block, u32), EmitError> {
        let number = match dimension {
            Index::Direct(n) => i64::from(n),
            Index::Relative { offset, .. } => i64::from(offset),
        };
        let missing = || undeclared(File::Const, number);
        let (first, last) = self.declared.block_range().ok_or_else(missing)?;
        if self.declared.indirect_blocks {
            let at = self.element_at(dimension, File::Const, first, last - first + 1)?;
            return Ok((Block::Element(at), self.declared.constants[first as usize]));
        }
        let n = u32::try_from(number).map_err(|_| missing())?;
        match self.declared.constants.get(n as usize) {
            Some(&len) if len != 0 => Ok((Block::Single(n), len)),
            _ => Err(missing()),
        }
    }

    fn input(&mut self, register: &Register) -> Result<Readable, EmitError> {
        if let Index::Relative { .. } = register.index {
            if self.declared.shader.stage == Stage::Geometry {
                return Err(EmitError::Access {
                    file: File::In,
                    access: "addressed",
                });
            }
            let len = self.stage.inputs.len() as u32;
            return Ok(Readable::InputArray(self.element_at(
                register.index,
                File::In,
                0,
                len,
            )?));
        }
        let n = direct(register, File::In)?;
        let index = n as usize;
        match self.stage.inputs.get(index).and_then(Option::as_ref) {
            None => Err(undeclared(File::In, n.into())),
            Some(Input::Literal(words)) => Ok(Readable::Literal(*words)),
            Some(Input::Variable(_)) => Ok(Readable::Input(index)),
            Some(Input::PerVertex { .. }) => {
                let dimension = register.dimension.ok_or(EmitError::Access {
                    file: File::In,
                    access: "read without a vertex number",
                })?;
                let vertex = self.element_at(dimension, File::In, 0, self.stage.vertices)?;
                Ok(Readable::PerVertex {
                    register: index,
                    vertex,
                })
            }
        }
    }

    /// Checks the register that an instruction writes.
    pub(super) fn writable(&mut self, destination: &Destination) -> Result<Writable, EmitError> {
        let register = &destination.register;
        match register.file {
            File::Null => Ok(Writable::Nothing),
            File::Temp => self.temporary(register),
            File::Out => {
                let n = direct(register, File::Out)?;
                match self.stage.outputs.get(n as usize).and_then(Option::as_ref) {
                    Some(_) => Ok(Writable::Output(n as usize)),
                    None => Err(undeclared(File::Out, n.into())),
                }
            }
            File::Addr => {
                let n = direct(register, File::Addr)?;
                if n >= MAX_ADDRESSES {
                    return Err(undeclared(File::Addr, n.into()));
                }
                for channel in destination.mask.channels() {
                    self.features.use_address(n, channel as u8);
                }
                Ok(Writable::Address(n))
            }
            file => Err(EmitError::Access {
                file,
                access: "written",
            }),
        }
    }

    /// Whether an instruction writes floats that need no cast.
    pub(super) fn writes_float(&self, i: &Instruction) -> bool {
        let Some(register) = i.destinations.first().map(|d| &d.register) else {
            return false;
        };
        let Index::Direct(n) = register.index else {
            return false;
        };
        let output = usize::try_from(n).ok().and_then(|n| self.stage.outputs.get(n));
        register.file == File::Out && matches!(output, Some(Some(v)) if v.native == Native::Float)
    }

    /// The GLSL type of a register that is written, and whether it is a scalar.
    pub(super) fn writable_shape(&self, target: Writable) -> (Native, bool) {
        match target {
            Writable::Address(_) => (Native::Int, true),
            Writable::Output(n) => match &self.stage.outputs[n] {
                Some(variable) => (variable.native, variable.scalar),
                None => (Native::Bits, false),
            },
            Writable::Nothing | Writable::Temporary(_) | Writable::Element { .. } => (Native::Bits, false),
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

fn direct(register: &Register, file: File) -> Result<u32, EmitError> {
    match register.index {
        Index::Direct(n) => u32::try_from(n).map_err(|_| undeclared(file, n.into())),
        Index::Relative { .. } => Err(EmitError::Access {
            file,
            access: "addressed",
        }),
    }
}

pub(super) const fn undeclared(file: File, index: i64) -> EmitError {
    EmitError::Undeclared { file, index }
}
