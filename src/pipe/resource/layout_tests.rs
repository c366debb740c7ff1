use proptest::prelude::*;

use super::*;
use TextureTarget::*;

const LIMITS: ResourceLimits = ResourceLimits {
    texture_2d: 16384,
    texture_3d: 2048,
    texture_cube: 16384,
    layers: 2048,
    samples: 8,
    bytes: 1 << 40,
};

/// A texture of `width`, `height`, `depth` and layers.
fn asked(target: TextureTarget, format: Format, [width, height, depth, array_size]: [u32; 4]) -> Dimensions {
    Dimensions {
        target,
        format,
        width,
        height,
        depth,
        array_size,
        last_level: 0,
        samples: 0,
    }
}

fn mipmapped(dimensions: Dimensions, last_level: u32) -> ResourceShape {
    ResourceShape::new(
        &Dimensions {
            last_level,
            ..dimensions
        },
        &LIMITS,
    )
    .unwrap()
}

fn shape(target: TextureTarget, format: Format, size: [u32; 4]) -> ResourceShape {
    mipmapped(asked(target, format, size), 0)
}

fn area(x: i32, y: i32, z: i32, w: i32, h: i32, d: i32) -> Box3 {
    Box3 { x, y, z, w, h, d }
}

#[test]
fn rows_are_not_padded() {
    let shape = shape(D2, Format::B5G6R5_UNORM, [5, 3, 1, 1]);
    assert_eq!(shape.level_stride(0), 10);
    assert_eq!(shape.level_layer_stride(0), 30);
    assert_eq!(shape.total_size(), 30);
}

#[test]
fn levels_follow_each_other() {
    // 5x3, 2x1, 1x1
    let shape = mipmapped(asked(D2, Format::R8G8B8A8_UNORM, [5, 3, 1, 1]), 2);
    assert_eq!(
        [0, 1, 2, 3].map(|level| shape.level_offset(level)),
        [0, 60, 68, 72]
    );
    assert_eq!(shape.total_size(), 72);
}

#[test]
fn slices_of_3d_textures_become_fewer_with_each_level() {
    // 4x4x4, 2x2x2, 1x1x1
    let shape = mipmapped(asked(D3, Format::R8_UNORM, [4, 4, 4, 1]), 2);
    assert_eq!([0, 1, 2].map(|level| shape.level_offset(level)), [0, 64, 72]);
    assert_eq!(shape.total_size(), 73);
    assert_eq!(
        shape.extent(1),
        Extent {
            width: 2,
            height: 2,
            layers: 2
        }
    );
}

#[test]
fn layers_stay_in_every_level() {
    let array = mipmapped(asked(D2Array, Format::R8_UNORM, [4, 4, 1, 3]), 2);
    assert_eq!([0, 1, 2].map(|level| array.level_offset(level)), [0, 48, 60]);
    assert_eq!(array.total_size(), 63);
    let cube = mipmapped(asked(Cube, Format::R8_UNORM, [2, 2, 1, 6]), 1);
    assert_eq!(cube.total_size(), 24 + 6);
    let cubes = shape(CubeArray, Format::R8_UNORM, [2, 2, 1, 12]);
    assert_eq!(cubes.total_size(), 48);
    let lines = shape(D1Array, Format::R32_FLOAT, [3, 1, 1, 5]);
    assert_eq!(
        (
            lines.level_stride(0),
            lines.level_layer_stride(0),
            lines.total_size()
        ),
        (12, 12, 60)
    );
}

#[test]
fn compressed_levels_are_whole_blocks() {
    // 10x6 is 3x2 blocks, 5x3 is 2x1, 2x1 and 1x1 are one each
    let shape = mipmapped(asked(D2, Format::DXT5_RGBA, [10, 6, 1, 1]), 3);
    assert_eq!(
        [0, 1, 2, 3].map(|level| shape.level_offset(level)),
        [0, 96, 128, 144]
    );
    assert_eq!(shape.total_size(), 160);
    assert_eq!(shape.level_stride(0), 48);
}

#[test]
fn buffers_are_bytes_of_whatever_format() {
    let buffer = shape(Buffer, Format::R32G32B32A32_FLOAT, [1000, 1, 1, 1]);
    assert_eq!(buffer.total_size(), 1000);
    let nameless = shape(Buffer, Format(73), [u32::MAX, 0, 0, 0]);
    assert_eq!(nameless.total_size(), u64::from(u32::MAX));
    assert_eq!(shape(Buffer, Format::R8_UNORM, [0, 1, 1, 0]).total_size(), 0);
}

#[test]
fn sizes_that_targets_do_not_have_are_refused() {
    let refused = |target, size| {
        let error = ResourceShape::new(&asked(target, Format::R8_UNORM, size), &LIMITS).unwrap_err();
        assert!(matches!(error, ResourceError::Size { .. }), "{error}");
    };
    refused(D1, [4, 2, 1, 1]);
    refused(D2, [4, 4, 2, 1]);
    refused(D2, [4, 4, 1, 2]);
    refused(D2, [0, 4, 1, 1]);
    refused(D2, [16385, 1, 1, 1]);
    refused(D3, [1, 1, 2049, 1]);
    refused(D2Array, [1, 1, 1, 2049]);
    refused(Cube, [4, 5, 1, 6]);
    refused(Cube, [4, 4, 1, 1]);
    refused(CubeArray, [4, 4, 1, 8]);
    refused(Buffer, [4, 2, 1, 1]);
}

#[test]
fn rectangles_are_not_compressed() {
    let format = Format::DXT5_RGBA;
    let error = ResourceShape::new(&asked(Rect, format, [4, 4, 1, 1]), &LIMITS).unwrap_err();
    assert_eq!(error, ResourceError::CompressedRectangle { format });
}

#[test]
fn formats_without_a_host_counterpart_make_no_textures() {
    for format in [
        Format::Y8_U8V8_420_UNORM,
        Format::R64_FLOAT,
        Format(73),
        Format(u32::MAX),
    ] {
        let error = ResourceShape::new(&asked(D2, format, [1, 1, 1, 1]), &LIMITS).unwrap_err();
        assert_eq!(error, ResourceError::Format { format });
    }
}

#[test]
fn levels_end_at_one_texel() {
    let error = |target, size, last_level| {
        let asked = asked(target, Format::R8_UNORM, size);
        ResourceShape::new(&Dimensions { last_level, ..asked }, &LIMITS).unwrap_err()
    };
    assert!(matches!(
        error(D2, [8, 4, 1, 1], 4),
        ResourceError::Levels { levels: 4, .. }
    ));
    assert!(matches!(
        error(Rect, [8, 4, 1, 1], 1),
        ResourceError::Levels { levels: 1, .. }
    ));
    assert!(matches!(
        error(Buffer, [8, 1, 1, 1], 1),
        ResourceError::Levels { levels: 1, .. }
    ));
    assert!(matches!(
        error(D3, [1, 1, 4, 1], u32::MAX),
        ResourceError::Levels { levels: 3, .. }
    ));
}

#[test]
fn only_flat_textures_are_multisampled() {
    let samples = |target, size, samples| {
        let asked = asked(target, Format::R8G8B8A8_UNORM, size);
        ResourceShape::new(&Dimensions { samples, ..asked }, &LIMITS).map(|shape| shape.samples())
    };
    assert_eq!(samples(D2, [4, 4, 1, 1], 8), Ok(8));
    assert_eq!(samples(D2Array, [4, 4, 1, 2], 2), Ok(2));
    assert_eq!(samples(Cube, [4, 4, 1, 6], 1), Ok(1));
    assert!(samples(Cube, [4, 4, 1, 6], 4).is_err());
    assert!(samples(D2, [4, 4, 1, 1], 16).is_err());
}

#[test]
fn sizes_beyond_64_bits_are_refused() {
    let boundless = ResourceLimits {
        texture_2d: u32::MAX,
        texture_3d: u32::MAX,
        texture_cube: u32::MAX,
        layers: u32::MAX,
        samples: 1,
        bytes: u64::MAX,
    };
    let huge = asked(
        D2Array,
        Format::R32G32B32A32_FLOAT,
        [u32::MAX, u32::MAX, 1, u32::MAX],
    );
    let error = ResourceShape::new(&huge, &boundless).unwrap_err();
    assert!(matches!(error, ResourceError::Bytes { .. }), "{error}");
}

#[test]
fn the_stride_of_a_transfer_is_that_of_the_level() {
    let shape = mipmapped(asked(D2, Format::R8G8B8A8_UNORM, [16, 8, 1, 1]), 1);
    let transfer = shape.transfer(1, &area(2, 1, 0, 3, 2, 1), 0, 0).unwrap();
    assert_eq!((transfer.row_bytes, transfer.rows, transfer.slices), (12, 2, 1));
    assert_eq!((transfer.stride, transfer.layer_stride), (32, 128));
    assert_eq!(transfer.span, 32 + 12);
}

#[test]
fn the_stride_of_a_packed_box_is_that_of_the_box() {
    let shape = shape(D3, Format::R8G8B8A8_UNORM, [16, 8, 4, 1]);
    let packed = shape.packed(0, &area(2, 1, 1, 3, 2, 2)).unwrap();
    assert_eq!((packed.stride, packed.layer_stride, packed.span), (12, 24, 48));
}

#[test]
fn strides_must_not_make_rows_or_layers_overlap() {
    let shape = shape(D2Array, Format::R8G8B8A8_UNORM, [16, 8, 1, 4]);
    let all = area(0, 0, 0, 16, 8, 4);
    assert_eq!(shape.transfer(0, &all, 64, 512).unwrap().span, 4 * 512);
    assert_eq!(
        shape.transfer(0, &all, 63, 0),
        Err(BoxError::Stride {
            given: 63,
            needed: 64
        })
    );
    assert_eq!(
        shape.transfer(0, &all, 64, 511),
        Err(BoxError::LayerStride {
            given: 511,
            needed: 512
        })
    );
    // What follows the last row and the last layer does not matter.
    assert_eq!(
        shape.transfer(0, &area(0, 0, 0, 16, 1, 1), 1, 1).unwrap().span,
        64
    );
}

#[test]
fn layers_of_1d_arrays_are_rows() {
    let shape = shape(D1Array, Format::R32_FLOAT, [8, 1, 1, 6]);
    let transfer = shape.transfer(0, &area(1, 0, 2, 3, 1, 4), 0, 0).unwrap();
    assert_eq!((transfer.rows, transfer.slices, transfer.stride), (4, 1, 32));
    assert_eq!(transfer.span, 3 * 32 + 12);
    let spread = shape.transfer(0, &area(1, 0, 2, 3, 1, 4), 0, 100).unwrap();
    assert_eq!(spread.stride, 100);
}

#[test]
fn boxes_outside_the_level_are_refused() {
    let texture = mipmapped(asked(D2, Format::R8_UNORM, [8, 4, 1, 1]), 1);
    assert_eq!(texture.check_box(0, &area(0, 0, 0, 8, 4, 1)), Ok(()));
    assert_eq!(texture.check_box(0, &area(8, 4, 0, 0, 0, 1)), Ok(()));
    for outside in [
        area(0, 0, 0, 9, 4, 1),
        area(1, 0, 0, 8, 4, 1),
        area(-1, 0, 0, 4, 4, 1),
        area(0, 0, 0, -1, 4, 1),
        area(0, 0, 1, 8, 4, 1),
        area(i32::MAX, 0, 0, i32::MAX, 1, 1),
    ] {
        assert!(
            matches!(texture.check_box(0, &outside), Err(BoxError::Outside { .. })),
            "{outside:?}"
        );
    }
    assert!(matches!(
        texture.check_box(1, &area(0, 0, 0, 8, 4, 1)),
        Err(BoxError::Outside { .. })
    ));
    assert_eq!(
        texture.check_box(2, &area(0, 0, 0, 1, 1, 1)),
        Err(BoxError::Level { level: 2, levels: 2 })
    );
}

#[test]
fn layers_and_faces_are_in_z() {
    let cube = shape(Cube, Format::R8_UNORM, [4, 4, 1, 6]);
    assert_eq!(cube.check_box(0, &area(0, 0, 5, 4, 4, 1)), Ok(()));
    assert!(cube.check_box(0, &area(0, 0, 5, 4, 4, 2)).is_err());
    let volume = mipmapped(asked(D3, Format::R8_UNORM, [4, 4, 4, 1]), 1);
    assert_eq!(volume.check_box(0, &area(0, 0, 3, 4, 4, 1)), Ok(()));
    assert!(volume.check_box(1, &area(0, 0, 3, 2, 2, 1)).is_err());
}

#[test]
fn compressed_boxes_are_whole_blocks_or_end_with_the_level() {
    let texture = shape(D2, Format::DXT1_RGB, [10, 6, 1, 1]);
    let edge = texture.transfer(0, &area(8, 4, 0, 2, 2, 1), 0, 0).unwrap();
    assert_eq!((edge.row_bytes, edge.rows, edge.span), (8, 1, 8));
    // A block that sticks out is cut off.
    let whole = texture.transfer(0, &area(8, 4, 0, 4, 4, 1), 0, 0).unwrap();
    assert_eq!(whole.area, area(8, 4, 0, 2, 2, 1));
    assert!(matches!(
        texture.check_box(0, &area(2, 0, 0, 4, 4, 1)),
        Err(BoxError::Unaligned { .. })
    ));
    assert!(matches!(
        texture.check_box(0, &area(0, 0, 0, 6, 4, 1)),
        Err(BoxError::Unaligned { .. })
    ));
    assert!(matches!(
        texture.check_box(0, &area(0, 0, 0, 13, 4, 1)),
        Err(BoxError::Outside { .. })
    ));
}

#[test]
fn empty_boxes_touch_nothing() {
    let buffer = shape(Buffer, Format::R8_UNORM, [16, 1, 1, 1]);
    assert_eq!(
        buffer.transfer(0, &area(16, 0, 0, 0, 1, 1), 0, 0).unwrap().span,
        0
    );
    assert_eq!(buffer.transfer(0, &area(3, 0, 0, 5, 1, 1), 0, 0).unwrap().span, 5);
}

fn any_target() -> impl Strategy<Value = TextureTarget> {
    prop::sample::select(TextureTarget::ALL)
}

fn any_format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![
        Format::R8_UNORM,
        Format::R32G32B32_FLOAT,
        Format::DXT1_RGB,
        Format::BPTC_SRGBA,
    ])
}

proptest! {
    /// Whatever is asked, a box that is accepted lies in the level's bytes of the tight layout.
    #[test]
    fn accepted_boxes_lie_in_their_level(
        target in any_target(),
        format in any_format(),
        size in prop::array::uniform4(0u32..20),
        last_level in 0u32..6,
        level in 0u32..6,
        origin in prop::array::uniform3(-1i32..20),
        extent in prop::array::uniform3(-1i32..20),
    ) {
        let asked = Dimensions { last_level, ..asked(target, format, size) };
        let Ok(shape) = ResourceShape::new(&asked, &LIMITS) else { return Ok(()) };
        let [x, y, z] = origin;
        let [w, h, d] = extent;
        let Ok(transfer) = shape.transfer(level, &area(x, y, z, w, h, d), 0, 0) else { return Ok(()) };
        let block = shape.block();
        let start = (x / i32::from(block.width)) as u64 * u64::from(block.bytes)
            + (y / i32::from(block.height)) as u64 * shape.level_stride(level)
            + z as u64 * shape.level_layer_stride(level);
        if transfer.span > 0 {
            let end = shape.level_offset(level) + start + transfer.span;
            prop_assert!(end <= shape.level_offset(level + 1));
        }
    }

    /// Nothing that a peer chooses makes the arithmetic panic.
    #[test]
    fn any_words_are_taken(
        target in any_target(),
        format in any::<u32>(),
        size in any::<[u32; 4]>(),
        (last_level, samples, level, stride, layer_stride) in any::<(u32, u32, u32, u32, u32)>(),
        origin in any::<[i32; 3]>(),
        extent in any::<[i32; 3]>(),
    ) {
        let [width, height, depth, array_size] = size;
        let asked = Dimensions {
            target, format: Format(format % 512), width, height, depth, array_size, last_level, samples,
        };
        if let Ok(shape) = ResourceShape::new(&asked, &LIMITS) {
            let [x, y, z] = origin;
            let [w, h, d] = extent;
            let _ = shape.transfer(level, &area(x, y, z, w, h, d), stride, layer_stride);
            let _ = shape.packed(level, &area(x, y, z, w, h, d));
        }
    }
}
