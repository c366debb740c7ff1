use std::collections::HashSet;

use super::*;
use crate::pipe::wire::virgl::enums::Swizzle;

#[test]
fn numbers_are_those_of_the_protocol() {
    for (number, name) in [
        (1, "B8G8R8A8_UNORM"),
        (21, "Z24X8_UNORM"),
        (67, "R8G8B8A8_UNORM"),
        (108, "DXT5_RGBA"),
        (126, "Z32_FLOAT_S8X24_UINT"),
        (177, "R8_UINT"),
        (255, "BPTC_RGBA_UNORM"),
        (308, "R10G10B10X2_UNORM"),
        (480, "Y12X4_U12X4_V12X4_444_UNORM"),
    ] {
        assert_eq!(Format(number).name(), name);
        assert_eq!(Format::from_name(name), Some(Format(number)));
    }
    assert_eq!(Format::R8G8B8A8_UNORM, Format(67));
}

#[test]
fn numbers_without_a_format_have_no_facts() {
    for number in [73, 78, 81, 86, 259, 307, 310, 481, u32::MAX] {
        assert_eq!(Format(number).info(), None);
    }
    assert_eq!(Format(73).to_string(), "format 73");
    assert_eq!(Format::from_name("unknown"), None);
}

#[test]
fn names_are_unique() {
    let names: HashSet<_> = Format::all().map(Format::name).collect();
    assert_eq!(names.len(), Format::all().count());
    assert_eq!(names.len(), 468);
}

#[test]
fn names_say_what_channels_there_are() {
    let info = Format::B5G6R5_UNORM.info().unwrap();
    let channels: Vec<_> = info.channels().iter().map(|c| (c.component, c.bits)).collect();
    assert_eq!(
        channels,
        [(Component::Blue, 5), (Component::Green, 6), (Component::Red, 5)]
    );
    assert_eq!(
        (info.kind, info.block.bytes, info.has_alpha),
        (Kind::Unorm, 2, false)
    );

    let info = Format::Z32_FLOAT_S8X24_UINT.info().unwrap();
    assert_eq!((info.kind, info.block.bytes), (Kind::DepthStencil, 8));
    let info = Format::A8B8G8R8_SRGB.info().unwrap();
    assert!(info.is_srgb && info.has_alpha && info.kind == Kind::Unorm);
    assert_eq!(Format::Z32_UNORM.info().unwrap().kind, Kind::Depth);
    assert_eq!(Format::X24S8_UINT.info().unwrap().kind, Kind::Stencil);
    assert_eq!(Format::R16G16_SINT.integer(), Some(Signedness::Signed));
    assert!(!Format::B8G8R8X8_UNORM.has_alpha());
}

#[test]
fn blocks_of_stored_formats_have_the_size_that_gl_transfers() {
    for format in Format::all() {
        let (Some(info), Some(host)) = (format.info(), format.host()) else {
            continue;
        };
        if host.transfer == Transfer::Blocks {
            assert_eq!(info.kind, Kind::Compressed, "{format}");
            continue;
        }
        assert_eq!(transfer_bytes(host.format, host.ty), info.block.bytes, "{format}");
        assert_eq!((info.block.width, info.block.height), (1, 1), "{format}");
    }
}

/// Bytes of a pixel that GL transfers.
fn transfer_bytes(format: u32, ty: u32) -> u8 {
    use glow::*;
    let components = match format {
        RED | RED_INTEGER | DEPTH_COMPONENT | STENCIL_INDEX => 1,
        RG | RG_INTEGER | DEPTH_STENCIL => 2,
        RGB | RGB_INTEGER => 3,
        RGBA | BGRA | RGBA_INTEGER => 4,
        _ => panic!("format {format:#x}"),
    };
    match ty {
        UNSIGNED_BYTE | BYTE => components,
        UNSIGNED_SHORT | SHORT | HALF_FLOAT => 2 * components,
        UNSIGNED_INT | INT | FLOAT => 4 * components,
        UNSIGNED_BYTE_3_3_2 => 1,
        UNSIGNED_SHORT_5_6_5
        | UNSIGNED_SHORT_4_4_4_4
        | UNSIGNED_SHORT_4_4_4_4_REV
        | UNSIGNED_SHORT_1_5_5_5_REV => 2,
        UNSIGNED_INT_8_8_8_8
        | UNSIGNED_INT_2_10_10_10_REV
        | UNSIGNED_INT_10F_11F_11F_REV
        | UNSIGNED_INT_5_9_9_9_REV
        | UNSIGNED_INT_24_8 => 4,
        FLOAT_32_UNSIGNED_INT_24_8_REV => 8,
        _ => panic!("type {ty:#x}"),
    }
}

#[test]
fn red_and_blue_are_exchanged_where_blue_comes_first_and_texels_hold_the_wires_bytes() {
    for format in Format::all() {
        let (Some(info), Some(host)) = (format.info(), format.host()) else {
            continue;
        };
        let blue_first = info
            .channels()
            .first()
            .is_some_and(|c| c.component == Component::Blue);
        if host.storage == Storage::Exchanged {
            assert!(blue_first && host.holds_wire_bytes(), "{format}");
            assert_eq!(
                host.swizzle[..3],
                [Swizzle::Z, Swizzle::Y, Swizzle::X],
                "{format}"
            );
        } else if blue_first {
            assert_eq!(host.storage, Storage::Rearranged, "{format}");
        }
    }
}

#[test]
fn alpha_is_one_where_the_format_has_none() {
    for format in Format::all() {
        let (Some(info), Some(host)) = (format.info(), format.host()) else {
            continue;
        };
        if info.has(Component::Unused) && !info.is_depth_or_stencil() {
            assert_eq!(host.swizzle[3], Swizzle::One, "{format}");
        }
        if info.has_alpha && info.kind != Kind::Compressed {
            assert_ne!(host.swizzle[3], Swizzle::One, "{format}");
        }
    }
}

#[test]
fn storage_that_holds_the_wires_bytes_is_of_the_class_of_the_block() {
    for format in Format::all() {
        let Some(class) = format.view_class() else {
            continue;
        };
        let expected = match class {
            ViewClass::Bits8 => 1,
            ViewClass::Bits16 => 2,
            ViewClass::Bits32 => 4,
            ViewClass::Bits64 | ViewClass::Dxt1Rgb | ViewClass::Dxt1Rgba | ViewClass::Rgtc1 => 8,
            ViewClass::Bits96 => 12,
            _ => 16,
        };
        assert_eq!(format.info().unwrap().block.bytes, expected, "{format}");
    }
    assert_eq!(Format::R16G16B16A16_UINT.view_class(), Some(ViewClass::Bits64));
    assert_eq!(Format::R32G32B32A32_SINT.view_class(), Some(ViewClass::Bits128));
}

#[test]
fn raw_copies_are_between_equal_bytes() {
    assert!(copy_compatible(Format::B8G8R8A8_UNORM, Format::R8G8B8A8_SRGB));
    assert!(copy_compatible(Format::R32_FLOAT, Format::B8G8R8X8_UNORM));
    assert!(copy_compatible(Format::DXT5_RGBA, Format::R32G32B32A32_UINT));
    assert!(copy_compatible(Format::RGTC1_UNORM, Format::R16G16B16A16_UINT));
    assert!(copy_compatible(Format::B5G5R5A1_UNORM, Format::B5G5R5X1_UNORM));
    assert!(copy_compatible(
        Format::S8_UINT_Z24_UNORM,
        Format::S8_UINT_Z24_UNORM
    ));
    assert!(!copy_compatible(Format::Z24X8_UNORM, Format::S8_UINT_Z24_UNORM));
    assert!(!copy_compatible(Format::A8R8G8B8_UNORM, Format::R8G8B8A8_UNORM));
    assert!(!copy_compatible(Format::DXT1_RGB, Format::RGTC1_UNORM));
    assert!(!copy_compatible(Format::DXT1_RGB, Format::R32G32B32A32_UINT));
    assert!(!copy_compatible(Format::B5G6R5_UNORM, Format::R16_UINT));
    assert!(!copy_compatible(Format(73), Format(73)));
}

#[test]
fn views_find_channels_where_the_storage_has_them() {
    use Swizzle::*;
    let bgrx = Format::B8G8R8X8_UNORM.host().unwrap();
    assert_eq!(bgrx.swizzled([X, Y, Z, W]), [Z, Y, X, One]);
    assert_eq!(bgrx.swizzled([W, Zero, One, X]), [One, Zero, One, Z]);
    let alpha = Format::A8_UNORM.host().unwrap();
    assert_eq!(alpha.swizzled([X, Y, W, W]), [Zero, Zero, X, X]);
    let luminance_alpha = Format::L8A8_UNORM.host().unwrap();
    assert_eq!(luminance_alpha.swizzled([X, Y, Z, W]), [X, X, X, Y]);
    assert!(!luminance_alpha.can_render());
}

#[test]
fn colors_are_put_where_the_storage_has_them() {
    let stored = |format: Format| format.host().unwrap().stored(["r", "g", "b", "a"]);
    assert_eq!(stored(Format::R8G8B8A8_UNORM), ["r", "g", "b", "a"]);
    assert_eq!(stored(Format::B10G10R10A2_UINT), ["b", "g", "r", "a"]);
    assert_eq!(stored(Format::A8_UINT)[0], "a");
    assert_eq!(stored(Format::B5G6R5_UNORM), ["r", "g", "b", "a"]);
}

#[test]
fn vertices_are_fetched_by_gl_where_it_can() {
    let vertex = |format: Format| format.vertex().map(|v| (v.size, v.ty, v.normalized, v.integer));
    let bgra = glow::BGRA as i32;
    assert_eq!(
        vertex(Format::R32G32B32_FLOAT),
        Some((3, glow::FLOAT, false, false))
    );
    assert_eq!(
        vertex(Format::R64G64_FLOAT),
        Some((2, glow::DOUBLE, false, false))
    );
    assert_eq!(
        vertex(Format::R16G16B16A16_SSCALED),
        Some((4, glow::SHORT, false, false))
    );
    assert_eq!(
        vertex(Format::R32_UNORM),
        Some((1, glow::UNSIGNED_INT, true, false))
    );
    assert_eq!(vertex(Format::R8G8_SINT), Some((2, glow::BYTE, false, true)));
    assert_eq!(
        vertex(Format::B8G8R8A8_UNORM),
        Some((bgra, glow::UNSIGNED_BYTE, true, false))
    );
    let packed = (bgra, glow::INT_2_10_10_10_REV, true, false);
    assert_eq!(vertex(Format::B10G10R10A2_SNORM), Some(packed));
    let packed = (4, glow::UNSIGNED_INT_2_10_10_10_REV, false, false);
    assert_eq!(vertex(Format::R10G10B10A2_USCALED), Some(packed));
    let packed = (3, glow::UNSIGNED_INT_10F_11F_11F_REV, false, false);
    assert_eq!(vertex(Format::R11G11B10_FLOAT), Some(packed));
    for format in [
        Format::B8G8R8A8_USCALED,
        Format::R10G10B10A2_UINT,
        Format::R32_FIXED,
        Format::R9G9B9E5_FLOAT,
        Format::L8A8_UNORM,
        Format::R8G8B8A8_SRGB,
        Format::B5G6R5_UNORM,
    ] {
        assert_eq!(format.vertex(), None, "{format}");
    }
}

#[test]
fn vertices_fill_their_blocks() {
    for format in Format::all() {
        let (Some(info), Some(vertex)) = (format.info(), format.vertex()) else {
            continue;
        };
        let components = if vertex.size == glow::BGRA as i32 {
            4
        } else {
            vertex.size as u8
        };
        let bytes = match vertex.ty {
            glow::BYTE | glow::UNSIGNED_BYTE => components,
            glow::SHORT | glow::UNSIGNED_SHORT | glow::HALF_FLOAT => 2 * components,
            glow::INT | glow::UNSIGNED_INT | glow::FLOAT => 4 * components,
            glow::DOUBLE => 8 * components,
            _ => 4,
        };
        assert_eq!(
            (bytes, vertex.bytes),
            (info.block.bytes, info.block.bytes),
            "{format}"
        );
        assert!(!(vertex.normalized && vertex.integer), "{format}");
    }
}
