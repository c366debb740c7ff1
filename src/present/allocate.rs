//! Memory for pictures, apart from how they get to a window.

use std::{os::fd::OwnedFd, rc::Rc};

use super::{TimelineDevice, TimelineError};
use crate::{
    gl::Dmabuf,
    memory::{MemoryError, SharedMemory},
    x11::PixelFormat,
};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Size {
    /// The whole, as a rectangle.
    pub(super) fn whole(self) -> x11rb::protocol::xproto::Rectangle {
        x11rb::protocol::xproto::Rectangle {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }
}

/// What kind of memory is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement<'a> {
    /// A dmabuf with one of these modifiers.
    Modifiers(&'a [u64]),
    /// A dmabuf of one plane whose rows follow each other.
    Linear,
    /// A sealed memfd.
    Shared,
}

/// A picture in a memfd.
#[derive(Debug)]
pub struct SharedPicture {
    /// The mapping.
    pub memory: SharedMemory,
    /// The file behind it.
    pub fd: OwnedFd,
    /// Bytes before the first row; a multiple of 4.
    pub offset: u32,
    /// Bytes from row to row; a multiple of 4 and of the pixel's bytes.
    pub stride: u32,
}

/// The memory of a picture.
#[derive(Debug)]
pub enum Memory {
    /// In dmabufs.
    Dmabuf(Dmabuf),
    /// In a memfd.
    Shared(SharedPicture),
}

/// Memory, and what is drawn with.
#[derive(Debug)]
pub struct Allocation<T> {
    /// The memory.
    pub memory: Memory,
    /// What the drawing side keeps with it, such as a texture.
    pub target: T,
}

/// Why there is no memory.
#[derive(Debug, thiserror::Error)]
pub enum AllocateError {
    /// The allocator never has memory of the kind.
    #[error("no such memory here: {0}")]
    Unsupported(&'static str),
    /// The allocator made another kind of memory than it was asked for.
    #[error("the allocator made another kind of memory")]
    OtherKind,
    /// The allocator chose a modifier that the server does not take.
    #[error("the allocator chose modifier {0:#x}, which the display does not take")]
    Modifier(u64),
    /// The dmabuf cannot be described to the server.
    #[error(
        "a dmabuf of {width}x{height} pixels in {planes} planes, {stride} bytes a row at {offset}, cannot be handed over"
    )]
    Dmabuf {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Planes.
        planes: usize,
        /// Bytes from row to row of the first plane.
        stride: u32,
        /// Bytes before its first row.
        offset: u32,
    },
    /// The kernel gave none.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The driver gave none.
    #[error("{0}")]
    Driver(Box<dyn std::error::Error + Send + Sync>),
    /// The memory is not laid out so that the server could read it.
    #[error(
        "{width}x{height} pixels with {stride} bytes a row at {offset} do not lie in {bytes} bytes as they must"
    )]
    Layout {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
        /// Bytes from row to row.
        stride: u32,
        /// Bytes before the first row.
        offset: u32,
        /// The size of the memory.
        bytes: u64,
    },
}

/// A source of memory for pictures.
pub trait Allocator {
    /// What the drawing side keeps with a buffer; it goes with the buffer. `()` where the memory is all.
    type Target: std::fmt::Debug;

    /// Makes memory for a picture of `size`.
    ///
    /// # Errors
    /// [`AllocateError::Unsupported`] where there is never memory of that kind; otherwise why there is none now. Either
    /// makes a swapchain step down.
    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<Self::Target>, AllocateError>;

    /// The timelines of the device that dmabufs are of, asked for once. There are none by default.
    ///
    /// # Errors
    /// Why there are none; makes a swapchain begin below [`Rung::Syncobj`](super::Rung::Syncobj).
    fn timelines(&self) -> Result<Rc<dyn TimelineDevice>, TimelineError> {
        Err(TimelineError::NoDevice)
    }
}

/// Sealed memfds, for pictures that are drawn by the CPU.
#[derive(Debug, Clone, Copy)]
pub struct MemfdAllocator {
    /// Rows are padded to a multiple of so many bytes; a multiple of 4.
    pub row_align: u16,
    /// Bytes before the first row; a multiple of 4.
    pub offset: u32,
}

impl Default for MemfdAllocator {
    /// Rows on cache lines.
    fn default() -> Self {
        Self {
            row_align: 64,
            offset: 0,
        }
    }
}

impl Allocator for MemfdAllocator {
    type Target = ();

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<()>, AllocateError> {
        if placement != Placement::Shared {
            return Err(AllocateError::Unsupported("no dmabufs without a driver"));
        }
        // Of 16 bits each, times 4, nothing here can overflow.
        let row = u32::from(size.width) * format.bytes_per_pixel();
        let stride = row.next_multiple_of(self.row_align.max(4).into());
        let bytes = u64::from(self.offset) + u64::from(stride) * u64::from(size.height);
        let (memory, fd) = SharedMemory::create("pixbridge-frame", bytes)?;
        Ok(Allocation {
            memory: Memory::Shared(SharedPicture {
                memory,
                fd,
                offset: self.offset,
                stride,
            }),
            target: (),
        })
    }
}
