//! Presenting with timelines: DRI3 1.4's ImportSyncobj and Present 1.4's PixmapSynced
//! ([dri3proto](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt),
//! [presentproto](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/presentproto.txt)).
//!
//! Each buffer has a timeline of its own: buffers come back in any order, and a timeline's points do not. Showing it
//! takes the next two points. The server reads the picture once the first is signalled, which is when it is drawn, and
//! signals the second when it no longer reads it. An IdleNotify may come as well, and means nothing until then.
//!
//! This way has run against the X server that the tests have in their own process, with a stand-in for the device; never yet
//! with a real server. [`DrmTimelines`](super::DrmTimelines) has been tried out by itself, on Linux 6.1.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    rc::Rc,
};

use rustix::event::{EventfdFlags, eventfd};
use x11rb::{
    cookie::VoidCookie,
    protocol::{
        dri3::{self, ConnectionExt as _},
        present::{Capability, ConnectionExt as _},
        xproto::Window,
    },
};

use super::{
    Allocator, Descent, PresentError, Progress, Reason, Rung, Swapchain, Timeline, TimelineDevice,
    TimelineError,
    buffer::{Buffer, Failure},
    presenter::IdleSign,
    swapchain::Flight,
};
use crate::x11::{Connection, Display, Syncobj, X11Error};

/// A buffer's timeline, which the server knows, and how often the buffer was handed over.
#[derive(Debug)]
pub(super) struct Turns {
    timeline: Timeline,
    syncobj: Syncobj,
    taken: u64,
}

/// Between which points of its timeline the server reads a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Points {
    pub(super) syncobj: dri3::Syncobj,
    pub(super) acquire: u64,
    pub(super) release: u64,
}

impl Turns {
    /// Makes a timeline and asks the server to take it; its answer is still to come.
    pub(super) fn request<'a>(
        display: &'a Rc<Display>,
        window: Window,
        device: &Rc<dyn TimelineDevice>,
    ) -> Result<(Self, VoidCookie<'a, Connection>), Failure> {
        let timeline = Timeline::create(device)?;
        let fd = timeline.export()?;
        let syncobj = Syncobj::reserve(display)?;
        let c = display.connection();
        let sent = c
            .dri3_import_syncobj(syncobj.id(), window, fd)
            .map_err(X11Error::from)?;
        let turns = Self {
            timeline,
            syncobj,
            taken: 0,
        };
        Ok((turns, sent))
    }

    /// Takes the next two points. The first is for `fence`, if drawing has one; otherwise the picture is there.
    pub(super) fn hand_over(&mut self, fence: Option<OwnedFd>) -> Result<Points, TimelineError> {
        let release = (self.taken + 1) * 2;
        let acquire = release - 1;
        match fence {
            Some(fence) => self.timeline.import_fence(acquire, fence.as_fd())?,
            None => self.timeline.signal(acquire)?,
        }
        self.taken += 1;
        Ok(Points {
            syncobj: self.syncobj.id(),
            acquire,
            release,
        })
    }

    /// Whether the server has finished with the picture that it was handed last.
    pub(super) fn is_released(&self) -> Result<bool, TimelineError> {
        self.timeline.is_signalled(self.taken * 2)
    }

    fn notify(&self, event: BorrowedFd<'_>) -> Result<(), TimelineError> {
        self.timeline.notify(self.taken * 2, event)
    }
}

/// What a swapchain needs for timelines.
#[derive(Debug)]
pub(super) struct Timelines {
    pub(super) device: Rc<dyn TimelineDevice>,
    /// Counts release points that were watched and have come.
    event: OwnedFd,
    /// How many it has yet to count.
    owed: u64,
}

impl Timelines {
    /// Finds out whether they can be used for a window, or steps down.
    pub(super) fn begin(
        descent: &mut Descent,
        display: &Display,
        window: Window,
        allocator: &impl Allocator,
    ) -> Result<Option<Self>, PresentError> {
        if descent.rung() != Rung::Syncobj {
            return Ok(None);
        }
        match Self::find(display, window, allocator) {
            Ok(timelines) => Ok(Some(timelines)),
            Err(Failure::Rung(reason)) => descent.step_down(display, reason).map(|()| None),
            Err(Failure::Fatal(error)) => Err(error),
        }
    }

    /// Waits for the server, if the device has timelines.
    fn find(display: &Display, window: Window, allocator: &impl Allocator) -> Result<Self, Failure> {
        let device = allocator.timelines()?;
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let event = eventfd(0, flags).map_err(|error| TimelineError::Kernel {
            call: "making what waits for",
            error: error.into(),
        })?;
        let c = display.connection();
        let asked = c.present_query_capabilities(window).map_err(X11Error::from)?;
        let capabilities = asked.reply().map_err(X11Error::from)?.capabilities;
        if capabilities & u32::from(Capability::SYNCOBJ) == 0 {
            return Err(Failure::Rung(Reason::NoTimelines));
        }
        Ok(Self {
            device,
            event,
            owed: 0,
        })
    }

    /// Has the event counter count a buffer's release.
    fn watch(&mut self, turns: &Turns) {
        match turns.notify(self.event.as_fd()) {
            Ok(()) => self.owed += 1,
            Err(error) => tracing::debug!("a buffer may come back a refresh late: {error}"),
        }
    }

    /// Makes the event counter unreadable.
    fn drain(&mut self) {
        let mut counted = [0; 8];
        if self.owed > 0 && rustix::io::read(&self.event, &mut counted).is_ok() {
            self.owed = self.owed.saturating_sub(u64::from_ne_bytes(counted));
        }
    }
}

/// Whether the server has given a buffer back by its timeline.
fn is_released<T>(flight: &Flight<T>) -> Result<bool, TimelineError> {
    match flight.buffer.turns().filter(|_| flight.idle.is_release()) {
        Some(turns) => turns.is_released(),
        None => Ok(false),
    }
}

impl<A: Allocator> Swapchain<A> {
    /// Becomes readable when the server gives a buffer back by its timeline while no other is free; [`Swapchain::tick`]
    /// takes the buffer then. Who does not watch it learns by [`Swapchain::next_tick`], up to a refresh later. `None` where
    /// the display's events tell of all buffers.
    pub fn release_fd(&self) -> Option<BorrowedFd<'_>> {
        self.timelines.as_ref().map(|timelines| timelines.event.as_fd())
    }

    /// Takes the points for a frame, on the way that has some.
    pub(super) fn hand_over(
        &mut self,
        buffer: &mut Buffer<A::Target>,
    ) -> Result<Option<Points>, PresentError> {
        let fence = buffer.fence.take();
        let turns = buffer
            .turns_mut()
            .filter(|_| self.descent.rung() == Rung::Syncobj);
        match turns.map(|turns| turns.hand_over(fence)).transpose() {
            Ok(points) => Ok(points),
            Err(error) => {
                self.descent.step_down(&self.presenter.display, error.into())?;
                Ok(None)
            }
        }
    }

    /// Takes back the buffers whose release points have come; whether there were any.
    ///
    /// One whose timeline cannot be asked is given up: the server keeps the memory for as long as it reads it.
    pub(super) fn land_released(&mut self) -> Result<bool, PresentError> {
        let mut landed = false;
        loop {
            let mut failed = None;
            let flight = self.take(|flight| {
                is_released(flight).unwrap_or_else(|error| {
                    failed = Some(error);
                    true
                })
            });
            match (flight, failed) {
                (None, _) => return Ok(landed),
                (Some(flight), None) => {
                    self.recycle(flight.buffer);
                    landed = true;
                }
                (Some(flight), Some(error)) if flight.rung == self.descent.rung() => {
                    self.descent.step_down(&self.presenter.display, error.into())?;
                }
                (Some(_), Some(error)) => tracing::debug!("a buffer is given up: {error}"),
            }
        }
    }

    /// No buffer is free, or not the one that is wanted: has [`Swapchain::release_fd`] tell of the next.
    pub(super) fn watch_releases(&mut self) {
        let Some(timelines) = &mut self.timelines else {
            return;
        };
        let flights = self.queued.iter_mut().chain(&mut self.on_screen);
        for flight in flights.filter(|flight| flight.idle == IdleSign::Release) {
            if let Some(turns) = flight.buffer.turns() {
                timelines.watch(turns);
            }
            flight.idle = IdleSign::WatchedRelease;
        }
    }

    /// Whether some buffer is watched.
    pub(super) fn watches_releases(&self) -> bool {
        let mut flights = self.queued.iter().chain(&self.on_screen);
        flights.any(|flight| flight.idle == IdleSign::WatchedRelease)
    }

    /// Does what the watch is for.
    pub(super) fn land_watched(&mut self) -> Result<(), PresentError> {
        if let Some(timelines) = &mut self.timelines {
            timelines.drain();
        }
        if self.watches_releases() && self.land_released()? {
            self.ready.push_back(Progress::Idle);
            self.restore_overtaken()?;
        }
        Ok(())
    }
}
