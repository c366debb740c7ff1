//! Which formats may alias the same texture.
//!
//! The classes are those of ARB_texture_view, table 3.X.2, and of the extensions that add compressed formats to it.

use super::{
    Format,
    host::{HostFormat, Transfer},
};

/// Formats of the same class may view each other's textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ViewClass {
    Bits8,
    Bits16,
    Bits32,
    Bits64,
    Bits96,
    Bits128,
    Dxt1Rgb,
    Dxt1Rgba,
    Dxt3,
    Dxt5,
    Rgtc1,
    Rgtc2,
    BptcUnorm,
    BptcFloat,
}

impl ViewClass {
    /// The class of a GL internal format.
    pub(super) fn of_internal(internal: u32) -> Option<Self> {
        use glow::*;
        Some(match internal {
            R8 | R8UI | R8I | R8_SNORM => Self::Bits8,
            RG8 | RG8UI | RG8I | RG8_SNORM | R16 | R16UI | R16I | R16_SNORM | R16F => Self::Bits16,
            RGBA8 | RGBA8UI | RGBA8I | RGBA8_SNORM | SRGB8_ALPHA8 | RGB10_A2 | RGB10_A2UI
            | R11F_G11F_B10F | RGB9_E5 | RG16 | RG16UI | RG16I | RG16_SNORM | RG16F | R32UI | R32I | R32F => {
                Self::Bits32
            }
            RGBA16 | RGBA16UI | RGBA16I | RGBA16_SNORM | RGBA16F | RG32UI | RG32I | RG32F => Self::Bits64,
            RGB32UI | RGB32I | RGB32F => Self::Bits96,
            RGBA32UI | RGBA32I | RGBA32F => Self::Bits128,
            COMPRESSED_RGB_S3TC_DXT1_EXT | COMPRESSED_SRGB_S3TC_DXT1_EXT => Self::Dxt1Rgb,
            COMPRESSED_RGBA_S3TC_DXT1_EXT | COMPRESSED_SRGB_ALPHA_S3TC_DXT1_EXT => Self::Dxt1Rgba,
            COMPRESSED_RGBA_S3TC_DXT3_EXT | COMPRESSED_SRGB_ALPHA_S3TC_DXT3_EXT => Self::Dxt3,
            COMPRESSED_RGBA_S3TC_DXT5_EXT | COMPRESSED_SRGB_ALPHA_S3TC_DXT5_EXT => Self::Dxt5,
            COMPRESSED_RED_RGTC1 | COMPRESSED_SIGNED_RED_RGTC1 => Self::Rgtc1,
            COMPRESSED_RG_RGTC2 | COMPRESSED_SIGNED_RG_RGTC2 => Self::Rgtc2,
            COMPRESSED_RGBA_BPTC_UNORM | COMPRESSED_SRGB_ALPHA_BPTC_UNORM => Self::BptcUnorm,
            COMPRESSED_RGB_BPTC_SIGNED_FLOAT | COMPRESSED_RGB_BPTC_UNSIGNED_FLOAT => Self::BptcFloat,
            _ => return None,
        })
    }

    /// Bytes of a block if `glCopyImageSubData` copies between it and blocks of other kinds of the same size:
    /// texels on one side, a compressed block on the other.
    fn copied_across(self) -> Option<(Side, u8)> {
        Some(match self {
            Self::Bits64 => (Side::Texel, 8),
            Self::Bits128 => (Side::Texel, 16),
            Self::Dxt1Rgb | Self::Dxt1Rgba | Self::Rgtc1 => (Side::Block, 8),
            Self::Dxt3 | Self::Dxt5 | Self::Rgtc2 | Self::BptcUnorm | Self::BptcFloat => (Side::Block, 16),
            Self::Bits8 | Self::Bits16 | Self::Bits32 | Self::Bits96 => return None,
        })
    }
}

#[derive(PartialEq, Eq)]
enum Side {
    Texel,
    Block,
}

/// Whether `glCopyImageSubData` between textures of these two formats copies the bytes that the wire formats have.
///
/// Either the two are stored alike, or both hold the bytes of the wire and GL lets them alias, or one is compressed
/// and the other has texels of 8 or 16 bytes that take one block each.
pub fn copy_compatible(a: Format, b: Format) -> bool {
    let (Some(a), Some(b)) = (a.host(), b.host()) else {
        return false;
    };
    if stored_alike(&a, &b) {
        return true;
    }
    let (Some(a), Some(b)) = (a.view_class(), b.view_class()) else {
        return false;
    };
    if a == b {
        return true;
    }
    match (a.copied_across(), b.copied_across()) {
        (Some((a, a_bytes)), Some((b, b_bytes))) => a != b && a_bytes == b_bytes,
        _ => false,
    }
}

fn stored_alike(a: &HostFormat, b: &HostFormat) -> bool {
    let facts = |host: &HostFormat| {
        (
            host.internal,
            host.format,
            host.ty,
            host.transfer == Transfer::Depth24InLow24,
        )
    };
    facts(a) == facts(b)
}
