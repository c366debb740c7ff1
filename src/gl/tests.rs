//! Tests on the host's real GL, software or not.

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

#[test]
fn the_host_has_gl_4_5_core_and_its_limits_are_known() {
    let gl = context().gl();
    let capabilities = gl.capabilities();
    assert!(capabilities.version >= (4, 5), "{}", capabilities.version_string);
    assert!(capabilities.has("GL_ARB_direct_state_access"));
    assert!(capabilities.max_texture_size >= 16384);
    assert!(capabilities.max_viewports >= 16);
    assert!(capabilities.max_vertex_attrib_stride >= 2048);
    assert!(capabilities.uniform_buffer_offset_alignment.is_power_of_two());
    assert!(capabilities.aliased_point_size_range[1] >= 1.0);
    assert!(capabilities.stages.iter().all(|stage| stage.uniform_blocks >= 12));
    assert!(capabilities.stages[5].shader_storage_blocks >= 8);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_float_format_is_renderable_and_a_shared_exponent_one_has_a_known_size() {
    let gl = context().gl();
    let renderable = gl.internal_format(glow::TEXTURE_2D, glow::RGBA16F, glow::FRAMEBUFFER_RENDERABLE);
    assert_eq!(renderable as u32, glow::FULL_SUPPORT);
    let mut samples = [0; 16];
    gl.internal_format_values(
        glow::TEXTURE_2D_MULTISAMPLE,
        glow::RGBA8,
        glow::SAMPLES,
        &mut samples,
    );
    assert!(samples[0] >= 4, "{samples:?}");
}

#[test]
fn a_platform_that_is_not_built_in_says_so() {
    let error = Display::open(Choice::Only(Platform::Gbm)).unwrap_err();
    assert_eq!(error.to_string(), "no usable GL: gbm: not built in");
}

#[test]
fn probing_tells_of_every_platform_it_tried() {
    let display = Display::open(Choice::Auto).unwrap();
    let report = display.report();
    let (used, refused) = report.attempts.split_last().unwrap();
    assert_eq!(used.platform, display.platform());
    assert_eq!(
        used.result.as_ref().unwrap().renderer,
        display.capabilities().renderer
    );
    assert!(refused.iter().all(|attempt| attempt.result.is_err()), "{report}");
}

#[test]
fn a_cleared_texture_reads_back_exactly() {
    let gl = context().gl();
    let texture = texture_2d(&gl, 5, 3);
    gl.clear_framebuffer_f(&target(&gl, &texture), 0, [1.0, 0.0, 0.2, 0.4]);
    assert_eq!(read(&gl, &texture, 5, 3), [[255, 0, 51, 102]; 15]);
    assert_eq!(gl.get_error(), None);
}

#[test]
fn read_pixels_reads_a_rectangle_of_the_bound_framebuffer() {
    let gl = context().gl();
    let texture = texture_2d(&gl, 4, 4);
    let framebuffer = target(&gl, &texture);
    gl.clear_tex_sub_image(&texture, region(4, 4), glow::RGBA, glow::UNSIGNED_BYTE, &[9; 16])
        .unwrap();
    let corner = Region {
        x: 2,
        y: 3,
        ..region(2, 1)
    };
    gl.clear_tex_sub_image(&texture, corner, glow::RGBA, glow::UNSIGNED_BYTE, &[7; 16])
        .unwrap();
    gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(&framebuffer));
    let mut bytes = [0u8; 3 * 2 * 4];
    gl.read_pixels([1, 2, 3, 2], &rgba(3, 2), WriteBytes::from(&mut bytes[..]))
        .unwrap();
    assert_eq!(bytes[..16], [9; 16]);
    assert_eq!(bytes[16..], [7; 8]);
}

#[test]
fn texels_keep_their_place_with_every_kind_of_stride() {
    let gl = context().gl();
    // Strides that GL can say at once, image by image, and only row by row.
    for (row_bytes, image_bytes) in [(12, 24), (20, 60), (20, 50), (13, 31)] {
        let texture = gl.create_texture(glow::TEXTURE_2D_ARRAY).unwrap();
        gl.texture_storage_3d(&texture, 1, glow::RGBA8, 3, 2, 2).unwrap();
        let pixels = Pixels {
            row_bytes,
            image_bytes,
            ..rgba(0, 0)
        };
        let all = Region { d: 2, ..region(3, 2) };
        let span = pixels.span(&all).unwrap() as usize;
        let sent: Vec<u8> = (0..span).map(|i| i as u8).collect();
        gl.texture_sub_image(&texture, all, &pixels, ReadBytes::from(&sent[..]))
            .unwrap();
        let mut back = vec![0xeeu8; span];
        gl.get_texture_sub_image(&texture, all, &pixels, WriteBytes::from(&mut back[..]))
            .unwrap();
        let mut tight = [0u8; 48];
        gl.get_texture_sub_image(&texture, all, &rgba(3, 2), WriteBytes::from(&mut tight[..]))
            .unwrap();
        let mut covered = vec![false; span];
        for (at, byte) in tight.into_iter().enumerate() {
            let (x, y, z) = (at % 12, at / 12 % 2, at / 24);
            let place = z * image_bytes as usize + y * row_bytes as usize + x;
            assert_eq!(
                (byte, back[place]),
                (place as u8, place as u8),
                "stride {row_bytes}/{image_bytes}"
            );
            covered[place] = true;
        }
        let padding = back.iter().zip(&covered).filter(|(_, covered)| !**covered);
        assert!(
            padding.clone().all(|(byte, _)| *byte == 0xee),
            "padding is not ours to write"
        );
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn one_and_three_dimensional_textures_and_cube_maps_round_trip() {
    let gl = context().gl();
    let cases: [(u32, Region); 5] = [
        (glow::TEXTURE_1D, region(4, 1)),
        (glow::TEXTURE_1D_ARRAY, region(4, 3)),
        (glow::TEXTURE_3D, Region { d: 3, ..region(4, 2) }),
        (glow::TEXTURE_CUBE_MAP, Region { d: 6, ..region(4, 4) }),
        (
            glow::TEXTURE_CUBE_MAP_ARRAY,
            Region {
                d: 12,
                ..region(4, 4)
            },
        ),
    ];
    for (target, all) in cases {
        let texture = gl.create_texture(target).unwrap();
        let (w, h, d) = (all.w as u32, all.h as u32, all.d as u32);
        match target {
            glow::TEXTURE_1D => gl.texture_storage_1d(&texture, 1, glow::RGBA8, w).unwrap(),
            glow::TEXTURE_1D_ARRAY | glow::TEXTURE_CUBE_MAP => {
                gl.texture_storage_2d(&texture, 1, glow::RGBA8, w, h).unwrap();
            }
            _ => gl.texture_storage_3d(&texture, 1, glow::RGBA8, w, h, d).unwrap(),
        }
        let pixels = rgba(w.into(), h.into());
        let sent: Vec<u8> = (0..w * h * d * 4).map(|i| (i * 7) as u8).collect();
        gl.texture_sub_image(&texture, all, &pixels, ReadBytes::from(&sent[..]))
            .unwrap();
        let mut back = vec![0u8; sent.len()];
        gl.get_texture_sub_image(&texture, all, &pixels, WriteBytes::from(&mut back[..]))
            .unwrap();
        assert_eq!(back, sent, "target {target:#06x}");
        assert_eq!(gl.get_error(), None, "target {target:#06x}");
    }
}

#[test]
fn compressed_blocks_round_trip_with_and_without_padding() {
    const RGTC1: u32 = 0x8dbb;
    let gl = context().gl();
    for row_bytes in [16, 40] {
        let texture = gl.create_texture(glow::TEXTURE_2D).unwrap();
        gl.texture_storage_2d(&texture, 1, RGTC1, 8, 6).unwrap();
        let pixels = Pixels {
            pixel_bytes: 8,
            row_bytes,
            image_bytes: 0,
            block: [4, 4],
            ..rgba(0, 0)
        };
        let span = pixels.span(&region(8, 6)).unwrap() as usize;
        assert_eq!(span, row_bytes as usize + 16);
        let sent: Vec<u8> = (0..span).map(|i| i as u8 + 1).collect();
        gl.compressed_texture_sub_image(&texture, region(8, 6), RGTC1, &pixels, ReadBytes::from(&sent[..]))
            .unwrap();
        let mut back = vec![0u8; span];
        gl.get_compressed_texture_sub_image(&texture, region(8, 6), &pixels, WriteBytes::from(&mut back[..]))
            .unwrap();
        assert_eq!(back[..16], sent[..16]);
        assert_eq!(back[row_bytes as usize..], sent[row_bytes as usize..]);
        assert_eq!(gl.get_error(), None);
    }
}

#[test]
fn bytes_that_are_too_few_are_refused_before_gl_sees_them() {
    let gl = context().gl();
    let texture = texture_2d(&gl, 4, 4);
    let mut bytes = [0u8; 63];
    let pixels = rgba(4, 4);
    let upload = gl.texture_sub_image(&texture, region(4, 4), &pixels, ReadBytes::from(&bytes[..]));
    assert!(
        matches!(
            upload,
            Err(GlError::Short {
                needed: 64,
                given: 63,
                ..
            })
        ),
        "{upload:?}"
    );
    let download =
        gl.get_texture_sub_image(&texture, region(4, 4), &pixels, WriteBytes::from(&mut bytes[..]));
    assert!(
        matches!(
            download,
            Err(GlError::Short {
                needed: 64,
                given: 63,
                ..
            })
        ),
        "{download:?}"
    );
    let liar = Pixels {
        pixel_bytes: 1,
        row_bytes: 4,
        ..pixels
    };
    let upload = gl.texture_sub_image(&texture, region(4, 4), &liar, ReadBytes::from(&bytes[..]));
    assert!(
        matches!(upload, Err(GlError::PixelSize { pixel_bytes: 1, .. })),
        "{upload:?}"
    );
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_view_shares_texels_with_its_original() {
    let gl = context().gl();
    let array = gl.create_texture(glow::TEXTURE_2D_ARRAY).unwrap();
    gl.texture_storage_3d(&array, 1, glow::RGBA8, 2, 2, 3).unwrap();
    let view = gl
        .texture_view(glow::TEXTURE_2D, &array, glow::RGBA8UI, (0, 1), (1, 1))
        .unwrap();
    let layer = Region { z: 1, ..region(2, 2) };
    gl.clear_tex_sub_image(&array, layer, glow::RGBA, glow::UNSIGNED_BYTE, &[33; 16])
        .unwrap();
    let mut bytes = [0u8; 16];
    let integers = Pixels {
        format: glow::RGBA_INTEGER,
        ..rgba(2, 2)
    };
    gl.get_texture_sub_image(&view, region(2, 2), &integers, WriteBytes::from(&mut bytes[..]))
        .unwrap();
    assert_eq!(bytes, [33; 16]);
    let refused = gl.texture_view(glow::TEXTURE_2D, &array, glow::RGBA32F, (0, 1), (1, 1));
    let error = ErrorCode(glow::INVALID_OPERATION);
    assert!(matches!(refused, Err(GlError::Refused { call: "glTextureView", error: e }) if e == error));
    assert_eq!(gl.get_error(), None);
}

#[test]
fn buffers_round_trip_and_their_ends_are_guarded() {
    let gl = context().gl();
    let (one, two) = (gl.create_buffer().unwrap(), gl.create_buffer().unwrap());
    for buffer in [&one, &two] {
        gl.buffer_storage(
            buffer,
            16,
            Some(ReadBytes::from(&[0u8; 16][..])),
            glow::DYNAMIC_STORAGE_BIT,
        )
        .unwrap();
    }
    gl.buffer_sub_data(&one, 3, ReadBytes::from(&b"abc"[..])).unwrap();
    gl.copy_buffer_sub_data(&one, &two, 2, 8, 5).unwrap();
    let mut bytes = [0xffu8; 16];
    gl.get_buffer_sub_data(&two, 0, WriteBytes::from(&mut bytes[..]))
        .unwrap();
    assert_eq!(&bytes, b"\0\0\0\0\0\0\0\0\0abc\0\0\0\0");
    assert!(
        gl.buffer_sub_data(&one, 14, ReadBytes::from(&b"abc"[..]))
            .is_err()
    );
    assert!(
        gl.get_buffer_sub_data(&one, u64::MAX, WriteBytes::from(&mut bytes[..]))
            .is_err()
    );
    assert!(gl.copy_buffer_sub_data(&one, &two, 0, 9, 8).is_err());
    assert!(gl.bind_buffer(glow::PIXEL_UNPACK_BUFFER, Some(&one)).is_err());
    assert_eq!(gl.get_error(), None);
}

#[test]
fn what_is_written_into_a_mapped_buffer_is_in_the_buffer() {
    let gl = context().gl();
    let mapped = gl.create_mapped_buffer(32).unwrap();
    assert!(mapped.write(4, b"four"));
    assert!(mapped.write_words(8, &[0x6b6b_6b6b, 7, 7], 2));
    assert!(mapped.write_words(16, &[1], 4));
    assert!(!mapped.write(30, b"too long"));
    assert!(!mapped.write_words(28, &[], 2));
    let to = gl.create_buffer().unwrap();
    gl.buffer_storage(&to, 32, None, 0).unwrap();
    gl.copy_buffer_sub_data(mapped.buffer(), &to, 0, 0, 32).unwrap();
    let mut bytes = [0xffu8; 32];
    gl.get_buffer_sub_data(&to, 4, WriteBytes::from(&mut bytes[4..]))
        .unwrap();
    assert_eq!(&bytes[4..16], b"fourkkkk\x07\0\0\0");
    assert_eq!(bytes[16..], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_triangle_covers_its_half_of_the_picture() {
    let gl = context().gl();
    let texture = texture_2d(&gl, 4, 4);
    let framebuffer = target(&gl, &texture);
    let program = gl
        .create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, FRAGMENT)])
        .unwrap();
    let (array, buffer) = pairs(&gl, &LOWER_LEFT_HALF);
    gl.program_uniform_4f(&program, 0, [0.0, 1.0, 0.0, 1.0]);
    gl.use_program(Some(&program));
    gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
    gl.viewport_array(&[[0.0, 0.0, 4.0, 4.0]]);
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
    gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&target(&gl, &texture)));
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
fn shared_contexts_see_the_same_texture() {
    let display = display();
    let first = display.create_context(None).unwrap();
    let second = display.create_context(Some(&first)).unwrap();
    let (first, second) = (first.gl(), second.gl());
    let texture = texture_2d(&first, 2, 2);
    first.clear_framebuffer_f(&target(&first, &texture), 0, [0.0, 0.0, 1.0, 1.0]);
    first.finish();
    assert_eq!(read(&second, &texture, 2, 2), [[0, 0, 255, 255]; 4]);
    assert_eq!((first.get_error(), second.get_error()), (None, None));
}

#[test]
fn a_call_reaches_its_own_context_whichever_is_current() {
    let display = display();
    let (one, two) = (
        display.create_context(None).unwrap(),
        display.create_context(None).unwrap(),
    );
    let (one, two) = (one.gl(), two.gl());
    let texture = texture_2d(&one, 2, 2);
    let other = texture_2d(&two, 2, 2);
    assert_eq!(texture.id(), other.id(), "the same name in two share groups");
    one.clear_framebuffer_f(&target(&one, &texture), 0, [1.0, 0.0, 0.0, 1.0]);
    two.clear_framebuffer_f(&target(&two, &other), 0, [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(read(&one, &texture, 2, 2), [[255, 0, 0, 255]; 4]);
    assert_eq!(read(&two, &other, 2, 2), [[0, 255, 0, 255]; 4]);
    // An object of the other share group is no object here.
    one.clear_tex_sub_image(&other, region(2, 2), glow::RGBA, glow::UNSIGNED_BYTE, &[0; 16])
        .unwrap();
    assert!(one.get_error().is_some());
    assert_eq!(read(&one, &texture, 2, 2), [[255, 0, 0, 255]; 4]);
}

#[test]
fn objects_dropped_under_another_context_leave_that_context_alone() {
    let display = display();
    let (one, two) = (
        display.create_context(None).unwrap(),
        display.create_context(None).unwrap(),
    );
    let (one, two) = (one.gl(), two.gl());
    let first = texture_2d(&one, 2, 2);
    let first_target = target(&one, &first);
    let second = texture_2d(&two, 2, 2);
    let second_target = target(&two, &second);
    assert_eq!(
        first_target.id(),
        second_target.id(),
        "the same name in two contexts"
    );
    two.flush();
    drop((first, first_target));
    two.clear_framebuffer_f(&second_target, 0, [1.0; 4]);
    assert_eq!(read(&two, &second, 2, 2), [[255; 4]; 4]);
    assert_eq!((one.get_error(), two.get_error()), (None, None));
}

#[test]
fn shared_objects_outlive_the_context_that_made_them() {
    let display = display();
    let root = display.create_context(None).unwrap();
    let maker = display.create_context(Some(&root)).unwrap();
    let texture = texture_2d(&maker.gl(), 2, 2);
    maker
        .gl()
        .clear_framebuffer_f(&target(&maker.gl(), &texture), 0, [0.0, 1.0, 1.0, 1.0]);
    maker.gl().finish();
    drop(maker);
    assert_eq!(read(&root.gl(), &texture, 2, 2), [[0, 255, 255, 255]; 4]);
    drop(texture);
    assert_eq!(root.gl().get_error(), None);
}

#[test]
fn everything_can_be_dropped_in_any_order() {
    let display = display();
    let context = display.create_context(None).unwrap();
    let gl = context.gl();
    let texture = texture_2d(&gl, 2, 2);
    let framebuffer = target(&gl, &texture);
    let kept = (
        gl.create_sampler().unwrap(),
        gl.create_vertex_array().unwrap(),
        gl.create_query(glow::TIMESTAMP).unwrap(),
        gl.create_transform_feedback().unwrap(),
        gl.fence_sync().unwrap(),
        gl.create_mapped_buffer(64).unwrap(),
        gl.compile_shader(ShaderKind::Vertex, VERTEX).unwrap(),
    );
    assert!(gl.client_wait_sync(&kept.4, u64::MAX));
    drop(texture);
    drop(framebuffer);
    assert_eq!(gl.get_error(), None);
    drop(display);
    drop(context);
    drop(gl);
    assert!(kept.5.write(0, b"still mapped"));
    drop(kept);
}

#[test]
fn a_timestamp_comes_and_conditional_rendering_asks_for_it() {
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
fn a_debugging_context_works_like_any_other() {
    let display = display();
    display.set_debug(true);
    let gl = display.create_context(None).unwrap().gl();
    gl.set_enabled(0xdead, true);
    assert_eq!(gl.get_error(), Some(ErrorCode(glow::INVALID_ENUM)));
    assert_eq!(gl.get_error(), None);
}
