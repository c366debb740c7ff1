//! What the user of the host does, passed back to the guest.

use x11rb::protocol::{
    Event,
    xproto::{ClientMessageEvent, ConfigureNotifyEvent, Window},
};

use super::{ComposeError, Scope, Shows, engine::Compose, error::OfDisplay as _, guest::Place};
use crate::x11::Happening;

impl Compose {
    pub(super) fn host_said(&mut self, happening: &Happening) -> Result<(), ComposeError> {
        for output in &mut self.outputs {
            match output.handle(happening) {
                Err(error) if !error.is_fatal() => output.give_up(&error),
                result => result?,
            }
        }
        let Happening::Event(event) = happening else {
            return Ok(());
        };
        match event {
            Event::KeyPress(e) => {
                self.focus(e.event)?;
                self.input.key_pressed(e.detail).of_guest()
            }
            Event::KeyRelease(e) => self.input.key_released(e.detail).of_guest(),
            Event::ButtonPress(e) => {
                self.point(e.event, e.event_x, e.event_y)?;
                self.pass_pointer_on()?;
                self.input.button(e.detail, true).of_guest()
            }
            Event::ButtonRelease(e) => {
                self.point(e.event, e.event_x, e.event_y)?;
                self.pass_pointer_on()?;
                self.input.button(e.detail, false).of_guest()
            }
            Event::MotionNotify(e) => self.point(e.event, e.event_x, e.event_y),
            Event::EnterNotify(e) => self.point(e.event, e.event_x, e.event_y),
            Event::FocusIn(e) => self.focus(e.event),
            Event::FocusOut(_) => self.input.release_all().of_guest(),
            Event::MappingNotify(_) => self.input.keyboard_changed(&self.host),
            Event::ConfigureNotify(e) => self.configured(e),
            Event::ReparentNotify(e) => {
                if let Some(index) = self.output(e.window) {
                    self.outputs[index].window.reparented(e.parent);
                }
                Ok(())
            }
            Event::Expose(e) => {
                if let Some(index) = self.output(e.window) {
                    self.outputs[index].expose();
                }
                Ok(())
            }
            Event::ClientMessage(e) => self.asked(e),
            _ => Ok(()),
        }
    }

    fn output(&self, window: Window) -> Option<usize> {
        self.outputs.iter().position(|output| output.id() == window)
    }

    /// The pointer is at a place of a window of the host's.
    fn point(&mut self, host_window: Window, x: i16, y: i16) -> Result<(), ComposeError> {
        let Some(index) = self.output(host_window) else {
            return Ok(());
        };
        let corner = match self.outputs[index].shows {
            Shows::Screen => (0, 0),
            Shows::Window { top, .. } => {
                let Some(window) = self.guest.window(top) else {
                    return Ok(());
                };
                let corner = (window.place.x, window.place.y);
                // Another window of the guest may lie there, where the host has none.
                self.guest.raise(top).of_guest()?;
                corner
            }
        };
        self.pointer = Some((corner.0.saturating_add(x), corner.1.saturating_add(y)));
        Ok(())
    }

    /// Passes the last place of the pointer on.
    pub(super) fn pass_pointer_on(&mut self) -> Result<(), ComposeError> {
        match self.pointer.take() {
            Some((x, y)) => self.input.moved(x, y).of_guest(),
            None => Ok(()),
        }
    }

    /// Keys that are pressed in a window of the host are for its window of the guest.
    fn focus(&mut self, host_window: Window) -> Result<(), ComposeError> {
        let shown = self.output(host_window).map(|index| self.outputs[index].shows);
        match shown {
            Some(Shows::Window { top, client }) => self.guest.focus(top, client).of_guest(),
            Some(Shows::Screen) | None => Ok(()),
        }
    }

    /// The host has moved or resized a window.
    fn configured(&mut self, event: &ConfigureNotifyEvent) -> Result<(), ComposeError> {
        let Some(index) = self.output(event.window) else {
            return Ok(());
        };
        let output = &mut self.outputs[index];
        if output.window.is_past(event.sequence) {
            return Ok(());
        }
        let synthetic = event.response_type & 0x80 != 0;
        let mut place = output.window.place();
        (place.width, place.height) = (event.width, event.height);
        // In a window manager's frame, only what it says itself is a place on the screen.
        if synthetic || !output.window.is_framed() {
            (place.x, place.y) = (event.x, event.y);
        }
        if !output.window.configured(place) {
            return Ok(());
        }
        match output.shows {
            Shows::Window { top, .. } => {
                let screen = self.guest.display().screen();
                let size = (screen.width_in_pixels, screen.height_in_pixels);
                self.guest.configure(top, reachable(place, size)).of_guest()
            }
            Shows::Screen => Ok(()),
        }
    }

    /// The window manager asks for something: the one thing that it can ask for is to close the window.
    fn asked(&mut self, event: &ClientMessageEvent) -> Result<(), ComposeError> {
        let atoms = self.properties.host_atoms();
        let close = event.type_ == atoms.WM_PROTOCOLS && event.data.as_data32()[0] == atoms.WM_DELETE_WINDOW;
        let Some(index) = self.output(event.window).filter(|_| close) else {
            return Ok(());
        };
        match self.outputs[index].shows {
            Shows::Window { client, .. } => self.properties.close(client),
            Shows::Screen => {
                self.ended = true;
                Ok(())
            }
        }
    }

    /// Windows that the host has destroyed show nothing any more. Their guests' stay.
    pub(super) fn drop_outputs_that_are_gone(&mut self) {
        let before = self.outputs.len();
        self.outputs.retain(|output| !output.is_gone());
        if self.outputs.len() < before && self.setup.scope != Scope::Rootless {
            self.ended = true;
        }
    }
}

/// The place of a guest window that stands for a host window at `place`. The guest's pointer cannot leave its screen, so
/// its window must not, as far as it fits.
fn reachable(place: Place, (width, height): (u16, u16)) -> Place {
    let inside = |at: i16, length: u16, screen: u16| {
        let room = i16::try_from(screen.saturating_sub(length)).unwrap_or(i16::MAX);
        at.clamp(0, room)
    };
    Place {
        x: inside(place.x, place.width, width),
        y: inside(place.y, place.height, height),
        ..place
    }
}
