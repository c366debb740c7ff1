//! Stream output: which words of which output registers go to which buffer.
//!
//! GLSL captures whole variables. A varying that is captured whole carries the transform feedback qualifiers itself;
//! any other range gets an output of its own, a `uint` vector, so that words pass unchanged whatever they mean.

use std::fmt::Write;

use crate::pipe::wire::virgl::command::StreamOutput;

use super::{
    declared::Slot,
    emit::StageParts,
    error::EmitError,
    key::StreamOutputs,
    names::Varying,
    operand::push_swizzle,
    value::{Native, cast, type_name},
    variable::{Form, Variable},
};

/// A stride far above what GL takes and clients ask for.
const MAX_STRIDE_WORDS: u32 = 512;
/// Entries of a table, far above what clients send.
const MAX_ENTRIES: usize = 256;

/// The captures of a shader while its outputs are declared.
pub(super) struct Captures<'a> {
    table: &'a StreamOutputs,
    /// Entries whose varying is captured as it is.
    whole: Vec<usize>,
}

impl<'a> Captures<'a> {
    /// Checks the table.
    pub(super) fn new(table: &'a StreamOutputs) -> Result<Self, EmitError> {
        for (entry, output) in table.outputs.iter().enumerate() {
            check(table, entry, output).map_err(|reason| EmitError::StreamOutput { entry, reason })?;
        }
        Ok(Self {
            table,
            whole: Vec::new(),
        })
    }

    /// Declares a register's varying as an output and gives its name.
    pub(super) fn declare(
        &mut self,
        globals: &mut String,
        producer: char,
        register: u32,
        slot: &Slot,
    ) -> String {
        let name = Varying(producer, slot.semantic).to_string();
        let whole = self.table.outputs.iter().position(|o| {
            u32::from(o.register) == register
                && o.start_component == 0
                && o.num_components == 4
                && o.stream == 0
        });
        if let Some(entry) = whole {
            self.qualifier(globals, &self.table.outputs[entry]);
            self.whole.push(entry);
        }
        let invariant = if slot.invariant { "invariant " } else { "" };
        let _ = writeln!(globals, "{invariant}out vec4 {name};");
        name
    }

    fn qualifier(&self, globals: &mut String, output: &StreamOutput) {
        let buffer = usize::from(output.buffer);
        let stride = self.table.strides.get(buffer).copied().unwrap_or(0) * 4;
        let offset = u32::from(output.dst_offset) * 4;
        globals.push_str("layout(");
        if output.stream > 0 {
            let _ = write!(globals, "stream={},", output.stream);
        }
        let _ = write!(
            globals,
            "xfb_buffer={buffer},xfb_offset={offset},xfb_stride={stride})"
        );
    }

    /// Declares outputs for all other captures and writes the copies to `statements[stream]`.
    pub(super) fn finish(
        self,
        stage: &mut StageParts,
        statements: &mut [String; 4],
    ) -> Result<(), EmitError> {
        for (entry, output) in self.table.outputs.iter().enumerate() {
            let fail = |reason| EmitError::StreamOutput { entry, reason };
            let variable = stage.outputs.get(usize::from(output.register));
            let Some(Some(variable)) = variable else {
                return Err(fail("captures an undeclared register"));
            };
            if self.whole.contains(&entry) {
                continue;
            }
            let components = components(output, variable).map_err(fail)?;
            let count = components.len();
            self.qualifier(&mut stage.globals, output);
            let kind = type_name(Native::Bits, count);
            let _ = writeln!(stage.globals, "out {kind} xfb{entry};");
            let copy = &mut statements[usize::from(output.stream & 3)];
            let open = cast(variable.native, Native::Bits, count).unwrap_or("");
            let _ = write!(copy, "xfb{entry}={open}({}", variable.text);
            if variable.form != Form::Scalar {
                push_swizzle(copy, components);
            }
            copy.push_str(");\n");
        }
        Ok(())
    }
}

/// The channels that an entry captures.
fn components(output: &StreamOutput, variable: &Variable) -> Result<&'static [u8], &'static str> {
    let first = usize::from(output.start_component);
    let range = first..first + usize::from(output.num_components);
    if variable.form == Form::Scalar && range != (0..1) {
        return Err("captures more than the one component of a scalar");
    }
    let all: &'static [u8] = &[0, 1, 2, 3];
    all.get(range).ok_or("captures components beyond w")
}

/// What makes a GLSL compiler or linker refuse the capture.
fn check(table: &StreamOutputs, entry: usize, output: &StreamOutput) -> Result<(), &'static str> {
    if entry >= MAX_ENTRIES {
        return Err("is one too many");
    }
    if output.num_components == 0 {
        return Err("captures nothing");
    }
    let stride = table.strides.get(usize::from(output.buffer));
    let &stride = stride.ok_or("names a buffer above 3")?;
    if stride > MAX_STRIDE_WORDS {
        return Err("has a stride beyond 512 words");
    }
    let range = |o: &StreamOutput| {
        let start = u32::from(o.dst_offset);
        start..start + u32::from(o.num_components)
    };
    let own = range(output);
    if own.end > stride {
        return Err("lies outside the stride of its buffer");
    }
    let earlier = table.outputs.iter().take(entry);
    for earlier in earlier.filter(|o| o.buffer == output.buffer) {
        let other = range(earlier);
        if own.start < other.end && other.start < own.end {
            return Err("overlaps an earlier output");
        }
        if earlier.stream != output.stream {
            return Err("shares a buffer with another stream");
        }
    }
    Ok(())
}
