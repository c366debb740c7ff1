//! How changes of a pixmap are known.

use std::rc::Rc;

use x11rb::protocol::Event;

use super::SourcePixmap;
use crate::x11::{Areas, DamageTracker, Display, X11Error};

/// What has to be brought up to date by a bind.
#[derive(Debug)]
pub(super) enum Tracking {
    /// What the server reported.
    Damage(DamageTracker),
    /// All of it each time: the server does not report.
    Everything(Areas),
}

impl Tracking {
    pub(super) fn new(display: &Rc<Display>, source: &SourcePixmap) -> Result<Self, X11Error> {
        match DamageTracker::create(display, source.id(), source.size()) {
            Ok(tracker) => Ok(Self::Damage(tracker)),
            Err(X11Error::Extension { extension, absence }) => {
                tracing::debug!("every bind is a full one: {extension}: {absence}");
                Ok(Self::Everything(Areas::all(source.size())))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn handle_event(&mut self, event: &Event) -> bool {
        match self {
            Self::Damage(tracker) => tracker.handle_event(event),
            Self::Everything(_) => false,
        }
    }

    pub(super) fn take(&mut self) -> Result<Areas, X11Error> {
        match self {
            Self::Damage(tracker) => tracker.take(),
            Self::Everything(all) => Ok(*all),
        }
    }

    pub(super) fn put_back(&mut self, areas: &Areas) {
        match self {
            Self::Damage(tracker) => tracker.put_back(areas),
            Self::Everything(_) => {}
        }
    }
}
