//! Pictures of what was on the screen: 8-bit RGB, rows from the top.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

/// One pixel: red, green, blue.
pub type Rgb = [u8; 3];

/// A picture, rows from the top, without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    pixels: Vec<Rgb>,
}

impl Picture {
    /// A picture of rows of `width` pixels.
    ///
    /// # Panics
    /// When the pixels do not fill whole rows.
    pub fn new(width: usize, pixels: Vec<Rgb>) -> Self {
        assert!(
            width > 0 && pixels.len().is_multiple_of(width),
            "{} pixels in rows of {width}",
            pixels.len()
        );
        Self { width, pixels }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    /// All pixels, row after row.
    pub fn pixels(&self) -> &[Rgb] {
        &self.pixels
    }

    /// Upside down.
    pub fn flipped(&self) -> Self {
        let pixels = self.pixels.chunks(self.width).rev().flatten().copied().collect();
        Self {
            width: self.width,
            pixels,
        }
    }

    /// Left and right exchanged.
    pub fn mirrored(&self) -> Self {
        let pixels = self
            .pixels
            .chunks(self.width)
            .flat_map(|row| row.iter().rev())
            .copied()
            .collect();
        Self {
            width: self.width,
            pixels,
        }
    }

    /// Red and blue exchanged.
    pub fn red_blue_exchanged(&self) -> Self {
        let pixels = self.pixels.iter().map(|&[r, g, b]| [b, g, r]).collect();
        Self {
            width: self.width,
            pixels,
        }
    }

    /// The absolute difference, channel by channel, or `None` where the sizes differ.
    pub fn difference(&self, other: &Self) -> Option<Self> {
        if (self.width, self.pixels.len()) != (other.width, other.pixels.len()) {
            return None;
        }
        let differ = |(a, b): (&Rgb, &Rgb)| [0, 1, 2].map(|channel| a[channel].abs_diff(b[channel]));
        let pixels = self.pixels.iter().zip(&other.pixels).map(differ).collect();
        Some(Self {
            width: self.width,
            pixels,
        })
    }

    /// The mean of each channel, 0 to 255.
    pub fn mean(&self) -> [f64; 3] {
        [0, 1, 2].map(|channel| {
            let sum: u64 = self.pixels.iter().map(|pixel| u64::from(pixel[channel])).sum();
            sum as f64 / self.pixels.len().max(1) as f64
        })
    }

    /// Whether all pixels are alike, as in a window that nothing was drawn to.
    pub fn is_uniform(&self) -> bool {
        self.pixels.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Writes a PNG, making its directory where needed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let size = |length: usize| u32::try_from(length).map_err(io::Error::other);
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(file, size(self.width())?, size(self.height())?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        Ok(writer.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb = [255, 0, 0];
    const BLUE: Rgb = [0, 0, 255];
    const BLACK: Rgb = [0, 0, 0];

    #[test]
    fn turned_copies_move_pixels_as_named() {
        let picture = Picture::new(2, vec![RED, BLUE, BLACK, BLACK]);
        assert_eq!(picture.flipped().pixels(), [BLACK, BLACK, RED, BLUE]);
        assert_eq!(picture.mirrored().pixels(), [BLUE, RED, BLACK, BLACK]);
        assert_eq!(picture.red_blue_exchanged().pixels(), [BLUE, RED, BLACK, BLACK]);
    }

    #[test]
    fn pictures_of_other_sizes_have_no_difference() {
        let row = Picture::new(2, vec![RED, BLUE]);
        let column = Picture::new(1, vec![RED, BLUE]);
        assert_eq!(row.difference(&column), None);
        assert_eq!(
            row.difference(&row.mirrored()).unwrap().pixels(),
            [[255, 0, 255]; 2]
        );
    }

    #[test]
    fn a_saved_picture_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/picture.png");
        Picture::new(2, vec![RED, BLUE]).save(&path).unwrap();
        let file = io::BufReader::new(File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = [0; 6];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes, [255, 0, 0, 0, 0, 255]);
    }
}
