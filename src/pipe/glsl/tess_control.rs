//! Tessellation control shaders.
//!
//! Everything they write can be read by the other invocations of the patch, so outputs are written in place. Varyings
//! are words here: nothing is interpolated between control and evaluation shaders.

use std::fmt::Write;

use crate::pipe::tgsi::{File, PropertyName, Semantic, SemanticName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::{Declared, Slot},
    emit::{Bound, StageParts},
    error::EmitError,
    key::{ClipDistances, ControlKey, Emitted, Host, Layout},
    names::{CONTROL, Varying},
    outputs::is_varying,
    per_vertex::{INNER_LEVELS, OUTER_LEVELS, Previous, distance_function, inputs},
    value::Native,
    variable::{Form, Input, PerVertex, Variable},
};

/// Vertices of a patch, by GL's least limit.
pub(super) const MAX_PATCH_VERTICES: u32 = 32;

/// Translates a tessellation control shader.
///
/// # Errors
/// As [`vertex`](super::vertex); BARRIER inside control flow too, which GLSL forbids here.
pub fn tess_control(
    shader: &Shader,
    key: &ControlKey,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::TessControl {
        return Err(EmitError::WrongStage {
            expected: Stage::TessControl,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let vertices_out = vertices_out(shader)?;
    let mut stage = StageParts {
        vertices: MAX_PATCH_VERTICES,
        vertices_out,
        ..StageParts::default()
    };
    let _ = writeln!(stage.globals, "layout(vertices={vertices_out})out;");
    let previous = Previous {
        available: &key.available,
        distances: key.input_distances,
    };
    inputs(&declared, previous, &mut stage)?;
    for (register, slot) in declared.output_slots() {
        let (written, read) = output(&declared, slot, &mut stage.globals)?;
        stage.outputs.resize(register as usize + 1, None);
        stage.outputs[register as usize] = Some(written);
        stage.read_outputs.resize(register as usize + 1, None);
        stage.read_outputs[register as usize] = Some(read);
    }
    let bound = Bound {
        swizzled: &key.swizzled,
        images: key.images,
    };
    assemble(&declared, &stage, host, layout, bound)
}

/// The vertices of the output patch.
pub(super) fn vertices_out(shader: &Shader) -> Result<u32, EmitError> {
    let name = PropertyName::TcsVerticesOut;
    let value = shader.property(name).unwrap_or(0);
    if (1..=MAX_PATCH_VERTICES).contains(&value) {
        return Ok(value);
    }
    Err(EmitError::Property { name, value })
}

/// How an output is written, and how it is read.
fn output(
    declared: &Declared<'_>,
    slot: &Slot,
    globals: &mut String,
) -> Result<(Variable, Input), EmitError> {
    let Semantic { name, index } = slot.semantic;
    match name {
        SemanticName::Position => Ok(builtin("gl_Position", "].gl_Position", Form::Vector)),
        SemanticName::Psize => Ok(builtin("gl_PointSize", "].gl_PointSize", Form::Scalar)),
        SemanticName::Clipdist if index < 2 => Ok(distances(declared.distances, index as u8, globals)),
        SemanticName::Tessouter => Ok((
            Variable::elements("gl_TessLevelOuter", 4),
            Input::Variable(Variable::vector(OUTER_LEVELS)),
        )),
        SemanticName::Tessinner => Ok((
            Variable::elements("gl_TessLevelInner", 2),
            Input::Variable(Variable::vector(INNER_LEVELS)),
        )),
        SemanticName::Patch if index < 32 => {
            let variable = Variable::bits(Varying(CONTROL, slot.semantic).to_string());
            let _ = writeln!(globals, "patch out uvec4 {};", variable.text);
            Ok((variable.clone(), Input::Variable(variable)))
        }
        SemanticName::Clipvertex => Ok(varying(slot.semantic, globals)),
        _ if is_varying(declared, File::Out, slot)? => Ok(varying(slot.semantic, globals)),
        _ => Err(declared.bad_semantic(File::Out, slot.semantic)),
    }
}

fn builtin(name: &'static str, close: &'static str, form: Form) -> (Variable, Input) {
    let variable = Variable {
        form,
        ..Variable::vector(format!("gl_out[gl_InvocationID].{name}"))
    };
    let read = PerVertex {
        open: "gl_out[".into(),
        close,
        native: Native::Float,
        scalar: form == Form::Scalar,
    };
    (variable, Input::PerVertex(read))
}

fn varying(semantic: Semantic, globals: &mut String) -> (Variable, Input) {
    let name = Varying(CONTROL, semantic);
    let _ = writeln!(globals, "out uvec4 {name}[];");
    let read = PerVertex {
        open: format!("{name}["),
        close: "]",
        native: Native::Bits,
        scalar: false,
    };
    (
        Variable::bits(format!("{name}[gl_InvocationID]")),
        Input::PerVertex(read),
    )
}

fn distances(counts: ClipDistances, index: u8, globals: &mut String) -> (Variable, Input) {
    let variable = Variable {
        form: Form::Distances {
            first: index * 4,
            counts,
        },
        ..Variable::vector("gl_out[gl_InvocationID]")
    };
    distance_function(globals, "co", "gl_out", index, counts);
    let read = PerVertex {
        open: format!("co{index}("),
        close: ")",
        native: Native::Float,
        scalar: false,
    };
    (variable, Input::PerVertex(read))
}
