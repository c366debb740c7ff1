//! Pictures on windows: swapchains over whatever way the X server offers, and the clock that paces them.
//!
//! A [`Swapchain`] hands out [`Frame`]s, an [`Allocator`] of the caller makes their memory, and the best [`Rung`] that
//! works brings them to the window. In the path of a frame nothing waits for the server: what it has to say comes as
//! [`Happening`](crate::x11::Happening)s, which [`Swapchain::handle`] turns into [`Progress`].
//!
//! With a [`CanvasAllocator`] GL, best opened by [`open_gl`], draws the frames, and a [`Painter`] lays textures onto them.

mod allocate;
mod buffer;
mod canvas;
mod clock;
mod dri3;
mod dumb;
mod error;
mod events;
mod explicit;
mod fence;
mod frame;
mod gbm;
mod modifiers;
mod open;
mod pacing;
mod painter;
mod path;
mod presenter;
mod setup;
mod stats;
mod swapchain;
mod syncobj;
mod timeline;
mod timing;
mod waits;

pub use allocate::{
    AllocateError, Allocation, Allocator, MemfdAllocator, Memory, Placement, SharedPicture, Size,
};
pub use canvas::{Canvas, CanvasAllocator};
pub use clock::{Doubt, FrameClock, Source, Tick};
pub use dri3::open_device;
pub use dumb::{DumbAllocator, DumbPicture};
pub use error::PresentError;
pub use events::Progress;
pub use fence::ShmFence;
pub use frame::Frame;
pub use open::{DeviceError, open_gl, open_gl_that};
pub use painter::{Blend, ChannelOrder, Filter, Layer, Painter, Pass};
pub use path::{Ladder, Reason, Rung, Skipped, UnknownRung};
pub use setup::{Setup, Slots, Submission, SyncValues};
pub use stats::PresentStats;
pub use swapchain::{Swapchain, ust_now};
pub use syncobj::DrmTimelines;
pub use timeline::{Timeline, TimelineDevice, TimelineError};
pub use timing::{Completion, Mode, Sbc, Target};
pub use waits::Awaited;

use path::Descent;
