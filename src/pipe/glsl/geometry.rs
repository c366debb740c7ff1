//! Geometry shaders.
//!
//! Outputs are globals that a function for each stream copies to GL's outputs before the vertex is emitted: TGSI
//! registers keep their values over EMIT, GLSL outputs do not, and one register can belong to several streams.

use std::fmt::Write;

use crate::pipe::tgsi::{File, Index, Instruction, Opcode, PropertyName, SemanticName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::{Declared, Slot},
    emit::{Emitter, StageParts, operand},
    error::EmitError,
    fragment::available,
    key::{Emitted, GeometryKey, Host, Layout, Producer, StreamOutputs},
    names::Varying,
    operand::{Input, Variable},
    outputs::{DISTANCES, captures, clip, declare_varying, distance_register, is_varying},
    value::Native,
};

/// Translates a geometry shader.
pub fn geometry(
    shader: &Shader,
    key: &GeometryKey,
    so: &StreamOutputs,
    host: &Host,
    layout: &Layout,
) -> Result<Emitted, EmitError> {
    if shader.stage != Stage::Geometry {
        return Err(EmitError::WrongStage {
            expected: Stage::Geometry,
            found: shader.stage,
        });
    }
    let declared = Declared::new(shader)?;
    let mut stage = StageParts::default();
    layouts(shader, &mut stage)?;
    inputs(&declared, key, &mut stage)?;

    let mut streams = <[String; 4]>::default();
    for (register, slot) in declared.output_slots() {
        let variable = output(&declared, register, slot, &mut stage.globals, &mut streams[0])?;
        stage.outputs.resize(register as usize + 1, None);
        stage.outputs[register as usize] = Some(variable);
    }
    captures(so, &mut stage, &mut streams)?;
    if declared.writes(SemanticName::Clipdist) {
        stage.globals.push_str(DISTANCES);
    }
    let named = |name| {
        let found = declared.output_slots().find(|(_, s)| s.semantic.name == name);
        found.map(|(register, _)| format!("o{register}"))
    };
    let (position, clip_vertex) = (named(SemanticName::Position), named(SemanticName::Clipvertex));
    stage.system_block = clip(
        &declared,
        key.clip_planes,
        position.as_deref(),
        clip_vertex.as_deref(),
        &mut stage.globals,
        &mut streams[0],
    );
    emit_functions(shader, &streams, &mut stage.globals)?;
    assemble(&declared, &stage, host, layout, &key.swizzled)
}

/// What a geometry shader takes and gives, from its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Primitives {
    input: &'static str,
    pub vertices: u32,
    output: &'static str,
    pub points: bool,
    max_vertices: u32,
    invocations: u32,
}

/// Vertices and invocations beyond any GL's limits.
const MAX_COUNT: u32 = 4096;

pub(super) fn primitives(shader: &Shader) -> Result<Primitives, EmitError> {
    let property = |name| shader.property(name).unwrap_or(0);
    // Gallium's primitive numbers.
    let (input, vertices) = match property(PropertyName::GsInputPrimitive) {
        0 => ("points", 1),
        1..=3 => ("lines", 2),
        4..=6 => ("triangles", 3),
        10 | 11 => ("lines_adjacency", 4),
        12 | 13 => ("triangles_adjacency", 6),
        value => {
            return Err(EmitError::Property {
                name: PropertyName::GsInputPrimitive,
                value,
            });
        }
    };
    let output = match property(PropertyName::GsOutputPrimitive) {
        0 => "points",
        3 => "line_strip",
        5 => "triangle_strip",
        value => {
            return Err(EmitError::Property {
                name: PropertyName::GsOutputPrimitive,
                value,
            });
        }
    };
    let count = |name| match property(name) {
        value if value <= MAX_COUNT => Ok(value.max(1)),
        value => Err(EmitError::Property { name, value }),
    };
    Ok(Primitives {
        input,
        vertices,
        output,
        points: output == "points",
        max_vertices: count(PropertyName::GsMaxOutputVertices)?,
        invocations: count(PropertyName::GsInvocations)?,
    })
}

fn layouts(shader: &Shader, stage: &mut StageParts) -> Result<(), EmitError> {
    let p = primitives(shader)?;
    stage.vertices = p.vertices;
    let _ = write!(stage.globals, "layout({}", p.input);
    if p.invocations > 1 {
        let _ = write!(stage.globals, ",invocations={}", p.invocations);
    }
    let _ = writeln!(
        stage.globals,
        ")in;\nlayout({},max_vertices={})out;",
        p.output, p.max_vertices
    );
    Ok(())
}

fn inputs(declared: &Declared<'_>, key: &GeometryKey, stage: &mut StageParts) -> Result<(), EmitError> {
    let mut distances = 0;
    for (register, slot) in declared.input_slots() {
        let semantic = slot.semantic;
        let per_vertex = |text: String, member, scalar| Input::PerVertex {
            text: text.into(),
            member,
            scalar,
        };
        let used = declared.used_inputs >> register & 1 != 0;
        let input = match semantic.name {
            SemanticName::Position => per_vertex("gl_in".into(), ".gl_Position", false),
            SemanticName::Psize => per_vertex("gl_in".into(), ".gl_PointSize", true),
            SemanticName::PrimId => Input::Variable(Variable::scalar("gl_PrimitiveIDIn", Native::Int)),
            SemanticName::Clipdist if semantic.index < 2 => {
                if used {
                    distances |= 1 << semantic.index;
                }
                per_vertex(format!("ci{}", semantic.index), "", false)
            }
            SemanticName::Clipvertex => varying(key, slot, used, &mut stage.globals),
            _ if is_varying(declared, File::In, slot)? => varying(key, slot, used, &mut stage.globals),
            _ => return Err(declared.bad_semantic(File::In, semantic)),
        };
        stage.inputs.resize(register as usize + 1, None);
        stage.inputs[register as usize] = Some(input);
    }
    if distances != 0 {
        clip_distances(key, distances, stage);
    }
    Ok(())
}

fn varying(key: &GeometryKey, slot: &Slot, used: bool, globals: &mut String) -> Input {
    if !available(&key.available, slot.semantic) {
        return Input::Literal([0, 0, 0, 0x3f80_0000]);
    }
    let name = Varying(Producer::Vertex, slot.semantic).to_string();
    if used {
        let _ = writeln!(globals, "in vec4 {name}[];");
    }
    Input::PerVertex {
        text: name.into(),
        member: "",
        scalar: false,
    }
}

/// Copies the distances of all vertices to arrays of vectors, so that they can be read like other inputs.
fn clip_distances(key: &GeometryKey, registers: u32, stage: &mut StageParts) {
    let counts = key.input_distances;
    let _ = write!(
        stage.globals,
        "in gl_PerVertex{{vec4 gl_Position;float gl_PointSize;"
    );
    for (name, count) in [("gl_ClipDistance", counts.clip), ("gl_CullDistance", counts.cull)] {
        if count > 0 {
            let _ = write!(stage.globals, "float {name}[{count}];");
        }
    }
    stage.globals.push_str("}gl_in[];\n");
    for index in (0..2u8).filter(|n| registers >> n & 1 != 0) {
        let vertices = stage.vertices;
        let _ = write!(
            stage.prologue,
            "vec4 ci{index}[{vertices}];for(int i=0;i<{vertices};i++)ci{index}[i]=vec4("
        );
        for channel in 0..4 {
            let n = index * 4 + channel;
            let comma = if channel > 0 { "," } else { "" };
            let _ = if n < counts.clip {
                write!(stage.prologue, "{comma}gl_in[i].gl_ClipDistance[{n}]")
            } else if n - counts.clip < counts.cull {
                let n = n - counts.clip;
                write!(stage.prologue, "{comma}gl_in[i].gl_CullDistance[{n}]")
            } else {
                write!(stage.prologue, "{comma}0.0")
            };
        }
        stage.prologue.push_str(");\n");
    }
}

fn output(
    declared: &Declared<'_>,
    register: u32,
    slot: &Slot,
    globals: &mut String,
    copies: &mut String,
) -> Result<Variable, EmitError> {
    let vector = |globals: &mut String| {
        let _ = writeln!(globals, "vec4 o{register};");
        Variable::vector(format!("o{register}"))
    };
    if is_varying(declared, File::Out, slot)? {
        let name = declare_varying(globals, Producer::Geometry, slot);
        let _ = writeln!(copies, "{name}=o{register};");
        return Ok(vector(globals));
    }
    let (to, invariant) = match slot.semantic.name {
        SemanticName::Position => (format!("gl_Position=o{register};"), "gl_Position"),
        SemanticName::Psize => (format!("gl_PointSize=o{register}.x;"), "gl_PointSize"),
        SemanticName::Clipdist => return distance_register(declared, slot),
        SemanticName::Clipvertex | SemanticName::Edgeflag => return Ok(vector(globals)),
        name => {
            let gl_name = match name {
                SemanticName::Layer => "gl_Layer",
                SemanticName::ViewportIndex => "gl_ViewportIndex",
                SemanticName::PrimId => "gl_PrimitiveID",
                _ => return Err(declared.bad_semantic(File::Out, slot.semantic)),
            };
            let _ = writeln!(copies, "{gl_name}=int(o{register}.x);");
            let _ = writeln!(globals, "uvec4 o{register};");
            return Ok(Variable::bits(format!("o{register}")));
        }
    };
    let _ = writeln!(copies, "{to}");
    if slot.invariant {
        let _ = writeln!(globals, "invariant {invariant};");
    }
    Ok(vector(globals))
}

fn emit_functions(shader: &Shader, copies: &[String; 4], globals: &mut String) -> Result<(), EmitError> {
    let mut used = [false; 4];
    for i in shader.instructions.iter().filter(|i| i.opcode == Opcode::Emit) {
        used[stream(shader, i)? as usize] = true;
    }
    for (n, copies) in copies.iter().enumerate().filter(|(n, _)| used[*n]) {
        let _ = write!(globals, "void emit{n}(){{\n{copies}");
        if n == 0 {
            globals.push_str("EmitVertex();}\n");
        } else {
            let _ = writeln!(globals, "EmitStreamVertex({n});}}");
        }
    }
    Ok(())
}

/// The stream of EMIT and ENDPRIM, an immediate.
fn stream(shader: &Shader, i: &Instruction) -> Result<u32, EmitError> {
    let source = operand(i, 0)?;
    let not_constant = EmitError::NotConstant {
        opcode: i.opcode,
        operand: 0,
    };
    let (File::Imm, Index::Direct(n)) = (source.register.file, source.register.index) else {
        return Err(not_constant);
    };
    let immediate = usize::try_from(n).ok().and_then(|n| shader.immediates.get(n));
    let stream = immediate.map(|m| m.words[source.swizzle[0] as usize & 3]);
    stream.filter(|&s| s < 4).ok_or(not_constant)
}

impl Emitter<'_> {
    /// EMIT and ENDPRIM.
    pub(super) fn vertex_done(&mut self, i: &Instruction) -> Result<(), EmitError> {
        let shader = self.declared.shader;
        if shader.stage != Stage::Geometry {
            return Err(EmitError::OpcodeInStage {
                opcode: i.opcode,
                stage: shader.stage,
            });
        }
        let stream = stream(shader, i)?;
        let _ = match (i.opcode, stream) {
            (Opcode::Emit, n) => writeln!(self.body, "emit{n}();"),
            (_, 0) => writeln!(self.body, "EndPrimitive();"),
            (_, n) => writeln!(self.body, "EndStreamPrimitive({n});"),
        };
        Ok(())
    }
}
