//! A row of pixels on the host's GL that programs are run for.

use glow::{
    ALL_BARRIER_BITS, COLOR_ATTACHMENT0, FRAMEBUFFER, RGBA_INTEGER, RGBA32UI, TEXTURE_2D, UNSIGNED_INT,
};

use super::programs::{INVOCATIONS, OUTPUTS};
use crate::gl::{
    Buffer, Choice, Display, Framebuffer, Gl, Pixels, Platform, ReadBytes, Region, ShaderKind, Texture,
    WriteBytes,
};

/// A vertex shader for three vertices that cover all pixels.
pub(super) const COVER_EVERYTHING: &str = "#version 450
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }";

/// Pixels with eight colours of words each.
pub(super) struct Bench {
    pub gl: Gl,
    colors: Vec<Texture>,
    _framebuffer: Framebuffer,
}

impl Bench {
    pub(super) fn new() -> Self {
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

    /// A buffer of words, bound to an indexed target.
    pub(super) fn buffer(&self, target: u32, binding: u32, words: &[u32]) -> Buffer {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_ne_bytes()).collect();
        let buffer = self.gl.create_buffer().expect("a buffer");
        self.gl
            .buffer_storage(&buffer, bytes.len() as u64, Some(ReadBytes::from(&bytes[..])), 0)
            .expect("storage");
        self.gl.bind_buffer_base(target, binding, Some(&buffer));
        buffer
    }

    /// The words of a buffer.
    pub(super) fn words_of(&self, buffer: &Buffer) -> Vec<u32> {
        let mut bytes = vec![0u8; buffer.size() as usize];
        let to = WriteBytes::from(&mut bytes[..]);
        self.gl.get_buffer_sub_data(buffer, 0, to).expect("a read-back");
        words(&bytes)
    }

    /// Draws vertices without attributes.
    pub(super) fn draw(&self, stages: &[(ShaderKind, &str)], mode: u32, vertices: u32) {
        let gl = &self.gl;
        let program = gl
            .create_program(stages)
            .unwrap_or_else(|e| panic!("{e}\n{stages:#?}"));
        let array = gl.create_vertex_array().expect("a vertex array");
        gl.bind_vertex_array(Some(&array));
        gl.use_program(Some(&program));
        gl.draw_arrays(mode, 0, vertices, 1, 0).expect("a draw");
        gl.memory_barrier(ALL_BARRIER_BITS);
        gl.finish();
        assert_eq!(gl.get_error(), None);
    }

    /// What each invocation left in each output.
    pub(super) fn colors(&self) -> Vec<Vec<[u32; 4]>> {
        self.colors.iter().map(|texture| self.read(texture)).collect()
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
        words(&bytes)
            .chunks_exact(4)
            .map(|w| [w[0], w[1], w[2], w[3]])
            .collect()
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    let words = bytes.chunks_exact(4);
    words
        .map(|b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}
