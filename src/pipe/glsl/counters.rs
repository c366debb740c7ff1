//! Atomic counters: HWATOMIC[b][i] is the counter at byte 4 * i of counter buffer b.
//!
//! Counters are named alike in all stages, since a counter of one program may have one name only.

use std::fmt::Write;

use crate::pipe::tgsi::{DeclaredDimension, File, Index, Instruction, Opcode, Register, Shader};

use super::{
    emit::{Emitter, operand},
    error::EmitError,
    key::Layout,
    memory::atomic,
    registers::undeclared,
    value::Kind,
};

/// Counters in a buffer.
const MAX_COUNTERS: u32 = 4096;
/// Declarations of counters.
const MAX_RANGES: usize = 1024;

/// Consecutive counters of a buffer: a GLSL counter, or an array of them.
#[derive(Debug, Clone, Copy)]
struct Range {
    buffer: u32,
    first: u32,
    len: u32,
}

impl Range {
    fn overlaps(&self, other: &Range) -> bool {
        self.buffer == other.buffer
            && self.first < other.first + other.len
            && other.first < self.first + self.len
    }
}

/// The atomic counters of a shader.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters(Vec<Range>);

impl Counters {
    pub(super) fn new(shader: &Shader) -> Result<Self, EmitError> {
        let mut counters = Self::default();
        for d in shader.declarations_of(File::HwAtomic) {
            let Some(DeclaredDimension::Index(buffer)) = d.dimension else {
                return Err(NO_BUFFER);
            };
            let limit = |index, limit| EmitError::RegisterLimit {
                file: File::HwAtomic,
                index,
                limit,
            };
            if buffer >= 32 {
                return Err(limit(buffer, 32));
            }
            if d.last >= MAX_COUNTERS || counters.0.len() == MAX_RANGES {
                return Err(limit(d.last, MAX_COUNTERS));
            }
            let range = Range {
                buffer,
                first: d.first,
                len: d.last - d.first + 1,
            };
            if counters.0.iter().any(|other| other.overlaps(&range)) {
                return Err(EmitError::Access {
                    file: File::HwAtomic,
                    access: "declared twice",
                });
            }
            counters.0.push(range);
        }
        Ok(counters)
    }

    /// Counter buffers that the text declares.
    pub(super) fn mask(&self) -> u32 {
        self.0.iter().fold(0, |mask, range| mask | 1 << range.buffer)
    }

    pub(super) fn declare(&self, out: &mut String, layout: &Layout) -> Result<(), EmitError> {
        for &Range { buffer, first, len } in &self.0 {
            if buffer >= layout.atomic_buffers {
                return Err(EmitError::RegisterLimit {
                    file: File::HwAtomic,
                    index: buffer,
                    limit: layout.atomic_buffers,
                });
            }
            let offset = first * 4;
            let _ = write!(
                out,
                "layout(binding={buffer},offset={offset})uniform atomic_uint ac{buffer}_{first}"
            );
            if len > 1 {
                let _ = write!(out, "[{len}]");
            }
            out.push_str(";\n");
        }
        Ok(())
    }

    fn find(&self, buffer: i32, index: i32) -> Option<Range> {
        let (buffer, index) = (u32::try_from(buffer).ok()?, u32::try_from(index).ok()?);
        let holds = |r: &&Range| r.buffer == buffer && (r.first..r.first + r.len).contains(&index);
        self.0.iter().find(holds).copied()
    }
}

const NO_BUFFER: EmitError = EmitError::Access {
    file: File::HwAtomic,
    access: "used without the number of a buffer",
};

impl Emitter<'_> {
    pub(super) fn counter(&mut self, i: &Instruction, register: &Register) -> Result<(), EmitError> {
        let (function, suffix, data) = self.counter_function(i)?;
        let _ = write!(self.body, "{{uint r={function}(");
        self.counter_name(register)?;
        for source in i.sources.get(data).unwrap_or(&[]) {
            self.body.push(',');
            self.source(source, Kind::Uint, &[0])?;
        }
        let _ = write!(self.body, "){suffix};");
        self.old_value(i, Kind::Uint)
    }

    /// The function, what its result needs for the value before, and which sources are its data.
    fn counter_function(
        &mut self,
        i: &Instruction,
    ) -> Result<(String, &'static str, std::ops::Range<usize>), EmitError> {
        let plain = |name: &str, suffix| Ok((name.to_owned(), suffix, 0..0));
        match (i.opcode, self.step(i)?) {
            (Opcode::Load, _) => return plain("atomicCounter", ""),
            (Opcode::Atomuadd, Some(1)) => return plain("atomicCounterIncrement", ""),
            // This one gives the value after.
            (Opcode::Atomuadd, Some(u32::MAX)) => return plain("atomicCounterDecrement", "+1u"),
            _ => {}
        }
        let operation = atomic(i.opcode).ok_or(EmitError::Access {
            file: File::HwAtomic,
            access: "written or measured",
        })?;
        let core = self.host.version >= 460;
        if !core {
            if !self.host.atomic_counter_ops {
                return Err(EmitError::HostLacks("ARB_shader_atomic_counter_ops"));
            }
            self.features.require("GL_ARB_shader_atomic_counter_ops");
        }
        let suffix = if core { "" } else { "ARB" };
        Ok((
            format!("atomicCounter{operation}{suffix}"),
            "",
            2..i.sources.len(),
        ))
    }

    /// What an addition adds, if that is an immediate.
    fn step(&self, i: &Instruction) -> Result<Option<u32>, EmitError> {
        if i.opcode != Opcode::Atomuadd {
            return Ok(None);
        }
        let source = operand(i, 2)?;
        let plain = !source.negate && !source.absolute;
        Ok(self.declared.shader.immediate(source).filter(|_| plain))
    }

    fn counter_name(&mut self, register: &Register) -> Result<(), EmitError> {
        let Some(Index::Direct(buffer)) = register.dimension else {
            return Err(NO_BUFFER);
        };
        let (Index::Direct(index) | Index::Relative { offset: index, .. }) = register.index;
        let range = self.declared.counters.find(buffer, index);
        let range = range.ok_or_else(|| undeclared(File::HwAtomic, index.into()))?;
        let at = self.element_at(register.index, File::HwAtomic, range.first, range.len)?;
        let _ = write!(self.body, "ac{buffer}_{}", range.first);
        if range.len > 1 {
            self.at(at);
        }
        Ok(())
    }
}
