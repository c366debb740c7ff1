//! Fences: descriptors that are readable once something is done.
//!
//! Mesa's virtio-gpu driver only polls its fences, and merges those that it was given. The kernel's are sync files; ours are
//! whatever the session hands out. So an ioctl of sync files that a descriptor does not know is answered here, by what
//! poll says of it, and by the session where two have to become one.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

use libc::c_void;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{self, Errno, fcntl_dupfd_cloexec},
};

use crate::{
    arguments::{Call, FenceInfo, MergeFences, OneFence},
    devices,
};

const MERGE: u8 = 3;
const FILE_INFO: u8 = 4;

/// Answers an ioctl of sync files.
///
/// # Safety
/// As for [`crate::ioctls::answer`].
pub(crate) unsafe fn answer(fd: BorrowedFd<'_>, call: Call, argument: *mut c_void) -> io::Result<()> {
    match call.number {
        // SAFETY: the caller's promise is handed on.
        MERGE => unsafe { call.with(argument, |merge| merge_into(fd, merge)) },
        // SAFETY: the caller's promise is handed on.
        FILE_INFO => unsafe { call.with(argument, |info| tell(fd, info)) },
        _ => Err(Errno::NOTTY),
    }
}

/// The fence as a descriptor of our own, unless it is readable already.
///
/// # Errors
/// EINVAL if there is no such descriptor.
pub(crate) fn pending(number: i32) -> io::Result<Option<OwnedFd>> {
    let fence = duplicate(number)?;
    Ok((!is_signalled(fence.as_fd())?).then_some(fence))
}

fn merge_into(fd: BorrowedFd<'_>, merge: &mut MergeFences) -> io::Result<()> {
    if merge.flags != 0 {
        return Err(Errno::INVAL);
    }
    let fences = [fcntl_dupfd_cloexec(fd, 0)?, duplicate(merge.other)?];
    merge.merged = merged(fences)?.into_raw_fd();
    Ok(())
}

/// What is readable once both fences are.
fn merged([one, other]: [OwnedFd; 2]) -> io::Result<OwnedFd> {
    if is_signalled(one.as_fd())? {
        return Ok(other);
    }
    if is_signalled(other.as_fd())? {
        return Ok(one);
    }
    let (device, fd) = devices::any().ok_or(Errno::NOTTY)?;
    device.with(fd.as_fd(), |session| {
        session.merge_fences([one.as_fd(), other.as_fd()])
    })
}

/// Tells whether a fence is signalled, as one fence of one driver.
fn tell(fd: BorrowedFd<'_>, info: &mut FenceInfo) -> io::Result<()> {
    if info.flags != 0 {
        return Err(Errno::INVAL);
    }
    let status = i32::from(is_signalled(fd)?);
    if info.fence_count != 0 {
        let mut fence = OneFence {
            object: [0; 32],
            driver: [0; 32],
            status,
            flags: 0,
            nanoseconds: 0,
        };
        fence.driver[..10].copy_from_slice(b"virtio_gpu");
        let place = std::ptr::with_exposed_provenance_mut::<OneFence>(info.fences as usize);
        if place.is_null() {
            return Err(Errno::FAULT);
        }
        // SAFETY: the caller of `answer` vouches for the addresses in the argument, and says that there is room for one.
        unsafe { place.write_unaligned(fence) };
    }
    info.name = [0; 32];
    info.name[..10].copy_from_slice(b"virtio_gpu");
    info.status = status;
    info.fence_count = 1;
    Ok(())
}

fn duplicate(number: i32) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(Errno::INVAL);
    }
    // SAFETY: the number is only used to duplicate what it stands for, which the kernel looks up.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_dupfd_cloexec(fd, 0).map_err(|_| Errno::INVAL)
}

fn is_signalled(fence: BorrowedFd<'_>) -> io::Result<bool> {
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let mut fences = [PollFd::from_borrowed_fd(fence, PollFlags::IN)];
    let ready = io::retry_on_intr(|| poll(&mut fences, Some(&at_once)))?;
    Ok(ready != 0)
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};

    use rustix::{
        event::{EventfdFlags, eventfd},
        io::Errno,
    };

    use super::{is_signalled, merged, pending, tell};
    use crate::arguments::FenceInfo;

    fn fence(signalled: bool) -> OwnedFd {
        eventfd(signalled.into(), EventfdFlags::CLOEXEC).unwrap()
    }

    #[test]
    fn merging_with_a_signalled_fence_is_the_other_one() {
        for order in [[true, false], [false, true]] {
            let merged = merged(order.map(fence)).unwrap();
            assert!(!is_signalled(merged.as_fd()).unwrap());
        }
        assert!(is_signalled(merged([fence(true), fence(true)]).unwrap().as_fd()).unwrap());
    }

    #[test]
    fn a_signalled_fence_is_not_waited_for() {
        assert!(pending(fence(true).as_raw_fd()).unwrap().is_none());
        assert!(pending(fence(false).as_raw_fd()).unwrap().is_some());
        assert_eq!(pending(-1).unwrap_err(), Errno::INVAL);
        let closed = {
            // A number far from those that other threads get.
            let fence = rustix::io::fcntl_dupfd_cloexec(fence(false), 900)
                .unwrap()
                .into_raw_fd();
            // SAFETY: the descriptor was given up just now.
            drop(unsafe { OwnedFd::from_raw_fd(fence) });
            fence
        };
        assert_eq!(pending(closed).unwrap_err(), Errno::INVAL);
    }

    #[test]
    fn a_fence_tells_whether_it_is_signalled() {
        for signalled in [false, true] {
            let mut info = FenceInfo {
                name: [0; 32],
                status: -1,
                flags: 0,
                fence_count: 0,
                _pad: 0,
                fences: 0,
            };
            tell(fence(signalled).as_fd(), &mut info).unwrap();
            assert_eq!((info.status, info.fence_count), (signalled.into(), 1));
        }
    }
}
