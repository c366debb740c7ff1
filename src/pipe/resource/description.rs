//! What a client says about a resource when it creates one.

use super::{Dimensions, ResourceError};
use crate::pipe::{format::Format, wire::virgl::enums::TextureTarget};

/// Bind flags of the wire (`VIRGL_BIND_*` of `virgl_hw.h`): what a resource is for at first.
#[allow(missing_docs)]
pub mod bind {
    pub const DEPTH_STENCIL: u32 = 1 << 0;
    pub const RENDER_TARGET: u32 = 1 << 1;
    pub const SAMPLER_VIEW: u32 = 1 << 3;
    pub const VERTEX_BUFFER: u32 = 1 << 4;
    pub const INDEX_BUFFER: u32 = 1 << 5;
    pub const CONSTANT_BUFFER: u32 = 1 << 6;
    pub const DISPLAY_TARGET: u32 = 1 << 7;
    pub const COMMAND_ARGS: u32 = 1 << 8;
    pub const STREAM_OUTPUT: u32 = 1 << 11;
    pub const SHADER_BUFFER: u32 = 1 << 14;
    pub const QUERY_BUFFER: u32 = 1 << 15;
    pub const CURSOR: u32 = 1 << 16;
    pub const CUSTOM: u32 = 1 << 17;
    pub const SCANOUT: u32 = 1 << 18;
    pub const STAGING: u32 = 1 << 19;
    pub const SHARED: u32 = 1 << 20;
    pub const LINEAR: u32 = 1 << 22;
}

/// The words of RESOURCE_CREATE, and the flags that only other transports can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceDescription {
    /// Texture target, as sent.
    pub target: u32,
    /// Format.
    pub format: Format,
    /// Bind flags, see [`bind`].
    pub bind: u32,
    /// Width in texels; bytes of a buffer.
    pub width: u32,
    /// Height in texels.
    pub height: u32,
    /// Depth in texels.
    pub depth: u32,
    /// Layers of arrays, six for each cube.
    pub array_size: u32,
    /// Number of the last level.
    pub last_level: u32,
    /// Samples per texel; 0 and 1 mean one.
    pub samples: u32,
    /// Resource flags.
    pub flags: u32,
}

impl ResourceDescription {
    /// The sizes, with the target as a typed value.
    ///
    /// # Errors
    /// If no target has the number.
    pub fn dimensions(&self) -> Result<Dimensions, ResourceError> {
        let target =
            TextureTarget::from_wire(self.target).ok_or(ResourceError::Target { target: self.target })?;
        Ok(Dimensions {
            target,
            format: self.format,
            width: self.width,
            height: self.height,
            depth: self.depth,
            array_size: self.array_size,
            last_level: self.last_level,
            samples: self.samples,
        })
    }
}
