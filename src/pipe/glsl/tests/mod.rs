//! Tests of whole shaders: texts that say what must come out, and a reference compiler that says it is GLSL.

mod bench;
mod corpus;
mod fragments;
mod generated;
mod host;
mod hostile;
mod interpreter;
mod memory;
mod programs;
mod registers;
mod tessellation;
mod textures;
mod validator;
mod vertices;

use self::validator::Validator;
use super::*;
use crate::pipe::tgsi::{Shader, Stage, parse};

const HOST: Host = Host {
    version: 460,
    draw_parameters: true,
    viewport_layer_array: true,
    stencil_export: true,
    texture_shadow_lod: true,
    group_vote: true,
    shader_clock: true,
    ballot: true,
    int64: true,
    atomic_counter_ops: true,
    framebuffer_fetch: true,
};

/// A host of GL 4.5 without any extension.
const HOST_450: Host = Host {
    version: 450,
    draw_parameters: false,
    viewport_layer_array: false,
    stencil_export: false,
    texture_shadow_lod: false,
    group_vote: false,
    shader_clock: false,
    ballot: false,
    int64: false,
    atomic_counter_ops: false,
    framebuffer_fetch: false,
};

const SLOTS: Slots = Slots { first: 0, count: 32 };

const LAYOUT: Layout = Layout {
    samplers_per_stage: 32,
    uniform_blocks_per_stage: 16,
    system_block: 80,
    storage_blocks: [SLOTS; 6],
    images: [SLOTS; 6],
    atomic_buffers: 8,
};

/// Every varying that there is.
const ALL: Varyings = Varyings {
    generic: u64::MAX,
    texcoord: u8::MAX,
    color: 3,
    back_color: 3,
    fog: true,
    clip_vertex: true,
    layer: true,
    viewport_index: true,
    primitive_id: true,
    patch: u32::MAX,
};

fn shader(text: &str) -> Shader {
    parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn last() -> VertexKey {
    VertexKey {
        last: true,
        ..VertexKey::default()
    }
}

fn everything() -> FragmentKey {
    FragmentKey {
        available: ALL,
        color_buffers: 1,
        ..FragmentKey::default()
    }
}

fn compiles(stage: Stage, source: &str) {
    let mut validator = Validator::new();
    validator.add(stage, "the shader of this test", source);
    validator.check();
}

fn fragment_source(text: &str, key: &FragmentKey) -> String {
    let emitted = fragment(&shader(text), key, &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::Fragment, &source);
    source
}

fn vertex_source(text: &str, key: &VertexKey) -> String {
    let emitted = vertex(&shader(text), key, &StreamOutputs::default(), &HOST, &LAYOUT);
    let source = emitted.unwrap_or_else(|e| panic!("{e}\n{text}")).source;
    compiles(Stage::Vertex, &source);
    source
}

/// The statements for `instructions` on a few registers of every file.
fn statements(instructions: &str) -> String {
    let source = fragment_source(
        &format!(
            "FRAG\nDCL OUT[0], COLOR\nDCL IN[0], GENERIC[0], PERSPECTIVE\nDCL CONST[0..7]\nDCL TEMP[0..3]\n\
             DCL TEMP[4..7], ARRAY(1), LOCAL\nDCL ADDR[0]\n\
             DCL SAMP[0]\nDCL SAMP[1]\nDCL SVIEW[0], 2D, FLOAT\nDCL SVIEW[1], SHADOW2D, FLOAT\n\
             IMM[0] UINT32 {{1065353216, 2, 0, 4294967295}}\n{instructions}\nEND\n"
        ),
        &everything(),
    );
    let (_, body) = source
        .split_once("uvec4 o0=uvec4(0u);\n")
        .expect("the first statement");
    let (body, _) = body.split_once("color0_0=").expect("the last statement");
    body.trim_end().to_owned()
}
