//! `open` and `fstat`, by all their names.

use std::{
    ffi::CStr,
    os::fd::{BorrowedFd, IntoRawFd},
};

use libc::{O_CLOEXEC, O_DIRECTORY, O_PATH, S_IFMT, S_IFSOCK, c_char, c_int, mode_t, stat};
use rustix::io::Errno;

use super::{guarded, returned};
use crate::{
    config::Config,
    devices,
    originals::{Original, name},
};

/// A connection, if `path` is that of the node.
///
/// # Safety
/// `path` must be null or a C string.
unsafe fn opened(path: *const c_char, flags: c_int) -> Option<c_int> {
    if path.is_null() || flags & (O_DIRECTORY | O_PATH) != 0 {
        return None;
    }
    let config = Config::get()?;
    // SAFETY: the caller promises a C string.
    if unsafe { CStr::from_ptr(path) } != config.node() {
        return None;
    }
    let node = guarded(|| config.open(flags & O_CLOEXEC != 0));
    Some(returned(node.map(IntoRawFd::into_raw_fd)))
}

/// What is told of a descriptor: of a device, what would be told of the node.
///
/// # Safety
/// If `outcome` is 0, `stat` must point to what was told of `fd`.
unsafe fn told(outcome: c_int, fd: c_int, stat: *mut stat) -> c_int {
    if outcome != 0 || fd < 0 {
        return outcome;
    }
    // SAFETY: the caller says that there is one, and lends it to us.
    let stat = unsafe { &mut *stat };
    if stat.st_mode & S_IFMT != S_IFSOCK {
        return outcome;
    }
    // SAFETY: the number is only handed to the kernel, which has found something by it just now.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    if let Some(config) = Config::get()
        && devices::is_device(fd)
    {
        config.disguise(stat);
    }
    outcome
}

/// A function that stands in front of one of the same name.
macro_rules! hook {
    ($name:ident($($argument:ident: $type:ty),*), $original:ident => $work:expr) => {
        #[doc = concat!("Stands in front of the C library's `", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for that function.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> c_int {
            static ORIGINAL: Original = Original::next(name(concat!(stringify!($name), "\0")));
            // SAFETY: that is the type of the function of that name.
            let $original = || match unsafe { ORIGINAL.get::<unsafe extern "C" fn($($type),*) -> c_int>() } {
                // SAFETY: the caller has promised what the function needs.
                Some(original) => unsafe { original($($argument),*) },
                None => returned(Err(Errno::NOSYS)),
            };
            // SAFETY: the caller has promised what the function needs.
            unsafe { $work }
        }
    };
}

hook!(open(path: *const c_char, flags: c_int, mode: mode_t), original => opened(path, flags).unwrap_or_else(original));
hook!(open64(path: *const c_char, flags: c_int, mode: mode_t), original => opened(path, flags).unwrap_or_else(original));
hook!(__open_2(path: *const c_char, flags: c_int), original => opened(path, flags).unwrap_or_else(original));
hook!(__open64_2(path: *const c_char, flags: c_int), original => opened(path, flags).unwrap_or_else(original));
hook!(openat(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t), original =>
    opened(path, flags).unwrap_or_else(original));
hook!(openat64(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t), original =>
    opened(path, flags).unwrap_or_else(original));
hook!(__openat_2(directory: c_int, path: *const c_char, flags: c_int), original =>
    opened(path, flags).unwrap_or_else(original));
hook!(__openat64_2(directory: c_int, path: *const c_char, flags: c_int), original =>
    opened(path, flags).unwrap_or_else(original));
hook!(fstat(fd: c_int, stat: *mut stat), original => told(original(), fd, stat));
hook!(fstat64(fd: c_int, stat: *mut stat), original => told(original(), fd, stat));
hook!(__fxstat(version: c_int, fd: c_int, stat: *mut stat), original => told(original(), fd, stat));
hook!(__fxstat64(version: c_int, fd: c_int, stat: *mut stat), original => told(original(), fd, stat));
