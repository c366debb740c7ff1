//! What a format's name says: block, channels, kind.

use super::{
    Format,
    host::{self, HostFormat},
    vertex::VertexFormat,
};

/// The unit in which a format is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// Width in texels.
    pub width: u8,
    /// Height in texels.
    pub height: u8,
    /// Depth in texels.
    pub depth: u8,
    /// Size in bytes. Of [`Kind::Planar`] formats, which have no block, only the part in the first plane.
    pub bytes: u8,
}

/// How the channels of a format are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Unsigned integers that stand for 0 to 1.
    Unorm,
    /// Signed integers that stand for -1 to 1.
    Snorm,
    /// Unsigned integers that shaders read as such.
    Uint,
    /// Signed integers that shaders read as such.
    Sint,
    /// Unsigned integers that shaders read as floats (vertices only).
    Uscaled,
    /// Signed integers that shaders read as floats (vertices only).
    Sscaled,
    /// 16.16 fixed point (vertices only).
    Fixed,
    /// Floats.
    Float,
    /// Depth alone.
    Depth,
    /// Stencil alone, or the stencil half of a depth-stencil format.
    Stencil,
    /// Depth and stencil.
    DepthStencil,
    /// Compressed in blocks.
    Compressed,
    /// Several planes in one resource.
    Planar,
    /// None of these: subsampled, bit maps, mixed signs, and NONE.
    Other,
}

/// What a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Component {
    Red,
    Green,
    Blue,
    Alpha,
    Luminance,
    Intensity,
    Depth,
    Stencil,
    /// The exponent shared by the other channels.
    Exponent,
    /// Nothing: the X of a name.
    Unused,
}

/// One channel of a plain format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel {
    /// What it holds.
    pub component: Component,
    /// Its size in bits.
    pub bits: u8,
}

/// Facts about one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormatInfo {
    /// The name, such as `B8G8R8A8_UNORM`.
    pub name: &'static str,
    /// The unit of storage.
    pub block: Block,
    /// How the channels are read.
    pub kind: Kind,
    /// Whether colours are encoded by the sRGB curve.
    pub is_srgb: bool,
    /// Whether there is an alpha (or intensity) channel. Without one, alpha reads as 1.
    pub has_alpha: bool,
    /// How the host's GL stores it; `None` if textures of this format cannot be made.
    pub host: Option<HostFormat>,
    /// How GL fetches vertices of it; `None` if it cannot.
    pub vertex: Option<VertexFormat>,
    channels: [Channel; 4],
    channel_count: u8,
}

impl FormatInfo {
    /// The channels of a plain format, the lowest bits of the little-endian block first; empty for other formats.
    ///
    /// Names list the channels in this order, with their sizes in bits: the first byte of `B8G8R8A8_UNORM` is blue,
    /// the lowest five bits of `B5G6R5_UNORM` are blue.
    pub fn channels(&self) -> &[Channel] {
        &self.channels[..usize::from(self.channel_count)]
    }

    /// Whether shaders read and write integers, and of which signedness.
    ///
    /// Stencil counts as unsigned; of depth-stencil formats the depth is what is read.
    pub fn integer(&self) -> Option<Signedness> {
        match self.kind {
            Kind::Uint | Kind::Stencil => Some(Signedness::Unsigned),
            Kind::Sint => Some(Signedness::Signed),
            _ => None,
        }
    }

    /// Whether it has depth or stencil.
    pub fn is_depth_or_stencil(&self) -> bool {
        matches!(self.kind, Kind::Depth | Kind::Stencil | Kind::DepthStencil)
    }

    /// Whether there is a channel of that sort; false for formats that are not plain.
    pub fn has(&self, component: Component) -> bool {
        self.channels()
            .iter()
            .any(|channel| channel.component == component)
    }

    /// A format whose name lists its channels.
    pub(super) const fn plain(format: Format, name: &'static str) -> Self {
        let parsed = Parsed::new(name);
        let mut bits = 0;
        let mut has_alpha = false;
        let mut at = 0;
        while at < parsed.count {
            let channel = parsed.channels[at];
            bits += channel.bits as u16;
            has_alpha |= matches!(channel.component, Component::Alpha | Component::Intensity);
            at += 1;
        }
        assert!(bits.is_multiple_of(8), "a plain format fills whole bytes");
        Self {
            name,
            block: Block {
                width: 1,
                height: 1,
                depth: 1,
                bytes: (bits / 8) as u8,
            },
            kind: parsed.kind,
            is_srgb: parsed.srgb,
            has_alpha,
            host: host::storage(format),
            vertex: VertexFormat::of(parsed.kind, parsed.channels, parsed.count, parsed.srgb),
            channels: parsed.channels,
            channel_count: parsed.count as u8,
        }
    }

    /// A format compressed in blocks.
    pub(super) const fn compressed(
        format: Format,
        name: &'static str,
        block: Block,
        has_alpha: bool,
    ) -> Self {
        Self {
            is_srgb: contains(name.as_bytes(), b"SRGB"),
            has_alpha,
            host: host::storage(format),
            ..Self::opaque(name, block, Kind::Compressed)
        }
    }

    /// A format that only has a name and a size.
    pub(super) const fn opaque(name: &'static str, block: Block, kind: Kind) -> Self {
        Self {
            name,
            block,
            kind,
            is_srgb: false,
            has_alpha: false,
            host: None,
            vertex: None,
            channels: [NO_CHANNEL; 4],
            channel_count: 0,
        }
    }
}

/// Sign of a pure-integer format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Signedness {
    Signed,
    Unsigned,
}

const NO_CHANNEL: Channel = Channel {
    component: Component::Unused,
    bits: 0,
};

/// The name of a plain format, taken apart: words of channels, and words that say how those are read.
struct Parsed {
    channels: [Channel; 4],
    count: usize,
    kind: Kind,
    srgb: bool,
}

impl Parsed {
    const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let mut parsed = Self {
            channels: [NO_CHANNEL; 4],
            count: 0,
            kind: Kind::Other,
            srgb: false,
        };
        let mut at = 0;
        while at < name.len() {
            let end = word_end(name, at);
            if end > at + 1 && name[at + 1].is_ascii_digit() {
                at = parsed.channel(name, at);
            } else {
                parsed.read_as(name, at, end);
                at = end;
            }
            if at < name.len() && name[at] == b'_' {
                at += 1;
            }
        }
        parsed.depth_stencil();
        parsed
    }

    /// Takes one letter and its number of bits.
    const fn channel(&mut self, name: &[u8], at: usize) -> usize {
        let component = match name[at] {
            b'R' => Component::Red,
            b'G' => Component::Green,
            b'B' => Component::Blue,
            b'A' => Component::Alpha,
            b'L' => Component::Luminance,
            b'I' => Component::Intensity,
            b'Z' => Component::Depth,
            b'S' => Component::Stencil,
            b'E' => Component::Exponent,
            b'X' => Component::Unused,
            _ => panic!("no such channel"),
        };
        let mut bits = 0;
        let mut at = at + 1;
        while at < name.len() && name[at].is_ascii_digit() {
            bits = bits * 10 + (name[at] - b'0');
            at += 1;
        }
        self.channels[self.count] = Channel { component, bits };
        self.count += 1;
        at
    }

    /// Takes a word that says how the channels are read.
    const fn read_as(&mut self, name: &[u8], at: usize, end: usize) {
        let word = name.split_at(end).0.split_at(at).1;
        self.kind = match word {
            b"UNORM" => Kind::Unorm,
            b"SRGB" => {
                self.srgb = true;
                Kind::Unorm
            }
            b"SNORM" => Kind::Snorm,
            b"UINT" => Kind::Uint,
            b"SINT" => Kind::Sint,
            b"USCALED" => Kind::Uscaled,
            b"SSCALED" => Kind::Sscaled,
            b"FIXED" => Kind::Fixed,
            b"FLOAT" => Kind::Float,
            _ => panic!("no such kind"),
        };
    }

    /// Depth and stencil are kinds of their own, however their bits are read.
    const fn depth_stencil(&mut self) {
        let mut depth = false;
        let mut stencil = false;
        let mut at = 0;
        while at < self.count {
            depth |= matches!(self.channels[at].component, Component::Depth);
            stencil |= matches!(self.channels[at].component, Component::Stencil);
            at += 1;
        }
        self.kind = match (depth, stencil) {
            (true, true) => Kind::DepthStencil,
            (true, false) => Kind::Depth,
            (false, true) => Kind::Stencil,
            (false, false) => self.kind,
        };
    }
}

const fn word_end(name: &[u8], mut at: usize) -> usize {
    while at < name.len() && name[at] != b'_' {
        at += 1;
    }
    at
}

const fn contains(text: &[u8], part: &[u8]) -> bool {
    let mut start = 0;
    while start + part.len() <= text.len() {
        let mut same = 0;
        while same < part.len() && text[start + same] == part[same] {
            same += 1;
        }
        if same == part.len() {
            return true;
        }
        start += 1;
    }
    false
}
