//! What vertex and geometry shaders have in common: varyings and clip distances.

use std::fmt::Write;

use crate::pipe::tgsi::{File, SemanticName};

use super::{
    declared::{Declared, Slot},
    error::EmitError,
    variable::Variable,
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
