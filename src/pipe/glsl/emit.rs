//! The walk over the instructions: control flow, and the shape of an assignment.

use std::fmt::Write;

use crate::pipe::tgsi::{Instruction, Opcode, Operation, Shader, Source, Stage};

use super::{
    addressed::output_array,
    declared::Declared,
    error::EmitError,
    features::Features,
    key::{Host, IntegerImages, Swizzled},
    names::CHANNELS,
    operand::push_swizzle,
    registers::Writable,
    value::{Kind, Native, cast, type_name},
    variable::{Form, Input, Variable},
};

/// GLSL compilers recurse over nested blocks; this is far beyond what programs contain.
const MAX_NESTING: usize = 200;
/// Longest body, in bytes: several times what the longest text becomes that is no attack.
const MAX_BODY: usize = 32 << 20;

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
    /// What output registers of a control shader read.
    pub read_outputs: Vec<Option<Input>>,
    /// Vertices of the input primitive or patch.
    pub vertices: u32,
    /// Vertices of a control shader's output patch.
    pub vertices_out: u32,
    /// Words of a compute shader's shared memory.
    pub shared_words: u32,
    /// Whether the parts read the system block.
    pub system_block: bool,
    /// Extensions the parts need.
    pub extensions: Vec<&'static str>,
}

/// What the key says of bound resources.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    pub swizzled: &'a [Swizzled],
    pub images: IntegerImages,
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

/// What is assigned to what.
#[derive(Debug, Clone, Copy)]
struct Assignment {
    target: Writable,
    native: Native,
    form: Form,
    /// The type of the expression.
    kind: Kind,
    width: Width,
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
    pub bound: Bound<'a>,
    pub features: Features,
    pub body: String,
    /// Declares the array that stands for addressed outputs.
    pub output_array: String,
    /// Copies it to the outputs.
    pub output_copies: String,
    nesting: Vec<Nest>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(
        declared: &'a Declared<'a>,
        stage: &'a StageParts,
        host: &'a Host,
        bound: Bound<'a>,
    ) -> Self {
        let mut features = Features::default();
        features.system_block = stage.system_block;
        for extension in &stage.extensions {
            features.require(extension);
        }
        let (output_array, output_copies) = output_array(declared, stage).unwrap_or_default();
        let body = String::with_capacity(declared.shader.instructions.len() * 48);
        Self {
            declared,
            stage,
            host,
            bound,
            features,
            body,
            output_array,
            output_copies,
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
                self.exit();
                return Ok(());
            }
            self.instruction(instruction)?;
            if self.body.len() > MAX_BODY {
                return Err(EmitError::TooLong(MAX_BODY));
            }
        }
        Err(EmitError::NoEnd)
    }

    fn instruction(&mut self, i: &Instruction) -> Result<(), EmitError> {
        match i.opcode.operation() {
            Operation::Flow => self.flow(i)?,
            Operation::Alu => self.alu(i)?,
            Operation::Texture => self.texture(i)?,
            Operation::Memory => self.memory(i)?,
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
                self.exit();
                self.body.push_str("return;\n");
            }
            Opcode::Nop => {}
            _ => return unbalanced,
        }
        Ok(())
    }

    /// What happens at every exit of `main`.
    fn exit(&mut self) {
        // A geometry shader's outputs go nowhere unless they are emitted.
        if self.declared.shader.stage != Stage::Geometry {
            self.body.push_str(&self.output_copies);
        }
        self.body.push_str(&self.stage.epilogue);
    }

    fn enter(&mut self, nest: Nest) -> Result<(), EmitError> {
        if self.nesting.len() == MAX_NESTING {
            return Err(EmitError::Nesting(MAX_NESTING));
        }
        self.nesting.push(nest);
        Ok(())
    }

    /// Whether the instruction is inside a conditional or a loop.
    pub(super) fn nested(&self) -> bool {
        !self.nesting.is_empty()
    }

    fn in_loop(&self) -> bool {
        self.nesting.contains(&Nest::Loop)
    }

    /// Writes the assignment of a result to the first destination: `value` writes an expression of `kind` for the
    /// channels it is given.
    pub(super) fn store(
        &mut self,
        i: &Instruction,
        kind: Kind,
        width: Width,
        value: impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        self.store_to(i, 0, kind, width, value)
    }

    /// [`store`](Self::store) to destination `n`.
    pub(super) fn store_to(
        &mut self,
        i: &Instruction,
        n: usize,
        kind: Kind,
        width: Width,
        mut value: impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let missing = EmitError::MissingOperand(i.opcode);
        let destination = i.destinations.get(n).ok_or(missing)?;
        let target = self.writable(destination)?;
        let (native, form) = self.writable_shape(target);
        let mut channels = [0u8; 4];
        let mut count = 0;
        for channel in destination.mask.channels() {
            channels[count] = channel as u8;
            count += 1;
        }
        let channels = &channels[..count];
        let assignment = Assignment {
            target,
            native,
            form,
            kind,
            width,
        };
        match (target, form) {
            (Writable::Nothing, _) => Ok(()),
            (_, Form::Elements { .. } | Form::Distances { .. }) => channels
                .iter()
                .filter(|&&c| form.element(c).is_some())
                .try_for_each(|&c| self.assign(i, assignment, &[c], &mut value)),
            (_, Form::Scalar) if !destination.mask.has(0) => Ok(()),
            (_, Form::Scalar) => self.assign(i, assignment, &[0], &mut value),
            _ if channels.is_empty() => Ok(()),
            (Writable::Addressed(at), _) => {
                self.body.push_str("{uvec4 w;");
                self.assign(i, assignment, channels, &mut value)?;
                self.put(at, destination.mask);
                Ok(())
            }
            _ => self.assign(i, assignment, channels, &mut value),
        }
    }

    fn assign(
        &mut self,
        i: &Instruction,
        a: Assignment,
        channels: &[u8],
        value: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        if i.precise {
            let name = type_name(a.native, channels.len());
            let _ = write!(self.body, "{{precise {name} p=");
            self.converted(i, a, channels, value)?;
            self.body.push(';');
        }
        self.writable_name(a.target);
        match (a.target, a.form) {
            (Writable::Address(_), _) => self.body.push(CHANNELS[channels[0] as usize & 3]),
            (_, Form::Elements { .. } | Form::Distances { .. }) => {
                self.body
                    .push_str(&a.form.element(channels[0]).unwrap_or_default());
            }
            (_, Form::Scalar) => {}
            (_, Form::Vector) => push_swizzle(&mut self.body, channels),
        }
        self.body.push('=');
        if i.precise {
            self.body.push_str("p;}\n");
            return Ok(());
        }
        self.converted(i, a, channels, value)?;
        self.body.push_str(";\n");
        Ok(())
    }

    /// The value in the type of the register that is written.
    fn converted(
        &mut self,
        i: &Instruction,
        a: Assignment,
        channels: &[u8],
        value: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), EmitError>,
    ) -> Result<(), EmitError> {
        let Assignment {
            native, kind, width, ..
        } = a;
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
