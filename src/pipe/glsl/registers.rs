//! Which variable a register is.
//!
//! Every register is checked against the declarations, and every index that is computed at run time is kept within
//! its array: GLSL leaves accesses out of bounds undefined.

use crate::pipe::tgsi::{Destination, File, Index, Instruction, Register, Stage};

use super::{
    emit::Emitter,
    error::EmitError,
    system::{SystemValue, system_value},
    value::Native,
    variable::Input,
};

/// Largest constant part of an index; far beyond any array.
const MAX_OFFSET: i32 = 1 << 20;
/// Address registers a shader may use.
const MAX_ADDRESSES: u32 = 16;

/// What a register with a value for each vertex lacks.
const NO_VERTEX: EmitError = EmitError::Access {
    file: File::In,
    access: "read without a vertex number",
};

/// An element of a GLSL array.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Fixed(u32),
    Computed { address: Address, offset: i32, len: u32 },
}

/// An integer that indexes registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address {
    pub file: File,
    pub register: u32,
    pub component: u8,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Block {
    /// A block of its own.
    Single(u32),
    /// An element of the array of blocks.
    Element(At),
}

/// What a source operand reads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operand {
    Literal([u32; 4]),
    Register(Readable),
}

/// A register that can be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Readable {
    Temporary(u32),
    Element {
        array: usize,
        at: At,
    },
    Constant {
        block: Block,
        at: At,
    },
    Input(usize),
    InputArray(At),
    PerVertex {
        file: File,
        register: usize,
        vertex: At,
    },
    /// A register that is chosen by an address register, through a function.
    Addressed {
        function: &'static str,
        vertex: Option<At>,
        register: At,
    },
    Output(usize),
    System(SystemValue),
}

/// A register that can be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Writable {
    Nothing,
    Temporary(u32),
    Element {
        array: usize,
        at: At,
    },
    Output(usize),
    /// An element of the array that stands for all outputs.
    OutputArray(At),
    /// An output of a control shader that is chosen by an address register.
    Addressed(At),
    Address(u32),
}

impl Emitter<'_> {
    /// Checks the register that an instruction reads.
    pub(super) fn readable(&mut self, register: &Register) -> Result<Operand, EmitError> {
        match register.file {
            File::Temp => self.readable_temporary(register),
            File::Const => self.constant(register),
            File::Imm => {
                let n = direct(register, File::Imm)?;
                let immediate = self.declared.shader.immediates.get(n as usize);
                let words = immediate.ok_or_else(|| undeclared(File::Imm, n.into()))?.words;
                Ok(Operand::Literal(words))
            }
            File::In => self.input(register),
            File::Out => self.read_output(register),
            File::Sv => {
                let n = direct(register, File::Sv)?;
                let name = self.declared.system.get(n as usize).copied().flatten();
                let name = name.ok_or_else(|| undeclared(File::Sv, n.into()))?;
                let value = system_value(self.declared.shader.stage, name, self.host, &mut self.features)?;
                Ok(Operand::Register(Readable::System(value)))
            }
            file => Err(EmitError::Access { file, access: "read" }),
        }
    }

    /// A temporary that nobody declared reads as zero.
    fn readable_temporary(&mut self, register: &Register) -> Result<Operand, EmitError> {
        match self.temporary(register) {
            Ok(Writable::Temporary(n)) => Ok(Operand::Register(Readable::Temporary(n))),
            Ok(Writable::Element { array, at }) => Ok(Operand::Register(Readable::Element { array, at })),
            Ok(_) => Ok(Operand::Literal([0; 4])),
            Err(EmitError::Undeclared { .. }) => Ok(Operand::Literal([0; 4])),
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

    fn constant(&mut self, register: &Register) -> Result<Operand, EmitError> {
        let (block, len) = match register.dimension {
            None | Some(Index::Direct(0)) => (Block::Single(0), self.declared.constants[0]),
            Some(dimension) => self.uniform_block(dimension)?,
        };
        let at = self.element_at(register.index, File::Const, 0, len)?;
        if len == 0 {
            return Err(undeclared(File::Const, 0));
        }
        Ok(Operand::Register(Readable::Constant { block, at }))
    }

    pub(super) fn uniform_block(&mut self, dimension: Index) -> Result<(Block, u32), EmitError> {
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

    fn input(&mut self, register: &Register) -> Result<Operand, EmitError> {
        if let Index::Relative { .. } = register.index {
            let len = self.stage.inputs.len() as u32;
            let at = self.element_at(register.index, File::In, 0, len)?;
            let Some(dimension) = register.dimension else {
                return Ok(Operand::Register(Readable::InputArray(at)));
            };
            let vertex = self.element_at(dimension, File::In, 0, self.stage.vertices)?;
            return Ok(Operand::Register(Readable::Addressed {
                function: "in_vertex",
                vertex: Some(vertex),
                register: at,
            }));
        }
        let n = direct(register, File::In)?;
        let index = n as usize;
        match self.stage.inputs.get(index).and_then(Option::as_ref) {
            None => Err(undeclared(File::In, n.into())),
            Some(Input::Literal(words)) => Ok(Operand::Literal(*words)),
            Some(Input::Variable(_)) => Ok(Operand::Register(Readable::Input(index))),
            Some(Input::PerVertex(_)) => {
                let dimension = register.dimension.ok_or(NO_VERTEX)?;
                let vertex = self.element_at(dimension, File::In, 0, self.stage.vertices)?;
                Ok(Operand::Register(Readable::PerVertex {
                    file: File::In,
                    register: index,
                    vertex,
                }))
            }
        }
    }

    /// Checks the register that an instruction writes.
    pub(super) fn writable(&mut self, destination: &Destination) -> Result<Writable, EmitError> {
        let register = &destination.register;
        match register.file {
            File::Null => Ok(Writable::Nothing),
            File::Temp => self.temporary(register),
            File::Out => self.output(register),
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
        if self.declared.indirect_outputs && self.declared.shader.stage != Stage::TessControl {
            return false;
        }
        let output = usize::try_from(n).ok().and_then(|n| self.stage.outputs.get(n));
        register.file == File::Out && matches!(output, Some(Some(v)) if v.native == Native::Float)
    }

    /// An output register that is written.
    fn output(&mut self, register: &Register) -> Result<Writable, EmitError> {
        if self.declared.indirect_outputs {
            let count = self.stage.outputs.len() as u32;
            let at = self.element_at(register.index, File::Out, 0, count)?;
            if self.declared.shader.stage != Stage::TessControl {
                return Ok(Writable::OutputArray(at));
            }
            if let At::Computed { .. } = at {
                return Ok(Writable::Addressed(at));
            }
        }
        let n = direct(register, File::Out)?;
        match self.stage.outputs.get(n as usize).and_then(Option::as_ref) {
            Some(_) => Ok(Writable::Output(n as usize)),
            None => Err(undeclared(File::Out, n.into())),
        }
    }

    /// An output register that is read: control shaders see what all invocations have written.
    fn read_output(&mut self, register: &Register) -> Result<Operand, EmitError> {
        let count = self.stage.read_outputs.len() as u32;
        if count == 0 {
            return Err(EmitError::Access {
                file: File::Out,
                access: "read",
            });
        }
        let at = self.element_at(register.index, File::Out, 0, count)?;
        let vertex = match register.dimension {
            Some(dimension) => Some(self.element_at(dimension, File::Out, 0, self.stage.vertices_out)?),
            None => None,
        };
        let At::Fixed(n) = at else {
            let function = if vertex.is_some() {
                "out_vertex"
            } else {
                "out_patch"
            };
            return Ok(Operand::Register(Readable::Addressed {
                function,
                vertex,
                register: at,
            }));
        };
        let register = n as usize;
        match (&self.stage.read_outputs[register], vertex) {
            (Some(Input::Variable(_)), _) => Ok(Operand::Register(Readable::Output(register))),
            (Some(Input::PerVertex(_)), Some(vertex)) => Ok(Operand::Register(Readable::PerVertex {
                file: File::Out,
                register,
                vertex,
            })),
            (Some(Input::PerVertex(_)), None) => Err(NO_VERTEX),
            (Some(Input::Literal(_)) | None, _) => Err(undeclared(File::Out, n.into())),
        }
    }
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
