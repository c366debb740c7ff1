//! What invocations that run together know of each other, and the clock.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    value::Kind,
};

impl Emitter<'_> {
    pub(super) fn vote(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let core = self.host.version >= 460;
        if !core && !self.host.group_vote {
            return Err(EmitError::HostLacks("ARB_shader_group_vote"));
        }
        let function = match i.opcode {
            Opcode::VoteAny => "anyInvocation",
            Opcode::VoteAll => "allInvocations",
            _ => "allInvocationsEqual",
        };
        if !core {
            self.features.require("GL_ARB_shader_group_vote");
        }
        let suffix = if core { "" } else { "ARB" };
        let source = operand(i, 0)?;
        self.store(i, Kind::Uint, Width::One, |e, _| {
            let _ = write!(e.body, "-uint({function}{suffix}(");
            e.source(source, Kind::Uint, &[0])?;
            e.body.push_str("!=0u))");
            Ok(())
        })
    }

    pub(super) fn clock(&mut self, i: &Instruction) -> Result<(), EmitError> {
        if !self.host.shader_clock {
            return Err(EmitError::HostLacks("ARB_shader_clock"));
        }
        self.features.require("GL_ARB_shader_clock");
        self.store(i, Kind::Uint, Width::Four, |e, _| {
            e.body.push_str("uvec4(clock2x32ARB(),0u,0u)");
            Ok(())
        })
    }

    /// BALLOT, READ_FIRST and READ_INVOC.
    pub(super) fn ballot(&mut self, i: &Instruction) -> Result<(), EmitError> {
        if !self.host.ballot {
            return Err(EmitError::HostLacks("ARB_shader_ballot"));
        }
        self.features.require("GL_ARB_shader_ballot");
        let source = operand(i, 0)?;
        match i.opcode {
            Opcode::Ballot => {
                self.features.require_long_integers(self.host)?;
                self.store(i, Kind::Uint, Width::Four, |e, _| {
                    e.body.push_str("uvec4(unpackUint2x32(ballotARB(");
                    e.source(source, Kind::Uint, &[0])?;
                    e.body.push_str("!=0u)),0u,0u)");
                    Ok(())
                })
            }
            Opcode::ReadFirst => self.store(i, Kind::Uint, Width::Each, |e, written| {
                e.body.push_str("readFirstInvocationARB(");
                e.source(source, Kind::Uint, written)?;
                e.body.push(')');
                Ok(())
            }),
            _ => self.store(i, Kind::Uint, Width::Each, |e, written| {
                e.body.push_str("readInvocationARB(");
                e.source(source, Kind::Uint, written)?;
                e.body.push(',');
                e.source(operand(i, 1)?, Kind::Uint, &[0])?;
                e.body.push(')');
                Ok(())
            }),
        }
    }
}
