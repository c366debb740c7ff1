//! Tests on the host's real GL, software or not.

mod compute;
mod contexts;
mod draws;
mod shared;
mod transfers;

use super::*;

fn display() -> Display {
    Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless display")
}

fn context() -> Context {
    display().create_context(None).expect("a context")
}

fn rgba(width: u64, height: u64) -> Pixels {
    Pixels {
        format: glow::RGBA,
        ty: glow::UNSIGNED_BYTE,
        pixel_bytes: 4,
        row_bytes: width * 4,
        image_bytes: width * height * 4,
        block: [1, 1],
    }
}

fn region(w: i32, h: i32) -> Region {
    Region {
        level: 0,
        x: 0,
        y: 0,
        z: 0,
        w,
        h,
        d: 1,
    }
}

fn texture_2d(gl: &Gl, w: u32, h: u32) -> Texture {
    let texture = gl.create_texture(glow::TEXTURE_2D).unwrap();
    gl.texture_storage_2d(&texture, 1, glow::RGBA8, w, h).unwrap();
    texture
}

fn target(gl: &Gl, texture: &Texture) -> Framebuffer {
    let framebuffer = gl.create_framebuffer().unwrap();
    gl.framebuffer_texture(&framebuffer, glow::COLOR_ATTACHMENT0, Some(texture), 0);
    gl.framebuffer_draw_buffers(&framebuffer, &[glow::COLOR_ATTACHMENT0]);
    assert_eq!(
        gl.check_framebuffer_status(&framebuffer),
        glow::FRAMEBUFFER_COMPLETE
    );
    framebuffer
}

fn read(gl: &Gl, texture: &Texture, w: i32, h: i32) -> Vec<[u8; 4]> {
    let mut bytes = vec![0u8; (w * h * 4) as usize];
    let to = WriteBytes::from(&mut bytes[..]);
    gl.get_texture_sub_image(texture, region(w, h), &rgba(w as u64, h as u64), to)
        .unwrap();
    bytes.chunks_exact(4).map(|p| [p[0], p[1], p[2], p[3]]).collect()
}

const VERTEX: &str = "#version 450
layout(location = 0) in vec2 position;
void main() { gl_Position = vec4(position, 0.0, 1.0); }";

const FRAGMENT: &str = "#version 450
layout(location = 0) out vec4 color;
layout(location = 0) uniform vec4 wanted;
void main() { color = wanted; }";

/// A vertex array with one float pair an attribute, and its buffer.
fn pairs(gl: &Gl, pairs: &[[f32; 2]]) -> (VertexArray, Buffer) {
    let bytes: Vec<u8> = pairs
        .as_flattened()
        .iter()
        .flat_map(|f| f.to_ne_bytes())
        .collect();
    let buffer = gl.create_buffer().unwrap();
    gl.buffer_storage(&buffer, bytes.len() as u64, Some(ReadBytes::from(&bytes[..])), 0)
        .unwrap();
    let array = gl.create_vertex_array().unwrap();
    gl.vertex_array_attrib_format(&array, 0, 2, glow::FLOAT, false, 0)
        .unwrap();
    gl.vertex_array_attrib_binding(&array, 0, 3);
    gl.enable_vertex_array_attrib(&array, 0);
    gl.vertex_array_vertex_buffer(&array, 3, &buffer, 0, 8);
    gl.bind_vertex_array(Some(&array));
    (array, buffer)
}

const LOWER_LEFT_HALF: [[f32; 2]; 3] = [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]];
