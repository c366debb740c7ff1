//! How desktop GL stores a format.
//!
//! **Storage holds the wire's bytes.** Wherever GL has an internal format whose texels can be made to have exactly
//! the bytes of the wire format, that one is chosen even if its channels carry other names there: uploads, downloads
//! and raw copies between formats are then plain copies of memory, on which both sides agree. What the channels
//! mean is put right where they have a meaning: by the swizzle of sampler views, and by [`Storage`] for rendering.
//!
//! Formats with channels that are not whole bytes, such as `B5G6R5_UNORM`, and those with alpha first are stored
//! however GL likes; its transfer type says the order of bits, so transfers are exact for them too. They belong to
//! no view class.

use super::{Format, view::ViewClass};
use crate::pipe::wire::virgl::enums::Swizzle;

/// `GL_SR8_EXT` of EXT_texture_sRGB_R8.
pub const SR8_EXT: u32 = 0x8FBD;
/// `GL_SRG8_EXT` of EXT_texture_sRGB_RG8.
pub const SRG8_EXT: u32 = 0x8FBE;

/// Which channel of the storage a channel of the format is in, as far as rendering must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Where GL's names say, luminance being red.
    Named,
    /// As `Named`, but GL rearranges the bytes in transfers: texels do not have the wire's bytes.
    Rearranged,
    /// Red and blue are exchanged.
    Exchanged,
    /// Alpha is in red, and there is nothing else.
    AlphaInRed,
    /// Luminance is in red and alpha in green. Such textures are sampled, never rendered to.
    AlphaInGreen,
}

/// How data in guest memory become the pixels that GL takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// Texels with [`HostFormat::format`] and [`HostFormat::ty`], unchanged.
    Texels,
    /// Blocks for the `Compressed` calls, unchanged.
    Blocks,
    /// Words with depth in the low 24 bits and nothing above; GL takes and gives them shifted left by eight bits.
    ///
    /// Stored with a stencil that is never attached: as `UNSIGNED_INT_24_8` the depth passes without a conversion.
    /// `DEPTH_COMPONENT24` with `UNSIGNED_INT` would be scaled, and one driver rounds where another cuts off.
    Depth24InLow24,
}

/// The GL side of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostFormat {
    /// Sized internal format.
    pub internal: u32,
    /// Pixel format of transfers. For compressed formats the one that decoding would give.
    pub format: u32,
    /// Pixel type of transfers. For compressed formats `UNSIGNED_BYTE`.
    pub ty: u32,
    /// Where a sampler finds red, green, blue and alpha of the format in the storage.
    pub swizzle: [Swizzle; 4],
    /// Where rendering puts them.
    pub storage: Storage,
    /// How transfers are made.
    pub transfer: Transfer,
}

impl HostFormat {
    /// The texture swizzle for a view that asks for `view` of the format's own channels.
    pub fn swizzled(&self, view: [Swizzle; 4]) -> [Swizzle; 4] {
        view.map(|from| match from {
            Swizzle::X => self.swizzle[0],
            Swizzle::Y => self.swizzle[1],
            Swizzle::Z => self.swizzle[2],
            Swizzle::W => self.swizzle[3],
            Swizzle::Zero | Swizzle::One => from,
        })
    }

    /// The red, green, blue and alpha of the format, put where the storage has them: for clears, constant colours,
    /// and border colours.
    pub fn stored<T: Copy>(&self, [r, g, b, a]: [T; 4]) -> [T; 4] {
        match self.storage {
            Storage::Named | Storage::Rearranged => [r, g, b, a],
            Storage::Exchanged => [b, g, r, a],
            Storage::AlphaInRed => [a, g, b, a],
            Storage::AlphaInGreen => [r, a, b, a],
        }
    }

    /// Whether texels have exactly the bytes of the format on the wire.
    pub fn holds_wire_bytes(&self) -> bool {
        self.view_class().is_some()
    }

    /// Formats of the same class may view each other's textures.
    pub fn view_class(&self) -> Option<ViewClass> {
        match self.storage {
            Storage::Rearranged => None,
            _ => ViewClass::of_internal(self.internal),
        }
    }

    /// Whether rendering to it is meaningful, if the host is able to.
    pub fn can_render(&self) -> bool {
        self.storage != Storage::AlphaInGreen && self.transfer != Transfer::Blocks
    }
}

const RGBA: [Swizzle; 4] = [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W];

const fn texels(internal: u32, format: u32, ty: u32) -> HostFormat {
    HostFormat {
        internal,
        format,
        ty,
        swizzle: RGBA,
        storage: Storage::Named,
        transfer: Transfer::Texels,
    }
}

const fn blocks(internal: u32, format: u32) -> HostFormat {
    HostFormat {
        transfer: Transfer::Blocks,
        ..texels(internal, format, glow::UNSIGNED_BYTE)
    }
}

impl HostFormat {
    /// Alpha is stored but not part of the format.
    const fn opaque(self) -> Self {
        let [r, g, b, _] = self.swizzle;
        Self {
            swizzle: [r, g, b, Swizzle::One],
            ..self
        }
    }

    const fn exchanged(self) -> Self {
        Self {
            swizzle: [Swizzle::Z, Swizzle::Y, Swizzle::X, Swizzle::W],
            storage: Storage::Exchanged,
            ..self
        }
    }

    const fn rearranged(self) -> Self {
        Self {
            storage: Storage::Rearranged,
            ..self
        }
    }

    const fn luminance(self) -> Self {
        Self {
            swizzle: [Swizzle::X, Swizzle::X, Swizzle::X, Swizzle::One],
            ..self
        }
    }

    const fn intensity(self) -> Self {
        Self {
            swizzle: [Swizzle::X; 4],
            ..self
        }
    }

    const fn luminance_alpha(self) -> Self {
        Self {
            swizzle: [Swizzle::X, Swizzle::X, Swizzle::X, Swizzle::Y],
            storage: Storage::AlphaInGreen,
            ..self
        }
    }

    const fn alpha(self) -> Self {
        Self {
            swizzle: [Swizzle::Zero, Swizzle::Zero, Swizzle::Zero, Swizzle::X],
            storage: Storage::AlphaInRed,
            ..self
        }
    }
}

/// The storage of a format, `None` if there is none.
pub(super) const fn storage(format: Format) -> Option<HostFormat> {
    let sorts = [
        color(format),
        luminance_alpha(format),
        depth_stencil(format),
        compressed(format),
    ];
    let mut at = 0;
    while at < sorts.len() {
        if sorts[at].is_some() {
            return sorts[at];
        }
        at += 1;
    }
    None
}

const fn color(format: Format) -> Option<HostFormat> {
    use glow::*;
    Some(match format {
        Format::R8_UNORM => texels(R8, RED, UNSIGNED_BYTE),
        Format::R8G8_UNORM => texels(RG8, RG, UNSIGNED_BYTE),
        Format::R8G8B8A8_UNORM => texels(RGBA8, RGBA, UNSIGNED_BYTE),
        Format::R8G8B8X8_UNORM => texels(RGBA8, RGBA, UNSIGNED_BYTE).opaque(),
        Format::B8G8R8A8_UNORM => texels(RGBA8, RGBA, UNSIGNED_BYTE).exchanged(),
        Format::B8G8R8X8_UNORM => texels(RGBA8, RGBA, UNSIGNED_BYTE).exchanged().opaque(),
        Format::A8R8G8B8_UNORM => texels(RGBA8, BGRA, UNSIGNED_INT_8_8_8_8).rearranged(),
        Format::X8R8G8B8_UNORM => texels(RGBA8, BGRA, UNSIGNED_INT_8_8_8_8).rearranged().opaque(),
        Format::A8B8G8R8_UNORM => texels(RGBA8, RGBA, UNSIGNED_INT_8_8_8_8).rearranged(),

        Format::R8_SRGB => texels(SR8_EXT, RED, UNSIGNED_BYTE),
        Format::R8G8_SRGB => texels(SRG8_EXT, RG, UNSIGNED_BYTE),
        Format::R8G8B8A8_SRGB => texels(SRGB8_ALPHA8, RGBA, UNSIGNED_BYTE),
        Format::R8G8B8X8_SRGB => texels(SRGB8_ALPHA8, RGBA, UNSIGNED_BYTE).opaque(),
        Format::B8G8R8A8_SRGB => texels(SRGB8_ALPHA8, RGBA, UNSIGNED_BYTE).exchanged(),
        Format::B8G8R8X8_SRGB => texels(SRGB8_ALPHA8, RGBA, UNSIGNED_BYTE).exchanged().opaque(),

        Format::B5G6R5_UNORM => texels(RGB565, RGB, UNSIGNED_SHORT_5_6_5).rearranged(),
        Format::B5G5R5A1_UNORM => texels(RGB5_A1, BGRA, UNSIGNED_SHORT_1_5_5_5_REV).rearranged(),
        Format::B5G5R5X1_UNORM => texels(RGB5_A1, BGRA, UNSIGNED_SHORT_1_5_5_5_REV)
            .rearranged()
            .opaque(),
        Format::B4G4R4A4_UNORM => texels(RGBA4, BGRA, UNSIGNED_SHORT_4_4_4_4_REV).rearranged(),
        Format::B4G4R4X4_UNORM => texels(RGBA4, BGRA, UNSIGNED_SHORT_4_4_4_4_REV)
            .rearranged()
            .opaque(),
        Format::A4B4G4R4_UNORM => texels(RGBA4, RGBA, UNSIGNED_SHORT_4_4_4_4).rearranged(),
        Format::B2G3R3_UNORM => texels(R3_G3_B2, RGB, UNSIGNED_BYTE_3_3_2).rearranged(),

        Format::R10G10B10A2_UNORM => texels(RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV),
        Format::R10G10B10X2_UNORM => texels(RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV).opaque(),
        Format::B10G10R10A2_UNORM => texels(RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV).exchanged(),
        Format::B10G10R10X2_UNORM => texels(RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV)
            .exchanged()
            .opaque(),
        Format::R10G10B10A2_UINT => texels(RGB10_A2UI, RGBA_INTEGER, UNSIGNED_INT_2_10_10_10_REV),
        Format::B10G10R10A2_UINT => texels(RGB10_A2UI, RGBA_INTEGER, UNSIGNED_INT_2_10_10_10_REV).exchanged(),
        Format::R11G11B10_FLOAT => texels(R11F_G11F_B10F, RGB, UNSIGNED_INT_10F_11F_11F_REV),
        Format::R9G9B9E5_FLOAT => texels(RGB9_E5, RGB, UNSIGNED_INT_5_9_9_9_REV),

        Format::R16_UNORM => texels(R16, RED, UNSIGNED_SHORT),
        Format::R16G16_UNORM => texels(RG16, RG, UNSIGNED_SHORT),
        Format::R16G16B16A16_UNORM => texels(RGBA16, RGBA, UNSIGNED_SHORT),
        Format::R16G16B16X16_UNORM => texels(RGBA16, RGBA, UNSIGNED_SHORT).opaque(),

        Format::R8_SNORM => texels(R8_SNORM, RED, BYTE),
        Format::R8G8_SNORM => texels(RG8_SNORM, RG, BYTE),
        Format::R8G8B8A8_SNORM => texels(RGBA8_SNORM, RGBA, BYTE),
        Format::R8G8B8X8_SNORM => texels(RGBA8_SNORM, RGBA, BYTE).opaque(),
        Format::R16_SNORM => texels(R16_SNORM, RED, SHORT),
        Format::R16G16_SNORM => texels(RG16_SNORM, RG, SHORT),
        Format::R16G16B16A16_SNORM => texels(RGBA16_SNORM, RGBA, SHORT),
        Format::R16G16B16X16_SNORM => texels(RGBA16_SNORM, RGBA, SHORT).opaque(),

        Format::R16_FLOAT => texels(R16F, RED, HALF_FLOAT),
        Format::R16G16_FLOAT => texels(RG16F, RG, HALF_FLOAT),
        Format::R16G16B16A16_FLOAT => texels(RGBA16F, RGBA, HALF_FLOAT),
        Format::R16G16B16X16_FLOAT => texels(RGBA16F, RGBA, HALF_FLOAT).opaque(),
        Format::R32_FLOAT => texels(R32F, RED, FLOAT),
        Format::R32G32_FLOAT => texels(RG32F, RG, FLOAT),
        Format::R32G32B32_FLOAT => texels(RGB32F, RGB, FLOAT),
        Format::R32G32B32A32_FLOAT => texels(RGBA32F, RGBA, FLOAT),

        Format::R8_UINT => texels(R8UI, RED_INTEGER, UNSIGNED_BYTE),
        Format::R8G8_UINT => texels(RG8UI, RG_INTEGER, UNSIGNED_BYTE),
        Format::R8G8B8A8_UINT => texels(RGBA8UI, RGBA_INTEGER, UNSIGNED_BYTE),
        Format::R8G8B8X8_UINT => texels(RGBA8UI, RGBA_INTEGER, UNSIGNED_BYTE).opaque(),
        Format::R8_SINT => texels(R8I, RED_INTEGER, BYTE),
        Format::R8G8_SINT => texels(RG8I, RG_INTEGER, BYTE),
        Format::R8G8B8A8_SINT => texels(RGBA8I, RGBA_INTEGER, BYTE),
        Format::R8G8B8X8_SINT => texels(RGBA8I, RGBA_INTEGER, BYTE).opaque(),
        Format::R16_UINT => texels(R16UI, RED_INTEGER, UNSIGNED_SHORT),
        Format::R16G16_UINT => texels(RG16UI, RG_INTEGER, UNSIGNED_SHORT),
        Format::R16G16B16A16_UINT => texels(RGBA16UI, RGBA_INTEGER, UNSIGNED_SHORT),
        Format::R16G16B16X16_UINT => texels(RGBA16UI, RGBA_INTEGER, UNSIGNED_SHORT).opaque(),
        Format::R16_SINT => texels(R16I, RED_INTEGER, SHORT),
        Format::R16G16_SINT => texels(RG16I, RG_INTEGER, SHORT),
        Format::R16G16B16A16_SINT => texels(RGBA16I, RGBA_INTEGER, SHORT),
        Format::R16G16B16X16_SINT => texels(RGBA16I, RGBA_INTEGER, SHORT).opaque(),
        Format::R32_UINT => texels(R32UI, RED_INTEGER, UNSIGNED_INT),
        Format::R32G32_UINT => texels(RG32UI, RG_INTEGER, UNSIGNED_INT),
        Format::R32G32B32_UINT => texels(RGB32UI, RGB_INTEGER, UNSIGNED_INT),
        Format::R32G32B32A32_UINT => texels(RGBA32UI, RGBA_INTEGER, UNSIGNED_INT),
        Format::R32_SINT => texels(R32I, RED_INTEGER, INT),
        Format::R32G32_SINT => texels(RG32I, RG_INTEGER, INT),
        Format::R32G32B32_SINT => texels(RGB32I, RGB_INTEGER, INT),
        Format::R32G32B32A32_SINT => texels(RGBA32I, RGBA_INTEGER, INT),
        _ => return None,
    })
}

const fn luminance_alpha(format: Format) -> Option<HostFormat> {
    use glow::*;
    Some(match format {
        Format::I8_UNORM => texels(R8, RED, UNSIGNED_BYTE).intensity(),
        Format::I8_UINT => texels(R8UI, RED_INTEGER, UNSIGNED_BYTE).intensity(),
        Format::I8_SINT => texels(R8I, RED_INTEGER, BYTE).intensity(),
        Format::I16_UNORM => texels(R16, RED, UNSIGNED_SHORT).intensity(),
        Format::I16_UINT => texels(R16UI, RED_INTEGER, UNSIGNED_SHORT).intensity(),
        Format::I16_SINT => texels(R16I, RED_INTEGER, SHORT).intensity(),
        Format::I16_FLOAT => texels(R16F, RED, HALF_FLOAT).intensity(),
        Format::I32_UINT => texels(R32UI, RED_INTEGER, UNSIGNED_INT).intensity(),
        Format::I32_SINT => texels(R32I, RED_INTEGER, INT).intensity(),
        Format::I32_FLOAT => texels(R32F, RED, FLOAT).intensity(),
        Format::L8_UNORM => texels(R8, RED, UNSIGNED_BYTE).luminance(),
        Format::L8_SRGB => texels(SR8_EXT, RED, UNSIGNED_BYTE).luminance(),
        Format::L8_SNORM => texels(R8_SNORM, RED, BYTE).luminance(),
        Format::L8_UINT => texels(R8UI, RED_INTEGER, UNSIGNED_BYTE).luminance(),
        Format::L8_SINT => texels(R8I, RED_INTEGER, BYTE).luminance(),
        Format::L16_UNORM => texels(R16, RED, UNSIGNED_SHORT).luminance(),
        Format::L16_SNORM => texels(R16_SNORM, RED, SHORT).luminance(),
        Format::L16_FLOAT => texels(R16F, RED, HALF_FLOAT).luminance(),
        Format::L16_UINT => texels(R16UI, RED_INTEGER, UNSIGNED_SHORT).luminance(),
        Format::L16_SINT => texels(R16I, RED_INTEGER, SHORT).luminance(),
        Format::L32_FLOAT => texels(R32F, RED, FLOAT).luminance(),
        Format::L32_UINT => texels(R32UI, RED_INTEGER, UNSIGNED_INT).luminance(),
        Format::L32_SINT => texels(R32I, RED_INTEGER, INT).luminance(),

        Format::A8_UNORM => texels(R8, RED, UNSIGNED_BYTE).alpha(),
        Format::A8_SNORM => texels(R8_SNORM, RED, BYTE).alpha(),
        Format::A8_UINT => texels(R8UI, RED_INTEGER, UNSIGNED_BYTE).alpha(),
        Format::A8_SINT => texels(R8I, RED_INTEGER, BYTE).alpha(),
        Format::A16_UNORM => texels(R16, RED, UNSIGNED_SHORT).alpha(),
        Format::A16_SNORM => texels(R16_SNORM, RED, SHORT).alpha(),
        Format::A16_FLOAT => texels(R16F, RED, HALF_FLOAT).alpha(),
        Format::A16_UINT => texels(R16UI, RED_INTEGER, UNSIGNED_SHORT).alpha(),
        Format::A16_SINT => texels(R16I, RED_INTEGER, SHORT).alpha(),
        Format::A32_FLOAT => texels(R32F, RED, FLOAT).alpha(),
        Format::A32_UINT => texels(R32UI, RED_INTEGER, UNSIGNED_INT).alpha(),
        Format::A32_SINT => texels(R32I, RED_INTEGER, INT).alpha(),

        Format::L8A8_UNORM => texels(RG8, RG, UNSIGNED_BYTE).luminance_alpha(),
        Format::L8A8_SNORM => texels(RG8_SNORM, RG, BYTE).luminance_alpha(),
        Format::L8A8_UINT => texels(RG8UI, RG_INTEGER, UNSIGNED_BYTE).luminance_alpha(),
        Format::L8A8_SINT => texels(RG8I, RG_INTEGER, BYTE).luminance_alpha(),
        Format::L16A16_UNORM => texels(RG16, RG, UNSIGNED_SHORT).luminance_alpha(),
        Format::L16A16_SNORM => texels(RG16_SNORM, RG, SHORT).luminance_alpha(),
        Format::L16A16_FLOAT => texels(RG16F, RG, HALF_FLOAT).luminance_alpha(),
        Format::L16A16_UINT => texels(RG16UI, RG_INTEGER, UNSIGNED_SHORT).luminance_alpha(),
        Format::L16A16_SINT => texels(RG16I, RG_INTEGER, SHORT).luminance_alpha(),
        Format::L32A32_FLOAT => texels(RG32F, RG, FLOAT).luminance_alpha(),
        Format::L32A32_UINT => texels(RG32UI, RG_INTEGER, UNSIGNED_INT).luminance_alpha(),
        Format::L32A32_SINT => texels(RG32I, RG_INTEGER, INT).luminance_alpha(),
        _ => return None,
    })
}

/// `S8X24_UINT` and `X32_S8X24_UINT` are the stencil halves of the two formats with stencil in the same place; their
/// mirror image `X24S8_UINT` has none, as GL has no transfer type with stencil on top.
const fn depth_stencil(format: Format) -> Option<HostFormat> {
    use glow::*;
    Some(match format {
        Format::Z16_UNORM => texels(DEPTH_COMPONENT16, DEPTH_COMPONENT, UNSIGNED_SHORT).rearranged(),
        Format::Z32_UNORM => texels(DEPTH_COMPONENT32, DEPTH_COMPONENT, UNSIGNED_INT).rearranged(),
        Format::Z32_FLOAT => texels(DEPTH_COMPONENT32F, DEPTH_COMPONENT, FLOAT).rearranged(),
        Format::S8_UINT_Z24_UNORM | Format::S8X24_UINT => {
            texels(DEPTH24_STENCIL8, DEPTH_STENCIL, UNSIGNED_INT_24_8).rearranged()
        }
        Format::Z24X8_UNORM => HostFormat {
            transfer: Transfer::Depth24InLow24,
            ..texels(DEPTH24_STENCIL8, DEPTH_STENCIL, UNSIGNED_INT_24_8).rearranged()
        },
        Format::Z32_FLOAT_S8X24_UINT | Format::X32_S8X24_UINT => {
            texels(DEPTH32F_STENCIL8, DEPTH_STENCIL, FLOAT_32_UNSIGNED_INT_24_8_REV).rearranged()
        }
        Format::S8_UINT => texels(STENCIL_INDEX8, STENCIL_INDEX, UNSIGNED_BYTE).rearranged(),
        _ => return None,
    })
}

const fn compressed(format: Format) -> Option<HostFormat> {
    use glow::*;
    Some(match format {
        Format::DXT1_RGB => blocks(COMPRESSED_RGB_S3TC_DXT1_EXT, RGB),
        Format::DXT1_RGBA => blocks(COMPRESSED_RGBA_S3TC_DXT1_EXT, RGBA),
        Format::DXT3_RGBA => blocks(COMPRESSED_RGBA_S3TC_DXT3_EXT, RGBA),
        Format::DXT5_RGBA => blocks(COMPRESSED_RGBA_S3TC_DXT5_EXT, RGBA),
        Format::DXT1_SRGB => blocks(COMPRESSED_SRGB_S3TC_DXT1_EXT, RGB),
        Format::DXT1_SRGBA => blocks(COMPRESSED_SRGB_ALPHA_S3TC_DXT1_EXT, RGBA),
        Format::DXT3_SRGBA => blocks(COMPRESSED_SRGB_ALPHA_S3TC_DXT3_EXT, RGBA),
        Format::DXT5_SRGBA => blocks(COMPRESSED_SRGB_ALPHA_S3TC_DXT5_EXT, RGBA),
        Format::RGTC1_UNORM => blocks(COMPRESSED_RED_RGTC1, RED),
        Format::RGTC1_SNORM => blocks(COMPRESSED_SIGNED_RED_RGTC1, RED),
        Format::RGTC2_UNORM => blocks(COMPRESSED_RG_RGTC2, RG),
        Format::RGTC2_SNORM => blocks(COMPRESSED_SIGNED_RG_RGTC2, RG),
        Format::BPTC_RGBA_UNORM => blocks(COMPRESSED_RGBA_BPTC_UNORM, RGBA),
        Format::BPTC_SRGBA => blocks(COMPRESSED_SRGB_ALPHA_BPTC_UNORM, RGBA),
        Format::BPTC_RGB_FLOAT => blocks(COMPRESSED_RGB_BPTC_SIGNED_FLOAT, RGB),
        Format::BPTC_RGB_UFLOAT => blocks(COMPRESSED_RGB_BPTC_UNSIGNED_FLOAT, RGB),
        _ => return None,
    })
}
