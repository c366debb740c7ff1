//! Vertex shaders.

use std::fmt::Write;

use crate::pipe::tgsi::{File, SemanticName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::{Declared, Slot},
    emit::StageParts,
    error::EmitError,
    key::{Emitted, Host, Layout, Producer, StreamOutputs, VertexKey},
    names::Varying,
    operand::{Input, Variable},
    outputs::{DISTANCES, captures, clip, declare_varying, distance_register, is_varying},
    value::{Native, type_name},
};

/// Translates a vertex shader.
///
/// `so` is the stream-output table of the shader object; it is used only if the key says that this is the last
/// stage before the rasterizer.
pub fn vertex(
    shader: &Shader,
    key: &VertexKey,
    so: &StreamOutputs,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::Vertex {
        return Err(EmitError::WrongStage {
            expected: Stage::Vertex,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts::default();
    attributes(&declared, key, &mut stage);
    let mut late = String::new();
    for (register, slot) in declared.output_slots() {
        let variable = output(&declared, key, host, register, slot, &mut stage, &mut late)?;
        let register = register as usize;
        stage.outputs.resize(stage.outputs.len().max(register + 1), None);
        stage.outputs[register] = Some(variable);
    }
    if declared.writes(SemanticName::Clipdist) {
        stage.prologue.push_str(DISTANCES);
    }
    if key.last {
        let mut streams = <[String; 4]>::default();
        if so.outputs.iter().any(|o| o.stream != 0) {
            return Err(EmitError::StreamOutput {
                entry: so.outputs.iter().position(|o| o.stream != 0).unwrap_or(0),
                reason: "needs a geometry shader for its stream",
            });
        }
        captures(so, &mut stage, &mut streams)?;
        stage.epilogue.push_str(&streams[0]);
    }
    let planes = if key.last { key.clip_planes } else { 0 };
    let clip_vertex = declared.writes(SemanticName::Clipvertex).then_some("cv");
    let StageParts {
        globals, epilogue, ..
    } = &mut stage;
    stage.system_block = clip(
        &declared,
        planes,
        Some("gl_Position"),
        clip_vertex,
        globals,
        epilogue,
    );
    stage.epilogue.push_str(&late);
    assemble(&declared, &stage, host, layout, &key.swizzled)
}

/// Attributes are floats unless their format is a pure integer.
fn attributes(declared: &Declared<'_>, key: &VertexKey, stage: &mut StageParts) {
    for register in (0..32u32).filter(|n| declared.attributes >> n & 1 != 0) {
        let bit = |mask: u32| mask >> register & 1 != 0;
        let native = if bit(key.signed_inputs) {
            Native::Int
        } else if bit(key.unsigned_inputs) {
            Native::Bits
        } else {
            Native::Float
        };
        if declared.used_inputs >> register & 1 != 0 {
            let name = type_name(native, 4);
            let _ = writeln!(
                stage.globals,
                "layout(location={register})in {name} in_{register};"
            );
        }
        let variable = Variable {
            text: format!("in_{register}").into(),
            native,
            scalar: false,
        };
        stage.inputs.resize(register as usize + 1, None);
        stage.inputs[register as usize] = Some(Input::Variable(variable));
    }
}

fn output(
    declared: &Declared<'_>,
    key: &VertexKey,
    host: &Host,
    register: u32,
    slot: &Slot,
    stage: &mut StageParts,
    late: &mut String,
) -> Result<Variable, EmitError> {
    if is_varying(declared, File::Out, slot)? {
        let name = declare_varying(&mut stage.globals, Producer::Vertex, slot);
        return Ok(Variable::vector(name));
    }
    let invariant = |globals: &mut String, name: &str| {
        if slot.invariant {
            let _ = writeln!(globals, "invariant {name};");
        }
    };
    match slot.semantic.name {
        SemanticName::Position => {
            invariant(&mut stage.globals, "gl_Position");
            Ok(Variable::vector("gl_Position"))
        }
        SemanticName::Psize => {
            invariant(&mut stage.globals, "gl_PointSize");
            Ok(Variable::scalar("gl_PointSize", Native::Float))
        }
        SemanticName::Clipdist => distance_register(declared, slot),
        SemanticName::Clipvertex => {
            stage.prologue.push_str("vec4 cv=vec4(0.0);\n");
            if !key.last {
                let name = Varying(Producer::Vertex, slot.semantic);
                let _ = writeln!(stage.globals, "out vec4 {name};");
                let _ = writeln!(late, "{name}=cv;");
            }
            Ok(Variable::vector("cv"))
        }
        // Core profiles have no edge flags; whatever the shader computes goes nowhere.
        SemanticName::Edgeflag => Ok(local(stage, register)),
        SemanticName::Layer | SemanticName::ViewportIndex => {
            if !host.viewport_layer_array {
                return Err(EmitError::HostLacks("ARB_shader_viewport_layer_array"));
            }
            stage.extensions.push("GL_ARB_shader_viewport_layer_array");
            let name = if slot.semantic.name == SemanticName::Layer {
                "gl_Layer"
            } else {
                "gl_ViewportIndex"
            };
            let _ = writeln!(late, "{name}=int(o{register}.x);");
            Ok(local(stage, register))
        }
        _ => Err(declared.bad_semantic(File::Out, slot.semantic)),
    }
}

fn local(stage: &mut StageParts, register: u32) -> Variable {
    let _ = writeln!(stage.prologue, "uvec4 o{register}=uvec4(0u);");
    Variable::bits(format!("o{register}"))
}
