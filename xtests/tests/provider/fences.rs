//! Fences in shared memory are triggered when the server's are.

use std::{os::fd::OwnedFd, time::Duration};

use pixbridge::{memory::SharedMemory, present::ShmFence};
use pixbridge_xtests::sharing::Placing;
use x11rb::{
    connection::Connection as _,
    protocol::{
        dri3::ConnectionExt as _,
        present::{self, ConnectionExt as _},
        sync::ConnectionExt as _,
        xproto::ConnectionExt as _,
    },
};

use super::{Client, Rig, faults::error_of};

const SOON: Duration = Duration::from_secs(30);

/// A fence of the client's, untriggered.
fn fence(client: &Client) -> (u32, ShmFence) {
    let (page, file) = ShmFence::create().unwrap();
    page.reset();
    let id = client.id();
    let made = client
        .connection
        .dri3_fence_from_fd(client.root(), id, false, file);
    made.unwrap().check().unwrap();
    client.connection.sync_initialize(3, 1).unwrap().reply().unwrap();
    (id, page)
}

#[test]
fn a_fence_is_triggered_when_the_buffer_is_idle() {
    frames_become_idle(true);
}

#[test]
fn a_client_that_is_not_told_of_idle_buffers_has_its_fences_triggered_all_the_same() {
    frames_become_idle(false);
}

fn frames_become_idle(told: bool) {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let window = client.window(64, 64);
    let c = &client.connection;
    c.present_query_version(1, 2).unwrap().reply().unwrap();
    if told {
        let mask = present::EventMask::IDLE_NOTIFY;
        c.present_select_input(client.id(), window, mask).unwrap();
    }
    let picture = rig.session.picture(64, 64);
    let pixmap = client.import(&picture, 64, 64);
    let (id, page) = fence(&client);
    for serial in 0..3 {
        page.reset();
        c.present_pixmap(window, pixmap, serial, 0, 0, 0, 0, 0, 0, id, 0, 0, 0, 0, &[])
            .unwrap();
        c.flush().unwrap();
        assert!(page.wait(SOON), "{serial}");
    }
}

#[test]
fn a_fence_that_the_client_triggers_comes_after_what_it_asked_for_before() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let picture = rig.session.picture(64, 64);
    let pixmap = client.import(&picture, 64, 64);
    let (id, page) = fence(&client);
    for color in [1, 2, 3] {
        page.reset();
        client.fill(pixmap, [0, 0, 64, 64], color);
        client.connection.sync_trigger_fence(id).unwrap();
        client.connection.flush().unwrap();
        assert!(page.wait(SOON));
        assert_eq!(picture.pixel(63, 63), color);
    }
    // The server's own fence is triggered as well: this ends.
    client.connection.sync_await_fence(&[id]).unwrap();
    client.sync();
    let asked = client.connection.sync_query_fence(id).unwrap().reply().unwrap();
    assert!(asked.triggered);
    client.connection.sync_reset_fence(id).unwrap().check().unwrap();
    assert!(!page.is_triggered());
    let asked = client.connection.sync_query_fence(id).unwrap().reply().unwrap();
    assert!(!asked.triggered);
}

#[test]
fn every_fence_has_a_file() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let (c, id) = (&client.connection, client.id());
    c.sync_initialize(3, 1).unwrap().reply().unwrap();
    c.sync_create_fence(client.root(), id, true).unwrap();
    let file = c
        .dri3_fd_from_fence(client.root(), id)
        .unwrap()
        .reply()
        .unwrap()
        .fence_fd;
    let theirs = ShmFence::map(&file).unwrap().unwrap();
    assert!(theirs.is_triggered());
    c.sync_reset_fence(id).unwrap().check().unwrap();
    assert!(!theirs.is_triggered());
    c.sync_trigger_fence(id).unwrap();
    c.flush().unwrap();
    assert!(theirs.wait(SOON));
    let again = c
        .dri3_fd_from_fence(client.root(), id)
        .unwrap()
        .reply()
        .unwrap()
        .fence_fd;
    assert!(ShmFence::map(&again).unwrap().unwrap().is_triggered());
}

#[test]
fn a_file_that_could_be_cut_off_is_no_fence() {
    let rig = Rig::new(Placing::InPlace);
    let client = rig.client();
    let plain: OwnedFd = tempfile::tempfile().unwrap().into();
    rustix::fs::ftruncate(&plain, 4096).unwrap();
    let (_memory, long) = SharedMemory::create("long", 1 << 20).unwrap();
    let (_memory, short) = SharedMemory::create("short", 2).unwrap();
    for file in [plain, long, short] {
        let made = client
            .connection
            .dri3_fence_from_fd(client.root(), client.id(), false, file);
        let error = made.unwrap().check().unwrap_err();
        assert_eq!(error_of(error), (2, "DRI3", 4));
    }
    client.connection.get_input_focus().unwrap().reply().unwrap();
}
