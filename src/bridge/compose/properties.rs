//! What window managers are told about a window: title, class, size hints, icon, type.
//!
//! Each property is carried over as it is. Only atoms mean something else on another display, and identifiers of
//! windows mean nothing there: the first are translated, the second left out.

use std::rc::Rc;

use x11rb::{
    properties::WmSizeHints,
    protocol::xproto::{
        Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, GetPropertyReply, Pixmap,
        PropMode, Window,
    },
    wrapper::ConnectionExt as _,
};

use super::{ComposeError, atoms::Atoms, error::OfDisplay as _, guest::Place};
use crate::{
    present::ust_now,
    x11::{Display, OnError, X11Error},
};

/// The largest property that is carried over, in 32-bit units: icons are the large ones.
const MAX_LENGTH: u32 = 1 << 18;
/// The longest title that is told, in 32-bit units.
const MAX_TITLE: u32 = 64;
/// How deep, and among how many windows, the client's own is looked for in a window manager's frame.
const MAX_DEPTH: usize = 3;
const MAX_LOOKED_AT: usize = 64;

/// The properties that are carried over, as one display numbers them.
fn carried(atoms: &Atoms) -> [Atom; 9] {
    [
        AtomEnum::WM_NAME.into(),
        AtomEnum::WM_ICON_NAME.into(),
        AtomEnum::WM_CLASS.into(),
        AtomEnum::WM_NORMAL_HINTS.into(),
        atoms._NET_WM_NAME,
        atoms._NET_WM_ICON_NAME,
        atoms._NET_WM_ICON,
        atoms._NET_WM_WINDOW_TYPE,
        atoms._MOTIF_WM_HINTS,
    ]
}

fn intern(display: &Display) -> Result<Atoms, X11Error> {
    Ok(Atoms::new(display.connection())?.reply()?)
}

/// Carries properties of guest windows over to host windows.
#[derive(Debug)]
pub(super) struct Properties {
    guest: Rc<Display>,
    host: Rc<Display>,
    guest_atoms: Atoms,
    host_atoms: Atoms,
}

impl Properties {
    pub(super) fn new(guest: &Rc<Display>, host: &Rc<Display>) -> Result<Self, ComposeError> {
        Ok(Self {
            guest_atoms: intern(guest).of_guest()?,
            host_atoms: intern(host).of_host()?,
            guest: guest.clone(),
            host: host.clone(),
        })
    }

    pub(super) fn host_atoms(&self) -> &Atoms {
        &self.host_atoms
    }

    /// Whether both displays are one: a mark that is put on the guest is there on the host.
    pub(super) fn are_of_one_display(&self) -> Result<bool, ComposeError> {
        let mark = [std::process::id(), ust_now() as u32];
        let (root, name) = (self.guest.screen().root, self.guest_atoms._PIXBRIDGE_MARK);
        self.guest
            .send("mark", OnError::Warn, |c| {
                c.change_property32(PropMode::REPLACE, root, name, AtomEnum::CARDINAL, &mark)
            })
            .of_guest()?;
        self.guest.sync().of_guest()?;
        let seen = self.marks_of_host().of_host()?;
        self.guest
            .send("mark", OnError::Warn, |c| c.delete_property(root, name))
            .of_guest()?;
        Ok(seen == mark)
    }

    fn marks_of_host(&self) -> Result<Vec<u32>, X11Error> {
        let (root, name) = (self.host.screen().root, self.host_atoms._PIXBRIDGE_MARK);
        let c = self.host.connection();
        let reply = c
            .get_property(false, root, name, AtomEnum::CARDINAL, 0, 2)?
            .reply()?;
        Ok(reply.value32().into_iter().flatten().collect())
    }

    /// The window that the application made, inside the frame that a window manager of the guest may have put
    /// around it; the window itself if there is no such frame.
    pub(super) fn client_of(&self, window: Window) -> Result<Window, ComposeError> {
        self.find_client(window).of_guest()
    }

    fn find_client(&self, window: Window) -> Result<Window, X11Error> {
        let mut level = vec![window];
        let mut looked_at = 0;
        for _ in 0..=MAX_DEPTH {
            level.truncate(MAX_LOOKED_AT - looked_at);
            looked_at += level.len();
            let mut below = Vec::new();
            for &candidate in &level {
                if self.is_client(candidate)? {
                    return Ok(candidate);
                }
                if let Ok(tree) = self.guest.connection().query_tree(candidate)?.reply() {
                    below.extend(tree.children);
                }
            }
            level = below;
        }
        Ok(window)
    }

    fn is_client(&self, window: Window) -> Result<bool, X11Error> {
        let state = self.guest_atoms.WM_STATE;
        let c = self.guest.connection();
        let reply = c.get_property(false, window, state, AtomEnum::ANY, 0, 0)?.reply();
        Ok(reply.is_ok_and(|reply| reply.type_ != 0))
    }

    /// Carries over all properties.
    pub(super) fn copy_all(&self, from: Window, to: Window) -> Result<(), ComposeError> {
        for (atom, reply) in self.read_all(from).of_guest()? {
            self.set(to, atom, reply).of_host()?;
        }
        Ok(())
    }

    /// The values of a window's properties, by the host's atoms.
    fn read_all(&self, from: Window) -> Result<Vec<(Atom, GetPropertyReply)>, X11Error> {
        let c = self.guest.connection();
        let pairs = carried(&self.guest_atoms)
            .into_iter()
            .zip(carried(&self.host_atoms));
        let cookies: Vec<_> = pairs
            .map(|(from_atom, to_atom)| {
                let cookie = c.get_property(false, from, from_atom, AtomEnum::ANY, 0, MAX_LENGTH)?;
                Ok((to_atom, cookie))
            })
            .collect::<Result<_, X11Error>>()?;
        // The window may be gone; its host window will follow.
        let replies = cookies
            .into_iter()
            .map(|(atom, cookie)| Some((atom, cookie.reply().ok()?)));
        Ok(replies.flatten().collect())
    }

    /// Carries over one property that changed, if it is one of those.
    pub(super) fn copy_one(&self, from: Window, atom: Atom, to: Window) -> Result<(), ComposeError> {
        let index = carried(&self.guest_atoms)
            .iter()
            .position(|&carried| carried == atom);
        let Some(to_atom) = index.and_then(|index| carried(&self.host_atoms).get(index).copied()) else {
            return Ok(());
        };
        match self.read(from, atom, MAX_LENGTH).of_guest()? {
            Some(reply) => self.set(to, to_atom, reply).of_host(),
            None => Ok(()),
        }
    }

    /// A property of a guest window; `None` if the window is gone.
    fn read(&self, window: Window, atom: Atom, length: u32) -> Result<Option<GetPropertyReply>, X11Error> {
        let c = self.guest.connection();
        let reply = c.get_property(false, window, atom, AtomEnum::ANY, 0, length)?;
        Ok(reply.reply().ok())
    }

    /// The title of a guest window.
    pub(super) fn title_of(&self, window: Window) -> String {
        let names = [self.guest_atoms._NET_WM_NAME, AtomEnum::WM_NAME.into()];
        let titles = names.map(|name| self.read(window, name, MAX_TITLE).ok().flatten());
        let title = titles.into_iter().flatten().find(|title| !title.value.is_empty());
        title.map_or_else(String::new, |title| {
            String::from_utf8_lossy(&title.value).into_owned()
        })
    }

    /// The pixmap that programs that set backgrounds tell of. The root window itself cannot be asked: a server whose
    /// windows are redirected by hand paints no background.
    pub(super) fn background(&self) -> Result<Option<Pixmap>, ComposeError> {
        let root = self.guest.screen().root;
        let reply = self.read(root, self.guest_atoms._XROOTPMAP_ID, 1).of_guest()?;
        Ok(reply
            .and_then(|reply| reply.value32()?.next())
            .filter(|&pixmap| pixmap != x11rb::NONE))
    }

    /// Whether a property tells of the background.
    pub(super) fn is_background(&self, window: Window, atom: Atom) -> bool {
        window == self.guest.screen().root && atom == self.guest_atoms._XROOTPMAP_ID
    }

    /// The window that a guest window says that it belongs to.
    pub(super) fn owner_of(&self, window: Window) -> Result<Option<Window>, ComposeError> {
        let reply = self
            .read(window, AtomEnum::WM_TRANSIENT_FOR.into(), 1)
            .of_guest()?;
        Ok(reply
            .and_then(|reply| reply.value32()?.next())
            .filter(|&owner| owner != x11rb::NONE))
    }

    /// Says that a host window belongs to another.
    pub(super) fn set_owner(&self, window: Window, owner: Window) -> Result<(), ComposeError> {
        let (property, ty) = (AtomEnum::WM_TRANSIENT_FOR, AtomEnum::WINDOW);
        let set = self.host.send("property", OnError::Ignore, |c| {
            c.change_property32(PropMode::REPLACE, window, property, ty, &[owner])
        });
        set.of_host()
    }

    /// Names the window that shows the guest's screen, and says that its size is the screen's.
    pub(super) fn name_screen(&self, window: Window, name: &str, place: Place) -> Result<(), ComposeError> {
        let title = format!("{name} (pixbridge)");
        let size = Some((i32::from(place.width), i32::from(place.height)));
        let mut hints = WmSizeHints::new();
        (hints.min_size, hints.max_size) = (size, size);
        let texts: [(AtomEnum, &[u8]); 2] = [
            (AtomEnum::WM_NAME, title.as_bytes()),
            (AtomEnum::WM_CLASS, b"pixbridge\0Pixbridge\0"),
        ];
        for (property, text) in texts {
            let set = self.host.send("property", OnError::Ignore, |c| {
                c.change_property8(PropMode::REPLACE, window, property, AtomEnum::STRING, text)
            });
            set.of_host()?;
        }
        let set = self
            .host
            .send("property", OnError::Ignore, |c| hints.set_normal_hints(c, window));
        set.of_host()
    }

    fn set(&self, window: Window, atom: Atom, mut value: GetPropertyReply) -> Result<(), X11Error> {
        let Some(ty) = self.guest_atoms.translate(value.type_, &self.host_atoms) else {
            if value.type_ == 0 {
                self.host
                    .send("property", OnError::Ignore, |c| c.delete_property(window, atom))?;
            }
            return Ok(());
        };
        if value.bytes_after > 0 {
            tracing::debug!("a property of {} more bytes is left out", value.bytes_after);
            return Ok(());
        }
        if ty == u32::from(AtomEnum::ATOM) {
            let translate = |atom| self.guest_atoms.translate(atom, &self.host_atoms);
            let atoms: Vec<Atom> = value
                .value32()
                .into_iter()
                .flatten()
                .filter_map(translate)
                .collect();
            return self.host.send("property", OnError::Ignore, |c| {
                c.change_property32(PropMode::REPLACE, window, atom, ty, &atoms)
            });
        }
        let units = u32::from(value.format / 8);
        let Some(count) = u32::try_from(value.value.len())
            .ok()
            .and_then(|n| n.checked_div(units))
        else {
            return Ok(());
        };
        value.value.truncate((count * units) as usize);
        self.host.send("property", OnError::Ignore, |c| {
            c.change_property(
                PropMode::REPLACE,
                window,
                atom,
                ty,
                value.format,
                count,
                &value.value,
            )
        })
    }

    /// Asks the application to close its window, or closes it if it knows no such request.
    pub(super) fn close(&self, client: Window) -> Result<(), ComposeError> {
        let atoms = &self.guest_atoms;
        let protocols = self.read(client, atoms.WM_PROTOCOLS, 64).of_guest()?;
        let polite = protocols.is_some_and(|reply| {
            let mut listed = reply.value32().into_iter().flatten();
            listed.any(|atom| atom == atoms.WM_DELETE_WINDOW)
        });
        if !polite {
            return self
                .guest
                .send("close", OnError::Ignore, |c| c.kill_client(client))
                .of_guest();
        }
        let data = [atoms.WM_DELETE_WINDOW, x11rb::CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, client, atoms.WM_PROTOCOLS, data);
        self.guest
            .send("close", OnError::Ignore, |c| {
                c.send_event(false, client, EventMask::NO_EVENT, message)
            })
            .of_guest()
    }
}
