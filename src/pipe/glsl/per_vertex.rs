//! Inputs of stages that read whole primitives: a value for each vertex, and those of the patch.

use std::fmt::Write;

use crate::pipe::tgsi::{File, SemanticName, Stage};

use super::{
    declared::{Declared, Slot},
    emit::StageParts,
    error::EmitError,
    interface::Varyings,
    key::ClipDistances,
    names::{CONTROL, VERTEX, Varying},
    outputs::is_varying,
    value::Native,
    variable::{Input, PerVertex, Variable},
};

/// What inputs read that nobody writes: (0, 0, 0, 1).
pub(super) const MISSING: Input = Input::Literal([0, 0, 0, 0x3f80_0000]);

/// What the previous stage writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Previous<'a> {
    pub available: &'a Varyings,
    pub distances: ClipDistances,
}

impl PerVertex {
    /// A member of `gl_in`.
    fn builtin(close: &'static str, scalar: bool) -> Input {
        Input::PerVertex(PerVertex {
            open: "gl_in[".into(),
            close,
            native: Native::Float,
            scalar,
        })
    }
}

/// Declares the inputs of a geometry, control or evaluation shader.
pub(super) fn inputs(
    declared: &Declared<'_>,
    previous: Previous<'_>,
    stage: &mut StageParts,
) -> Result<(), EmitError> {
    let mut distances = 0;
    for (register, slot) in declared.input_slots() {
        let semantic = slot.semantic;
        let used = declared.used_inputs >> register & 1 != 0;
        let evaluation = declared.shader.stage == Stage::TessEval;
        let input = match semantic.name {
            SemanticName::Position => PerVertex::builtin("].gl_Position", false),
            SemanticName::Psize => PerVertex::builtin("].gl_PointSize", true),
            SemanticName::PrimId => Input::Variable(Variable::scalar(primitive_id(declared), Native::Int)),
            SemanticName::Clipdist if semantic.index < 2 => {
                if used {
                    distances |= 1 << semantic.index;
                }
                Input::PerVertex(PerVertex {
                    open: format!("ci{}(", semantic.index),
                    close: ")",
                    native: Native::Float,
                    scalar: false,
                })
            }
            SemanticName::Tessouter if evaluation => Input::Variable(Variable::vector(OUTER_LEVELS)),
            SemanticName::Tessinner if evaluation => Input::Variable(Variable::vector(INNER_LEVELS)),
            SemanticName::Patch if evaluation && semantic.index < 32 => {
                patch_varying(previous, slot, used, &mut stage.globals)
            }
            SemanticName::Clipvertex => varying(declared, previous, slot, used, &mut stage.globals),
            _ if is_varying(declared, File::In, slot)? => {
                varying(declared, previous, slot, used, &mut stage.globals)
            }
            _ => return Err(declared.bad_semantic(File::In, semantic)),
        };
        stage.inputs.resize(register as usize + 1, None);
        stage.inputs[register as usize] = Some(input);
    }
    clip_distances(previous.distances, distances, stage);
    Ok(())
}

/// The levels of a patch as vectors.
pub(super) const OUTER_LEVELS: &str =
    "vec4(gl_TessLevelOuter[0],gl_TessLevelOuter[1],gl_TessLevelOuter[2],gl_TessLevelOuter[3])";
pub(super) const INNER_LEVELS: &str = "vec4(gl_TessLevelInner[0],gl_TessLevelInner[1],0.0,0.0)";

fn primitive_id(declared: &Declared<'_>) -> &'static str {
    match declared.shader.stage {
        Stage::Geometry => "gl_PrimitiveIDIn",
        _ => "gl_PrimitiveID",
    }
}

/// Control shaders write words, since nothing is interpolated behind them; vertex shaders write floats.
fn varying(
    declared: &Declared<'_>,
    previous: Previous<'_>,
    slot: &Slot,
    used: bool,
    globals: &mut String,
) -> Input {
    if !previous.available.has(slot.semantic) {
        return MISSING;
    }
    let (producer, native, kind) = match declared.shader.stage {
        Stage::TessEval => (CONTROL, Native::Bits, "uvec4"),
        _ => (VERTEX, Native::Float, "vec4"),
    };
    let name = Varying(producer, slot.semantic);
    if used {
        let _ = writeln!(globals, "in {kind} {name}[];");
    }
    Input::PerVertex(PerVertex {
        open: format!("{name}["),
        close: "]",
        native,
        scalar: false,
    })
}

fn patch_varying(previous: Previous<'_>, slot: &Slot, used: bool, globals: &mut String) -> Input {
    if !previous.available.has(slot.semantic) {
        return MISSING;
    }
    let name = Varying(CONTROL, slot.semantic).to_string();
    if used {
        let _ = writeln!(globals, "patch in uvec4 {name};");
    }
    Input::Variable(Variable::bits(name))
}

fn clip_distances(counts: ClipDistances, registers: u32, stage: &mut StageParts) {
    for index in (0..2u8).filter(|n| registers >> n & 1 != 0) {
        distance_function(&mut stage.globals, "ci", "gl_in", index, counts);
    }
}

/// A function that gives the distances of a vertex as a vector.
///
/// gl_in is not redeclared: its arrays get their sizes from the constant indices, and a redeclared block would not
/// match a vertex shader that redeclares gl_ClipDistance alone.
pub(super) fn distance_function(
    globals: &mut String,
    name: &str,
    vertices: &str,
    index: u8,
    counts: ClipDistances,
) {
    let _ = write!(globals, "vec4 {name}{index}(uint i){{return vec4(");
    for channel in 0..4 {
        if channel > 0 {
            globals.push(',');
        }
        let _ = match counts.member(index * 4 + channel) {
            Some(member) => write!(globals, "{vertices}[i].{member}"),
            None => write!(globals, "0.0"),
        };
    }
    globals.push_str(");}\n");
}
