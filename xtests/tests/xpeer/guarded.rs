//! A display whose server breaks the protocol is lost, and nothing else is.

use std::{
    fs,
    io::ErrorKind,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use pixbridge::{
    present::open_device,
    x11::{Display, Limits, Violation, X11Error},
};
use pixbridge_xtests::xpeer::{Peer, ReplyFault, Script};
use x11rb::errors::ConnectionError;

const SOON: Duration = Duration::from_secs(5);
/// Far more than a test process needs, far less than a server can announce.
const MAX_RESIDENT_KIB: u64 = 256 << 10;

/// What the display makes of a reply with a fault: the first failure, and that of what is asked after it.
fn failures(fault: ReplyFault) -> (X11Error, X11Error) {
    let peer = Peer::start(Script::default()).expect("peer");
    let connection = peer.connect_guarded().expect("connection");
    let display = Display::from_connection(connection, 0, &Limits::default()).expect("display");
    peer.control().next_reply(fault);
    let (sender, receiver) = mpsc::channel();
    let client = thread::spawn(move || {
        let root = display.screen().root;
        let first = open_device(&display, root).map(drop);
        sender.send((first, display.sync())).expect("the test waits");
    });
    match receiver.recv_timeout(SOON) {
        Ok((first, second)) => {
            client.join().expect("the client");
            peer.finish();
            (
                first.expect_err("a reply with a fault"),
                second.expect_err("a lost display"),
            )
        }
        Err(RecvTimeoutError::Disconnected) => panic!("the client panicked"),
        Err(RecvTimeoutError::Timeout) => panic!("the client waits for ever"),
    }
}

/// The largest memory that this process ever had, in KiB.
fn most_resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("VmHWM").parse().expect("a number")
}

#[test]
fn a_violation_ends_the_display_for_good() {
    let violations = [
        (
            ReplyFault::Length(u32::MAX),
            Violation::Length {
                bytes: 32 + 4 * u64::from(u32::MAX),
                limit: 16 << 20,
            },
        ),
        (
            ReplyFault::MissingFds,
            Violation::MissingDescriptors {
                announced: 1,
                came: 0,
            },
        ),
        (
            ReplyFault::SurplusFds(2),
            Violation::SurplusDescriptors { came: 2, wanted: 0 },
        ),
    ];
    for (fault, wanted) in violations {
        let (first, second) = failures(fault);
        for error in [first, second] {
            assert!(error.is_fatal(), "{error}");
            assert!(
                matches!(error, X11Error::Violation(found) if found == wanted),
                "{error}"
            );
        }
    }
    let resident = most_resident();
    assert!(resident < MAX_RESIDENT_KIB, "{resident} KiB");
}

#[test]
fn garbage_is_an_answer_to_nothing() {
    let (first, second) = failures(ReplyFault::Garbage(vec![0xee; 40]));
    for error in [first, second] {
        let sequence = matches!(error, X11Error::Violation(Violation::Sequence { .. }));
        assert!(sequence && error.is_fatal(), "{error}");
    }
}

#[test]
fn half_a_reply_is_the_end_of_the_connection() {
    let (first, second) = failures(ReplyFault::Truncated(17));
    assert!(first.is_fatal() && second.is_fatal());
    let end = |error: &X11Error| match error {
        X11Error::Connection(ConnectionError::IoError(error)) => Some(error.kind()),
        _ => None,
    };
    assert_eq!(end(&first), Some(ErrorKind::UnexpectedEof), "{first}");
    assert!(end(&second).is_some(), "{second}");
}
