//! Resources as files that other processes, and the X server, can have.
//!
//! The file is the session's, and it alone knows which resource a file is. What it has told us is kept by the file's
//! identity, since the application must get one handle for one file however often it asks.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::fstat,
    io::{self, Errno},
};

use super::{Context, Session, resources::Memory};
use crate::wire::{Exported, IMPORTED_DWORDS, command, wide};

/// Device and inode of a file, which are nobody else's while it is open somewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(u64, u64);

impl FileId {
    fn of(file: BorrowedFd<'_>) -> io::Result<Self> {
        let stat = fstat(file)?;
        Ok(Self(stat.st_dev, stat.st_ino))
    }
}

impl Session<'_> {
    /// The file of a resource, and how the picture lies in it.
    ///
    /// # Errors
    /// ENOENT if there is no such resource; what the session says.
    pub(crate) fn export(&mut self, handle: u32) -> io::Result<(OwnedFd, Exported)> {
        self.resource(handle)?;
        self.socket.request(command::RESOURCE_EXPORT, &[handle])?;
        let answer = self
            .socket
            .verdict::<{ Exported::DWORDS }>(command::RESOURCE_EXPORT)?;
        let file = self.socket.receive_fd()?;
        let exported = Exported::read(answer).ok_or_else(|| self.socket.lost(Errno::PROTO))?;
        let id = FileId::of(file.as_fd())?;
        self.objects.files.insert(id, handle);
        self.resource(handle)?.file = Some(id);
        Ok((file, exported))
    }

    /// The handle of the resource that a file is, a new one if this connection has none of it.
    ///
    /// # Errors
    /// EBADF if the file is no resource's; what else the session says.
    pub(crate) fn import(&mut self, file: BorrowedFd<'_>) -> io::Result<u32> {
        let id = FileId::of(file)?;
        if let Some(&handle) = self.objects.files.get(&id) {
            return Ok(handle);
        }
        self.objects.context = Context::Settled;
        let handle = self.new_handle()?;
        self.socket.request(command::RESOURCE_IMPORT, &[handle])?;
        self.socket.send_fd(file)?;
        let answer = self.socket.verdict::<IMPORTED_DWORDS>(command::RESOURCE_IMPORT)?;
        let size = wide(answer[IMPORTED_DWORDS - 2], answer[IMPORTED_DWORDS - 1]);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.keep(handle, size, Memory::Guest, Some(id));
        self.objects.files.insert(id, handle);
        Ok(handle)
    }
}
