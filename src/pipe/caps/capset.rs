//! The capability sets as bytes.
//!
//! Layout: `virgl_caps_v1` and `virgl_caps_v2` in virglrenderer's `virgl_hw.h`. Set 2 begins with all of set 1.

use super::{FormatMask, PerStage};

/// Bytes of capability set 1.
pub const CAPSET1_BYTES: usize = 308;
/// Bytes of capability set 2.
pub const CAPSET2_BYTES: usize = 1408;

/// Bytes of the table of video codecs, of which there are none.
const VIDEO_CAPS_BYTES: usize = 32 * 16;

/// All fields of the capability sets, in their order.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Caps {
    pub sampler: FormatMask,
    pub render: FormatMask,
    pub vertex_buffer: FormatMask,
    pub bset: u32,
    pub glsl_level: u32,
    pub max_texture_array_layers: u32,
    pub max_streamout_buffers: u32,
    pub max_dual_source_render_targets: u32,
    pub max_render_targets: u32,
    pub max_samples: u32,
    /// Bit n: primitive n of the wire can be drawn.
    pub primitives: u32,
    pub max_texture_buffer_texels: u32,
    /// Constant buffers of a stage, the default one included.
    pub max_uniform_blocks: u32,
    pub max_viewports: u32,
    pub max_texture_gather_components: u32,

    pub aliased_point_size: [f32; 2],
    pub smooth_point_size: [f32; 2],
    pub aliased_line_width: [f32; 2],
    pub smooth_line_width: [f32; 2],
    pub max_texture_lod_bias: f32,
    pub max_geometry_output_vertices: u32,
    pub max_geometry_total_output_components: u32,
    pub max_vertex_outputs: u32,
    pub max_vertex_attribs: u32,
    pub max_patch_varyings: u32,
    pub texel_offset: [i32; 2],
    pub gather_offset: [i32; 2],
    pub texture_buffer_offset_alignment: u32,
    pub uniform_buffer_offset_alignment: u32,
    pub shader_buffer_offset_alignment: u32,
    pub capability_bits: u32,
    pub sample_locations: [u32; 8],
    pub max_vertex_attrib_stride: u32,
    pub max_shader_buffers_fragment_compute: u32,
    pub max_shader_buffers_other_stages: u32,
    pub max_shader_images_fragment_compute: u32,
    pub max_shader_images_other_stages: u32,
    pub max_image_samples: u32,
    pub max_compute_invocations: u32,
    pub max_compute_shared_bytes: u32,
    pub max_compute_grid: [u32; 3],
    pub max_compute_block: [u32; 3],
    pub max_texture_2d_size: u32,
    pub max_texture_3d_size: u32,
    pub max_texture_cube_size: u32,
    pub max_combined_shader_buffers: u32,
    pub max_atomic_counters: PerStage,
    pub max_atomic_counter_buffers: PerStage,
    pub max_combined_atomic_counters: u32,
    pub max_combined_atomic_counter_buffers: u32,
    pub host_feature_check_version: u32,
    pub readback: FormatMask,
    pub scanout: FormatMask,
    pub capability_bits2: u32,
    /// In MiB; valid with its own capability bit only.
    pub max_video_memory: u32,
    /// At most 63 bytes of it are sent.
    pub renderer: String,
    pub max_anisotropy: f32,
    pub max_texture_samplers: u32,
    pub multisample: FormatMask,
    pub max_const_buffer_bytes: PerStage,
    pub max_uniform_block_bytes: u32,
    pub max_tess_control_outputs: u32,
    pub max_tess_evaluation_outputs: u32,
    pub max_storage_blocks: PerStage,
}

impl Caps {
    /// Capability set 1.
    pub fn capset1(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(CAPSET1_BYTES);
        self.write_set1(1, &mut writer);
        writer.0
    }

    /// Capability set 2.
    pub fn capset2(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(CAPSET2_BYTES);
        self.write_set1(2, &mut writer);
        self.write_rasterization(&mut writer);
        self.write_shading(&mut writer);
        self.write_formats_and_names(&mut writer);
        self.write_stages(&mut writer);
        writer.0
    }

    fn write_set1(&self, version: u32, to: &mut Writer) {
        to.u32(version);
        to.mask(&self.sampler);
        to.mask(&self.render);
        // Clients look for depth and stencil formats among the samplers.
        to.mask(&FormatMask::default());
        to.mask(&self.vertex_buffer);
        to.u32(self.bset);
        to.u32(self.glsl_level);
        to.u32(self.max_texture_array_layers);
        to.u32(self.max_streamout_buffers);
        to.u32(self.max_dual_source_render_targets);
        to.u32(self.max_render_targets);
        to.u32(self.max_samples);
        to.u32(self.primitives);
        to.u32(self.max_texture_buffer_texels);
        to.u32(self.max_uniform_blocks);
        to.u32(self.max_viewports);
        to.u32(self.max_texture_gather_components);
    }

    fn write_rasterization(&self, to: &mut Writer) {
        to.f32s(&self.aliased_point_size);
        to.f32s(&self.smooth_point_size);
        to.f32s(&self.aliased_line_width);
        to.f32s(&self.smooth_line_width);
        to.f32s(&[self.max_texture_lod_bias]);
        to.u32(self.max_geometry_output_vertices);
        to.u32(self.max_geometry_total_output_components);
        to.u32(self.max_vertex_outputs);
        to.u32(self.max_vertex_attribs);
        to.u32(self.max_patch_varyings);
        to.i32s(&self.texel_offset);
        to.i32s(&self.gather_offset);
        to.u32(self.texture_buffer_offset_alignment);
        to.u32(self.uniform_buffer_offset_alignment);
        to.u32(self.shader_buffer_offset_alignment);
        to.u32(self.capability_bits);
        to.u32s(&self.sample_locations);
        to.u32(self.max_vertex_attrib_stride);
    }

    fn write_shading(&self, to: &mut Writer) {
        to.u32(self.max_shader_buffers_fragment_compute);
        to.u32(self.max_shader_buffers_other_stages);
        to.u32(self.max_shader_images_fragment_compute);
        to.u32(self.max_shader_images_other_stages);
        to.u32(self.max_image_samples);
        to.u32(self.max_compute_invocations);
        to.u32(self.max_compute_shared_bytes);
        to.u32s(&self.max_compute_grid);
        to.u32s(&self.max_compute_block);
        to.u32(self.max_texture_2d_size);
        to.u32(self.max_texture_3d_size);
        to.u32(self.max_texture_cube_size);
        to.u32(self.max_combined_shader_buffers);
        to.u32s(&self.max_atomic_counters);
        to.u32s(&self.max_atomic_counter_buffers);
        to.u32(self.max_combined_atomic_counters);
        to.u32(self.max_combined_atomic_counter_buffers);
        to.u32(self.host_feature_check_version);
    }

    fn write_formats_and_names(&self, to: &mut Writer) {
        to.mask(&self.readback);
        to.mask(&self.scanout);
        to.u32(self.capability_bits2);
        to.u32(self.max_video_memory);
        to.text::<64>(&self.renderer);
        to.f32s(&[self.max_anisotropy]);
        to.u32(self.max_texture_samplers);
        to.mask(&self.multisample);
    }

    fn write_stages(&self, to: &mut Writer) {
        to.u32s(&self.max_const_buffer_bytes);
        to.u32(0);
        to.zeros(VIDEO_CAPS_BYTES);
        to.u32(self.max_uniform_block_bytes);
        to.u32(self.max_tess_control_outputs);
        to.u32(self.max_tess_evaluation_outputs);
        to.u32s(&self.max_storage_blocks);
    }
}

/// Appends little-endian words.
struct Writer(Vec<u8>);

impl Writer {
    fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u32s(&mut self, values: &[u32]) {
        values.iter().for_each(|&value| self.u32(value));
    }

    fn i32s(&mut self, values: &[i32]) {
        values.iter().for_each(|value| self.0.extend(value.to_le_bytes()));
    }

    fn f32s(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.0.extend(value.to_le_bytes()));
    }

    fn mask(&mut self, mask: &FormatMask) {
        self.u32s(&mask.words());
    }

    fn zeros(&mut self, bytes: usize) {
        self.0.resize(self.0.len() + bytes, 0);
    }

    /// As much of a text as fits into `N` bytes with a NUL at the end.
    fn text<const N: usize>(&mut self, text: &str) {
        let text = &text[..text.floor_char_boundary(N - 1)];
        self.0.extend(text.as_bytes());
        self.zeros(N - text.len());
    }
}
