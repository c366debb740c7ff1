//! The functions that applications call, which here are those of this very process.

use std::{
    fs::File,
    os::{
        fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
        unix::fs::FileTypeExt,
    },
    ptr,
};

use libc::{MAP_FAILED, MAP_SHARED, O_CLOEXEC, O_RDWR, PROT_READ, PROT_WRITE, c_char, c_int, c_ulong};

use crate::{arguments, config::DEFAULT_NODE};

unsafe extern "C" {
    fn drmGetDeviceNameFromFd2(fd: c_int) -> *mut c_char;
    fn drmGetNodeTypeFromFd(fd: c_int) -> c_int;
}

fn open() -> OwnedFd {
    // SAFETY: the path is a C string.
    let fd = unsafe { libc::open(DEFAULT_NODE.as_ptr(), O_RDWR | O_CLOEXEC) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the descriptor is new.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn ioctl<A>(fd: impl AsFd, number: u8, argument: &mut A) -> Result<(), i32> {
    let request =
        3 << 30 | (size_of::<A>() as c_ulong) << 16 | c_ulong::from(b'd') << 8 | c_ulong::from(number);
    // SAFETY: the argument is as large as the request says.
    match unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request, ptr::from_mut(argument)) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().raw_os_error().unwrap()),
    }
}

fn create_blob(fd: impl AsFd, size: u64) -> Result<u32, i32> {
    let mut blob = arguments::CreateBlob {
        memory: 1,
        flags: 1,
        handle: 0,
        resource: 0,
        size,
        _pad: 0,
        command_size: 0,
        _command: 0,
        blob: 0,
    };
    ioctl(fd, 0x4a, &mut blob).map(|()| blob.handle)
}

fn map(fd: &OwnedFd, length: usize, offset: u64) -> *mut u8 {
    let (protection, fd) = (PROT_READ | PROT_WRITE, fd.as_raw_fd());
    // SAFETY: the place is the kernel's choice.
    unsafe { libc::mmap(ptr::null_mut(), length, protection, MAP_SHARED, fd, offset as i64) }.cast()
}

#[test]
fn the_node_is_a_character_device_that_is_a_socket() {
    let node = open();
    assert!(
        File::open("/proc/self/exe")
            .unwrap()
            .metadata()
            .unwrap()
            .is_file(),
        "others are what they are"
    );
    // SAFETY: any bytes are a stat.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: there is room for a stat.
    assert_eq!(unsafe { libc::fstat(node.as_raw_fd(), &mut stat) }, 0);
    assert_eq!(stat.st_mode & libc::S_IFMT, libc::S_IFCHR);
    assert_eq!(stat.st_rdev, libc::makedev(226, 191));
    // SAFETY: there is no condition.
    assert_eq!(unsafe { drmGetNodeTypeFromFd(node.as_raw_fd()) }, 2);
    // SAFETY: there is no condition.
    let name = unsafe { drmGetDeviceNameFromFd2(node.as_raw_fd()) };
    // SAFETY: it is a C string.
    assert_eq!(unsafe { std::ffi::CStr::from_ptr(name) }, DEFAULT_NODE);
    // SAFETY: it is malloc's.
    unsafe { libc::free(name.cast()) };
    let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
    let socket = File::from(OwnedFd::from(socket));
    assert!(
        socket.metadata().unwrap().file_type().is_socket(),
        "another socket stays one"
    );
}

#[test]
fn a_duplicate_is_the_same_device_and_a_second_opening_is_another() {
    let node = open();
    let duplicate = node.try_clone().unwrap();
    assert_eq!(create_blob(&node, 4096), Ok(1));
    assert_eq!(create_blob(&duplicate, 4096), Ok(2));
    assert_eq!(create_blob(open(), 4096), Ok(1));
    drop(node);
    assert_eq!(create_blob(&duplicate, 4096), Ok(3));
}

#[test]
fn what_is_mapped_twice_is_the_same_memory() {
    let node = open();
    let handle = create_blob(&node, 8192).unwrap();
    let mut place = arguments::Map {
        offset: 0,
        handle,
        _pad: 0,
    };
    ioctl(&node, 0x41, &mut place).unwrap();
    let (one, other) = (map(&node, 8192, place.offset), map(&node, 4096, place.offset));
    assert_ne!(one, MAP_FAILED.cast());
    assert_ne!(other, MAP_FAILED.cast());
    // SAFETY: the first byte of a mapping.
    unsafe { one.write_volatile(42) };
    // SAFETY: the first byte of a mapping.
    assert_eq!(unsafe { other.read_volatile() }, 42);
    assert_eq!(
        map(&node, 16384, place.offset),
        MAP_FAILED.cast(),
        "more than there is"
    );
    assert_eq!(
        map(&node, 4096, place.offset + (1 << 16)),
        MAP_FAILED.cast(),
        "the place of none"
    );
}

#[test]
fn a_picture_of_one_opening_is_taken_in_by_another() {
    let (ours, theirs) = (open(), open());
    let mut dumb = arguments::CreateDumb {
        height: 10,
        width: 30,
        bits: 32,
        flags: 0,
        handle: 0,
        pitch: 0,
        size: 0,
    };
    ioctl(&ours, 0xb2, &mut dumb).unwrap();
    let mut prime = arguments::Prime {
        handle: dumb.handle,
        flags: O_CLOEXEC as u32,
        fd: -1,
    };
    ioctl(&ours, 0x2d, &mut prime).unwrap();
    ioctl(&theirs, 0x2e, &mut prime).unwrap();
    assert_eq!(prime.handle, 1);
}

#[test]
fn a_child_may_use_its_own_device_but_not_its_parents() {
    let node = open();
    create_blob(&node, 4096).unwrap();
    // SAFETY: the child only makes calls of this library and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = create_blob(&node, 4096) == Err(libc::ENODEV);
        let fresh = create_blob(open(), 4096) == Ok(1);
        // SAFETY: there is no condition.
        unsafe { libc::_exit(if refused && fresh { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: there is room for a status.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0);
    assert_eq!(create_blob(&node, 4096), Ok(2));
}

#[test]
fn ioctls_on_anything_else_are_the_kernels() {
    let (pipe, _other) = std::io::pipe().unwrap();
    assert_eq!(create_blob(&pipe, 4096), Err(libc::ENOTTY));
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(create_blob(&socket, 4096), Err(libc::ENOTTY));
    let mut waiting: c_int = -1;
    // SAFETY: FIONREAD takes an int.
    let outcome = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut waiting) };
    assert_eq!((outcome, waiting), (0, 0));
}

#[test]
fn fences_merge_to_one_of_the_sessions() {
    let node = open();
    create_blob(&node, 4096).unwrap();
    let fence = || rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let (one, other) = (fence(), fence());
    let mut merge = arguments::MergeFences {
        name: [0; 32],
        other: other.as_raw_fd(),
        merged: -1,
        flags: 0,
        _pad: 0,
    };
    let request = 3 << 30 | (size_of_val(&merge) as c_ulong) << 16 | c_ulong::from(b'>') << 8 | 3;
    // SAFETY: the argument is as large as the request says.
    let outcome = unsafe { libc::ioctl(one.as_raw_fd(), request, ptr::from_mut(&mut merge)) };
    assert_eq!(outcome, 0);
    // SAFETY: the descriptor is new.
    let merged = unsafe { OwnedFd::from_raw_fd(merge.merged) };
    let mut count = [0; 8];
    rustix::io::read(&merged, &mut count).unwrap();
    assert_eq!(
        count[0], 1,
        "the session's, which is reached, and not one of ours"
    );
}
