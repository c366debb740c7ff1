//! Resources that several clients have: made, exported, imported, and gone.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::{
    fs::{Mode, OFlags, open},
    io::Errno,
};

use super::{
    client::{Client, Shared, Wire, create2},
    notes::Call,
};
use crate::{
    memory::SharedMemory,
    pipe::server::{Limits, SessionError, SharedLimits},
};

const CREATE: u32 = 0x5042_0001;
const MEMORY: u32 = 0x5042_0002;
const EXPORT: u32 = 0x5042_0003;
const IMPORT: u32 = 0x5042_0004;
const TRANSFER: u32 = 0x5042_0005;

/// RESOURCE_CREATE of the extension: an 8x2 texture with one byte a texel.
pub(super) fn create(id: u32) -> [u32; 13] {
    [11, CREATE, id, 2, 64, 2, 8, 2, 1, 1, 0, 0, 0]
}

pub(super) fn export(wire: &mut Wire, id: u32) -> OwnedFd {
    wire.say(&[1, EXPORT, id]);
    let [length, command, status, ..] = wire.hear::<13>();
    assert_eq!((length, command, status), (11, EXPORT, 0));
    wire.fd()
}

/// The status that an import is answered with.
pub(super) fn import(wire: &mut Wire, id: u32, file: &OwnedFd) -> u32 {
    wire.say_with(&[1, IMPORT, id], &[file]);
    let [length, command, status, ..] = wire.hear::<20>();
    assert_eq!((length, command), (18, IMPORT));
    status
}

fn number(errno: Errno) -> u32 {
    errno.raw_os_error() as u32
}

#[test]
fn the_extension_tells_its_version() {
    let mut client = Client::speaking(2);
    client.say(&[1, 15, 0x5042_0000]);
    assert_eq!(client.hear(), [2, 15, 1, 2]);
}

#[test]
fn guest_memory_is_made_at_the_first_asking_and_is_the_same_file_after_that() {
    let mut client = Client::speaking(2);
    client.say(&create(7));
    client.settle();
    assert_eq!(client.calls(), [Call::Create { id: 7, memory: None }]);
    client.say(&[3, MEMORY, 7, 0, 0]);
    assert_eq!(client.hear(), [3, MEMORY, 0, 16, 0]);
    let first = SharedMemory::map(&client.fd()).unwrap();
    client.say(&[3, MEMORY, 7, 4096, 0]);
    assert_eq!(client.hear(), [3, MEMORY, 0, 16, 0]);
    let second = SharedMemory::map(&client.fd()).unwrap();
    first.write(3..4).unwrap().copy_from([9].as_slice().into());
    assert_eq!(second.read(3..4).unwrap().to_vec(), [9]);
    assert_eq!(client.calls()[1..], [Call::Attach { id: 7, memory: 16 }]);
}

#[test]
fn transfers_with_strides_use_that_memory() {
    let mut client = Client::speaking(2);
    client.say(&create(7));
    client.say(&[3, MEMORY, 7, 0, 0]);
    assert_eq!(client.hear(), [3, MEMORY, 0, 16, 0]);
    let memory = SharedMemory::map(&client.fd()).unwrap();
    client.say(&[13, TRANSFER, 2, 7, 0, 8, 0, 0, 0, 0, 8, 2, 1, 12, 0]);
    client.settle();
    assert_eq!(memory.read(11..16).unwrap().to_vec(), [0, 1, 2, 3, 4]);
    client.say(&[13, TRANSFER, 1, 7, 0, 8, 0, 0, 0, 0, 8, 2, 1, 14, 0]);
    client.settle();
    assert_eq!(client.calls().last(), Some(&Call::Write(vec![3, 4])));
}

#[test]
fn memory_that_cannot_be_had_is_refused_with_a_reason() {
    let limits = Limits {
        memory: 32,
        files: 1,
        ..Limits::default()
    };
    let mut client = Client::limited(2, limits);
    client.say(&create(1));
    client.say(&create(2));
    for (id, size, status) in [
        (1, 33, number(Errno::DQUOT)),
        (9, 16, number(Errno::NOENT)),
        (1, 16, 0),
        (2, 16, number(Errno::DQUOT)),
    ] {
        client.say(&[3, MEMORY, id, size, 0]);
        let [_, _, answered, ..] = client.hear::<5>();
        assert_eq!(answered, status, "{size} bytes for {id}");
        if answered == 0 {
            client.fd();
        }
    }
}

#[test]
fn memory_that_came_with_the_resource_is_not_given_twice() {
    let mut client = Client::speaking(2);
    client.say(&create2(1, 16));
    client.fd();
    client.say(&[3, MEMORY, 1, 0, 0]);
    assert_eq!(client.hear(), [3, MEMORY, number(Errno::INVAL), 0, 0]);
}

#[test]
fn an_exported_file_names_the_resource_to_others() {
    let session = Shared::start();
    let (mut owner, mut other) = (session.client(), session.client());
    owner.say(&create(1));
    owner.say(&[1, EXPORT, 1]);
    let layout = [11, EXPORT, 0, 1, 8, 2, 0x3432_5258, 64, 4096, 0, 5, 8192, 0];
    assert_eq!(owner.hear(), layout);
    let file = owner.fd();
    other.say_with(&[1, IMPORT, 5], &[&file]);
    let described = [18, IMPORT, 0, 2, 64, 2, 8, 2, 1, 1, 0, 0];
    assert_eq!(other.hear(), described);
    assert_eq!(other.hear(), [1, 0x3432_5258, 64, 4096, 0, 5, 8192, 0]);
    assert_eq!(session.calls(1), [Call::Adopt(5)]);
    // What was imported can be exported, has memory of its own, and can be forgotten.
    let again = export(&mut other, 5);
    let [first, second] = [&file, &again].map(|file| rustix::fs::fstat(file).unwrap());
    assert_eq!((first.st_dev, first.st_ino), (second.st_dev, second.st_ino));
    other.say(&[3, MEMORY, 5, 0, 0]);
    assert_eq!(other.hear(), [3, MEMORY, 0, 16, 0]);
    other.fd();
    other.say(&[1, 3, 5]);
    other.settle();
    let attach = Call::Attach { id: 5, memory: 16 };
    assert_eq!(session.calls(1), [Call::Adopt(5), attach, Call::Unref(5)]);
}

#[test]
fn a_resource_lives_as_long_as_somebody_has_it_or_its_file() {
    let session = Shared::start();
    let (mut owner, mut other) = (session.client(), session.client());
    owner.say(&create(1));
    let file = export(&mut owner, 1);
    assert_eq!(import(&mut other, 5, &file), 0);
    drop(owner);
    // The importer goes on with it, and others may still have it of the importer.
    let mut third = session.client();
    assert_eq!(import(&mut third, 6, &file), 0);
    for (wire, id) in [(&mut other, 5), (&mut third, 6)] {
        wire.say(&[1, 3, id]);
        wire.settle();
    }
    // Nobody has it but by its file, as we do.
    assert_eq!(import(&mut third, 7, &file), 0);
    third.say(&[1, 3, 7]);
    third.settle();
    // Opened once more without a lock, the file is nobody's once we have given ours back.
    let nobodys = open(
        format!("/proc/self/fd/{}", file.as_raw_fd()),
        OFlags::RDWR,
        Mode::empty(),
    )
    .unwrap();
    drop(file);
    import(&mut third, 8, &nobodys);
    third.say(&[1, 3, 8]);
    third.settle();
    assert_eq!(import(&mut third, 9, &nobodys), number(Errno::BADF));
}

#[test]
fn a_session_ends_when_its_socket_is_shut_down_and_the_last_client_is_gone() {
    let session = Shared::start();
    let mut client = session.client();
    client.say(&create(1));
    client.settle();
    drop(client);
    session.end();
}

#[test]
fn a_connection_that_nobody_uses_has_no_renderer() {
    let session = Shared::start();
    let (unused, mut later) = (session.caller(), session.caller());
    let mut client = session.client();
    client.settle();
    assert_eq!(session.renderers(), 1);
    drop(unused);
    later.speak(2);
    later.settle();
    assert_eq!(session.renderers(), 2);
    drop((client, later));
    session.end();
}

#[test]
fn imports_that_make_no_sense_are_refused_with_a_reason() {
    let session = Shared::start();
    let mut client = session.client();
    client.say(&create(1));
    let file = export(&mut client, 1);
    assert_eq!(import(&mut client, 1, &file), number(Errno::INVAL), "a taken id");
    assert_eq!(import(&mut client, 0, &file), number(Errno::INVAL), "no id");
    let (_, stranger) = SharedMemory::create("stranger", 8192).unwrap();
    assert_eq!(import(&mut client, 2, &stranger), number(Errno::BADF));
    assert_eq!(import(&mut client, 2, &file), 0, "one's own resource, once more");
}

#[test]
fn exports_that_make_no_sense_are_refused_with_a_reason() {
    let mut client = Client::speaking(2);
    client.say(&create(100));
    for (id, status) in [(4, Errno::NOENT), (100, Errno::NOTSUP)] {
        client.say(&[1, EXPORT, id]);
        let mut refusal = [0; 13];
        refusal[..3].copy_from_slice(&[11, EXPORT, number(status)]);
        assert_eq!(client.hear(), refusal);
    }
}

#[test]
fn a_descriptor_that_does_not_come_ends_the_connection() {
    let mut client = Client::speaking(2);
    client.say(&[1, IMPORT, 1]);
    std::io::Write::write_all(&mut client.stream, &[0]).unwrap();
    assert!(matches!(client.outcome(), Err(SessionError::NoDescriptor)));
}

#[test]
fn an_id_is_created_once_whatever_the_version() {
    for version in [2, 4] {
        let mut client = Client::speaking(version);
        client.say(&create(3));
        client.say(&create(3));
        assert!(matches!(client.outcome(), Err(SessionError::ResourceId(_))));
    }
}

#[test]
fn what_clients_share_and_have_is_limited() {
    let session = Shared::limited(SharedLimits {
        connection: Limits {
            shared: 2,
            ..Limits::default()
        },
        connections: 2,
        memory: 40,
    });
    let (mut first, mut second) = (session.client(), session.client());
    session.caller().expect_hang_up();
    for id in 1..=3 {
        first.say(&create(id));
    }
    let file = export(&mut first, 1);
    assert_eq!(import(&mut first, 4, &file), 0);
    assert_eq!(import(&mut first, 5, &file), number(Errno::DQUOT));
    first.say(&[1, EXPORT, 2]);
    assert_eq!(first.hear::<13>()[2], number(Errno::DQUOT));
    for (id, status) in [(1, 0), (2, 0), (3, number(Errno::DQUOT))] {
        let wire = if id == 2 { &mut second } else { &mut first };
        if id == 2 {
            wire.say(&create(2));
        }
        wire.say(&[3, MEMORY, id, 0, 0]);
        assert_eq!(wire.hear::<5>()[2], status, "memory for {id}");
        if status == 0 {
            wire.fd();
        }
    }
    // What a client had is there for others once it is gone.
    drop(first);
    drop(second);
    let mut third = loop {
        let mut caller = session.caller();
        if caller.greets() {
            break caller;
        }
    };
    third.say(&create(1));
    third.say(&[3, MEMORY, 1, 40, 0]);
    assert_eq!(third.hear(), [3, MEMORY, 0, 40, 0]);
}
