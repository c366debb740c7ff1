//! A connection of our own to the X server, for what clients cannot do themselves: attaching memory, regions, and the
//! copies behind shadows.
//!
//! Nothing here waits. What was asked is known to be carried out when a [`Mark`] comes back that was set after it: a
//! message to a window of our own, behind all errors of the requests before it.

use std::{cell::Cell, os::fd::OwnedFd, rc::Rc};

use x11rb::{
    NONE,
    connection::Connection as _,
    protocol::{
        Event,
        damage::{ConnectionExt as _, ReportLevel},
        present::{self, ConnectionExt as _},
        shm::ConnectionExt as _,
        sync::ConnectionExt as _,
        xfixes::ConnectionExt as _,
        xproto::{
            AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
            Rectangle, WindowClass,
        },
    },
};

use super::codec::Geometry;
use crate::x11::{AttachedSegment, Damage, Display, Gc, Happening, OnError, Pixmap, Region, Token, X11Error};

/// A point in the order of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark(u32);

/// What the server says to us.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said {
    /// All that was asked before it is carried out.
    Reached(Mark),
    /// Something that may not fail did.
    Refused(Token),
    /// This area of the pixmap that a damage object watches was drawn to.
    Damaged { damage: u32, area: Rectangle },
    /// A pixmap of a window is no longer read, and so this fence is triggered.
    Idle { fence: u32 },
}

/// A pixmap of ours that follows one of the server's.
#[derive(Debug)]
pub(crate) struct Follower {
    source: u32,
    geometry: Geometry,
    pixmap: Pixmap,
    damage: Damage,
    parts: Region,
    gc: Gc,
}

impl Follower {
    /// The damage object that tells when it is behind.
    pub(crate) fn damage(&self) -> u32 {
        self.damage.id()
    }
}

/// Memory as a pixmap is made of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) segment: &'a AttachedSegment,
    /// Bytes before the first row.
    pub(crate) offset: u32,
    /// The size with padding.
    pub(crate) padded: Geometry,
}

/// The connection.
#[derive(Debug)]
pub(crate) struct Helper {
    display: Rc<Display>,
    /// Where marks are sent to.
    window: u32,
    marks: Cell<u32>,
    /// Copies that were asked for so far.
    copies: Cell<u64>,
}

impl Helper {
    /// Takes over a display. Waits for the server.
    ///
    /// # Errors
    /// If the connection breaks.
    pub(crate) fn new(display: Display) -> Result<Self, X11Error> {
        let connection = display.connection();
        let window = connection.generate_id()?;
        let (root, class) = (display.screen().root, WindowClass::INPUT_ONLY);
        let attributes = CreateWindowAux::new().override_redirect(1);
        let made = connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, NONE, &attributes)?;
        made.check()?;
        Ok(Self {
            display: Rc::new(display),
            window,
            marks: Cell::new(0),
            copies: Cell::new(0),
        })
    }

    /// The display behind it.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    /// Sets a mark behind all that was asked.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn mark(&self) -> Result<Mark, X11Error> {
        let mark = self.marks.get().wrapping_add(1);
        self.marks.set(mark);
        let event = ClientMessageEvent::new(32, self.window, AtomEnum::INTEGER, [mark, 0, 0, 0, 0]);
        // Without a mask the event goes to the client that made the window, us.
        self.display.send("mark", OnError::Warn, |c| {
            c.send_event(false, self.window, EventMask::NO_EVENT, event)
        })?;
        Ok(Mark(mark))
    }

    /// The next thing that the server said, without waiting.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn hear(&self) -> Result<Option<Said>, X11Error> {
        while let Some(happening) = self.display.poll()? {
            match happening {
                Happening::Refused { token, error } => {
                    tracing::debug!("the display refused: {error:?}");
                    return Ok(Some(Said::Refused(token)));
                }
                Happening::Event(Event::ClientMessage(message)) if message.window == self.window => {
                    return Ok(Some(Said::Reached(Mark(message.data.as_data32()[0]))));
                }
                Happening::Event(Event::DamageNotify(notify)) => {
                    let (damage, area) = (notify.damage, notify.area);
                    return Ok(Some(Said::Damaged { damage, area }));
                }
                Happening::Event(Event::PresentIdleNotify(notify)) => {
                    let fence = notify.idle_fence;
                    return Ok(Some(Said::Idle { fence }));
                }
                Happening::Event(_) => {}
            }
        }
        Ok(None)
    }

    /// Has the server map a file. The token names a refusal.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn attach(&self, file: OwnedFd) -> Result<(AttachedSegment, Token), X11Error> {
        let (segment, token) = (AttachedSegment::reserve(&self.display)?, self.display.new_token());
        self.display.send("attach", OnError::Tell(token), |c| {
            c.shm_attach_fd(segment.id(), file, false)
        })?;
        Ok((segment, token))
    }

    /// A region of this size.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn region(&self, width: u16, height: u16) -> Result<Region, X11Error> {
        let region = Region::reserve(&self.display)?;
        let (x, y) = (0, 0);
        self.display.send("region", OnError::Warn, |c| {
            c.xfixes_create_region(region.id(), &[Rectangle { x, y, width, height }])
        })?;
        Ok(region)
    }

    /// Triggers a fence of a client.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn trigger(&self, fence: u32) -> Result<(), X11Error> {
        // Its client may have destroyed it.
        self.display
            .send("trigger", OnError::Ignore, |c| c.sync_trigger_fence(fence))
    }

    /// Has us told when pixmaps that were presented to a window become idle.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn hear_of_idle(&self, window: u32) -> Result<(), X11Error> {
        // It goes with the window.
        let event = self.display.connection().generate_id()?;
        let mask = present::EventMask::IDLE_NOTIFY;
        self.display.send("idle events", OnError::Ignore, |c| {
            c.present_select_input(event, window, mask)
        })
    }

    /// Makes a pixmap of memory that follows a pixmap of the server, and copies all of it.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn follow(
        &self,
        source: u32,
        geometry: Geometry,
        memory: Memory<'_>,
    ) -> Result<Follower, X11Error> {
        let display = &self.display;
        let follower = Follower {
            source,
            geometry,
            pixmap: Pixmap::reserve(display)?,
            damage: Damage::reserve(display)?,
            parts: Region::reserve(display)?,
            gc: Gc::reserve(display)?,
        };
        let (
            root,
            Memory {
                segment,
                offset,
                padded,
            },
        ) = (display.screen().root, memory);
        let pixmap = follower.pixmap.id();
        display.send("shadow", OnError::Warn, |c| {
            let (width, height, depth) = (padded.width, padded.height, padded.depth);
            c.shm_create_pixmap(pixmap, root, width, height, depth, segment.id(), offset)
        })?;
        display.send("shadow's context", OnError::Warn, |c| {
            c.create_gc(
                follower.gc.id(),
                pixmap,
                &CreateGCAux::new().graphics_exposures(0),
            )
        })?;
        display.send("shadow's region", OnError::Warn, |c| {
            c.xfixes_create_region(follower.parts.id(), &[])
        })?;
        self.be_told(&follower)?;
        self.copy(&follower)?;
        Ok(follower)
    }

    /// Has the server tell what is drawn to a pixmap from now on.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn watch(&self, pixmap: u32) -> Result<Damage, X11Error> {
        let damage = Damage::reserve(&self.display)?;
        self.display.send("damage", OnError::Ignore, |c| {
            c.damage_create(damage.id(), pixmap, ReportLevel::DELTA_RECTANGLES)
        })?;
        Ok(damage)
    }

    /// Has the server tell of the same areas again.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn subtract(&self, damage: &Damage) -> Result<(), X11Error> {
        self.display.send("subtract damage", OnError::Ignore, |c| {
            c.damage_subtract(damage.id(), NONE, NONE)
        })
    }

    /// Copies what was drawn since the last time.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn catch_up(&self, follower: &Follower) -> Result<(), X11Error> {
        let parts = follower.parts.id();
        self.display.send("subtract damage", OnError::Ignore, |c| {
            c.damage_subtract(follower.damage.id(), NONE, parts)
        })?;
        self.display.send("clip to damage", OnError::Ignore, |c| {
            c.xfixes_set_gc_clip_region(follower.gc.id(), parts, 0, 0)
        })?;
        self.copy(follower)
    }

    /// Copies all of a shadow to the pixmap that it follows, but for what the server has drawn there since the last copy;
    /// that is copied to the shadow. What clients draw meanwhile is drawn before or after that, and of the copy they are
    /// told as of any drawing, but we are not.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn give_back(&self, follower: &Follower) -> Result<(), X11Error> {
        let Geometry { width, height, .. } = follower.geometry;
        let (source, shadow, gc) = (follower.source, follower.pixmap.id(), follower.gc.id());
        self.display.send("grab", OnError::Warn, |c| c.grab_server())?;
        self.catch_up(follower)?;
        self.display.send("hear no damage", OnError::Ignore, |c| {
            c.damage_destroy(follower.damage.id())
        })?;
        self.display.send("clip to nothing", OnError::Ignore, |c| {
            c.xfixes_set_gc_clip_region(gc, NONE, 0, 0)
        })?;
        self.display.send("copy from a shadow", OnError::Ignore, |c| {
            c.copy_area(shadow, source, gc, 0, 0, 0, 0, width, height)
        })?;
        self.be_told(follower)?;
        self.display
            .send("end of the grab", OnError::Warn, |c| c.ungrab_server())
    }

    /// Has the server tell that a shadow is behind.
    fn be_told(&self, follower: &Follower) -> Result<(), X11Error> {
        // The pixmap may be gone already.
        self.display.send("shadow's damage", OnError::Ignore, |c| {
            c.damage_create(follower.damage.id(), follower.source, ReportLevel::NON_EMPTY)
        })
    }

    fn copy(&self, follower: &Follower) -> Result<(), X11Error> {
        let Geometry { width, height, .. } = follower.geometry;
        let (source, target) = (follower.source, follower.pixmap.id());
        self.copies.set(self.copies.get() + 1);
        self.display.send("copy to a shadow", OnError::Ignore, |c| {
            c.copy_area(source, target, follower.gc.id(), 0, 0, 0, 0, width, height)
        })
    }

    /// Copies that were asked for so far.
    pub(crate) fn copies(&self) -> u64 {
        self.copies.get()
    }

    /// Writes out what was asked.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(crate) fn flush(&self) -> Result<(), X11Error> {
        self.display.flush()
    }
}
