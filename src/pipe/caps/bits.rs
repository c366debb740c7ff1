//! The flag words of the capability sets: `virgl_hw.h` of virglrenderer.

/// `bset` of capability set 1.
pub(super) mod bset {
    pub(crate) const INDEP_BLEND_ENABLE: u32 = 1 << 0;
    pub(crate) const INDEP_BLEND_FUNC: u32 = 1 << 1;
    pub(crate) const CUBE_MAP_ARRAY: u32 = 1 << 2;
    pub(crate) const SHADER_STENCIL_EXPORT: u32 = 1 << 3;
    pub(crate) const CONDITIONAL_RENDER: u32 = 1 << 4;
    pub(crate) const START_INSTANCE: u32 = 1 << 5;
    pub(crate) const PRIMITIVE_RESTART: u32 = 1 << 6;
    pub(crate) const BLEND_EQ_SEP: u32 = 1 << 7;
    pub(crate) const INSTANCE_ID: u32 = 1 << 8;
    pub(crate) const INSTANCE_DIVISOR: u32 = 1 << 9;
    pub(crate) const SEAMLESS_CUBE_MAP: u32 = 1 << 10;
    pub(crate) const OCCLUSION_QUERY: u32 = 1 << 11;
    pub(crate) const TIMER_QUERY: u32 = 1 << 12;
    pub(crate) const STREAMOUT_PAUSE_RESUME: u32 = 1 << 13;
    pub(crate) const TEXTURE_MULTISAMPLE: u32 = 1 << 14;
    pub(crate) const DEPTH_CLIP_DISABLE: u32 = 1 << 16;
    pub(crate) const SEAMLESS_CUBE_MAP_PER_TEXTURE: u32 = 1 << 17;
    pub(crate) const POLY_STIPPLE: u32 = 1 << 20;
    pub(crate) const MIRROR_CLAMP: u32 = 1 << 21;
    pub(crate) const TEXTURE_QUERY_LOD: u32 = 1 << 22;
    pub(crate) const FP64: u32 = 1 << 23;
    pub(crate) const TESSELLATION_SHADERS: u32 = 1 << 24;
    pub(crate) const INDIRECT_DRAW: u32 = 1 << 25;
    pub(crate) const SAMPLE_SHADING: u32 = 1 << 26;
    pub(crate) const CULL: u32 = 1 << 27;
    pub(crate) const CONDITIONAL_RENDER_INVERTED: u32 = 1 << 28;
    pub(crate) const DERIVATIVE_CONTROL: u32 = 1 << 29;
    pub(crate) const POLYGON_OFFSET_CLAMP: u32 = 1 << 30;
    pub(crate) const TRANSFORM_FEEDBACK_OVERFLOW_QUERY: u32 = 1 << 31;
}

/// `capability_bits` of capability set 2.
pub(super) mod capability {
    pub(crate) const TGSI_INVARIANT: u32 = 1 << 0;
    pub(crate) const TEXTURE_VIEW: u32 = 1 << 1;
    pub(crate) const SET_MIN_SAMPLES: u32 = 1 << 2;
    pub(crate) const COPY_IMAGE: u32 = 1 << 3;
    pub(crate) const TGSI_PRECISE: u32 = 1 << 4;
    pub(crate) const TXQS: u32 = 1 << 5;
    pub(crate) const MEMORY_BARRIER: u32 = 1 << 6;
    pub(crate) const COMPUTE_SHADER: u32 = 1 << 7;
    pub(crate) const FB_NO_ATTACH: u32 = 1 << 8;
    pub(crate) const ROBUST_BUFFER_ACCESS: u32 = 1 << 9;
    pub(crate) const TGSI_FBFETCH: u32 = 1 << 10;
    pub(crate) const SHADER_CLOCK: u32 = 1 << 11;
    pub(crate) const TEXTURE_BARRIER: u32 = 1 << 12;
    pub(crate) const TGSI_COMPONENTS: u32 = 1 << 13;
    pub(crate) const SRGB_WRITE_CONTROL: u32 = 1 << 15;
    pub(crate) const QBO: u32 = 1 << 16;
    pub(crate) const TRANSFER: u32 = 1 << 17;
    pub(crate) const FBO_MIXED_COLOR_FORMATS: u32 = 1 << 18;
    pub(crate) const MULTI_DRAW_INDIRECT: u32 = 1 << 21;
    pub(crate) const INDIRECT_PARAMS: u32 = 1 << 22;
    pub(crate) const TRANSFORM_FEEDBACK3: u32 = 1 << 23;
    pub(crate) const INDIRECT_INPUT_ADDR: u32 = 1 << 25;
    pub(crate) const COPY_TRANSFER: u32 = 1 << 26;
    pub(crate) const CLIP_HALFZ: u32 = 1 << 27;
    pub(crate) const APP_TWEAK_SUPPORT: u32 = 1 << 28;
    pub(crate) const CLEAR_TEXTURE: u32 = 1 << 30;
}

/// `capability_bits_v2` of capability set 2.
pub(super) mod capability2 {
    pub(crate) const STRING_MARKER: u32 = 1 << 4;
    pub(crate) const TEXTURE_SHADOW_LOD: u32 = 1 << 10;
    pub(crate) const VS_VERTEX_LAYER: u32 = 1 << 11;
    pub(crate) const VS_VIEWPORT_INDEX: u32 = 1 << 12;
    pub(crate) const PIPELINE_STATISTICS_QUERY: u32 = 1 << 13;
    pub(crate) const DRAW_PARAMETERS: u32 = 1 << 14;
    pub(crate) const GROUP_VOTE: u32 = 1 << 15;
    pub(crate) const MIRROR_CLAMP_TO_EDGE: u32 = 1 << 16;
    pub(crate) const MIRROR_CLAMP: u32 = 1 << 17;
}
