//! Geometry shaders.
//!
//! Outputs are globals that a function for each stream copies to GL's outputs before the vertex is emitted: TGSI
//! registers keep their values over EMIT, GLSL outputs do not, and one register can belong to several streams.

use std::fmt::Write;

use crate::pipe::tgsi::{File, Instruction, Opcode, PropertyName, SemanticName, Shader, Stage};

use super::{
    assemble::assemble,
    declared::{Declared, Slot},
    emit::{Bound, Emitter, StageParts, operand},
    error::EmitError,
    interface::Emits,
    key::{Emitted, GeometryKey, Host, Layout, StreamOutputs},
    names::GEOMETRY,
    outputs::{DISTANCES, clip, distance_register, is_varying},
    per_vertex::{Previous, inputs},
    stream_output::Captures,
    variable::Variable,
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
    let previous = Previous {
        available: &key.available,
        distances: key.input_distances,
    };
    inputs(&declared, previous, &mut stage)?;

    let mut captures = Captures::new(so)?;
    let mut streams = <[String; 4]>::default();
    for (register, slot) in declared.output_slots() {
        let variable = output(
            &declared,
            register,
            slot,
            &mut captures,
            &mut stage.globals,
            &mut streams[0],
        )?;
        stage.outputs.resize(register as usize + 1, None);
        stage.outputs[register as usize] = Some(variable);
    }
    captures.finish(&mut stage, &mut streams)?;
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
    let bound = Bound {
        swizzled: &key.swizzled,
        images: key.images,
    };
    assemble(&declared, &stage, host, layout, bound)
}

/// What a geometry shader takes and gives, from its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Primitives {
    input: &'static str,
    pub vertices: u32,
    output: &'static str,
    pub emits: Emits,
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
    let (output, emits) = match property(PropertyName::GsOutputPrimitive) {
        0 => ("points", Emits::Points),
        3 => ("line_strip", Emits::Lines),
        5 => ("triangle_strip", Emits::Triangles),
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
        emits,
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

fn output(
    declared: &Declared<'_>,
    register: u32,
    slot: &Slot,
    captures: &mut Captures<'_>,
    globals: &mut String,
    copies: &mut String,
) -> Result<Variable, EmitError> {
    let vector = |globals: &mut String| {
        let _ = writeln!(globals, "vec4 o{register};");
        Variable::vector(format!("o{register}"))
    };
    if is_varying(declared, File::Out, slot)? {
        let name = captures.declare(globals, GEOMETRY, register, slot);
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
    let stream = shader.immediate(source);
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
            (Opcode::Emit, n) => writeln!(self.body, "{}emit{n}();", self.output_copies),
            (_, 0) => writeln!(self.body, "EndPrimitive();"),
            (_, n) => writeln!(self.body, "EndStreamPrimitive({n});"),
        };
        Ok(())
    }
}
