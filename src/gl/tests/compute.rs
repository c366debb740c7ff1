//! Compute shaders, and what shaders write.

use super::*;

fn words(gl: &Gl, buffer: &Buffer) -> Vec<u32> {
    let mut bytes = vec![0u8; buffer.size() as usize];
    gl.get_buffer_sub_data(buffer, 0, WriteBytes::from(&mut bytes[..]))
        .unwrap();
    let (words, _) = bytes.as_chunks();
    words.iter().map(|word| u32::from_ne_bytes(*word)).collect()
}

fn buffer_of(gl: &Gl, words: &[u32]) -> Buffer {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let buffer = gl.create_buffer().unwrap();
    gl.buffer_storage(&buffer, bytes.len() as u64, Some(ReadBytes::from(&bytes[..])), 0)
        .unwrap();
    buffer
}

fn use_compute(gl: &Gl, text: &str) -> Program {
    let program = gl.create_program(&[(ShaderKind::Compute, text)]).unwrap();
    gl.use_program(Some(&program));
    program
}

const NUMBERS: &str = "#version 450
layout(local_size_x = 4) in;
layout(std430, binding = 1) buffer Words { uint words[]; };
void main() { words[gl_GlobalInvocationID.x] = gl_GlobalInvocationID.x + uint(words.length()) * 100u; }";

#[test]
fn work_groups_fill_the_bound_part_of_a_buffer_and_no_more() {
    let gl = context().gl();
    let _program = use_compute(&gl, NUMBERS);
    let buffer = buffer_of(&gl, &[7; 80]);
    let binding = |range| gl.bind_buffer_range(glow::SHADER_STORAGE_BUFFER, 1, range);
    binding(Some((&buffer, 64, 24))).unwrap();
    gl.dispatch_compute([2, 1, 1]);
    gl.memory_barrier(glow::BUFFER_UPDATE_BARRIER_BIT);
    let mut expected = [7; 80];
    for (n, word) in expected[16..22].iter_mut().enumerate() {
        *word = 600 + n as u32;
    }
    assert_eq!(words(&gl, &buffer), expected);
    assert!(matches!(
        binding(Some((&buffer, 256, 65))),
        Err(GlError::Short { .. })
    ));
    // Without a buffer, nothing is written and nothing is read.
    binding(None).unwrap();
    gl.dispatch_compute([2, 1, 1]);
    gl.memory_barrier(glow::BUFFER_UPDATE_BARRIER_BIT);
    assert_eq!(words(&gl, &buffer), expected);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn the_number_of_work_groups_may_lie_in_a_buffer() {
    let gl = context().gl();
    let _program = use_compute(&gl, NUMBERS);
    let buffer = buffer_of(&gl, &[0; 8]);
    gl.bind_buffer_range(glow::SHADER_STORAGE_BUFFER, 1, Some((&buffer, 0, 32)))
        .unwrap();
    let counts = buffer_of(&gl, &[9, 9, 1, 1, 1]);
    gl.dispatch_compute_indirect(&counts, 8).unwrap();
    gl.memory_barrier(glow::BUFFER_UPDATE_BARRIER_BIT);
    assert_eq!(words(&gl, &buffer), [800, 801, 802, 803, 0, 0, 0, 0]);
    assert!(matches!(
        gl.dispatch_compute_indirect(&counts, 12),
        Err(GlError::Short {
            needed: 24,
            given: 20,
            ..
        })
    ));
    assert!(matches!(
        gl.dispatch_compute_indirect(&counts, 6),
        Err(GlError::OutOfRange { .. })
    ));
    assert_eq!(gl.get_error(), None);
}

const TEXELS: &str = "#version 450
layout(local_size_x = 2, local_size_y = 2) in;
layout(binding = 3, r32ui) uniform uimage2D texels;
layout(binding = 0, offset = 4) uniform atomic_uint written;
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    imageStore(texels, at, uvec4(0xff000000u + at.x + 256 * at.y));
    atomicCounterIncrement(written);
}";

#[test]
fn images_take_texels_in_another_format_of_the_same_size_and_counters_count_them() {
    let gl = context().gl();
    let _program = use_compute(&gl, TEXELS);
    let texture = texture_2d(&gl, 4, 4);
    let unit = ImageUnit {
        texture: &texture,
        level: 0,
        layer: None,
        access: glow::WRITE_ONLY,
        format: glow::R32UI,
    };
    gl.bind_image_texture(3, Some(unit)).unwrap();
    let counter = buffer_of(&gl, &[5; 3]);
    gl.bind_buffer_range(glow::ATOMIC_COUNTER_BUFFER, 0, Some((&counter, 4, 8)))
        .unwrap();
    gl.dispatch_compute([2, 2, 1]);
    gl.memory_barrier(glow::TEXTURE_UPDATE_BARRIER_BIT | glow::BUFFER_UPDATE_BARRIER_BIT);
    let expected: Vec<[u8; 4]> = (0..16).map(|n| [n % 4, n / 4, 0, 255]).collect();
    assert_eq!(read(&gl, &texture, 4, 4), expected);
    assert_eq!(words(&gl, &counter), [5, 5, 21]);
    // Texels without an image are dropped, and so is what is counted without a buffer.
    gl.bind_image_texture(3, None).unwrap();
    gl.bind_buffer_range(glow::ATOMIC_COUNTER_BUFFER, 0, None)
        .unwrap();
    gl.dispatch_compute([9, 9, 1]);
    gl.finish();
    assert_eq!(read(&gl, &texture, 4, 4), expected);
    assert_eq!(gl.get_error(), None);
}
