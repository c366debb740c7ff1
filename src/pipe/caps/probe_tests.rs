use super::*;
use crate::{
    gl::{Choice, Context, Display, Pixels, Platform, ReadBytes, Region, WriteBytes},
    pipe::{
        format::Transfer,
        resource::{Dimensions, ResourceLimits, ResourceShape},
        wire::virgl::{command::Box3, enums::TextureTarget},
    },
};

/// The software rasterizer, which every machine has.
fn context() -> Context {
    let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("surfaceless EGL");
    let context = display.create_context(None).expect("a context");
    context.make_current().expect("a current context");
    context
}

/// Bytes without a pattern, the same in each run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Contents that a format can have: depth that is a float is 0 to 1, and unused bits are clear.
fn contents(format: Format, length: usize) -> Vec<u8> {
    let mut bytes = noise(length);
    let depth = |bytes: &mut [u8]| {
        let depth = f32::from(bytes[0]) / 256.0;
        bytes[..4].copy_from_slice(&depth.to_le_bytes());
    };
    match format {
        Format::Z32_FLOAT => bytes.chunks_exact_mut(4).for_each(depth),
        Format::Z32_FLOAT_S8X24_UINT | Format::X32_S8X24_UINT => {
            bytes.chunks_exact_mut(8).for_each(|texel| {
                depth(texel);
                texel[5..].fill(0);
            })
        }
        Format::Z24X8_UNORM => bytes.chunks_exact_mut(4).for_each(|texel| texel[3] = 0),
        _ => {}
    }
    bytes
}

fn shape(format: Format, width: u32, height: u32) -> ResourceShape {
    let asked = Dimensions {
        target: TextureTarget::D2,
        format,
        width,
        height,
        depth: 1,
        array_size: 1,
        last_level: 0,
        samples: 0,
    };
    let limits = ResourceLimits {
        texture_2d: 16384,
        texture_3d: 2048,
        texture_cube: 16384,
        layers: 2048,
        samples: 4,
        bytes: 1 << 30,
    };
    ResourceShape::new(&asked, &limits).expect("a small texture")
}

/// Shifts words of the one format whose depth GL wants elsewhere.
fn converted(host: &HostFormat, bytes: &[u8], shift: fn(u32) -> u32) -> Vec<u8> {
    if host.transfer != Transfer::Depth24InLow24 {
        return bytes.to_vec();
    }
    let words = bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    words.flat_map(|word| shift(word).to_le_bytes()).collect()
}

/// What comes back of `bytes` put into a texture.
fn through_a_texture(gl: &Gl, format: Format, width: u32, height: u32, bytes: &[u8]) -> Vec<u8> {
    let (info, host) = host_format(format).expect("a stored format");
    let texture = gl.create_texture(glow::TEXTURE_2D).expect("a texture");
    gl.texture_storage_2d(&texture, 1, host.internal, width, height)
        .expect("storage");
    let all = Box3 {
        x: 0,
        y: 0,
        z: 0,
        w: width as i32,
        h: height as i32,
        d: 1,
    };
    let transfer = shape(format, width, height)
        .packed(0, &all)
        .expect("the whole level");
    let region = Region {
        level: 0,
        x: 0,
        y: 0,
        z: 0,
        w: all.w,
        h: all.h,
        d: 1,
    };
    let pixels = Pixels {
        format: host.format,
        ty: host.ty,
        pixel_bytes: info.block.bytes.into(),
        row_bytes: transfer.stride,
        image_bytes: transfer.layer_stride,
        block: [info.block.width.into(), info.block.height.into()],
    };
    let up = converted(host, bytes, |word| word << 8);
    let mut down = vec![0xaa; bytes.len()];
    let (data, room) = (ReadBytes::from(&up[..]), WriteBytes::from(&mut down[..]));
    if host.transfer == Transfer::Blocks {
        gl.compressed_texture_sub_image(&texture, region, host.internal, &pixels, data)
            .expect("an upload");
        gl.get_compressed_texture_sub_image(&texture, region, &pixels, room)
            .expect("a download");
    } else {
        gl.texture_sub_image(&texture, region, &pixels, data)
            .expect("an upload");
        gl.get_texture_sub_image(&texture, region, &pixels, room)
            .expect("a download");
    }
    converted(host, &down, |word| word >> 8)
}

#[test]
fn every_advertised_format_keeps_its_bytes() {
    let context = context();
    let gl = context.gl();
    let support = FormatSupport::probe(&gl).unwrap();
    assert!(support.sampler.iter().count() > 100);
    for format in support.readback.iter() {
        for (width, height) in [(1, 1), (2, 2), (5, 3)] {
            let bytes = contents(format, shape(format, width, height).total_size() as usize);
            let back = through_a_texture(&gl, format, width, height, &bytes);
            assert_eq!(back, bytes, "{format} {width}x{height}");
        }
    }
    assert_eq!(gl.get_error(), None);
}

#[test]
fn every_advertised_attachment_makes_a_complete_framebuffer() {
    let context = context();
    let gl = context.gl();
    let support = FormatSupport::probe(&gl).unwrap();
    let samples = max_samples(gl.capabilities());
    let complete = |format: Format, samples: u32| {
        let (info, host) = host_format(format).unwrap();
        let target = if samples > 1 {
            glow::TEXTURE_2D_MULTISAMPLE
        } else {
            glow::TEXTURE_2D
        };
        let texture = gl.create_texture(target).unwrap();
        match samples {
            1 => gl.texture_storage_2d(&texture, 1, host.internal, 5, 3).unwrap(),
            _ => gl
                .texture_storage_2d_multisample(&texture, samples, host.internal, 5, 3)
                .unwrap(),
        }
        let framebuffer = gl.create_framebuffer().unwrap();
        gl.framebuffer_texture(&framebuffer, attachment(info), Some(&texture), 0);
        gl.check_framebuffer_status(&framebuffer) == glow::FRAMEBUFFER_COMPLETE
    };
    for format in support.sampler.iter() {
        if support.render.contains(format) || format.is_depth_or_stencil() {
            assert!(complete(format, 1), "{format}");
        }
        // Others can be made, and no more than that.
        let attached = support.render.contains(format) || format.is_depth_or_stencil();
        if support.multisample.contains(format) {
            assert_eq!(
                complete(format, samples),
                attached,
                "{format} with {samples} samples"
            );
        }
    }
}

#[test]
fn what_clients_ask_for_first_is_there() {
    let context = context();
    let support = FormatSupport::probe(&context.gl()).unwrap();
    for format in [
        Format::B8G8R8A8_UNORM,
        Format::B8G8R8X8_UNORM,
        Format::B8G8R8A8_SRGB,
        Format::R8G8B8A8_UNORM,
        Format::R16G16B16A16_FLOAT,
        Format::R32G32B32A32_FLOAT,
        Format::R8_UNORM,
        Format::R11G11B10_FLOAT,
        Format::R32G32B32A32_UINT,
    ] {
        assert!(
            support.sampler.contains(format) && support.render.contains(format),
            "{format}"
        );
    }
    for format in [Format::B8G8R8X8_UNORM, Format::S8_UINT_Z24_UNORM] {
        assert!(support.multisample.contains(format), "{format}");
    }
    for format in [
        Format::Z16_UNORM,
        Format::Z24X8_UNORM,
        Format::S8_UINT_Z24_UNORM,
        Format::Z32_FLOAT,
        Format::Z32_FLOAT_S8X24_UINT,
        Format::DXT5_RGBA,
        Format::RGTC2_SNORM,
        Format::BPTC_RGBA_UNORM,
        Format::R9G9B9E5_FLOAT,
        Format::L8A8_UNORM,
    ] {
        assert!(
            support.sampler.contains(format) && !support.render.contains(format),
            "{format}"
        );
    }
    assert!(support.scanout.contains(Format::B8G8R8X8_UNORM));
}

#[test]
fn the_limits_are_enough_for_gl_4_3() {
    let context = context();
    let host = HostLimits::from(context.gl().capabilities());
    assert!(host.renderer.contains("llvmpipe"), "{}", host.renderer);
    assert!(host.texture_2d_size >= 1024 && host.texture_3d_size >= 256 && host.array_texture_layers >= 256);
    assert!(host.samples >= 4 && host.draw_buffers >= 8 && host.transform_feedback_buffers >= 4);
    // Fourteen blocks and the default one.
    assert!(
        host.constant_buffers_per_stage() >= 15,
        "{}",
        host.constant_buffers_per_stage()
    );
    assert!(host.samplers_per_stage() >= 16, "{}", host.samplers_per_stage());
    assert!(host.uniform_block_bytes >= 16384);
    assert!(host.vertex_output_components >= 64);
}
