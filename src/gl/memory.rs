//! How memory looks that a software renderer draws in and an X server attaches.
//!
//! llvmpipe's textures are plain memory of the CPU. Through
//! [EXT_memory_object_fd](https://registry.khronos.org/OpenGL/extensions/EXT/EXT_external_objects_fd.txt) it takes a
//! memfd as a texture's storage, if the memfd begins with the header that llvmpipe itself writes when it exports
//! memory: total size, offset of the data, and an id of the driver's build; and the offset once more right before the
//! data. A wrong id is not reported, the texture has no size then. All of this is Mesa's own affair and no promise, so
//! it is tried out before it is used.

use std::{cell::OnceCell, fs::File, io, os::unix::fs::FileExt};

use memfd::{FileSeal, MemfdOptions};
use sha1::{Digest, Sha1};

use super::mapping::DriverMapping;

/// What trying out gave; the same for all contexts of a display.
pub(super) type Probed = OnceCell<Result<DrawableMemory, MemoryError>>;

/// Bytes from the start of a memfd to the first row: a page, the header's.
pub(super) const DATA_OFFSET: u32 = 4096;
/// The page before the data.
pub(super) type Header = [u8; DATA_OFFSET as usize];
/// Bytes of a pixel: red, green, blue, alpha.
pub(super) const PIXEL_BYTES: u32 = 4;
/// Rows that llvmpipe draws at once, which memory must have even where the picture does not.
const BLOCK_ROWS: u32 = 4;
/// Bytes that rows may be multiples of.
pub(super) const ROW_ALIGNMENTS: [u32; 7] = [4, 8, 16, 32, 64, 128, 256];

/// Why textures cannot lie in memory that an X server attaches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The renderer draws elsewhere.
    #[error("{0:?} does not draw in memory of the CPU")]
    Renderer(String),
    /// GL has no memory objects.
    #[error("GL lacks {0}")]
    Extension(&'static str),
    /// No memfd, or it could not be prepared.
    #[error("drawable memory of {bytes} bytes: {error}")]
    Memfd {
        /// Bytes wanted.
        bytes: u64,
        /// What the kernel said.
        error: String,
    },
    /// GL's mapping of the memory cannot be made safe from those who have the memory too.
    #[error("drawable memory of {bytes} bytes in GL: {error}")]
    Mapping {
        /// Bytes wanted.
        bytes: u64,
        /// What the kernel said.
        error: String,
    },
    /// GL refused the memory when it was tried out.
    #[error("trying out drawable memory: {0}")]
    Refused(String),
    /// GL took the memory and put the pixels elsewhere, or in an order that is not known.
    #[error("pixels of a {width}x{height} texture are not in the memory given for them")]
    Elsewhere {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
}

/// How llvmpipe's shared memory looks, found by trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawableMemory {
    id: [u8; 16],
    row_alignment: u32,
}

impl DrawableMemory {
    /// What is known before it is tried out: the driver's id, from the version that GL tells.
    pub(super) fn of_driver(gl_version: &str) -> Self {
        Self {
            id: driver_id(gl_version),
            row_alignment: ROW_ALIGNMENTS[ROW_ALIGNMENTS.len() - 1],
        }
    }

    pub(super) fn with_row_alignment(self, row_alignment: u32) -> Self {
        Self {
            row_alignment,
            ..self
        }
    }

    /// Bytes that the start of each row is a multiple of.
    pub fn row_alignment(&self) -> u32 {
        self.row_alignment
    }

    /// Bytes from a row to the next, of pictures that are not wider than GL's largest texture.
    pub fn stride(&self, width: u32) -> u32 {
        width
            .saturating_mul(PIXEL_BYTES)
            .checked_next_multiple_of(self.row_alignment)
            .unwrap_or(u32::MAX)
    }

    /// Bytes behind [`DATA_OFFSET`] for a picture.
    pub(super) fn data_bytes(&self, width: u32, height: u32) -> u64 {
        let rows = u64::from(height).next_multiple_of(BLOCK_ROWS.into());
        (u64::from(self.stride(width)) * rows).next_multiple_of(DATA_OFFSET.into())
    }

    /// A memfd for a picture, zeroed and sealed against changes of its size.
    pub(super) fn create(&self, width: u32, height: u32) -> Result<File, MemoryError> {
        let bytes = u64::from(DATA_OFFSET) + self.data_bytes(width, height);
        self.prepare(bytes)
            .map_err(|error| MemoryError::Memfd { bytes, error })
    }

    fn prepare(&self, bytes: u64) -> Result<File, String> {
        let text = |error: io::Error| error.to_string();
        let options = MemfdOptions::default().allow_sealing(true);
        let memfd = options.create("drawable").map_err(|error| error.to_string())?;
        memfd.as_file().set_len(bytes).map_err(text)?;
        let seals = [FileSeal::SealShrink, FileSeal::SealGrow, FileSeal::SealSeal];
        memfd.add_seals(&seals).map_err(|error| error.to_string())?;
        let total = usize::try_from(bytes).map_err(|error| error.to_string())?;
        memfd
            .as_file()
            .write_all_at(&self.header(total), 0)
            .map_err(text)?;
        Ok(memfd.into_file())
    }

    /// What llvmpipe finds before the data. It maps `total` bytes, and unmaps as many in the end.
    fn header(&self, total: usize) -> Header {
        const WORD: usize = size_of::<usize>();
        let mut header = [0; DATA_OFFSET as usize];
        let offset = (DATA_OFFSET as usize).to_ne_bytes();
        header[..WORD].copy_from_slice(&total.to_ne_bytes());
        header[WORD..2 * WORD].copy_from_slice(&offset);
        header[2 * WORD..][..self.id.len()].copy_from_slice(&self.id);
        header[DATA_OFFSET as usize - WORD..].copy_from_slice(&offset);
        header
    }

    /// Makes GL's mapping of a memfd ours, before anybody else gets the memfd.
    pub(super) fn take_over(&self, file: &File) -> Result<DriverMapping, MemoryError> {
        DriverMapping::take_over(file, self.header(0)).map_err(|error| MemoryError::Mapping {
            bytes: file.metadata().map_or(0, |metadata| metadata.len()),
            error: error.to_string(),
        })
    }
}

/// The id of llvmpipe's build: the digest of its name and of Mesa's git suffix, which only builds between releases
/// have.
fn driver_id(gl_version: &str) -> [u8; 16] {
    let suffix = gl_version.find(" (git-").map_or("", |at| &gl_version[at..]);
    let digest = Sha1::new()
        .chain_update("llvmpipe")
        .chain_update(suffix)
        .finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

#[cfg(test)]
mod tests {
    use rustix::{fs::SealFlags, io::Errno};

    use super::*;

    fn memory() -> DrawableMemory {
        DrawableMemory::of_driver("4.5 (Core Profile) Mesa 22.3.6").with_row_alignment(64)
    }

    #[test]
    fn the_id_is_of_the_name_and_the_git_suffix() {
        let released = driver_id("4.5 (Core Profile) Mesa 22.3.6");
        let known = [
            0x6c, 0xb9, 0xee, 0x07, 0x4a, 0x0b, 0xad, 0x7b, 0x01, 0x2e, 0x1b, 0xe9, 0x69, 0x7e, 0x53, 0x0f,
        ];
        assert_eq!(released, known);
        let between = driver_id("4.5 (Core Profile) Mesa 24.1.0-devel (git-0123456789)");
        assert_ne!(between, released);
    }

    #[test]
    fn rows_are_padded_and_blocks_complete() {
        let memory = memory();
        assert_eq!(
            [256, 300, 1001].map(|width| memory.stride(width)),
            [1024, 1216, 4032]
        );
        assert!(memory.data_bytes(1001, 33) >= 4032 * 36);
        assert_eq!(memory.stride(u32::MAX), u32::MAX);
    }

    #[test]
    fn the_memory_is_sealed_and_says_how_large_it_is() {
        let file = memory().create(300, 300).unwrap();
        let mut words = [0; 16];
        file.read_exact_at(&mut words, 0).unwrap();
        let length = file.metadata().unwrap().len();
        assert_eq!(words[..8], length.to_ne_bytes());
        assert_eq!(words[8..], 4096u64.to_ne_bytes());
        file.read_exact_at(&mut words[..8], 4096 - 8).unwrap();
        assert_eq!(words[..8], words[8..]);
        assert_eq!(rustix::fs::ftruncate(&file, 0), Err(Errno::PERM));
        let seals = rustix::fs::fcntl_get_seals(&file).unwrap();
        assert!(
            seals.contains(SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL),
            "{seals:?}"
        );
    }
}
