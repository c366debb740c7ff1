//! What each request of the application becomes on the socket.

use std::{
    io::Write,
    os::{
        fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd},
        unix::net::UnixStream,
    },
    ptr, thread,
};

use libc::c_void;
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    io::{self, Errno},
};

use super::session::{CAPSET, Connection, HEADER};
use crate::{
    arguments::{
        Call, Close, CreateBlob, CreateDumb, CreateResource, Execute, GetCaps, InitContext, Parameter, Prime,
        ResourceInfo, TransferArea, Version, Wait,
    },
    device::{Device, handle_of},
    ioctls,
    wire::command,
};

impl Connection {
    /// An ioctl that reads and writes its argument.
    fn ioctl<A: bytemuck::Pod>(&self, number: u8, argument: &mut A) -> io::Result<()> {
        let request = 3 << 30 | (size_of::<A>() as u64) << 16 | u64::from(b'd') << 8 | u64::from(number);
        let (_, call) = Call::of(request).unwrap();
        let argument = ptr::from_mut(argument).cast::<c_void>();
        // SAFETY: the argument is as large as the request says, and the tests fill in addresses of their own.
        unsafe { ioctls::answer(&self.device, self.fd.as_fd(), call, argument) }
    }

    fn create(&self) -> u32 {
        let mut create = CreateResource {
            target: 2,
            format: 1,
            bind: 2,
            width: 30,
            height: 20,
            depth: 1,
            array_size: 1,
            last_level: 0,
            samples: 0,
            flags: 0,
            handle: 0,
            resource: 0,
            size: 2400,
            _stride: 120,
        };
        self.ioctl(0x44, &mut create).unwrap();
        assert_eq!(create.handle, create.resource);
        create.handle
    }

    fn close(&self, handle: u32) -> io::Result<()> {
        self.ioctl(0x09, &mut Close { handle })
    }

    fn export(&self, handle: u32) -> io::Result<OwnedFd> {
        self.device
            .with(self.fd.as_fd(), |session| Ok(session.export(handle)?.0))
    }

    fn import(&self, fd: i32) -> io::Result<u32> {
        let mut prime = Prime {
            handle: 0,
            flags: 0,
            fd,
        };
        self.ioctl(0x2e, &mut prime).map(|()| prime.handle)
    }
}

fn execute(commands: &[u32], flags: u32, fence: i32) -> Execute {
    Execute {
        flags,
        size: size_of_val(commands) as u32,
        commands: commands.as_ptr().expose_provenance() as u64,
        _handles: 0,
        _handle_count: 0,
        fence,
        ring: 0,
        _syncobj_stride: 0,
        in_syncobj_count: 0,
        out_syncobj_count: 0,
        _in_syncobjs: 0,
        _out_syncobjs: 0,
    }
}

#[test]
fn handles_count_up_and_are_not_given_twice() {
    let connection = Connection::new();
    assert_eq!(connection.create(), 1);
    assert_eq!(connection.close(1), Ok(()));
    assert_eq!(connection.create(), 2);
    assert_eq!(connection.close(1), Err(Errno::INVAL));
    let told = connection.told();
    let commands: Vec<_> = told
        .iter()
        .map(|(command, payload)| (*command, payload[0]))
        .collect();
    assert_eq!(
        commands,
        [
            (command::RESOURCE_CREATE, 1),
            (command::RESOURCE_UNREF, 1),
            (command::RESOURCE_CREATE, 2)
        ]
    );
    assert_eq!(told[0].1, [1, 2, 1, 2, 30, 20, 1, 1, 0, 0, 0]);
}

#[test]
fn the_driver_gives_its_name_to_who_has_room_for_it() {
    let connection = Connection::new();
    let mut name = [0u8; 16];
    let mut version = Version {
        major: -1,
        minor: -1,
        patch: -1,
        _gap: 0,
        name_length: 0,
        name: 0,
        date_length: 0,
        date: 0,
        description_length: 0,
        description: 0,
    };
    connection.ioctl(0, &mut version).unwrap();
    assert_eq!(
        (version.major, version.minor, version.patch, version.name_length),
        (0, 1, 0, 10)
    );
    (version.name, version.name_length) = (name.as_mut_ptr().expose_provenance() as u64, 4);
    connection.ioctl(0, &mut version).unwrap();
    assert_eq!(
        (name[..5].as_ref(), version.name_length),
        (b"virt\0".as_ref(), 10)
    );
}

#[test]
fn a_capability_set_is_asked_for_once_and_cut_to_the_callers_size() {
    let connection = Connection::new();
    let mut bytes = [b'-'; 16];
    let address = bytes.as_mut_ptr().expose_provenance() as u64;
    for (size, expected) in [(4, b"capa------------"), (16, b"capabilities----")] {
        let mut caps = GetCaps {
            set: 2,
            _version: 0,
            address,
            size,
            _pad: 0,
        };
        connection.ioctl(0x49, &mut caps).unwrap();
        assert_eq!(bytes, *expected);
        caps.set = 6;
        assert_eq!(connection.ioctl(0x49, &mut caps), Err(Errno::INVAL));
    }
    assert_eq!(CAPSET.len(), 12);
    assert_eq!(connection.told(), [(command::GET_CAPS2, vec![])]);
}

#[test]
fn the_kind_of_context_is_chosen_once_and_first() {
    let choice = [Parameter {
        parameter: 1,
        value: 2,
    }];
    let init = |count| InitContext {
        parameter_count: count,
        _pad: 0,
        parameters: choice.as_ptr().expose_provenance() as u64,
    };
    let connection = Connection::new();
    assert_eq!(connection.ioctl(0x4b, &mut init(1000)), Err(Errno::INVAL));
    assert_eq!(connection.ioctl(0x4b, &mut init(1)), Ok(()));
    assert_eq!(connection.ioctl(0x4b, &mut init(1)), Err(Errno::EXIST));
    assert_eq!(connection.told(), [(command::CONTEXT_INIT, vec![2])]);
    let connection = Connection::new();
    connection.create();
    assert_eq!(connection.ioctl(0x4b, &mut init(1)), Err(Errno::EXIST));
}

#[test]
fn commands_without_fences_are_a_submission_that_nobody_answers() {
    let connection = Connection::new();
    connection.ioctl(0x42, &mut execute(&[1, 2, 3], 0, -1)).unwrap();
    assert_eq!(connection.told(), [(command::SUBMIT_CMD, vec![1, 2, 3])]);
}

#[test]
fn commands_with_a_fence_are_two_requests_that_nobody_answers() {
    let connection = Connection::new();
    let mut submission = execute(&[7, 8], 2, -1);
    connection.ioctl(0x42, &mut submission).unwrap();
    // SAFETY: the descriptor was made for the caller, which is us.
    let fence = unsafe { OwnedFd::from_raw_fd(submission.fence) };
    let told = connection.told();
    assert_eq!(
        told,
        [(command::SUBMIT_CMD, vec![7, 8]), (command::SIGNAL, vec![])]
    );
    // The session has closed its end.
    poll(&mut [PollFd::new(&fence, PollFlags::IN)], None).unwrap();
}

#[test]
fn fences_travel_with_the_commands() {
    let connection = Connection::new();
    let before = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    let mut submission = execute(&[7, 8], 1 | 2, before.as_raw_fd());
    connection.ioctl(0x42, &mut submission).unwrap();
    // SAFETY: the descriptor was made for the caller, which is us.
    let fence = unsafe { OwnedFd::from_raw_fd(submission.fence) };
    assert_ne!(fence.as_raw_fd(), before.as_raw_fd());
    let payload = vec![1, 2, 9, 2, 0, 0, 0, 0, 0, 7, 8];
    assert_eq!(
        connection.told(),
        [(command::SUBMIT_CMD2, payload), (command::SIGNAL, vec![])]
    );
}

#[test]
fn a_fence_that_is_reached_or_is_none_does_not_reach_the_session() {
    let connection = Connection::new();
    let reached = eventfd(1, EventfdFlags::CLOEXEC).unwrap();
    connection
        .ioctl(0x42, &mut execute(&[7], 1, reached.as_raw_fd()))
        .unwrap();
    assert_eq!(
        connection.ioctl(0x42, &mut execute(&[7], 1, -1)),
        Err(Errno::INVAL)
    );
    assert_eq!(connection.told(), [(command::SUBMIT_CMD, vec![7])]);
}

#[test]
fn what_cannot_be_submitted_is_refused_before_anything_is_sent() {
    let connection = Connection::new();
    let mut odd = execute(&[7], 0, -1);
    odd.size = 3;
    assert_eq!(connection.ioctl(0x42, &mut odd), Err(Errno::INVAL));
    let mut nowhere = execute(&[7], 0, -1);
    nowhere.commands = 0;
    assert_eq!(connection.ioctl(0x42, &mut nowhere), Err(Errno::FAULT));
    let mut other_ring = execute(&[7], 4, -1);
    other_ring.ring = 1;
    assert_eq!(connection.ioctl(0x42, &mut other_ring), Err(Errno::INVAL));
    assert_eq!(
        connection.ioctl(0x42, &mut execute(&[7], 8, -1)),
        Err(Errno::INVAL)
    );
    let mut syncobjs = execute(&[7], 0, -1);
    syncobjs.in_syncobj_count = 1;
    assert_eq!(connection.ioctl(0x42, &mut syncobjs), Err(Errno::INVAL));
    assert_eq!(connection.told(), []);
}

#[test]
fn transfers_name_the_part_and_where_it_is() {
    let connection = Connection::new();
    let handle = connection.create();
    let mut part = TransferArea {
        handle,
        area: [1, 2, 3, 4, 5, 6],
        level: 7,
        offset: 8,
        stride: 9,
        layer_stride: 10,
    };
    connection.ioctl(0x47, &mut part).unwrap();
    connection.ioctl(0x46, &mut part).unwrap();
    part.handle = 99;
    assert_eq!(connection.ioctl(0x46, &mut part), Err(Errno::NOENT));
    let told = connection.told();
    // Nothing was mapped before, so there is no memory yet that could be read into.
    assert_eq!(told[1], (command::RESOURCE_MEMORY, vec![1, 2400, 0]));
    let part = |direction| vec![direction, 1, 7, 9, 10, 1, 2, 3, 4, 5, 6, 8, 0];
    assert_eq!(told[2], (command::TRANSFER, part(1)));
    assert_eq!(told[3], (command::TRANSFER, part(2)));
    assert_eq!(told.len(), 4);
}

#[test]
fn who_does_not_want_to_wait_is_told_that_it_is_busy() {
    let connection = Connection::new();
    let handle = connection.create();
    assert_eq!(connection.ioctl(0x48, &mut Wait { handle, flags: 0 }), Ok(()));
    assert_eq!(
        connection.ioctl(0x48, &mut Wait { handle, flags: 1 }),
        Err(Errno::BUSY)
    );
    assert_eq!(
        connection.ioctl(0x48, &mut Wait { handle: 0, flags: 0 }),
        Err(Errno::NOENT)
    );
}

#[test]
fn one_file_has_one_handle_until_that_is_closed() {
    let connection = Connection::new();
    let handle = connection.create();
    let file = connection.export(handle).unwrap();
    assert_eq!(connection.import(file.as_raw_fd()), Ok(handle));
    connection.close(handle).unwrap();
    let again = connection.import(file.as_raw_fd()).unwrap();
    assert_eq!(again, handle + 1);
    assert_eq!(connection.import(file.as_raw_fd()), Ok(again));
    let mut info = ResourceInfo {
        handle: again,
        resource: 0,
        size: 0,
        blob_memory: 9,
    };
    connection.ioctl(0x45, &mut info).unwrap();
    assert_eq!(
        (info.resource, info.size, info.blob_memory),
        (again, HEADER + 128 * 20, 0)
    );
}

#[test]
fn a_file_of_somebody_else_cannot_be_imported() {
    let connection = Connection::new();
    let file = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    assert_eq!(connection.import(file.as_raw_fd()), Err(Errno::BADF));
    assert_eq!(connection.import(-1), Err(Errno::BADF));
    assert_eq!(connection.create(), 2, "the connection goes on");
}

#[test]
fn a_quota_is_the_callers_error_and_the_connection_goes_on() {
    let connection = Connection::refusing(command::RESOURCE_MEMORY);
    let handle = connection.create();
    let mapping = connection
        .device
        .with(connection.fd.as_fd(), |session| session.mapping(handle));
    assert_eq!(mapping.err(), Some(Errno::DQUOT));
    assert_eq!(connection.close(handle), Ok(()));
}

#[test]
fn blobs_are_guest_memory_or_refused() {
    let connection = Connection::new();
    let blob = |memory, size| CreateBlob {
        memory,
        flags: 1,
        handle: 0,
        resource: 0,
        size,
        _pad: 0,
        command_size: 0,
        _command: 0,
        blob: 0,
    };
    let mut guest = blob(1, 8192);
    connection.ioctl(0x4a, &mut guest).unwrap();
    assert_eq!(connection.ioctl(0x4a, &mut blob(2, 8192)), Err(Errno::INVAL));
    assert_eq!(connection.ioctl(0x4a, &mut blob(1, 0)), Err(Errno::INVAL));
    assert_eq!(connection.ioctl(0x4a, &mut blob(1, 1 << 32)), Err(Errno::INVAL));
    let mapping = connection
        .device
        .with(connection.fd.as_fd(), |session| session.mapping(guest.handle));
    assert_eq!(mapping.unwrap().size, 8192);
}

#[test]
fn a_dumb_buffer_is_the_picture_itself() {
    let connection = Connection::new();
    let mut dumb = CreateDumb {
        height: 10,
        width: 30,
        bits: 32,
        flags: 0,
        handle: 0,
        pitch: 0,
        size: 0,
    };
    connection.ioctl(0xb2, &mut dumb).unwrap();
    assert_eq!((dumb.pitch, dumb.size), (128, 1280));
    let mapping = connection
        .device
        .with(connection.fd.as_fd(), |session| session.mapping(dumb.handle));
    let mapping = mapping.unwrap();
    assert_eq!((mapping.offset, mapping.size), (HEADER.into(), 1280));
    dumb.bits = 16;
    assert_eq!(connection.ioctl(0xb2, &mut dumb), Err(Errno::INVAL));
}

#[test]
fn a_resource_is_mapped_at_a_place_that_names_it() {
    let connection = Connection::new();
    let handle = connection.create();
    let place = connection
        .device
        .with(connection.fd.as_fd(), |session| session.place(handle));
    assert_eq!(handle_of(place.unwrap()), Some(handle));
    let nowhere = connection
        .device
        .with(connection.fd.as_fd(), |session| session.place(99));
    assert_eq!(nowhere, Err(Errno::NOENT));
    assert_eq!(connection.told().len(), 1, "only that it was made");
}

#[test]
fn what_a_render_node_does_not_do_is_refused() {
    let connection = Connection::new();
    let errors = [
        (0x0a, Errno::ACCESS),
        (0x0b, Errno::ACCESS),
        (0xa0, Errno::ACCESS),
        (0xbf, Errno::OPNOTSUPP),
    ];
    for (number, error) in errors.into_iter().chain([(0x5f, Errno::INVAL)]) {
        assert_eq!(
            connection.ioctl(number, &mut [0u32; 4]),
            Err(error),
            "{number:#x}"
        );
    }
}

#[test]
fn no_argument_of_zeros_or_ones_leaves_the_connection_out_of_step() {
    let connection = Connection::new();
    for number in 0..=255 {
        for byte in [0u8, 0xff] {
            // The addresses would be the caller's own fault.
            if byte == 0xff && [0x00, 0x42, 0x43, 0x49, 0x4b].contains(&number) {
                continue;
            }
            let _ = connection.ioctl(number, &mut [byte; 64]);
        }
    }
    let handle = connection.create();
    assert_eq!(connection.ioctl(0x48, &mut Wait { handle, flags: 0 }), Ok(()));
}

#[test]
fn a_server_that_is_no_session_is_no_device() {
    let (fd, mut theirs) = UnixStream::pair().unwrap();
    // Version 2, but the parameter is not known.
    theirs
        .write_all(bytemuck::bytes_of(&[1u32, 11, 2, 2, 15, 0, 0]))
        .unwrap();
    let device = Device::default();
    for _ in 0..2 {
        assert_eq!(
            device.with(fd.as_fd(), |session| session.close(1)),
            Err(Errno::NODEV)
        );
    }
}

#[test]
fn threads_do_not_take_each_others_answers() {
    let connection = Connection::new();
    let handle = connection.create();
    thread::scope(|scope| {
        for flags in [0, 1] {
            let expected = if flags == 0 { Ok(()) } else { Err(Errno::BUSY) };
            let connection = &connection;
            scope.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(connection.ioctl(0x48, &mut Wait { handle, flags }), expected);
                }
            });
        }
    });
}

#[test]
fn an_exported_file_is_inherited_only_if_that_was_asked_for() {
    let connection = Connection::new();
    let handle = connection.create();
    for (flags, inherited) in [(libc::O_CLOEXEC as u32, false), (0, true)] {
        let mut prime = Prime {
            handle,
            flags,
            fd: -1,
        };
        connection.ioctl(0x2d, &mut prime).unwrap();
        // SAFETY: the descriptor is new.
        let file = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(prime.fd) };
        let flags = io::fcntl_getfd(&file).unwrap();
        assert_eq!(flags.is_empty(), inherited);
        let _ = file.into_raw_fd();
    }
}
