//! How GL walks through memory when it transfers pixels, and how many bytes that touches.
//!
//! GL knows strides only as a row length in pixels, an image height in rows and an alignment of rows ([OpenGL
//! 4.6, 8.4.4](https://registry.khronos.org/OpenGL/specs/gl/glspec46.core.pdf)). A layout that cannot be said
//! that way is transferred image by image or row by row.

use std::ops::Range;

use super::{Gl, int};
use crate::gl::GlError;

/// A box of one level of a texture, in texels. Faces and layers count as `z`; layers of 1D arrays as `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Region {
    pub level: u32,
    pub x: i32,
    pub y: i32,
    pub z: i32,
    pub w: i32,
    pub h: i32,
    pub d: i32,
}

/// What pixels look like in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pixels {
    /// GL's transfer format; not used for compressed textures.
    pub format: u32,
    /// GL's transfer type; not used for compressed textures.
    pub ty: u32,
    /// Bytes of a pixel, or of a block of a compressed format.
    pub pixel_bytes: u64,
    /// Bytes from a row (of blocks) to the next.
    pub row_bytes: u64,
    /// Bytes from an image to the next.
    pub image_bytes: u64,
    /// Width and height of a block in texels; `[1, 1]` unless compressed.
    pub block: [u32; 2],
}

/// Pixel store state for one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    row_length: i32,
    image_height: i32,
    alignment: i32,
}

impl Default for Layout {
    /// GL's initial state.
    fn default() -> Self {
        Self {
            row_length: 0,
            image_height: 0,
            alignment: 4,
        }
    }
}

/// A part of a transfer that GL does in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) region: Region,
    pub(super) bytes: Range<usize>,
    pub(super) layout: Layout,
}

/// Bytes of a pixel of this format and type; `None` for combinations that GL does not have.
fn pixel_bytes(format: u32, ty: u32) -> Option<u64> {
    use glow::*;
    let components = match format {
        RED | GREEN | BLUE | ALPHA | RED_INTEGER | GREEN_INTEGER | BLUE_INTEGER | DEPTH_COMPONENT
        | STENCIL_INDEX => 1,
        RG | RG_INTEGER => 2,
        RGB | BGR | RGB_INTEGER | BGR_INTEGER => 3,
        RGBA | BGRA | RGBA_INTEGER | BGRA_INTEGER => 4,
        DEPTH_STENCIL => 0,
        _ => return None,
    };
    let packed = |of: u64, bytes: u64| (components == of).then_some(bytes);
    match ty {
        BYTE | UNSIGNED_BYTE => (components > 0).then_some(components),
        SHORT | UNSIGNED_SHORT | HALF_FLOAT => (components > 0).then_some(components * 2),
        INT | UNSIGNED_INT | FLOAT => (components > 0).then_some(components * 4),
        UNSIGNED_BYTE_3_3_2 | UNSIGNED_BYTE_2_3_3_REV => packed(3, 1),
        UNSIGNED_SHORT_5_6_5 | UNSIGNED_SHORT_5_6_5_REV => packed(3, 2),
        UNSIGNED_SHORT_4_4_4_4
        | UNSIGNED_SHORT_4_4_4_4_REV
        | UNSIGNED_SHORT_5_5_5_1
        | UNSIGNED_SHORT_1_5_5_5_REV => packed(4, 2),
        UNSIGNED_INT_8_8_8_8
        | UNSIGNED_INT_8_8_8_8_REV
        | UNSIGNED_INT_10_10_10_2
        | UNSIGNED_INT_2_10_10_10_REV => packed(4, 4),
        UNSIGNED_INT_10F_11F_11F_REV | UNSIGNED_INT_5_9_9_9_REV => packed(3, 4),
        UNSIGNED_INT_24_8 => packed(0, 4),
        FLOAT_32_UNSIGNED_INT_24_8_REV => packed(0, 8),
        _ => None,
    }
}

/// Sizes of a transfer, in pixels or blocks.
#[derive(Debug, Clone, Copy)]
struct Extent {
    w: u64,
    h: u64,
    d: u64,
}

impl Pixels {
    /// Checks that the pixel size is GL's for the format and type.
    pub(super) fn check_size(&self) -> Result<(), GlError> {
        let Self {
            format,
            ty,
            pixel_bytes: claimed,
            ..
        } = *self;
        if pixel_bytes(format, ty) != Some(claimed) || self.block != [1, 1] {
            return Err(GlError::PixelSize {
                format,
                ty,
                pixel_bytes: claimed,
            });
        }
        Ok(())
    }

    fn extent(&self, region: &Region) -> Result<Extent, GlError> {
        let of = |what, size: i32, block: u32| -> Result<u64, GlError> {
            let size = u64::from(int(what, size)?.unsigned_abs());
            Ok(size.div_ceil(u64::from(block.max(1))))
        };
        Ok(Extent {
            w: of("width", region.w, self.block[0])?,
            h: of("height", region.h, self.block[1])?,
            d: of("depth", region.d, 1)?,
        })
    }

    /// The bytes from the first pixel of the region to the end of the last one.
    ///
    /// # Errors
    /// If rows or images overlap, or sizes are negative or beyond all measure.
    pub fn span(&self, region: &Region) -> Result<u64, GlError> {
        self.span_of(self.extent(region)?)
    }

    fn span_of(&self, Extent { w, h, d }: Extent) -> Result<u64, GlError> {
        if w == 0 || h == 0 || d == 0 {
            return Ok(0);
        }
        let huge = || GlError::OutOfRange {
            what: "transfer size",
            value: i128::MAX,
        };
        let row = w.checked_mul(self.pixel_bytes).ok_or_else(huge)?;
        if h > 1 && self.row_bytes < row {
            return Err(GlError::Stride {
                of: "row",
                stride: self.row_bytes,
                needed: row,
            });
        }
        let rows = self.row_bytes.checked_mul(h - 1).ok_or_else(huge)?;
        let image = rows.checked_add(row).ok_or_else(huge)?;
        if d > 1 && self.image_bytes < image {
            return Err(GlError::Stride {
                of: "image",
                stride: self.image_bytes,
                needed: image,
            });
        }
        let images = self.image_bytes.checked_mul(d - 1).ok_or_else(huge)?;
        images.checked_add(image).ok_or_else(huge)
    }

    /// Cuts a transfer into calls; `given` is the number of bytes there are.
    pub(super) fn pieces(
        &self,
        what: &'static str,
        region: &Region,
        given: usize,
    ) -> Result<impl Iterator<Item = Piece>, GlError> {
        let extent = self.extent(region)?;
        let needed = self.span_of(extent)?;
        if needed > given as u64 {
            return Err(GlError::Short {
                what,
                needed,
                given: given as u64,
            });
        }
        let one_image = Extent { d: 1, ..extent };
        let (step, layout) = if let Some(layout) = self.layout(extent) {
            (extent, layout)
        } else if let Some(layout) = self.layout(one_image) {
            (one_image, layout)
        } else {
            (
                Extent { h: 1, ..one_image },
                Layout {
                    row_length: 0,
                    image_height: 0,
                    alignment: 1,
                },
            )
        };
        let (this, region) = (*self, *region);
        let (images, rows) = match needed {
            0 => (0, 0),
            _ => (extent.d / step.d, extent.h / step.h),
        };
        let starts = (0..images).flat_map(move |image| (0..rows).map(move |row| (image, row)));
        Ok(starts.map(move |(image, row)| this.piece(&region, step, extent, layout, image, row)))
    }

    /// One of the pieces. All sums were checked for the whole.
    fn piece(
        &self,
        region: &Region,
        step: Extent,
        all: Extent,
        layout: Layout,
        image: u64,
        row: u64,
    ) -> Piece {
        let start = image * self.image_bytes + row * self.row_bytes;
        let length = self.span_of(step).unwrap_or(0);
        let mut part = *region;
        if step.d != all.d {
            part.z = part.z.saturating_add(image as i32);
            part.d = 1;
        }
        if step.h != all.h {
            let block = self.block[1].max(1) as i32;
            let above = row as i32 * block;
            part.y = part.y.saturating_add(above);
            part.h = block.min(region.h - above);
        }
        Piece {
            region: part,
            bytes: start as usize..(start + length) as usize,
            layout,
        }
    }

    /// GL's way to say the strides, if it has one.
    fn layout(&self, Extent { w, h, d }: Extent) -> Option<Layout> {
        if self.block != [1, 1] {
            let tight = (h == 1 || self.row_bytes == w * self.pixel_bytes)
                && (d == 1 || self.image_bytes == h * w * self.pixel_bytes);
            return tight.then_some(Layout {
                row_length: 0,
                image_height: 0,
                alignment: 1,
            });
        }
        let row_bytes = match (h, d) {
            (1, 1) => {
                return Some(Layout {
                    row_length: 0,
                    image_height: 0,
                    alignment: 1,
                });
            }
            (1, _) => self.image_bytes,
            _ => self.row_bytes,
        };
        let row_length = row_bytes.checked_div(self.pixel_bytes)?;
        let padded = |alignment: &u64| (row_length * self.pixel_bytes).next_multiple_of(*alignment);
        let alignment = [1, 2, 4, 8].into_iter().find(|a| padded(a) == row_bytes)?;
        let image_height = match (h, d) {
            (_, 1) => 0,
            (1, _) => 1,
            _ if self.image_bytes.is_multiple_of(row_bytes) => self.image_bytes / row_bytes,
            _ => return None,
        };
        Some(Layout {
            row_length: i32::try_from(row_length).ok()?,
            image_height: i32::try_from(image_height).ok()?,
            alignment: alignment as i32,
        })
    }
}

impl Gl {
    pub(super) fn unpack(&self, layout: Layout) {
        let old = self.0.unpack.replace(layout);
        let f = self.f();
        if old.row_length != layout.row_length {
            f.PixelStorei(glow::UNPACK_ROW_LENGTH, layout.row_length);
        }
        if old.image_height != layout.image_height {
            f.PixelStorei(glow::UNPACK_IMAGE_HEIGHT, layout.image_height);
        }
        if old.alignment != layout.alignment {
            f.PixelStorei(glow::UNPACK_ALIGNMENT, layout.alignment);
        }
    }

    pub(super) fn pack(&self, layout: Layout) {
        let old = self.0.pack.replace(layout);
        let f = self.f();
        if old.row_length != layout.row_length {
            f.PixelStorei(glow::PACK_ROW_LENGTH, layout.row_length);
        }
        if old.image_height != layout.image_height {
            f.PixelStorei(glow::PACK_IMAGE_HEIGHT, layout.image_height);
        }
        if old.alignment != layout.alignment {
            f.PixelStorei(glow::PACK_ALIGNMENT, layout.alignment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgba(row_bytes: u64, image_bytes: u64) -> Pixels {
        Pixels {
            format: glow::RGBA,
            ty: glow::UNSIGNED_BYTE,
            pixel_bytes: 4,
            row_bytes,
            image_bytes,
            block: [1, 1],
        }
    }

    fn region(w: i32, h: i32, d: i32) -> Region {
        Region {
            level: 0,
            x: 0,
            y: 0,
            z: 0,
            w,
            h,
            d,
        }
    }

    fn cut(pixels: &Pixels, region: Region) -> Vec<Piece> {
        pixels.pieces("test", &region, usize::MAX).unwrap().collect()
    }

    #[test]
    fn the_last_row_does_not_need_its_padding() {
        assert_eq!(rgba(64, 0).span(&region(3, 5, 1)).unwrap(), 4 * 64 + 12);
        assert_eq!(rgba(64, 1000).span(&region(3, 5, 2)).unwrap(), 1000 + 4 * 64 + 12);
        assert_eq!(rgba(64, 1000).span(&region(3, 0, 2)).unwrap(), 0);
    }

    #[test]
    fn strides_of_whole_pixels_take_one_call() {
        let pieces = cut(&rgba(64, 640), region(3, 5, 2));
        assert_eq!(pieces.len(), 1);
        assert_eq!(
            pieces[0].layout,
            Layout {
                row_length: 16,
                image_height: 10,
                alignment: 1
            }
        );
        assert_eq!(pieces[0].bytes, 0..640 + 4 * 64 + 12);
    }

    #[test]
    fn padding_that_alignment_explains_takes_one_call() {
        let rgb = Pixels {
            format: glow::RGB,
            pixel_bytes: 3,
            ..rgba(16, 0)
        };
        let pieces = cut(&rgb, region(5, 4, 1));
        assert_eq!(pieces.len(), 1);
        assert_eq!(
            pieces[0].layout,
            Layout {
                row_length: 5,
                image_height: 0,
                alignment: 2
            }
        );
    }

    #[test]
    fn images_that_are_no_whole_number_of_rows_take_a_call_each() {
        let pieces = cut(&rgba(64, 650), region(3, 5, 3));
        let parts: Vec<_> = pieces
            .iter()
            .map(|p| (p.region.z, p.region.d, p.bytes.start))
            .collect();
        assert_eq!(parts, [(0, 1, 0), (1, 1, 650), (2, 1, 1300)]);
    }

    #[test]
    fn odd_strides_take_a_call_for_each_row() {
        let pieces = cut(&rgba(63, 0), region(3, 2, 1));
        let parts: Vec<_> = pieces
            .iter()
            .map(|p| (p.region.y, p.region.h, p.bytes.clone()))
            .collect();
        assert_eq!(parts, [(0, 1, 0..12), (1, 1, 63..75)]);
    }

    #[test]
    fn rows_of_blocks_cover_a_height_that_is_no_multiple_of_the_block() {
        let dxt1 = Pixels {
            pixel_bytes: 8,
            row_bytes: 24,
            image_bytes: 48,
            block: [4, 4],
            ..rgba(0, 0)
        };
        let pieces = cut(&dxt1, region(6, 7, 1));
        let parts: Vec<_> = pieces
            .iter()
            .map(|p| (p.region.y, p.region.h, p.bytes.clone()))
            .collect();
        assert_eq!(parts, [(0, 4, 0..16), (4, 3, 24..40)]);
    }

    #[test]
    fn overlapping_rows_and_images_are_refused() {
        assert!(matches!(
            rgba(8, 0).span(&region(3, 2, 1)),
            Err(GlError::Stride { of: "row", .. })
        ));
        assert!(matches!(
            rgba(12, 20).span(&region(3, 2, 2)),
            Err(GlError::Stride { of: "image", .. })
        ));
        assert!(matches!(
            rgba(12, 20).span(&region(-3, 2, 2)),
            Err(GlError::OutOfRange { .. })
        ));
    }

    #[test]
    fn a_pixel_size_that_is_not_of_the_type_is_refused() {
        assert!(rgba(0, 0).check_size().is_ok());
        assert!(
            Pixels {
                ty: glow::FLOAT,
                ..rgba(0, 0)
            }
            .check_size()
            .is_err()
        );
        assert!(
            Pixels {
                format: glow::DEPTH_STENCIL,
                ..rgba(0, 0)
            }
            .check_size()
            .is_err()
        );
    }

    proptest::proptest! {
        #[test]
        fn pieces_stay_inside_and_cover_all_pixels_once(
            (w, h, d) in (0..9i32, 0..9i32, 0..5i32),
            row_pad in 0..40u64,
            image_pad in 0..90u64,
            size in 0..3usize,
            block in 0..2usize,
        ) {
            let (format, pixel_bytes) =
                [(glow::RED, 1), (glow::RGB, 3), (glow::RGBA, 4)][size];
            let block = [[1, 1], [4, 4]][block];
            let mut pixels = Pixels { format, pixel_bytes, block, ..rgba(0, 0) };
            let columns = (w as u64).div_ceil(block[0].into());
            pixels.row_bytes = columns * pixel_bytes + row_pad;
            pixels.image_bytes = pixels.row_bytes * (h as u64).div_ceil(block[1].into()) + image_pad;
            let span = pixels.span(&region(w, h, d)).unwrap();
            let pieces: Vec<_> = pixels.pieces("test", &region(w, h, d), span as usize).unwrap().collect();
            let texels: i64 =
                pieces.iter().map(|p| i64::from(p.region.w) * i64::from(p.region.h) * i64::from(p.region.d)).sum();
            proptest::prop_assert_eq!(texels, i64::from(w) * i64::from(h) * i64::from(d));
            for piece in pieces {
                proptest::prop_assert!(piece.bytes.end as u64 <= span);
            }
        }
    }
}
