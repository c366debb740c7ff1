//! `ioctl`.

use std::os::fd::BorrowedFd;

use libc::{ENOTTY, c_int, c_ulong, c_void};
use rustix::io::{self, Errno};

use super::{errno, guarded, returned};
use crate::{
    arguments::{Call, Family},
    config::Config,
    devices, fences, ioctls,
    originals::Original,
};

/// Stands in front of the C library's `ioctl`.
///
/// # Safety
/// As for `ioctl(2)`: `argument` must be what the request takes.
#[unsafe(no_mangle)]
unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    match Call::of(request) {
        Some((Family::Drm, call)) if fd >= 0 => {
            // SAFETY: the caller's promise is handed on.
            match unsafe { on_device(fd, call, argument) } {
                Some(outcome) => returned(outcome.map(|()| 0)),
                // SAFETY: the caller's promise is handed on.
                None => unsafe { directly(fd, request, argument) },
            }
        }
        // SAFETY: the caller's promise is handed on.
        Some((Family::SyncFile, call)) if fd >= 0 => unsafe { on_fence(fd, request, call, argument) },
        // SAFETY: the caller's promise is handed on.
        _ => unsafe { directly(fd, request, argument) },
    }
}

/// The outcome if the descriptor is a device of ours.
///
/// # Safety
/// As for `ioctl(2)`.
unsafe fn on_device(fd: c_int, call: Call, argument: *mut c_void) -> Option<io::Result<()>> {
    // SAFETY: the number is only handed to the kernel, which looks up what it stands for.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    match guarded(|| devices::find(fd)) {
        // SAFETY: the caller's promise is handed on.
        Ok(Some(device)) => Some(guarded(|| unsafe { ioctls::answer(&device, fd, call, argument) })),
        Ok(None) => None,
        Err(error) => Some(Err(error)),
    }
}

/// Answers for descriptors that are no sync files of the kernel.
///
/// # Safety
/// As for `ioctl(2)`.
unsafe fn on_fence(fd: c_int, request: c_ulong, call: Call, argument: *mut c_void) -> c_int {
    // SAFETY: the caller's promise is handed on.
    let outcome = unsafe { directly(fd, request, argument) };
    if outcome != -1 || errno() != ENOTTY || Config::get().is_none() {
        return outcome;
    }
    // SAFETY: the number is only handed to the kernel, which has found something by it just now.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    // SAFETY: the caller's promise is handed on.
    returned(guarded(|| unsafe { fences::answer(fd, call, argument) }).map(|()| 0))
}

/// The C library's own.
///
/// # Safety
/// As for `ioctl(2)`.
unsafe fn directly(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    type Ioctl = unsafe extern "C" fn(c_int, c_ulong, ...) -> c_int;
    static IOCTL: Original = Original::next(c"ioctl");
    // SAFETY: that is ioctl's type.
    match unsafe { IOCTL.get::<Ioctl>() } {
        // SAFETY: the caller has promised what ioctl needs.
        Some(ioctl) => unsafe { ioctl(fd, request, argument) },
        None => returned(Err(Errno::NOSYS)),
    }
}
