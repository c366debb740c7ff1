//! What is known of a conversation between a client and the server, and how its messages are judged.

use std::collections::VecDeque;

use super::{
    fault::Fault,
    flow::{CAPACITY, Flow},
};
use crate::{
    bridge::provider::{
        control::Control,
        intercept::{Asking, Batch, ClientId, Interceptor, Look, Message, Request, Telling, Verdict, Wishes},
        upstream::Limits,
    },
    x11::{
        ByteOrder,
        wire::{self, Form, HEAD, Kind, RequestHead},
    },
};

/// Numbers of requests come back in 16 bits.
const LAP: u64 = 1 << 16;

/// Whether one direction goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Until the interceptor releases it.
    Held,
}

/// A conversation after its setup.
#[derive(Debug)]
pub(super) struct Talk<T> {
    client: ClientId,
    order: ByteOrder,
    limits: Limits,
    pub(super) wishes: Wishes,
    /// Whether the client may send requests in the long form.
    long_requests: bool,
    /// Requests that went on.
    asked: u64,
    /// The last of them that the server is known to have read.
    heard: u64,
    /// Requests whose answers are to be shown, oldest first.
    awaited: VecDeque<(u64, T)>,
    /// Bytes of the server before this may be looked at, if the interceptor is asked about batches.
    cleared: u64,
}

impl<T> Talk<T> {
    pub(super) fn new(client: ClientId, order: ByteOrder, limits: Limits, wishes: Wishes) -> Self {
        Self {
            client,
            order,
            limits,
            wishes,
            long_requests: false,
            asked: 0,
            heard: 0,
            awaited: VecDeque::new(),
            cleared: 0,
        }
    }

    /// Decides on all requests that came, up to one that is held.
    pub(super) fn judge_requests<I>(
        &mut self,
        flow: &mut Flow,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<Gate, Fault>
    where
        I: Interceptor<Ticket = T>,
    {
        loop {
            let bytes = flow.undecided();
            let Ok(head) = RequestHead::read(self.order, bytes) else {
                return Ok(Gate::Open);
            };
            self.check(head)?;
            let shown = match self.wishes.look(head.major) {
                Look::Not => {
                    self.note(head.major, bytes[1]);
                    flow.pass(head.bytes());
                    continue;
                }
                Look::Head => at_most(head.bytes(), HEAD),
                Look::Whole => at_most(head.bytes(), CAPACITY),
            };
            if bytes.len() < shown {
                return Ok(Gate::Open);
            }
            let minor = bytes[1];
            let (verdict, ticket) = self.ask(flow, head, shown, interceptor, control);
            let Verdict::Pass(onward) = verdict else {
                return Ok(Gate::Held);
            };
            self.note(head.major, minor);
            self.awaited.extend(ticket.map(|ticket| (self.asked, ticket)));
            flow.carry_out(head.bytes(), onward);
        }
    }

    fn ask<I>(
        &mut self,
        flow: &mut Flow,
        head: RequestHead,
        shown: usize,
        interceptor: &mut I,
        control: &mut Control,
    ) -> (Verdict, Option<T>)
    where
        I: Interceptor<Ticket = T>,
    {
        let arrival = flow.arrivals();
        let (bytes, fds) = flow.undecided_with_fds();
        let request = Request {
            client: self.client,
            order: self.order,
            sequence: self.asked + 1,
            arrival,
            bytes: &bytes[..shown],
            length: head.bytes(),
            body: head.form.body(),
        };
        let wishes = &mut self.wishes;
        let mut asking = Asking {
            fds,
            wishes,
            control,
            ticket: None,
        };
        let verdict = interceptor.request(request, &mut asking);
        (verdict, asking.ticket)
    }

    /// Refuses what the server would read otherwise than we do.
    fn check(&self, head: RequestHead) -> Result<(), Fault> {
        let limit = self.limits.longest_request;
        if head.form == Form::Long && !self.long_requests {
            Err(Fault::NoLength)
        } else if head.units < head.form.body() as u32 / 4 {
            Err(Fault::RequestTooShort { units: head.units })
        } else if head.bytes() > limit {
            let bytes = head.bytes();
            Err(Fault::RequestTooLong { bytes, limit })
        } else {
            Ok(())
        }
    }

    /// Takes note of a request that goes on.
    fn note(&mut self, major: u8, minor: u8) {
        self.asked += 1;
        if Some(major) == self.limits.big_requests && minor == 0 {
            self.long_requests = true;
        }
    }

    /// Decides on all messages that came, up to one that is held.
    pub(super) fn judge_messages<I>(
        &mut self,
        flow: &mut Flow,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<Gate, Fault>
    where
        I: Interceptor<Ticket = T>,
    {
        loop {
            let available = flow.undecided().len();
            let visible = self.visible(flow, available);
            match self.judge_message(flow, visible, interceptor, control)? {
                Step::Decided => {}
                Step::Held => return Ok(Gate::Held),
                Step::Incomplete if visible == available => return Ok(Gate::Open),
                Step::Incomplete => {
                    self.cleared = flow.judged() + available as u64;
                    if interceptor.batch(self.client, control) == Batch::Hold {
                        return Ok(Gate::Held);
                    }
                }
            }
        }
    }

    /// As many of the undecided bytes as may be looked at.
    fn visible(&self, flow: &Flow, available: usize) -> usize {
        if self.wishes.batches {
            at_most(self.cleared.saturating_sub(flow.judged()), available)
        } else {
            available
        }
    }

    fn judge_message<I>(
        &mut self,
        flow: &mut Flow,
        visible: usize,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<Step, Fault>
    where
        I: Interceptor<Ticket = T>,
    {
        let (bytes, fds) = flow.undecided_with_fds();
        let bytes = &bytes[..visible];
        let Ok(head) = wire::Message::read(self.order, bytes) else {
            return Ok(Step::Incomplete);
        };
        let answer = self.is_awaited(head)?;
        let shown = head.kind == Kind::Event && self.wishes.shows(bytes[0], bytes[1]);
        if !(answer || shown) {
            flow.pass(head.bytes());
            return Ok(Step::Decided);
        }
        let shown = at_most(head.bytes(), CAPACITY);
        if bytes.len() < shown {
            return Ok(Step::Incomplete);
        }
        let first = self.awaited.front_mut().filter(|_| answer);
        let message = Message {
            client: self.client,
            order: self.order,
            bytes: &bytes[..shown],
            length: head.bytes(),
            ticket: first.map(|(_, ticket)| ticket),
        };
        let wishes = &mut self.wishes;
        let mut telling = Telling { fds, wishes, control };
        let Verdict::Pass(onward) = interceptor.message(message, &mut telling) else {
            return Ok(Step::Held);
        };
        if answer {
            self.awaited.pop_front();
        }
        flow.carry_out(head.bytes(), onward);
        Ok(Step::Decided)
    }

    /// Whether a message answers the first of the awaited requests. Those before it are answered, or will never be.
    fn is_awaited(&mut self, head: wire::Message) -> Result<bool, Fault> {
        if head.kind == Kind::KeymapNotify {
            return Ok(false);
        }
        let sequence = self.hear(head.sequence)?;
        while self
            .awaited
            .pop_front_if(|(asked, _)| *asked < sequence)
            .is_some()
        {}
        let answer = matches!(head.kind, Kind::Error | Kind::Reply { .. });
        Ok(answer && (self.awaited.front()).is_some_and(|(asked, _)| *asked == sequence))
    }

    /// The number of the request that a message follows or answers, of which the message has the lower half.
    fn hear(&mut self, low: u16) -> Result<u64, Fault> {
        let mut said = self.heard - self.heard % LAP + u64::from(low);
        if said < self.heard {
            said += LAP;
        }
        let asked = self.asked;
        if said > asked {
            return Err(Fault::Sequence { said, asked });
        }
        self.heard = said;
        Ok(said)
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Decided,
    Held,
    /// It is not all there.
    Incomplete,
}

fn at_most(length: u64, limit: usize) -> usize {
    usize::try_from(length).map_or(limit, |length| length.min(limit))
}
