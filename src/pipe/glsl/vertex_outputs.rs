//! What vertex and evaluation shaders write, with what the last stage before the rasterizer adds to it.

use std::fmt::Write;

use crate::pipe::tgsi::{File, SemanticName};

use super::{
    declared::{Declared, Slot},
    emit::StageParts,
    error::EmitError,
    key::{Host, StreamOutputs},
    names::{VERTEX, Varying},
    outputs::{DISTANCES, clip, distance_register, is_varying},
    stream_output::Captures,
    value::Native,
    variable::Variable,
};

/// What comes after the shader.
#[derive(Debug, Clone, Copy)]
pub(super) struct After<'a> {
    /// The rasterizer does: only then are outputs captured and clipped by user planes.
    pub last: bool,
    pub clip_planes: u8,
    pub captures: &'a StreamOutputs,
}

/// Declares the outputs and writes the end of `main`.
pub(super) fn outputs(
    declared: &Declared<'_>,
    after: After<'_>,
    host: &Host,
    stage: &mut StageParts,
) -> Result<(), EmitError> {
    let none = StreamOutputs::default();
    let so = if after.last { after.captures } else { &none };
    if let Some(entry) = so.outputs.iter().position(|o| o.stream != 0) {
        return Err(EmitError::StreamOutput {
            entry,
            reason: "needs a geometry shader for its stream",
        });
    }
    let mut outputs = Outputs {
        declared,
        last: after.last,
        host,
        captures: Captures::new(so)?,
        late: String::new(),
    };
    for (register, slot) in declared.output_slots() {
        let variable = outputs.declare(register, slot, stage)?;
        stage.outputs.resize(register as usize + 1, None);
        stage.outputs[register as usize] = Some(variable);
    }
    if declared.writes(SemanticName::Clipdist) {
        stage.prologue.push_str(DISTANCES);
    }
    let Outputs { captures, late, .. } = outputs;
    let mut streams = <[String; 4]>::default();
    captures.finish(stage, &mut streams)?;
    stage.epilogue.push_str(&streams[0]);
    let planes = if after.last { after.clip_planes } else { 0 };
    let clip_vertex = declared.writes(SemanticName::Clipvertex).then_some("cv");
    let StageParts {
        globals, epilogue, ..
    } = stage;
    stage.system_block = clip(
        declared,
        planes,
        Some("gl_Position"),
        clip_vertex,
        globals,
        epilogue,
    );
    stage.epilogue.push_str(&late);
    Ok(())
}

/// The outputs while they are declared.
struct Outputs<'a> {
    declared: &'a Declared<'a>,
    last: bool,
    host: &'a Host,
    captures: Captures<'a>,
    /// Statements that end `main`.
    late: String,
}

impl Outputs<'_> {
    fn declare(&mut self, register: u32, slot: &Slot, stage: &mut StageParts) -> Result<Variable, EmitError> {
        if is_varying(self.declared, File::Out, slot)? {
            let name = self.captures.declare(&mut stage.globals, VERTEX, register, slot);
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
            SemanticName::Clipdist => distance_register(self.declared, slot),
            SemanticName::Clipvertex => {
                stage.prologue.push_str("vec4 cv=vec4(0.0);\n");
                if !self.last {
                    let name = Varying(VERTEX, slot.semantic);
                    let _ = writeln!(stage.globals, "out vec4 {name};");
                    let _ = writeln!(self.late, "{name}=cv;");
                }
                Ok(Variable::vector("cv"))
            }
            // Core profiles have no edge flags; whatever the shader computes goes nowhere.
            SemanticName::Edgeflag => Ok(local(stage, register)),
            SemanticName::Layer | SemanticName::ViewportIndex => {
                if !self.host.viewport_layer_array {
                    return Err(EmitError::HostLacks("ARB_shader_viewport_layer_array"));
                }
                stage.extensions.push("GL_ARB_shader_viewport_layer_array");
                let name = if slot.semantic.name == SemanticName::Layer {
                    "gl_Layer"
                } else {
                    "gl_ViewportIndex"
                };
                let _ = writeln!(self.late, "{name}=int(o{register}.x);");
                Ok(local(stage, register))
            }
            _ => Err(self.declared.bad_semantic(File::Out, slot.semantic)),
        }
    }
}

fn local(stage: &mut StageParts, register: u32) -> Variable {
    let _ = writeln!(stage.prologue, "uvec4 o{register}=uvec4(0u);");
    Variable::bits(format!("o{register}"))
}
