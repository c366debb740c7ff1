//! Texts captured from real clients.

use std::{fs, path::Path};

use super::*;
use crate::pipe::{
    tgsi::Stage,
    wire::virgl::{
        command::StreamOutput,
        enums::{CompareFunc, Swizzle},
    },
};

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

/// Gives every variant of a stage to the reference compiler; says how many texts that were.
fn compile_all<K>(
    stage: Stage,
    directory: &str,
    keys: &[K],
    emit: impl Fn(&str, &Shader, &K) -> Result<Emitted, EmitError>,
) -> usize {
    let mut validator = Validator::new();
    for (name, shader) in corpus(directory) {
        for (n, key) in keys.iter().enumerate() {
            match emit(&name, &shader, key) {
                Ok(emitted) => validator.add(stage, &format!("{name}, key {n}"), &emitted.source),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    validator.check()
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
    let checked = compile_all(Stage::Vertex, "vert", &keys, |name, shader, key| {
        vertex(shader, key, &stream_outputs(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked, 70 * keys.len());
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
    let checked = compile_all(Stage::Fragment, "frag", &keys, |_, shader, key| {
        fragment(shader, key, &HOST, &LAYOUT)
    });
    assert_eq!(checked, 265 * keys.len());
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
    let checked = compile_all(Stage::Geometry, "geom", &keys, |name, shader, key| {
        geometry(shader, key, &stream_outputs(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked, 40 * keys.len());
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

/// The shared memory of a text in bytes, from the index.
fn shared_bytes(name: &str) -> u32 {
    let index = fs::read_to_string(root().join("index.tsv")).expect("the index of the corpus");
    let row = index
        .lines()
        .find(|l| l.split('\t').next().is_some_and(|f| name.ends_with(f)));
    let bytes = row.and_then(|r| r.split('\t').nth(2)?.strip_prefix("req_local_mem:"));
    bytes.map_or(0, |b| b.trim().parse().expect("a number of bytes"))
}

#[test]
fn control_shaders_compile_under_every_key() {
    let keys = [
        ControlKey {
            available: ALL,
            ..ControlKey::default()
        },
        ControlKey {
            input_distances: ClipDistances { clip: 6, cull: 2 },
            swizzled: swizzled(),
            ..ControlKey::default()
        },
    ];
    let checked = compile_all(Stage::TessControl, "tess_ctrl", &keys, |_, shader, key| {
        tess_control(shader, key, &HOST, &LAYOUT)
    });
    assert_eq!(checked, 40 * keys.len());
}

#[test]
fn evaluation_shaders_compile_under_every_key() {
    let keys = [
        EvaluationKey {
            available: ALL,
            last: true,
            ..EvaluationKey::default()
        },
        EvaluationKey {
            input_distances: ClipDistances { clip: 6, cull: 2 },
            last: true,
            clip_planes: 0x42,
            swizzled: swizzled(),
            ..EvaluationKey::default()
        },
        EvaluationKey {
            available: ALL,
            ..EvaluationKey::default()
        },
    ];
    let checked = compile_all(Stage::TessEval, "tess_eval", &keys, |name, shader, key| {
        tess_eval(shader, key, &stream_outputs(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked, 40 * keys.len());
}

#[test]
fn compute_shaders_compile() {
    let keys = [ComputeKey::default()];
    let checked = compile_all(Stage::Compute, "comp", &keys, |name, shader, key| {
        compute(shader, key, shared_bytes(name), &HOST, &LAYOUT)
    });
    assert_eq!(checked, 45);
}
