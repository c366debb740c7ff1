//! Shows the windows of one display on another.
//!
//! Each guest window is redirected, its pixmap taken as a texture, and drawn with the host's GL into a window of the host:
//! into one of its own (rootless), or all of them into one that stands for the guest's screen. A frame is drawn only when
//! the guest has changed something, and only when the host has shown the one before. Keyboard, pointer and wheel go
//! back.

mod atoms;
mod cursor;
mod engine;
mod error;
mod guest;
mod guest_events;
mod host_events;
mod host_window;
mod input;
mod keyboard;
mod output;
mod properties;
mod renderer;
mod repaint;
mod shape;
mod source;
mod stacking;

use x11rb::protocol::xproto::Window;

pub use engine::{Compose, Setup};
pub use error::ComposeError;
pub use renderer::open_renderer;

/// Which of the guest's windows are shown, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each in a window of its own.
    Rootless,
    /// All of them in one window.
    Root,
    /// This one only, or the one that it is in.
    Window(Window),
}

/// What a window of the host shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// A window of the guest.
    Window {
        /// The child of the guest's root.
        top: Window,
        /// The application's own window, which may lie inside.
        client: Window,
    },
    /// The guest's screen.
    Screen,
}

impl Shows {
    /// Whether a child of the guest's root is shown.
    fn has(self, window: Window) -> bool {
        match self {
            Self::Window { top, .. } => top == window,
            Self::Screen => true,
        }
    }
}
