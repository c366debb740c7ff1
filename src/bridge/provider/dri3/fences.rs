//! The fences that clients share with us by descriptor: an X fence in the server, and a page of memory.
//!
//! A server without DRI3 knows nothing of the page, so it is triggered here, when a message passes which says that the
//! fence has been triggered: Present's IdleNotify, and the client's own TriggerFence once everything before it has
//! been carried out.

use std::{collections::HashMap, os::fd::OwnedFd};

use rustix::fs::{SealFlags, fcntl_add_seals, fcntl_get_seals, fstat};

use super::super::ClientId;
use crate::{memory::MemoryError, present::ShmFence};

/// Fences of a client at most.
const MAX_FENCES: usize = 4096;
/// Bytes of a fence's file at most: a page.
const MAX_BYTES: i64 = 4096;

/// Why a file is not taken as a fence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FenceError {
    /// Not a file of this kind.
    #[error("a file of {0} bytes")]
    Size(i64),
    /// It could be cut off under our mapping.
    #[error("its size cannot be sealed: {0}")]
    Seal(rustix::io::Errno),
    /// It could not be looked at.
    #[error("{0}")]
    Stat(rustix::io::Errno),
    /// It could not be mapped.
    #[error(transparent)]
    Map(#[from] MemoryError),
    /// Too many.
    #[error("more than {MAX_FENCES} fences")]
    Quota,
}

/// A fence of a client.
#[derive(Debug)]
pub(crate) struct Fence {
    owner: ClientId,
    page: ShmFence,
    file: OwnedFd,
}

impl Fence {
    /// Takes a client's file, once nobody can make it shorter.
    pub(crate) fn map(owner: ClientId, file: OwnedFd) -> Result<Self, FenceError> {
        let size = fstat(&file).map_err(FenceError::Stat)?.st_size;
        if size > MAX_BYTES {
            return Err(FenceError::Size(size));
        }
        let seals = fcntl_get_seals(&file).map_err(FenceError::Seal)?;
        if !seals.contains(SealFlags::SHRINK) {
            fcntl_add_seals(&file, SealFlags::SHRINK).map_err(FenceError::Seal)?;
        }
        // Its size may have been another before the seal; the mapping looks again.
        let page = ShmFence::map(&file)?.ok_or(FenceError::Size(size))?;
        Ok(Self { owner, page, file })
    }

    /// Makes a page for a fence that has none.
    pub(crate) fn create(owner: ClientId, triggered: bool) -> Result<Self, FenceError> {
        let (page, file) = ShmFence::create()?;
        if !triggered {
            page.reset();
        }
        Ok(Self { owner, page, file })
    }

    pub(crate) fn page(&self) -> &ShmFence {
        &self.page
    }

    pub(crate) fn file(&self) -> &OwnedFd {
        &self.file
    }
}

/// All fences, by their identifiers.
#[derive(Debug, Default)]
pub(crate) struct Fences(HashMap<u32, Fence>);

impl Fences {
    /// The fence of this identifier, if it has a page.
    pub(crate) fn get(&self, id: u32) -> Option<&Fence> {
        self.0.get(&id)
    }

    /// Adds one under a free identifier.
    pub(crate) fn add(&mut self, id: u32, fence: Fence) -> Result<(), FenceError> {
        if self.0.values().filter(|other| other.owner == fence.owner).count() >= MAX_FENCES {
            return Err(FenceError::Quota);
        }
        self.0.insert(id, fence);
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.0.remove(&id);
    }

    /// Forgets those of a client that is gone.
    pub(crate) fn leave(&mut self, owner: ClientId) {
        self.0.retain(|_, fence| fence.owner != owner);
    }
}
