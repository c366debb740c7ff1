//! A picture in memory, with what the server knows it by.
//!
//! The server's side is made once, checked there and then, and lives as long as the buffer: a frame never waits for the
//! server, and never makes anything.

use std::{os::fd::OwnedFd, rc::Rc};

use x11rb::protocol::{
    shm::{ConnectionExt as _, Seg},
    xproto::{self, Rectangle, Window},
};

use super::{
    AllocateError, Allocation, Allocator, Memory, Placement, PresentError, Reason, Rung, Sbc, SharedPicture,
    Size, TimelineError,
    dri3::{self, Idle, IdleFence, Import, Imported},
    explicit::{Timelines, Turns},
    modifiers::{Modifiers, Named},
};
use crate::{
    gl::{Dmabuf, WriteBytes, dmabuf::INVALID},
    memory::SharedMemory,
    x11::{Display, PixelFormat, Pixmap, Segment, X11Error},
};

/// A picture that the swapchain owns, and frames borrow by owning it.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    /// What the drawing side keeps.
    pub(super) target: T,
    backing: Backing,
    pub(super) layout: Layout,
    /// The frame whose picture it holds.
    pub(super) contents: Option<Sbc>,
    /// What of it is to be shown.
    pub(super) update: Vec<Rectangle>,
    /// What drawing has to wait for before the picture is there.
    pub(super) fence: Option<OwnedFd>,
    /// How often the server's modifiers had changed when it was made.
    pub(super) changes: u32,
    /// One of these is held by each buffer that exists.
    _counted: Rc<()>,
}

/// Where the pixels lie in the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) size: Size,
    /// Bytes before the first row.
    pub(super) offset: u32,
    /// Bytes from row to row.
    pub(super) stride: u32,
}

/// The memory, and the server's names for it.
#[derive(Debug)]
enum Backing {
    /// In dmabufs, with a pixmap on them.
    Dmabuf(Imported),
    /// In a segment that the server has mapped, with a pixmap on it.
    ShmPixmap { pixmap: Pixmap, segment: Segment },
    /// In a segment that the server has mapped.
    Segment(Segment),
    /// Ours alone.
    Private(SharedMemory),
}

/// Why a buffer was not made.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another rung may do.
    Rung(Reason),
    /// No rung will do.
    Fatal(PresentError),
}

impl From<AllocateError> for Failure {
    fn from(error: AllocateError) -> Self {
        Self::Rung(error.into())
    }
}

impl From<TimelineError> for Failure {
    fn from(error: TimelineError) -> Self {
        Self::Rung(error.into())
    }
}

impl From<X11Error> for Failure {
    fn from(error: X11Error) -> Self {
        Self::Fatal(error.into())
    }
}

/// What buffers are made for.
#[derive(Debug)]
pub(super) struct Purpose<'a> {
    pub(super) display: &'a Rc<Display>,
    pub(super) window: Window,
    pub(super) format: PixelFormat,
    pub(super) size: Size,
    pub(super) counted: &'a Rc<()>,
    pub(super) modifiers: &'a mut Modifiers,
    pub(super) timelines: Option<&'a Timelines>,
    /// Waits for the server's answer are counted here.
    pub(super) round_trips: &'a mut u64,
}

impl<T> Buffer<T> {
    /// Makes one for a rung. Waits for the server to take what it is given.
    pub(super) fn make(
        purpose: &mut Purpose<'_>,
        rung: Rung,
        allocator: &mut impl Allocator<Target = T>,
    ) -> Result<Self, Failure> {
        let Allocation { memory, target } = purpose.allocate(rung, allocator)?;
        let (backing, layout) = match memory {
            Memory::Dmabuf(dmabuf) if rung.is_dmabuf() => purpose.import(rung, dmabuf)?,
            Memory::Shared(picture) if !rung.is_dmabuf() => {
                let layout = Layout::of_shared(&picture, purpose.size, purpose.format)?;
                (purpose.share(rung, picture, layout)?, layout)
            }
            _ => return Err(AllocateError::OtherKind.into()),
        };
        Ok(Self {
            target,
            backing,
            layout,
            contents: None,
            update: Vec::new(),
            fence: None,
            changes: purpose.modifiers.changes,
            _counted: purpose.counted.clone(),
        })
    }

    /// The pixmap with the picture.
    pub(super) fn pixmap(&self) -> Option<xproto::Pixmap> {
        match &self.backing {
            Backing::Dmabuf(imported) => Some(imported.pixmap.id()),
            Backing::ShmPixmap { pixmap, .. } => Some(pixmap.id()),
            Backing::Segment(_) | Backing::Private(_) => None,
        }
    }

    /// The segment with the picture.
    pub(super) fn segment(&self) -> Option<Seg> {
        match &self.backing {
            Backing::ShmPixmap { segment, .. } | Backing::Segment(segment) => Some(segment.id()),
            Backing::Dmabuf(_) | Backing::Private(_) => None,
        }
    }

    /// The fence to be triggered when the server has finished with the picture.
    pub(super) fn idle_fence(&self) -> Option<&IdleFence> {
        match &self.backing {
            Backing::Dmabuf(Imported {
                idle: Idle::Fence(fence),
                ..
            }) => Some(fence),
            _ => None,
        }
    }

    /// The points that tell when the server reads the picture.
    pub(super) fn turns(&self) -> Option<&Turns> {
        match &self.backing {
            Backing::Dmabuf(Imported {
                idle: Idle::Timeline(turns),
                ..
            }) => Some(turns),
            _ => None,
        }
    }

    /// As [`Buffer::turns`], to take the next.
    pub(super) fn turns_mut(&mut self) -> Option<&mut Turns> {
        match &mut self.backing {
            Backing::Dmabuf(Imported {
                idle: Idle::Timeline(turns),
                ..
            }) => Some(turns),
            _ => None,
        }
    }

    /// Whether the server has finished with the picture, as far as a fence can tell.
    pub(super) fn is_ready(&self) -> bool {
        self.idle_fence().is_none_or(IdleFence::is_triggered)
    }

    /// The memory with the picture, where the CPU can reach it.
    pub(super) fn memory(&self) -> Option<&SharedMemory> {
        match &self.backing {
            Backing::ShmPixmap { segment, .. } | Backing::Segment(segment) => Some(segment.memory()),
            Backing::Private(memory) => Some(memory),
            Backing::Dmabuf(_) => None,
        }
    }

    /// The picture's bytes, where the CPU can reach them.
    pub(super) fn bytes(&self) -> Option<WriteBytes<'_>> {
        let Layout { size, offset, stride } = self.layout;
        let start = offset as usize;
        let len = stride as usize * usize::from(size.height);
        self.memory()?.write(start..start + len)
    }

    /// Sets what is to be shown, cut to the picture; nothing means everything.
    pub(super) fn set_update(&mut self, rectangles: &[Rectangle]) {
        let size = self.layout.size;
        self.update.clear();
        match rectangles {
            [] => self.update.push(size.whole()),
            some => self.update.extend(some.iter().filter_map(|at| cut(*at, size))),
        }
    }

    /// Whether it can be shown by this rung, though it was made for another.
    pub(super) fn suits(&self, rung: Rung) -> bool {
        match rung {
            Rung::Syncobj => self.turns().is_some(),
            Rung::Modifiers | Rung::Linear => matches!(self.backing, Backing::Dmabuf(_)),
            Rung::ShmPixmap => matches!(self.backing, Backing::ShmPixmap { .. }),
            Rung::ShmPutImage => self.segment().is_some(),
            Rung::PutImage => self.memory().is_some(),
        }
    }
}

impl<'a> Purpose<'a> {
    /// Has memory made for a rung: by the modifiers that are best for the window, or else by those that will do.
    fn allocate<A: Allocator>(
        &mut self,
        rung: Rung,
        allocator: &mut A,
    ) -> Result<Allocation<A::Target>, Failure> {
        let (size, format) = (self.size, self.format);
        if !Modifiers::matter_to(rung) {
            let placement = match rung {
                Rung::Linear => Placement::Linear,
                _ => Placement::Shared,
            };
            return Ok(allocator.allocate(size, format, placement)?);
        }
        let mut failed = Failure::Rung(Reason::NoModifiers);
        for choice in self.named()?.choices() {
            match allocator.allocate(size, format, Placement::Modifiers(choice)) {
                Ok(allocation) => return Ok(allocation),
                Err(error) => failed = error.into(),
            }
        }
        Err(failed)
    }

    /// The server's modifiers. It is asked once.
    fn named(&mut self) -> Result<&Named, Failure> {
        let named = match self.modifiers.named.take() {
            Some(named) => named,
            None => {
                *self.round_trips += 1;
                dri3::modifiers(self.display, self.window, self.format).map_err(refused_import)?
            }
        };
        Ok(self.modifiers.named.insert(named))
    }

    fn import(&mut self, rung: Rung, dmabuf: Dmabuf) -> Result<(Backing, Layout), Failure> {
        let import = Import {
            display: self.display,
            window: self.window,
            format: self.format,
            size: self.size,
        };
        import.check(rung, &dmabuf)?;
        if rung != Rung::Linear {
            let chosen = dmabuf.modifier.unwrap_or(INVALID);
            let named = self.modifiers.named.as_ref();
            let named = named.is_some_and(|named| named.contains(chosen));
            if !named {
                return Err(AllocateError::Modifier(chosen).into());
            }
        }
        let layout = Layout {
            size: self.size,
            offset: dmabuf.planes.first().map_or(0, |plane| plane.offset),
            stride: dmabuf.planes.first().map_or(0, |plane| plane.stride),
        };
        *self.round_trips += 1;
        let imported = match self.timelines.filter(|_| rung == Rung::Syncobj) {
            Some(timelines) => import.import_synced(dmabuf, &timelines.device)?,
            None => import.import(rung, dmabuf).map_err(refused_import)?,
        };
        Ok((Backing::Dmabuf(imported), layout))
    }

    fn share(&mut self, rung: Rung, picture: SharedPicture, layout: Layout) -> Result<Backing, Failure> {
        let SharedPicture { memory, fd, .. } = picture;
        if rung == Rung::PutImage {
            return Ok(Backing::Private(memory));
        }
        *self.round_trips += 1;
        let segment = Segment::attach(self.display, memory, fd).map_err(|error| match error {
            X11Error::Shm(error) => Failure::Rung(error.into()),
            error => Failure::Fatal(error.into()),
        })?;
        if rung == Rung::ShmPutImage {
            return Ok(Backing::Segment(segment));
        }
        let pixmap = self.shm_pixmap(&segment, layout).map_err(refused_import)?;
        Ok(Backing::ShmPixmap { pixmap, segment })
    }

    /// The server knows no padding of rows but its own: the pixmap is as wide as the rows are long.
    fn shm_pixmap(&mut self, segment: &Segment, layout: Layout) -> Result<Pixmap, X11Error> {
        *self.round_trips += 1;
        let pixmap = Pixmap::reserve(self.display)?;
        let width = layout.columns(self.format);
        let (height, depth) = (layout.size.height, self.format.depth);
        let c = self.display.connection();
        c.shm_create_pixmap(
            pixmap.id(),
            self.window,
            width,
            height,
            depth,
            segment.id(),
            layout.offset,
        )?
        .check()?;
        Ok(pixmap)
    }
}

/// What the server's refusal of a buffer means.
pub(super) fn refused_import(error: X11Error) -> Failure {
    match error {
        X11Error::Refused(_) => Failure::Rung(Reason::Import(error)),
        error => error.into(),
    }
}

/// What the server's refusal of a buffer's timeline means.
pub(super) fn refused_timeline(error: X11Error) -> Failure {
    match error {
        X11Error::Refused(_) => Failure::Rung(Reason::ImportTimeline(error)),
        error => error.into(),
    }
}

impl Layout {
    /// Checks that the server can read the rows, and that they lie in the memory.
    fn of_shared(picture: &SharedPicture, size: Size, format: PixelFormat) -> Result<Self, AllocateError> {
        let &SharedPicture {
            ref memory,
            offset,
            stride,
            ..
        } = picture;
        let pixel = format.bytes_per_pixel();
        let end = u64::from(offset) + u64::from(stride) * u64::from(size.height);
        let fits = stride >= u32::from(size.width) * pixel && end <= memory.len() as u64;
        let aligned = offset % 4 == 0 && stride % 4 == 0 && stride % pixel == 0;
        if fits && aligned && u16::try_from(stride / pixel).is_ok() {
            return Ok(Self { size, offset, stride });
        }
        Err(AllocateError::Layout {
            width: size.width,
            height: size.height,
            stride,
            offset,
            bytes: memory.len() as u64,
        })
    }

    /// The width of a row in pixels, padding included.
    pub(super) fn columns(self, format: PixelFormat) -> u16 {
        // `of_shared` has seen to it that it fits.
        u16::try_from(self.stride / format.bytes_per_pixel()).unwrap_or(u16::MAX)
    }
}

/// The part of a rectangle that lies in a picture.
fn cut(at: Rectangle, size: Size) -> Option<Rectangle> {
    let side = |start: i16, length: u16, limit: u16| {
        let end = (i32::from(start) + i32::from(length)).min(limit.into());
        let start = start.max(0);
        let length = u16::try_from(end - i32::from(start))
            .ok()
            .filter(|length| *length > 0)?;
        Some((start, length))
    };
    let (x, width) = side(at.x, at.width, size.width)?;
    let (y, height) = side(at.y, at.height, size.height)?;
    Some(Rectangle { x, y, width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 100,
        height: 50,
    };

    type Sides = (i16, i16, u16, u16);

    fn cut_sides((x, y, width, height): Sides) -> Option<Sides> {
        let at = cut(Rectangle { x, y, width, height }, SIZE)?;
        Some((at.x, at.y, at.width, at.height))
    }

    #[test]
    fn rectangles_are_cut_to_the_picture() {
        assert_eq!(cut_sides((-5, -5, 10, 10)), Some((0, 0, 5, 5)));
        assert_eq!(cut_sides((90, 40, u16::MAX, u16::MAX)), Some((90, 40, 10, 10)));
        for outside in [(100, 0, 1, 1), (-4, 0, 4, 9), (0, 0, 0, 1)] {
            assert_eq!(cut_sides(outside), None, "{outside:?}");
        }
    }

    #[test]
    fn rows_must_lie_in_the_memory_as_the_server_reads_them() {
        let format = PixelFormat {
            depth: 24,
            bits_per_pixel: 32,
            fourcc: crate::x11::Fourcc::XRGB8888,
        };
        let of = |offset, stride, bytes| {
            let (memory, fd) = SharedMemory::create("test", bytes).unwrap();
            let picture = SharedPicture {
                memory,
                fd,
                offset,
                stride,
            };
            Layout::of_shared(&picture, SIZE, format)
        };
        assert_eq!(of(64, 448, 64 + 448 * 50).unwrap().columns(format), 112);
        for (offset, stride, bytes) in [
            (64, 448, 63 + 448 * 50),
            (0, 396, 1 << 20),
            (0, 402, 1 << 20),
            (2, 400, 1 << 20),
            (u32::MAX - 3, u32::MAX - 3, 4096),
        ] {
            let refused = of(offset, stride, bytes);
            assert!(
                matches!(refused, Err(AllocateError::Layout { .. })),
                "{refused:?}"
            );
        }
    }
}
