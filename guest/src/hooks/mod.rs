//! The functions of the C library and of libdrm that this library stands in front of.
//!
//! A preloaded library is in every process that the application starts, and its hooks are in the way of calls that have
//! nothing to do with graphics: each first looks at what tells in an instant that a call is none of our business.
//!
//! `open` and `ioctl` take any number of arguments in C. Where arguments travel in registers, as on all 64-bit Linux
//! targets, a function of the most arguments that are ever used is called the same way.

mod connect;
mod files;
mod ioctl;
mod libdrm;
mod mapping;

use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::c_int;
use rustix::io::{self, Errno};

/// Keeps a panic from the C code that has called us.
fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Errno::IO))
}

/// What a function of the C library returns.
fn returned(outcome: io::Result<c_int>) -> c_int {
    outcome.unwrap_or_else(|error| {
        set_errno(error);
        -1
    })
}

fn set_errno(error: Errno) {
    // SAFETY: there is no condition.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the address is this thread's errno.
    unsafe { *errno = error.raw_os_error() };
}

fn errno() -> c_int {
    // SAFETY: there is no condition.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the address is this thread's errno.
    unsafe { *errno }
}
