//! A window of the host that stands for a window of the guest.

use std::rc::Rc;

use x11rb::{
    connection::{Connection as _, SequenceNumber},
    protocol::xproto::{
        AtomEnum, ColormapAlloc, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, EventMask, Gravity,
        PropMode, StackMode, Window, WindowClass,
    },
    wrapper::ConnectionExt as _,
};

use super::{atoms::Atoms, guest::Place};
use crate::x11::{Display, Fourcc, OnError, PixelFormat, VisualInfo, X11Error, is_before};

/// What the host tells us of a window.
const EVENTS: [EventMask; 10] = [
    EventMask::KEY_PRESS,
    EventMask::KEY_RELEASE,
    EventMask::BUTTON_PRESS,
    EventMask::BUTTON_RELEASE,
    EventMask::POINTER_MOTION,
    EventMask::ENTER_WINDOW,
    EventMask::LEAVE_WINDOW,
    EventMask::FOCUS_CHANGE,
    EventMask::EXPOSURE,
    EventMask::STRUCTURE_NOTIFY,
];

/// What a new window is to be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) place: Place,
    /// Whether its pixels have alpha.
    pub(super) alpha: bool,
    /// Menus and the like, which the host's window manager must leave alone too.
    pub(super) override_redirect: bool,
}

/// A window of ours, destroyed when it is dropped.
#[derive(Debug)]
pub(super) struct HostWindow {
    display: Rc<Display>,
    id: Window,
    colormap: u32,
    format: PixelFormat,
    place: Place,
    /// Whether a window manager has put it in a frame.
    framed: bool,
    /// The request by which it was last moved or resized from here.
    asked: SequenceNumber,
}

impl HostWindow {
    /// Makes a window that is not shown yet.
    pub(super) fn create(display: &Rc<Display>, atoms: &Atoms, wanted: &Wanted) -> Result<Self, X11Error> {
        let visual = choose_visual(display, wanted.alpha)?;
        let unknown = X11Error::UnknownFormat {
            visual: visual.id,
            depth: visual.depth,
        };
        let format = visual.format.ok_or(unknown)?;
        let c = display.connection();
        let (id, colormap, root) = (c.generate_id()?, c.generate_id()?, display.screen().root);
        let Place { x, y, width, height } = wanted.place;
        display.send("colormap", OnError::Warn, |c| {
            c.create_colormap(ColormapAlloc::NONE, colormap, root, visual.id)
        })?;
        let attributes = CreateWindowAux::new()
            .border_pixel(0)
            .colormap(colormap)
            .bit_gravity(Gravity::NORTH_WEST)
            .override_redirect(u32::from(wanted.override_redirect))
            .event_mask(
                EVENTS
                    .into_iter()
                    .fold(EventMask::NO_EVENT, |all, event| all | event),
            );
        display.send("window", OnError::Warn, |c| {
            let class = WindowClass::INPUT_OUTPUT;
            c.create_window(
                visual.depth,
                id,
                root,
                x,
                y,
                width,
                height,
                0,
                class,
                visual.id,
                &attributes,
            )
        })?;
        display.send("protocols", OnError::Ignore, |c| {
            let protocols = [atoms.WM_DELETE_WINDOW];
            c.change_property32(
                PropMode::REPLACE,
                id,
                atoms.WM_PROTOCOLS,
                AtomEnum::ATOM,
                &protocols,
            )
        })?;
        Ok(Self {
            display: display.clone(),
            id,
            colormap,
            format,
            place: wanted.place,
            framed: false,
            asked: 0,
        })
    }

    pub(super) fn id(&self) -> Window {
        self.id
    }

    pub(super) fn format(&self) -> PixelFormat {
        self.format
    }

    /// Where it is, as far as we have been told.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Whether a window manager has put it in a frame, so that events tell its place in there.
    pub(super) fn is_framed(&self) -> bool {
        self.framed
    }

    pub(super) fn reparented(&mut self, parent: Window) {
        self.framed = parent != self.display.screen().root;
    }

    pub(super) fn show(&self) -> Result<(), X11Error> {
        self.display
            .send("show", OnError::Ignore, |c| c.map_window(self.id))
    }

    /// The host has moved or resized it. Whether that is news.
    pub(super) fn configured(&mut self, place: Place) -> bool {
        std::mem::replace(&mut self.place, place) != place
    }

    /// Whether an event is from before it was last moved or resized from here, so that it tells nothing of its place.
    pub(super) fn is_past(&self, event: u16) -> bool {
        is_before(event, self.asked)
    }

    /// Moves and resizes it to where the guest's window is.
    pub(super) fn configure(&mut self, place: Place) -> Result<(), X11Error> {
        if !self.configured(place) {
            return Ok(());
        }
        let change = ConfigureWindowAux::new()
            .x(i32::from(place.x))
            .y(i32::from(place.y))
            .width(u32::from(place.width))
            .height(u32::from(place.height));
        self.asked = self.display.send_numbered("configure", OnError::Ignore, |c| {
            c.configure_window(self.id, &change)
        })?;
        Ok(())
    }

    pub(super) fn raise(&self) -> Result<(), X11Error> {
        let change = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.display
            .send("raise", OnError::Ignore, |c| c.configure_window(self.id, &change))
    }
}

impl Drop for HostWindow {
    fn drop(&mut self) {
        // Without a connection both are gone already.
        let _ = self
            .display
            .send("destroy", OnError::Ignore, |c| c.destroy_window(self.id));
        let _ = self
            .display
            .send("colormap", OnError::Ignore, |c| c.free_colormap(self.colormap));
    }
}

/// A visual with alpha if one is wanted and there, else the screen's own.
fn choose_visual(display: &Display, alpha: bool) -> Result<VisualInfo, X11Error> {
    let formats = display.formats();
    let with_alpha = formats.visual_of(Fourcc::ARGB8888).filter(|_| alpha);
    let id = display.screen().root_visual;
    let visual = with_alpha.or_else(|| formats.visual(id));
    visual.copied().ok_or(X11Error::UnknownFormat {
        visual: id,
        depth: display.screen().root_depth,
    })
}
