//! Sets of formats.

use crate::pipe::format::Format;

/// A set of formats, as the capability sets carry it: 512 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FormatMask([u32; 16]);

impl FormatMask {
    /// Adds a format; one beyond the mask stays out.
    pub fn insert(&mut self, format: Format) {
        if let Some(word) = self.0.get_mut(format.0 as usize / 32) {
            *word |= 1 << (format.0 % 32);
        }
    }

    /// Whether a format is in the set.
    pub fn contains(&self, format: Format) -> bool {
        let word = self.0.get(format.0 as usize / 32);
        word.is_some_and(|word| word >> (format.0 % 32) & 1 != 0)
    }

    /// The formats of the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Format> + use<> {
        let mask = *self;
        (0..512).map(Format).filter(move |&format| mask.contains(format))
    }

    /// The words of the mask; format `n` is bit `n % 32` of word `n / 32`.
    pub fn words(&self) -> [u32; 16] {
        self.0
    }
}

impl FromIterator<Format> for FormatMask {
    fn from_iter<T: IntoIterator<Item = Format>>(formats: T) -> Self {
        let mut mask = Self::default();
        formats.into_iter().for_each(|format| mask.insert(format));
        mask
    }
}

/// What the host can do with which formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FormatSupport {
    /// Textures can be made and sampled; depth and stencil formats can be attached, too.
    pub sampler: FormatMask,
    /// Colour attachments.
    pub render: FormatMask,
    /// Textures with several samples.
    pub multisample: FormatMask,
    /// Contents can be read back unchanged.
    pub readback: FormatMask,
    /// Pictures can be shown.
    pub scanout: FormatMask,
}
