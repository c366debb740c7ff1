//! How many of each thing the protocol has room for. What a renderer offers is told by its capability set.

/// Vertex buffers, and vertex elements.
pub const VERTEX_BUFFERS: usize = 32;
/// Colour buffers of a framebuffer.
pub const COLOR_BUFFERS: usize = 8;
/// Constant or uniform buffers of a stage.
pub const UNIFORM_BUFFERS: usize = 32;
/// Sampler states of a stage.
pub const SAMPLERS: usize = 32;
/// Sampler views of a stage.
pub const SAMPLER_VIEWS: usize = 128;
/// Shader storage buffers of a stage.
pub const SHADER_BUFFERS: usize = 32;
/// Images of a stage.
pub const SHADER_IMAGES: usize = 32;
/// Atomic counter buffers.
pub const ATOMIC_BUFFERS: usize = 32;
/// Viewports, and scissors.
pub const VIEWPORTS: usize = 16;
/// User clip planes.
pub const CLIP_PLANES: usize = 8;
/// Targets that SET_STREAMOUT_TARGETS may name.
pub const STREAMOUT_TARGETS: usize = 16;
/// Outputs that a shader may capture.
pub const STREAM_OUTPUTS: usize = 64;
