//! Dumb buffers: memory that every display driver has, drawn to by the CPU and scanned out as it is.
//!
//! They are made on primary nodes only, as the one that [`open_device`](super::open_device) gives.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    rc::Rc,
};

use drm::{
    buffer::{Buffer as _, DrmFourcc},
    control::Device as _,
};
use rustix::ioctl::{Opcode, Setter, ioctl, opcode};

use super::{
    AllocateError, Allocation, Allocator, DrmTimelines, Frame, MemfdAllocator, Memory, Placement, Size,
    TimelineDevice, TimelineError,
};
use crate::{
    gl::{Dmabuf, Plane, WriteBytes, dmabuf::LINEAR},
    memory::SharedMemory,
    x11::PixelFormat,
};

/// `DRM_CLOEXEC | DRM_RDWR`: the exported descriptor can be mapped for writing.
const EXPORT_FLAGS: u32 = 0x0008_0000 | 0x0000_0002;
/// `DMA_BUF_IOCTL_SYNC`, which frames every access of the CPU.
const SYNC: Opcode = opcode::write::<u64>(b'b', 0);
/// `DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START`.
const BEGIN: u64 = 3;
/// `DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END`.
const END: u64 = 3 | 1 << 2;

/// Makes dumb buffers on a DRM device, and memfds where no dmabuf is wanted.
#[derive(Debug)]
pub struct DumbAllocator(Card);

/// A buffer's memory, if it is a dumb one; a memfd is the frame's own.
#[derive(Debug)]
pub struct DumbPicture(Option<Mapped>);

#[derive(Debug)]
struct Mapped {
    dmabuf: OwnedFd,
    memory: SharedMemory,
}

#[derive(Debug)]
struct Card(OwnedFd);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Card {}
impl drm::control::Device for Card {}

impl DumbAllocator {
    /// Takes an open primary node.
    pub fn new(node: OwnedFd) -> Self {
        Self(Card(node))
    }

    fn dumb(&self, size: Size, format: PixelFormat) -> io::Result<Allocation<DumbPicture>> {
        let (width, height) = (size.width.into(), size.height.into());
        let bits = format.bits_per_pixel.into();
        // The kernel is told the bits alone; the name is for framebuffers, which are not made here.
        let buffer = self
            .0
            .create_dumb_buffer((width, height), DrmFourcc::Xrgb8888, bits)?;
        let exported = self.0.buffer_to_prime_fd(buffer.handle(), EXPORT_FLAGS);
        // The descriptor keeps the memory.
        self.0.destroy_dumb_buffer(buffer)?;
        let dmabuf = exported?;
        let memory = SharedMemory::map(&dmabuf).map_err(io::Error::other)?;
        let plane = Plane {
            fd: dmabuf.try_clone()?,
            offset: 0,
            stride: buffer.pitch(),
        };
        Ok(Allocation {
            memory: Memory::Dmabuf(Dmabuf {
                width,
                height,
                fourcc: format.fourcc.0,
                modifier: Some(LINEAR),
                planes: vec![plane],
            }),
            target: DumbPicture(Some(Mapped { dmabuf, memory })),
        })
    }
}

impl Allocator for DumbAllocator {
    type Target = DumbPicture;

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<DumbPicture>, AllocateError> {
        match placement {
            Placement::Modifiers(named) if !named.contains(&LINEAR) => {
                Err(AllocateError::Unsupported("dumb buffers are linear"))
            }
            Placement::Modifiers(_) | Placement::Linear => self
                .dumb(size, format)
                .map_err(|error| AllocateError::Driver(Box::new(error))),
            Placement::Shared => {
                let Allocation { memory, .. } =
                    MemfdAllocator::default().allocate(size, format, placement)?;
                Ok(Allocation {
                    memory,
                    target: DumbPicture(None),
                })
            }
        }
    }

    fn timelines(&self) -> Result<Rc<dyn TimelineDevice>, TimelineError> {
        DrmTimelines::of(self.0.as_fd())
    }
}

impl Frame<DumbPicture> {
    /// Has the rows drawn by the CPU: [`Frame::stride`] bytes for each, from the first on. `draw` must not take long:
    /// the device may wait for it.
    ///
    /// # Errors
    /// If the kernel does not let the CPU at the memory.
    pub fn draw<R>(&self, draw: impl FnOnce(WriteBytes<'_>) -> R) -> io::Result<R> {
        let outside = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let Some(Mapped { dmabuf, memory }) = &self.target().0 else {
            return Ok(draw(self.bytes().ok_or_else(outside)?));
        };
        let len = self.stride() as usize * usize::from(self.size().height);
        let bytes = memory.write(0..len).ok_or_else(outside)?;
        sync(dmabuf, BEGIN)?;
        let drawn = draw(bytes);
        sync(dmabuf, END)?;
        Ok(drawn)
    }
}

fn sync(dmabuf: &OwnedFd, flags: u64) -> io::Result<()> {
    // SAFETY: the request takes the address of one `struct dma_buf_sync`, which is a word of 64 bits.
    let request = unsafe { Setter::<SYNC, u64>::new(flags) };
    // SAFETY: the request changes no memory of ours.
    unsafe { ioctl(dmabuf, request) }?;
    Ok(())
}
