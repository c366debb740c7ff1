//! Memory opcodes on images.

use std::fmt::Write;

use crate::pipe::tgsi::{File, Index, Instruction, Opcode, Register, Texture};

use super::{
    emit::{Emitter, Width, operand},
    error::EmitError,
    images::Group,
    memory::{atomic, signed_comparison},
    names::stage_letter,
    registers::undeclared,
    target::Shape,
    value::{Kind, Native, type_name},
};

/// An image that an instruction works on.
#[derive(Debug, Clone, Copy)]
struct Access {
    group: Group,
    shape: Shape,
    index: Index,
    kind: Kind,
}

impl Emitter<'_> {
    pub(super) fn image(&mut self, i: &Instruction, register: &Register) -> Result<(), EmitError> {
        let a = self.image_access(i, register)?;
        match i.opcode {
            Opcode::Load => self.store(i, a.kind, Width::Four, |e, _| {
                e.image_call(a, "Load")?;
                e.image_coordinate(i, 1, a)?;
                e.body.push(')');
                Ok(())
            }),
            Opcode::Store => {
                self.image_call(a, "Store")?;
                self.image_coordinate(i, 0, a)?;
                self.body.push(',');
                self.source(operand(i, 1)?, a.kind, &[0, 1, 2, 3])?;
                self.body.push_str(");\n");
                Ok(())
            }
            Opcode::Resq => self.image_size(i, a),
            _ => self.image_atomic(i, a),
        }
    }

    fn image_access(&self, i: &Instruction, register: &Register) -> Result<Access, EmitError> {
        let (Index::Direct(n) | Index::Relative { offset: n, .. }) = register.index;
        let group = self.declared.images.group_of(n);
        let group = group.ok_or_else(|| undeclared(register.file, n.into()))?;
        let shape = group.shape().ok_or(EmitError::Target {
            opcode: i.opcode,
            target: group.image.target,
        })?;
        let kind = match group.texel(self.bound.images) {
            Native::Float => Kind::Float,
            Native::Int => Kind::Int,
            Native::Bits => Kind::Uint,
        };
        Ok(Access {
            group,
            shape,
            index: register.index,
            kind,
        })
    }

    /// `imageFunction(image`
    fn image_call(&mut self, a: Access, function: &str) -> Result<(), EmitError> {
        let letter = stage_letter(self.declared.shader.stage);
        let Group { first, len, .. } = a.group;
        let _ = write!(self.body, "image{function}({letter}i{first}");
        if len > 1 {
            let at = self.element_at(a.index, File::Image, first, len)?;
            self.at(at);
        }
        Ok(())
    }

    /// The texel in operand `n`: faces of cubes are layers, the number of the sample is in w.
    fn image_coordinate(&mut self, i: &Instruction, n: usize, a: Access) -> Result<(), EmitError> {
        let channels = a.shape.point();
        self.body.push(',');
        self.source(operand(i, n)?, Kind::Int, &channels[..channels.len().min(3)])?;
        if a.shape.multisample {
            self.body.push(',');
            self.source(operand(i, n)?, Kind::Int, &[3])?;
        }
        Ok(())
    }

    fn image_atomic(&mut self, i: &Instruction, a: Access) -> Result<(), EmitError> {
        let wrong = EmitError::ImageOpcode {
            opcode: i.opcode,
            unit: a.group.first,
        };
        let function = atomic(i.opcode).ok_or(EmitError::Opcode(i.opcode))?;
        let signed = a.kind == Kind::Int;
        let fits = match (a.kind, signed_comparison(i.opcode)) {
            (Kind::Float, _) => i.opcode == Opcode::Atomxchg,
            (_, Some(compares_signed)) => compares_signed == signed,
            (_, None) => true,
        };
        if !fits || !a.group.is_one_word() {
            return Err(wrong);
        }
        let kind = type_name(a.kind.native(), 1);
        let _ = write!(self.body, "{{{kind} r=");
        self.image_call(a, &format!("Atomic{function}"))?;
        self.image_coordinate(i, 1, a)?;
        for source in i.sources.get(2..).unwrap_or(&[]) {
            self.body.push(',');
            self.source(source, a.kind, &[0])?;
        }
        self.body.push_str(");");
        self.old_value(i, a.kind)
    }

    /// Size in x, y, z and number of samples in w.
    fn image_size(&mut self, i: &Instruction, a: Access) -> Result<(), EmitError> {
        let components = match a.group.image.target {
            Texture::Cube => 2,
            _ => a.shape.point().len().min(3),
        };
        self.store(i, Kind::Int, Width::Four, |e, written| {
            e.body.push_str("ivec4(");
            e.image_call(a, "Size")?;
            e.body.push(')');
            e.body.push_str(&",0".repeat(3usize.saturating_sub(components)));
            if a.shape.multisample && written.contains(&3) {
                e.body.push(',');
                e.image_call(a, "Samples")?;
                e.body.push_str("))");
            } else {
                e.body.push_str(",1)");
            }
            Ok(())
        })
    }
}
