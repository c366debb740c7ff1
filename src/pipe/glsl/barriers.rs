//! Barriers.

use crate::pipe::tgsi::{Instruction, Stage};

use super::{
    emit::{Emitter, operand},
    error::EmitError,
};

/// The bits of MEMBAR's operand.
const BUFFER: u32 = 1;
const ATOMIC: u32 = 2;
const IMAGE: u32 = 4;
const SHARED: u32 = 8;
const WORK_GROUP: u32 = 16;
const ALL: u32 = BUFFER | ATOMIC | IMAGE | SHARED;

impl Emitter<'_> {
    /// Waits for the other invocations. GLSL wants it outside of control flow in control shaders, which is what makes
    /// all invocations arrive.
    pub(super) fn barrier(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let stage = self.declared.shader.stage;
        match stage {
            Stage::Compute => {}
            Stage::TessControl if !self.nested() => {}
            Stage::TessControl => return Err(EmitError::Barrier),
            _ => {
                return Err(EmitError::OpcodeInStage {
                    opcode: i.opcode,
                    stage,
                });
            }
        }
        self.body.push_str("barrier();\n");
        Ok(())
    }

    /// Orders memory accesses. Only compute shaders can order less than everything for everybody.
    pub(super) fn memory_barrier(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let bits = match self.declared.shader.stage {
            Stage::Compute => self.declared.shader.immediate(operand(i, 0)?).unwrap_or(ALL),
            _ => ALL,
        };
        if bits & WORK_GROUP != 0 {
            self.body.push_str("groupMemoryBarrier();\n");
            return Ok(());
        }
        if bits & ALL == ALL {
            self.body.push_str("memoryBarrier();\n");
            return Ok(());
        }
        for (bit, name) in [
            (BUFFER, "Buffer"),
            (ATOMIC, "AtomicCounter"),
            (IMAGE, "Image"),
            (SHARED, "Shared"),
        ] {
            if bits & bit != 0 {
                self.body.push_str("memoryBarrier");
                self.body.push_str(name);
                self.body.push_str("();\n");
            }
        }
        Ok(())
    }
}
