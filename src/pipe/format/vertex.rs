//! Formats of vertex attributes.

use super::info::{Channel, Component, Kind};

/// The arguments of `glVertexAttribFormat` or `glVertexAttribIFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VertexFormat {
    /// 1 to 4 components, or `GL_BGRA`.
    pub size: i32,
    /// GL type of a component, or of the packed attribute.
    pub ty: u32,
    /// Whether integers stand for 0 to 1 or -1 to 1.
    pub normalized: bool,
    /// Whether the shader reads integers (`glVertexAttribIFormat`).
    pub integer: bool,
    /// Bytes of one attribute.
    pub bytes: u8,
}

impl VertexFormat {
    /// How GL fetches a plain format; `None` where it has no way to.
    ///
    /// GL wants BGRA order to be normalized, packed attributes not to be pure integers, and the four channels of a
    /// packed attribute to be 10, 10, 10 and 2 bits. Fixed point is left out: the client never asks for it.
    pub(super) const fn of(kind: Kind, channels: [Channel; 4], count: usize, srgb: bool) -> Option<Self> {
        if srgb || count == 0 {
            return None;
        }
        let Some(bgra) = order(channels, count) else {
            return None;
        };
        let packed = is(channels, count, [10, 10, 10, 2]);
        let (normalized, integer, signed) = match kind {
            Kind::Unorm => (true, false, false),
            Kind::Snorm => (true, false, true),
            Kind::Uscaled => (false, false, false),
            Kind::Sscaled => (false, false, true),
            Kind::Uint => (false, true, false),
            Kind::Sint => (false, true, true),
            Kind::Float => (false, false, true),
            _ => return None,
        };
        if bgra && !normalized || packed && integer {
            return None;
        }
        let ty = if packed {
            if signed {
                glow::INT_2_10_10_10_REV
            } else {
                glow::UNSIGNED_INT_2_10_10_10_REV
            }
        } else if matches!(kind, Kind::Float) && is(channels, count, [11, 11, 10, 0]) {
            glow::UNSIGNED_INT_10F_11F_11F_REV
        } else {
            match component_type(kind, channels, count, signed) {
                Some(ty) if !bgra || ty == glow::UNSIGNED_BYTE => ty,
                _ => return None,
            }
        };
        Some(Self {
            size: if bgra { glow::BGRA as i32 } else { count as i32 },
            ty,
            normalized,
            integer,
            bytes: bytes(channels, count),
        })
    }
}

/// `Some(false)` for channels in the order R, G, B, A; `Some(true)` for B, G, R, A.
const fn order(channels: [Channel; 4], count: usize) -> Option<bool> {
    let mut rgba = true;
    let mut bgra = count == 4;
    let mut at = 0;
    while at < count {
        let component = channels[at].component;
        rgba &= matches!(
            (at, component),
            (0, Component::Red) | (1, Component::Green) | (2, Component::Blue) | (3, Component::Alpha)
        );
        bgra &= matches!(
            (at, component),
            (0, Component::Blue) | (1, Component::Green) | (2, Component::Red) | (3, Component::Alpha)
        );
        at += 1;
    }
    if rgba {
        Some(false)
    } else if bgra {
        Some(true)
    } else {
        None
    }
}

/// The GL type of attributes whose components all have the same size.
const fn component_type(kind: Kind, channels: [Channel; 4], count: usize, signed: bool) -> Option<u32> {
    let bits = channels[0].bits;
    let mut at = 1;
    while at < count {
        if channels[at].bits != bits {
            return None;
        }
        at += 1;
    }
    match (kind, bits, signed) {
        (Kind::Float, 16, _) => Some(glow::HALF_FLOAT),
        (Kind::Float, 32, _) => Some(glow::FLOAT),
        (Kind::Float, 64, _) => Some(glow::DOUBLE),
        (Kind::Float, ..) => None,
        (_, 8, false) => Some(glow::UNSIGNED_BYTE),
        (_, 8, true) => Some(glow::BYTE),
        (_, 16, false) => Some(glow::UNSIGNED_SHORT),
        (_, 16, true) => Some(glow::SHORT),
        (_, 32, false) => Some(glow::UNSIGNED_INT),
        (_, 32, true) => Some(glow::INT),
        _ => None,
    }
}

const fn is(channels: [Channel; 4], count: usize, bits: [u8; 4]) -> bool {
    let mut at = 0;
    while at < 4 {
        let expected = if at < count { channels[at].bits } else { 0 };
        if expected != bits[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn bytes(channels: [Channel; 4], count: usize) -> u8 {
    let mut bits = 0u16;
    let mut at = 0;
    while at < count {
        bits += channels[at].bits as u16;
        at += 1;
    }
    (bits / 8) as u8
}
