//! What the guest does, carried over to the host.

use x11rb::protocol::{Event, shape::SK, xproto::Window};

use super::{
    ComposeError, Scope, Shows,
    engine::Compose,
    error::OfDisplay as _,
    guest::{Change, GuestWindow, Place},
    host_window::{HostWindow, Wanted},
    output::Output,
};
use crate::{
    present::Size,
    x11::{Happening, Rect},
};

/// Guest windows that are shown at once at most.
const MAX_WINDOWS: usize = 512;

impl Compose {
    pub(super) fn guest_said(&mut self, happening: &Happening) -> Result<(), ComposeError> {
        let Happening::Event(event) = happening else {
            return Ok(());
        };
        match event {
            Event::DamageNotify(_) => self.guest_damaged(event),
            Event::XfixesCursorNotify(_) => return self.update_cursor(),
            Event::ShapeNotify(e) if e.shape_kind == SK::BOUNDING => return self.reshaped(e.affected_window),
            _ => {}
        }
        let mut changes = self.take_changes();
        self.guest.handle(event, &mut changes).of_guest()?;
        for change in &changes {
            self.guest_changed(*change)?;
        }
        self.keep_changes(changes);
        Ok(())
    }

    /// Pixels of a window have changed.
    fn guest_damaged(&mut self, event: &Event) {
        if let Some(area) = self
            .background
            .as_mut()
            .and_then(|background| background.handle(event))
        {
            return self.damage_screen(area);
        }
        for (id, source) in &mut self.sources {
            let (Some(area), Some(window)) = (source.handle(event), self.guest.window(*id)) else {
                continue;
            };
            for output in self.outputs.iter_mut().filter(|output| output.shows.has(*id)) {
                output.damage(onto(output.shows, window, area));
            }
        }
    }

    pub(super) fn guest_changed(&mut self, change: Change) -> Result<(), ComposeError> {
        match change {
            Change::Appeared(id) => self.appeared(id),
            Change::Vanished(id, was) => {
                self.sources.remove(&id);
                self.outputs
                    .retain(|output| !matches!(output.shows, Shows::Window { top, .. } if top == id));
                self.damage_screen(was.area());
                if self.setup.scope == Scope::Window(id) {
                    self.ended = true;
                }
                Ok(())
            }
            Change::Moved(id, was) => self.moved(id, was),
            Change::Resized(id, was) => {
                self.moved(id, was)?;
                self.resized(id);
                Ok(())
            }
            Change::Restacked => self.restacked(),
            Change::Property(window, atom) if self.properties.is_background(window, atom) => {
                if self.setup.scope == Scope::Root {
                    self.open_background()?;
                    self.damage_whole_screen();
                }
                Ok(())
            }
            Change::Property(window, atom) => {
                for output in &self.outputs {
                    if let Shows::Window { client, .. } = output.shows
                        && client == window
                    {
                        self.properties.copy_one(client, atom, output.id())?;
                    }
                }
                Ok(())
            }
        }
    }

    fn appeared(&mut self, id: Window) -> Result<(), ComposeError> {
        let wanted = match self.setup.scope {
            Scope::Window(only) => only == id,
            Scope::Rootless | Scope::Root => true,
        };
        let Some(window) = self.guest.window(id).copied().filter(|_| wanted) else {
            return Ok(());
        };
        if self.sources.len() >= MAX_WINDOWS {
            tracing::warn!("guest window {id:#x} is not shown: {MAX_WINDOWS} others are");
            return Ok(());
        }
        if !self.open_source(id)? {
            return Ok(());
        }
        let opened = match self.setup.scope {
            Scope::Root => {
                self.damage_screen(window.area());
                Ok(())
            }
            Scope::Rootless | Scope::Window(_) => self.open_window(id, &window),
        };
        match opened {
            Err(error) if !error.is_fatal() => {
                tracing::warn!("guest window {id:#x} is not shown: {error}");
                self.sources.remove(&id);
                Ok(())
            }
            result => result,
        }
    }

    /// Opens a window of the host for one of the guest's.
    fn open_window(&mut self, id: Window, window: &GuestWindow) -> Result<(), ComposeError> {
        let formats = self.guest.display().formats();
        let format = formats.visual(window.visual).and_then(|visual| visual.format);
        let wanted = Wanted {
            place: window.place,
            alpha: format.is_some_and(|format| format.fourcc.has_alpha()),
            override_redirect: window.override_redirect,
        };
        let client = self.properties.client_of(id)?;
        self.guest.watch(client).of_guest()?;
        let host_window = HostWindow::create(&self.host, self.properties.host_atoms(), &wanted).of_host()?;
        self.properties.copy_all(client, host_window.id())?;
        self.keep_above_owner(client, host_window.id())?;
        self.shapes.follow(id, host_window.id())?;
        self.open_output(host_window, Shows::Window { top: id, client })
    }

    /// Tells the host's window manager which window a dialog belongs to.
    fn keep_above_owner(&self, client: Window, host_window: Window) -> Result<(), ComposeError> {
        let Some(owner) = self.properties.owner_of(client)? else {
            return Ok(());
        };
        let owner = self.outputs.iter().find(
            |output| matches!(output.shows, Shows::Window { top, client } if top == owner || client == owner),
        );
        owner.map_or(Ok(()), |owner| self.properties.set_owner(host_window, owner.id()))
    }

    /// Opens the window of the host that shows the guest's screen.
    pub(super) fn open_screen(&mut self) -> Result<(), ComposeError> {
        let screen = self.guest.display().screen();
        let place = Place {
            x: 0,
            y: 0,
            width: screen.width_in_pixels,
            height: screen.height_in_pixels,
        };
        let wanted = Wanted {
            place,
            alpha: false,
            override_redirect: false,
        };
        let window = HostWindow::create(&self.host, self.properties.host_atoms(), &wanted).of_host()?;
        let name = self.guest.display().name().to_owned();
        self.properties.name_screen(window.id(), &name, place)?;
        self.open_background()?;
        self.open_output(window, Shows::Screen)
    }

    fn open_output(&mut self, window: HostWindow, shows: Shows) -> Result<(), ComposeError> {
        self.cursors.apply(window.id()).of_host()?;
        window.show().of_host()?;
        let output = Output::new(&self.host, window, shows, &self.brush, self.swapchain_setup())?;
        self.outputs.push(output);
        Ok(())
    }

    fn moved(&mut self, id: Window, was: GuestWindow) -> Result<(), ComposeError> {
        let Some(window) = self.guest.window(id).copied() else {
            return Ok(());
        };
        self.damage_screen(was.area().union(window.area()));
        match self.output_of(id).filter(|_| !window.is_settled()) {
            Some(output) => output.window.configure(window.place).of_host(),
            None => Ok(()),
        }
    }

    fn resized(&mut self, id: Window) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.renew();
        }
        let Some(window) = self.guest.window(id).copied() else {
            return;
        };
        if let Some(output) = self.output_of(id) {
            let Place { width, height, .. } = window.place;
            output.resize(Size { width, height });
        }
    }

    fn reshaped(&mut self, id: Window) -> Result<(), ComposeError> {
        let host_window = self.output_of(id).map(|output| output.id());
        host_window.map_or(Ok(()), |host_window| self.shapes.copy(id, host_window))
    }

    /// The window of the host that shows a guest window alone.
    fn output_of(&mut self, id: Window) -> Option<&mut Output> {
        self.outputs
            .iter_mut()
            .find(|output| matches!(output.shows, Shows::Window { top, .. } if top == id))
    }

    /// Puts the host's windows in the guest's order.
    fn restacked(&mut self) -> Result<(), ComposeError> {
        for (id, window) in self.guest.bottom_up() {
            // Others are their window manager's business, on either side.
            let menus = self.outputs.iter().filter(|_| window.override_redirect);
            for output in
                menus.filter(|output| matches!(output.shows, Shows::Window { top, .. } if top == id))
            {
                output.window.raise().of_host()?;
            }
        }
        self.damage_whole_screen();
        Ok(())
    }

    fn damage_whole_screen(&mut self) {
        for output in self
            .outputs
            .iter_mut()
            .filter(|output| output.shows == Shows::Screen)
        {
            output.damage_all();
        }
    }

    /// A part of the guest's screen looks different.
    fn damage_screen(&mut self, area: Rect) {
        for output in self
            .outputs
            .iter_mut()
            .filter(|output| output.shows == Shows::Screen)
        {
            output.damage(area);
        }
    }

    pub(super) fn update_cursor(&mut self) -> Result<(), ComposeError> {
        let windows = self.outputs.iter().map(Output::id);
        self.cursors.update(windows)
    }
}

/// Where an area of a window's pixmap, its border included, is in the window of the host that shows it.
fn onto(shows: Shows, window: &GuestWindow, area: Rect) -> Rect {
    let covers = window.area();
    match shows {
        Shows::Screen => area.translated(covers.x, covers.y),
        Shows::Window { .. } => area.translated(-i32::from(window.border), -i32::from(window.border)),
    }
}
