//! Where each message of a connection begins, in whatever pieces its bytes come.

use super::{ByteOrder, HEAD, Message, RequestHead, Short, setup};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The client: requests.
    Client,
    /// The server: replies, errors and events.
    Server,
}

/// The messages of both sides follow an exchange that has another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Setup,
    Messages,
}

/// Finds the messages of one side. Nothing is collected but the first bytes of a message; the others are counted.
#[derive(Debug)]
pub(crate) struct Framer {
    side: Side,
    order: ByteOrder,
    stage: Stage,
    head: [u8; HEAD],
    filled: usize,
    /// Bytes of a known message that are still to come.
    rest: u64,
}

impl Framer {
    /// For a connection in this order on which nothing was said yet.
    pub(crate) const fn new(side: Side, order: ByteOrder) -> Self {
        Self {
            side,
            order,
            stage: Stage::Setup,
            head: [0; HEAD],
            filled: 0,
            rest: 0,
        }
    }

    /// Takes in the next bytes, and gives `begun` the first bytes of each message: 32, or all that it has.
    ///
    /// # Errors
    /// The first of `begun`. There is no going on after it.
    pub(crate) fn feed<E>(
        &mut self,
        mut bytes: &[u8],
        mut begun: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                self.rest -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let missing = self.head_length() - self.filled;
            let (taken, left) = bytes.split_at(missing.min(bytes.len()));
            self.head[self.filled..self.filled + taken.len()].copy_from_slice(taken);
            self.filled += taken.len();
            bytes = left;
            if let Ok(length) = self.length()
                && self.filled == self.head_length()
            {
                match self.stage {
                    Stage::Setup => self.stage = Stage::Messages,
                    Stage::Messages => begun(&self.head[..self.filled])?,
                }
                self.rest = length - self.filled as u64;
                self.filled = 0;
            }
        }
        Ok(())
    }

    /// Bytes to collect before there is more to decide.
    fn head_length(&self) -> usize {
        match self.length() {
            Err(Short(needed)) => needed,
            Ok(length) => usize::try_from(length).map_or(HEAD, |length| length.min(HEAD)),
        }
    }

    fn length(&self) -> Result<u64, Short> {
        let head = &self.head[..self.filled];
        match (self.stage, self.side) {
            (Stage::Setup, Side::Client) => setup::request_length(self.order, head),
            (Stage::Setup, Side::Server) => setup::answer_length(self.order, head),
            (Stage::Messages, Side::Client) => RequestHead::read(self.order, head).map(RequestHead::bytes),
            (Stage::Messages, Side::Server) => Message::read(self.order, head).map(Message::bytes),
        }
    }
}
