//! `mmap`, by either of its names.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{MAP_FAILED, c_int, c_void, off_t, size_t};
use rustix::io::{self, Errno};

use super::{guarded, set_errno};
use crate::{
    device::{Mapping, handle_of},
    devices,
    originals::Original,
};

/// Stands in front of the C library's `mmap`.
///
/// # Safety
/// As for `mmap(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    let place = Place {
        address,
        length,
        protection,
        flags,
    };
    match guarded(|| of_device(fd, offset, length)) {
        // SAFETY: the caller's promise is handed on.
        Ok(None) => unsafe { place.map(fd, offset) },
        // SAFETY: the caller's promise is handed on. The file is closed when it is mapped.
        Ok(Some(Mapping { file, offset, .. })) => unsafe { place.map(file.as_raw_fd(), offset as off_t) },
        Err(error) => failed(error),
    }
}

/// Stands in front of the C library's `mmap64`.
///
/// # Safety
/// As for `mmap(2)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap64(
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    // SAFETY: the caller's promise is handed on.
    unsafe { mmap(address, length, protection, flags, fd, offset) }
}

/// What is to be mapped in place of a device's offset. Allocators come by here with memory of no file: nothing that comes
/// before the offset is known for one of ours may allocate.
fn of_device(fd: c_int, offset: off_t, length: size_t) -> io::Result<Option<Mapping>> {
    let Some(handle) = handle_of(offset as u64).filter(|_| fd >= 0) else {
        return Ok(None);
    };
    // SAFETY: the number is only handed to the kernel, which looks up what it stands for.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let Some(device) = devices::find(fd)? else {
        return Ok(None);
    };
    // As of the kernel's drivers: where there is no resource there is nothing to map.
    let mapping = device
        .with(fd, |session| session.mapping(handle))
        .map_err(|error| match error {
            Errno::NOENT => Errno::INVAL,
            error => error,
        })?;
    let pages = mapping.size.next_multiple_of(rustix::param::page_size() as u64);
    match length as u64 <= pages {
        true => Ok(Some(mapping)),
        false => Err(Errno::INVAL),
    }
}

fn failed(error: Errno) -> *mut c_void {
    set_errno(error);
    MAP_FAILED
}

/// Where and how to map.
struct Place {
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
}

impl Place {
    /// The C library's own.
    ///
    /// # Safety
    /// As for `mmap(2)`.
    unsafe fn map(&self, fd: c_int, offset: off_t) -> *mut c_void {
        type Mmap = unsafe extern "C" fn(*mut c_void, size_t, c_int, c_int, c_int, off_t) -> *mut c_void;
        static MMAP: Original = Original::next(c"mmap");
        // SAFETY: that is mmap's type.
        match unsafe { MMAP.get::<Mmap>() } {
            // SAFETY: the caller has promised what mmap needs.
            Some(mmap) => unsafe { mmap(self.address, self.length, self.protection, self.flags, fd, offset) },
            None => failed(Errno::NOSYS),
        }
    }
}
