//! Sessions of one connection.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::fd::AsFd,
};

use proptest::prelude::*;
use rustix::event::{EventfdFlags, eventfd};

use super::{
    client::{Client, create2, transfer2},
    notes::Call,
};
use crate::{
    memory::SharedMemory,
    pipe::{
        resource::bind,
        server::{Limits, SessionError, send_with_fd},
        wire::virgl::command::{Box3, ResourceId},
    },
};

#[test]
fn a_client_starts_up() {
    let mut client = Client::connect(Limits::default());
    client.name();
    client.say(&[0, 10, 2, 7, 0, 0]);
    assert_eq!(client.hear(), [0, 10, 1, 7, 1]);
    client.say(&[1, 11, 2]);
    assert_eq!(client.hear(), [1, 11, 2]);
    client.say(&[0, 9, 0, 1]);
    assert_eq!(client.hear(), [1409, 2]);
    assert_eq!(client.hear(), [0xc2c2_c2c2; 1408 / 4]);
    assert_eq!(client.hear(), [309, 1]);
    assert_eq!(client.hear(), [0xc1c1_c1c1; 308 / 4]);
    let (rest, result) = client.end();
    assert!(rest.is_empty(), "{rest:?}");
    result.unwrap();
}

#[test]
fn nothing_goes_before_the_name() {
    let mut client = Client::connect(Limits::default());
    client.say(&[0, 10]);
    assert!(matches!(client.outcome(), Err(SessionError::NoRenderer)));
}

#[test]
fn the_lower_version_is_in_force_and_version_1_never() {
    for (asked, answered) in [(0, 0), (1, 0), (2, 2), (3, 3), (4, 4), (5, 4), (u32::MAX, 4)] {
        let mut client = Client::connect(Limits::default());
        client.name();
        client.say(&[1, 11, asked]);
        assert_eq!(client.hear(), [1, 11, answered], "asked for {asked}");
    }
}

#[test]
fn version_0_moves_data_over_the_socket() {
    let mut client = Client::speaking(0);
    client.say(&[10, 2, 5, 2, 64, 2, 8, 2, 1, 1, 0, 0]);
    client.say(&[13, 5, 5, 0, 8, 16, 0, 0, 0, 8, 1, 1, 6]);
    client.stream.write_all(b"pixels").unwrap();
    client.say(&[11, 4, 5, 0, 8, 16, 0, 0, 0, 2, 1, 1, 4]);
    assert_eq!(client.hear(), [0x0403_0201]);
    let area = Box3 {
        x: 0,
        y: 0,
        z: 0,
        w: 2,
        h: 1,
        d: 1,
    };
    let expected = [
        Call::Create { id: 5, memory: None },
        Call::Write(b"pixels".to_vec()),
        Call::Read { stride: 8, area },
    ];
    assert_eq!(client.calls(), expected);
}

#[test]
fn version_2_shares_memory_by_descriptor() {
    let mut client = Client::speaking(2);
    client.say(&create2(7, 16));
    let file = client.fd();
    let memory = SharedMemory::map(&file).unwrap();
    memory.write(0..16).unwrap().copy_from([9; 16].as_slice().into());
    client.say(&transfer2(14, 7, 12));
    client.say(&transfer2(13, 7, 8));
    client.settle();
    assert_eq!(client.calls().last(), Some(&Call::Write(vec![9; 4])));
    assert_eq!(memory.read(6..12).unwrap().to_vec(), [9, 9, 1, 2, 3, 4]);
    assert_eq!(rustix::fs::ftruncate(&file, 0), Err(rustix::io::Errno::PERM));
}

#[test]
fn memory_holds_the_layout_and_what_was_asked_for() {
    let mut client = Client::speaking(2);
    for (id, asked, memory) in [(1, 1, 16), (2, 16, 16), (3, 4096, 4096)] {
        client.say(&create2(id, asked));
        assert_eq!(SharedMemory::map(&client.fd()).unwrap().len(), memory);
        assert_eq!(
            client.calls().last(),
            Some(&Call::Create {
                id,
                memory: Some(memory)
            })
        );
    }
}

#[test]
fn no_memory_asked_for_means_no_descriptor() {
    let mut client = Client::speaking(2);
    client.say(&create2(7, 0));
    client.settle();
    assert_eq!(client.calls(), [Call::Create { id: 7, memory: None }]);
}

#[test]
fn from_version_3_the_server_chooses_ids_and_reuses_the_one_freed_last() {
    let mut client = Client::speaking(3);
    for id in 1..=3 {
        client.say(&create2(0, 16));
        assert_eq!(client.hear(), [1, 12, id]);
        client.fd();
    }
    client.say(&[1, 3, 1, 1, 3, 2]);
    for id in [2, 1, 4] {
        client.say(&[10, 2, 0, 2, 64, 2, 8, 2, 1, 1, 0, 0]);
        assert_eq!(client.hear(), [1, 2, id]);
    }
    client.say(&create2(9, 16));
    assert!(matches!(
        client.outcome(),
        Err(SessionError::ResourceId(ResourceId(9)))
    ));
}

#[test]
fn ids_stay_distinct_when_the_version_changes() {
    let mut client = Client::speaking(2);
    client.say(&create2(2, 0));
    client.say(&[1, 11, 3]);
    assert_eq!(client.hear(), [1, 11, 3]);
    for id in [1, 3, 4] {
        client.say(&create2(0, 0));
        assert_eq!(client.hear(), [1, 12, id]);
    }
    client.say(&[1, 11, 2]);
    assert_eq!(client.hear(), [1, 11, 2]);
    client.say(&[1, 3, 3]);
    client.say(&create2(3, 0));
    client.say(&[1, 11, 3]);
    assert_eq!(client.hear(), [1, 11, 3]);
    client.say(&create2(0, 0));
    assert_eq!(client.hear(), [1, 12, 5]);
}

#[test]
fn below_version_3_an_id_is_given_once() {
    let mut client = Client::speaking(2);
    client.say(&create2(7, 0));
    client.say(&[1, 3, 7]);
    client.say(&create2(7, 0));
    client.settle();
    client.say(&create2(7, 0));
    assert!(matches!(
        client.outcome(),
        Err(SessionError::ResourceId(ResourceId(7)))
    ));
}

#[test]
fn a_refused_resource_still_gets_the_memory_its_client_waits_for() {
    let mut client = Client::speaking(3);
    let mut request = create2(0, 16);
    request[4] = 0;
    client.say(&request);
    assert_eq!(client.hear(), [1, 12, 1]);
    assert_eq!(SharedMemory::map(&client.fd()).unwrap().len(), 16);
    client.say(&transfer2(13, 1, 0));
    client.settle();
    assert_eq!(client.calls(), []);
}

#[test]
fn quotas_end_a_session() {
    let few = Limits {
        resources: 1,
        ..Limits::default()
    };
    let mut client = Client::limited(2, few);
    client.say(&create2(1, 0));
    client.say(&[1, 3, 1]);
    client.say(&create2(2, 0));
    client.say(&create2(3, 0));
    assert!(matches!(
        client.outcome(),
        Err(SessionError::Quota { limit: 1, .. })
    ));

    let small = Limits {
        memory: 32,
        ..Limits::default()
    };
    let mut client = Client::limited(2, small);
    for id in 1..=2 {
        client.say(&create2(id, 16));
        client.fd();
    }
    client.say(&[1, 3, 1]);
    client.say(&create2(3, 16));
    client.fd();
    client.say(&create2(4, 16));
    assert!(matches!(
        client.outcome(),
        Err(SessionError::Quota { limit: 32, .. })
    ));
}

#[test]
fn requests_may_come_in_any_pieces() {
    let mut client = Client::speaking(2);
    let words = [2, 6, 11, 12, 0, 6, 1, 6, 13, 2, 7, 0, 1];
    for byte in bytemuck::cast_slice::<u32, u8>(&words) {
        client.stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(client.hear(), [1, 7, 0]);
    client.say(&words);
    assert_eq!(client.hear(), [1, 7, 0]);
    let once = [
        Call::Submit(vec![11, 12]),
        Call::Submit(vec![]),
        Call::Submit(vec![13]),
    ];
    assert_eq!(client.calls(), [once.clone(), once].concat());
}

#[test]
fn work_is_started_before_the_session_sleeps() {
    let mut client = Client::speaking(2);
    client.say(&[1, 6, 11]);
    let desk = client.desk.clone();
    let (_, result) = client.end();
    result.unwrap();
    let calls: Vec<Call> = desk
        .lock()
        .unwrap()
        .calls
        .iter()
        .map(|(_, call)| call.clone())
        .collect();
    let submit = calls
        .iter()
        .position(|call| *call == Call::Submit(vec![11]))
        .unwrap();
    assert_eq!(calls[submit + 1..], [Call::Flush, Call::Gone]);
}

#[test]
fn timelines_wake_who_waits_for_them() {
    let mut client = Client::speaking(3);
    client.say(&[2, 19, 4, 0]);
    let [1, 19, id] = client.hear() else {
        panic!("SYNC_CREATE has an answer of one word")
    };
    client.say(&[1, 21, id]);
    assert_eq!(client.hear(), [2, 21, 4, 0]);
    client.say(&[5, 23, 0, u32::MAX, id, 5, 0]);
    assert_eq!(client.hear(), [0, 23]);
    let event = client.fd();
    let mut value = [0; 8];
    assert_eq!(
        rustix::io::read(&event, &mut value),
        Err(rustix::io::Errno::AGAIN)
    );
    client.say(&[3, 22, id, 5, 0]);
    client.settle();
    assert_eq!(rustix::io::read(&event, &mut value), Ok(8));
}

#[test]
fn waits_that_ran_out_leave_room_for_others() {
    let mut client = Client::limited(
        3,
        Limits {
            timelines: 3,
            ..Limits::default()
        },
    );
    client.say(&[2, 19, 0, 0]);
    assert_eq!(client.hear(), [1, 19, 1]);
    for _ in 0..5 {
        client.say(&[5, 23, 0, 0, 1, 5, 0]);
        assert_eq!(client.hear(), [0, 23]);
        client.fd();
    }
}

#[test]
fn a_session_ends_with_its_client_even_while_it_waits_for_a_fence() {
    let mut client = Client::speaking(3);
    let never = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
    client.say(&[9, 24, 1, 2, 9, 0, 9, 0, 0, 0, 0]);
    send_with_fd(&client.stream, &[0], never.as_fd()).unwrap();
    let Client { wire, session, .. } = client;
    drop(wire);
    assert!(matches!(session.join().unwrap(), Err(SessionError::Gone)));
}

#[test]
fn a_fence_that_was_announced_must_come() {
    let mut client = Client::speaking(3);
    client.say(&[9, 24, 1, 2, 9, 0, 9, 0, 0, 0, 0]);
    client.stream.write_all(&[0]).unwrap();
    assert!(matches!(client.outcome(), Err(SessionError::NoDescriptor)));
}

#[test]
fn requests_without_an_answer_to_give_end_the_session() {
    for request in [[1, 25, 0].as_slice(), &[1, 27, 1], &[1, 38, 1]] {
        let mut client = Client::speaking(4);
        client.say(request);
        assert!(
            matches!(client.outcome(), Err(SessionError::Unserved(_))),
            "{request:?}"
        );
    }
}

#[test]
fn shared_resources_can_be_had_again_by_descriptor() {
    let mut client = Client::speaking(4);
    let mut request = create2(0, 16);
    request[5] |= bind::SHARED;
    client.say(&request);
    assert_eq!(client.hear(), [1, 12, 1]);
    let first = rustix::fs::fstat(client.fd()).unwrap();
    client.say(&[1, 38, 1]);
    assert_eq!(client.hear(), [0, 38]);
    let again = rustix::fs::fstat(client.fd()).unwrap();
    assert_eq!((first.st_dev, first.st_ino), (again.st_dev, again.st_ino));
}

#[test]
fn a_torn_request_is_not_carried_out() {
    let mut client = Client::speaking(2);
    client.say(&[3, 6, 11, 12]);
    let desk = client.desk.clone();
    client.end().1.unwrap();
    let desk = desk.lock().unwrap();
    assert!(!desk.calls.iter().any(|(_, call)| matches!(call, Call::Submit(_))));
}

#[test]
fn a_client_that_is_killed_is_no_error() {
    let mut client = Client::speaking(2);
    client.say(&[0, 10, 2, 7, 0, 1]);
    let mut byte = [0];
    client.stream.read_exact(&mut byte).unwrap();
    let Client { wire, session, .. } = client;
    drop(wire);
    session.join().unwrap().unwrap();
}

/// A request with some sense in it: known numbers, small values.
fn request() -> impl Strategy<Value = Vec<u32>> {
    let word = prop_oneof![8 => 0u32..40, 1 => any::<u32>()];
    let id = prop_oneof![3 => 0u32..42, 1 => 0x5042_0000u32..0x5042_000c];
    (0u32..16, id, prop::collection::vec(word, 0..16)).prop_map(|(length, id, words)| {
        let mut all = vec![length, id];
        all.extend(words);
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bytes_end_a_session_in_order(
        version in 0u32..5,
        requests in prop::collection::vec(request(), 0..24),
    ) {
        let mut client = Client::connect(Limits { memory: 1 << 20, ..Limits::default() });
        client.name();
        // The session may hang up at any time, so writes may fail.
        let mut bytes = bytemuck::cast_slice(&[1, 11, version]).to_vec();
        requests.iter().for_each(|words| bytes.extend_from_slice(bytemuck::cast_slice(words)));
        client.stream.write_all(&bytes).unwrap_or_default();
        client.stream.shutdown(Shutdown::Write).unwrap_or_default();
        let mut heard = [0; 4096];
        while matches!(client.stream.read(&mut heard), Ok(1..)) {}
        prop_assert!(client.session.join().is_ok());
    }
}
