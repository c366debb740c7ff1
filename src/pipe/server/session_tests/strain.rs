//! Clients that do not behave, and many at once.

use std::{
    io::Write,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    client::{Client, Shared},
    notes::Call,
};
use crate::pipe::server::{SessionError, send_with_fd};

#[test]
fn a_client_that_never_reads_is_ended_and_stops_nobody() {
    let session = Shared::start();
    let (mut mute, mut other) = (session.client(), session.client());
    // Capability sets until the session has had enough.
    let requests = bytemuck::cast_slice::<u32, u8>(&[0, 9]).repeat(1000);
    while mute.stream.write_all(&requests).is_ok() {
        other.settle();
    }
    other.settle();
    assert_eq!(session.calls(0), [Call::Gone]);
}

#[test]
fn answers_that_a_client_reads_late_are_all_there() {
    let mut client = Client::speaking(2);
    let count = 600;
    client.say(&[0, 9].repeat(count));
    client.say(&[0, 10]);
    for _ in 0..count {
        assert_eq!(client.hear(), [1409, 2]);
        assert_eq!(client.hear(), [0xc2c2_c2c2; 1408 / 4]);
    }
    assert_eq!(client.hear(), [0, 10]);
}

#[test]
fn a_client_that_hangs_up_its_end_hears_all_its_answers() {
    let mut client = Client::speaking(2);
    let count = 600;
    client.say(&[0, 9].repeat(count));
    let (rest, result) = client.end();
    result.unwrap();
    assert_eq!(rest.len(), count * (8 + 1408));
}

#[test]
fn a_client_that_sends_nonsense_is_ended_alone() {
    let session = Shared::start();
    let (mut bad, mut good) = (session.client(), session.client());
    bad.say(&[0, 4711]);
    bad.expect_hang_up();
    good.settle();
}

#[test]
fn nothing_goes_before_the_name_in_a_shared_session_either() {
    let session = Shared::start();
    let mut caller = session.caller();
    caller.say(&[0, 0x5042_0008]);
    caller.stream.write_all(&[0, 0]).unwrap();
    caller.expect_hang_up();
}

#[test]
fn a_client_that_always_has_more_to_say_lets_others_speak() {
    let session = Shared::start();
    let (mut talker, mut other) = (session.client(), session.client());
    let all_heard = Arc::new(AtomicBool::new(false));
    let heard = all_heard.clone();
    let talks = thread::spawn(move || {
        let words = [1, 6, 11].repeat(10_000);
        while talker
            .stream
            .write_all(bytemuck::cast_slice(&words))
            .is_ok_and(|()| !heard.load(Ordering::Relaxed))
        {}
    });
    for _ in 0..20 {
        other.settle();
    }
    all_heard.store(true, Ordering::Relaxed);
    talks.join().unwrap();
}

#[test]
fn descriptors_that_no_request_takes_end_the_connection() {
    let mut client = Client::speaking(2);
    let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    client.say(&[100, 6]);
    for _ in 0..70 {
        if send_with_fd(&client.stream, &[0], fd.as_fd()).is_err() {
            break;
        }
    }
    assert!(matches!(client.outcome(), Err(SessionError::Io(_))));
}
