use proptest::prelude::*;
use x11rb::protocol::xproto::{GET_IMAGE_REQUEST, QUERY_EXTENSION_REQUEST};

use super::*;

const DRI3: u8 = 149;
const NO_OPERATION: u8 = 127;

/// A guard of a connection that is set up.
fn guard() -> Guard {
    let mut guard = Guard::new();
    guard.sent(&[&[b'l', 0, 11], &[0; 9][..]].concat()).unwrap();
    guard.came(&[1, 0, 11, 0, 0, 0, 0, 0], 0).unwrap();
    guard
}

/// The same, with DRI3; one request was answered.
fn guard_with_dri3() -> Guard {
    let mut guard = guard();
    let name = [&4u16.to_ne_bytes()[..], &[0, 0], b"DRI3"].concat();
    guard.sent(&request(QUERY_EXTENSION_REQUEST, 0, &name)).unwrap();
    let mut reply = message(1, 0, 1, 0);
    reply[8..10].copy_from_slice(&[1, DRI3]);
    guard.came(&reply, 0).unwrap();
    guard
}

fn message(kind: u8, detail: u8, sequence: u16, units: u32) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[..2].copy_from_slice(&[kind, detail]);
    bytes[2..4].copy_from_slice(&sequence.to_ne_bytes());
    bytes[4..8].copy_from_slice(&units.to_ne_bytes());
    bytes
}

fn reply(sequence: u16, units: u32) -> Vec<u8> {
    message(1, 0, sequence, units)
}

fn request(major: u8, minor: u8, body: &[u8]) -> Vec<u8> {
    let units = 1 + u16::try_from(body.len() / 4).unwrap();
    [&[major, minor], &units.to_ne_bytes()[..], body].concat()
}

fn no_operation() -> Vec<u8> {
    request(NO_OPERATION, 0, &[])
}

fn buffer_from_pixmap() -> Vec<u8> {
    request(DRI3, dri3::BUFFER_FROM_PIXMAP_REQUEST, &[0; 4])
}

#[test]
fn a_message_may_be_as_long_as_makes_sense() {
    let units = u32::try_from((MAX_BYTES - 32) / 4).unwrap();
    for kind in [1, 35] {
        let mut guard = guard();
        guard.sent(&no_operation()).unwrap();
        assert_eq!(guard.came(&message(kind, 0, 1, units), 0), Ok(()));
        let mut guard = self::guard();
        guard.sent(&no_operation()).unwrap();
        let violation = Violation::Length {
            bytes: MAX_BYTES + 4,
            limit: MAX_BYTES,
        };
        assert_eq!(guard.came(&message(kind, 0, 1, units + 1), 0), Err(violation));
    }
}

#[test]
fn an_image_may_be_as_long_as_its_pixels() {
    let mut guard = guard();
    let mut area = [0; 16];
    area[8..10].copy_from_slice(&8000u16.to_ne_bytes());
    area[10..12].copy_from_slice(&6000u16.to_ne_bytes());
    guard.sent(&request(GET_IMAGE_REQUEST, 2, &area)).unwrap();
    guard.sent(&no_operation()).unwrap();
    assert_eq!(guard.came(&reply(1, 8000 * 6000), 0), Ok(()));
    guard.came(&vec![0; 4 * 8000 * 6000], 0).unwrap();
    let other = guard.came(&reply(2, 8000 * 6000), 0);
    assert!(matches!(other, Err(Violation::Length { .. })), "{other:?}");
}

#[test]
fn announced_descriptors_must_have_come_with_the_reply_or_before() {
    for (early, late, announced, missing) in [
        (0, 1, 1, false),
        (1, 0, 1, false),
        (0, 1, 2, true),
        (0, 0, 1, true),
    ] {
        let mut guard = guard_with_dri3();
        guard.sent(&buffer_from_pixmap()).unwrap();
        guard.came(&message(12, 0, 1, 0), early).unwrap();
        let told = guard.came(&message(1, announced, 2, 0), late);
        let violation = Violation::MissingDescriptors {
            announced: announced.into(),
            came: early + late,
        };
        assert_eq!(told, if missing { Err(violation) } else { Ok(()) });
    }
}

/// The second byte of most replies says something else.
#[test]
fn only_requests_for_descriptors_are_answered_with_some() {
    let mut guard = guard_with_dri3();
    guard
        .sent(&request(DRI3, dri3::QUERY_VERSION_REQUEST, &[0; 8]))
        .unwrap();
    guard.sent(&buffer_from_pixmap()).unwrap();
    assert_eq!(guard.came(&message(1, 255, 2, 0), 0), Ok(()));
    assert_eq!(guard.came(&message(0, 9, 3, 0), 0), Ok(()), "it was refused");
}

#[test]
fn descriptors_that_nobody_asked_for_are_noticed() {
    let surplus = |came, wanted| Err(Violation::SurplusDescriptors { came, wanted });
    let mut guard = guard_with_dri3();
    assert_eq!(guard.came(&message(12, 0, 1, 0), 1), surplus(1, 0));
    let mut guard = guard_with_dri3();
    guard.sent(&buffer_from_pixmap()).unwrap();
    assert_eq!(guard.came(&message(1, 1, 2, 0), 2), surplus(1, 0));
    let mut guard = guard_with_dri3();
    guard.sent(&buffer_from_pixmap()).unwrap();
    assert_eq!(guard.came(&message(12, 0, 1, 0), 5), surplus(5, 4));
}

#[test]
fn a_second_answer_would_take_the_descriptors_of_the_next() {
    for first in [message(0, 9, 2, 0), message(1, 0, 2, 0)] {
        let mut guard = guard_with_dri3();
        guard.sent(&buffer_from_pixmap()).unwrap();
        guard.came(&first, 0).unwrap();
        assert_eq!(
            guard.came(&message(1, 1, 2, 0), 0),
            Err(Violation::AnsweredTwice(2))
        );
    }
}

#[test]
fn nothing_is_answered_before_it_was_asked() {
    let mut guard = guard();
    guard.sent(&no_operation()).unwrap();
    assert_eq!(
        guard.came(&message(11, 0xff, 0xffff, 0), 0),
        Ok(()),
        "it has no number"
    );
    let violation = Violation::Sequence { said: 2, sent: 1 };
    assert_eq!(guard.came(&reply(2, 0), 0), Err(violation));
}

#[test]
fn numbers_go_on_after_a_lap() {
    let mut guard = guard_with_dri3();
    for _ in 0..0xffff {
        guard.sent(&no_operation()).unwrap();
    }
    guard.came(&message(12, 0, 0xfff0, 0), 0).unwrap();
    guard.sent(&buffer_from_pixmap()).unwrap();
    let missing = Err(Violation::MissingDescriptors {
        announced: 1,
        came: 0,
    });
    assert_eq!(guard.came(&message(1, 1, 1, 0), 0), missing);
}

proptest! {
    /// What the guard lets through never makes x11rb panic, nor make room for more than the limit.
    #[test]
    fn x11rb_bears_what_the_guard_lets_through(
        asks in proptest::collection::vec(any::<bool>(), 0..12),
        answers in proptest::collection::vec((0..3u8, 0..3u8, 0..14u16, any::<bool>(), 0..3usize), 0..12),
    ) {
        use x11rb::reexports::x11rb_protocol::connection::{Connection, ReplyFdKind};
        let (mut guard, mut client) = (guard_with_dri3(), Connection::new());
        client.send_request(ReplyFdKind::ReplyWithoutFDs);
        client.enqueue_packet(reply(1, 0));
        for brings in asks {
            let (request, kind) = match brings {
                true => (buffer_from_pixmap(), ReplyFdKind::ReplyWithFDs),
                false => (no_operation(), ReplyFdKind::NoReply),
            };
            guard.sent(&request).unwrap();
            client.send_request(kind);
        }
        for (kind, detail, sequence, long, descriptors) in answers {
            let bytes = message(kind, detail, sequence, if long { u32::MAX } else { 0 });
            if guard.came(&bytes, descriptors).is_err() {
                break;
            }
            prop_assert!(!long || kind != 1);
            let fds = (0..descriptors).map(|_| std::fs::File::open("/dev/null").unwrap().into());
            client.enqueue_fds(fds.collect());
            client.enqueue_packet(bytes);
        }
    }
}
