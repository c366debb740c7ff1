//! Every format that is offered can be written and read back.

use pixbridge::pipe::format::{Component, Format, Kind};
use pixbridge_xtests::guest::{Guest, Texture};

/// Where the mask of sampled formats begins in the capability set.
const SAMPLER_MASK: usize = 4;
const SIZE: [u32; 2] = [5, 3];

fn offered(caps: &[u8]) -> impl Iterator<Item = Format> + '_ {
    Format::all().filter(|format| {
        let byte = caps[SAMPLER_MASK + format.0 as usize / 8];
        byte >> (format.0 % 8) & 1 != 0
    })
}

/// Bytes that differ from texel to texel and are ordinary numbers in every format: no NaN, depths from 0 to 1.
fn texels(format: Format, bytes: usize) -> Vec<u8> {
    let info = format.info().expect("an offered format");
    let mut state = format.0;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut data: Vec<u8> = (0..bytes).map(|_| noise()).collect();
    let size = usize::from(info.block.bytes);
    for texel in data.chunks_exact_mut(size) {
        match (info.kind, size, info.has(Component::Depth)) {
            (Kind::Depth | Kind::DepthStencil, 8, _) => {
                texel[..4].copy_from_slice(&0.25f32.to_le_bytes());
                texel[5..].fill(0);
            }
            (Kind::Depth, 4, _) if format == Format::Z32_FLOAT => {
                texel.copy_from_slice(&0.625f32.to_le_bytes())
            }
            (Kind::Depth, 4, _) if info.has(Component::Unused) => texel[3] = 0,
            (Kind::Stencil, 4.., _) => {
                for (index, byte) in texel.iter_mut().enumerate() {
                    let stencil = if size == 8 { 4 } else { stencil_byte(format) };
                    if index != stencil {
                        *byte = 0;
                    }
                }
            }
            (Kind::Float, _, _) => texel.iter_mut().for_each(|byte| *byte &= 0x3b),
            (Kind::Snorm, _, _) => texel.iter_mut().for_each(|byte| *byte = (*byte).max(1)),
            _ => {}
        }
    }
    data
}

fn stencil_byte(format: Format) -> usize {
    if format == Format::X24S8_UINT { 3 } else { 0 }
}

#[test]
fn uncompressed_textures_of_odd_size_come_back_byte_for_byte() {
    let mut guest = Guest::start();
    let caps = guest.caps();
    let mut count = 0;
    for format in offered(&caps).collect::<Vec<_>>() {
        let info = format.info().expect("an offered format");
        if info.kind == Kind::Compressed {
            continue;
        }
        count += 1;
        let bytes = (SIZE[0] * SIZE[1]) as usize * usize::from(info.block.bytes);
        let resource = guest.texture(Texture {
            format,
            width: SIZE[0],
            height: SIZE[1],
        });
        let data = texels(format, bytes);
        guest.write(&resource, SIZE, &data);
        guest.wait();
        assert!(
            resource
                .memory
                .write(0..bytes)
                .expect("memory")
                .copy_from(vec![0xee; bytes].as_slice().into())
        );
        assert_eq!(guest.read(&resource, SIZE, bytes), data, "{format}");
    }
    assert!(count > 80, "only {count} formats are offered");
    guest.finish().expect("an orderly end");
}

#[test]
fn the_renderer_names_itself() {
    let caps = Guest::start().caps();
    let name = &caps[696..760];
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    assert!(
        String::from_utf8_lossy(&name[..end]).starts_with("pixbridge on "),
        "{name:?}"
    );
}
