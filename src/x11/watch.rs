//! Requests without a reply, and what is to happen when one of them fails.
//!
//! Such an error arrives later, among the events, with nothing but a sequence number. Each request therefore
//! declares its consequence where it is sent.

use std::collections::VecDeque;

use x11rb::connection::SequenceNumber;

/// Requests whose fate is remembered at most. An answer to anything newer settles the older ones, so this many are
/// only open when a client sends and never listens.
const MAX_OPEN: usize = 4096;

/// Names the part of the program that wants to hear of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub(super) u64);

/// The consequence of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// None: a race that cannot be avoided, as with a window that its owner destroys.
    Ignore,
    /// A line in the log: it should not happen, and nothing depends on it.
    Warn,
    /// The owner of the token is told, and does something else instead.
    Tell(Token),
}

/// What was declared for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Declared {
    sequence: SequenceNumber,
    /// Where it was sent, for the log.
    pub(super) site: &'static str,
    pub(super) on_error: OnError,
}

/// The declarations that may still be needed, oldest first.
#[derive(Debug, Default)]
pub(super) struct Watch {
    open: VecDeque<Declared>,
}

impl Watch {
    pub(super) fn declare(&mut self, sequence: SequenceNumber, site: &'static str, on_error: OnError) {
        if self.open.len() >= MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back(Declared {
            sequence,
            site,
            on_error,
        });
    }

    /// Forgets the requests that were carried out: the server has answered one that came after them.
    pub(super) fn settle(&mut self, answered: SequenceNumber) {
        while self
            .open
            .front()
            .is_some_and(|declared| declared.sequence < answered)
        {
            self.open.pop_front();
        }
    }

    /// What was declared for the request that failed.
    pub(super) fn take(&mut self, sequence: SequenceNumber) -> Option<Declared> {
        self.settle(sequence);
        self.open.pop_front_if(|declared| declared.sequence == sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_finds_its_declaration() {
        let mut watch = Watch::default();
        for sequence in 1..=3 {
            watch.declare(sequence, "test", OnError::Tell(Token(sequence)));
        }
        let declared = watch.take(2).unwrap();
        assert_eq!(declared.on_error, OnError::Tell(Token(2)));
        assert_eq!(watch.take(1), None, "a later answer has settled it");
        assert_eq!(watch.take(3).unwrap().on_error, OnError::Tell(Token(3)));
    }

    #[test]
    fn an_event_does_not_settle_the_request_it_follows() {
        let mut watch = Watch::default();
        watch.declare(7, "test", OnError::Warn);
        watch.settle(7);
        assert!(watch.take(7).is_some());
    }

    #[test]
    fn a_client_that_never_listens_does_not_fill_memory() {
        let mut watch = Watch::default();
        for sequence in 0..10_000 {
            watch.declare(sequence, "test", OnError::Warn);
        }
        assert_eq!(watch.open.len(), MAX_OPEN);
    }
}
