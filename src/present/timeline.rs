//! Timelines: counters of the kernel that two processes share, whose points stand for work that is done.
//!
//! A point is signalled when the timeline has come to it: at once by the CPU, when a fence is signalled that was put
//! there, or by the other process. A timeline only goes up. The kernel's are DRM syncobjs, which [`DrmTimelines`] makes;
//! another [`TimelineDevice`] may stand in for a device that has none.
//!
//! [`DrmTimelines`]: super::DrmTimelines

use std::{
    fmt, io,
    num::NonZeroU32,
    os::fd::{BorrowedFd, OwnedFd},
    rc::Rc,
};

/// Why timelines cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    /// The memory of frames is of no device.
    #[error("the memory is of no device that has timelines")]
    NoDevice,
    /// The device has no timelines.
    #[error("the driver {driver:?} has no timelines")]
    Unsupported {
        /// The kernel's driver.
        driver: String,
    },
    /// The kernel refused.
    #[error("{call} a timeline: {error}")]
    Kernel {
        /// What was asked for.
        call: &'static str,
        /// What it said.
        error: io::Error,
    },
}

/// What makes timelines, and knows them by handles. Points begin at 1.
pub trait TimelineDevice: fmt::Debug {
    /// A new timeline, at 0.
    ///
    /// # Errors
    /// If the kernel gives none.
    fn create(&self) -> io::Result<NonZeroU32>;

    /// Gives a handle back. The timeline lives on where it was exported to.
    ///
    /// # Errors
    /// If there is no such timeline.
    fn destroy(&self, timeline: NonZeroU32) -> io::Result<()>;

    /// A descriptor of a timeline for another process.
    ///
    /// # Errors
    /// If the kernel gives none.
    fn export(&self, timeline: NonZeroU32) -> io::Result<OwnedFd>;

    /// Signals a point.
    ///
    /// # Errors
    /// If the kernel refuses.
    fn signal(&self, timeline: NonZeroU32, point: u64) -> io::Result<()>;

    /// Has a point signalled when a fence, a sync file, is.
    ///
    /// # Errors
    /// If the descriptor is no fence, or the kernel refuses.
    fn import_fence(&self, timeline: NonZeroU32, point: u64, fence: BorrowedFd<'_>) -> io::Result<()>;

    /// The last point that is signalled.
    ///
    /// # Errors
    /// If the kernel does not say.
    fn query(&self, timeline: NonZeroU32) -> io::Result<u64>;

    /// Has one added to an event counter when a point is signalled; now, if it is.
    ///
    /// # Errors
    /// If the kernel cannot, as those before Linux 6.6.
    fn notify(&self, timeline: NonZeroU32, point: u64, event: BorrowedFd<'_>) -> io::Result<()>;
}

/// A timeline, given back when it is dropped.
#[derive(Debug)]
pub struct Timeline {
    device: Rc<dyn TimelineDevice>,
    handle: NonZeroU32,
}

/// Names the call that failed.
fn kernel(call: &'static str) -> impl FnOnce(io::Error) -> TimelineError {
    move |error| TimelineError::Kernel { call, error }
}

impl Timeline {
    /// Makes one, at 0.
    ///
    /// # Errors
    /// If the device gives none.
    pub fn create(device: &Rc<dyn TimelineDevice>) -> Result<Self, TimelineError> {
        let handle = device.create().map_err(kernel("creating"))?;
        Ok(Self {
            device: device.clone(),
            handle,
        })
    }

    /// A descriptor for another process.
    ///
    /// # Errors
    /// If the device gives none.
    pub fn export(&self) -> Result<OwnedFd, TimelineError> {
        self.device.export(self.handle).map_err(kernel("exporting"))
    }

    /// Signals a point, which must be beyond all that were signalled or promised before.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn signal(&self, point: u64) -> Result<(), TimelineError> {
        self.device
            .signal(self.handle, point)
            .map_err(kernel("signalling"))
    }

    /// Promises a point, which must be as for [`Timeline::signal`], for when a fence is signalled.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn import_fence(&self, point: u64, fence: BorrowedFd<'_>) -> Result<(), TimelineError> {
        self.device
            .import_fence(self.handle, point, fence)
            .map_err(kernel("putting a fence on"))
    }

    /// Whether a point is signalled.
    ///
    /// # Errors
    /// If the device does not say.
    pub fn is_signalled(&self, point: u64) -> Result<bool, TimelineError> {
        let reached = self.device.query(self.handle).map_err(kernel("asking"))?;
        Ok(reached >= point)
    }

    /// Has an event counter become readable when a point is signalled.
    ///
    /// # Errors
    /// If the device cannot.
    pub fn notify(&self, point: u64, event: BorrowedFd<'_>) -> Result<(), TimelineError> {
        self.device
            .notify(self.handle, point, event)
            .map_err(kernel("waiting for"))
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        if let Err(error) = self.device.destroy(self.handle) {
            tracing::warn!("giving a timeline back: {error}");
        }
    }
}
