//! The outlines of windows that are not rectangles:
//! [SHAPE](https://www.x.org/releases/current/doc/xextproto/shape.html).

use std::rc::Rc;

use x11rb::{
    connection::RequestConnection as _,
    protocol::{
        shape::{self, ConnectionExt as _, SK, SO},
        xproto::{ClipOrdering, Window},
    },
};

use super::{ComposeError, error::OfDisplay as _};
use crate::x11::{Display, OnError, X11Error};

/// Carries outlines over from guest windows to host windows.
#[derive(Debug)]
pub(super) struct Shapes {
    guest: Rc<Display>,
    host: Rc<Display>,
    /// Whether both displays have outlines.
    possible: bool,
}

impl Shapes {
    pub(super) fn new(guest: &Rc<Display>, host: &Rc<Display>) -> Result<Self, ComposeError> {
        Ok(Self {
            possible: has_shapes(guest).of_guest()? && has_shapes(host).of_host()?,
            guest: guest.clone(),
            host: host.clone(),
        })
    }

    /// Has the guest tell when the outline of a window changes, and carries over the one that it has.
    pub(super) fn follow(&self, from: Window, to: Window) -> Result<(), ComposeError> {
        if !self.possible {
            return Ok(());
        }
        self.guest
            .send("outline", OnError::Ignore, |c| c.shape_select_input(from, true))
            .of_guest()?;
        self.copy(from, to)
    }

    /// Carries an outline over.
    pub(super) fn copy(&self, from: Window, to: Window) -> Result<(), ComposeError> {
        let host = match self.outline(from).of_guest()? {
            Outline::Gone => return Ok(()),
            Outline::Rectangle => self.host.send("outline", OnError::Ignore, |c| {
                c.shape_mask(SO::SET, SK::BOUNDING, to, 0, 0, x11rb::NONE)
            }),
            Outline::Rectangles { ordering, rectangles } => self.host.send("outline", OnError::Ignore, |c| {
                c.shape_rectangles(SO::SET, SK::BOUNDING, ordering, to, 0, 0, &rectangles)
            }),
        };
        host.of_host()
    }

    fn outline(&self, window: Window) -> Result<Outline, X11Error> {
        let c = self.guest.connection();
        let extents = c.shape_query_extents(window)?;
        let rectangles = c.shape_get_rectangles(window, SK::BOUNDING)?;
        let (Ok(extents), Ok(reply)) = (extents.reply(), rectangles.reply()) else {
            return Ok(Outline::Gone);
        };
        Ok(match extents.bounding_shaped {
            false => Outline::Rectangle,
            true => Outline::Rectangles {
                ordering: reply.ordering,
                rectangles: reply.rectangles,
            },
        })
    }
}

/// What a window's outline is.
enum Outline {
    /// There is no such window any more.
    Gone,
    /// That of every window.
    Rectangle,
    /// One of its own.
    Rectangles {
        ordering: ClipOrdering,
        rectangles: Vec<x11rb::protocol::xproto::Rectangle>,
    },
}

fn has_shapes(display: &Display) -> Result<bool, X11Error> {
    let information = display
        .connection()
        .extension_information(shape::X11_EXTENSION_NAME)?;
    Ok(information.is_some())
}
