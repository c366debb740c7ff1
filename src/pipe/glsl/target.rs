//! Where each texture target keeps coordinates, layer and reference value.

use crate::pipe::tgsi::Texture;

use super::{samplers::Sampler, value::Native};

/// Where a target keeps its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Suffix of the GLSL sampler type.
    pub name: &'static str,
    /// Components of a point, without layer.
    pub dimensions: u8,
    pub layered: bool,
    pub shadow: bool,
    /// Channels that form GLSL's coordinate vector, layer and (usually) reference value included.
    pub coordinate: &'static [u8],
    /// Whether textures of the target have levels.
    pub levels: bool,
    pub multisample: bool,
}

const fn plain(name: &'static str, dimensions: u8, layered: bool, coordinate: &'static [u8]) -> Shape {
    Shape {
        name,
        dimensions,
        layered,
        shadow: false,
        coordinate,
        levels: true,
        multisample: false,
    }
}

const fn shadow(name: &'static str, dimensions: u8, layered: bool, coordinate: &'static [u8]) -> Shape {
    Shape {
        shadow: true,
        ..plain(name, dimensions, layered, coordinate)
    }
}

const fn flat(shape: Shape) -> Shape {
    Shape {
        levels: false,
        ..shape
    }
}

const fn multisample(shape: Shape) -> Shape {
    Shape {
        multisample: true,
        ..flat(shape)
    }
}

/// The shape of a target, `None` if it is unknown.
pub(super) fn shape(target: Texture) -> Option<Shape> {
    Some(match target {
        Texture::Buffer => flat(plain("Buffer", 1, false, &[0])),
        Texture::D1 => plain("1D", 1, false, &[0]),
        Texture::D2 => plain("2D", 2, false, &[0, 1]),
        Texture::D3 => plain("3D", 3, false, &[0, 1, 2]),
        Texture::Cube => plain("Cube", 3, false, &[0, 1, 2]),
        Texture::Rect => flat(plain("2DRect", 2, false, &[0, 1])),
        Texture::D1Array => plain("1DArray", 1, true, &[0, 1]),
        Texture::D2Array => plain("2DArray", 2, true, &[0, 1, 2]),
        Texture::CubeArray => plain("CubeArray", 3, true, &[0, 1, 2, 3]),
        // The second component is not used.
        Texture::Shadow1D => shadow("1DShadow", 1, false, &[0, 0, 2]),
        Texture::Shadow2D => shadow("2DShadow", 2, false, &[0, 1, 2]),
        Texture::ShadowRect => flat(shadow("2DRectShadow", 2, false, &[0, 1, 2])),
        Texture::Shadow1DArray => shadow("1DArrayShadow", 1, true, &[0, 1, 2]),
        Texture::Shadow2DArray => shadow("2DArrayShadow", 2, true, &[0, 1, 2, 3]),
        Texture::ShadowCube => shadow("CubeShadow", 3, false, &[0, 1, 2, 3]),
        Texture::ShadowCubeArray => shadow("CubeArrayShadow", 3, true, &[0, 1, 2, 3]),
        Texture::D2Msaa => multisample(plain("2DMS", 2, false, &[0, 1])),
        Texture::D2ArrayMsaa => multisample(plain("2DMSArray", 2, true, &[0, 1, 2])),
        Texture::Unknown => return None,
    })
}

impl Shape {
    /// Channels of a texel position or of a gather coordinate: point and layer.
    pub(super) fn point(self) -> &'static [u8] {
        &[0, 1, 2, 3][..usize::from(self.dimensions) + usize::from(self.layered)]
    }
}

/// The GLSL type of a sampler.
pub(super) fn sampler_type(sampler: Sampler) -> Option<(&'static str, &'static str)> {
    let shape = shape(sampler.target)?;
    let prefix = match sampler.texel {
        _ if shape.shadow => "sampler",
        Native::Float => "sampler",
        Native::Int => "isampler",
        Native::Bits => "usampler",
    };
    Some((prefix, shape.name))
}
