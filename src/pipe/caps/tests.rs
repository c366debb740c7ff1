use super::*;
use crate::pipe::caps::{CAPSET1_BYTES, CAPSET2_BYTES, SamplePositions};

/// A host at the minima of GL 4.5.
fn host() -> HostLimits {
    HostLimits {
        renderer: "llvmpipe (LLVM 15.0.6, 256 bits)".into(),
        glsl_version: 450,
        texture_2d_size: 16384,
        texture_3d_size: 2048,
        texture_cube_size: 16385,
        array_texture_layers: 2049,
        texture_buffer_texels: 65536,
        texture_buffer_offset_alignment: 16,
        texture_lod_bias: 2.0,
        anisotropy: 1.0,
        texel_offset: [-8, 7],
        gather_offset: [-9, 6],
        samples: 4,
        sample_positions: SamplePositions::default(),
        draw_buffers: 8,
        dual_source_draw_buffers: 1,
        viewports: 16,
        transform_feedback_buffers: 4,
        aliased_point_size: [1.0, 64.0],
        smooth_point_size: [1.5, 65.0],
        aliased_line_width: [1.25, 8.0],
        smooth_line_width: [1.75, 9.0],
        vertex_attribs: 16,
        vertex_attrib_stride: 2047,
        vertex_output_components: 64,
        geometry_output_vertices: 256,
        geometry_total_output_components: 1024,
        tess_patch_components: 120,
        tess_control_total_output_components: 4096,
        tess_evaluation_output_components: 128,
        stage_texture_units: 16,
        combined_texture_units: 96,
        stage_uniform_blocks: 14,
        uniform_buffer_bindings: 84,
        uniform_block_bytes: 16384,
        uniform_buffer_offset_alignment: 256,
        storage_blocks: [8, 8, 8, 8, 8, 8],
        combined_storage_blocks: 48,
        storage_buffer_bindings: 45,
        storage_buffer_offset_alignment: 64,
        image_uniforms: [7; 6],
        image_units: 35,
        image_samples: 3,
        atomic_counters: [1, 2, 3, 4, 5, 6],
        combined_atomic_counters: 21,
        atomic_counter_buffers: [6, 5, 4, 3, 2, 1],
        combined_atomic_counter_buffers: 22,
        atomic_counter_buffer_bindings: 5,
        compute_invocations: 1024,
        compute_shared_bytes: 32768,
        compute_grid: [65535, 65534, 65533],
        compute_block: [1023, 1022, 64],
        seamless_cube_per_texture: false,
        mirror_clamp: false,
        polygon_offset_clamp: true,
    }
}

fn formats() -> FormatSupport {
    FormatSupport {
        sampler: [Format::B8G8R8A8_UNORM, Format::R8_UINT].into_iter().collect(),
        render: [Format::B8G8R8A8_UNORM].into_iter().collect(),
        multisample: [Format::R8_UNORM].into_iter().collect(),
        readback: [Format::R8G8_UNORM].into_iter().collect(),
        scanout: [Format::B8G8R8X8_UNORM].into_iter().collect(),
    }
}

fn everything() -> Features {
    Features {
        glsl_level: 450,
        geometry_shaders: true,
        tessellation: true,
        compute: true,
        storage_buffers: true,
        images: true,
        atomic_counters: true,
        texture_gather: true,
        texture_query_lod: true,
        texture_query_samples: true,
        texture_shadow_lod: true,
        texture_barrier: true,
        memory_barrier: true,
        sample_shading: true,
        stencil_export: true,
        derivative_control: true,
        cull_distance: true,
        doubles: true,
        indirect_inputs: true,
        indirect_draw: true,
        multi_draw_indirect: true,
        indirect_count: true,
        draw_parameters: true,
        group_vote: true,
        shader_clock: true,
        vertex_layer_and_viewport: true,
        query_buffers: true,
        pipeline_statistics: true,
        transform_feedback_overflow: true,
        string_marker: true,
        framebuffer_fetch: true,
        robust_access: true,
    }
}

/// The word at a byte offset.
fn word(set: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(set[offset..offset + 4].try_into().unwrap())
}

#[test]
fn set_1_is_the_beginning_of_set_2() {
    let caps = Caps::new(&host(), &formats(), &everything());
    let (one, two) = (caps.capset1(), caps.capset2());
    assert_eq!((one.len(), two.len()), (CAPSET1_BYTES, CAPSET2_BYTES));
    assert_eq!((word(&one, 0), word(&two, 0)), (1, 2));
    assert_eq!(one[4..], two[4..CAPSET1_BYTES]);
}

#[test]
fn fields_of_set_1_are_at_their_offsets() {
    let set = Caps::new(&host(), &formats(), &everything()).capset1();
    assert_eq!(word(&set, 4), 1 << 1);
    assert_eq!(word(&set, 4 + 4 * (177 / 32)), 1 << (177 % 32));
    assert_eq!(word(&set, 68), 1 << 1);
    assert_eq!(set[132..196], [0; 64]);
    assert_eq!(word(&set, 196 + 4 * (124 / 32)), 1 << (124 % 32));
    assert_eq!(word(&set, 264), 450);
    assert_eq!(word(&set, 268), 2049);
    assert_eq!([272, 276, 280, 284].map(|at| word(&set, at)), [4, 1, 8, 4]);
    assert_eq!(word(&set, 288), 0x7c7f);
    assert_eq!(word(&set, 292), 65536);
    assert_eq!([296, 300, 304].map(|at| word(&set, at)), [14, 16, 4]);
}

#[test]
fn fields_of_set_2_are_at_their_offsets() {
    let set = Caps::new(&host(), &formats(), &everything()).capset2();
    let float = |at| f32::from_bits(word(&set, at));
    let floats = [308, 312, 316, 320, 324, 328, 332, 336, 340].map(float);
    assert_eq!(floats, [1.0, 64.0, 1.5, 65.0, 1.25, 8.0, 1.75, 9.0, 2.0]);
    assert_eq!(
        [344, 348, 352, 356, 360].map(|at| word(&set, at)),
        [256, 1024, 16, 16, 30]
    );
    assert_eq!(
        [364, 368, 372, 376].map(|at| word(&set, at) as i32),
        [-8, 7, -9, 6]
    );
    assert_eq!([380, 384, 388].map(|at| word(&set, at)), [16, 256, 64]);
    assert_eq!(
        [428, 432, 436, 440, 444, 448].map(|at| word(&set, at)),
        [2047, 8, 8, 7, 7, 3]
    );
    assert_eq!([452, 456].map(|at| word(&set, at)), [1024, 32768]);
    assert_eq!(
        [460, 464, 468, 472, 476, 480].map(|at| word(&set, at)),
        [65535, 65534, 65533, 1023, 1022, 64]
    );
    assert_eq!(
        [484, 488, 492, 496].map(|at| word(&set, at)),
        [16384, 2048, 16385, 32]
    );
    assert_eq!(
        [500, 520, 524, 544, 548, 552].map(|at| word(&set, at)),
        [1, 6, 5, 1, 21, 5]
    );
    assert_eq!(word(&set, 556), 23);
    assert_eq!(word(&set, 560 + 4 * (65 / 32)), 1 << (65 % 32));
    assert_eq!(word(&set, 624), 1 << 2);
    assert_eq!(word(&set, 692), 0);
    assert_eq!(&set[696..708], b"pixbridge on");
    assert_eq!(float(760), 1.0);
    assert_eq!(word(&set, 764), 16);
    assert_eq!(word(&set, 768 + 4 * (64 / 32)), 1);
    assert_eq!([832, 852].map(|at| word(&set, at)), [16384, 16384]);
    assert_eq!(set[856..1372], [0; 516]);
    assert_eq!(
        [1372, 1376, 1380, 1384, 1404].map(|at| word(&set, at)),
        [16384, 1024, 32, 8, 8]
    );
}

#[test]
fn flag_words_follow_the_features() {
    let plain = Caps::new(&host(), &formats(), &Features::default());
    let set = plain.capset2();
    let (bset, bits, bits2) = (word(&set, 260), word(&set, 392), word(&set, 688));
    assert_eq!(bset, 0x5011_7ff7, "{bset:#x}");
    assert_eq!(bits, 0x5c06_a11f, "{bits:#x}");
    assert_eq!(bits2, 0x0001_0000, "{bits2:#x}");

    let full = Caps::new(&host(), &formats(), &everything()).capset2();
    assert_eq!(word(&full, 260) & !bset, 0xafc0_0008);
    assert_eq!(word(&full, 392) & !bits, 0x02e1_1ee0);
    assert_eq!(word(&full, 688) & !bits2, 0x0000_fc10);
}

#[test]
fn what_is_off_has_no_room() {
    let caps = Caps::new(&host(), &formats(), &Features::default());
    assert_eq!(caps.glsl_level, 140);
    assert_eq!(caps.primitives, 0x7f);
    assert_eq!(caps.max_viewports, 1);
    assert_eq!(caps.max_texture_gather_components, 0);
    assert_eq!(caps.max_storage_blocks, [0; 6]);
    assert_eq!(caps.max_shader_images_fragment_compute, 0);
    assert_eq!(caps.max_compute_grid, [0; 3]);
    assert_eq!(caps.max_const_buffer_bytes, [16384; 6]);
}

#[test]
fn the_level_of_glsl_is_no_more_than_the_hosts() {
    let level = |glsl_level| {
        Caps::new(
            &host(),
            &formats(),
            &Features {
                glsl_level,
                ..Features::default()
            },
        )
        .glsl_level
    };
    assert_eq!([0, 330, 460].map(level), [140, 330, 450]);
}

#[test]
fn the_software_rasterizer_is_told_in_capitals() {
    let caps = Caps::new(&host(), &formats(), &Features::default());
    assert_eq!(caps.renderer, "pixbridge on LLVMPIPE (LLVM 15.0.6, 256 bits)");
}

#[test]
fn long_renderer_names_are_cut_between_characters() {
    let long = HostLimits {
        renderer: "ü".repeat(60),
        ..host()
    };
    let set = Caps::new(&long, &formats(), &Features::default()).capset2();
    let name = &set[696..760];
    let end = name.iter().position(|&byte| byte == 0).unwrap();
    assert_eq!(
        std::str::from_utf8(&name[..end]).unwrap().chars().count(),
        13 + 25
    );
}

#[test]
fn samples_are_a_byte_each() {
    let words = SamplePositions::default().words();
    assert_eq!(words[0], 0x0000_44cc);
    assert_eq!(words[1], 0xae2a_e662);
    assert_eq!(words[2..4], [0x53d9_7b95, 0xf1bf_173d]);
    assert_eq!(words[4] & 0xff, 0x99);
}

#[test]
fn masks_have_no_room_beyond_512_formats() {
    let mask: FormatMask = [Format(0), Format(511), Format(512), Format(u32::MAX)]
        .into_iter()
        .collect();
    assert_eq!(mask.iter().collect::<Vec<_>>(), [Format(0), Format(511)]);
    assert!(!mask.contains(Format(512)));
}

#[test]
fn scarce_bindings_are_for_fragment_and_compute_shaders_first() {
    let host = HostLimits {
        image_uniforms: [8; 6],
        image_units: 8,
        storage_buffer_bindings: 20,
        ..host()
    };
    assert_eq!(host.image_slots(), [0, 8, 0, 0, 0, 8]);
    assert_eq!(host.storage_slots(), [3, 8, 3, 3, 3, 8]);
}
