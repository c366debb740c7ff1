//! Buffers of others as textures, and textures as buffers for others, as far as a software host goes.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::FileExt},
};

use memfd::MemfdOptions;

use super::*;

/// The pixels of a memory texture as its memory has them, without padding.
fn in_memory(made: &MemoryTexture) -> Vec<[u8; 4]> {
    let file = File::from(made.memfd().try_clone_to_owned().unwrap());
    let mut row = vec![0; made.width() as usize * 4];
    (0..u64::from(made.height()))
        .flat_map(|y| {
            let at = u64::from(made.data_offset()) + y * u64::from(made.stride());
            file.read_exact_at(&mut row, at).unwrap();
            row.as_chunks().0.to_vec()
        })
        .collect()
}

fn memfd(bytes: u64) -> OwnedFd {
    let file = MemfdOptions::default().create("picture").unwrap().into_file();
    file.set_len(bytes).unwrap();
    file.into()
}

fn linear(width: u32, height: u32, fd: OwnedFd) -> Dmabuf {
    Dmabuf {
        width,
        height,
        fourcc: u32::from_le_bytes(*b"XR24"),
        modifier: None,
        planes: vec![Plane {
            fd,
            offset: 0,
            stride: width * 4,
        }],
    }
}

#[test]
fn what_is_drawn_into_a_memory_texture_is_in_its_memory() {
    let gl = context().gl();
    let program = gl
        .create_program(&[(ShaderKind::Vertex, VERTEX), (ShaderKind::Fragment, FRAGMENT)])
        .unwrap();
    gl.program_uniform_4f(&program, 0, [0.0, 1.0, 0.2, 1.0]);
    gl.use_program(Some(&program));
    let (_array, _buffer) = pairs(&gl, &LOWER_LEFT_HALF);
    for [width, height] in [[1, 1], [256, 64], [300, 300], [1001, 33], [1920, 1080]] {
        let made = gl.create_memory_texture(width, height).unwrap();
        assert_eq!(in_memory(&made), vec![[0; 4]; (width * height) as usize]);
        let framebuffer = target(&gl, made.texture());
        gl.clear_framebuffer_f(&framebuffer, 0, [1.0, 0.0, 0.2, 0.4]);
        gl.finish();
        let red = [255, 0, 51, 102];
        assert_eq!(
            in_memory(&made),
            vec![red; (width * height) as usize],
            "{width}x{height}"
        );
        gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
        gl.viewport_array(&[[0.0, 0.0, width as f32, height as f32]]);
        gl.draw_arrays(glow::TRIANGLES, 0, 3, 1, 0).unwrap();
        gl.finish();
        let drawn = in_memory(&made);
        let read = read(&gl, made.texture(), width as i32, height as i32);
        assert!(drawn == read, "{width}x{height}: the memory is not what GL reads");
        // The pixel in the corner of both halves may be of either.
        if width > 1 {
            let last = (width * height) as usize - 1;
            assert_eq!(
                [drawn[0], drawn[last]],
                [[0, 255, 51, 255], red],
                "{width}x{height}"
            );
        }
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn what_others_write_into_the_memory_is_in_the_texture() {
    let gl = context().gl();
    let made = gl.create_memory_texture(301, 7).unwrap();
    let file = File::from(made.memfd().try_clone_to_owned().unwrap());
    let at = made.data_offset() + 6 * made.stride() + 300 * 4;
    file.write_all_at(&[1, 2, 3, 4], at.into()).unwrap();
    let pixels = read(&gl, made.texture(), 301, 7);
    assert_eq!(pixels.last(), Some(&[1, 2, 3, 4]));
    assert_eq!(pixels.iter().filter(|pixel| **pixel != [0; 4]).count(), 1);
}

#[test]
fn the_memory_outlives_the_texture_and_the_texture_its_makers() {
    let display = display();
    let context = display.create_context(None).unwrap();
    let gl = context.gl();
    let made = gl.create_memory_texture(16, 16).unwrap();
    let file = File::from(made.memfd().try_clone_to_owned().unwrap());
    gl.clear_framebuffer_f(&target(&gl, made.texture()), 0, [1.0; 4]);
    gl.finish();
    let at = made.data_offset().into();
    let other = display.create_context(Some(&context)).unwrap();
    drop((context, gl, display));
    assert_eq!(read(&other.gl(), made.texture(), 16, 16), [[255; 4]; 256]);
    drop(made);
    let mut pixel = [0; 4];
    file.read_exact_at(&mut pixel, at).unwrap();
    assert_eq!((pixel, other.gl().get_error()), ([255; 4], None));
}

#[test]
fn what_still_draws_into_a_texture_that_is_gone_harms_nothing() {
    let gl = context().gl();
    let made = gl.create_memory_texture(64, 64).unwrap();
    let file = File::from(made.memfd().try_clone_to_owned().unwrap());
    let framebuffer = target(&gl, made.texture());
    gl.clear_framebuffer_f(&framebuffer, 0, [1.0; 4]);
    gl.finish();
    // Nobody can make GL unmap other memory by writing where its header was.
    file.write_all_at(&[0xff; 4096], 0).unwrap();
    let at = made.data_offset().into();
    drop(made);
    gl.clear_framebuffer_f(&framebuffer, 0, [0.0; 4]);
    gl.finish();
    let mut pixel = [0; 4];
    file.read_exact_at(&mut pixel, at).unwrap();
    assert_eq!((pixel, gl.get_error()), ([255; 4], None));
}

#[test]
fn many_memory_textures_leave_no_descriptors_and_mappings_behind() {
    let gl = context().gl();
    gl.probe_drawable_memory().unwrap();
    let name = "/memfd:drawable";
    let mapped = || {
        std::fs::read_to_string("/proc/self/maps")
            .unwrap()
            .matches(name)
            .count()
    };
    let open = || {
        let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let links = links.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        links.filter(|link| link.to_string_lossy().contains(name)).count()
    };
    // Other tests make such textures meanwhile, but not so many.
    for _ in 0..200 {
        let made = gl.create_memory_texture(64, 64).unwrap();
        gl.clear_framebuffer_f(&target(&gl, made.texture()), 0, [1.0; 4]);
    }
    gl.finish();
    assert!(open() < 100, "{} descriptors", open());
    assert!(mapped() < 100, "{} mappings", mapped());
}

#[test]
fn sizes_that_no_memory_texture_has_are_refused() {
    let gl = context().gl();
    for [width, height] in [[0, 1], [1, 0], [u32::MAX, 1], [1, 1 << 20]] {
        let refused = gl.create_memory_texture(width, height);
        assert!(matches!(refused, Err(GlError::OutOfRange { .. })), "{refused:?}");
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn a_memfd_is_no_dmabuf() {
    let display = display();
    let error = display.import_dmabuf(&linear(4, 4, memfd(64))).unwrap_err();
    match display.dmabuf_support().import {
        DmabufImport::None => assert!(matches!(error, GlError::Extension(_)), "{error}"),
        _ => assert!(matches!(error, GlError::Egl { .. }), "{error}"),
    }
}

#[test]
fn a_texture_is_exported_or_the_host_says_that_it_cannot() {
    let display = display();
    let context = display.create_context(None).unwrap();
    let texture = texture_2d(&context.gl(), 4, 4);
    match display.export_dmabuf(&context, &texture) {
        Ok(dmabuf) => assert_eq!((dmabuf.width, dmabuf.height), (4, 4)),
        Err(GlError::Extension(_)) => assert!(!display.dmabuf_support().export),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn pixmaps_are_for_displays_of_an_x_server() {
    let error = display().import_pixmap(1).unwrap_err();
    assert!(
        matches!(error, GlError::NoPixmaps(Platform::Surfaceless)),
        "{error}"
    );
}

#[test]
fn a_fence_passes_once_gl_has_finished() {
    let display = display();
    let first = display.create_context(None).unwrap();
    let second = display.create_context(Some(&first)).unwrap();
    let (first, second) = (first.gl(), second.gl());
    let texture = texture_2d(&first, 512, 512);
    first.clear_framebuffer_f(&target(&first, &texture), 0, [1.0; 4]);
    let fence = first.fence_sync().unwrap();
    first.flush();
    second.wait_sync(&fence);
    assert_eq!(read(&second, &texture, 512, 512), vec![[255; 4]; 512 * 512]);
    first.finish();
    assert!(second.is_signaled(&fence));
    let native = display.export_fence(&first).unwrap();
    match native {
        Some(fence) => display.wait_fence(&second, fence).unwrap(),
        None => {
            let error = display.wait_fence(&second, memfd(0)).unwrap_err();
            assert!(matches!(error, GlError::Extension(_)), "{error}");
        }
    }
    assert_eq!((first.get_error(), second.get_error()), (None, None));
}

#[test]
fn smaller_levels_are_made_from_the_base() {
    let gl = context().gl();
    for edge in [4, 5] {
        let texture = gl.create_texture(glow::TEXTURE_2D).unwrap();
        gl.texture_storage_2d(&texture, 3, glow::RGBA8, edge, edge)
            .unwrap();
        gl.clear_framebuffer_f(&target(&gl, &texture), 0, [1.0, 0.0, 0.2, 1.0]);
        gl.generate_mipmap(&texture);
        let mut pixel = [0; 4];
        let smallest = Region {
            level: 2,
            ..region(1, 1)
        };
        gl.get_texture_sub_image(&texture, smallest, &rgba(1, 1), WriteBytes::from(&mut pixel[..]))
            .unwrap();
        assert_eq!(pixel, [255, 0, 51, 255]);
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn rectangle_textures_take_partial_uploads_and_are_drawn_to() {
    let gl = context().gl();
    let texture = gl.create_texture(glow::TEXTURE_RECTANGLE).unwrap();
    gl.texture_storage_2d(&texture, 1, glow::RGBA8, 5, 3).unwrap();
    gl.clear_framebuffer_f(&target(&gl, &texture), 0, [0.0, 0.0, 0.0, 1.0]);
    // The lower right 2x2 of a picture of 4x2 pixels.
    let sent: Vec<u8> = (0..32).collect();
    let (part, wide) = (
        Region {
            x: 3,
            y: 1,
            ..region(2, 2)
        },
        rgba(4, 2),
    );
    gl.texture_sub_image(&texture, part, &wide, ReadBytes::from(&sent[8..]))
        .unwrap();
    let pixels = read(&gl, &texture, 5, 3);
    assert_eq!(pixels[5 + 3..10], [[8, 9, 10, 11], [12, 13, 14, 15]]);
    assert_eq!(pixels[10 + 3..], [[24, 25, 26, 27], [28, 29, 30, 31]]);
    assert!(pixels[..8].iter().all(|pixel| *pixel == [0, 0, 0, 255]));
    assert_eq!(gl.get_error(), None);
}
