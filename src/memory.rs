//! Memory shared with another process: a sealed memfd.
//!
//! The seals keep the peer from shrinking the file under our mapping, which would turn our next access into SIGBUS.

use std::{ops::Range, os::fd::OwnedFd, ptr::NonNull};

use memfd::{FileSeal, MemfdOptions};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::gl::{ReadBytes, WriteBytes};

/// Why shared memory was not made.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// No memfd, or it could not be sealed.
    #[error("memfd of {bytes} bytes: {error}")]
    Memfd {
        /// Bytes wanted.
        bytes: u64,
        /// What the kernel said.
        error: String,
    },
    /// It could not be mapped.
    #[error("mapping of {bytes} bytes: {error}")]
    Map {
        /// Bytes wanted.
        bytes: u64,
        /// What the kernel said.
        error: rustix::io::Errno,
    },
}

/// A mapping of memory that another process maps too.
#[derive(Debug)]
pub struct SharedMemory {
    ptr: NonNull<u8>,
    len: usize,
}

impl SharedMemory {
    /// Makes `bytes` of zeroed memory. The file is for the peer.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn create(name: &str, bytes: u64) -> Result<(Self, OwnedFd), MemoryError> {
        let failed = |error: &dyn std::fmt::Display| MemoryError::Memfd {
            bytes,
            error: error.to_string(),
        };
        let file = MemfdOptions::default()
            .allow_sealing(true)
            .create(name)
            .map_err(|e| failed(&e))?;
        file.as_file().set_len(bytes).map_err(|e| failed(&e))?;
        file.add_seals(&[FileSeal::SealShrink, FileSeal::SealGrow, FileSeal::SealSeal])
            .map_err(|e| failed(&e))?;
        let fd = OwnedFd::from(file.into_file());
        Ok((Self::map_bytes(&fd, bytes)?, fd))
    }

    /// Maps the whole of a file that somebody else made, as a client does.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn map(fd: &OwnedFd) -> Result<Self, MemoryError> {
        let size = rustix::fs::fstat(fd)
            .map_err(|error| MemoryError::Map { bytes: 0, error })?
            .st_size;
        Self::map_bytes(fd, u64::try_from(size).unwrap_or(0))
    }

    fn map_bytes(fd: &OwnedFd, bytes: u64) -> Result<Self, MemoryError> {
        let refused = |error| MemoryError::Map { bytes, error };
        let len = usize::try_from(bytes).map_err(|_| refused(rustix::io::Errno::NOMEM))?;
        if len == 0 {
            return Ok(Self {
                ptr: NonNull::dangling(),
                len,
            });
        }
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let ptr = unsafe { mmap(std::ptr::null_mut(), len, access, flags, fd, 0) }.map_err(refused)?;
        let ptr = NonNull::new(ptr.cast()).ok_or(refused(rustix::io::Errno::NOMEM))?;
        Ok(Self { ptr, len })
    }

    /// The size in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The start of the mapping, on a page; dangling if it is empty.
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// A part to read; `None` if it does not lie inside.
    pub fn read(&self, range: Range<usize>) -> Option<ReadBytes<'_>> {
        self.write(range).map(WriteBytes::as_read)
    }

    /// A part to write; `None` if it does not lie inside.
    pub fn write(&self, range: Range<usize>) -> Option<WriteBytes<'_>> {
        // SAFETY: the mapping is `len` bytes long, readable and writable, and lives as long as `self`; nothing ever
        // makes a reference to it.
        let all = unsafe { WriteBytes::new(self.ptr, self.len) };
        all.get(range)
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        // SAFETY: this is the mapping of `create`, and nobody can hold a part of it any more.
        if let Err(error) = unsafe { munmap(self.ptr.as_ptr().cast(), self.len) } {
            tracing::error!("unmapping {} bytes of shared memory: {error}", self.len);
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn both_ends_see_the_same_bytes() {
        let (ours, file) = SharedMemory::create("test", 8192).unwrap();
        let theirs = SharedMemory::map(&file).unwrap();
        ours.write(4096..4100)
            .unwrap()
            .copy_from([1, 2, 3, 4].as_slice().into());
        assert_eq!(
            theirs.read(4094..4102).unwrap().to_vec(),
            [0, 0, 1, 2, 3, 4, 0, 0]
        );
    }

    #[test]
    fn nobody_can_change_the_size() {
        let (_memory, file) = SharedMemory::create("test", 4096).unwrap();
        assert_eq!(rustix::fs::ftruncate(&file, 0), Err(Errno::PERM));
        assert_eq!(rustix::fs::ftruncate(&file, 8192), Err(Errno::PERM));
        let seals = rustix::fs::fcntl_get_seals(&file).unwrap();
        assert!(seals.contains(rustix::fs::SealFlags::SEAL), "{seals:?}");
    }

    #[test]
    fn ranges_outside_give_nothing() {
        let (memory, _file) = SharedMemory::create("test", 16).unwrap();
        assert!(memory.read(0..17).is_none());
        assert!(memory.write(17..17).is_none());
        assert!(memory.read(16..16).is_some_and(ReadBytes::is_empty));
    }

    #[test]
    fn no_bytes_are_memory_too() {
        let (memory, _file) = SharedMemory::create("test", 0).unwrap();
        assert!(memory.is_empty());
        assert!(memory.read(0..0).is_some());
        assert!(memory.read(0..1).is_none());
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for bytes in [1 << 62, u64::MAX] {
            assert!(SharedMemory::create("test", bytes).is_err(), "{bytes}");
        }
    }
}
