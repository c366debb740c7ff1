//! Programs, draws, queries and state.

use super::*;

/// All that is bound for a green triangle in the lower left half of a picture.
struct Green {
    texture: Texture,
    framebuffer: Framebuffer,
    array: VertexArray,
    buffer: Buffer,
    _program: Program,
}

impl Green {
    fn new(gl: &Gl) -> Self {
        let texture = texture_2d(gl, 4, 4);
        let framebuffer = target(gl, &texture);
        let program = gl
            .create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, FRAGMENT)])
            .unwrap();
        let (array, buffer) = pairs(gl, &LOWER_LEFT_HALF);
        gl.program_uniform_4f(&program, 0, [0.0, 1.0, 0.0, 1.0]);
        gl.use_program(Some(&program));
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
        gl.viewport_array(&[[0.0, 0.0, 4.0, 4.0]]);
        Self {
            texture,
            framebuffer,
            array,
            buffer,
            _program: program,
        }
    }
}

#[test]
fn a_triangle_covers_its_half_of_the_picture() {
    let gl = context().gl();
    let Green {
        texture,
        framebuffer,
        array,
        buffer,
        ..
    } = Green::new(&gl);
    let query = gl.create_query(glow::SAMPLES_PASSED).unwrap();
    gl.begin_query(&query, 0).unwrap();
    gl.draw_arrays(glow::TRIANGLES, 0, 3, 1, 0).unwrap();
    gl.end_query(&query, 0).unwrap();
    let green = [0, 255, 0, 255];
    let drawn = read(&gl, &texture, 4, 4);
    assert_eq!((drawn[0], drawn[15]), (green, [0; 4]));
    let covered = drawn.iter().filter(|pixel| **pixel == green).count() as u64;
    assert_eq!(gl.query_result_u64(&query), covered);
    // The buffer is the vertex array's too: it outlives its owner.
    drop(buffer);
    gl.clear_framebuffer_f(&framebuffer, 0, [0.0; 4]);
    gl.draw_arrays(glow::TRIANGLES, 0, 3, 2, 1).unwrap();
    assert_eq!(read(&gl, &texture, 4, 4), drawn);
    drop(array);
    assert!(matches!(
        gl.draw_arrays(glow::TRIANGLES, 0, 3, 1, 0),
        Err(GlError::Unbound(_))
    ));
    assert_eq!(gl.get_error(), None);
}

#[test]
fn draws_that_would_read_outside_buffers_are_refused() {
    let gl = context().gl();
    let texture = texture_2d(&gl, 4, 4);
    let framebuffer = target(&gl, &texture);
    gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
    let program = gl
        .create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, FRAGMENT)])
        .unwrap();
    gl.use_program(Some(&program));
    let (array, _buffer) = pairs(&gl, &LOWER_LEFT_HALF);
    let draw =
        |count, offset| gl.draw_elements(glow::TRIANGLES, count, glow::UNSIGNED_SHORT, offset, 1, 0, 0);
    assert!(matches!(draw(3, 0), Err(GlError::Unbound(_))));
    let indices = gl.create_buffer().unwrap();
    gl.buffer_storage(&indices, 6, Some(ReadBytes::from(&[0u8, 0, 1, 0, 2, 0][..])), 0)
        .unwrap();
    gl.vertex_array_element_buffer(&array, &indices);
    draw(3, 0).unwrap();
    assert!(matches!(
        draw(3, 2),
        Err(GlError::Short {
            needed: 8,
            given: 6,
            ..
        })
    ));
    assert!(matches!(draw(u32::MAX, 0), Err(GlError::Short { .. })));
    gl.enable_vertex_array_attrib(&array, 5);
    assert!(matches!(draw(3, 0), Err(GlError::Unbound(_))));
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_shader_that_does_not_compile_says_where() {
    let gl = context().gl();
    let error = gl
        .compile_shader(ShaderKind::Geometry, "#version 450\nvoid main() { nonsense; }")
        .unwrap_err();
    let GlError::Program(ProgramError::Compile {
        kind: ShaderKind::Geometry,
        log,
    }) = &error
    else {
        panic!("{error}");
    };
    assert!(log.contains("nonsense"), "{log}");
    let vertex = gl.compile_shader(ShaderKind::Vertex, VERTEX).unwrap();
    let again = gl.compile_shader(ShaderKind::Vertex, VERTEX).unwrap();
    let linked = gl.link_program(&[&vertex, &again]);
    assert!(
        matches!(linked, Err(GlError::Program(ProgramError::Link { .. }))),
        "{linked:?}"
    );
}

#[test]
fn a_timestamp_comes_and_rendering_can_depend_on_a_count() {
    let gl = context().gl();
    let query = gl.create_query(glow::TIMESTAMP).unwrap();
    gl.query_counter(&query);
    gl.finish();
    assert!(gl.query_result_available(&query));
    assert!(gl.query_result_u64(&query) > 0);
    let nothing = gl.create_query(glow::SAMPLES_PASSED).unwrap();
    gl.begin_query(&nothing, 0).unwrap();
    let again = gl.create_query(glow::SAMPLES_PASSED).unwrap();
    assert!(matches!(gl.begin_query(&again, 0), Err(GlError::Refused { .. })));
    gl.end_query(&nothing, 0).unwrap();
    let texture = texture_2d(&gl, 1, 1);
    let framebuffer = target(&gl, &texture);
    gl.clear_framebuffer_f(&framebuffer, 0, [0.0; 4]);
    gl.begin_conditional_render(&nothing, glow::QUERY_WAIT);
    gl.clear_framebuffer_f(&framebuffer, 0, [1.0; 4]);
    gl.end_conditional_render();
    assert_eq!(read(&gl, &texture, 1, 1), [[0; 4]]);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn transform_feedback_captures_vertices() {
    let gl = context().gl();
    const CAPTURE: &str = "#version 450
layout(location = 0) in vec2 position;
layout(xfb_buffer = 0, xfb_offset = 0, xfb_stride = 8) out vec2 doubled;
void main() { doubled = position * 2.0; gl_Position = vec4(0.0); }";
    let program = gl.create_program(&[(ShaderKind::Vertex, CAPTURE)]).unwrap();
    let (_array, _buffer) = pairs(&gl, &LOWER_LEFT_HALF);
    let captured = gl.create_buffer().unwrap();
    gl.buffer_storage(&captured, 64, Some(ReadBytes::from(&[0u8; 64][..])), 0)
        .unwrap();
    let framebuffer = gl.create_framebuffer().unwrap();
    gl.framebuffer_parameter_i(&framebuffer, glow::FRAMEBUFFER_DEFAULT_WIDTH, 8);
    gl.framebuffer_parameter_i(&framebuffer, glow::FRAMEBUFFER_DEFAULT_HEIGHT, 8);
    gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
    let feedback = gl.create_transform_feedback().unwrap();
    gl.bind_transform_feedback(Some(&feedback));
    gl.bind_buffer_range(glow::TRANSFORM_FEEDBACK_BUFFER, 0, Some((&captured, 16, 32)))
        .unwrap();
    gl.use_program(Some(&program));
    gl.set_enabled(glow::RASTERIZER_DISCARD, true);
    gl.begin_transform_feedback(glow::POINTS);
    gl.draw_arrays(glow::POINTS, 0, 2, 1, 0).unwrap();
    gl.pause_transform_feedback();
    gl.resume_transform_feedback();
    gl.draw_arrays(glow::POINTS, 2, 1, 1, 0).unwrap();
    gl.end_transform_feedback();
    let mut bytes = [0u8; 24];
    gl.get_buffer_sub_data(&captured, 16, WriteBytes::from(&mut bytes[..]))
        .unwrap();
    let floats: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    assert_eq!(floats, [-2.0, -2.0, 2.0, -2.0, -2.0, 2.0]);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn all_plain_state_is_accepted() {
    let gl = context().gl();
    gl.set_enabled(glow::DEPTH_TEST, true);
    gl.set_enabled_indexed(glow::BLEND, 1, true);
    gl.viewport_array(&[[0.0, 0.0, 8.0, 8.0]; 20]);
    gl.scissor_array(&[[0, 0, 8, 8]; 2]);
    gl.depth_range_array(&[[0.0, 0.5]; 2]);
    gl.clip_control(glow::UPPER_LEFT, glow::ZERO_TO_ONE);
    gl.front_face(glow::CW);
    gl.cull_face(glow::FRONT);
    gl.polygon_mode(glow::LINE);
    gl.polygon_offset_clamp(1.0, 2.0, 0.5);
    gl.line_width(1.0);
    gl.point_size(2.0);
    gl.point_sprite_coord_origin(glow::LOWER_LEFT);
    gl.provoking_vertex(glow::FIRST_VERTEX_CONVENTION);
    gl.blend_equation_separate_i(1, glow::FUNC_ADD, glow::MAX);
    gl.blend_func_separate_i(1, glow::ONE, glow::ZERO, glow::SRC1_ALPHA, glow::DST_COLOR);
    gl.blend_color([0.1, 0.2, 0.3, 0.4]);
    gl.color_mask_i(1, true, false, true, false);
    gl.logic_op(glow::XOR);
    gl.depth_func(glow::LEQUAL);
    gl.depth_mask(false);
    gl.stencil_func_separate(glow::FRONT, glow::EQUAL, 3, 0xff);
    gl.stencil_op_separate(glow::BACK, glow::KEEP, glow::INCR_WRAP, glow::INVERT);
    gl.stencil_mask_separate(glow::FRONT_AND_BACK, 0x0f);
    gl.sample_mask(0, 1);
    gl.min_sample_shading(0.5);
    gl.primitive_restart_index(0xffff);
    gl.patch_vertices(4).unwrap();
    assert_eq!(gl.get_error(), None);
    assert_eq!(gl.graphics_reset_status(), ResetStatus::None);
}

#[test]
fn draws_come_out_of_buffers_that_hold_them_whole() {
    let gl = context().gl();
    let Green {
        texture,
        framebuffer,
        array,
        buffer: _corners,
        ..
    } = Green::new(&gl);
    let buffer = |words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let buffer = gl.create_buffer().unwrap();
        gl.buffer_storage(&buffer, bytes.len() as u64, Some(ReadBytes::from(&bytes[..])), 0)
            .unwrap();
        buffer
    };
    let (numbers, indices, count) = (buffer(&[3, 1, 0, 0, 0]), buffer(&[0, 1, 2]), buffer(&[1]));
    let draws = IndirectDraws {
        buffer: &numbers,
        offset: 0,
        stride: 0,
        count: 1,
        counted: Some((&count, 0)),
    };
    let elements =
        |draws: &IndirectDraws<'_>| gl.draw_elements_indirect(glow::TRIANGLES, glow::UNSIGNED_INT, draws);
    assert!(matches!(elements(&draws), Err(GlError::Unbound(_))));
    gl.vertex_array_element_buffer(&array, &indices);
    elements(&draws).unwrap();
    let drawn = read(&gl, &texture, 4, 4);
    assert_eq!((drawn[0], drawn[15]), ([0, 255, 0, 255], [0; 4]));
    gl.clear_framebuffer_f(&framebuffer, 0, [0.0; 4]);
    gl.draw_arrays_indirect(glow::TRIANGLES, &draws).unwrap();
    assert_eq!(read(&gl, &texture, 4, 4), drawn);
    for outside in [
        IndirectDraws { offset: 8, ..draws },
        IndirectDraws { count: 2, ..draws },
        IndirectDraws {
            counted: Some((&count, 4)),
            ..draws
        },
    ] {
        let result = gl.draw_arrays_indirect(glow::TRIANGLES, &outside);
        assert!(
            matches!(result, Err(GlError::Short { .. })),
            "{outside:?}: {result:?}"
        );
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn counts_are_stored_where_there_is_room() {
    let gl = context().gl();
    let query = gl.create_query(glow::SAMPLES_PASSED).unwrap();
    let buffer = gl.create_buffer().unwrap();
    gl.buffer_storage(&buffer, 8, Some(ReadBytes::from(&[0xffu8; 8][..])), 0)
        .unwrap();
    let never = gl.query_into_buffer(&query, QueryValue::Result, QueryNumber::U32, (&buffer, 0));
    assert!(matches!(never, Err(GlError::Refused { .. })), "{never:?}");
    gl.begin_query(&query, 0).unwrap();
    gl.end_query(&query, 0).unwrap();
    gl.query_into_buffer(&query, QueryValue::Result, QueryNumber::I32, (&buffer, 4))
        .unwrap();
    let mut bytes = [0u8; 8];
    gl.get_buffer_sub_data(&buffer, 0, WriteBytes::from(&mut bytes[..]))
        .unwrap();
    assert_eq!(bytes, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let outside = gl.query_into_buffer(&query, QueryValue::Result, QueryNumber::U64, (&buffer, 4));
    assert!(matches!(outside, Err(GlError::Short { .. })), "{outside:?}");
    assert_eq!(gl.get_error(), None);
}
