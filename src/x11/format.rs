//! Pixels as X visuals and as DRM fourccs describe them.
//!
//! A depth alone does not say where the channels lie; the masks of its visuals do. A depth without a visual, as 30 on
//! a screen of depth 24, is taken as every driver lays it out: blue in the low bits.

use std::fmt;

use x11rb::protocol::xproto::{ImageOrder, Setup, VisualClass, Visualid, Visualtype};

/// A pixel layout by its [DRM name](https://docs.kernel.org/gpu/drm-kms.html#format-modifiers): little-endian words,
/// channels from the high bits down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fourcc(pub u32);

impl Fourcc {
    const fn new(name: &[u8; 4]) -> Self {
        Self(u32::from_le_bytes(*name))
    }

    /// 8 bits a channel, 8 unused.
    pub const XRGB8888: Self = Self::new(b"XR24");
    /// 8 bits a channel, alpha.
    pub const ARGB8888: Self = Self::new(b"AR24");
    /// 8 bits a channel, red in the low bits, 8 unused.
    pub const XBGR8888: Self = Self::new(b"XB24");
    /// 8 bits a channel, red in the low bits, alpha.
    pub const ABGR8888: Self = Self::new(b"AB24");
    /// 10 bits a channel, 2 unused.
    pub const XRGB2101010: Self = Self::new(b"XR30");
    /// 10 bits a channel, 2 of alpha.
    pub const ARGB2101010: Self = Self::new(b"AR30");
    /// 10 bits a channel, red in the low bits, 2 unused.
    pub const XBGR2101010: Self = Self::new(b"XB30");
    /// 10 bits a channel, red in the low bits, 2 of alpha.
    pub const ABGR2101010: Self = Self::new(b"AB30");
    /// 5, 6 and 5 bits.
    pub const RGB565: Self = Self::new(b"RG16");
    /// 5 bits a channel, 1 unused.
    pub const XRGB1555: Self = Self::new(b"XR15");

    /// Bytes of a pixel; `None` for a format that is not in this list.
    pub const fn bytes_per_pixel(self) -> Option<u32> {
        match self {
            Self::RGB565 | Self::XRGB1555 => Some(2),
            Self::XRGB8888
            | Self::ARGB8888
            | Self::XBGR8888
            | Self::ABGR8888
            | Self::XRGB2101010
            | Self::ARGB2101010
            | Self::XBGR2101010
            | Self::ABGR2101010 => Some(4),
            _ => None,
        }
    }

    /// Whether pixels have alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(
            self,
            Self::ARGB8888 | Self::ABGR8888 | Self::ARGB2101010 | Self::ABGR2101010
        )
    }

    /// The same layout with alpha unused.
    #[must_use]
    pub const fn opaque(self) -> Self {
        match self {
            Self::ARGB8888 => Self::XRGB8888,
            Self::ABGR8888 => Self::XBGR8888,
            Self::ARGB2101010 => Self::XRGB2101010,
            Self::ABGR2101010 => Self::XBGR2101010,
            other => other,
        }
    }
}

impl fmt::Display for Fourcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.to_le_bytes();
        if name.iter().all(u8::is_ascii_graphic) {
            name.iter()
                .try_for_each(|byte| write!(f, "{}", char::from(*byte)))
        } else {
            write!(f, "{:#010x}", self.0)
        }
    }
}

/// The pixels of a drawable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFormat {
    /// Significant bits: 15, 16, 24, 30 or 32.
    pub depth: u8,
    /// Bits from one pixel to the next: 16 or 32.
    pub bits_per_pixel: u8,
    /// Where the channels lie.
    pub fourcc: Fourcc,
}

impl PixelFormat {
    /// Bytes from one pixel to the next.
    pub fn bytes_per_pixel(self) -> u32 {
        u32::from(self.bits_per_pixel / 8)
    }

    /// The format of TrueColor pixels with these masks; `None` if it has no name here.
    fn of_masks(depth: u8, bits_per_pixel: u8, masks: [u32; 3]) -> Option<Self> {
        let fourcc = match (bits_per_pixel, depth, masks) {
            (32, 32, [0xff_0000, 0xff00, 0xff]) => Fourcc::ARGB8888,
            (32, 32, [0xff, 0xff00, 0xff_0000]) => Fourcc::ABGR8888,
            (32, 24, [0xff_0000, 0xff00, 0xff]) => Fourcc::XRGB8888,
            (32, 24, [0xff, 0xff00, 0xff_0000]) => Fourcc::XBGR8888,
            (32, 32, [0x3ff0_0000, 0xf_fc00, 0x3ff]) => Fourcc::ARGB2101010,
            (32, 32, [0x3ff, 0xf_fc00, 0x3ff0_0000]) => Fourcc::ABGR2101010,
            (32, 30, [0x3ff0_0000, 0xf_fc00, 0x3ff]) => Fourcc::XRGB2101010,
            (32, 30, [0x3ff, 0xf_fc00, 0x3ff0_0000]) => Fourcc::XBGR2101010,
            (16, 16, [0xf800, 0x7e0, 0x1f]) => Fourcc::RGB565,
            (16, 15, [0x7c00, 0x3e0, 0x1f]) => Fourcc::XRGB1555,
            _ => return None,
        };
        Some(Self {
            depth,
            bits_per_pixel,
            fourcc,
        })
    }

    /// How drivers lay out a depth that has no visual.
    fn by_convention(depth: u8, bits_per_pixel: u8) -> Option<Self> {
        let masks = match depth {
            24 | 32 => [0xff_0000, 0xff00, 0xff],
            30 => [0x3ff0_0000, 0xf_fc00, 0x3ff],
            16 => [0xf800, 0x7e0, 0x1f],
            15 => [0x7c00, 0x3e0, 0x1f],
            _ => return None,
        };
        Self::of_masks(depth, bits_per_pixel, masks)
    }
}

/// A visual of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisualInfo {
    /// Its identifier.
    pub id: Visualid,
    /// Significant bits of its pixels.
    pub depth: u8,
    /// Its pixels; `None` for colour maps and layouts without a name here.
    pub format: Option<PixelFormat>,
}

/// The visuals of a screen and the formats of its depths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatTable {
    visuals: Vec<VisualInfo>,
    depths: Vec<PixelFormat>,
}

impl FormatTable {
    /// Reads a screen of the connection's setup. A server of the other byte order has no formats that we can name.
    pub(super) fn new(setup: &Setup, screen: usize) -> Self {
        let native = setup.image_byte_order == ImageOrder::LSB_FIRST;
        let bits = |depth: u8| {
            let format = setup.pixmap_formats.iter().find(|format| format.depth == depth);
            format.filter(|_| native).map(|format| format.bits_per_pixel)
        };
        let mut visuals = Vec::new();
        for depth in setup
            .roots
            .get(screen)
            .into_iter()
            .flat_map(|s| &s.allowed_depths)
        {
            for visual in &depth.visuals {
                let format = bits(depth.depth).and_then(|bits| true_colour(depth.depth, bits, visual));
                visuals.push(VisualInfo {
                    id: visual.visual_id,
                    depth: depth.depth,
                    format,
                });
            }
        }
        let depths = (setup.pixmap_formats.iter())
            .filter_map(|format| {
                let of_visual = visuals.iter().filter(|visual| visual.depth == format.depth);
                let mut of_visual = of_visual.filter_map(|visual| visual.format);
                of_visual
                    .next()
                    .or_else(|| PixelFormat::by_convention(format.depth, bits(format.depth)?))
            })
            .collect();
        Self { visuals, depths }
    }

    /// The visuals of the screen.
    pub fn visuals(&self) -> &[VisualInfo] {
        &self.visuals
    }

    /// A visual by its identifier.
    pub fn visual(&self, id: Visualid) -> Option<&VisualInfo> {
        self.visuals.iter().find(|visual| visual.id == id)
    }

    /// The pixels of pixmaps of a depth.
    pub fn of_depth(&self, depth: u8) -> Option<PixelFormat> {
        self.depths.iter().copied().find(|format| format.depth == depth)
    }

    /// The first visual whose pixels are these.
    pub fn visual_of(&self, fourcc: Fourcc) -> Option<&VisualInfo> {
        self.visuals
            .iter()
            .find(|visual| visual.format.is_some_and(|format| format.fourcc == fourcc))
    }
}

fn true_colour(depth: u8, bits_per_pixel: u8, visual: &Visualtype) -> Option<PixelFormat> {
    if !matches!(visual.class, VisualClass::TRUE_COLOR | VisualClass::DIRECT_COLOR) {
        return None;
    }
    let masks = [visual.red_mask, visual.green_mask, visual.blue_mask];
    PixelFormat::of_masks(depth, bits_per_pixel, masks)
}

#[cfg(test)]
mod tests {
    use x11rb::protocol::xproto::{Depth, Format, Screen};

    use super::*;

    fn visual(id: u32, masks: [u32; 3]) -> Visualtype {
        Visualtype {
            visual_id: id,
            class: VisualClass::TRUE_COLOR,
            bits_per_rgb_value: 8,
            colormap_entries: 256,
            red_mask: masks[0],
            green_mask: masks[1],
            blue_mask: masks[2],
        }
    }

    fn setup() -> Setup {
        let format = |depth, bits_per_pixel| Format {
            depth,
            bits_per_pixel,
            scanline_pad: 32,
        };
        let depth = |depth, visuals| Depth { depth, visuals };
        Setup {
            image_byte_order: ImageOrder::LSB_FIRST,
            pixmap_formats: vec![
                format(1, 1),
                format(16, 16),
                format(24, 32),
                format(30, 32),
                format(32, 32),
            ],
            roots: vec![Screen {
                allowed_depths: vec![
                    depth(24, vec![visual(0x21, [0xff_0000, 0xff00, 0xff])]),
                    depth(32, vec![visual(0x22, [0xff, 0xff00, 0xff_0000])]),
                ],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn masks_decide_the_order_of_channels() {
        let table = FormatTable::new(&setup(), 0);
        let fourcc = |id| table.visual(id).unwrap().format.unwrap().fourcc;
        assert_eq!(fourcc(0x21), Fourcc::XRGB8888);
        assert_eq!(fourcc(0x22), Fourcc::ABGR8888);
        assert_eq!(table.of_depth(32).unwrap().fourcc, Fourcc::ABGR8888);
        assert_eq!(table.visual_of(Fourcc::XRGB8888).unwrap().id, 0x21);
    }

    #[test]
    fn depths_without_a_visual_follow_convention() {
        let table = FormatTable::new(&setup(), 0);
        assert_eq!(table.of_depth(30).unwrap().fourcc, Fourcc::XRGB2101010);
        assert_eq!(table.of_depth(16).unwrap().fourcc, Fourcc::RGB565);
        assert_eq!(table.of_depth(1), None);
    }

    #[test]
    fn the_other_byte_order_has_no_formats() {
        let mut setup = setup();
        setup.image_byte_order = ImageOrder::MSB_FIRST;
        let table = FormatTable::new(&setup, 0);
        assert_eq!(table.of_depth(24), None);
        assert_eq!(table.visual(0x21).unwrap().format, None);
    }

    #[test]
    fn a_fourcc_is_written_by_its_letters() {
        assert_eq!(Fourcc::XRGB8888.to_string(), "XR24");
        assert_eq!(Fourcc(1).to_string(), "0x00000001");
        assert_eq!(Fourcc::ARGB2101010.opaque(), Fourcc::XRGB2101010);
    }
}
