//! The queries of libdrm that it answers from `/sys`, where there is nothing of ours.

use std::{os::fd::BorrowedFd, ptr};

use libc::{EINVAL, ENODEV, ENOMEM, c_char, c_int, dev_t};

use crate::{
    config::Config,
    devices,
    node::{self, DrmDevice, RENDER_NODE},
    originals::{Original, name},
};

/// The configuration, if a descriptor is a device of ours.
fn device(fd: c_int) -> Option<&'static Config> {
    if fd < 0 {
        return None;
    }
    // SAFETY: the number is only handed to the kernel, which looks up what it stands for.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    devices::is_device(fd).then(Config::get).flatten()
}

/// Gives the description of the device.
///
/// # Safety
/// `place` must be null or have room for an address.
unsafe fn describe(config: &Config, place: *mut *mut DrmDevice) -> c_int {
    if place.is_null() {
        return -EINVAL;
    }
    let description = node::describe(config);
    if description.is_null() {
        return -ENOMEM;
    }
    // SAFETY: the caller says that there is room.
    unsafe { place.write(description) };
    0
}

/// The devices that libdrm finds, and before them ours.
///
/// # Safety
/// `places` must be null or have room for `count` addresses.
unsafe fn with_ours(
    places: *mut *mut DrmDevice,
    count: c_int,
    original: impl FnOnce(*mut *mut DrmDevice, c_int) -> c_int,
) -> c_int {
    let Some(config) = Config::get() else {
        return original(places, count);
    };
    if places.is_null() {
        return original(places, count).max(0).saturating_add(1);
    }
    if count <= 0 {
        return original(places, count);
    }
    // SAFETY: there is room for one.
    let outcome = unsafe { describe(config, places) };
    if outcome < 0 || count == 1 {
        return if outcome < 0 { outcome } else { 1 };
    }
    original(places.wrapping_add(1), count - 1).max(0) + 1
}

/// A copy of the node's path that the caller frees. Null without memory.
fn path(config: &Config) -> *mut c_char {
    // SAFETY: the path is a C string.
    unsafe { libc::strdup(config.node().as_ptr()) }
}

/// A function that stands in front of libdrm's of the same name, which it gets as `$original` with its arguments. Without
/// libdrm that returns `$without`.
macro_rules! hook {
    ($name:ident($($argument:ident: $type:ty),*) -> $result:ty, $original:ident => $work:expr, else $without:expr) => {
        #[doc = concat!("Stands in front of libdrm's `", stringify!($name), "`.")]
        ///
        /// # Safety
        /// As for that function.
        #[allow(non_snake_case)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            static ORIGINAL: Original = Original::libdrm(name(concat!(stringify!($name), "\0")));
            let $original = |$($argument: $type),*| {
                // SAFETY: that is the type of the function of that name.
                match unsafe { ORIGINAL.get::<unsafe extern "C" fn($($type),*) -> $result>() } {
                    // SAFETY: the caller has promised what the function needs.
                    Some(original) => unsafe { original($($argument),*) },
                    None => $without,
                }
            };
            $work
        }
    };
}

hook!(drmGetDevice(fd: c_int, place: *mut *mut DrmDevice) -> c_int, original => match device(fd) {
    // SAFETY: the caller has promised room for an address.
    Some(config) => unsafe { describe(config, place) },
    None => original(fd, place),
}, else -ENODEV);

hook!(drmGetDevice2(fd: c_int, flags: u32, place: *mut *mut DrmDevice) -> c_int, original => match device(fd) {
    // SAFETY: the caller has promised room for an address.
    Some(config) => unsafe { describe(config, place) },
    None => original(fd, flags, place),
}, else -ENODEV);

hook!(drmGetDeviceFromDevId(number: dev_t, flags: u32, place: *mut *mut DrmDevice) -> c_int, original =>
    match Config::get().filter(|config| config.device_number() == number) {
        // SAFETY: the caller has promised room for an address.
        Some(config) => unsafe { describe(config, place) },
        None => original(number, flags, place),
    }, else -ENODEV);

hook!(drmGetDevices(places: *mut *mut DrmDevice, count: c_int) -> c_int, original =>
    // SAFETY: the caller has promised that many places.
    unsafe { with_ours(places, count, original) }, else 0);

hook!(drmGetDevices2(flags: u32, places: *mut *mut DrmDevice, count: c_int) -> c_int, original =>
    // SAFETY: the caller has promised that many places.
    unsafe { with_ours(places, count, |places, count| original(flags, places, count)) }, else 0);

hook!(drmGetDeviceNameFromFd(fd: c_int) -> *mut c_char, original =>
    device(fd).map_or_else(|| original(fd), path), else ptr::null_mut());

hook!(drmGetDeviceNameFromFd2(fd: c_int) -> *mut c_char, original =>
    device(fd).map_or_else(|| original(fd), path), else ptr::null_mut());

hook!(drmGetRenderDeviceNameFromFd(fd: c_int) -> *mut c_char, original =>
    device(fd).map_or_else(|| original(fd), path), else ptr::null_mut());

hook!(drmGetPrimaryDeviceNameFromFd(fd: c_int) -> *mut c_char, original =>
    device(fd).map_or_else(|| original(fd), |_| ptr::null_mut()), else ptr::null_mut());

hook!(drmGetNodeTypeFromFd(fd: c_int) -> c_int, original =>
    device(fd).map_or_else(|| original(fd), |_| RENDER_NODE), else -1);
