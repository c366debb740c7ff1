//! A frame that is being drawn.

use std::os::fd::OwnedFd;

use super::{Sbc, Size, buffer::Buffer};
use crate::{gl::WriteBytes, memory::SharedMemory};

/// A buffer that nobody but its owner touches: the server has finished with it.
///
/// Goes back by [`Swapchain::present`](super::Swapchain::present) or
/// [`Swapchain::discard`](super::Swapchain::discard); if it is dropped, so is the buffer.
#[derive(Debug)]
pub struct Frame<T> {
    pub(super) buffer: Buffer<T>,
}

impl<T> Frame<T> {
    /// The size of the picture.
    pub fn size(&self) -> Size {
        self.buffer.layout.size
    }

    /// Bytes from row to row.
    pub fn stride(&self) -> u32 {
        self.buffer.layout.stride
    }

    /// Bytes of [`Frame::memory`] before the first row.
    pub fn offset(&self) -> u32 {
        self.buffer.layout.offset
    }

    /// The memory that the picture lies in, if the CPU can reach it.
    pub fn memory(&self) -> Option<&SharedMemory> {
        self.buffer.memory()
    }

    /// The picture's rows, if the CPU can reach them: [`Frame::stride`] bytes for each, from the first on.
    pub fn bytes(&self) -> Option<WriteBytes<'_>> {
        self.buffer.bytes()
    }

    /// What the allocator made to draw with.
    pub fn target(&self) -> &T {
        &self.buffer.target
    }

    /// As [`Frame::target`], to be changed.
    pub fn target_mut(&mut self) -> &mut T {
        &mut self.buffer.target
    }

    /// Whether the server can be told to wait for a fence: on [`Rung::Syncobj`](super::Rung::Syncobj).
    pub fn takes_fence(&self) -> bool {
        self.buffer.turns().is_some()
    }

    /// The picture is there once `fence`, a sync file, is signalled. Without one it is there when the frame is handed
    /// over. A way to the window that takes no fences has the kernel keep the order.
    pub fn set_fence(&mut self, fence: OwnedFd) {
        self.buffer.fence = Some(fence);
    }

    /// The frame whose picture the buffer still holds; `None` if its contents are undefined.
    pub fn contents(&self) -> Option<Sbc> {
        self.buffer.contents
    }
}
