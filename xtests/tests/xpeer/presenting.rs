//! Presentations as a faultless server does them.

use std::{os::fd::OwnedFd, time::Duration};

use pixbridge_xtests::{
    timelines,
    xpeer::{Area, Clock, Counts, Idle, Peer, Point, Presenting, Script, Synchronisation},
};
use rustix::{
    fs::{MemfdFlags, ftruncate, memfd_create},
    io::pread,
};
use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        dri3::ConnectionExt as _,
        present::{self, CompleteMode, ConnectionExt as _, Option as PresentOption},
        shm::ConnectionExt as _,
        sync::ConnectionExt as _,
        xfixes::ConnectionExt as _,
        xproto::{ConnectionExt as _, Rectangle},
    },
    rust_connection::RustConnection,
};

use crate::client::{buffer, dri3_pixmap, events, next_event, present, root, select, window};

/// A SHM pixmap over a file whose rows follow each other.
fn shm_pixmap(connection: &RustConnection, file: OwnedFd, width: u16, height: u16, offset: u32) -> u32 {
    let (segment, pixmap) = (
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
    );
    connection
        .shm_attach_fd(segment, file, false)
        .unwrap()
        .check()
        .unwrap();
    connection
        .shm_create_pixmap(pixmap, root(connection), width, height, 24, segment, offset)
        .unwrap()
        .check()
        .unwrap();
    pixmap
}

#[test]
fn a_shm_pixmap_is_presented_when_the_clock_moves() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 20, 10);
    let eid = select(&connection, window);
    let pixmap = shm_pixmap(&connection, buffer(20, 10, 4096, 80, 0x100), 20, 10, 4096);
    present(&connection, window, pixmap, 77);
    assert!(connection.poll_for_event().unwrap().is_none());
    assert_eq!(peer.control().busy(), [pixmap]);

    peer.control().set_msc(40);
    let Event::PresentCompleteNotify(complete) = next_event(&connection) else {
        panic!("no CompleteNotify");
    };
    assert_eq!(
        (complete.event, complete.window, complete.serial, complete.msc),
        (eid, window, 77, 40)
    );
    assert_eq!(complete.mode, CompleteMode::COPY);
    assert!(
        matches!(next_event(&connection), Event::PresentIdleNotify(idle) if idle.pixmap == pixmap && idle.serial == 77)
    );
    assert!(peer.control().busy().is_empty());
    let pixels = peer.control().pixels(window).unwrap();
    assert_eq!(pixels.data, (0x100..0x100 + 200).collect::<Vec<_>>());
    peer.finish();
}

#[test]
fn a_buffer_with_stride_and_offset_is_presented_in_its_update_region() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 16, 8);
    let pixmap = dri3_pixmap(&connection, buffer(16, 8, 128, 96, 0x5000), 16, 8, 128, 96);
    let region = connection.generate_id().unwrap();
    let update = Rectangle {
        x: 3,
        y: 2,
        width: 4,
        height: 2,
    };
    connection.xfixes_create_region(region, &[update]).unwrap();
    let options = PresentOption::ASYNC.into();
    connection
        .present_pixmap(
            window,
            pixmap,
            1,
            0,
            region,
            1,
            -1,
            0,
            0,
            0,
            options,
            0,
            0,
            0,
            &[],
        )
        .unwrap()
        .check()
        .unwrap();
    let pixels = peer.control().pixels(window).unwrap();
    for (x, y) in (0..16).flat_map(|x| (0..8).map(move |y| (x, y))) {
        let inside = (4..8).contains(&x) && (1..3).contains(&y);
        let wanted = if inside {
            0x5000 + u32::from(y + 1) * 16 + u32::from(x) - 1
        } else {
            0
        };
        assert_eq!(pixels.at(x, y), Some(wanted), "{x}, {y}");
    }
    let presented = peer.control().presents().remove(0);
    assert_eq!(
        presented.update,
        Some(vec![Area {
            x: 3,
            y: 2,
            width: 4,
            height: 2
        }])
    );
    assert_eq!(
        (
            presented.valid,
            presented.options,
            presented.x_off,
            presented.y_off
        ),
        (None, 1, 1, -1)
    );
    peer.finish();
}

#[test]
fn pictures_for_the_same_count_replace_each_other() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    select(&connection, window);
    for (serial, first) in [(1, 0x10), (2, 0x20)] {
        let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, first), 4, 4, 0, 16);
        present(&connection, window, pixmap, serial);
    }
    peer.control().advance_msc(1);
    let modes: Vec<_> = events(&connection)
        .into_iter()
        .filter_map(|event| match event {
            Event::PresentCompleteNotify(complete) => Some((complete.serial, complete.mode)),
            _ => None,
        })
        .collect();
    assert_eq!(modes, [(1, CompleteMode::SKIP), (2, CompleteMode::COPY)]);
    assert_eq!(peer.control().pixels(window).unwrap().at(0, 0), Some(0x20));
    peer.finish();
}

#[test]
fn a_notification_comes_at_its_count() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    select(&connection, window);
    connection
        .present_notify_msc(window, 9, 0, 5, 2)
        .unwrap()
        .check()
        .unwrap();
    peer.control().advance_msc(1);
    assert!(connection.poll_for_event().unwrap().is_none());
    peer.control().advance_msc(7);
    assert!(matches!(next_event(&connection), Event::PresentCompleteNotify(c)
        if c.msc == 2 && c.serial == 9 && c.kind == present::CompleteKind::NOTIFY_MSC));
    peer.finish();
}

#[test]
fn a_clock_of_its_own_goes_by_itself() {
    let script = Script {
        clock: Clock::Hertz(500),
        ..Script::default()
    };
    let peer = Peer::start(script).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    select(&connection, window);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 1), 4, 4, 0, 16);
    present(&connection, window, pixmap, 1);
    assert!(matches!(connection.wait_for_event().unwrap(), Event::PresentCompleteNotify(c) if c.msc > 0));
    let before = peer.control().msc();
    std::thread::sleep(Duration::from_millis(20));
    assert!(peer.control().msc() > before);
    peer.finish();
}

#[test]
fn fences_hold_back_and_are_triggered() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    let (wait, idle) = (
        connection.generate_id().unwrap(),
        connection.generate_id().unwrap(),
    );
    connection.sync_create_fence(window, wait, false).unwrap();
    let shared = memfd_create("fence", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&shared, 4096).unwrap();
    connection
        .dri3_fence_from_fd(window, idle, false, shared.try_clone().unwrap())
        .unwrap();
    let options = PresentOption::ASYNC.into();
    connection
        .present_pixmap(
            window,
            pixmap,
            1,
            0,
            0,
            0,
            0,
            0,
            wait,
            idle,
            options,
            0,
            0,
            0,
            &[],
        )
        .unwrap();
    let state = || {
        let mut word = [0; 4];
        pread(&shared, &mut word, 0).unwrap();
        i32::from_ne_bytes(word)
    };
    assert!(
        !connection
            .sync_query_fence(wait)
            .unwrap()
            .reply()
            .unwrap()
            .triggered
    );
    assert_eq!((peer.control().busy().len(), state()), (1, 0));
    connection.sync_trigger_fence(wait).unwrap().check().unwrap();
    assert_eq!((peer.control().busy().len(), state()), (0, 1));
    let exported = connection
        .dri3_fd_from_fence(window, wait)
        .unwrap()
        .reply()
        .unwrap()
        .fence_fd;
    let mut word = [0; 4];
    pread(&exported, &mut word, 0).unwrap();
    assert_eq!(i32::from_ne_bytes(word), 1);
    peer.finish();
}

#[test]
fn timelines_are_released_at_their_points() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    let syncobj = connection.generate_id().unwrap();
    let timeline = memfd_create("timeline", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&timeline, 8).unwrap();
    let theirs = timeline.try_clone().unwrap();
    connection.dri3_import_syncobj(syncobj, window, theirs).unwrap();
    connection
        .present_pixmap_synced(
            window,
            pixmap,
            1,
            0,
            0,
            0,
            0,
            0,
            syncobj,
            syncobj,
            4,
            5,
            0,
            0,
            0,
            0,
            &[],
        )
        .unwrap();
    connection.flush().unwrap();
    peer.control().advance_msc(1);
    assert_eq!(peer.control().released(), [], "it is not drawn yet");
    timelines::signal(&timeline, 4).unwrap();
    peer.control().advance_msc(1);
    let release = Point { syncobj, point: 5 };
    assert_eq!(timelines::reached(&timeline).unwrap(), 5);
    assert_eq!(peer.control().released(), [release]);
    let acquire = Point { syncobj, point: 4 };
    assert_eq!(
        peer.control().presents()[0].synchronisation,
        Synchronisation::Points { acquire, release }
    );
    connection.dri3_free_syncobj(syncobj).unwrap().check().unwrap();
    assert_eq!(peer.control().counts().syncobjs, 0);
    peer.finish();
}

#[test]
fn everything_is_freed_with_its_client() {
    let peer = Peer::start(Script {
        presenting: Presenting {
            idle: Idle::Held,
            ..Default::default()
        },
        ..Script::default()
    })
    .unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    shm_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0);
    present(&connection, window, pixmap, 1);
    peer.control().advance_msc(1);
    let counts = peer.control().counts();
    let wanted = Counts {
        windows: 1,
        pixmaps: 2,
        segments: 1,
        fds: 2,
        ..Counts::default()
    };
    assert_eq!(counts, wanted);
    drop(connection);
    assert_eq!(
        (peer.control().counts(), peer.control().clients()),
        (Counts::default(), 0)
    );
    peer.finish();
}

#[test]
fn a_freed_buffer_is_held_until_it_is_shown() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    present(&connection, window, pixmap, 1);
    connection.free_pixmap(pixmap).unwrap().check().unwrap();
    assert_eq!(
        (peer.control().counts().pixmaps, peer.control().counts().fds),
        (0, 1)
    );
    peer.control().advance_msc(1);
    assert_eq!(peer.control().counts().fds, 0);
    assert_eq!(peer.control().pixels(window).unwrap().at(0, 0), Some(7));
    peer.finish();
}
