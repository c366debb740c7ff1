//! Textures and buffers: bytes in, bytes out.

use super::*;

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
