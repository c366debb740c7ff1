//! What was drawn on a drawable since somebody last looked.
//!
//! [DAMAGE](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/damageproto.txt) reports at the level
//! DeltaRectangles: each event carries an area that was clean before, so nothing has to be asked for, and an area is
//! reported once however often it is drawn to. Taking the areas sends a Subtract, which has no reply.
//!
//! Nothing is lost between the two: what is drawn before the server carries out the Subtract is there for every
//! request after it, and what is drawn later is reported anew. So the order is always take, then read.

use std::rc::Rc;

use x11rb::{
    NONE,
    protocol::{
        Event,
        damage::{ConnectionExt as _, ReportLevel},
        xproto::Drawable,
    },
};

use super::{Areas, Damage, Display, Extension, OnError, Version, X11Error};

/// Collects what is drawn on one drawable.
#[derive(Debug)]
pub struct DamageTracker {
    display: Rc<Display>,
    damage: Damage,
    size: (u16, u16),
    areas: Areas,
    /// Whether the server has areas that it will not report again before a Subtract.
    reported: bool,
}

impl DamageTracker {
    /// Follows a drawable of this width and height in pixels from now on; all of it counts as changed. Waits for the
    /// server's answer.
    ///
    /// # Errors
    /// If DAMAGE is not there, the drawable is not there, or the connection breaks.
    pub fn create(display: &Rc<Display>, drawable: Drawable, size: (u16, u16)) -> Result<Self, X11Error> {
        display.need(Extension::Damage, Version(1, 0))?;
        let damage = Damage::reserve(display)?;
        display
            .connection()
            .damage_create(damage.id(), drawable, ReportLevel::DELTA_RECTANGLES)?
            .check()?;
        Ok(Self {
            display: display.clone(),
            damage,
            size,
            areas: Areas::all(size),
            reported: false,
        })
    }

    /// Takes note of an event; false if it is not about this drawable.
    pub fn handle_event(&mut self, event: &Event) -> bool {
        match event {
            Event::DamageNotify(notify) if notify.damage == self.damage.id() => {
                self.reported = true;
                self.areas.add(notify.area);
                true
            }
            _ => false,
        }
    }

    /// What changed since it was last taken.
    pub fn areas(&self) -> &Areas {
        &self.areas
    }

    /// Takes what changed, and has the server report changes of these areas again.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn take(&mut self) -> Result<Areas, X11Error> {
        if self.reported {
            // With its drawable the server frees the damage object, too.
            self.display.send("subtract damage", OnError::Ignore, |c| {
                c.damage_subtract(self.damage.id(), NONE, NONE)
            })?;
            self.reported = false;
        }
        Ok(std::mem::replace(&mut self.areas, Areas::none(self.size)))
    }

    /// Counts areas as changed again, as when reading them failed.
    pub fn put_back(&mut self, areas: &Areas) {
        self.areas.extend(areas);
    }
}
