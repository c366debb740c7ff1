//! Keyboard, pointer and wheel of the host, passed back to the guest by
//! [XTEST](https://www.x.org/releases/current/doc/xextproto/xtest.html).

use std::{collections::BTreeSet, rc::Rc};

use x11rb::{
    connection::RequestConnection as _,
    protocol::{
        xkb::{self, ConnectionExt as _},
        xproto::{
            BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode,
            MOTION_NOTIFY_EVENT,
        },
        xtest::ConnectionExt as _,
    },
};

use super::{ComposeError, error::OfDisplay as _, keyboard::KeyMap};
use crate::x11::{Display, Extension, OnError, Version, X11Error};

/// The guest's keyboard and pointer.
#[derive(Debug)]
pub(super) struct Input {
    guest: Rc<Display>,
    keys: KeyMap,
    /// Keys of the guest that are down.
    down: BTreeSet<Keycode>,
    buttons: BTreeSet<u8>,
}

impl Input {
    /// # Errors
    /// If the guest lacks XTEST, or a display is gone.
    pub(super) fn new(host: &Display, guest: &Rc<Display>) -> Result<Self, ComposeError> {
        guest.need(Extension::XTest, Version(2, 0)).of_guest()?;
        tell_repetitions(host).of_host()?;
        Ok(Self {
            guest: guest.clone(),
            keys: KeyMap::between(host, guest)?,
            down: BTreeSet::new(),
            buttons: BTreeSet::new(),
        })
    }

    /// Compares the keyboards again.
    pub(super) fn keyboard_changed(&mut self, host: &Display) -> Result<(), ComposeError> {
        self.release_all().of_guest()?;
        self.keys = KeyMap::between(host, &self.guest)?;
        Ok(())
    }

    /// A key of the host went down, or is held and repeated; the guest repeats by itself.
    pub(super) fn key_pressed(&mut self, host_key: Keycode) -> Result<(), X11Error> {
        let key = self.keys.guest(host_key);
        if self.down.insert(key) {
            self.fake(KEY_PRESS_EVENT, key)?;
        }
        Ok(())
    }

    /// A key of the host went up.
    pub(super) fn key_released(&mut self, host_key: Keycode) -> Result<(), X11Error> {
        let key = self.keys.guest(host_key);
        if self.down.remove(&key) {
            self.fake(KEY_RELEASE_EVENT, key)?;
        }
        Ok(())
    }

    /// A button, the wheel's four included, went down or up.
    pub(super) fn button(&mut self, button: u8, down: bool) -> Result<(), X11Error> {
        if down {
            self.buttons.insert(button);
            self.fake(BUTTON_PRESS_EVENT, button)
        } else if self.buttons.remove(&button) {
            self.fake(BUTTON_RELEASE_EVENT, button)
        } else {
            Ok(())
        }
    }

    /// The pointer is at this place of the guest's screen.
    pub(super) fn moved(&self, x: i16, y: i16) -> Result<(), X11Error> {
        let root = self.guest.screen().root;
        self.guest.send("pointer", OnError::Warn, |c| {
            c.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, x11rb::CURRENT_TIME, root, x, y, 0)
        })
    }

    /// The host's keyboard is elsewhere now: no key stays down.
    pub(super) fn release_all(&mut self) -> Result<(), X11Error> {
        for key in std::mem::take(&mut self.down) {
            self.fake(KEY_RELEASE_EVENT, key)?;
        }
        for button in std::mem::take(&mut self.buttons) {
            self.fake(BUTTON_RELEASE_EVENT, button)?;
        }
        Ok(())
    }

    fn fake(&self, event: u8, detail: u8) -> Result<(), X11Error> {
        self.guest.send("input", OnError::Warn, |c| {
            c.xtest_fake_input(event, detail, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)
        })
    }
}

/// Has the host tell held keys from pressed ones: without this it says of each repetition that the key went up and down,
/// as when it is pressed again. A host without XKB goes on saying so.
fn tell_repetitions(host: &Display) -> Result<(), X11Error> {
    let c = host.connection();
    if c.extension_information(xkb::X11_EXTENSION_NAME)?.is_none()
        || !c.xkb_use_extension(1, 0)?.reply()?.supported
    {
        return Ok(());
    }
    let (flag, none) = (
        xkb::PerClientFlag::DETECTABLE_AUTO_REPEAT,
        xkb::BoolCtrl::default(),
    );
    c.xkb_per_client_flags(xkb::ID::USE_CORE_KBD.into(), flag, flag, none, none, none)?
        .reply()?;
    Ok(())
}
