use std::{collections::HashMap, os::fd::OwnedFd};

use proptest::prelude::*;

use super::{
    flow::{CAPACITY, Flow},
    talk::{Gate, Talk},
};
use crate::{
    bridge::provider::{
        control::Control,
        intercept::{
            Asking, Batch, ClientId, Descriptors, Interceptor, Look, Message, Newcomer, Request, Telling,
            Verdict, Wishes,
        },
        upstream::Limits,
    },
    x11::ByteOrder,
};

const CLIENT: ClientId = ClientId(7);
const BIG_REQUESTS: u8 = 133;
const LIMITS: Limits = Limits {
    big_requests: Some(BIG_REQUESTS),
    longest_request: 4 << 20,
};
/// Opcodes, and events, that are passed, replaced, and held once.
const PASSED: u8 = 40;
const REPLACED: u8 = 41;
const HELD: u8 = 42;
/// As the last, but only its head is asked for.
const HEAD_REPLACED: u8 = 43;

/// Replaces and holds by opcode, and holds each batch.
#[derive(Default)]
struct Decider {
    held: HashMap<u64, usize>,
    answers: Vec<(u8, u64)>,
    batches: usize,
}

impl Interceptor for Decider {
    type Ticket = u64;

    fn joined(&mut self, _: Newcomer<'_>, _: &mut Wishes, _: &mut Control) {}

    fn left(&mut self, _: ClientId, _: &mut Control) {}

    fn request(&mut self, request: Request<'_>, asking: &mut Asking<'_, u64>) -> Verdict {
        asking.remember(request.sequence);
        match request.bytes[0] {
            REPLACED => Verdict::replace(stand_in(request.order)),
            HEAD_REPLACED => {
                assert!(request.bytes.len() <= 32);
                Verdict::replace(stand_in(request.order))
            }
            HELD if self.first_time(request.sequence) => Verdict::Hold,
            _ => {
                assert_eq!(request.bytes.len() as u64, request.length.min(CAPACITY as u64));
                Verdict::forward()
            }
        }
    }

    fn message(&mut self, message: Message<'_, u64>, _: &mut Telling<'_>) -> Verdict {
        if let Some(ticket) = message.ticket {
            self.answers.push((message.bytes[0], *ticket));
            return Verdict::forward();
        }
        match message.bytes[0] & 0x7f {
            REPLACED => Verdict::replace(Vec::new()),
            HELD if self.first_time(message.bytes.len() as u64) => Verdict::Hold,
            _ => Verdict::forward(),
        }
    }

    fn batch(&mut self, _: ClientId, _: &mut Control) -> Batch {
        self.batches += 1;
        Batch::Hold
    }
}

impl Decider {
    fn first_time(&mut self, what: u64) -> bool {
        let seen = self.held.entry(what).or_default();
        *seen += 1;
        *seen == 1
    }
}

/// A request of 8 bytes.
fn stand_in(order: ByteOrder) -> Vec<u8> {
    [&[127, 0][..], &order.u16(2), &[9; 4]].concat()
}

fn request(order: ByteOrder, major: u8, minor: u8, units: u16) -> Vec<u8> {
    let mut bytes = [&[major, minor][..], &order.u16(units)].concat();
    bytes.resize(4 * usize::from(units), major);
    bytes
}

fn long_request(order: ByteOrder, major: u8, units: u32) -> Vec<u8> {
    let mut bytes = [&[major, 0, 0, 0][..], &order.u32(units)].concat();
    bytes.resize(4 * units as usize, major);
    bytes
}

fn message(order: ByteOrder, code: u8, sequence: u16, units: u32) -> Vec<u8> {
    let mut bytes = [&[code, 0][..], &order.u16(sequence), &order.u32(units)].concat();
    bytes.resize(32 + 4 * units as usize, code);
    bytes
}

/// A conversation with an interceptor, and nobody at either end.
struct Bench {
    talk: Talk<u64>,
    decider: Decider,
    control: Control,
}

impl Bench {
    fn new(order: ByteOrder, wish: impl FnOnce(&mut Wishes)) -> Self {
        let mut wishes = Wishes::default();
        wish(&mut wishes);
        Self {
            talk: Talk::new(CLIENT, order, LIMITS, wishes),
            decider: Decider::default(),
            control: Control::new().unwrap(),
        }
    }

    /// What goes on of these requests, fed in pieces and taken in pieces.
    fn requests(&mut self, bytes: &[u8], piece: usize) -> Vec<u8> {
        run(bytes, piece, |flow| {
            self.talk
                .judge_requests(flow, &mut self.decider, &mut self.control)
                .unwrap()
        })
    }

    fn messages(&mut self, bytes: &[u8], piece: usize) -> Vec<u8> {
        run(bytes, piece, |flow| {
            self.talk
                .judge_messages(flow, &mut self.decider, &mut self.control)
                .unwrap()
        })
    }
}

fn run(mut bytes: &[u8], piece: usize, mut judge: impl FnMut(&mut Flow) -> Gate) -> Vec<u8> {
    let (mut flow, mut out) = (Flow::new(), Vec::new());
    while !bytes.is_empty() {
        if flow.has_room() {
            let room = flow.room();
            let count = piece.min(bytes.len()).min(room.len());
            room[..count].copy_from_slice(&bytes[..count]);
            flow.took(count, Vec::new(), Descriptors::GoOn).unwrap();
            bytes = &bytes[count..];
        }
        // What is held is released at once.
        while judge(&mut flow) == Gate::Held {}
        send(&mut flow, piece, &mut out);
    }
    while flow.has_more() {
        send(&mut flow, piece, &mut out);
    }
    out
}

/// Sends as a socket does that takes so many bytes.
fn send(flow: &mut Flow, piece: usize, out: &mut Vec<u8>) {
    let sendable = flow.sendable();
    let departures = sendable.departures();
    let bytes = sendable.slices.map(|slice| slice.to_vec()).concat();
    let count = piece.min(bytes.len());
    out.extend(&bytes[..count]);
    flow.sent(count, departures);
}

fn order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn for_each_request_one_goes_on_whatever_the_pieces(
        order in order(),
        requests in prop::collection::vec((1u8..60, 1u16..400), 1..40),
        piece in 1usize..3000,
    ) {
        let mut bench = Bench::new(order, |wishes| {
            for major in [PASSED, REPLACED, HELD] {
                wishes.requests(major, Look::Whole);
            }
            wishes.requests(HEAD_REPLACED, Look::Head);
        });
        let bytes = requests.iter().map(|&(major, units)| request(order, major, 0, units));
        let wanted = requests.iter().map(|&(major, units)| match major {
            REPLACED | HEAD_REPLACED => stand_in(order),
            _ => request(order, major, 0, units),
        });
        let wanted = wanted.collect::<Vec<_>>().concat();
        prop_assert_eq!(bench.requests(&bytes.collect::<Vec<_>>().concat(), piece), wanted);
    }

    #[test]
    fn messages_pass_whatever_the_pieces_and_answers_find_their_requests(
        order in order(),
        events in prop::collection::vec(prop_oneof![Just(2u8), Just(35), Just(PASSED), Just(REPLACED), Just(HELD)], 1..40),
        piece in 1usize..3000,
        batches: bool,
    ) {
        let mut bench = Bench::new(order, |wishes| {
            wishes.requests(PASSED, Look::Whole);
            for code in [PASSED, REPLACED, HELD] {
                wishes.events(code, true);
            }
            wishes.batches = batches;
        });
        let asked: Vec<_> = events.iter().map(|_| request(order, PASSED, 0, 2)).collect();
        bench.requests(&asked.concat(), piece);
        let (mut bytes, mut wanted) = (Vec::new(), Vec::new());
        for (number, &code) in (1..).zip(&events) {
            let units = if code == 35 { 3 } else { 0 };
            let event = message(order, code, number, units);
            let reply = message(order, 1, number, 5);
            bytes.extend([&event[..], &reply].concat());
            if code != REPLACED {
                wanted.extend(event);
            }
            wanted.extend(reply);
        }
        prop_assert_eq!(bench.messages(&bytes, piece), wanted);
        let tickets = (1..=events.len() as u64).map(|sequence| (1, sequence));
        prop_assert_eq!(bench.decider.answers, tickets.collect::<Vec<_>>());
        prop_assert_eq!(bench.decider.batches > 0, batches);
    }

    #[test]
    fn no_bytes_do_any_harm(order in order(), bytes in prop::collection::vec(any::<u8>(), 0..2000), server: bool) {
        let mut bench = Bench::new(order, |wishes| {
            for major in 0..=255 {
                wishes.requests(major, Look::Whole);
            }
        });
        let mut flow = Flow::new();
        flow.room()[..bytes.len()].copy_from_slice(&bytes);
        flow.took(bytes.len(), Vec::new(), Descriptors::GoOn).unwrap();
        let Bench { talk, decider, control } = &mut bench;
        let _ = if server {
            talk.judge_messages(&mut flow, decider, control)
        } else {
            talk.judge_requests(&mut flow, decider, control)
        };
    }
}

#[test]
fn a_request_longer_than_all_room_streams_through_and_is_shown_as_far_as_there_is_room() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for major in [1, PASSED, REPLACED] {
            let mut bench = Bench::new(order, |wishes| {
                wishes.requests(PASSED, Look::Whole);
                wishes.requests(REPLACED, Look::Whole);
            });
            let enable = request(order, BIG_REQUESTS, 0, 1);
            let long = long_request(order, major, 200_000);
            let bytes = [&enable[..], &long, &enable].concat();
            let through = if major == REPLACED { stand_in(order) } else { long };
            let wanted = [&enable[..], &through, &enable].concat();
            assert!(bench.requests(&bytes, 50_000) == wanted, "{order:?} {major}");
        }
    }
}

#[test]
fn lengths_that_the_server_would_read_otherwise_are_faults() {
    let order = ByteOrder::Big;
    let faulty = |bytes: &[u8]| {
        let mut bench = Bench::new(order, |_| {});
        let mut flow = Flow::new();
        flow.room()[..bytes.len()].copy_from_slice(bytes);
        flow.took(bytes.len(), Vec::new(), Descriptors::GoOn).unwrap();
        let judged = bench
            .talk
            .judge_requests(&mut flow, &mut bench.decider, &mut bench.control);
        judged.map_err(|fault| fault.to_string())
    };
    let enable = request(order, BIG_REQUESTS, 0, 1);
    assert_eq!(faulty(&enable), Ok(Gate::Open));
    let long = long_request(order, 1, 3);
    assert_eq!(faulty(&[&enable[..], &long].concat()), Ok(Gate::Open));
    assert_eq!(
        faulty(&long),
        Err("a request of length 0, without BIG-REQUESTS".into())
    );
    let short = [&enable[..], &[1, 0, 0, 0], &order.u32(1)].concat();
    assert!(faulty(&short).is_err());
    let longest = [&enable[..], &[1, 0, 0, 0], &order.u32(u32::MAX)].concat();
    assert!(faulty(&longest).unwrap_err().contains("17179869180"));
}

#[test]
fn a_server_that_answers_what_was_not_asked_is_at_fault() {
    let order = ByteOrder::Little;
    let mut bench = Bench::new(order, |_| {});
    let mut flow = Flow::new();
    let bytes = message(order, 1, 1, 0);
    flow.room()[..32].copy_from_slice(&bytes);
    flow.took(32, Vec::new(), Descriptors::GoOn).unwrap();
    let judged = bench
        .talk
        .judge_messages(&mut flow, &mut bench.decider, &mut bench.control);
    assert!(judged.is_err());
}

fn files(count: usize) -> Vec<OwnedFd> {
    let file = || std::fs::File::open("/dev/null").unwrap().into();
    (0..count).map(|_| file()).collect()
}

#[test]
fn descriptors_go_on_in_order_and_never_later_than_what_they_came_with() {
    let mut flow = Flow::new();
    flow.took(8, files(10), Descriptors::GoOn).unwrap();
    flow.pass(8);
    flow.took(8, files(10), Descriptors::GoOn).unwrap();
    flow.pass(8);
    let sendable = flow.sendable();
    assert_eq!(sendable.fds.len(), 10);
    assert_eq!(sendable.slices.iter().map(|slice| slice.len()).sum::<usize>(), 8);
    let departures = sendable.departures();
    flow.sent(5, departures);
    assert_eq!(flow.sendable().fds.len(), 10);
}

#[test]
fn descriptors_that_no_message_takes_are_a_fault_and_closed_with_the_flow() {
    let mut flow = Flow::new();
    flow.took(4, files(64), Descriptors::AsDecided).unwrap();
    let (_, waiting) = flow.undecided_with_fds();
    assert!(waiting.take(65).is_none());
    assert_eq!(waiting.take(2).unwrap().len(), 2);
    assert!(flow.took(4, files(3), Descriptors::AsDecided).is_err());
}
