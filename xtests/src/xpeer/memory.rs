//! Memory behind descriptors, the clients' and the peer's own.
//!
//! It is read and written by `pread` and `pwrite`, never mapped: a client that shrinks its file gets an error instead of
//! ending the test process with SIGBUS, and what it sees in its mapping is the same.

use std::{cell::Cell, os::fd::OwnedFd, rc::Rc};

use rustix::{
    fs::{MemfdFlags, fstat, ftruncate, memfd_create},
    io::{Errno, pread, pwrite},
};

/// How many descriptors of clients are held.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauge(Rc<Cell<usize>>);

impl Gauge {
    pub(super) fn value(&self) -> usize {
        self.0.get()
    }
}

/// One count of a gauge.
#[derive(Debug)]
struct Lease(Gauge);

impl Lease {
    fn new(gauge: &Gauge) -> Self {
        gauge.0.set(gauge.0.get() + 1);
        Self(gauge.clone())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.0.set(self.0.value() - 1);
    }
}

/// A file of memory.
#[derive(Debug)]
pub(super) struct Memory {
    file: OwnedFd,
    _lease: Option<Lease>,
}

impl Memory {
    /// Zeroed memory of the peer's own.
    pub(super) fn create(bytes: u64) -> Result<Self, Errno> {
        let file = memfd_create("xpeer", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, bytes)?;
        Ok(Self { file, _lease: None })
    }

    /// Memory that a client sent.
    pub(super) fn given(file: OwnedFd, gauge: &Gauge) -> Self {
        Self {
            file,
            _lease: Some(Lease::new(gauge)),
        }
    }

    /// Its present size in bytes; 0 for what has none.
    pub(super) fn size(&self) -> u64 {
        fstat(&self.file).map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or(0))
    }

    /// Another descriptor of it.
    pub(super) fn duplicate(&self) -> std::io::Result<OwnedFd> {
        self.file.try_clone()
    }

    pub(super) fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Fills the buffer from `offset`.
    pub(super) fn read(&self, mut buffer: &mut [u8], mut offset: u64) -> Result<(), Errno> {
        while !buffer.is_empty() {
            match pread(&self.file, &mut *buffer, offset)? {
                0 => return Err(Errno::NXIO),
                count => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
            }
        }
        Ok(())
    }

    /// Writes all the bytes at `offset`, which must lie inside.
    pub(super) fn write(&self, mut bytes: &[u8], mut offset: u64) -> Result<(), Errno> {
        if offset
            .checked_add(bytes.len() as u64)
            .is_none_or(|end| end > self.size())
        {
            return Err(Errno::NXIO);
        }
        while !bytes.is_empty() {
            let count = pwrite(&self.file, bytes, offset)?;
            bytes = &bytes[count..];
            offset += count as u64;
        }
        Ok(())
    }
}
