//! Memory opcodes on storage buffers, shared memory and constant buffers: arrays of words with addresses in bytes.

use std::fmt::Write;

use crate::pipe::tgsi::{File, Index, Instruction, Opcode, Register};

use super::{
    buffers::{MAX_BUFFERS, memory_register},
    emit::{Emitter, Width, operand},
    error::EmitError,
    registers::{At, Block, undeclared},
    value::{Kind, Native, type_name},
};

/// Where words lie. In the text, local `a` is the number of the first.
#[derive(Debug, Clone, Copy)]
enum Place {
    Buffer(BufferBlock),
    Shared,
    Constant { block: Block, len: u32 },
}

#[derive(Debug, Clone, Copy)]
enum BufferBlock {
    Single(u32),
    Element(At),
}

/// The GLSL function behind an atomic opcode, without what stands before it.
pub(super) const fn atomic(opcode: Opcode) -> Option<&'static str> {
    Some(match opcode {
        Opcode::Atomuadd => "Add",
        Opcode::Atomxchg => "Exchange",
        Opcode::Atomcas => "CompSwap",
        Opcode::Atomand => "And",
        Opcode::Atomor => "Or",
        Opcode::Atomxor => "Xor",
        Opcode::Atomumin | Opcode::Atomimin => "Min",
        Opcode::Atomumax | Opcode::Atomimax => "Max",
        _ => return None,
    })
}

/// Whether an atomic opcode compares as signed; `None` if it does not compare.
pub(super) const fn signed_comparison(opcode: Opcode) -> Option<bool> {
    match opcode {
        Opcode::Atomimin | Opcode::Atomimax => Some(true),
        Opcode::Atomumin | Opcode::Atomumax => Some(false),
        _ => None,
    }
}

impl Emitter<'_> {
    pub(super) fn memory(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let register = memory_register(i).ok_or(EmitError::MissingOperand(i.opcode))?;
        match register.file {
            File::Image => return self.image(i, register),
            File::HwAtomic => return self.counter(i, register),
            _ => {}
        }
        let place = self.place(register)?;
        match (i.opcode, place) {
            (Opcode::Load, _) => self.load(i, place),
            (Opcode::Store, Place::Buffer(_) | Place::Shared) => self.store_words(i, place),
            (Opcode::Resq, Place::Buffer(block)) => self.store(i, Kind::Uint, Width::One, |e, _| {
                e.body.push_str("uint(");
                e.buffer(block);
                e.body.push_str(".d.length())*4u");
                Ok(())
            }),
            (_, Place::Buffer(_) | Place::Shared) if atomic(i.opcode).is_some() => self.atomic(i, place),
            _ => Err(EmitError::Access {
                file: register.file,
                access: "written or measured by a memory opcode",
            }),
        }
    }

    fn place(&mut self, register: &Register) -> Result<Place, EmitError> {
        match register.file {
            File::Buffer => self.buffer_block(register).map(Place::Buffer),
            File::Memory if self.declared.buffers.has_shared() => Ok(Place::Shared),
            File::Memory => Err(undeclared(File::Memory, 0)),
            // Here the index is the number of the buffer.
            File::Const => {
                let (block, len) = match register.index {
                    Index::Direct(0) => (Block::Single(0), self.declared.constants[0]),
                    index => self.uniform_block(index)?,
                };
                if len == 0 {
                    return Err(undeclared(File::Const, 0));
                }
                Ok(Place::Constant { block, len })
            }
            file => Err(EmitError::Access {
                file,
                access: "used as memory",
            }),
        }
    }

    fn buffer_block(&mut self, register: &Register) -> Result<BufferBlock, EmitError> {
        if let Some((first, len)) = self.declared.buffers.array() {
            let at = self.element_at(register.index, File::Buffer, first, len)?;
            return Ok(BufferBlock::Element(at));
        }
        match register.index {
            Index::Direct(n)
                if (0..MAX_BUFFERS as i32).contains(&n) && self.declared.buffers.mask() >> n & 1 != 0 =>
            {
                Ok(BufferBlock::Single(n as u32))
            }
            Index::Direct(n) | Index::Relative { offset: n, .. } => Err(undeclared(File::Buffer, n.into())),
        }
    }

    /// Opens a block in which `a` is the word that operand `n` addresses.
    fn open(&mut self, i: &Instruction, n: usize) -> Result<(), EmitError> {
        self.body.push_str("{uint a=");
        self.source(operand(i, n)?, Kind::Uint, &[0])?;
        self.body.push_str(">>2u;");
        Ok(())
    }

    fn load(&mut self, i: &Instruction, place: Place) -> Result<(), EmitError> {
        self.open(i, 1)?;
        let kind = self.element_kind(place);
        self.store(i, kind, Width::Each, |e, written| {
            if let [channel] = written {
                e.word(place, *channel);
                return Ok(());
            }
            let _ = write!(e.body, "{}(", type_name(kind.native(), written.len()));
            for (n, &channel) in written.iter().enumerate() {
                if n > 0 {
                    e.body.push(',');
                }
                e.word(place, channel);
            }
            e.body.push(')');
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }

    fn store_words(&mut self, i: &Instruction, place: Place) -> Result<(), EmitError> {
        let destination = i
            .destinations
            .first()
            .ok_or(EmitError::MissingOperand(i.opcode))?;
        self.open(i, 0)?;
        let (value, kind) = (operand(i, 1)?, self.element_kind(place));
        for channel in destination.mask.channels() {
            self.word(place, channel as u8);
            self.body.push('=');
            self.source(value, kind, &[channel as u8])?;
            self.body.push(';');
        }
        self.body.push_str("}\n");
        Ok(())
    }

    fn atomic(&mut self, i: &Instruction, place: Place) -> Result<(), EmitError> {
        self.open(i, 1)?;
        let kind = self.element_kind(place);
        let _ = write!(self.body, "{} r=", type_name(kind.native(), 1));
        let foreign = kind == Kind::Uint && signed_comparison(i.opcode) == Some(true);
        if foreign {
            self.compare_and_swap(i, place)?;
        } else {
            let _ = write!(self.body, "atomic{}(", atomic(i.opcode).unwrap_or("Add"));
            self.word(place, 0);
            for source in i.sources.get(2..).unwrap_or(&[]) {
                self.body.push(',');
                self.source(source, kind, &[0])?;
            }
            self.body.push_str(");");
        }
        self.old_value(i, kind)
    }

    /// A signed minimum or maximum on unsigned words.
    fn compare_and_swap(&mut self, i: &Instruction, place: Place) -> Result<(), EmitError> {
        let function = if i.opcode == Opcode::Atomimin {
            "min"
        } else {
            "max"
        };
        self.word(place, 0);
        self.body.push_str(";for(;;){uint o=r;r=atomicCompSwap(");
        self.word(place, 0);
        let _ = write!(self.body, ",o,uint({function}(int(o),");
        self.source(operand(i, 2)?, Kind::Int, &[0])?;
        self.body.push_str(")));if(r==o)break;}");
        Ok(())
    }

    /// Stores the local scalar `r`, if it is wanted, and closes the block around it.
    pub(super) fn old_value(&mut self, i: &Instruction, kind: Kind) -> Result<(), EmitError> {
        self.store(i, kind, Width::One, |e, _| {
            e.body.push('r');
            Ok(())
        })?;
        self.body.push_str("}\n");
        Ok(())
    }

    fn element_kind(&self, place: Place) -> Kind {
        let native = match place {
            Place::Buffer(_) => self.declared.buffers.element(),
            Place::Shared => self.declared.buffers.shared_element(),
            Place::Constant { .. } => Native::Bits,
        };
        if native == Native::Int {
            Kind::Int
        } else {
            Kind::Uint
        }
    }

    /// Word `a + n`.
    fn word(&mut self, place: Place, n: u8) {
        let at = match n {
            0 => "a".to_owned(),
            n => format!("a+{n}u"),
        };
        let _ = match place {
            Place::Buffer(block) => {
                self.buffer(block);
                write!(self.body, ".d[{at}]")
            }
            Place::Shared => write!(self.body, "m[min({at},{}u)]", self.stage.shared_words.max(1) - 1),
            Place::Constant {
                block: Block::Single(0),
                len,
            } if self.declared.further_blocks() > 0 => {
                write!(self.body, "kc(min(({at})>>2u,{}u))[({at})&3u]", len - 1)
            }
            Place::Constant { block, len } => {
                self.block_name(block);
                write!(self.body, ".c[min(({at})>>2u,{}u)][({at})&3u]", len - 1)
            }
        };
    }

    fn buffer(&mut self, block: BufferBlock) {
        match block {
            BufferBlock::Single(n) => {
                let _ = write!(self.body, "b{n}");
            }
            BufferBlock::Element(at) => {
                self.body.push_str("bn");
                self.at(at);
            }
        }
    }
}
