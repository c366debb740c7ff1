//! Tests of whole shaders: texts that say what must come out, and a reference compiler that says it is GLSL.

mod corpus;
mod hostile;
mod rules;
mod validator;

use super::*;
use crate::pipe::tgsi::{Shader, parse};

const HOST: Host = Host {
    version: 460,
    draw_parameters: true,
    viewport_layer_array: true,
    stencil_export: true,
    texture_shadow_lod: true,
    group_vote: true,
    shader_clock: true,
};

const LAYOUT: Layout = Layout {
    samplers_per_stage: 32,
    uniform_blocks_per_stage: 16,
    system_block: 80,
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
