//! Programs made up at random run on the host's GL, and on the interpreter, and give the same.

use glow::{
    COLOR_ATTACHMENT0, FRAMEBUFFER, RGBA_INTEGER, RGBA32UI, TEXTURE_2D, TRIANGLES, UNIFORM_BUFFER,
    UNSIGNED_INT,
};

use super::{
    interpreter::{Machine, Trust, Vector},
    programs::{INPUTS, INVOCATIONS, OUTPUTS, Random, program},
    *,
};
use crate::gl::{
    Choice, Display, Framebuffer, Gl, Pixels, Platform, ReadBytes, Region, ShaderKind, Texture, WriteBytes,
};

/// Programs that one run of the test tries.
const PROGRAMS: u64 = 80;

const COVER_EVERYTHING: &str = "#version 450
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }";

/// A row of pixels, each an invocation, with eight colours of words.
struct Bench {
    gl: Gl,
    colors: Vec<Texture>,
    _framebuffer: Framebuffer,
}

impl Bench {
    fn new() -> Self {
        let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless display");
        let gl = display.create_context(None).expect("a context").gl();
        let framebuffer = gl.create_framebuffer().expect("a framebuffer");
        let colors: Vec<Texture> = (0..OUTPUTS as u32)
            .map(|n| {
                let texture = gl.create_texture(TEXTURE_2D).expect("a texture");
                gl.texture_storage_2d(&texture, 1, RGBA32UI, INVOCATIONS as u32, 1)
                    .expect("storage");
                gl.framebuffer_texture(&framebuffer, COLOR_ATTACHMENT0 + n, Some(&texture), 0);
                texture
            })
            .collect();
        let buffers: Vec<u32> = (0..OUTPUTS as u32).map(|n| COLOR_ATTACHMENT0 + n).collect();
        gl.framebuffer_draw_buffers(&framebuffer, &buffers);
        gl.bind_framebuffer(FRAMEBUFFER, Some(&framebuffer));
        gl.viewport_array(&[[0.0, 0.0, INVOCATIONS as f32, 1.0]]);
        Self {
            gl,
            colors,
            _framebuffer: framebuffer,
        }
    }

    /// What each invocation leaves in each output.
    fn run(&self, source: &str, constants: &[[u32; 4]]) -> Vec<Vec<[u32; 4]>> {
        let gl = &self.gl;
        let stages = [
            (ShaderKind::Vertex, COVER_EVERYTHING),
            (ShaderKind::Fragment, source),
        ];
        let program = gl
            .create_program(&stages)
            .unwrap_or_else(|e| panic!("{e}\n{source}"));
        let bytes: Vec<u8> = constants
            .as_flattened()
            .iter()
            .flat_map(|w| w.to_ne_bytes())
            .collect();
        let buffer = gl.create_buffer().expect("a buffer");
        gl.buffer_storage(&buffer, bytes.len() as u64, Some(ReadBytes::from(&bytes[..])), 0)
            .expect("storage");
        gl.bind_buffer_base(UNIFORM_BUFFER, LAYOUT.uniform_blocks_per_stage, Some(&buffer));
        let array = gl.create_vertex_array().expect("a vertex array");
        gl.bind_vertex_array(Some(&array));
        gl.use_program(Some(&program));
        gl.draw_arrays(TRIANGLES, 0, 3, 1, 0).expect("a draw");
        let read = self.colors.iter().map(|texture| self.read(texture)).collect();
        assert_eq!(gl.get_error(), None);
        read
    }

    fn read(&self, texture: &Texture) -> Vec<[u32; 4]> {
        let row = INVOCATIONS as u64 * 16;
        let pixels = Pixels {
            format: RGBA_INTEGER,
            ty: UNSIGNED_INT,
            pixel_bytes: 16,
            row_bytes: row,
            image_bytes: row,
            block: [1, 1],
        };
        let region = Region {
            level: 0,
            x: 0,
            y: 0,
            z: 0,
            w: INVOCATIONS as i32,
            h: 1,
            d: 1,
        };
        let mut bytes = vec![0u8; row as usize];
        let to = WriteBytes::from(&mut bytes[..]);
        self.gl
            .get_texture_sub_image(texture, region, &pixels, to)
            .expect("a read-back");
        let words = bytes
            .chunks_exact(4)
            .map(|b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
        let words: Vec<u32> = words.collect();
        words.chunks_exact(4).map(|w| [w[0], w[1], w[2], w[3]]).collect()
    }
}

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
    let mut compared = Compared::default();
    for seed in 0..PROGRAMS {
        let text = program(seed);
        let tree = shader(&text);
        let key = FragmentKey {
            color_buffers: OUTPUTS as u8,
            unsigned_colors: u8::MAX,
            ..everything()
        };
        let source = fragment(&tree, &key, &HOST_450, &LAYOUT)
            .unwrap_or_else(|e| panic!("{e}\n{text}"))
            .source;
        let constants = inputs(seed);
        let given = bench.run(&source, &constants);
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
