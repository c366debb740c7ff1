//! What the host's GL can do, as far as capability sets speak of it.

use crate::pipe::wire::virgl::enums::Stage;

/// Slots for buffers and images in the protocol.
pub(super) const MAX_SLOTS: u32 = 32;

/// A value per shader stage, by the wire's stage numbers.
pub type PerStage = [u32; Stage::ALL.len()];

/// Limits and names of the host's GL. Desktop core profile, 4.5 or later.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct HostLimits {
    /// `GL_RENDERER`.
    pub renderer: String,
    /// GLSL version of the host, such as 450.
    pub glsl_version: u32,

    pub texture_2d_size: u32,
    pub texture_3d_size: u32,
    pub texture_cube_size: u32,
    pub array_texture_layers: u32,
    pub texture_buffer_texels: u32,
    pub texture_buffer_offset_alignment: u32,
    pub texture_lod_bias: f32,
    /// 1 without anisotropic filtering.
    pub anisotropy: f32,
    pub texel_offset: [i32; 2],
    pub gather_offset: [i32; 2],
    /// `GL_MAX_SAMPLES`.
    pub samples: u32,
    pub sample_positions: SamplePositions,

    pub draw_buffers: u32,
    pub dual_source_draw_buffers: u32,
    pub viewports: u32,
    pub transform_feedback_buffers: u32,

    pub aliased_point_size: [f32; 2],
    pub smooth_point_size: [f32; 2],
    pub aliased_line_width: [f32; 2],
    pub smooth_line_width: [f32; 2],

    pub vertex_attribs: u32,
    pub vertex_attrib_stride: u32,
    pub vertex_output_components: u32,
    pub geometry_output_vertices: u32,
    pub geometry_total_output_components: u32,
    pub tess_patch_components: u32,
    pub tess_control_total_output_components: u32,
    pub tess_evaluation_output_components: u32,

    /// Texture units of the stage with the fewest.
    pub stage_texture_units: u32,
    pub combined_texture_units: u32,
    /// Uniform blocks of the stage with the fewest.
    pub stage_uniform_blocks: u32,
    pub uniform_buffer_bindings: u32,
    pub uniform_block_bytes: u32,
    pub uniform_buffer_offset_alignment: u32,

    pub storage_blocks: PerStage,
    pub combined_storage_blocks: u32,
    pub storage_buffer_bindings: u32,
    pub storage_buffer_offset_alignment: u32,
    pub image_uniforms: PerStage,
    pub image_units: u32,
    pub image_samples: u32,
    pub atomic_counters: PerStage,
    pub combined_atomic_counters: u32,
    pub atomic_counter_buffers: PerStage,
    pub combined_atomic_counter_buffers: u32,
    pub atomic_counter_buffer_bindings: u32,

    pub compute_invocations: u32,
    pub compute_shared_bytes: u32,
    pub compute_grid: [u32; 3],
    pub compute_block: [u32; 3],

    /// ARB_seamless_cubemap_per_texture or AMD_seamless_cubemap_per_texture.
    pub seamless_cube_per_texture: bool,
    /// EXT_texture_mirror_clamp or ATI_texture_mirror_once.
    pub mirror_clamp: bool,
    /// GL 4.6 or a polygon_offset_clamp extension.
    pub polygon_offset_clamp: bool,
}

impl HostLimits {
    /// Constant buffers of a stage, the default one included, if each of the six stages has uniform block bindings of
    /// its own.
    ///
    /// That is all that the host has, and clients need 15 for GL 4.3. So a shader that reads every one of them, and
    /// what we add for draws too, does not link on hosts with no more than 15.
    pub fn constant_buffers_per_stage(&self) -> u32 {
        let bindings = self.uniform_buffer_bindings / Stage::ALL.len() as u32;
        self.stage_uniform_blocks.min(bindings).min(32)
    }

    /// Storage blocks of each stage that have bindings.
    pub fn storage_slots(&self) -> PerStage {
        divided(self.storage_blocks, self.storage_buffer_bindings)
    }

    /// Images of each stage that have units.
    pub fn image_slots(&self) -> PerStage {
        divided(self.image_uniforms, self.image_units)
    }

    /// Counter buffers, which are the same for all stages.
    pub fn atomic_buffers(&self) -> u32 {
        self.atomic_counter_buffer_bindings.min(MAX_SLOTS)
    }

    /// Samplers of a stage, if each of the six stages has texture units of its own.
    pub fn samplers_per_stage(&self) -> u32 {
        let units = self.combined_texture_units / Stage::ALL.len() as u32;
        self.stage_texture_units.min(units).min(32)
    }
}

/// Divides bindings among the stages that draw: fragment shaders have as many as they can, what is left is for the others,
/// of which clients learn one number. Compute shaders have bindings in common with them, as they run alone.
fn divided(limits: PerStage, bindings: u32) -> PerStage {
    let limit = |stage: Stage| limits[stage as usize].min(bindings).min(MAX_SLOTS);
    let (fragment, compute) = (limit(Stage::Fragment), limit(Stage::Compute));
    let before = [
        Stage::Vertex,
        Stage::Geometry,
        Stage::TessControl,
        Stage::TessEval,
    ];
    let left = (bindings - fragment) / before.len() as u32;
    let others = before.into_iter().map(limit).fold(left, u32::min);
    let mut divided = [others; Stage::ALL.len()];
    divided[Stage::Fragment as usize] = fragment;
    divided[Stage::Compute as usize] = compute;
    divided
}

/// Where the samples of a pixel are, 0 to 1 in both directions.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct SamplePositions {
    pub two: [[f32; 2]; 2],
    pub four: [[f32; 2]; 4],
    pub eight: [[f32; 2]; 8],
    pub sixteen: [[f32; 2]; 16],
}

impl SamplePositions {
    /// The eight words of the capability set: a byte per sample, sixteenths of x in the high half and of y in the low.
    pub(super) fn words(&self) -> [u32; 8] {
        let mut bytes = [0; 32];
        let samples = [
            (0, &self.two[..]),
            (4, &self.four),
            (8, &self.eight),
            (16, &self.sixteen),
        ];
        for (start, positions) in samples {
            for (byte, &[x, y]) in bytes[start..].iter_mut().zip(positions) {
                *byte = sixteenths(x) << 4 | sixteenths(y);
            }
        }
        let (words, _) = bytes.as_chunks();
        std::array::from_fn(|word| u32::from_le_bytes(words[word]))
    }
}

fn sixteenths(position: f32) -> u8 {
    (position * 16.0).clamp(0.0, 15.0) as u8
}

/// The patterns that Direct3D 11 prescribes and that most GL drivers have, too.
impl Default for SamplePositions {
    fn default() -> Self {
        let from_center = |[x, y]: [i8; 2]| [x, y].map(|offset| 0.5 + f32::from(offset) / 16.0);
        Self {
            two: [[4, 4], [-4, -4]].map(from_center),
            four: [[-2, -6], [6, -2], [-6, 2], [2, 6]].map(from_center),
            eight: [
                [1, -3],
                [-1, 3],
                [5, 1],
                [-3, -5],
                [-5, 5],
                [-7, -1],
                [3, 7],
                [7, -7],
            ]
            .map(from_center),
            sixteen: [
                [1, 1],
                [-1, -3],
                [-3, 2],
                [4, -1],
                [-5, -2],
                [2, 5],
                [5, 3],
                [3, -5],
                [-2, 6],
                [0, -7],
                [-4, -6],
                [-6, 4],
                [-8, 0],
                [7, -4],
                [6, 7],
                [-7, -8],
            ]
            .map(from_center),
        }
    }
}
