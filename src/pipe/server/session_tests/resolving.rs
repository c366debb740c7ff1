//! RESOLVE and UPLOAD: what is carried out before the answer, and whom that keeps waiting.

use rustix::{
    event::{EventfdFlags, eventfd},
    io::Errno,
};

use super::{
    client::{Shared, Wire},
    notes::Call,
    sharing::{create, export, import},
};
use crate::pipe::server::{Limits, SharedLimits, send_with_fd};
use std::os::fd::{AsFd, OwnedFd};

const RESOLVE: u32 = 0x5042_0006;
const UPLOAD: u32 = 0x5042_0007;

/// A client with a resource under the id 1, and another that has it under the id 5.
fn pair(session: &Shared) -> (Wire, Wire) {
    let (mut owner, mut other) = (session.client(), session.client());
    owner.say(&create(1));
    let file = export(&mut owner, 1);
    assert_eq!(import(&mut other, 5, &file), 0);
    (owner, other)
}

fn eventfd_of(value: u32) -> OwnedFd {
    eventfd(value, EventfdFlags::CLOEXEC).unwrap()
}

/// Sends a batch that waits for a fence.
fn submit_behind(wire: &mut Wire, fence: &OwnedFd, word: u32) {
    wire.say(&[10, 24, 1, 2, 9, 1, 0, 0, 0, 0, 0, word]);
    send_with_fd(&wire.stream, &[0], fence.as_fd()).unwrap();
}

#[test]
fn what_others_sent_before_is_carried_out_before_the_answer() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    for round in 0..200 {
        for word in 0..5 {
            owner.say(&[1, 6, round * 5 + word]);
        }
        other.say(&[2, RESOLVE, round, 5]);
        assert_eq!(other.hear(), [2, RESOLVE, round, 0]);
        let calls = session.all_calls();
        let last = calls
            .iter()
            .position(|call| *call == (0, Call::Submit(vec![round * 5 + 4])))
            .expect("what was sent before is carried out");
        let resolves = calls[last..]
            .iter()
            .filter(|call| **call == (1, Call::Resolve(5)))
            .count();
        assert_eq!(resolves, 1, "round {round}");
    }
}

#[test]
fn a_request_of_which_only_the_beginning_was_sent_keeps_nobody_waiting() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    owner.say(&[1, 6, 11]);
    owner.say(&[3, 6, 12]);
    other.say(&[2, RESOLVE, 1, 5]);
    assert_eq!(other.hear(), [2, RESOLVE, 1, 0]);
    let submits = [Call::Submit(vec![11])];
    assert_eq!(session.calls(0)[1..], submits);
}

#[test]
fn an_upload_follows_what_others_sent_before() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    owner.say(&[1, 6, 11]);
    other.say(&[6, UPLOAD, 3, 5, 1, 2, 3, 4]);
    assert_eq!(other.hear(), [2, UPLOAD, 3, 0]);
    let calls = session.all_calls();
    let (submit, upload) = ((0, Call::Submit(vec![11])), (1, Call::Upload(5, [1, 2, 3, 4])));
    let place = |wanted| calls.iter().position(|call| *call == wanted).unwrap();
    assert!(place(submit) < place(upload));
}

#[test]
fn the_answer_comes_when_gl_is_done_and_others_are_served_meanwhile() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    session.gl_stands_still(true);
    other.say(&[2, RESOLVE, 1, 5]);
    other.settle();
    owner.say(&[1, 6, 11]);
    owner.settle();
    assert_eq!(session.calls(1), [Call::Adopt(5)], "the picture is not whole");
    session.gl_stands_still(false);
    assert_eq!(other.hear(), [2, RESOLVE, 1, 0]);
    assert_eq!(session.calls(1), [Call::Adopt(5), Call::Resolve(5)]);
}

#[test]
fn what_is_asked_for_one_picture_is_done_in_that_order() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    owner.say(&[1, 6, 11]);
    session.gl_stands_still(true);
    other.say(&[6, UPLOAD, 1, 5, 1, 2, 3, 4]);
    other.say(&[2, RESOLVE, 2, 5]);
    other.settle();
    // The upload is told once more that GL is not done; the other would hear that it is.
    session.gl_goes_on_when_asked_again();
    assert_eq!(other.hear(), [2, UPLOAD, 1, 0]);
    assert_eq!(other.hear(), [2, RESOLVE, 2, 0]);
}

#[test]
fn a_client_that_waits_for_a_fence_delays_only_pictures_that_it_has() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    other.say(&create(2));
    export(&mut other, 2);
    let fence = eventfd_of(0);
    submit_behind(&mut owner, &fence, 11);
    other.say(&[2, RESOLVE, 1, 5]);
    other.say(&[2, RESOLVE, 2, 2]);
    assert_eq!(other.hear(), [2, RESOLVE, 2, 0], "the second is answered first");
    rustix::io::write(&fence, &1u64.to_ne_bytes()).unwrap();
    assert_eq!(other.hear(), [2, RESOLVE, 1, 0]);
    assert_eq!(session.calls(0)[1..], [Call::Submit(vec![11])]);
}

#[test]
fn a_client_that_is_gone_is_not_waited_for() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    submit_behind(&mut owner, &eventfd_of(0), 11);
    other.say(&[2, RESOLVE, 1, 5]);
    other.settle();
    drop(owner);
    assert_eq!(other.hear(), [2, RESOLVE, 1, 0]);
}

#[test]
fn who_asks_and_goes_is_forgotten() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    let fence = eventfd_of(0);
    submit_behind(&mut owner, &fence, 11);
    other.say(&[2, RESOLVE, 1, 5]);
    other.settle();
    drop(other);
    rustix::io::write(&fence, &1u64.to_ne_bytes()).unwrap();
    owner.settle();
    drop(owner);
    session.end();
}

#[test]
fn a_resource_that_is_forgotten_meanwhile_has_no_picture() {
    let session = Shared::start();
    let (mut owner, mut other) = pair(&session);
    let fence = eventfd_of(0);
    submit_behind(&mut owner, &fence, 11);
    other.say(&[2, RESOLVE, 1, 5]);
    other.say(&[1, 3, 5]);
    other.say(&create(5));
    other.settle();
    rustix::io::write(&fence, &1u64.to_ne_bytes()).unwrap();
    let refusal = [2, RESOLVE, 1, Errno::NOENT.raw_os_error() as u32];
    assert_eq!(other.hear(), refusal);
}

#[test]
fn refusals_are_answers() {
    let session = Shared::start();
    let (_owner, mut other) = pair(&session);
    other.say(&create(2));
    for (request, status) in [
        (&[2, RESOLVE, 7, 9][..], Errno::NOENT),
        (&[2, RESOLVE, 7, 2], Errno::INVAL),
        (&[6, UPLOAD, 7, 9, 0, 0, 1, 1], Errno::NOENT),
        (&[6, UPLOAD, 7, 5, 0, 0, 0, 0], Errno::INVAL),
    ] {
        other.say(request);
        let refusal = [2, request[1], 7, status.raw_os_error() as u32];
        assert_eq!(other.hear(), refusal, "{request:?}");
    }
}

#[test]
fn outstanding_requests_are_limited() {
    let session = Shared::limited(SharedLimits {
        connection: Limits {
            resolves: 2,
            ..Limits::default()
        },
        ..SharedLimits::default()
    });
    let (mut owner, mut other) = pair(&session);
    let fence = eventfd_of(0);
    submit_behind(&mut owner, &fence, 11);
    for serial in 0..10_000 {
        other.say(&[2, RESOLVE, serial, 5]);
        if serial >= 2 {
            let refusal = [2, RESOLVE, serial, Errno::DQUOT.raw_os_error() as u32];
            assert_eq!(other.hear(), refusal);
        }
    }
    rustix::io::write(&fence, &1u64.to_ne_bytes()).unwrap();
    let mut answers = [other.hear::<4>(), other.hear::<4>()];
    answers.sort_unstable();
    assert_eq!(answers, [[2, RESOLVE, 0, 0], [2, RESOLVE, 1, 0]]);
}
