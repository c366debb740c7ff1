//! Mesa's older way: vtest at a compiled-in address.
//!
//! Mesa before 23.1 knows one address only, `/tmp/.virgl_test`. A connection to it goes to the address in `VTEST_SOCKET_NAME`,
//! which newer Mesa reads by itself. Every other connection is none of our business.

use std::{ffi::CStr, mem, ptr};

use libc::{AF_UNIX, c_int, sa_family_t, sockaddr, sockaddr_un, socklen_t};
use rustix::io::Errno;

use super::returned;
use crate::originals::Original;

/// The address compiled into Mesa.
const BUILT_IN: &[u8] = b"/tmp/.virgl_test\0";
/// Where the address to use instead stands.
const VARIABLE: &CStr = c"VTEST_SOCKET_NAME";

/// Stands in front of the C library's `connect`.
///
/// # Safety
/// As for `connect(2)`: `address` must be readable for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: the caller promises that the address is readable for its length.
    let redirected = unsafe { redirect(address, length) };
    match redirected {
        Some(private) => {
            let length = mem::size_of::<sockaddr_un>() as socklen_t;
            // SAFETY: `private` is a whole address of that length.
            unsafe { connect_directly(socket, ptr::from_ref(&private).cast(), length) }
        }
        // SAFETY: the caller's promise is handed on.
        None => unsafe { connect_directly(socket, address, length) },
    }
}

/// The C library's own.
///
/// # Safety
/// As for `connect(2)`.
unsafe fn connect_directly(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    type Connect = unsafe extern "C" fn(c_int, *const sockaddr, socklen_t) -> c_int;
    static CONNECT: Original = Original::next(c"connect");
    // SAFETY: that is connect's type.
    match unsafe { CONNECT.get::<Connect>() } {
        // SAFETY: the caller has promised what connect needs.
        Some(connect) => unsafe { connect(socket, address, length) },
        None => returned(Err(Errno::NOSYS)),
    }
}

/// The private address, if `address` is the built-in one and there is a private one.
///
/// # Safety
/// `address` must be readable for `length` bytes.
unsafe fn redirect(address: *const sockaddr, length: socklen_t) -> Option<sockaddr_un> {
    let path_at = mem::offset_of!(sockaddr_un, sun_path);
    if address.is_null() || (length as usize) < path_at + BUILT_IN.len() {
        return None;
    }
    // SAFETY: more than a family's bytes are readable, and families are plain numbers.
    let family = unsafe { address.cast::<sa_family_t>().read_unaligned() };
    if c_int::from(family) != AF_UNIX {
        return None;
    }
    // SAFETY: the path begins inside the readable bytes.
    let path = unsafe { address.cast::<u8>().add(path_at) };
    // SAFETY: as many bytes from there on are readable, as was checked above.
    let path = unsafe { std::slice::from_raw_parts(path, BUILT_IN.len()) };
    if path != BUILT_IN {
        return None;
    }
    private_address()
}

/// The address named by the environment, if it fits.
fn private_address() -> Option<sockaddr_un> {
    // SAFETY: the name is a C string; the value is copied at once.
    let value = unsafe { libc::getenv(VARIABLE.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv gives a C string.
    let value = unsafe { CStr::from_ptr(value) }.to_bytes_with_nul();
    let mut address = sockaddr_un {
        sun_family: AF_UNIX as sa_family_t,
        sun_path: [0; 108],
    };
    if value.len() == 1 || value.len() > address.sun_path.len() {
        return None;
    }
    for (to, from) in address.sun_path.iter_mut().zip(value) {
        *to = *from as libc::c_char;
    }
    Some(address)
}
