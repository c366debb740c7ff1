//! The kernel's timelines:
//! [DRM sync objects](https://docs.kernel.org/gpu/drm-mm.html#drm-sync-objects).
//!
//! Tried out with vkms of Linux 6.1, its sync objects switched on: all but the event counters, which are new in 6.6.

use std::{
    fmt, io,
    num::NonZeroU32,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    rc::Rc,
};

use drm::{
    Device as _, DriverCapability,
    control::{Device as _, RawResourceHandle, syncobj::Handle},
};
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use super::{TimelineDevice, TimelineError};

/// `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`.
const FD_TO_HANDLE: Opcode = opcode::read_write::<FdToHandle>(b'd', 0xc2);
/// `DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE`.
const IMPORT_SYNC_FILE: u32 = 1;

/// `struct drm_syncobj_handle`, as all kernels know it.
#[repr(C)]
struct FdToHandle {
    handle: u32,
    flags: u32,
    fd: i32,
    pad: u32,
}

/// The timelines of a DRM device.
pub struct DrmTimelines {
    node: Node,
    /// Fences pass through this syncobj without points on their way to a timeline.
    carrier: Handle,
}

struct Node(OwnedFd);

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Node {}
impl drm::control::Device for Node {}

impl DrmTimelines {
    /// Takes an open node of a device, primary or render.
    ///
    /// # Errors
    /// [`TimelineError::Unsupported`] if the device has no timelines; otherwise if the kernel refuses.
    pub fn new(node: OwnedFd) -> Result<Self, TimelineError> {
        let node = Node(node);
        let failed = |call| move |error| TimelineError::Kernel { call, error };
        // The kernel does not know the question, or the device says no.
        let timelines = node.get_driver_capability(DriverCapability::TimelineSyncObj);
        if timelines.unwrap_or(0) == 0 {
            let driver = node.get_driver().map_err(failed("asking who would make"))?;
            let driver = driver.name().to_string_lossy().into_owned();
            return Err(TimelineError::Unsupported { driver });
        }
        let carrier = node
            .create_syncobj(false)
            .map_err(failed("making room for fences of"))?;
        Ok(Self { node, carrier })
    }

    /// As [`DrmTimelines::new`] for a node that somebody else goes on using.
    ///
    /// # Errors
    /// As [`DrmTimelines::new`].
    pub fn of(node: BorrowedFd<'_>) -> Result<Rc<dyn TimelineDevice>, TimelineError> {
        let node = node.try_clone_to_owned().map_err(|error| TimelineError::Kernel {
            call: "opening the device of",
            error,
        })?;
        Ok(Rc::new(Self::new(node)?))
    }

    /// Has the carrier hold a fence, in place of the one that it held.
    fn carry(&self, fence: BorrowedFd<'_>) -> io::Result<()> {
        let mut request = FdToHandle {
            handle: self.carrier.into(),
            flags: IMPORT_SYNC_FILE,
            fd: fence.as_raw_fd(),
            pad: 0,
        };
        // SAFETY: the request reads and writes one `struct drm_syncobj_handle`.
        let request = unsafe { Updater::<FD_TO_HANDLE, FdToHandle>::new(&mut request) };
        // SAFETY: with this flag the request puts the fence into a syncobj of ours and changes no memory.
        unsafe { ioctl(&self.node, request) }?;
        Ok(())
    }
}

impl fmt::Debug for DrmTimelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timelines of descriptor {}", self.node.0.as_raw_fd())
    }
}

fn handle(timeline: NonZeroU32) -> Handle {
    RawResourceHandle::from(timeline).into()
}

impl TimelineDevice for DrmTimelines {
    fn create(&self) -> io::Result<NonZeroU32> {
        self.node.create_syncobj(false).map(RawResourceHandle::from)
    }

    fn destroy(&self, timeline: NonZeroU32) -> io::Result<()> {
        self.node.destroy_syncobj(handle(timeline))
    }

    fn export(&self, timeline: NonZeroU32) -> io::Result<OwnedFd> {
        self.node.syncobj_to_fd(handle(timeline), false)
    }

    fn signal(&self, timeline: NonZeroU32, point: u64) -> io::Result<()> {
        self.node.syncobj_timeline_signal(&[handle(timeline)], &[point])
    }

    fn import_fence(&self, timeline: NonZeroU32, point: u64, fence: BorrowedFd<'_>) -> io::Result<()> {
        self.carry(fence)?;
        self.node
            .syncobj_timeline_transfer(self.carrier, handle(timeline), 0, point)
    }

    fn query(&self, timeline: NonZeroU32) -> io::Result<u64> {
        let mut reached = [0];
        self.node
            .syncobj_timeline_query(&[handle(timeline)], &mut reached, false)?;
        Ok(reached[0])
    }

    fn notify(&self, timeline: NonZeroU32, point: u64, event: BorrowedFd<'_>) -> io::Result<()> {
        self.node.syncobj_eventfd(handle(timeline), point, event, false)
    }
}

impl Drop for DrmTimelines {
    fn drop(&mut self) {
        // The descriptor may be shared, and would keep it.
        if let Err(error) = self.node.destroy_syncobj(self.carrier) {
            tracing::warn!("giving a syncobj back: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_kernels() {
        assert_eq!(FD_TO_HANDLE, 0xc010_64c2);
    }

    #[test]
    fn a_file_that_is_no_device_has_no_timelines() {
        let node = std::fs::File::open("/dev/null").unwrap();
        let refused = DrmTimelines::of(node.as_fd());
        assert!(
            matches!(refused, Err(TimelineError::Kernel { .. })),
            "{refused:?}"
        );
    }
}
