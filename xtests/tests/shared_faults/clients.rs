//! X clients that say what they should not.

use std::{
    fs::File,
    io::{Read, Write},
    net::Shutdown,
    os::fd::OwnedFd,
};

use pixbridge::memory::SharedMemory;
use pixbridge_xtests::held::belongings;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{dri3::ConnectionExt as _, xproto::ConnectionExt as _},
    rust_connection::RustConnection,
};

use super::{Rig, assert_undisturbed};

const SIDE: u16 = 64;
const LINEAR: u64 = 0;
/// GetInputFocus.
const QUESTION: [u8; 4] = [43, 0, 1, 0];
const QUESTIONS: usize = 1 << 20;
/// KiB that a client who does not listen may cost: a part of the 32 MiB that it is owed.
const PATIENCE: u64 = 8192;

/// The setup that is let in, in this machine's order of bytes.
fn setup(secret: &[u8]) -> Vec<u8> {
    let name = b"MIT-MAGIC-COOKIE-1";
    let mut setup = vec![
        if cfg!(target_endian = "little") {
            b'l'
        } else {
            b'B'
        },
        0,
    ];
    for number in [11u16, 0, name.len() as u16, secret.len() as u16, 0] {
        setup.extend(number.to_ne_bytes());
    }
    setup.extend(name);
    setup.resize(setup.len().next_multiple_of(4), 0);
    setup.extend(secret);
    setup
}

/// Bytes without a pattern, always the same.
fn noise(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

#[test]
fn clients_that_send_noise_are_cut_off_and_nobody_else() {
    let rig = Rig::new();
    let before = rig.held.descriptors();
    let neighbour = rig.neighbour(500);
    let hello = setup(&rig.held.secret());
    for seed in 0..40 {
        let mut stream = rig.held.stream();
        let noise = noise(1 << 16, seed);
        // Half of them is let in first. Nobody has to take all of it.
        let bytes = if seed % 2 == 0 {
            [&hello[..], &noise].concat()
        } else {
            noise
        };
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
    }
    assert_undisturbed(neighbour);
    rig.held.wait_for_descriptors(before);
}

#[test]
fn a_client_that_never_listens_costs_little_and_holds_up_nobody() {
    let rig = Rig::new();
    let mut deaf = rig.held.stream();
    deaf.write_all(&setup(&rig.held.secret())).expect("a display");
    deaf.set_nonblocking(true).expect("a socket");
    let before = belongings(rig.held.relay()).resident;
    let questions = QUESTION.repeat(1024);
    let mut taken = 0;
    for _ in 0..QUESTIONS / 1024 {
        taken += deaf.write(&questions).unwrap_or(0);
    }
    assert!(taken > 0);
    assert_undisturbed(rig.neighbour(100));
    for _ in 0..QUESTIONS / 1024 {
        let _ = deaf.write(&questions);
    }
    let after = belongings(rig.held.relay()).resident;
    assert!(
        after <= before + PATIENCE,
        "{before} KiB before, {after} KiB after"
    );
}

/// The error in answer to a pixmap of a descriptor.
fn refused(client: &RustConnection, fd: OwnedFd, size: [u16; 2], stride: u32, offset: u32, depth: u8) {
    let root = client.setup().roots[0].root;
    let pixmap = client.generate_id().unwrap();
    let [width, height] = size;
    let what = format!("{fd:?} {size:?} {stride} {offset} {depth}");
    let answer = client
        .dri3_pixmap_from_buffers(
            pixmap,
            root,
            width,
            height,
            stride,
            offset,
            0,
            0,
            0,
            0,
            0,
            0,
            depth,
            32,
            LINEAR,
            vec![fd],
        )
        .unwrap()
        .check();
    match answer {
        Err(ReplyError::X11Error(error)) => {
            assert_eq!(error.extension_name.as_deref(), Some("DRI3"), "{what}: {error:?}");
        }
        other => panic!("{what}: {other:?}"),
    }
    client
        .get_geometry(pixmap)
        .unwrap()
        .reply()
        .expect_err("no pixmap");
}

#[test]
fn pixmaps_of_what_is_no_buffer_are_refused_and_nobody_is_disturbed() {
    let rig = Rig::new();
    let before = rig.held.descriptors();
    let neighbour = rig.neighbour(300);
    let client = rig.held.connect();
    client.dri3_query_version(1, 2).unwrap().reply().unwrap();
    let root = client.setup().roots[0].root;
    client.dri3_open(root, 0).unwrap().reply().unwrap();
    let stride = u32::from(SIDE) * 4;
    let directory = || OwnedFd::from(File::open("/tmp").unwrap());
    let pipe = || OwnedFd::from(std::io::pipe().unwrap().0);
    let foreign = || SharedMemory::create("foreign", 1 << 20).unwrap().1;
    let shrunk = || {
        let file = memfd_create("shrunk", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, 1).unwrap();
        file
    };
    for fd in [directory(), pipe(), foreign(), shrunk()] {
        refused(&client, fd, [SIDE, SIDE], stride, 0, 24);
    }
    for (size, stride, offset, depth) in [
        ([0, 0], stride, 0, 24),
        ([u16::MAX, u16::MAX], u32::MAX, 0, 24),
        ([SIDE, SIDE], 0, 0, 24),
        ([SIDE, SIDE], stride, u32::MAX, 24),
        ([SIDE, SIDE], stride, 0, 77),
    ] {
        refused(&client, foreign(), size, stride, offset, depth);
    }
    client
        .get_input_focus()
        .unwrap()
        .reply()
        .expect("a client goes on");
    drop(client);
    assert_undisturbed(neighbour);
    rig.held.wait_for_descriptors(before);
}
