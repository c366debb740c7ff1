//! The windows of the guest display: where they are, in which order, and what changes about them.
//!
//! Every child of the root is redirected, so that its pixels are in a pixmap of its own whatever lies above it.

use std::{collections::HashMap, rc::Rc};

use x11rb::{
    connection::SequenceNumber,
    protocol::{
        Event,
        composite::{ConnectionExt as _, Redirect},
        xproto::{
            Atom, ChangeWindowAttributesAux, ConfigureNotifyEvent, ConfigureWindowAux, ConnectionExt as _,
            EventMask, GetGeometryReply, GetWindowAttributesReply, InputFocus, MapState, Place as Circulated,
            StackMode, Visualid, Window, WindowClass,
        },
    },
};

use super::stacking::Stacking;
use crate::x11::{Display, Extension, OnError, Rect, Version, X11Error, is_before};

/// Windows in windows that are climbed through at most.
const MAX_DEPTH: usize = 64;

/// Where a window is on the guest's screen, without its border, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) width: u16,
    pub(super) height: u16,
}

/// A child of the root that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GuestWindow {
    pub(super) place: Place,
    /// The width of its border, which is drawn outside of `place`.
    pub(super) border: u16,
    pub(super) visual: Visualid,
    /// Menus and the like, which window managers leave alone.
    pub(super) override_redirect: bool,
    /// Where it was last told to go, and by which request.
    asked: Option<(Place, SequenceNumber)>,
    /// Whether its place is no news for the host.
    settled: bool,
}

impl GuestWindow {
    /// Whether it is where it is because it was told so, or is about to go where it was told.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// What it covers of the screen, its border included.
    pub(super) fn area(&self) -> Rect {
        let (border, place) = (u32::from(self.border), self.place);
        let corner = |at: i16| i32::from(at) - i32::from(self.border);
        Rect {
            x: corner(place.x),
            y: corner(place.y),
            width: u32::from(place.width) + 2 * border,
            height: u32::from(place.height) + 2 * border,
        }
    }
}

/// What changed. Windows are named by what they are on the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Appeared(Window),
    /// With where it was.
    Vanished(Window, GuestWindow),
    /// With where it was.
    Moved(Window, GuestWindow),
    /// With what it was.
    Resized(Window, GuestWindow),
    Restacked,
    Property(Window, Atom),
}

/// The guest display with its windows.
#[derive(Debug)]
pub(super) struct Guest {
    display: Rc<Display>,
    stacking: Stacking,
    /// Those that are viewable.
    shown: HashMap<Window, GuestWindow>,
    focus: Option<Window>,
}

impl Guest {
    /// Redirects the windows of a display. Those that are there already come as changes.
    ///
    /// # Errors
    /// If the display lacks Composite, has a compositor of its own, or is gone.
    pub(super) fn new(display: &Rc<Display>) -> Result<(Self, Vec<Change>), X11Error> {
        display.need(Extension::Composite, Version(0, 2))?;
        let (c, root) = (display.connection(), display.screen().root);
        // Nothing may change between the question for the windows and the events about them.
        c.grab_server()?;
        let events = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        let events = ChangeWindowAttributesAux::new().event_mask(events);
        c.change_window_attributes(root, &events)?.check()?;
        c.composite_redirect_subwindows(root, Redirect::MANUAL)?.check()?;
        let tree = c.query_tree(root)?.reply()?;
        c.ungrab_server()?;
        let mut guest = Self {
            display: display.clone(),
            stacking: Stacking::new(tree.children.clone()),
            shown: HashMap::new(),
            focus: None,
        };
        let mut changes = Vec::new();
        for window in tree.children {
            guest.watch(window)?;
            guest.look_at(window, &mut changes)?;
        }
        Ok((guest, changes))
    }

    pub(super) fn display(&self) -> &Rc<Display> {
        &self.display
    }

    /// A window that is shown.
    pub(super) fn window(&self, id: Window) -> Option<&GuestWindow> {
        self.shown.get(&id)
    }

    /// The shown windows, bottom first.
    pub(super) fn bottom_up(&self) -> impl DoubleEndedIterator<Item = (Window, &GuestWindow)> {
        self.stacking
            .iter()
            .filter_map(|id| Some((id, self.shown.get(&id)?)))
    }

    /// The window that is, or holds, this one; `None` if there is no such window.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn top_level_of(&self, mut window: Window) -> Result<Option<Window>, X11Error> {
        for _ in 0..MAX_DEPTH {
            let Ok(tree) = self.display.connection().query_tree(window)?.reply() else {
                return Ok(None);
            };
            match tree.parent {
                parent if parent == tree.root => return Ok(Some(window)),
                x11rb::NONE => return Ok(None),
                parent => window = parent,
            }
        }
        Ok(None)
    }

    /// Takes an event in; what it means goes to `changes`.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn handle(&mut self, event: &Event, changes: &mut Vec<Change>) -> Result<(), X11Error> {
        let root = self.display.screen().root;
        match event {
            Event::CreateNotify(e) if e.parent == root => {
                self.stacking.add(e.window);
                self.watch(e.window)?;
            }
            Event::MapNotify(e) if e.event == root => self.look_at(e.window, changes)?,
            Event::UnmapNotify(e) if e.event == root => self.hide(e.window, changes),
            Event::DestroyNotify(e) if e.event == root => self.forget(e.window, changes),
            Event::ReparentNotify(e) if e.event == root && e.parent == root => {
                self.stacking.add(e.window);
                self.watch(e.window)?;
                self.look_at(e.window, changes)?;
            }
            Event::ReparentNotify(e) if e.event == root => self.forget(e.window, changes),
            Event::CirculateNotify(e) if e.event == root => {
                let changed = match e.place {
                    Circulated::ON_TOP => self.stacking.raise(e.window),
                    _ => self.stacking.place(e.window, None),
                };
                if changed {
                    changes.push(Change::Restacked);
                }
            }
            Event::ConfigureNotify(e) if e.event == root => self.configured(e, changes),
            Event::PropertyNotify(e) => changes.push(Change::Property(e.window, e.atom)),
            _ => {}
        }
        Ok(())
    }

    /// Moves or resizes a window to where its host window is.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn configure(&mut self, id: Window, place: Place) -> Result<(), X11Error> {
        let Some(window) = self.shown.get_mut(&id) else {
            return Ok(());
        };
        let expected = window.asked.map_or(window.place, |(place, _)| place);
        if expected == place && window.place == place {
            return Ok(());
        }
        let border = i32::from(window.border);
        let change = ConfigureWindowAux::new()
            .x(i32::from(place.x) - border)
            .y(i32::from(place.y) - border)
            .width(u32::from(place.width))
            .height(u32::from(place.height));
        let sequence = self
            .display
            .send_numbered("configure", OnError::Ignore, |c| c.configure_window(id, &change))?;
        window.asked = Some((place, sequence));
        Ok(())
    }

    /// Puts a window on top, so that the pointer finds it. Not reported as a change.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn raise(&mut self, id: Window) -> Result<(), X11Error> {
        if !self.stacking.raise(id) {
            return Ok(());
        }
        let change = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.display
            .send("raise", OnError::Ignore, |c| c.configure_window(id, &change))
    }

    /// Gives a window the keyboard.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn focus(&mut self, id: Window, client: Window) -> Result<(), X11Error> {
        if self.focus.replace(id) == Some(id) {
            return Ok(());
        }
        self.display.send("focus", OnError::Ignore, |c| {
            c.set_input_focus(InputFocus::POINTER_ROOT, client, x11rb::CURRENT_TIME)
        })
    }

    /// Has the display tell of the properties of a window.
    ///
    /// # Errors
    /// If the display is gone.
    pub(super) fn watch(&self, window: Window) -> Result<(), X11Error> {
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        self.display.send("watch", OnError::Ignore, |c| {
            c.change_window_attributes(window, &events)
        })
    }

    /// Notes a window if it can be seen.
    fn look_at(&mut self, id: Window, changes: &mut Vec<Change>) -> Result<(), X11Error> {
        let c = self.display.connection();
        let attributes = c.get_window_attributes(id)?;
        let geometry = c.get_geometry(id)?;
        let (Ok(attributes), Ok(geometry)) = (attributes.reply(), geometry.reply()) else {
            // It is gone again, and an event says so.
            return Ok(());
        };
        let visible =
            attributes.map_state == MapState::VIEWABLE && attributes.class == WindowClass::INPUT_OUTPUT;
        if visible && self.shown.insert(id, describe(&attributes, &geometry)).is_none() {
            changes.push(Change::Appeared(id));
        }
        Ok(())
    }

    fn hide(&mut self, id: Window, changes: &mut Vec<Change>) {
        if self.focus == Some(id) {
            self.focus = None;
        }
        if let Some(was) = self.shown.remove(&id) {
            changes.push(Change::Vanished(id, was));
        }
    }

    fn forget(&mut self, id: Window, changes: &mut Vec<Change>) {
        self.stacking.remove(id);
        self.hide(id, changes);
    }

    fn configured(&mut self, e: &ConfigureNotifyEvent, changes: &mut Vec<Change>) {
        let above = Some(e.above_sibling).filter(|&sibling| sibling != x11rb::NONE);
        if self.stacking.place(e.window, above) {
            changes.push(Change::Restacked);
        }
        let Some(window) = self.shown.get_mut(&e.window) else {
            return;
        };
        let was = *window;
        window.place = inside(e.x, e.y, e.width, e.height, e.border_width);
        window.border = e.border_width;
        window.override_redirect = e.override_redirect;
        window.settled = window
            .asked
            .is_some_and(|(place, request)| place == window.place || is_before(e.sequence, request));
        let size = |window: &GuestWindow| (window.place.width, window.place.height, window.border);
        if size(&was) != size(window) {
            changes.push(Change::Resized(e.window, was));
        } else if was.place != window.place {
            changes.push(Change::Moved(e.window, was));
        }
    }
}

fn describe(attributes: &GetWindowAttributesReply, geometry: &GetGeometryReply) -> GuestWindow {
    let GetGeometryReply {
        x,
        y,
        width,
        height,
        border_width,
        ..
    } = *geometry;
    GuestWindow {
        place: inside(x, y, width, height, border_width),
        border: border_width,
        visual: attributes.visual,
        override_redirect: attributes.override_redirect,
        asked: None,
        settled: false,
    }
}

/// X tells where the border's corner is; what we show begins inside of it.
fn inside(x: i16, y: i16, width: u16, height: u16, border: u16) -> Place {
    let border = i16::try_from(border).unwrap_or(i16::MAX);
    Place {
        x: x.saturating_add(border),
        y: y.saturating_add(border),
        width,
        height,
    }
}
