//! A user's hands and eyes on one display: finds windows by their names, looks at each, types, clicks, moves.

use std::thread;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConfigureWindowAux,
    ConnectionExt, CreateWindowAux, EventMask, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, Keycode,
    MOTION_NOTIFY_EVENT, MapState, StackMode, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::picture::Picture;
use crate::screen::{Area, Screen, ScreenError};
use crate::xvfb::Server;

const LOOK_AGAIN: Duration = Duration::from_millis(20);
const SHIFT: u32 = 0xffe1;
const RETURN: u32 = 0xff0d;

/// A child of the root that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its identifier.
    pub id: Window,
    /// Where it is, without its border.
    pub area: Area,
    /// Instance and class of WM_CLASS, each ended by a zero byte; empty without the property.
    pub class: String,
    /// WM_NAME.
    pub title: String,
}

/// A connection that acts for a user.
#[derive(Debug)]
pub struct Desktop {
    screen: Screen,
    /// Key codes by their symbols: without and with shift.
    keys: Vec<(Keycode, u32, u32)>,
}

impl Desktop {
    /// Connects to the display.
    ///
    /// # Errors
    /// As [`Screen::open`].
    pub fn open(server: &impl Server) -> Result<Self, ScreenError> {
        let screen = Screen::open(server)?;
        let c = screen.connection();
        let (first, last) = (c.setup().min_keycode, c.setup().max_keycode);
        let map = c.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let per_key = usize::from(map.keysyms_per_keycode).max(2);
        let symbols = map.keysyms.chunks_exact(per_key);
        let keys = (first..=last)
            .zip(symbols)
            .map(|(code, symbols)| (code, symbols[0], symbols[1]));
        let keys = keys.collect();
        Ok(Self { screen, keys })
    }

    /// What it looks at the display with.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    fn c(&self) -> &RustConnection {
        self.screen.connection()
    }

    /// The windows that are shown, bottom first.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn windows(&self) -> Result<Vec<Shown>, ScreenError> {
        let mut shown = Vec::new();
        for id in self.c().query_tree(self.screen.root())?.reply()?.children {
            let attributes = self.c().get_window_attributes(id)?.reply();
            if attributes.is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
                && let Some(area) = self.screen.shown_area(id)?
            {
                let class = self.text(id, AtomEnum::WM_CLASS)?;
                let title = self.text(id, AtomEnum::WM_NAME)?;
                shown.push(Shown {
                    id,
                    area,
                    class,
                    title,
                });
            }
        }
        Ok(shown)
    }

    /// Waits for a window that is as wanted.
    ///
    /// # Errors
    /// [`ScreenError::NoWindow`] after `limit`.
    pub fn wait_for(&self, limit: Duration, wanted: impl Fn(&Shown) -> bool) -> Result<Shown, ScreenError> {
        let start = Instant::now();
        loop {
            if let Some(found) = self.windows()?.into_iter().find(&wanted) {
                return Ok(found);
            }
            if start.elapsed() > limit {
                return Err(ScreenError::NoWindow(limit));
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// What a window shows, wherever it is and whatever lies above it if it is redirected.
    ///
    /// # Errors
    /// When the window is gone, or not wholly on the screen.
    pub fn look(&self, window: &Shown) -> Result<Picture, ScreenError> {
        self.screen
            .look_at(window.id, window.area.width, window.area.height)
    }

    /// Moves and resizes a window; the area is that inside of its border.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn place(&self, window: Window, area: Area) -> Result<(), ScreenError> {
        let border = i32::from(self.c().get_geometry(window)?.reply()?.border_width);
        let change = ConfigureWindowAux::new()
            .x(i32::from(area.x) - border)
            .y(i32::from(area.y) - border)
            .width(u32::from(area.width))
            .height(u32::from(area.height))
            .stack_mode(StackMode::ABOVE);
        self.c().configure_window(window, &change)?;
        self.sync()
    }

    /// Opens a window as large as windows can be.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn open_huge_window(&self) -> Result<Window, ScreenError> {
        self.open_window(u16::MAX)
    }

    /// Opens and destroys windows as fast as can be.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn flash_windows(&self, count: usize) -> Result<(), ScreenError> {
        for _ in 0..count {
            let window = self.open_window(64)?;
            self.c().destroy_window(window)?;
        }
        self.sync()
    }

    fn open_window(&self, side: u16) -> Result<Window, ScreenError> {
        let (id, root) = (self.c().generate_id()?, self.screen.root());
        let values = CreateWindowAux::new().background_pixel(0x12_3456);
        let class = WindowClass::INPUT_OUTPUT;
        self.c().create_window(
            0,
            id,
            root,
            0,
            0,
            side,
            side,
            0,
            class,
            x11rb::COPY_FROM_PARENT,
            &values,
        )?;
        self.c().map_window(id)?;
        self.c().flush()?;
        Ok(id)
    }

    /// Puts a window on top.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn raise(&self, window: Window) -> Result<(), ScreenError> {
        let change = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
        self.c().configure_window(window, &change)?;
        self.sync()
    }

    /// Asks a window to close, as window managers do.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn close(&self, window: Window) -> Result<(), ScreenError> {
        let atom = |name: &[u8]| Ok::<_, ScreenError>(self.c().intern_atom(false, name)?.reply()?.atom);
        let (protocols, delete) = (atom(b"WM_PROTOCOLS")?, atom(b"WM_DELETE_WINDOW")?);
        let data = [delete, x11rb::CURRENT_TIME, 0, 0, 0];
        let message = ClientMessageEvent::new(32, window, protocols, data);
        self.c().send_event(false, window, EventMask::NO_EVENT, message)?;
        self.sync()
    }

    /// Ends the program that owns a window.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn kill(&self, window: Window) -> Result<(), ScreenError> {
        self.c().kill_client(window)?;
        self.sync()
    }

    /// Gives a window the keyboard.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn focus(&self, window: Window) -> Result<(), ScreenError> {
        self.c()
            .set_input_focus(InputFocus::POINTER_ROOT, window, x11rb::CURRENT_TIME)?;
        self.sync()
    }

    /// Moves the pointer to a place of the screen.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn point(&self, x: i16, y: i16) -> Result<(), ScreenError> {
        let root = self.screen.root();
        self.c()
            .xtest_fake_input(MOTION_NOTIFY_EVENT, 0, x11rb::CURRENT_TIME, root, x, y, 0)?;
        self.sync()
    }

    /// Presses a button and lets it go.
    ///
    /// # Errors
    /// When the display is gone.
    pub fn click(&self, button: u8) -> Result<(), ScreenError> {
        for event in [BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT] {
            self.c()
                .xtest_fake_input(event, button, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        }
        self.sync()
    }

    /// Types a line of Latin-1 text and the return key.
    ///
    /// # Errors
    /// When the display is gone.
    ///
    /// # Panics
    /// When the keyboard lacks a character.
    pub fn type_line(&self, text: &str) -> Result<(), ScreenError> {
        for symbol in text.chars().map(u32::from).chain([RETURN]) {
            let key = self.keys.iter().find(|key| key.1 == symbol || key.2 == symbol);
            let &(code, plain, _) = key.unwrap_or_else(|| panic!("no key has symbol {symbol:#x}"));
            let shift = self.keys.iter().find(|key| key.1 == SHIFT).map(|key| key.0);
            let shift = shift.filter(|_| plain != symbol);
            for code in shift.into_iter().chain([code]) {
                self.key(KEY_PRESS_EVENT, code)?;
            }
            for code in [code].into_iter().chain(shift) {
                self.key(KEY_RELEASE_EVENT, code)?;
            }
        }
        self.sync()
    }

    fn key(&self, event: u8, code: Keycode) -> Result<(), ScreenError> {
        self.c()
            .xtest_fake_input(event, code, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        Ok(())
    }

    fn text(&self, window: Window, property: AtomEnum) -> Result<String, ScreenError> {
        let reply = self
            .c()
            .get_property(false, window, property, AtomEnum::ANY, 0, 1024)?
            .reply();
        Ok(reply.map_or_else(
            |_| String::new(),
            |reply| String::from_utf8_lossy(&reply.value).into_owned(),
        ))
    }

    fn sync(&self) -> Result<(), ScreenError> {
        self.c().get_input_focus()?.reply()?;
        Ok(())
    }
}
