//! What vertex and geometry shaders have in common: outputs for the rasterizer and for stream output.

use std::fmt::Write;

use crate::pipe::{
    tgsi::{File, SemanticName},
    wire::virgl::command::StreamOutput,
};

use super::{
    declared::{Declared, Slot},
    emit::StageParts,
    error::EmitError,
    key::{Producer, StreamOutputs},
    names::Varying,
    operand::Variable,
};

/// The semantics that cross stages as varyings, with how many indices they have.
pub(super) const fn varying_count(name: SemanticName) -> Option<u32> {
    match name {
        SemanticName::Generic => Some(64),
        SemanticName::Texcoord => Some(8),
        SemanticName::Color | SemanticName::Bcolor => Some(2),
        SemanticName::Fog => Some(1),
        _ => None,
    }
}

/// Whether a slot crosses as a varying; an error if its index is out of range.
pub(super) fn is_varying(declared: &Declared<'_>, file: File, slot: &Slot) -> Result<bool, EmitError> {
    match varying_count(slot.semantic.name) {
        Some(count) if slot.semantic.index < count => Ok(true),
        Some(_) => Err(declared.bad_semantic(file, slot.semantic)),
        None => Ok(false),
    }
}

/// Declares the varying of a slot as an output.
pub(super) fn declare_varying(globals: &mut String, producer: Producer, slot: &Slot) -> String {
    let name = Varying(producer, slot.semantic).to_string();
    let invariant = if slot.invariant { "invariant " } else { "" };
    let _ = writeln!(globals, "{invariant}out vec4 {name};");
    name
}

/// Declares gl_ClipDistance and gl_CullDistance as outputs and writes them from the local `cd`, or from the user
/// clip planes if the shader writes none.
pub(super) fn clip(
    declared: &Declared<'_>,
    planes: u8,
    position: Option<&str>,
    clip_vertex: Option<&str>,
    globals: &mut String,
    statements: &mut String,
) -> bool {
    let distances = declared.distances;
    if distances.clip > 0 {
        let _ = writeln!(globals, "out float gl_ClipDistance[{}];", distances.clip);
    }
    if distances.cull > 0 {
        let _ = writeln!(globals, "out float gl_CullDistance[{}];", distances.cull);
    }
    for n in 0..distances.clip {
        let _ = writeln!(statements, "gl_ClipDistance[{n}]=cd[{}][{}];", n / 4, n % 4);
    }
    for n in 0..distances.cull {
        let from = distances.clip + n;
        let _ = writeln!(statements, "gl_CullDistance[{n}]=cd[{}][{}];", from / 4, from % 4);
    }
    let Some(vertex) = clip_vertex.or(position) else {
        return false;
    };
    if planes == 0 || declared.writes(SemanticName::Clipdist) {
        return false;
    }
    let _ = writeln!(
        globals,
        "out float gl_ClipDistance[{}];",
        8 - planes.leading_zeros()
    );
    for n in (0..8).filter(|n| planes >> n & 1 != 0) {
        let _ = writeln!(
            statements,
            "gl_ClipDistance[{n}]=dot({vertex},sys.clip_planes[{n}]);"
        );
    }
    true
}

/// The local that holds clip and cull distances until exit.
pub(super) const DISTANCES: &str = "vec4 cd[2]=vec4[2](vec4(0.0),vec4(0.0));\n";

/// The two registers of CLIPDIST.
pub(super) fn distance_register(declared: &Declared<'_>, slot: &Slot) -> Result<Variable, EmitError> {
    match slot.semantic.index {
        0 => Ok(Variable::vector("cd[0]")),
        1 => Ok(Variable::vector("cd[1]")),
        _ => Err(declared.bad_semantic(File::Out, slot.semantic)),
    }
}

/// Declares one output for each captured range and writes the copies to `statements[stream]`.
///
/// Captures are `uint` vectors: words pass unchanged, whatever their bits mean.
pub(super) fn captures(
    table: &StreamOutputs,
    stage: &mut StageParts,
    statements: &mut [String; 4],
) -> Result<(), EmitError> {
    for (entry, output) in table.outputs.iter().enumerate() {
        let fail = |reason| EmitError::StreamOutput { entry, reason };
        check(table, entry, output).map_err(fail)?;
        let register = usize::from(output.register);
        let variable = stage.outputs.get(register).and_then(Option::as_ref);
        let variable = variable.ok_or(fail("captures an undeclared register"))?;
        let (first, count) = (output.start_component, output.num_components);
        let letters = ["x", "xy", "xyz", "xyzw", "y", "yz", "yzw", "z", "zw", "w"];
        let letters = letters
            .into_iter()
            .find(|l| l.len() == usize::from(count) && l.as_bytes()[0] == b"xyzw"[usize::from(first & 3)]);
        let letters = letters.ok_or(fail("captures components beyond w"))?;
        if variable.scalar && letters != "x" {
            return Err(fail("captures more than the one component of a scalar"));
        }
        let kind = super::value::type_name(super::value::Native::Bits, usize::from(count));
        let stream = if output.stream > 0 {
            format!("stream={},", output.stream)
        } else {
            String::new()
        };
        let buffer = usize::from(output.buffer);
        let (offset, stride) = (u32::from(output.dst_offset) * 4, table.strides[buffer] * 4);
        let _ = writeln!(
            stage.globals,
            "layout({stream}xfb_buffer={buffer},xfb_offset={offset},xfb_stride={stride})out {kind} xfb{entry};"
        );
        let copy = &mut statements[usize::from(output.stream & 3)];
        let _ = write!(copy, "xfb{entry}=");
        let swizzle = if variable.scalar || letters == "xyzw" {
            String::new()
        } else {
            format!(".{letters}")
        };
        let text = &variable.text;
        let _ = match super::value::cast(variable.native, super::value::Native::Bits, usize::from(count)) {
            Some(function) => writeln!(copy, "{function}({text}{swizzle});"),
            None => writeln!(copy, "{text}{swizzle};"),
        };
    }
    Ok(())
}

/// GL's limit on a stride, far above what clients can ask for.
const MAX_STRIDE_WORDS: u32 = 512;

/// What makes a GLSL compiler or linker refuse the capture.
fn check(table: &StreamOutputs, entry: usize, output: &StreamOutput) -> Result<(), &'static str> {
    let buffer = usize::from(output.buffer);
    let &stride = table.strides.get(buffer).ok_or("names a buffer above 3")?;
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
    for earlier in table
        .outputs
        .iter()
        .take(entry)
        .filter(|o| o.buffer == output.buffer)
    {
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
