//! From what the host can do to what the client is told.

use super::{
    Caps, FormatMask, FormatSupport, HostLimits, PerStage,
    bits::{bset, capability, capability2},
    limits::MAX_SLOTS,
};
use crate::pipe::{
    format::Format,
    glsl::MAX_SHARED_BYTES,
    wire::virgl::enums::{Primitive, Stage},
};

/// Later GL features that the executor carries out. All off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Features {
    /// The GLSL version of the client; at least 140 is told. From 150 on geometry shaders are expected.
    pub glsl_level: u32,
    /// With them come adjacency primitives, several viewports and vertex streams.
    pub geometry_shaders: bool,
    pub tessellation: bool,
    pub compute: bool,
    pub storage_buffers: bool,
    pub images: bool,
    pub atomic_counters: bool,
    pub texture_gather: bool,
    pub texture_query_lod: bool,
    pub texture_query_samples: bool,
    pub texture_shadow_lod: bool,
    pub texture_barrier: bool,
    pub memory_barrier: bool,
    pub sample_shading: bool,
    pub stencil_export: bool,
    pub derivative_control: bool,
    pub cull_distance: bool,
    pub doubles: bool,
    pub indirect_inputs: bool,
    pub indirect_draw: bool,
    pub multi_draw_indirect: bool,
    /// The number of indirect draws may come from a buffer.
    pub indirect_count: bool,
    pub draw_parameters: bool,
    pub group_vote: bool,
    pub shader_clock: bool,
    /// Layer and viewport index written by vertex shaders.
    pub vertex_layer_and_viewport: bool,
    pub query_buffers: bool,
    pub pipeline_statistics: bool,
    pub transform_feedback_overflow: bool,
    pub string_marker: bool,
}

/// The protocol's feature level: the later checks of clients are answered by their own bits.
const FEATURE_VERSION: u32 = 23;
/// Viewports in the state of a client.
const MAX_VIEWPORTS: u32 = 16;
/// What clients take for granted; more does not help them.
const MAX_CONST_BUFFER_BYTES: u32 = 64 << 10;

impl Caps {
    /// What to tell a client.
    pub fn new(host: &HostLimits, formats: &FormatSupport, features: &Features) -> Self {
        let when = |on: bool, value: u32| if on { value } else { 0 };
        let (gs, tess) = (features.geometry_shaders, features.tessellation);
        let (compute, images, atomics) = (features.compute, features.images, features.atomic_counters);
        let storage_blocks = per_stage(features, features.storage_buffers, host.storage_slots());
        let image_uniforms = per_stage(features, images, host.image_slots());
        let const_buffer_bytes = host.uniform_block_bytes.min(MAX_CONST_BUFFER_BYTES);
        let atomic_buffers = host.atomic_buffers();
        let vertex = Stage::Vertex as usize;
        Self {
            sampler: formats.sampler,
            render: formats.render,
            vertex_buffer: FormatMask::from_iter([Format::R11G11B10_FLOAT]),
            bset: bset(host, features),
            glsl_level: features.glsl_level.clamp(140, host.glsl_version.max(140)),
            max_texture_array_layers: host.array_texture_layers,
            max_streamout_buffers: host.transform_feedback_buffers.min(4),
            max_dual_source_render_targets: host.dual_source_draw_buffers.min(1),
            max_render_targets: host.draw_buffers.min(8),
            max_samples: host.samples,
            primitives: primitives(features),
            max_texture_buffer_texels: host.texture_buffer_texels,
            max_uniform_blocks: host.constant_buffers_per_stage(),
            max_viewports: if gs { host.viewports.min(MAX_VIEWPORTS) } else { 1 },
            max_texture_gather_components: when(features.texture_gather, 4),

            aliased_point_size: host.aliased_point_size,
            smooth_point_size: host.smooth_point_size,
            aliased_line_width: host.aliased_line_width,
            smooth_line_width: host.smooth_line_width,
            max_texture_lod_bias: host.texture_lod_bias,
            max_geometry_output_vertices: when(gs, host.geometry_output_vertices),
            max_geometry_total_output_components: when(gs, host.geometry_total_output_components),
            max_vertex_outputs: host.vertex_output_components / 4,
            max_vertex_attribs: host.vertex_attribs.min(32),
            max_patch_varyings: when(tess, host.tess_patch_components / 4),
            texel_offset: host.texel_offset,
            gather_offset: host.gather_offset,
            texture_buffer_offset_alignment: host.texture_buffer_offset_alignment,
            uniform_buffer_offset_alignment: host.uniform_buffer_offset_alignment,
            shader_buffer_offset_alignment: host.storage_buffer_offset_alignment,
            capability_bits: capability_bits(features),
            sample_locations: host.sample_positions.words(),
            max_vertex_attrib_stride: host.vertex_attrib_stride,
            max_shader_buffers_fragment_compute: fragment_and_compute(features, storage_blocks),
            max_shader_buffers_other_stages: storage_blocks[vertex],
            max_shader_images_fragment_compute: fragment_and_compute(features, image_uniforms),
            max_shader_images_other_stages: image_uniforms[vertex],
            max_image_samples: when(images, host.image_samples),
            max_compute_invocations: when(compute, host.compute_invocations),
            max_compute_shared_bytes: when(compute, host.compute_shared_bytes.min(MAX_SHARED_BYTES)),
            max_compute_grid: host.compute_grid.map(|size| when(compute, size)),
            max_compute_block: host.compute_block.map(|size| when(compute, size)),
            max_texture_2d_size: host.texture_2d_size,
            max_texture_3d_size: host.texture_3d_size,
            max_texture_cube_size: host.texture_cube_size,
            max_combined_shader_buffers: when(
                features.storage_buffers,
                host.combined_storage_blocks.min(MAX_SLOTS),
            ),
            max_atomic_counters: per_stage(features, atomics, host.atomic_counters),
            max_atomic_counter_buffers: per_stage(
                features,
                atomics,
                host.atomic_counter_buffers
                    .map(|buffers| buffers.min(atomic_buffers)),
            ),
            max_combined_atomic_counters: when(atomics, host.combined_atomic_counters),
            max_combined_atomic_counter_buffers: when(
                atomics,
                host.combined_atomic_counter_buffers.min(atomic_buffers),
            ),
            host_feature_check_version: FEATURE_VERSION,
            readback: formats.readback,
            scanout: formats.scanout,
            capability_bits2: capability_bits2(host, features),
            max_video_memory: 0,
            renderer: renderer(&host.renderer),
            max_anisotropy: host.anisotropy.min(16.0),
            max_texture_samplers: host.samplers_per_stage(),
            multisample: formats.multisample,
            max_const_buffer_bytes: [const_buffer_bytes; 6],
            max_uniform_block_bytes: host.uniform_block_bytes,
            max_tess_control_outputs: when(tess, host.tess_control_total_output_components / 4),
            max_tess_evaluation_outputs: when(tess, host.tess_evaluation_output_components / 4),
            max_storage_blocks: storage_blocks,
        }
    }
}

/// The values of the stages that there are.
fn per_stage(features: &Features, on: bool, values: PerStage) -> PerStage {
    let mut values = values;
    for (&stage, value) in Stage::ALL.iter().zip(&mut values) {
        let exists = match stage {
            Stage::Vertex | Stage::Fragment => true,
            Stage::Geometry => features.geometry_shaders,
            Stage::TessControl | Stage::TessEval => features.tessellation,
            Stage::Compute => features.compute,
        };
        if !(on && exists) {
            *value = 0;
        }
    }
    values
}

/// What holds for fragment shaders, and for compute shaders if there are any.
fn fragment_and_compute(features: &Features, values: PerStage) -> u32 {
    let [fragment, compute] = [Stage::Fragment, Stage::Compute].map(|stage| values[stage as usize]);
    match features.compute {
        true => fragment.min(compute),
        false => fragment,
    }
}

/// Quads and polygons are not in core profiles: clients turn them into triangles.
fn primitives(features: &Features) -> u32 {
    use Primitive::*;
    let always = [
        Points,
        Lines,
        LineLoop,
        LineStrip,
        Triangles,
        TriangleStrip,
        TriangleFan,
    ];
    let adjacency = [
        LinesAdjacency,
        LineStripAdjacency,
        TrianglesAdjacency,
        TriangleStripAdjacency,
    ];
    let mask = |list: &[Primitive]| {
        list.iter()
            .fold(0, |mask, primitive| mask | 1 << primitive.to_wire())
    };
    let mut primitives = mask(&always);
    if features.geometry_shaders {
        primitives |= mask(&adjacency);
    }
    if features.tessellation {
        primitives |= mask(&[Patches]);
    }
    primitives
}

fn flags(always: u32, sometimes: &[(bool, u32)]) -> u32 {
    sometimes
        .iter()
        .fold(always, |flags, &(on, flag)| if on { flags | flag } else { flags })
}

/// Not set, as core profiles have none of it: clamping of colours, and other conventions for fragment coordinates.
fn bset(host: &HostLimits, features: &Features) -> u32 {
    use bset::*;
    let always = INDEP_BLEND_ENABLE
        | INDEP_BLEND_FUNC
        | CUBE_MAP_ARRAY
        | CONDITIONAL_RENDER
        | START_INSTANCE
        | PRIMITIVE_RESTART
        | BLEND_EQ_SEP
        | INSTANCE_ID
        | INSTANCE_DIVISOR
        | SEAMLESS_CUBE_MAP
        | OCCLUSION_QUERY
        | TIMER_QUERY
        | STREAMOUT_PAUSE_RESUME
        | TEXTURE_MULTISAMPLE
        | DEPTH_CLIP_DISABLE
        | POLY_STIPPLE
        | CONDITIONAL_RENDER_INVERTED;
    flags(
        always,
        &[
            (host.seamless_cube_per_texture, SEAMLESS_CUBE_MAP_PER_TEXTURE),
            (host.mirror_clamp, MIRROR_CLAMP),
            (host.polygon_offset_clamp, POLYGON_OFFSET_CLAMP),
            (features.stencil_export, SHADER_STENCIL_EXPORT),
            (features.texture_query_lod, TEXTURE_QUERY_LOD),
            (features.doubles, FP64),
            (features.tessellation, TESSELLATION_SHADERS),
            (features.indirect_draw, INDIRECT_DRAW),
            (features.sample_shading, SAMPLE_SHADING),
            (features.cull_distance, CULL),
            (features.derivative_control, DERIVATIVE_CONTROL),
            (
                features.transform_feedback_overflow,
                TRANSFORM_FEEDBACK_OVERFLOW_QUERY,
            ),
        ],
    )
}

fn capability_bits(features: &Features) -> u32 {
    use capability::*;
    let always = TGSI_INVARIANT
        | TEXTURE_VIEW
        | SET_MIN_SAMPLES
        | COPY_IMAGE
        | TGSI_PRECISE
        | FB_NO_ATTACH
        | TGSI_COMPONENTS
        | SRGB_WRITE_CONTROL
        | TRANSFER
        | FBO_MIXED_COLOR_FORMATS
        | COPY_TRANSFER
        | CLIP_HALFZ
        | APP_TWEAK_SUPPORT
        | CLEAR_TEXTURE;
    flags(
        always,
        &[
            (features.texture_query_samples, TXQS),
            (features.memory_barrier, MEMORY_BARRIER),
            (features.compute, COMPUTE_SHADER),
            (features.shader_clock, SHADER_CLOCK),
            (features.texture_barrier, TEXTURE_BARRIER),
            (features.query_buffers, QBO),
            (features.multi_draw_indirect, MULTI_DRAW_INDIRECT),
            (features.indirect_count, INDIRECT_PARAMS),
            (features.geometry_shaders, TRANSFORM_FEEDBACK3),
            (features.indirect_inputs, INDIRECT_INPUT_ADDR),
        ],
    )
}

fn capability_bits2(host: &HostLimits, features: &Features) -> u32 {
    use capability2::*;
    flags(
        MIRROR_CLAMP_TO_EDGE,
        &[
            (host.mirror_clamp, MIRROR_CLAMP),
            (features.string_marker, STRING_MARKER),
            (features.texture_shadow_lod, TEXTURE_SHADOW_LOD),
            (
                features.vertex_layer_and_viewport,
                VS_VERTEX_LAYER | VS_VIEWPORT_INDEX,
            ),
            (features.pipeline_statistics, PIPELINE_STATISTICS_QUERY),
            (features.draw_parameters, DRAW_PARAMETERS),
            (features.group_vote, GROUP_VOTE),
        ],
    )
}

/// X servers' glamor turns away renderers with the lower-case name of the software rasterizer.
fn renderer(host: &str) -> String {
    format!("pixbridge on {host}").replace("llvmpipe", "LLVMPIPE")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
