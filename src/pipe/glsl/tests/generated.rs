//! Programs made up at random run on the host's GL, and on the interpreter, and give the same.

use glow::{TRIANGLES, UNIFORM_BUFFER};

use super::{
    bench::{Bench, COVER_EVERYTHING},
    interpreter::{Machine, Trust, Vector},
    programs::{INPUTS, INVOCATIONS, OUTPUTS, Random, program},
    *,
};
use crate::gl::ShaderKind;

/// Programs that one run of the test tries.
const PROGRAMS: u64 = 50;

/// Two vectors of floats and two of integers for each invocation.
fn inputs(seed: u64) -> Vec<[u32; 4]> {
    let mut random = Random::new(seed ^ 0x5eed);
    (0..INVOCATIONS * INPUTS)
        .map(|n| {
            std::array::from_fn(|_| {
                if n % INPUTS < 2 {
                    random.float()
                } else {
                    random.integer()
                }
            })
        })
        .collect()
}

/// Words of each trust that were compared.
#[derive(Debug, Default)]
struct Compared {
    exact: usize,
    near: usize,
    unknown: usize,
}

impl Compared {
    fn count(&mut self, expected: &Vector) {
        for word in expected {
            match word.trust {
                Trust::Exact => self.exact += 1,
                Trust::Near(_) => self.near += 1,
                Trust::Unknown => self.unknown += 1,
            }
        }
    }
}

#[test]
fn the_host_computes_what_the_interpreter_computes() {
    let bench = Bench::new();
    let host = Host {
        int64: bench.gl.capabilities().has("GL_ARB_gpu_shader_int64"),
        ..HOST_450
    };
    let mut compared = Compared::default();
    for seed in 0..PROGRAMS {
        let text = program(seed, host.int64);
        let tree = shader(&text);
        let key = FragmentKey {
            color_buffers: OUTPUTS as u8,
            unsigned_colors: u8::MAX,
            ..everything()
        };
        let source = fragment(&tree, &key, &host, &LAYOUT)
            .unwrap_or_else(|e| panic!("{e}\n{text}"))
            .source;
        let constants = inputs(seed);
        let _constants = bench.buffer(
            UNIFORM_BUFFER,
            LAYOUT.uniform_blocks_per_stage,
            constants.as_flattened(),
        );
        let stages = [
            (ShaderKind::Vertex, COVER_EVERYTHING),
            (ShaderKind::Fragment, &source),
        ];
        bench.draw(&stages, TRIANGLES, 3);
        let given = bench.colors();
        for invocation in 0..INVOCATIONS {
            let position = [
                (invocation as f32 + 0.5).to_bits(),
                0.5f32.to_bits(),
                0,
                1f32.to_bits(),
            ];
            let expected = Machine::run(&tree, &[position], &constants);
            for (n, expected) in expected.iter().enumerate() {
                compared.count(expected);
                let given = given[n][invocation];
                let allowed = expected.iter().zip(given).all(|(word, given)| word.allows(given));
                assert!(
                    allowed,
                    "program {seed}, invocation {invocation}, output {n}: expected {expected:x?}, given {given:x?}\n\
                     {text}\n{source}"
                );
            }
        }
    }
    let Compared { exact, near, unknown } = compared;
    assert!(exact > unknown && near > PROGRAMS as usize, "{compared:?}");
}
