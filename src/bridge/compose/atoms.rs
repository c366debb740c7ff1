//! The atoms that windows are described with, on one display.

use x11rb::protocol::xproto::{Atom, AtomEnum};

x11rb::atom_manager! {
    /// Each display has its own numbers for these.
    pub(super) Atoms:
    /// The answer on its way.
    AtomsCookie {
        COMPOUND_TEXT,
        UTF8_STRING,
        WM_DELETE_WINDOW,
        WM_PROTOCOLS,
        WM_STATE,
        _PIXBRIDGE_MARK,
        _XROOTPMAP_ID,
        _MOTIF_WM_HINTS,
        _NET_WM_ICON,
        _NET_WM_ICON_NAME,
        _NET_WM_NAME,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_COMBO,
        _NET_WM_WINDOW_TYPE_DIALOG,
        _NET_WM_WINDOW_TYPE_DND,
        _NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
        _NET_WM_WINDOW_TYPE_MENU,
        _NET_WM_WINDOW_TYPE_NORMAL,
        _NET_WM_WINDOW_TYPE_NOTIFICATION,
        _NET_WM_WINDOW_TYPE_POPUP_MENU,
        _NET_WM_WINDOW_TYPE_SPLASH,
        _NET_WM_WINDOW_TYPE_TOOLBAR,
        _NET_WM_WINDOW_TYPE_TOOLTIP,
        _NET_WM_WINDOW_TYPE_UTILITY,
    }
}

impl Atoms {
    /// The atoms that may occur as types or values, in an order that is the same for every display.
    fn known(&self) -> [Atom; 17] {
        [
            self.COMPOUND_TEXT,
            self.UTF8_STRING,
            self._MOTIF_WM_HINTS,
            self._NET_WM_WINDOW_TYPE_COMBO,
            self._NET_WM_WINDOW_TYPE_DIALOG,
            self._NET_WM_WINDOW_TYPE_DND,
            self._NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
            self._NET_WM_WINDOW_TYPE_MENU,
            self._NET_WM_WINDOW_TYPE_NORMAL,
            self._NET_WM_WINDOW_TYPE_NOTIFICATION,
            self._NET_WM_WINDOW_TYPE_POPUP_MENU,
            self._NET_WM_WINDOW_TYPE_SPLASH,
            self._NET_WM_WINDOW_TYPE_TOOLBAR,
            self._NET_WM_WINDOW_TYPE_TOOLTIP,
            self._NET_WM_WINDOW_TYPE_UTILITY,
            self.WM_DELETE_WINDOW,
            self.WM_STATE,
        ]
    }

    /// The number that another display has for an atom of this one: the same below the predefined ones' end, found
    /// by name among those listed here, and none for the rest.
    pub(super) fn translate(&self, atom: Atom, to: &Self) -> Option<Atom> {
        if (1..=Atom::from(u8::from(AtomEnum::WM_TRANSIENT_FOR))).contains(&atom) {
            return Some(atom);
        }
        let index = self.known().iter().position(|&known| known == atom)?;
        to.known().get(index).copied()
    }
}
