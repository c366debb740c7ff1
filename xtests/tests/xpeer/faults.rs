//! The faults: each really happens to an x11rb client.

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use pixbridge_xtests::xpeer::{
    Complaint, Completion, ErrorCode, Extension, Idle, LinkError, Modifiers, Msc, Operation, Orphans, Peer,
    ReplyFault, Script,
};
use x11rb::{
    connection::{Connection, RequestConnection},
    errors::{ConnectionError, ReplyError},
    protocol::{
        ErrorKind, Event,
        composite::{ConnectionExt as _, Redirect},
        dri3::ConnectionExt as _,
        present::{CompleteMode, ConnectionExt as _},
        shm::ConnectionExt as _,
        xfixes::ConnectionExt as _,
        xproto::{ConnectionExt as _, CreateWindowAux, Rectangle, WindowClass},
    },
    rust_connection::RustConnection,
};

use crate::client::{buffer, dri3_pixmap, events, next_event, present, root, select, window};

/// A client with a window that selects Present's events, and a buffer of 4 by 4 pixels of `value` and more.
fn stage(peer: &Peer) -> (RustConnection, u32, u32) {
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    select(&connection, window);
    let pixmap = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 7), 4, 4, 0, 16);
    (connection, window, pixmap)
}

/// Events in short: `C` for a completed picture, `I` for an idle one, `-` for others; each with its serial.
fn brief(connection: &RustConnection) -> Vec<(char, u32)> {
    let letter = |event| match event {
        Event::PresentCompleteNotify(complete) => ('C', complete.serial),
        Event::PresentIdleNotify(idle) => ('I', idle.serial),
        _ => ('-', 0),
    };
    events(connection).into_iter().map(letter).collect()
}

fn kind<T>(result: Result<T, ReplyError>) -> Option<ErrorKind> {
    match result {
        Err(ReplyError::X11Error(error)) => Some(error.error_kind),
        _ => None,
    }
}

#[test]
fn an_old_dri3_has_no_later_requests() {
    let peer = Peer::start(Script::default().version(Extension::Dri3, (1, 0))).unwrap();
    let connection = peer.connect().unwrap();
    let version = connection.dri3_query_version(1, 4).unwrap().reply().unwrap();
    assert_eq!((version.major_version, version.minor_version), (1, 0));
    let root = root(&connection);
    let pixmap = connection.generate_id().unwrap();
    let file = buffer(4, 4, 0, 16, 0);
    let old = connection.dri3_pixmap_from_buffer(pixmap, root, 64, 4, 4, 16, 24, 32, file);
    old.unwrap().check().unwrap();
    let modifiers = connection
        .dri3_get_supported_modifiers(root, 24, 32)
        .unwrap()
        .reply();
    assert_eq!(kind(modifiers), Some(ErrorKind::Request));
    let request = "DRI3::GetSupportedModifiers".into();
    assert_eq!(
        peer.control().take_complaints(),
        [Complaint::Unserved { request }]
    );
    peer.finish();
}

#[test]
fn a_remote_client_gets_no_descriptors_through() {
    let peer = Peer::start(Script::default().remote()).unwrap();
    let connection = peer.connect().unwrap();
    let version = connection.dri3_query_version(1, 4).unwrap().reply();
    assert_eq!(kind(version), Some(ErrorKind::Match));
    let segment = connection.generate_id().unwrap();
    let attached = connection
        .shm_attach_fd(segment, buffer(4, 4, 0, 16, 0), false)
        .unwrap()
        .check();
    assert_eq!(kind(attached), Some(ErrorKind::Access));
    let counts = peer.control().counts();
    assert_eq!((counts.segments, counts.fds), (0, 0));
    peer.finish();
}

#[test]
fn modifier_lists_can_be_empty() {
    let modifiers = Modifiers::none();
    let peer = Peer::start(Script {
        modifiers,
        ..Script::default()
    })
    .unwrap();
    let (connection, root) = (peer.connect().unwrap(), 0x40);
    let reply = connection
        .dri3_get_supported_modifiers(root, 24, 32)
        .unwrap()
        .reply()
        .unwrap();
    assert!(reply.window_modifiers.is_empty() && reply.screen_modifiers.is_empty());
    peer.finish();
}

#[test]
fn imports_fail_behind_the_clients_back() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, _) = stage(&peer);
    let pixmap = connection.generate_id().unwrap();
    peer.control().refuse_next(Operation::Import, ErrorCode::Alloc);
    let file = vec![buffer(4, 4, 0, 16, 0)];
    connection
        .dri3_pixmap_from_buffers(pixmap, window, 4, 4, 16, 0, 0, 0, 0, 0, 0, 0, 24, 32, 0, file)
        .unwrap();
    // The client may go on before it has read of the error.
    connection
        .present_pixmap(window, pixmap, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, &[])
        .unwrap();
    connection.free_pixmap(pixmap).unwrap();
    connection.get_input_focus().unwrap().reply().unwrap();
    let kinds: Vec<_> = events(&connection)
        .into_iter()
        .map(|event| match event {
            Event::Error(error) => (error.error_kind, error.bad_value),
            other => panic!("{other:?}"),
        })
        .collect();
    let gone = (ErrorKind::Pixmap, pixmap);
    assert_eq!(kinds, [(ErrorKind::Alloc, pixmap), gone, gone]);
    assert_eq!(peer.control().counts().fds, 1, "the refused descriptor is closed");
    dri3_pixmap(&connection, buffer(4, 4, 0, 16, 0), 4, 4, 0, 16);
    peer.finish();
}

#[test]
fn shm_pixmaps_can_be_refused_for_good() {
    let peer = Peer::start(Script::default().refusing(Operation::ShmCreatePixmap, ErrorCode::Alloc)).unwrap();
    let connection = peer.connect().unwrap();
    let segment = connection.generate_id().unwrap();
    connection
        .shm_attach_fd(segment, buffer(4, 4, 0, 16, 0), false)
        .unwrap();
    let root = root(&connection);
    let create = || {
        let pixmap = connection.generate_id().unwrap();
        connection
            .shm_create_pixmap(pixmap, root, 4, 4, 24, segment, 0)
            .unwrap()
            .check()
    };
    assert_eq!(kind(create()), Some(ErrorKind::Alloc));
    assert_eq!(kind(create()), Some(ErrorKind::Alloc));
    peer.control().accept(Operation::ShmCreatePixmap);
    create().unwrap();
    peer.finish();
}

#[test]
fn exports_can_be_refused() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, _, pixmap) = stage(&peer);
    peer.control().refuse_next(Operation::Export, ErrorCode::Pixmap);
    peer.control().refuse_next(Operation::Export, ErrorCode::Match);
    let first = connection.dri3_buffers_from_pixmap(pixmap).unwrap().reply();
    assert_eq!(kind(first), Some(ErrorKind::Pixmap));
    let second = connection.dri3_buffer_from_pixmap(pixmap).unwrap().reply();
    assert_eq!(kind(second), Some(ErrorKind::Match));
    connection
        .dri3_buffer_from_pixmap(pixmap)
        .unwrap()
        .reply()
        .unwrap();
    peer.finish();
}

#[test]
fn devices_and_names_can_be_refused() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, _) = stage(&peer);
    connection.dri3_open(window, 0).unwrap().reply().unwrap();
    peer.control().refuse(Operation::Dri3Open, ErrorCode::Match);
    assert_eq!(
        kind(connection.dri3_open(window, 0).unwrap().reply()),
        Some(ErrorKind::Match)
    );
    peer.control()
        .refuse_next(Operation::NamePixmap, ErrorCode::Match);
    connection
        .composite_redirect_window(window, Redirect::MANUAL)
        .unwrap();
    let pixmap = connection.generate_id().unwrap();
    let named = connection
        .composite_name_window_pixmap(window, pixmap)
        .unwrap()
        .check();
    assert_eq!(kind(named), Some(ErrorKind::Match));
    peer.finish();
}

#[test]
fn idle_comes_when_it_is_told_to() {
    let cases = [
        (Idle::AfterComplete, vec![('C', 1), ('I', 1)]),
        (Idle::BeforeComplete, vec![('I', 1), ('C', 1)]),
        (Idle::Held, vec![('C', 1)]),
        (Idle::Never, vec![('C', 1)]),
        (Idle::Twice, vec![('C', 1), ('I', 1), ('I', 1)]),
        (Idle::Replaced, vec![('C', 1)]),
    ];
    for (idle, wanted) in cases {
        let peer = Peer::start(Script::default()).unwrap();
        let (connection, window, pixmap) = stage(&peer);
        peer.control().idle(idle);
        present(&connection, window, pixmap, 1);
        peer.control().advance_msc(1);
        assert_eq!(brief(&connection), wanted, "{idle:?}");
        let is_idle = wanted.contains(&('I', 1));
        assert_eq!(peer.control().busy().is_empty(), is_idle, "{idle:?}");
        let released = peer.control().release_idle(9);
        assert_eq!(released, usize::from(idle == Idle::Held));
        assert_eq!(brief(&connection).len(), released);
        peer.finish();
    }
}

#[test]
fn a_flipped_picture_is_idle_when_the_next_is_shown() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, first) = stage(&peer);
    peer.control().idle(Idle::Replaced);
    peer.control().completion(Completion::Sent(CompleteMode::FLIP));
    let second = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 9), 4, 4, 0, 16);
    present(&connection, window, first, 1);
    peer.control().advance_msc(1);
    present(&connection, window, second, 2);
    peer.control().advance_msc(1);
    assert_eq!(brief(&connection), [('C', 1), ('C', 2), ('I', 1)]);
    assert_eq!(peer.control().busy(), [second]);
    peer.finish();
}

#[test]
fn completions_have_the_modes_that_are_wanted() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, pixmap) = stage(&peer);
    let modes = [
        CompleteMode::SKIP,
        CompleteMode::SUBOPTIMAL_COPY,
        CompleteMode::FLIP,
    ];
    for mode in modes {
        peer.control().completion(Completion::Sent(mode));
        present(&connection, window, pixmap, 1);
        peer.control().advance_msc(1);
        assert!(matches!(next_event(&connection), Event::PresentCompleteNotify(c) if c.mode == mode));
        next_event(&connection);
        let shown = peer.control().pixels(window).unwrap().at(0, 0);
        assert_eq!(shown, Some(if mode == CompleteMode::SKIP { 0 } else { 7 }));
    }
    peer.control().completion(Completion::Never);
    present(&connection, window, pixmap, 2);
    peer.control().advance_msc(100);
    assert_eq!(brief(&connection), [('I', 2)]);
    peer.finish();
}

#[test]
fn counts_repeat_and_step_back() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, pixmap) = stage(&peer);
    let shown = |count| {
        peer.control().set_msc(count);
        present(&connection, window, pixmap, 1);
        peer.control().advance_msc(1);
        let told = events(&connection).into_iter().find_map(|event| match event {
            Event::PresentCompleteNotify(complete) => Some(complete.msc),
            _ => None,
        });
        told.unwrap()
    };
    assert_eq!(shown(99), 100);
    peer.control().msc_told(Msc::Repeats);
    assert_eq!((shown(100), shown(101)), (100, 100));
    peer.control().msc_told(Msc::StepsBack);
    assert_eq!((shown(102), shown(103)), (99, 98));
    peer.control().msc_told(Msc::True);
    assert_eq!((shown(104), shown(9)), (105, 10), "another CRTC counts otherwise");
    peer.finish();
}

#[test]
fn windows_change_between_present_and_complete() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, pixmap) = stage(&peer);
    present(&connection, window, pixmap, 1);
    peer.control().resize(window, 9, 3).unwrap();
    peer.control().advance_msc(1);
    let seen = events(&connection);
    assert!(matches!(
        seen[..],
        [
            Event::ConfigureNotify(_),
            Event::PresentConfigureNotify(_),
            Event::PresentCompleteNotify(_),
            Event::PresentIdleNotify(_)
        ]
    ));
    let pixels = peer.control().pixels(window).unwrap();
    assert_eq!(
        (pixels.width, pixels.height, pixels.at(3, 2), pixels.at(4, 2)),
        (9, 3, Some(18), Some(0))
    );

    peer.control().unmap(window).unwrap();
    peer.control().unmap(window).unwrap();
    let again = dri3_pixmap(&connection, buffer(4, 4, 0, 16, 50), 4, 4, 0, 16);
    present(&connection, window, again, 2);
    peer.control().advance_msc(1);
    assert_eq!(brief(&connection), [('-', 0), ('C', 2), ('I', 2)]);
    assert_eq!(
        peer.control().pixels(window).unwrap().at(0, 0),
        Some(7),
        "hidden windows show nothing"
    );
    assert!(peer.control().resize(window, 0, 1).is_err());
    peer.finish();
}

#[test]
fn a_window_that_others_destroy_is_bad() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, pixmap) = stage(&peer);
    present(&connection, window, pixmap, 1);
    peer.control().destroy(window).unwrap();
    connection
        .present_pixmap(window, pixmap, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, &[])
        .unwrap();
    connection.flush().unwrap();
    peer.control().advance_msc(5);
    let seen = events(&connection);
    assert!(matches!(&seen[..], [
        Event::DestroyNotify(_),
        Event::PresentConfigureNotify(configure),
        Event::Error(error),
    ] if configure.pixmap_flags == 1 && error.error_kind == ErrorKind::Window && error.bad_value == window));
    assert!(peer.control().busy().is_empty());
    assert!(peer.control().destroy(window).is_err());
    peer.finish();
}

#[test]
fn events_can_follow_a_destroyed_window() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, window, pixmap) = stage(&peer);
    peer.control().orphans(Orphans::Reported);
    present(&connection, window, pixmap, 1);
    peer.control().destroy(window).unwrap();
    assert_eq!(brief(&connection), [('-', 0), ('-', 0), ('C', 1), ('I', 1)]);
    assert!(connection.get_geometry(window).unwrap().reply().is_err());
    peer.finish();
}

/// x11rb may lose the last reply when the end of the stream comes with it.
#[test]
fn the_connection_is_closed_after_some_requests() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    peer.control().disconnect_after(2);
    connection.get_input_focus().unwrap().reply().unwrap();
    let more = (0..2).map(|_| connection.get_input_focus()?.reply());
    assert!(matches!(more.last(), Some(Err(ReplyError::ConnectionError(_)))));
    assert_eq!(
        (peer.control().clients(), peer.control().requests().len()),
        (0, 2)
    );
    peer.finish();
}

#[test]
fn the_connection_is_closed_at_once() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, ..) = stage(&peer);
    peer.control().disconnect();
    assert!(matches!(
        connection.wait_for_event(),
        Err(ConnectionError::IoError(_))
    ));
    let counts = peer.control().counts();
    assert_eq!((counts.windows, counts.fds), (0, 0));
    peer.finish();
}

#[test]
fn the_connection_is_closed_in_a_reply() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    peer.control().next_reply(ReplyFault::Truncated(17));
    let lost = connection.get_input_focus().unwrap().reply();
    assert!(matches!(lost, Err(ReplyError::ConnectionError(_))), "{lost:?}");
    peer.finish();
}

#[test]
fn garbage_comes_in_place_of_a_reply() {
    let peer = Peer::start(Script::default()).unwrap();
    let mut stream = peer.connect_stream().unwrap();
    std::io::Write::write_all(&mut stream, &setup_request()).unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    let rest = usize::from(u16::from_ne_bytes([answer[6], answer[7]])) * 4;
    stream.read_exact(&mut vec![0; rest]).unwrap();
    peer.control().next_reply(ReplyFault::Garbage(vec![0xee; 40]));
    std::io::Write::write_all(&mut stream, &focus_request()).unwrap();
    let mut garbage = [0; 40];
    stream.read_exact(&mut garbage).unwrap();
    assert_eq!(garbage, [0xee; 40]);
    peer.finish();
}

fn setup_request() -> Vec<u8> {
    let order = if cfg!(target_endian = "little") {
        b'l'
    } else {
        b'B'
    };
    [&[order, 0][..], &11u16.to_ne_bytes(), &[0; 8]].concat()
}

fn focus_request() -> Vec<u8> {
    let opcode = x11rb::protocol::xproto::GET_INPUT_FOCUS_REQUEST;
    [&[opcode, 0][..], &1u16.to_ne_bytes()].concat()
}

/// The client waits for bytes that never come.
#[test]
fn a_reply_claims_to_be_long() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    peer.control().next_reply(ReplyFault::Length(1 << 20));
    let (sender, receiver) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let result = connection.get_input_focus().unwrap().reply();
        sender.send(result.is_ok()).unwrap();
    });
    assert!(
        receiver.recv_timeout(Duration::from_millis(200)).is_err(),
        "nothing is answered"
    );
    peer.control().disconnect();
    assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok(false));
    waiting.join().unwrap();
    peer.finish();
}

/// Descriptors have no borders: what is too much for one reply is taken for the next.
#[test]
fn surplus_descriptors_shift_those_of_later_replies() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, _, pixmap) = stage(&peer);
    peer.control().next_reply(ReplyFault::SurplusFds(2));
    connection.get_input_focus().unwrap().reply().unwrap();
    let reply = connection
        .dri3_buffer_from_pixmap(pixmap)
        .unwrap()
        .reply()
        .unwrap();
    assert_eq!(reply.size, 64);
    assert_eq!(
        rustix::fs::fstat(&reply.pixmap_fd).unwrap().st_size,
        0,
        "it is one of the surplus"
    );
    peer.finish();
}

/// x11rb-protocol 0.14 panics when a reply comes without its descriptors.
#[test]
fn announced_descriptors_do_not_come() {
    let peer = Peer::start(Script::default()).unwrap();
    let (connection, _, pixmap) = stage(&peer);
    peer.control().next_reply(ReplyFault::MissingFds);
    connection
        .get_input_focus()
        .unwrap()
        .reply()
        .expect("a reply without descriptors is spared");
    let reply = catch_unwind(AssertUnwindSafe(|| {
        connection
            .dri3_buffer_from_pixmap(pixmap)
            .unwrap()
            .reply()
            .is_ok()
    }));
    assert!(!matches!(reply, Ok(true)));
    peer.finish();
}

#[test]
fn clients_that_break_the_protocol_are_cut_off() {
    let peer = Peer::start(Script::default()).unwrap();
    let mut stream = peer.connect_stream().unwrap();
    std::io::Write::write_all(&mut stream, &[setup_request(), vec![127, 0, 0, 0]].concat()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let complaint = Complaint::Link(LinkError::NoLength { units: 0 });
    assert_eq!(peer.control().take_complaints(), [complaint]);
    peer.finish();
}

#[test]
fn memory_that_shrinks_is_an_error_and_no_signal() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let window = window(&connection, 4, 4);
    let file = buffer(4, 4, 0, 16, 0);
    let pixmap = dri3_pixmap(&connection, file.try_clone().unwrap(), 4, 4, 0, 16);
    rustix::fs::ftruncate(&file, 0).unwrap();
    present(&connection, window, pixmap, 1);
    peer.control().advance_msc(1);
    assert_eq!(
        peer.control().take_complaints(),
        [Complaint::Unreadable { xid: pixmap }]
    );
    assert!(peer.control().pixels(pixmap).is_err());
    peer.finish();
}

#[test]
fn descriptors_that_nobody_takes_are_noticed() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let bytes = focus_request();
    let slices = [std::io::IoSlice::new(&bytes)];
    let cookie = connection
        .send_request_without_reply(&slices, vec![buffer(1, 1, 0, 4, 0)])
        .unwrap();
    drop(cookie);
    connection.flush().unwrap();
    assert_eq!(peer.control().counts().fds, 1);
    drop(connection);
    assert_eq!(
        peer.control().take_complaints(),
        [Complaint::LeftoverFds { count: 1 }]
    );
    peer.finish();
}

#[test]
fn what_has_no_end_is_refused() {
    let peer = Peer::start(Script::default()).unwrap();
    let connection = peer.connect().unwrap();
    let region = connection.generate_id().unwrap();
    let many = connection.xfixes_create_region(region, &[Rectangle::default(); 5000]);
    assert_eq!(kind(many.unwrap().check()), Some(ErrorKind::Alloc));
    let pixmap = connection.generate_id().unwrap();
    let large = connection.create_pixmap(24, pixmap, root(&connection), 60_000, 60_000);
    assert_eq!(kind(large.unwrap().check()), Some(ErrorKind::Alloc));
    let mut parent = root(&connection);
    let refused = (0..100).find_map(|_| {
        let child = connection.generate_id().unwrap();
        let aux = CreateWindowAux::new();
        let class = WindowClass::COPY_FROM_PARENT;
        let created = connection.create_window(0, child, parent, 0, 0, 1, 1, 0, class, 0, &aux);
        parent = child;
        kind(created.unwrap().check())
    });
    assert_eq!(refused, Some(ErrorKind::Alloc));
    assert_eq!(peer.control().take_complaints().len(), 3);
    drop(connection);
    assert_eq!(peer.control().counts().windows, 0);
    peer.finish();
}
