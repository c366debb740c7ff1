//! Pictures on windows: swapchains over whatever way the X server offers, and the clock that paces them.
//!
//! A [`Swapchain`] hands out [`Frame`]s, an [`Allocator`] of the caller makes their memory, and the best [`Rung`] that
//! works brings them to the window. In the path of a frame nothing waits for the server: what it has to say comes as
//! [`Happening`](crate::x11::Happening)s, which [`Swapchain::handle`] turns into [`Progress`].

mod allocate;
mod buffer;
mod clock;
mod error;
mod events;
mod frame;
mod path;
mod presenter;
mod stats;
mod swapchain;
mod timing;

pub use allocate::{
    AllocateError, Allocation, Allocator, MemfdAllocator, Memory, Placement, SharedPicture, Size,
};
pub use clock::{Doubt, FrameClock, Source, Tick};
pub use error::PresentError;
pub use events::Progress;
pub use frame::Frame;
pub use path::{Ladder, Reason, Rung, Skipped, UnknownRung};
pub use stats::PresentStats;
pub use swapchain::{Setup, Slots, Submission, Swapchain, SyncValues, ust_now};
pub use timing::{Completion, Mode, Sbc, Target};

use path::Descent;
