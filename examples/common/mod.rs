//! What both examples need of X: a window that its user can close.

use pixbridge::x11::{Display, Happening};
use x11rb::{
    COPY_FROM_PARENT,
    connection::Connection as _,
    protocol::{
        Event,
        xproto::{AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, PropMode, Window, WindowClass},
    },
    wrapper::ConnectionExt as _,
};

pub(crate) type Failure = Box<dyn std::error::Error>;

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        WM_DELETE_WINDOW,
        WM_PROTOCOLS,
    }
}

/// A window on the screen.
pub(crate) struct TopLevel {
    pub(crate) id: Window,
    atoms: Atoms,
}

impl TopLevel {
    /// Opens a window of this title, width and height.
    pub(crate) fn open(display: &Display, title: &str, (width, height): (u16, u16)) -> Result<Self, Failure> {
        let (c, root) = (display.connection(), display.screen().root);
        let (atoms, id) = (Atoms::new(c)?.reply()?, c.generate_id()?);
        let class = WindowClass::INPUT_OUTPUT;
        let events = EventMask::STRUCTURE_NOTIFY | EventMask::EXPOSURE;
        let aux = CreateWindowAux::new().event_mask(events);
        c.create_window(0, id, root, 0, 0, width, height, 0, class, COPY_FROM_PARENT, &aux)?;
        c.change_property8(
            PropMode::REPLACE,
            id,
            AtomEnum::WM_NAME,
            AtomEnum::STRING,
            title.as_bytes(),
        )?;
        // Without this, window managers close windows by cutting the connection.
        let protocols = [atoms.WM_DELETE_WINDOW];
        c.change_property32(
            PropMode::REPLACE,
            id,
            atoms.WM_PROTOCOLS,
            AtomEnum::ATOM,
            &protocols,
        )?;
        c.map_window(id)?.check()?;
        Ok(Self { id, atoms })
    }

    /// Whether the user has closed it.
    pub(crate) fn is_closed_by(&self, happening: &Happening) -> bool {
        matches!(happening, Happening::Event(Event::ClientMessage(message))
            if message.window == self.id
                && message.type_ == self.atoms.WM_PROTOCOLS
                && message.data.as_data32()[0] == self.atoms.WM_DELETE_WINDOW)
    }
}
