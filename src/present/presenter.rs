//! Sending a picture to a window: one function for each way.
//!
//! Nothing here waits for the server, and nothing is allocated once the scratch memory has grown.

use std::rc::Rc;

use x11rb::{
    connection::RequestConnection as _,
    protocol::{
        present::{self, ConnectionExt as _, EventMask},
        shm::ConnectionExt as _,
        xfixes::{ConnectionExt as _, RegionEnum},
        xproto::{self, ConnectionExt as _, CreateGCAux, ImageFormat, Rectangle, Window},
    },
};

use super::{PresentStats, Rung, Sbc, buffer::Buffer, dri3::IdleFence, explicit::Points};
use crate::x11::{Display, Extension, Gc, OnError, PixelFormat, Pixmap, Region, Token, Version, X11Error};

/// Bytes of a PutImage request that are not pixels: its header, with the long length of BIG-REQUESTS.
const PUT_IMAGE_HEADER: usize = 28;
/// Bytes of a PutImage request at most, where the server takes longer ones: what is gathered stays in the cache.
const PUT_IMAGE_CHUNK: usize = 1 << 20;

/// How a picture is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// PresentPixmap or PresentPixmapSynced: the server knows when.
    Present,
    /// CopyArea from a pixmap.
    CopyArea,
    /// ShmPutImage.
    ShmPutImage,
    /// PutImage.
    PutImage,
}

/// What will say that the server no longer reads a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdleSign {
    /// Present's IdleNotify.
    Present,
    /// The release point of the buffer's timeline, looked at when a buffer is wanted.
    Release,
    /// The same, and the swapchain's event counter will count it.
    WatchedRelease,
    /// The completion event of MIT-SHM for the buffer's segment.
    Shm,
    /// It has not been given anything to read.
    Now,
}

impl IdleSign {
    /// Whether it is a point of a timeline.
    pub(super) fn is_release(self) -> bool {
        matches!(self, Self::Release | Self::WatchedRelease)
    }
}

/// When PresentPixmap is to be carried out, in the server's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ServerTiming {
    pub(super) target_msc: u64,
    pub(super) divisor: u64,
    pub(super) remainder: u64,
    pub(super) options: u32,
}

/// A picture to send.
#[derive(Debug)]
pub(super) struct Shot<'a, T> {
    pub(super) buffer: &'a Buffer<T>,
    pub(super) rung: Rung,
    pub(super) sbc: Sbc,
    pub(super) timing: ServerTiming,
    /// Between which points it is read, on the way that has some.
    pub(super) points: Option<Points>,
    /// Who is told if the server refuses.
    pub(super) token: Token,
}

/// The server's objects for one window.
#[derive(Debug)]
pub(super) struct Presenter {
    pub(super) display: Rc<Display>,
    pub(super) window: Window,
    pub(super) format: PixelFormat,
    gc: Gc,
    listening: Option<present::Event>,
    region: Option<UpdateRegion>,
    /// A pixmap of one pixel, to copy to.
    marker: Option<Pixmap>,
    longest_request: usize,
    rows: Vec<u8>,
}

/// The region of the server that goes with PresentPixmap, and what it holds. The server copies it at each request.
#[derive(Debug)]
struct UpdateRegion {
    region: Region,
    holds: Vec<Rectangle>,
}

impl Presenter {
    /// Makes what the ways need, and listens to what Present says about the window.
    pub(super) fn new(display: &Rc<Display>, window: Window, format: PixelFormat) -> Result<Self, X11Error> {
        let gc = Gc::reserve(display)?;
        // Copies out of pixmaps would make the server tell of each that nothing was missing.
        let values = CreateGCAux::new().graphics_exposures(0);
        display.send("graphics context of a window", OnError::Warn, |c| {
            c.create_gc(gc.id(), window, &values)
        })?;
        let mut presenter = Self {
            display: display.clone(),
            window,
            format,
            gc,
            listening: None,
            region: None,
            marker: None,
            longest_request: display.connection().maximum_request_bytes().min(PUT_IMAGE_CHUNK),
            rows: Vec::new(),
        };
        if display.extensions().has(Extension::Present, Version(1, 0)) {
            presenter.listen()?;
        }
        if display.extensions().has(Extension::XFixes, Version(2, 0)) {
            presenter.region = Some(UpdateRegion::new(display)?);
        }
        Ok(presenter)
    }

    fn listen(&mut self) -> Result<(), X11Error> {
        let id = x11rb::connection::Connection::generate_id(self.display.connection())?;
        let events = EventMask::CONFIGURE_NOTIFY | EventMask::COMPLETE_NOTIFY | EventMask::IDLE_NOTIFY;
        self.display.send("select Present events", OnError::Warn, |c| {
            c.present_select_input(id, self.window, events)
        })?;
        // Answered at once: the clock's first word.
        self.ask_for_msc(0, 0)?;
        self.listening = Some(id);
        Ok(())
    }

    /// Has the server say when the MSC is at least `msc`, in its numbers.
    pub(super) fn ask_for_msc(&self, serial: u32, msc: u64) -> Result<(), X11Error> {
        self.display.send("ask for the MSC", OnError::Warn, |c| {
            c.present_notify_msc(self.window, serial, msc, 0, 0)
        })
    }

    /// The identifier of our selection of Present's events; `None` if there is no Present.
    pub(super) fn listening(&self) -> Option<present::Event> {
        self.listening
    }

    /// How pictures of a rung are sent.
    pub(super) fn route(&self, rung: Rung) -> Route {
        match rung {
            Rung::Syncobj | Rung::Modifiers | Rung::Linear => Route::Present,
            // Such a pixmap is wider than its picture, which only a region can tell.
            Rung::ShmPixmap if self.listening.is_some() && self.region.is_some() => Route::Present,
            Rung::ShmPixmap => Route::CopyArea,
            Rung::ShmPutImage => Route::ShmPutImage,
            Rung::PutImage => Route::PutImage,
        }
    }

    /// Sends a picture and says what will tell that it was read.
    pub(super) fn show<T>(
        &mut self,
        shot: &Shot<'_, T>,
        stats: &mut PresentStats,
    ) -> Result<IdleSign, X11Error> {
        let sign = match (self.route(shot.rung), shot.buffer.pixmap(), shot.buffer.segment()) {
            (Route::Present, Some(pixmap), _) => self.present(shot, pixmap)?,
            (Route::CopyArea, Some(pixmap), Some(segment)) => self.copy_area(shot, pixmap, segment)?,
            (Route::ShmPutImage, _, Some(segment)) => self.shm_put_image(shot, segment)?,
            _ => self.put_image(shot, stats)?,
        };
        self.display.flush()?;
        Ok(sign)
    }

    fn present<T>(&mut self, shot: &Shot<'_, T>, pixmap: xproto::Pixmap) -> Result<IdleSign, X11Error> {
        let update = match &mut self.region {
            Some(region) => region.set(&self.display, &shot.buffer.update)?,
            None => x11rb::NONE,
        };
        if let Some(points) = shot.points {
            self.present_synced(shot, pixmap, update, points)?;
            return Ok(IdleSign::Release);
        }
        let idle = shot.buffer.idle_fence().map_or(x11rb::NONE, IdleFence::arm);
        let ServerTiming {
            target_msc,
            divisor,
            remainder,
            options,
        } = shot.timing;
        self.display
            .send("PresentPixmap", OnError::Tell(shot.token), |c| {
                c.present_pixmap(
                    self.window,
                    pixmap,
                    shot.sbc.serial(),
                    RegionEnum::NONE.into(),
                    update,
                    0,
                    0,
                    x11rb::NONE,
                    x11rb::NONE,
                    idle,
                    options,
                    target_msc,
                    divisor,
                    remainder,
                    &[],
                )
            })?;
        Ok(IdleSign::Present)
    }

    fn present_synced<T>(
        &self,
        shot: &Shot<'_, T>,
        pixmap: xproto::Pixmap,
        update: u32,
        points: Points,
    ) -> Result<(), X11Error> {
        let ServerTiming {
            target_msc,
            divisor,
            remainder,
            options,
        } = shot.timing;
        self.display
            .send("PresentPixmapSynced", OnError::Tell(shot.token), |c| {
                c.present_pixmap_synced(
                    self.window,
                    pixmap,
                    shot.sbc.serial(),
                    RegionEnum::NONE.into(),
                    update,
                    0,
                    0,
                    x11rb::NONE,
                    points.syncobj,
                    points.syncobj,
                    points.acquire,
                    points.release,
                    options,
                    target_msc,
                    divisor,
                    remainder,
                    &[],
                )
            })
    }

    /// Copies, and behind it copies one pixel by MIT-SHM into nowhere: the event of that copy says that the ones before
    /// it are done. Without Present no other request gives a sign that need not be waited for.
    fn copy_area<T>(
        &mut self,
        shot: &Shot<'_, T>,
        pixmap: xproto::Pixmap,
        segment: u32,
    ) -> Result<IdleSign, X11Error> {
        let on_error = OnError::Tell(shot.token);
        let (window, gc) = (self.window, self.gc.id());
        for at in &shot.buffer.update {
            self.display.send("CopyArea", on_error, |c| {
                c.copy_area(pixmap, window, gc, at.x, at.y, at.x, at.y, at.width, at.height)
            })?;
        }
        let marker = self.marker()?;
        let layout = shot.buffer.layout;
        let (columns, depth) = (layout.columns(self.format), self.format.depth);
        self.display.send("mark the end of a copy", on_error, |c| {
            c.shm_put_image(
                marker,
                gc,
                columns,
                layout.size.height,
                0,
                0,
                1,
                1,
                0,
                0,
                depth,
                ImageFormat::Z_PIXMAP.into(),
                true,
                segment,
                layout.offset,
            )
        })?;
        Ok(IdleSign::Shm)
    }

    fn marker(&mut self) -> Result<xproto::Pixmap, X11Error> {
        if self.marker.is_none() {
            let pixmap = Pixmap::reserve(&self.display)?;
            self.display.send("pixmap of one pixel", OnError::Warn, |c| {
                c.create_pixmap(self.format.depth, pixmap.id(), self.window, 1, 1)
            })?;
            self.marker = Some(pixmap);
        }
        Ok(self.marker.as_ref().map_or(x11rb::NONE, Pixmap::id))
    }

    fn shm_put_image<T>(&mut self, shot: &Shot<'_, T>, segment: u32) -> Result<IdleSign, X11Error> {
        let layout = shot.buffer.layout;
        let (columns, depth) = (layout.columns(self.format), self.format.depth);
        let Some((last, _)) = shot.buffer.update.split_last() else {
            return Ok(IdleSign::Now);
        };
        for at in &shot.buffer.update {
            // Of the picture's rectangles, all inside, none is negative.
            let (x, y) = (at.x.unsigned_abs(), at.y.unsigned_abs());
            self.display.send("ShmPutImage", OnError::Tell(shot.token), |c| {
                c.shm_put_image(
                    self.window,
                    self.gc.id(),
                    columns,
                    layout.size.height,
                    x,
                    y,
                    at.width,
                    at.height,
                    at.x,
                    at.y,
                    depth,
                    ImageFormat::Z_PIXMAP.into(),
                    std::ptr::eq(at, last),
                    segment,
                    layout.offset,
                )
            })?;
        }
        Ok(IdleSign::Shm)
    }

    fn put_image<T>(&mut self, shot: &Shot<'_, T>, stats: &mut PresentStats) -> Result<IdleSign, X11Error> {
        let pixel = self.format.bytes_per_pixel() as usize;
        for at in &shot.buffer.update {
            let row = usize::from(at.width) * pixel;
            let rows =
                (self.longest_request.saturating_sub(PUT_IMAGE_HEADER) / row.next_multiple_of(4)).max(1);
            let mut done = 0;
            while done < usize::from(at.height) {
                let count = rows.min(usize::from(at.height) - done);
                self.put_rows(shot, at, done, count)?;
                done += count;
            }
            stats.copies_cpu += 1;
            stats.bytes_copied += (row * usize::from(at.height)) as u64;
        }
        Ok(IdleSign::Now)
    }

    /// Sends `count` rows of a rectangle, from its row `first` on.
    fn put_rows<T>(
        &mut self,
        shot: &Shot<'_, T>,
        at: &Rectangle,
        first: usize,
        count: usize,
    ) -> Result<(), X11Error> {
        let pixel = self.format.bytes_per_pixel() as usize;
        let stride = shot.buffer.layout.stride as usize;
        let row = usize::from(at.width) * pixel;
        let padded = row.next_multiple_of(4);
        // Its padding is what earlier rows left there.
        self.rows.resize(padded * count, 0);
        let top = usize::from(at.y.unsigned_abs()) + first;
        let bytes = shot.buffer.bytes();
        for (index, to) in self.rows.chunks_exact_mut(padded).enumerate() {
            let start = (top + index) * stride + usize::from(at.x.unsigned_abs()) * pixel;
            let from = bytes.and_then(|bytes| bytes.get(start..start + row));
            if let Some(from) = from {
                from.as_read().copy_to(&mut to[..row]);
            }
        }
        // Rectangles lie inside the picture, whose sides X limits to 15 bits.
        let y = i16::try_from(top).unwrap_or(i16::MAX);
        let height = u16::try_from(count).unwrap_or(u16::MAX);
        let depth = self.format.depth;
        self.display.send("PutImage", OnError::Tell(shot.token), |c| {
            let format = ImageFormat::Z_PIXMAP;
            c.put_image(
                format,
                self.window,
                self.gc.id(),
                at.width,
                height,
                at.x,
                y,
                0,
                depth,
                &self.rows,
            )
        })
    }
}

impl Drop for Presenter {
    fn drop(&mut self) {
        let Some(id) = self.listening else {
            return;
        };
        // The window may be gone, and the selection with it.
        let _ = self
            .display
            .send("deselect Present events", OnError::Ignore, |c| {
                c.present_select_input(id, self.window, EventMask::NO_EVENT)
            });
    }
}

impl UpdateRegion {
    fn new(display: &Rc<Display>) -> Result<Self, X11Error> {
        let region = Region::reserve(display)?;
        display.send("region of updates", OnError::Warn, |c| {
            c.xfixes_create_region(region.id(), &[])
        })?;
        Ok(Self {
            region,
            holds: Vec::new(),
        })
    }

    fn set(&mut self, display: &Display, rectangles: &[Rectangle]) -> Result<u32, X11Error> {
        if !same(&self.holds, rectangles) {
            display.send("set the region of updates", OnError::Warn, |c| {
                c.xfixes_set_region(self.region.id(), rectangles)
            })?;
            self.holds.clear();
            self.holds.extend_from_slice(rectangles);
        }
        Ok(self.region.id())
    }
}

fn same(one: &[Rectangle], other: &[Rectangle]) -> bool {
    let sides = |at: &Rectangle| (at.x, at.y, at.width, at.height);
    one.iter().map(sides).eq(other.iter().map(sides))
}
