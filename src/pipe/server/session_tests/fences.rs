//! Waits of several clients: for GL, and for fences of others.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
    pipe::pipe,
};

use super::{
    client::{Client, Shared, Wire},
    notes::Call,
};
use crate::pipe::server::{Limits, SessionError, send_with_fd};

const FENCE_MERGE: u32 = 0x5042_0008;
const WAIT: u32 = 0x5042_0009;
const SIGNAL: u32 = 0x5042_000a;

/// SUBMIT_CMD2 of one batch of one word with an out-fence.
fn submit_with_fence(word: u32) -> [u32; 12] {
    [10, 24, 1, 4, 9, 1, 0, 0, 0, 0, 0, word]
}

fn fence() -> OwnedFd {
    eventfd(0, EventfdFlags::CLOEXEC).unwrap()
}

fn signal(fence: &OwnedFd) {
    rustix::io::write(fence, &1u64.to_ne_bytes()).unwrap();
}

fn is_signalled(fence: &OwnedFd) -> bool {
    readable(fence, Timespec::default())
}

/// Waits as long as a slow machine may take.
fn becomes_signalled(fence: &OwnedFd) -> bool {
    let patience = Timespec {
        tv_sec: 10,
        tv_nsec: 0,
    };
    readable(fence, patience)
}

fn readable(fence: &OwnedFd, patience: Timespec) -> bool {
    let mut one = [PollFd::new(fence, PollFlags::IN)];
    poll(&mut one, Some(&patience)).unwrap() == 1
}

#[test]
fn an_out_fence_is_given_at_once_and_signalled_when_gl_is_done() {
    let session = Shared::start();
    let mut client = session.client();
    session.gl_stands_still(true);
    client.say(&submit_with_fence(11));
    let fence = client.fd();
    client.settle();
    assert!(!is_signalled(&fence));
    session.gl_stands_still(false);
    assert!(becomes_signalled(&fence));
}

#[test]
fn timelines_are_reached_when_gl_is_done() {
    let session = Shared::start();
    let mut client = session.client();
    session.gl_stands_still(true);
    client.say(&[2, 19, 0, 0]);
    let [_, _, sync] = client.hear::<3>();
    client.say(&[5, 23, 0, u32::MAX, sync, 7, 0]);
    assert_eq!(client.hear(), [0, 23]);
    let event = client.fd();
    client.say(&[12, 24, 1, 0, 0, 0, 9, 1, 0, 0, 0, sync, 7, 0]);
    client.settle();
    assert!(!is_signalled(&event));
    session.gl_stands_still(false);
    assert!(becomes_signalled(&event));
}

#[test]
fn a_wait_for_gl_keeps_only_its_own_client_waiting() {
    let session = Shared::start();
    let (mut first, mut second) = (session.client(), session.client());
    session.gl_stands_still(true);
    first.say(&[2, 7, 0, 1, 1, 6, 11]);
    second.settle();
    second.settle();
    assert_eq!(session.calls(0), [], "what is behind the wait waits");
    session.gl_stands_still(false);
    assert_eq!(first.hear(), [1, 7, 0]);
    first.settle();
    assert_eq!(session.calls(0), [Call::Submit(vec![11])]);
}

#[test]
fn a_wait_of_the_extension_does_not_block_the_answers_behind_it() {
    let session = Shared::start();
    let mut client = session.client();
    session.gl_stands_still(true);
    client.say(&[2, WAIT, 5, 0]);
    client.settle();
    session.gl_stands_still(false);
    assert_eq!(client.hear(), [2, WAIT, 5, 0]);
    client.say(&[2, WAIT, 6, 99]);
    assert_eq!(client.hear(), [2, WAIT, 6, Errno::NOENT.raw_os_error() as u32]);
}

#[test]
fn a_paused_client_stops_nobody_else_and_goes_on_in_order() {
    let session = Shared::start();
    let (mut first, mut second) = (session.client(), session.client());
    let (one, two) = (fence(), fence());
    // Three batches, of which the second and the third wait.
    first.say(&[
        28, 24, 3, 0, 25, 1, 0, 0, 0, 0, 0, 2, 26, 1, 0, 0, 0, 0, 0, 2, 27, 1, 0, 0, 0, 0, 0, 11, 12, 13,
    ]);
    for fence in [&one, &two] {
        send_with_fd(&first.stream, &[0], fence.as_fd()).unwrap();
    }
    first.say(&[1, 6, 14]);
    second.settle();
    signal(&two);
    second.settle();
    assert_eq!(session.calls(0), [Call::Submit(vec![11])]);
    signal(&one);
    first.settle();
    let submits = [11, 12, 13, 14].map(|word| Call::Submit(vec![word]));
    assert_eq!(session.calls(0), submits);
}

#[test]
fn a_merged_fence_waits_for_both() {
    let mut client = Client::speaking(2);
    let (one, two) = (fence(), fence());
    client.say_with(&[0, FENCE_MERGE], &[&one, &two]);
    assert_eq!(client.hear(), [1, FENCE_MERGE, 0]);
    let both = client.fd();
    signal(&one);
    client.settle();
    assert!(!is_signalled(&both));
    signal(&two);
    assert!(becomes_signalled(&both));
}

#[test]
fn fences_that_were_given_out_are_signalled_when_their_client_is_gone() {
    let session = Shared::start();
    let mut client = session.client();
    session.gl_stands_still(true);
    client.say(&submit_with_fence(11));
    let submitted = client.fd();
    client.say_with(&[0, FENCE_MERGE], &[&fence(), &submitted]);
    assert_eq!(client.hear(), [1, FENCE_MERGE, 0]);
    let merged = client.fd();
    drop(client);
    assert!(becomes_signalled(&submitted));
    assert!(becomes_signalled(&merged));
}

/// SIGNAL, and the end of the fence that the client keeps.
fn ask_for_signal(client: &mut Wire) -> OwnedFd {
    let (fence, end) = pipe().unwrap();
    client.say_with(&[0, SIGNAL], &[&end]);
    fence
}

#[test]
fn a_fence_of_the_clients_own_is_closed_when_gl_is_done() {
    let session = Shared::start();
    let mut client = session.client();
    assert!(
        becomes_signalled(&ask_for_signal(&mut client)),
        "nothing to wait for"
    );
    session.gl_stands_still(true);
    client.say(&[1, 6, 11]);
    let fence = ask_for_signal(&mut client);
    client.settle();
    assert!(!is_signalled(&fence));
    session.gl_stands_still(false);
    assert!(becomes_signalled(&fence));
}

#[test]
fn a_fence_of_the_clients_own_is_closed_when_the_client_is_gone() {
    let session = Shared::start();
    let mut client = session.client();
    session.gl_stands_still(true);
    client.say(&[1, 6, 11]);
    let fence = ask_for_signal(&mut client);
    client.settle();
    drop(client);
    assert!(becomes_signalled(&fence));
}

#[test]
fn nothing_is_written_to_what_a_client_sends_as_a_fence() {
    let session = Shared::start();
    let (mut client, mut other) = (session.client(), session.client());
    // Whoever wrote to it would wait.
    let full = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    rustix::io::write(&full, &(u64::MAX - 1).to_ne_bytes()).unwrap();
    client.say(&[1, 6, 11]);
    client.say_with(&[0, SIGNAL], &[&full]);
    client.settle();
    other.settle();
}

#[test]
fn a_descriptor_may_come_with_the_words_before_its_byte() {
    let mut client = Client::speaking(2);
    let (fence, end) = pipe().unwrap();
    let mut bytes = bytemuck::bytes_of(&[1, 6, 11, 0, SIGNAL]).to_vec();
    bytes.push(0);
    send_with_fd(&client.stream, &bytes, end.as_fd()).unwrap();
    drop(end);
    client.settle();
    assert!(becomes_signalled(&fence));
}

#[test]
fn unfinished_fences_are_limited() {
    let limits = Limits {
        fences: 2,
        ..Limits::default()
    };
    let refused = Errno::DQUOT.raw_os_error() as u32;
    let mut client = Client::limited(2, limits);
    client.desk.lock().unwrap().stands_still = true;
    for serial in 0..3 {
        client.say(&[2, WAIT, serial, 0]);
    }
    assert_eq!(client.hear(), [2, WAIT, 2, refused]);
    client.say_with(&[0, FENCE_MERGE], &[&fence(), &fence()]);
    assert_eq!(client.hear(), [1, FENCE_MERGE, refused]);
    client.say(&submit_with_fence(11));
    client.fd();
    assert!(matches!(
        client.outcome(),
        Err(SessionError::Quota { limit: 2, .. })
    ));
}

#[test]
fn two_descriptors_are_announced_and_must_come() {
    let mut client = Client::speaking(2);
    client.say_with(&[0, FENCE_MERGE], &[&fence()]);
    std::io::Write::write_all(&mut client.stream, &[0]).unwrap();
    assert!(matches!(client.outcome(), Err(SessionError::NoDescriptor)));
}
