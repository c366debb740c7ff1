//! What a swapchain is told, and what it tells of itself.

use x11rb::protocol::xproto::Rectangle;

use super::{Ladder, Sbc, Target, Tick};

/// How a swapchain is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The ways that may be taken.
    pub ladder: Ladder,
    /// Buffers at most, made as they are needed; taken as 2 to 4.
    pub buffers: usize,
}

impl Default for Setup {
    /// All ways, three buffers.
    fn default() -> Self {
        Self {
            ladder: Ladder::default(),
            buffers: 3,
        }
    }
}

/// What goes with a frame.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// What differs from the frame before it, in pixels from the top left corner; nothing means everything. The rest of
    /// the window stays as it is.
    pub update: &'a [Rectangle],
    /// When to show it.
    pub target: Target,
    /// Whether the server must copy, so that the buffer is idle soon.
    pub copy: bool,
}

impl Default for Submission<'_> {
    /// All of it, at the next refresh.
    fn default() -> Self {
        Self {
            update: &[],
            target: Target::Interval(1),
            copy: false,
        }
    }
}

/// Where the window's time stands, as `glXGetSyncValuesOML` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncValues {
    /// The last refresh.
    pub tick: Tick,
    /// The last frame that completed.
    pub sbc: Sbc,
}

/// How many buffers are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slots {
    /// Ready to be drawn to.
    pub free: usize,
    /// Out as [`Frame`]s.
    pub rendering: usize,
    /// Waiting to be shown, here or at the server.
    pub queued: usize,
    /// Shown, and the server may still read them.
    pub on_screen: usize,
}
