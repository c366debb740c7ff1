//! One direction of a conversation: what came, what was decided, and what is to be sent.
//!
//! Bytes that go on as they are are sent from where they were read to. Only where something takes the place of a message
//! are the bytes before it, if they have not been sent yet, copied to a second buffer, which is sent first.

use std::{
    collections::VecDeque,
    io::IoSlice,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use crate::bridge::provider::intercept::{Descriptors, FdQueue, Onward};

/// Bytes that are held at most: all of the longest message that has its length in two bytes, which is the answer to the
/// connection setup.
pub(super) const CAPACITY: usize = (256 << 10) + 4096;
/// Room that is made before a read, if it can be had by moving what is held.
const WORTHWHILE: usize = 64 << 10;
/// Descriptors that wait at most. No request has more than four.
const MAX_FDS: usize = 64;
/// Descriptors that are sent at a time, unless more came so: as many as XCB takes.
const MAX_FDS_SENT: usize = 16;

/// More descriptors than any messages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} descriptors wait, and no message takes them")]
pub(super) struct TooManyFds(pub(super) usize);

/// What becomes of the rest of a message that is longer than what is held of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Passes(u64),
    IsDropped(u64),
}

/// Descriptors that are to be sent no later than with a byte of this number.
#[derive(Debug)]
struct Departure {
    with: u64,
    fds: Vec<OwnedFd>,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Flow {
    bytes: Box<[u8]>,
    /// Bytes before this were sent.
    start: usize,
    /// Bytes before this go on.
    decided: usize,
    /// Bytes before this came.
    end: usize,
    rest: Rest,
    /// How often something came.
    arrivals: u64,
    /// Bytes that were decided on, from the beginning of the connection.
    judged: u64,
    /// Goes before what is decided in `bytes`.
    first: Vec<u8>,
    first_sent: usize,
    /// Bytes that were sent, and that were decided to go on, from the beginning of the connection.
    sent: u64,
    passed: u64,
    arrived: FdQueue,
    departing: VecDeque<Departure>,
}

/// What can be sent at once.
pub(super) struct Sendable<'a> {
    pub(super) slices: [IoSlice<'a>; 2],
    pub(super) fds: Vec<BorrowedFd<'a>>,
    departures: usize,
}

/// How many departures what can be sent has: for the flow to be told once it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Departures(usize);

impl Sendable<'_> {
    pub(super) fn departures(&self) -> Departures {
        Departures(self.departures)
    }
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            decided: 0,
            end: 0,
            rest: Rest::Passes(0),
            arrivals: 0,
            judged: 0,
            first: Vec::new(),
            first_sent: 0,
            sent: 0,
            passed: 0,
            arrived: FdQueue::default(),
            departing: VecDeque::new(),
        }
    }

    /// Whether more can be taken in.
    pub(super) fn has_room(&self) -> bool {
        self.end - self.start < CAPACITY
    }

    /// Whether something can be sent.
    pub(super) fn has_more(&self) -> bool {
        self.sent < self.passed
    }

    /// Where the next bytes are to be put.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if CAPACITY - self.end < WORTHWHILE && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.decided -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes[self.end..]
    }

    /// Takes note of bytes that were put there, and of descriptors that came with them.
    pub(super) fn took(
        &mut self,
        count: usize,
        fds: Vec<OwnedFd>,
        descriptors: Descriptors,
    ) -> Result<(), TooManyFds> {
        self.end += count;
        self.arrivals += 1;
        if fds.is_empty() {
            return Ok(());
        }
        let departing: usize = self.departing.iter().map(|departure| departure.fds.len()).sum();
        let waiting = departing + self.arrived.0.len() + fds.len();
        if waiting > MAX_FDS {
            return Err(TooManyFds(waiting));
        }
        match descriptors {
            Descriptors::GoOn => self.depart(fds),
            Descriptors::AsDecided => self.arrived.0.extend(fds),
        }
        Ok(())
    }

    /// Bytes that nothing was decided on: empty, or the beginning of a message.
    pub(super) fn undecided(&mut self) -> &[u8] {
        let available = self.end - self.decided;
        match self.rest {
            Rest::Passes(0) | Rest::IsDropped(0) => {}
            Rest::Passes(left) => {
                let count = at_most(left, available);
                self.rest = Rest::Passes(left - count as u64);
                self.pass_held(count);
            }
            Rest::IsDropped(left) => {
                let count = at_most(left, available);
                self.rest = Rest::IsDropped(left - count as u64);
                self.cut(count);
            }
        }
        &self.bytes[self.decided..self.end]
    }

    /// How often something came so far.
    pub(super) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// How many bytes were decided on, from the beginning of the connection.
    pub(super) fn judged(&self) -> u64 {
        self.judged
    }

    /// The undecided bytes, and the descriptors that came with them or before.
    pub(super) fn undecided_with_fds(&mut self) -> (&[u8], &mut FdQueue) {
        (&self.bytes[self.decided..self.end], &mut self.arrived)
    }

    /// Has a message of this length go on.
    pub(super) fn pass(&mut self, length: u64) {
        let count = at_most(length, self.end - self.decided);
        self.pass_held(count);
        self.rest = Rest::Passes(length - count as u64);
    }

    /// Has a message of this length go on, or what was decided to take its place.
    pub(super) fn carry_out(&mut self, length: u64, onward: Onward) {
        if !onward.fds.is_empty() {
            self.depart(onward.fds);
        }
        let Some(instead) = onward.instead else {
            return self.pass(length);
        };
        let count = at_most(length, self.end - self.decided);
        self.cut(count);
        self.rest = Rest::IsDropped(length - count as u64);
        self.first.extend_from_slice(&instead);
        self.passed += instead.len() as u64;
    }

    /// What can be sent at once, with the descriptors that go along.
    pub(super) fn sendable(&self) -> Sendable<'_> {
        let (mut fds, mut departures) = (Vec::new(), 0);
        let mut limit = usize::MAX;
        for departure in &self.departing {
            if departures > 0 && fds.len() + departure.fds.len() > MAX_FDS_SENT {
                // They must not be late, and need a byte to go with.
                limit = at_most(departure.with.saturating_sub(self.sent), usize::MAX).max(1);
                break;
            }
            fds.extend(departure.fds.iter().map(AsFd::as_fd));
            departures += 1;
        }
        let first = &self.first[self.first_sent..];
        let first = &first[..first.len().min(limit)];
        let then = &self.bytes[self.start..self.decided];
        let then = &then[..then.len().min(limit - first.len())];
        Sendable {
            slices: [IoSlice::new(first), IoSlice::new(then)],
            fds,
            departures,
        }
    }

    /// Takes note of what was sent.
    pub(super) fn sent(&mut self, count: usize, departures: Departures) {
        self.departing.drain(..departures.0);
        self.sent += count as u64;
        let of_first = count.min(self.first.len() - self.first_sent);
        self.first_sent += of_first;
        if self.first_sent == self.first.len() {
            self.first.clear();
            self.first_sent = 0;
        }
        self.start += count - of_first;
        if self.start == self.end {
            (self.start, self.decided, self.end) = (0, 0, 0);
        }
    }

    fn depart(&mut self, fds: Vec<OwnedFd>) {
        let with = self.passed;
        self.departing.push_back(Departure { with, fds });
    }

    fn pass_held(&mut self, count: usize) {
        self.decided += count;
        self.judged += count as u64;
        self.passed += count as u64;
    }

    /// Leaves out the next undecided bytes.
    fn cut(&mut self, count: usize) {
        self.first
            .extend_from_slice(&self.bytes[self.start..self.decided]);
        self.decided += count;
        self.judged += count as u64;
        self.start = self.decided;
    }
}

/// A buffer's share of a message's bytes.
fn at_most(length: u64, available: usize) -> usize {
    usize::try_from(length).map_or(available, |length| length.min(available))
}
