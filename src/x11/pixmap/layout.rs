//! How GL stores the pixels of a pixmap, and how they lie in images that the server sends.
//!
//! Textures that are filled by copying hold the server's bytes, so that an upload is a copy of memory on every driver:
//! where GL has no format of that order, red and blue are exchanged in the texture and put right by its swizzle. Shaders
//! see the channels where they belong; raw reads of the texture see bytes as GetImage gives them.

use x11rb::protocol::xproto::Setup;

use crate::{
    gl::Pixels,
    x11::{Fourcc, PixelFormat},
};

/// Which channels a texture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channels {
    /// Colour; alpha reads 1.
    Rgb,
    /// Colour and alpha; alpha reads 1 where the pixmap has none.
    #[default]
    Rgba,
}

/// How GL stores pixels of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Storage {
    internal: u32,
    format: u32,
    ty: u32,
    /// Whether red lies where GL believes blue to be.
    exchanged: bool,
}

impl Storage {
    fn of(fourcc: Fourcc) -> Option<Self> {
        use glow::*;
        let (internal, format, ty, exchanged) = match fourcc {
            Fourcc::XRGB8888 | Fourcc::ARGB8888 => (RGBA8, RGBA, UNSIGNED_BYTE, true),
            Fourcc::XBGR8888 | Fourcc::ABGR8888 => (RGBA8, RGBA, UNSIGNED_BYTE, false),
            Fourcc::XRGB2101010 | Fourcc::ARGB2101010 => (RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV, true),
            Fourcc::XBGR2101010 | Fourcc::ABGR2101010 => (RGB10_A2, RGBA, UNSIGNED_INT_2_10_10_10_REV, false),
            Fourcc::RGB565 => (RGB565, RGB, UNSIGNED_SHORT_5_6_5, false),
            Fourcc::XRGB1555 => (RGB5_A1, BGRA, UNSIGNED_SHORT_1_5_5_5_REV, false),
            _ => return None,
        };
        Some(Self {
            internal,
            format,
            ty,
            exchanged,
        })
    }
}

/// The four channels as shaders read them.
pub(super) fn swizzle(fourcc: Fourcc, channels: Channels, exchanged: bool) -> [i32; 4] {
    let [red, blue] = match exchanged {
        false => [glow::RED, glow::BLUE],
        true => [glow::BLUE, glow::RED],
    };
    let alpha = match channels {
        Channels::Rgba if fourcc.has_alpha() => glow::ALPHA,
        _ => glow::ONE,
    };
    [red, glow::GREEN, blue, alpha].map(u32::cast_signed)
}

/// The pixels of a pixmap in GL and in the server's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageLayout {
    storage: Storage,
    fourcc: Fourcc,
    pixel_bytes: u32,
    /// Rows begin at multiples of so many bytes.
    row_alignment: u32,
}

impl ImageLayout {
    /// The layout on a connection; `None` if GL has nothing for the format.
    pub(super) fn new(setup: &Setup, format: PixelFormat) -> Option<Self> {
        let of_depth = |other: &&x11rb::protocol::xproto::Format| other.depth == format.depth;
        let pad = setup.pixmap_formats.iter().find(of_depth)?.scanline_pad;
        Some(Self {
            storage: Storage::of(format.fourcc)?,
            fourcc: format.fourcc,
            pixel_bytes: format.bytes_per_pixel(),
            row_alignment: u32::from(pad / 8).max(1),
        })
    }

    /// Whether texels are four bytes, one a channel, and if so, whether red and blue are exchanged.
    pub(super) fn exchanged_bytes(&self) -> Option<bool> {
        (self.storage.internal == glow::RGBA8).then_some(self.storage.exchanged)
    }

    /// GL's internal format.
    pub(super) fn internal(&self) -> u32 {
        self.storage.internal
    }

    /// The swizzle of a texture.
    pub(super) fn swizzle(&self, channels: Channels) -> [i32; 4] {
        swizzle(self.fourcc, channels, self.storage.exchanged)
    }

    /// Bytes of a pixel.
    pub(super) fn pixel_bytes(&self) -> u32 {
        self.pixel_bytes
    }

    /// Bytes from a row of an image to the next.
    pub(super) fn row_bytes(&self, width: u16) -> u32 {
        (u32::from(width) * self.pixel_bytes).next_multiple_of(self.row_alignment)
    }

    /// Bytes of an image.
    pub(super) fn image_bytes(&self, width: u16, height: u16) -> u64 {
        u64::from(self.row_bytes(width)) * u64::from(height)
    }

    /// An image as GL is told.
    pub(super) fn pixels(&self, width: u16) -> Pixels {
        Pixels {
            format: self.storage.format,
            ty: self.storage.ty,
            pixel_bytes: self.pixel_bytes.into(),
            row_bytes: self.row_bytes(width).into(),
            image_bytes: 0,
            block: [1, 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use x11rb::protocol::xproto::Format;

    use super::*;

    fn layout(depth: u8, bits_per_pixel: u8, fourcc: Fourcc) -> ImageLayout {
        let setup = Setup {
            pixmap_formats: vec![Format {
                depth,
                bits_per_pixel,
                scanline_pad: 32,
            }],
            ..Default::default()
        };
        let format = PixelFormat {
            depth,
            bits_per_pixel,
            fourcc,
        };
        ImageLayout::new(&setup, format).unwrap()
    }

    #[test]
    fn rows_are_padded_as_the_server_pads_them() {
        let sixteen = layout(16, 16, Fourcc::RGB565);
        assert_eq!([1, 2, 3].map(|width| sixteen.row_bytes(width)), [4, 4, 8]);
        assert_eq!(sixteen.image_bytes(301, 203), 604 * 203);
        assert_eq!(layout(24, 32, Fourcc::XRGB8888).row_bytes(3), 12);
    }

    #[test]
    fn alpha_reads_one_unless_there_is_one_and_it_is_wanted() {
        let alpha = |layout: ImageLayout, channels| layout.swizzle(channels)[3].cast_unsigned();
        let (with, without) = (layout(32, 32, Fourcc::ARGB8888), layout(24, 32, Fourcc::XRGB8888));
        assert_eq!(alpha(with, Channels::Rgba), glow::ALPHA);
        assert_eq!(alpha(with, Channels::Rgb), glow::ONE);
        assert_eq!(alpha(without, Channels::Rgba), glow::ONE);
    }
}
