//! Texts captured from real clients.

use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::pipe::{
    tgsi::{Opcode, Stage},
    wire::virgl::{
        command::StreamOutput,
        enums::{CompareFunc, Swizzle},
    },
};

/// What no shader of the corpus is refused for but these: memory is not translated yet.
const REFUSED: [Opcode; 14] = [
    Opcode::Load,
    Opcode::Store,
    Opcode::Resq,
    Opcode::Atomuadd,
    Opcode::Atomxchg,
    Opcode::Atomcas,
    Opcode::Atomand,
    Opcode::Atomor,
    Opcode::Atomxor,
    Opcode::Atomumin,
    Opcode::Atomumax,
    Opcode::Atomimin,
    Opcode::Atomimax,
    Opcode::Barrier,
];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/xtests/data/tgsi"))
}

/// Name and tree of every text of a stage.
fn corpus(stage: &str) -> Vec<(String, Shader)> {
    let mut shaders = Vec::new();
    let directory = fs::read_dir(root().join(stage)).expect("the corpus lies in the repository");
    for entry in directory {
        let path = entry.expect("a directory entry").path();
        let text = fs::read_to_string(&path).expect("a readable text");
        shaders.push((path.display().to_string(), shader(&text)));
    }
    shaders.sort_by(|a, b| a.0.cmp(&b.0));
    shaders
}

/// Adds every variant of a stage to the compiler's work; says how many shaders were refused for which opcode.
fn emit_all<K>(
    stage: Stage,
    directory: &str,
    keys: &[K],
    emit: impl Fn(&str, &Shader, &K) -> Result<Emitted, EmitError>,
) -> (usize, BTreeMap<&'static str, usize>) {
    let mut validator = Validator::new();
    let mut refused = BTreeMap::new();
    for (name, shader) in corpus(directory) {
        for (n, key) in keys.iter().enumerate() {
            match emit(&name, &shader, key) {
                Ok(emitted) => validator.add(stage, &format!("{name}, key {n}"), &emitted.source),
                Err(EmitError::Opcode(opcode)) if REFUSED.contains(&opcode) => {
                    *refused.entry(opcode.mnemonic()).or_insert(0) += 1;
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    (validator.check(), refused)
}

fn swizzled() -> Vec<Swizzled> {
    (0..32)
        .map(|slot| Swizzled {
            slot,
            swizzle: [Swizzle::X, Swizzle::Zero, Swizzle::One, Swizzle::X],
        })
        .collect()
}

/// The captured stream-output table of a text, from the index.
fn stream_outputs(name: &str) -> StreamOutputs {
    let index = fs::read_to_string(root().join("index.tsv")).expect("the index of the corpus");
    let numbers = |text: &str| -> Vec<u32> {
        let digits = text.split(|c: char| !c.is_ascii_digit());
        digits.filter_map(|d| d.parse().ok()).collect()
    };
    let row = index
        .lines()
        .find(|l| l.split('\t').next().is_some_and(|f| name.ends_with(f)));
    let table = row.and_then(|r| r.split('\t').nth(2)).unwrap_or("");
    let Some(table) = table.strip_prefix("strides:") else {
        return StreamOutputs::default();
    };
    let mut parts = table.split(['[', ']']).map(numbers).filter(|n| !n.is_empty());
    let strides = parts.next().expect("strides");
    StreamOutputs {
        strides: strides.try_into().expect("four strides"),
        outputs: parts
            .map(|n| StreamOutput {
                register: n[0] as u8,
                start_component: n[1] as u8,
                num_components: n[2] as u8,
                buffer: n[3] as u8,
                dst_offset: n[4] as u16,
                stream: n[5] as u8,
            })
            .collect(),
    }
}

#[test]
fn vertex_shaders_compile_under_every_key() {
    let keys = [
        last(),
        VertexKey::default(),
        VertexKey {
            signed_inputs: 0x5555,
            unsigned_inputs: 0xaaaa,
            clip_planes: 0x21,
            swizzled: swizzled(),
            ..last()
        },
    ];
    let (checked, refused) = emit_all(Stage::Vertex, "vert", &keys, |name, shader, key| {
        vertex(shader, key, &stream_outputs(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked + refused.values().sum::<usize>(), 70 * keys.len());
    assert_eq!(checked, 64 * keys.len(), "refused: {refused:?}");
}

#[test]
fn fragment_shaders_compile_under_every_key() {
    let keys = [
        everything(),
        FragmentKey::default(),
        FragmentKey {
            producer: Producer::Geometry,
            available: ALL,
            input_distances: ClipDistances { clip: 3, cull: 2 },
            color_buffers: 8,
            alpha_in_red: 0x0f,
            exchange_red_blue: 0x3c,
            alpha_test: Some(CompareFunc::Gequal),
            polygon_stipple: true,
            two_sided: true,
            flat_shade: true,
            swizzled: swizzled(),
            ..FragmentKey::default()
        },
        FragmentKey {
            available: ALL,
            color_buffers: 8,
            signed_colors: 0x0f,
            unsigned_colors: 0xf0,
            sprite_coords: u32::MAX,
            alpha_test: Some(CompareFunc::Never),
            ..FragmentKey::default()
        },
        FragmentKey {
            dual_source: true,
            exchange_red_blue: 1,
            ..everything()
        },
    ];
    let (checked, refused) = emit_all(Stage::Fragment, "frag", &keys, |_, shader, key| {
        fragment(shader, key, &HOST, &LAYOUT)
    });
    assert_eq!(checked + refused.values().sum::<usize>(), 265 * keys.len());
    assert_eq!(checked, 148 * keys.len(), "refused: {refused:?}");
}

#[test]
fn geometry_shaders_compile_under_every_key() {
    let keys = [
        GeometryKey {
            available: ALL,
            ..GeometryKey::default()
        },
        GeometryKey {
            input_distances: ClipDistances { clip: 5, cull: 1 },
            clip_planes: 0x81,
            swizzled: swizzled(),
            ..GeometryKey::default()
        },
    ];
    let (checked, refused) = emit_all(Stage::Geometry, "geom", &keys, |name, shader, key| {
        geometry(shader, key, &stream_outputs(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked + refused.values().sum::<usize>(), 40 * keys.len());
    assert_eq!(checked, 36 * keys.len(), "refused: {refused:?}");
}

#[test]
fn a_host_of_gl_4_5_needs_extensions_only_where_it_says_so() {
    let host = Host { version: 450, ..HOST };
    let mut validator = Validator::new();
    for (name, shader) in corpus("vert") {
        if let Ok(emitted) = vertex(&shader, &last(), &StreamOutputs::default(), &host, &LAYOUT) {
            assert!(emitted.source.starts_with("#version 450 core\n"));
            validator.add(Stage::Vertex, &name, &emitted.source);
        }
    }
    for (name, shader) in corpus("frag") {
        if let Ok(emitted) = fragment(&shader, &everything(), &host, &LAYOUT) {
            validator.add(Stage::Fragment, &name, &emitted.source);
        }
    }
    assert!(validator.check() > 200);
}

#[test]
fn stages_without_a_translation_are_named() {
    for (directory, stage) in [
        ("tess_ctrl", Stage::TessControl),
        ("tess_eval", Stage::TessEval),
        ("comp", Stage::Compute),
    ] {
        let (name, shader) = corpus(directory).remove(0);
        assert_eq!(interface(&shader), Err(EmitError::Stage(stage)), "{name}");
    }
}
