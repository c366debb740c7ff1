//! What an X server may send, given what was asked of it.
//!
//! x11rb relies on the server in two things: it makes room for a message of whatever length is announced, up to 16 GiB,
//! and it panics when fewer descriptors come than a reply announces. Neither can be undone later, so the guard sees all
//! bytes before x11rb does. Which replies have descriptors is known by their requests alone, so it sees the requests,
//! too, and numbers them as x11rb does.
//!
//! What it cannot see is a server that keeps the rules and does not answer: that looks like a slow one.

use std::{collections::VecDeque, io};

use x11rb::{
    connection::SequenceNumber,
    protocol::{dri3, randr, shm},
};

use super::wire::{ByteOrder, Framer, Kind, Message, Request, Side};

/// Bytes of a message at most that nobody asked to be longer. The longest that make sense are properties and lists of
/// windows.
const MAX_BYTES: u64 = 16 << 20;
/// Bytes of a pixel at most.
const PIXEL_BYTES: u64 = 4;
/// Descriptors of a reply at most: those of a buffer's planes.
const MAX_DESCRIPTORS: usize = 4;

/// The requests whose replies bring descriptors, by extension and minor opcode.
const BRINGING: [(&str, &[u8]); 3] = [
    (
        dri3::X11_EXTENSION_NAME,
        &[
            dri3::OPEN_REQUEST,
            dri3::BUFFER_FROM_PIXMAP_REQUEST,
            dri3::FD_FROM_FENCE_REQUEST,
            dri3::BUFFERS_FROM_PIXMAP_REQUEST,
        ],
    ),
    (shm::X11_EXTENSION_NAME, &[shm::CREATE_SEGMENT_REQUEST]),
    (randr::X11_EXTENSION_NAME, &[randr::CREATE_LEASE_REQUEST]),
];

/// How a server broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message is longer than anything that was asked for.
    #[error("a message of {bytes} bytes, where {limit} are the most that make sense")]
    Length {
        /// Its length.
        bytes: u64,
        /// The longest that would have been taken.
        limit: u64,
    },
    /// An answer to nothing.
    #[error("an answer to request {said}, when {sent} had been sent")]
    Sequence {
        /// The request's number.
        said: SequenceNumber,
        /// The number of the last request.
        sent: SequenceNumber,
    },
    /// Announced descriptors did not come.
    #[error("a reply announces {announced} descriptors, and {came} came")]
    MissingDescriptors {
        /// As many as the reply says.
        announced: usize,
        /// As many as there are.
        came: usize,
    },
    /// Descriptors came that were not announced, so that nobody knows any more which is whose.
    #[error("{came} descriptors came, where {wanted} are the most that make sense")]
    SurplusDescriptors {
        /// As many as there are.
        came: usize,
        /// As many as the replies that are still awaited may announce.
        wanted: usize,
    },
    /// A request whose reply brings descriptors was answered more than once.
    #[error("request {0} was answered twice")]
    AnsweredTwice(SequenceNumber),
}

impl From<Violation> for io::Error {
    fn from(violation: Violation) -> Self {
        Self::new(io::ErrorKind::InvalidData, violation)
    }
}

/// What is special about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    /// It brings descriptors.
    Descriptors,
    /// It may have so many bytes.
    Long(u64),
    /// It tells the opcode of an extension with requests for descriptors: those of these minor opcodes.
    Opcode(&'static [u8]),
}

/// A request whose answer is special.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    sequence: SequenceNumber,
    special: Special,
}

/// Watches both directions of a connection.
#[derive(Debug)]
pub(super) struct Guard {
    requests: Framer,
    messages: Framer,
    ledger: Ledger,
}

impl Guard {
    /// For a connection on which nothing was said yet.
    pub(super) const fn new() -> Self {
        Self {
            requests: Framer::new(Side::Client, ByteOrder::NATIVE),
            messages: Framer::new(Side::Server, ByteOrder::NATIVE),
            ledger: Ledger {
                sent: 0,
                heard: 0,
                awaited: VecDeque::new(),
                bringing: Vec::new(),
                descriptors: 0,
                answered: None,
            },
        }
    }

    /// Takes note of bytes that were sent.
    pub(super) fn sent(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.requests.feed(bytes, |head| {
            self.ledger.asked(Request::of(ByteOrder::NATIVE, head));
            Ok(())
        })
    }

    /// Judges bytes that came, and with them so many descriptors: none come later than the bytes they belong to.
    pub(super) fn came(&mut self, bytes: &[u8], descriptors: usize) -> Result<(), Violation> {
        self.ledger.descriptors += descriptors;
        self.messages.feed(bytes, |head| {
            Message::read(ByteOrder::NATIVE, head).map_or(Ok(()), |message| self.ledger.told(message))
        })?;
        self.ledger.check_surplus()
    }
}

/// What was asked, and what has come.
#[derive(Debug)]
struct Ledger {
    /// Requests that were sent.
    sent: SequenceNumber,
    /// The last of them that the server is known to have read.
    heard: SequenceNumber,
    /// Those that are not answered, oldest first.
    awaited: VecDeque<Awaited>,
    /// The requests that descriptors are asked for with: major opcode and minor opcodes.
    bringing: Vec<(u8, &'static [u8])>,
    /// Descriptors that came and were not announced yet.
    descriptors: usize,
    /// The last answered request for descriptors.
    answered: Option<SequenceNumber>,
}

impl Ledger {
    fn asked(&mut self, request: Request<'_>) {
        self.sent += 1;
        let special = match request {
            Request::QueryExtension { name } => BRINGING
                .into_iter()
                .find(|(extension, _)| extension.as_bytes() == name)
                .map(|(_, minors)| Special::Opcode(minors)),
            Request::GetImage { width, height } => {
                let pixels = u64::from(width) * u64::from(height);
                Some(Special::Long(pixels * PIXEL_BYTES + MAX_BYTES))
            }
            Request::Other { major, minor } => (self.bringing.iter())
                .any(|(extension, minors)| *extension == major && minors.contains(&minor))
                .then_some(Special::Descriptors),
        };
        self.awaited.extend(special.map(|special| Awaited {
            sequence: self.sent,
            special,
        }));
    }

    fn told(&mut self, message: Message) -> Result<(), Violation> {
        let sequence = match message.kind {
            Kind::KeymapNotify => self.heard,
            _ => self.hear(message.sequence)?,
        };
        let answer = matches!(message.kind, Kind::Error | Kind::Reply { .. });
        let special = answer.then(|| self.settle(sequence)).flatten();
        let limit = match special {
            Some(Special::Long(limit)) => limit,
            _ => MAX_BYTES,
        };
        if message.bytes() > limit {
            let bytes = message.bytes();
            return Err(Violation::Length { bytes, limit });
        }
        match (message.kind, special) {
            (_, None) if answer && self.answered == Some(sequence) => Err(Violation::AnsweredTwice(sequence)),
            (kind, Some(Special::Descriptors)) => {
                self.answered = Some(sequence);
                match kind {
                    Kind::Reply { detail, .. } => self.take(detail.into()),
                    _ => Ok(()),
                }
            }
            (Kind::Reply { present, major, .. }, Some(Special::Opcode(minors))) => {
                self.bringing.extend(present.then_some((major, minors)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The number of the request that a message follows or answers, of which the message has the lower half.
    fn hear(&mut self, low: u16) -> Result<SequenceNumber, Violation> {
        const LAP: SequenceNumber = 1 << 16;
        let mut said = self.heard - self.heard % LAP + SequenceNumber::from(low);
        if said < self.heard {
            said += LAP;
        }
        let sent = self.sent;
        if said > sent {
            return Err(Violation::Sequence { said, sent });
        }
        self.heard = said;
        Ok(said)
    }

    /// What is special about the answer to a request. Those before it are answered, or will never be.
    fn settle(&mut self, sequence: SequenceNumber) -> Option<Special> {
        while (self.awaited)
            .pop_front_if(|awaited| awaited.sequence < sequence)
            .is_some()
        {}
        let awaited = self.awaited.pop_front_if(|awaited| awaited.sequence == sequence);
        awaited.map(|awaited| awaited.special)
    }

    fn take(&mut self, announced: usize) -> Result<(), Violation> {
        let came = self.descriptors;
        self.descriptors = came
            .checked_sub(announced)
            .ok_or(Violation::MissingDescriptors { announced, came })?;
        Ok(())
    }

    fn check_surplus(&self) -> Result<(), Violation> {
        let came = self.descriptors;
        if came == 0 {
            return Ok(());
        }
        let owed = self.awaited.iter();
        let owed = owed.filter(|awaited| awaited.special == Special::Descriptors);
        let wanted = owed.count() * MAX_DESCRIPTORS;
        if came > wanted {
            return Err(Violation::SurplusDescriptors { came, wanted });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
