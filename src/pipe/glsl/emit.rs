//! The walk over the instructions: control flow, and the shape of an assignment.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode, Operation, Shader, Source, Stage};

use super::{
    declared::Declared,
    error::EmitError,
    features::Features,
    key::{Host, Swizzled},
    names::CHANNELS,
    operand::{Input, Variable, Writable, push_swizzle},
    value::{Kind, Native, cast, type_name},
};

/// GLSL compilers recurse over nested blocks; this is far beyond what programs contain.
const MAX_NESTING: usize = 200;

/// The varying behind an input, and the one that replaces it on back faces.
pub(super) type Interpolants = (String, Option<String>);

/// What a stage puts around the instructions.
#[derive(Debug, Default)]
pub(super) struct StageParts {
    /// Input and output declarations, layout qualifiers.
    pub globals: String,
    /// First statements of `main`.
    pub prologue: String,
    /// Statements at every exit of `main`.
    pub epilogue: String,
    /// What input registers read.
    pub inputs: Vec<Option<Input>>,
    /// Inputs that can be interpolated at another place, by register.
    pub interpolants: Vec<Option<Interpolants>>,
    /// What output registers write.
    pub outputs: Vec<Option<Variable>>,
    /// Vertices of a geometry shader's input primitive.
    pub vertices: u32,
    /// Whether the parts read the system block.
    pub system_block: bool,
    /// Extensions the parts need.
    pub extensions: Vec<&'static str>,
}

/// How wide the expression of a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// One component for each written channel.
    Each,
    /// One component, which all written channels take.
    One,
    /// Four components, from which the written channels are picked. The expression is a call.
    Four,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nest {
    If,
    Else,
    Loop,
}

/// Writes the body of `main`.
pub(super) struct Emitter<'a> {
    pub declared: &'a Declared<'a>,
    pub stage: &'a StageParts,
    pub host: &'a Host,
    pub swizzled: &'a [Swizzled],
    pub features: Features,
    pub body: String,
    nesting: Vec<Nest>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(
        declared: &'a Declared<'a>,
        stage: &'a StageParts,
        host: &'a Host,
        swizzled: &'a [Swizzled],
    ) -> Self {
        let mut features = Features::default();
        features.system_block = stage.system_block;
        for extension in &stage.extensions {
            features.require(extension);
        }
        let body = String::with_capacity(declared.shader.instructions.len() * 48);
        Self {
            declared,
            stage,
            host,
            swizzled,
            features,
            body,
            nesting: Vec::new(),
        }
    }

    /// Emits all instructions up to `END`.
    pub(super) fn run(&mut self) -> Result<(), EmitError> {
        let shader: &Shader = self.declared.shader;
        for instruction in &shader.instructions {
            if instruction.opcode == Opcode::End {
                if !self.nesting.is_empty() {
                    return Err(EmitError::Unbalanced(Opcode::End));
                }
                self.body.push_str(&self.stage.epilogue);
                return Ok(());
            }
            self.instruction(instruction)?;
        }
        Err(EmitError::NoEnd)
    }

    fn instruction(&mut self, i: &Instruction) -> Result<(), EmitError> {
        match i.opcode.operation() {
            Operation::Flow => self.flow(i)?,
            Operation::Alu => self.alu(i)?,
            Operation::Texture => self.texture(i)?,
            Operation::Memory => return Err(EmitError::Opcode(i.opcode)),
        }
        Ok(())
    }

    fn flow(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let unbalanced = Err(EmitError::Unbalanced(i.opcode));
        match i.opcode {
            Opcode::If | Opcode::Uif => {
                let (kind, zero) = if i.opcode == Opcode::If {
                    (Kind::Float, "0.0")
                } else {
                    (Kind::Uint, "0u")
                };
                self.body.push_str("if(");
                self.source(operand(i, 0)?, kind, &[0])?;
                let _ = writeln!(self.body, "!={zero}){{");
                self.enter(Nest::If)?;
            }
            Opcode::Else if self.nesting.pop() == Some(Nest::If) => {
                self.nesting.push(Nest::Else);
                self.body.push_str("}else{\n");
            }
            Opcode::Endif if matches!(self.nesting.pop(), Some(Nest::If | Nest::Else)) => {
                self.body.push_str("}\n");
            }
            Opcode::Bgnloop => {
                self.body.push_str("for(;;){\n");
                self.enter(Nest::Loop)?;
            }
            Opcode::Endloop if self.nesting.pop() == Some(Nest::Loop) => self.body.push_str("}\n"),
            Opcode::Brk if self.in_loop() => self.body.push_str("break;\n"),
            Opcode::Cont if self.in_loop() => self.body.push_str("continue;\n"),
            Opcode::Ret => {
                self.body.push_str(&self.stage.epilogue);
                self.body.push_str("return;\n");
            }
            Opcode::Nop => {}
            _ => return unbalanced,
        }
        Ok(())
    }

    fn enter(&mut self, nest: Nest) -> Result<(), EmitError> {
        if self.nesting.len() == MAX_NESTING {
            return Err(EmitError::Nesting(MAX_NESTING));
        }
        self.nesting.push(nest);
        Ok(())
    }

    fn in_loop(&self) -> bool {
        self.nesting.contains(&Nest::Loop)
    }

    /// Writes the assignment of a result: `value` writes an expression of `kind` for the channels it is given.
    pub(super) fn store(
        &mut self,
        i: &Instruction,
        kind: Kind,
        width: Width,
        mut value: impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let destination = i
            .destinations
            .first()
            .ok_or(EmitError::MissingOperand(i.opcode))?;
        let target = self.writable(destination)?;
        let (native, scalar) = self.writable_shape(target);
        let mut channels = [0u8; 4];
        let mut count = 0;
        for channel in destination.mask.channels() {
            channels[count] = channel as u8;
            count += 1;
        }
        let channels = &channels[..count];
        match target {
            Writable::Nothing => Ok(()),
            Writable::Address(_) => channels
                .iter()
                .try_for_each(|&c| self.assign(i, (target, native, true), kind, width, &[c], &mut value)),
            _ if scalar && !destination.mask.has(0) => Ok(()),
            _ if scalar => self.assign(i, (target, native, true), kind, width, &[0], &mut value),
            _ if channels.is_empty() => Ok(()),
            _ => self.assign(i, (target, native, false), kind, width, channels, &mut value),
        }
    }

    fn assign(
        &mut self,
        i: &Instruction,
        (target, native, scalar): (Writable, Native, bool),
        kind: Kind,
        width: Width,
        channels: &[u8],
        value: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        if i.precise {
            let name = type_name(native, channels.len());
            let _ = write!(self.body, "{{precise {name} p=");
            self.converted(i, native, kind, width, channels, value)?;
            self.body.push(';');
        }
        self.writable_name(target);
        if let Writable::Address(_) = target {
            self.body.push(CHANNELS[channels[0] as usize & 3]);
        } else if !scalar {
            push_swizzle(&mut self.body, channels);
        }
        self.body.push('=');
        if i.precise {
            self.body.push_str("p;}\n");
            return Ok(());
        }
        self.converted(i, native, kind, width, channels, value)?;
        self.body.push_str(";\n");
        Ok(())
    }

    /// The value in the type of the register that is written.
    fn converted(
        &mut self,
        i: &Instruction,
        native: Native,
        kind: Kind,
        width: Width,
        channels: &[u8],
        value: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let count = channels.len();
        let saturate = i.saturate && kind == Kind::Float;
        let own = if width == Width::One { 1 } else { count };
        let cast = cast(kind.native(), native, own);
        let widen = width == Width::One && count > 1;
        if widen {
            let _ = write!(self.body, "{}(", type_name(native, count));
        }
        if let Some(function) = cast {
            let _ = write!(self.body, "{function}(");
        }
        if saturate {
            self.body.push_str("clamp(");
        }
        value(self, channels)?;
        if width == Width::Four {
            push_swizzle(&mut self.body, channels);
        }
        if saturate {
            self.body.push_str(",0.0,1.0)");
        }
        for _ in 0..usize::from(cast.is_some()) + usize::from(widen) {
            self.body.push(')');
        }
        Ok(())
    }

    /// Refuses an opcode outside fragment shaders.
    pub(super) fn fragment_only(&self, opcode: Opcode) -> Result<(), EmitError> {
        let stage = self.declared.shader.stage;
        if stage == Stage::Fragment {
            return Ok(());
        }
        Err(EmitError::OpcodeInStage { opcode, stage })
    }
}

/// Source operand `n`.
pub(super) fn operand(i: &Instruction, n: usize) -> Result<&Source, EmitError> {
    i.sources.get(n).ok_or(EmitError::MissingOperand(i.opcode))
}
