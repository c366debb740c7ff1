//! Memory that the X server maps too.
//!
//! The segment is a sealed memfd of ours, handed over by MIT-SHM 1.2's AttachFd: no System V identifiers, nothing
//! left behind when a process dies, and neither side can shrink it under the other.

use std::rc::Rc;

use x11rb::{connection::Connection as _, errors::ReplyError, protocol::shm::ConnectionExt as _};

use super::{Absence, Display, Extension, OnError, Version, X11Error};
use crate::memory::{MemoryError, SharedMemory};

/// Why no memory is shared with the server.
#[derive(Debug, thiserror::Error)]
pub enum ShmError {
    /// MIT-SHM 1.2 is not there.
    #[error("MIT-SHM 1.2 is needed: {0}")]
    Absent(Absence),
    /// The kernel gave no memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The server does not map it; it may run on another machine.
    #[error("the display does not attach {bytes} bytes: {error:?}")]
    Refused {
        /// The size of the segment.
        bytes: u64,
        /// What the server said.
        error: x11rb::x11_utils::X11Error,
    },
    /// More than offsets of MIT-SHM reach.
    #[error("an image of {0} bytes does not fit a segment")]
    TooLarge(u64),
}

/// A segment that both sides have mapped; the server's side is detached when it is dropped.
#[derive(Debug)]
pub struct Segment {
    display: Rc<Display>,
    id: u32,
    memory: SharedMemory,
}

impl Segment {
    /// Makes `bytes` of zeroed memory and has the server map it. Waits for its answer.
    ///
    /// # Errors
    /// If the server cannot, or the connection breaks.
    pub fn create(display: &Rc<Display>, bytes: u64) -> Result<Self, X11Error> {
        let (memory, fd) = SharedMemory::create("pixbridge-shm", bytes).map_err(ShmError::Memory)?;
        Self::attach(display, memory, fd)
    }

    /// Has the server map memory that exists. `fd` is the file behind `memory`. Waits for the server's answer.
    ///
    /// # Errors
    /// As [`Segment::create`].
    pub fn attach(
        display: &Rc<Display>,
        memory: SharedMemory,
        fd: std::os::fd::OwnedFd,
    ) -> Result<Self, X11Error> {
        Self::available(display)?;
        let id = display.connection().generate_id()?;
        match display.connection().shm_attach_fd(id, fd, false)?.check() {
            Ok(()) => Ok(Self {
                display: display.clone(),
                id,
                memory,
            }),
            Err(ReplyError::ConnectionError(error)) => Err(error.into()),
            Err(ReplyError::X11Error(error)) => {
                let bytes = memory.len() as u64;
                Err(ShmError::Refused { bytes, error }.into())
            }
        }
    }

    /// Whether segments can be made at all: the version, and a connection that carries descriptors.
    ///
    /// # Errors
    /// Why not.
    pub fn available(display: &Display) -> Result<(), ShmError> {
        if !display.passes_descriptors() {
            return Err(ShmError::Absent(Absence::Remote));
        }
        let needed = display.extensions().need(Extension::Shm, Version(1, 2));
        needed.map(drop).map_err(ShmError::Absent)
    }

    /// The identifier.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Our side of the memory.
    pub fn memory(&self) -> &SharedMemory {
        &self.memory
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // Without a connection there is nothing left to detach.
        let _ = self
            .display
            .send("detach", OnError::Ignore, |c| c.shm_detach(self.id));
    }
}
