//! What the host's GL can do, asked once.

use std::{collections::HashSet, ffi::CStr};

use super::{Gl, GlError, functions::Functions};

/// Components that `textureGather` chooses among, from ARB_texture_gather.
const MAX_PROGRAM_TEXTURE_GATHER_COMPONENTS: u32 = 0x8f9f;
/// Room for the numbers of one property; those asked for here have at most four.
const ROOM: usize = 16;

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident = $name:expr;)*) => {
        /// Version, names, extensions and limits of the host's GL. Limits are named as GL's.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Capabilities {
            /// Version of GL, at least (4, 5).
            pub version: (u32, u32),
            /// Version of GLSL as in `#version`: 450 or 460.
            pub glsl_version: u32,
            /// `GL_VERSION`.
            pub version_string: String,
            /// `GL_RENDERER`.
            pub renderer: String,
            /// `GL_VENDOR`.
            pub vendor: String,
            /// Names of all extensions.
            pub extensions: HashSet<String>,
            /// Whether seamless filtering can be chosen for each sampler.
            pub seamless_cubemap_per_texture: bool,
            /// Whether depth offsets can be clamped.
            pub polygon_offset_clamp: bool,
            /// Largest anisotropy; 1 without the extension.
            pub max_anisotropy: f32,
            /// `GL_MAX_TEXTURE_LOD_BIAS`.
            pub max_texture_lod_bias: f32,
            /// Smallest and largest size of aliased points.
            pub aliased_point_size_range: [f32; 2],
            /// Smallest and largest size of smooth points.
            pub smooth_point_size_range: [f32; 2],
            /// Narrowest and widest aliased line.
            pub aliased_line_width_range: [f32; 2],
            /// Narrowest and widest smooth line.
            pub smooth_line_width_range: [f32; 2],
            /// `GL_MIN_PROGRAM_TEXEL_OFFSET`.
            pub min_texel_offset: i32,
            /// `GL_MAX_PROGRAM_TEXEL_OFFSET`.
            pub max_texel_offset: i32,
            /// `GL_MIN_PROGRAM_TEXTURE_GATHER_OFFSET`.
            pub min_texture_gather_offset: i32,
            /// `GL_MAX_PROGRAM_TEXTURE_GATHER_OFFSET`.
            pub max_texture_gather_offset: i32,
            /// `GL_MAX_COMPUTE_WORK_GROUP_COUNT`.
            pub max_compute_work_group_count: [u32; 3],
            /// `GL_MAX_COMPUTE_WORK_GROUP_SIZE`.
            pub max_compute_work_group_size: [u32; 3],
            /// Limits of the vertex, fragment, geometry, tessellation control, tessellation evaluation and
            /// compute stage.
            pub stages: [StageLimits; 6],
            $($(#[$doc])* pub $field: u32,)*
        }

        impl Capabilities {
            fn read_limits(&mut self, f: &Functions) {
                $(self.$field = unsigned(f, $name);)*
            }
        }
    };
}

limits! {
    /// Texels of a side of 1D, 2D and rectangle textures.
    max_texture_size = glow::MAX_TEXTURE_SIZE;
    /// Texels of a side of 3D textures.
    max_3d_texture_size = glow::MAX_3D_TEXTURE_SIZE;
    /// Texels of a side of cube maps.
    max_cube_map_texture_size = glow::MAX_CUBE_MAP_TEXTURE_SIZE;
    /// Texels of a side of rectangle textures.
    max_rectangle_texture_size = glow::MAX_RECTANGLE_TEXTURE_SIZE;
    /// Layers.
    max_array_texture_layers = glow::MAX_ARRAY_TEXTURE_LAYERS;
    /// Texels of a buffer texture.
    max_texture_buffer_size = glow::MAX_TEXTURE_BUFFER_SIZE;
    /// Bytes.
    texture_buffer_offset_alignment = glow::TEXTURE_BUFFER_OFFSET_ALIGNMENT;
    /// Bytes.
    uniform_buffer_offset_alignment = glow::UNIFORM_BUFFER_OFFSET_ALIGNMENT;
    /// Bytes.
    shader_storage_buffer_offset_alignment = glow::SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT;
    /// Bytes.
    max_uniform_block_size = glow::MAX_UNIFORM_BLOCK_SIZE;
    /// Binding points.
    max_uniform_buffer_bindings = glow::MAX_UNIFORM_BUFFER_BINDINGS;
    /// Blocks of all stages.
    max_combined_uniform_blocks = glow::MAX_COMBINED_UNIFORM_BLOCKS;
    /// Texture units.
    max_combined_texture_image_units = glow::MAX_COMBINED_TEXTURE_IMAGE_UNITS;
    /// Components that `textureGather` chooses among.
    max_texture_gather_components = MAX_PROGRAM_TEXTURE_GATHER_COMPONENTS;
    /// Draw buffers.
    max_draw_buffers = glow::MAX_DRAW_BUFFERS;
    /// Colour attachments.
    max_color_attachments = glow::MAX_COLOR_ATTACHMENTS;
    /// Draw buffers with two sources.
    max_dual_source_draw_buffers = glow::MAX_DUAL_SOURCE_DRAW_BUFFERS;
    /// Pixels.
    max_framebuffer_width = glow::MAX_FRAMEBUFFER_WIDTH;
    /// Pixels.
    max_framebuffer_height = glow::MAX_FRAMEBUFFER_HEIGHT;
    /// Layers.
    max_framebuffer_layers = glow::MAX_FRAMEBUFFER_LAYERS;
    /// Samples.
    max_framebuffer_samples = glow::MAX_FRAMEBUFFER_SAMPLES;
    /// Samples of any format.
    max_samples = glow::MAX_SAMPLES;
    /// Samples of colour textures.
    max_color_texture_samples = glow::MAX_COLOR_TEXTURE_SAMPLES;
    /// Samples of depth textures.
    max_depth_texture_samples = glow::MAX_DEPTH_TEXTURE_SAMPLES;
    /// Samples of integer textures.
    max_integer_samples = glow::MAX_INTEGER_SAMPLES;
    /// Samples of images.
    max_image_samples = glow::MAX_IMAGE_SAMPLES;
    /// Viewports.
    max_viewports = glow::MAX_VIEWPORTS;
    /// Clip distances.
    max_clip_distances = glow::MAX_CLIP_DISTANCES;
    /// Cull distances.
    max_cull_distances = glow::MAX_CULL_DISTANCES;
    /// Vertex attributes.
    max_vertex_attribs = glow::MAX_VERTEX_ATTRIBS;
    /// Vertex buffer bindings.
    max_vertex_attrib_bindings = glow::MAX_VERTEX_ATTRIB_BINDINGS;
    /// Bytes.
    max_vertex_attrib_stride = glow::MAX_VERTEX_ATTRIB_STRIDE;
    /// Bytes.
    max_vertex_attrib_relative_offset = glow::MAX_VERTEX_ATTRIB_RELATIVE_OFFSET;
    /// Components.
    max_vertex_output_components = glow::MAX_VERTEX_OUTPUT_COMPONENTS;
    /// Components.
    max_varying_components = glow::MAX_VARYING_COMPONENTS;
    /// Vertices.
    max_geometry_output_vertices = glow::MAX_GEOMETRY_OUTPUT_VERTICES;
    /// Components of all vertices.
    max_geometry_total_output_components = glow::MAX_GEOMETRY_TOTAL_OUTPUT_COMPONENTS;
    /// Vertices.
    max_patch_vertices = glow::MAX_PATCH_VERTICES;
    /// Components.
    max_tess_patch_components = glow::MAX_TESS_PATCH_COMPONENTS;
    /// Components of all vertices.
    max_tess_control_total_output_components = glow::MAX_TESS_CONTROL_TOTAL_OUTPUT_COMPONENTS;
    /// Components.
    max_tess_evaluation_output_components = glow::MAX_TESS_EVALUATION_OUTPUT_COMPONENTS;
    /// Buffers.
    max_transform_feedback_buffers = glow::MAX_TRANSFORM_FEEDBACK_BUFFERS;
    /// Components.
    max_transform_feedback_interleaved_components = glow::MAX_TRANSFORM_FEEDBACK_INTERLEAVED_COMPONENTS;
    /// Vertex streams.
    max_vertex_streams = glow::MAX_VERTEX_STREAMS;
    /// Blocks of all stages.
    max_combined_shader_storage_blocks = glow::MAX_COMBINED_SHADER_STORAGE_BLOCKS;
    /// Binding points.
    max_shader_storage_buffer_bindings = glow::MAX_SHADER_STORAGE_BUFFER_BINDINGS;
    /// Units.
    max_image_units = glow::MAX_IMAGE_UNITS;
    /// Images of all stages.
    max_combined_image_uniforms = glow::MAX_COMBINED_IMAGE_UNIFORMS;
    /// Counters of all stages.
    max_combined_atomic_counters = glow::MAX_COMBINED_ATOMIC_COUNTERS;
    /// Binding points.
    max_atomic_counter_buffer_bindings = glow::MAX_ATOMIC_COUNTER_BUFFER_BINDINGS;
    /// Counter buffers of all stages.
    max_combined_atomic_counter_buffers = glow::MAX_COMBINED_ATOMIC_COUNTER_BUFFERS;
    /// Threads of a work group.
    max_compute_work_group_invocations = glow::MAX_COMPUTE_WORK_GROUP_INVOCATIONS;
    /// Bytes.
    max_compute_shared_memory_size = glow::MAX_COMPUTE_SHARED_MEMORY_SIZE;
}

/// Limits of a shader stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageLimits {
    /// Texture units.
    pub texture_image_units: u32,
    /// Components of the default uniform block.
    pub uniform_components: u32,
    /// Uniform blocks.
    pub uniform_blocks: u32,
    /// Storage blocks.
    pub shader_storage_blocks: u32,
    /// Images.
    pub image_uniforms: u32,
    /// Atomic counters.
    pub atomic_counters: u32,
    /// Atomic counter buffers.
    pub atomic_counter_buffers: u32,
}

/// GL's names of a stage's limits, in the order of [`StageLimits`].
const STAGE_NAMES: [[u32; 7]; 6] = [
    [
        glow::MAX_VERTEX_TEXTURE_IMAGE_UNITS,
        glow::MAX_VERTEX_UNIFORM_COMPONENTS,
        glow::MAX_VERTEX_UNIFORM_BLOCKS,
        glow::MAX_VERTEX_SHADER_STORAGE_BLOCKS,
        glow::MAX_VERTEX_IMAGE_UNIFORMS,
        glow::MAX_VERTEX_ATOMIC_COUNTERS,
        glow::MAX_VERTEX_ATOMIC_COUNTER_BUFFERS,
    ],
    [
        glow::MAX_TEXTURE_IMAGE_UNITS,
        glow::MAX_FRAGMENT_UNIFORM_COMPONENTS,
        glow::MAX_FRAGMENT_UNIFORM_BLOCKS,
        glow::MAX_FRAGMENT_SHADER_STORAGE_BLOCKS,
        glow::MAX_FRAGMENT_IMAGE_UNIFORMS,
        glow::MAX_FRAGMENT_ATOMIC_COUNTERS,
        glow::MAX_FRAGMENT_ATOMIC_COUNTER_BUFFERS,
    ],
    [
        glow::MAX_GEOMETRY_TEXTURE_IMAGE_UNITS,
        glow::MAX_GEOMETRY_UNIFORM_COMPONENTS,
        glow::MAX_GEOMETRY_UNIFORM_BLOCKS,
        glow::MAX_GEOMETRY_SHADER_STORAGE_BLOCKS,
        glow::MAX_GEOMETRY_IMAGE_UNIFORMS,
        glow::MAX_GEOMETRY_ATOMIC_COUNTERS,
        glow::MAX_GEOMETRY_ATOMIC_COUNTER_BUFFERS,
    ],
    [
        glow::MAX_TESS_CONTROL_TEXTURE_IMAGE_UNITS,
        glow::MAX_TESS_CONTROL_UNIFORM_COMPONENTS,
        glow::MAX_TESS_CONTROL_UNIFORM_BLOCKS,
        glow::MAX_TESS_CONTROL_SHADER_STORAGE_BLOCKS,
        glow::MAX_TESS_CONTROL_IMAGE_UNIFORMS,
        glow::MAX_TESS_CONTROL_ATOMIC_COUNTERS,
        glow::MAX_TESS_CONTROL_ATOMIC_COUNTER_BUFFERS,
    ],
    [
        glow::MAX_TESS_EVALUATION_TEXTURE_IMAGE_UNITS,
        glow::MAX_TESS_EVALUATION_UNIFORM_COMPONENTS,
        glow::MAX_TESS_EVALUATION_UNIFORM_BLOCKS,
        glow::MAX_TESS_EVALUATION_SHADER_STORAGE_BLOCKS,
        glow::MAX_TESS_EVALUATION_IMAGE_UNIFORMS,
        glow::MAX_TESS_EVALUATION_ATOMIC_COUNTERS,
        glow::MAX_TESS_EVALUATION_ATOMIC_COUNTER_BUFFERS,
    ],
    [
        glow::MAX_COMPUTE_TEXTURE_IMAGE_UNITS,
        glow::MAX_COMPUTE_UNIFORM_COMPONENTS,
        glow::MAX_COMPUTE_UNIFORM_BLOCKS,
        glow::MAX_COMPUTE_SHADER_STORAGE_BLOCKS,
        glow::MAX_COMPUTE_IMAGE_UNIFORMS,
        glow::MAX_COMPUTE_ATOMIC_COUNTERS,
        glow::MAX_COMPUTE_ATOMIC_COUNTER_BUFFERS,
    ],
];

impl Capabilities {
    /// Asks the current context.
    ///
    /// # Errors
    /// If it is not desktop GL 4.5 or newer.
    pub(super) fn probe(f: &Functions) -> Result<Self, GlError> {
        let version_string = string(f, glow::VERSION);
        let version = parse_version(&version_string)
            .filter(|version| *version >= (4, 5))
            .ok_or_else(|| GlError::Version(version_string.clone()))?;
        let mut this = Self {
            version,
            glsl_version: version.0 * 100 + version.1 * 10,
            version_string,
            renderer: string(f, glow::RENDERER),
            vendor: string(f, glow::VENDOR),
            extensions: extensions(f),
            ..Self::default()
        };
        this.read_limits(f);
        this.read_ranges(f);
        this.stages = STAGE_NAMES.map(|names| stage(f, names));
        this.seamless_cubemap_per_texture = this.has("GL_ARB_seamless_cubemap_per_texture")
            || this.has("GL_AMD_seamless_cubemap_per_texture");
        this.polygon_offset_clamp = version >= (4, 6)
            || this.has("GL_ARB_polygon_offset_clamp")
            || this.has("GL_EXT_polygon_offset_clamp");
        // Names that this GL does not know have recorded errors; their limits are 0.
        while f.GetError() != glow::NO_ERROR {}
        Ok(this)
    }

    /// Whether the host has an extension, by its full name.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.contains(extension)
    }

    /// Whether the renderer is one of Mesa's that draw with the CPU: when it has finished, pixels are in memory, but nothing
    /// in the kernel tells others to wait until then.
    pub fn draws_with_cpu(&self) -> bool {
        ["llvmpipe", "softpipe", "swrast"]
            .iter()
            .any(|name| self.renderer.starts_with(name))
    }

    fn read_ranges(&mut self, f: &Functions) {
        let anisotropic = self.version >= (4, 6)
            || self.has("GL_ARB_texture_filter_anisotropic")
            || self.has("GL_EXT_texture_filter_anisotropic");
        self.max_anisotropy = if anisotropic {
            floats(f, glow::MAX_TEXTURE_MAX_ANISOTROPY_EXT)[0]
        } else {
            1.0
        };
        self.max_texture_lod_bias = floats(f, glow::MAX_TEXTURE_LOD_BIAS)[0];
        self.smooth_point_size_range = floats(f, glow::SMOOTH_POINT_SIZE_RANGE);
        self.aliased_point_size_range = match floats(f, glow::ALIASED_POINT_SIZE_RANGE) {
            // The core profile knows one range only.
            [_, 0.0] => self.smooth_point_size_range,
            range => range,
        };
        self.aliased_line_width_range = floats(f, glow::ALIASED_LINE_WIDTH_RANGE);
        self.smooth_line_width_range = floats(f, glow::SMOOTH_LINE_WIDTH_RANGE);
        self.min_texel_offset = integer(f, glow::MIN_PROGRAM_TEXEL_OFFSET);
        self.max_texel_offset = integer(f, glow::MAX_PROGRAM_TEXEL_OFFSET);
        self.min_texture_gather_offset = integer(f, glow::MIN_PROGRAM_TEXTURE_GATHER_OFFSET);
        self.max_texture_gather_offset = integer(f, glow::MAX_PROGRAM_TEXTURE_GATHER_OFFSET);
        self.max_compute_work_group_count = indexed(f, glow::MAX_COMPUTE_WORK_GROUP_COUNT);
        self.max_compute_work_group_size = indexed(f, glow::MAX_COMPUTE_WORK_GROUP_SIZE);
    }
}

impl Gl {
    /// What GL tells of an internal format, as `GL_FRAMEBUFFER_RENDERABLE`; 0 if it tells nothing.
    pub fn internal_format(&self, target: u32, internal: u32, name: u32) -> i32 {
        let mut value = [0];
        self.internal_format_values(target, internal, name, &mut value);
        value[0]
    }

    /// As [`Gl::internal_format`], for lists as `GL_SAMPLES`; what GL does not fill in keeps its value.
    pub fn internal_format_values(&self, target: u32, internal: u32, name: u32, values: &mut [i32]) {
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        // SAFETY: GL writes at most `count` numbers, and there is room for so many.
        unsafe {
            self.f()
                .GetInternalformativ(target, internal, name, count, values.as_mut_ptr())
        };
    }
}

fn stage(f: &Functions, names: [u32; 7]) -> StageLimits {
    let [
        textures,
        components,
        blocks,
        storage,
        images,
        counters,
        counter_buffers,
    ] = names.map(|name| unsigned(f, name));
    StageLimits {
        texture_image_units: textures,
        uniform_components: components,
        uniform_blocks: blocks,
        shader_storage_blocks: storage,
        image_uniforms: images,
        atomic_counters: counters,
        atomic_counter_buffers: counter_buffers,
    }
}

/// Major and minor number at the start of desktop GL's version string.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let numbers = text.split(' ').next()?;
    let mut numbers = numbers.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn text(address: *const u8) -> String {
    if address.is_null() {
        return String::new();
    }
    // SAFETY: GL's strings end with a zero and live as long as the context.
    let text = unsafe { CStr::from_ptr(address.cast()) };
    text.to_string_lossy().into_owned()
}

fn string(f: &Functions, name: u32) -> String {
    // SAFETY: no memory of ours is touched.
    text(unsafe { f.GetString(name) })
}

fn extensions(f: &Functions) -> HashSet<String> {
    let count = unsigned(f, glow::NUM_EXTENSIONS);
    let name = |index| {
        // SAFETY: no memory of ours is touched.
        text(unsafe { f.GetStringi(glow::EXTENSIONS, index) })
    };
    (0..count).map(name).collect()
}

fn integer(f: &Functions, name: u32) -> i32 {
    let mut values = [0; ROOM];
    // SAFETY: there is room for the numbers of each property asked for.
    unsafe { f.GetIntegerv(name, values.as_mut_ptr()) };
    values[0]
}

fn unsigned(f: &Functions, name: u32) -> u32 {
    u32::try_from(integer(f, name)).unwrap_or(0)
}

fn floats(f: &Functions, name: u32) -> [f32; 2] {
    let mut values = [0.0; ROOM];
    // SAFETY: there is room for the numbers of each property asked for.
    unsafe { f.GetFloatv(name, values.as_mut_ptr()) };
    [values[0], values[1]]
}

fn indexed(f: &Functions, name: u32) -> [u32; 3] {
    [0, 1, 2].map(|index| {
        let mut values = [0; ROOM];
        // SAFETY: there is room for the number.
        unsafe { f.GetIntegeri_v(name, index, values.as_mut_ptr()) };
        u32::try_from(values[0]).unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desktop_versions_are_read_and_others_are_not() {
        assert_eq!(parse_version("4.5 (Core Profile) Mesa 22.3.6"), Some((4, 5)));
        assert_eq!(parse_version("4.6.0 NVIDIA 550.54"), Some((4, 6)));
        assert_eq!(parse_version("OpenGL ES 3.2 Mesa 22.3.6"), None);
        assert_eq!(parse_version(""), None);
    }
}
