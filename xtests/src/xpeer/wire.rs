//! The server's end of a connection: bytes and descriptors in, whole requests out, and the way back.
//!
//! Formats: [the X11 protocol, connection setup](https://www.x.org/releases/current/doc/xproto/x11protocol.html#Connection_Setup)
//! and BIG-REQUESTS. Nothing here blocks.

use std::{
    collections::VecDeque,
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::{
    io::Errno,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use x11rb_protocol::x11_utils::BigRequests;

/// The longest request in units of four bytes, with BIG-REQUESTS.
pub(super) const LONGEST_REQUEST: u32 = 1 << 22;
/// Descriptors that may wait for their requests: as many as one message can carry (`SCM_MAX_FD`).
const MOST_FDS: usize = 253;
/// Bytes that may wait for a client that does not read.
const MOST_OUTPUT: usize = 64 << 20;
const CHUNK: usize = 1 << 16;
/// The byte that a client of this machine's byte order begins with.
const BYTE_ORDER: u8 = if cfg!(target_endian = "little") {
    b'l'
} else {
    b'B'
};

/// Why a connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The first byte does not name this machine's byte order.
    #[error("byte order {0:#04x} is not served")]
    ByteOrder(u8),
    /// A request is longer than what was offered.
    #[error("a request of {units} units of 4 bytes, {LONGEST_REQUEST} are allowed")]
    TooLong {
        /// Its length in units of four bytes.
        units: u32,
    },
    /// A length of 0 without, or of less than 2 with, BIG-REQUESTS.
    #[error("a request of length {units}")]
    NoLength {
        /// The length that it gave.
        units: u32,
    },
    /// More descriptors than any request takes.
    #[error("{0} descriptors wait for requests that take them")]
    TooManyFds(usize),
    /// The client does not read.
    #[error("{0} bytes wait for the client to read them")]
    Unread(usize),
    /// The system refused.
    #[error("the socket: {0}")]
    Socket(Errno),
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// At least one byte.
    Bytes,
    /// Nothing for now.
    Nothing,
    /// Nothing any more.
    End,
}

/// A whole message of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Setup,
    Request(Vec<u8>),
}

#[derive(Debug)]
enum Phase {
    Setup,
    Requests(BigRequests),
}

#[derive(Debug)]
struct Packet {
    bytes: Vec<u8>,
    sent: usize,
    fds: Vec<OwnedFd>,
}

#[derive(Debug)]
pub(super) struct Link {
    socket: UnixStream,
    phase: Phase,
    input: Vec<u8>,
    /// Descriptors that no request has taken yet, in their order.
    pub(super) fds: Vec<OwnedFd>,
    output: VecDeque<Packet>,
    waiting: usize,
}

impl Link {
    pub(super) const fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            phase: Phase::Setup,
            input: Vec::new(),
            fds: Vec::new(),
            output: VecDeque::new(),
            waiting: 0,
        }
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) const fn big_requests(&self) -> BigRequests {
        match self.phase {
            Phase::Setup => BigRequests::NotEnabled,
            Phase::Requests(big) => big,
        }
    }

    pub(super) const fn enable_big_requests(&mut self) {
        self.phase = Phase::Requests(BigRequests::Enabled);
    }

    /// Whether bytes wait to be sent.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Takes in one chunk.
    pub(super) fn receive(&mut self) -> Result<Received, LinkError> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut chunk = [0; CHUNK];
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        let message = match recvmsg(
            &self.socket,
            &mut [IoSliceMut::new(&mut chunk)],
            &mut control,
            flags,
        ) {
            Ok(message) => message,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Received::Nothing),
            Err(Errno::CONNRESET) => return Ok(Received::End),
            Err(error) => return Err(LinkError::Socket(error)),
        };
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = part {
                self.fds.extend(fds);
            }
        }
        if self.fds.len() > MOST_FDS || message.flags.contains(ReturnFlags::CTRUNC) {
            return Err(LinkError::TooManyFds(self.fds.len()));
        }
        self.input.extend_from_slice(&chunk[..message.bytes]);
        Ok(if message.bytes == 0 {
            Received::End
        } else {
            Received::Bytes
        })
    }

    /// The next message if all of it is there.
    pub(super) fn next_message(&mut self) -> Result<Option<Message>, LinkError> {
        let length = match self.phase {
            Phase::Setup => self.setup_length()?,
            Phase::Requests(big) => self.request_length(big)?,
        };
        let Some(length) = length.filter(|&length| length <= self.input.len()) else {
            return Ok(None);
        };
        let rest = self.input.split_off(length);
        let bytes = std::mem::replace(&mut self.input, rest);
        if matches!(self.phase, Phase::Setup) {
            self.phase = Phase::Requests(BigRequests::NotEnabled);
            return Ok(Some(Message::Setup));
        }
        Ok(Some(Message::Request(bytes)))
    }

    fn setup_length(&self) -> Result<Option<usize>, LinkError> {
        let Some(header) = self.input.first_chunk::<12>() else {
            return Ok(None);
        };
        if header[0] != BYTE_ORDER {
            return Err(LinkError::ByteOrder(header[0]));
        }
        let padded = |low, high| usize::from(u16::from_ne_bytes([low, high])).next_multiple_of(4);
        Ok(Some(
            12 + padded(header[6], header[7]) + padded(header[8], header[9]),
        ))
    }

    fn request_length(&self, big: BigRequests) -> Result<Option<usize>, LinkError> {
        let Some(header) = self.input.first_chunk::<4>() else {
            return Ok(None);
        };
        let units = match (u16::from_ne_bytes([header[2], header[3]]), big) {
            (0, BigRequests::NotEnabled) => return Err(LinkError::NoLength { units: 0 }),
            (0, BigRequests::Enabled) => {
                let Some(long) = self.input.first_chunk::<8>() else {
                    return Ok(None);
                };
                match u32::from_ne_bytes([long[4], long[5], long[6], long[7]]) {
                    units @ ..2 => return Err(LinkError::NoLength { units }),
                    units => units,
                }
            }
            (units, _) => units.into(),
        };
        if units > LONGEST_REQUEST {
            return Err(LinkError::TooLong { units });
        }
        Ok(Some(units as usize * 4))
    }

    /// Queues bytes, and descriptors that go with the first of them.
    pub(super) fn send(&mut self, bytes: Vec<u8>, fds: Vec<OwnedFd>) {
        if bytes.is_empty() {
            return;
        }
        self.waiting += bytes.len();
        self.output.push_back(Packet { bytes, sent: 0, fds });
    }

    /// Sends what the socket takes.
    pub(super) fn flush(&mut self) -> Result<(), LinkError> {
        while let Some(packet) = self.output.front_mut() {
            let sent = match transmit(&self.socket, &packet.bytes[packet.sent..], &packet.fds) {
                Ok(sent) => sent,
                Err(Errno::AGAIN) if self.waiting > MOST_OUTPUT => {
                    return Err(LinkError::Unread(self.waiting));
                }
                Err(Errno::AGAIN) => return Ok(()),
                // The end of the stream is found by reading, after what the client said before it.
                Err(Errno::PIPE | Errno::CONNRESET) => {
                    self.output.clear();
                    self.waiting = 0;
                    return Ok(());
                }
                Err(error) => return Err(LinkError::Socket(error)),
            };
            packet.fds.clear();
            packet.sent += sent;
            self.waiting -= sent;
            if packet.sent == packet.bytes.len() {
                self.output.pop_front();
            }
        }
        Ok(())
    }
}

fn transmit(socket: &UnixStream, bytes: &[u8], fds: &[OwnedFd]) -> Result<usize, Errno> {
    let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
    let rights = SendAncillaryMessage::ScmRights(&fds);
    let mut space = vec![MaybeUninit::uninit(); rights.size()];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(rights) {
        return Err(Errno::MSGSIZE);
    }
    sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut control,
        SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn connected() -> (UnixStream, Link) {
        let (mut client, server) = UnixStream::pair().unwrap();
        let mut link = Link::new(server);
        client
            .write_all(&[BYTE_ORDER, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .unwrap();
        assert_eq!(link.receive(), Ok(Received::Bytes));
        assert_eq!(link.next_message(), Ok(Some(Message::Setup)));
        (client, link)
    }

    fn header(length: u16) -> Vec<u8> {
        [&[127, 0][..], &length.to_ne_bytes()].concat()
    }

    #[test]
    fn requests_come_whole_however_they_are_cut() {
        let (mut client, mut link) = connected();
        let bytes = [header(2), vec![1, 2, 3, 4], header(1)].concat();
        for byte in &bytes {
            client.write_all(&[*byte]).unwrap();
            assert_eq!(link.receive(), Ok(Received::Bytes));
        }
        assert_eq!(
            link.next_message(),
            Ok(Some(Message::Request(bytes[..8].to_vec())))
        );
        assert_eq!(
            link.next_message(),
            Ok(Some(Message::Request(bytes[8..].to_vec())))
        );
        assert_eq!(link.next_message(), Ok(None));
    }

    #[test]
    fn long_lengths_need_big_requests() {
        let (mut client, mut link) = connected();
        client
            .write_all(&[header(0), 3u32.to_ne_bytes().to_vec(), vec![9; 4]].concat())
            .unwrap();
        assert_eq!(link.receive(), Ok(Received::Bytes));
        assert_eq!(link.next_message(), Err(LinkError::NoLength { units: 0 }));
        link.enable_big_requests();
        assert!(matches!(link.next_message(), Ok(Some(Message::Request(bytes))) if bytes.len() == 12));
    }

    #[test]
    fn requests_beyond_the_limit_are_not_gathered() {
        let (mut client, mut link) = connected();
        link.enable_big_requests();
        client
            .write_all(&[header(0), u32::MAX.to_ne_bytes().to_vec()].concat())
            .unwrap();
        assert_eq!(link.receive(), Ok(Received::Bytes));
        assert_eq!(link.next_message(), Err(LinkError::TooLong { units: u32::MAX }));
    }

    #[test]
    fn other_byte_orders_are_refused() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let mut link = Link::new(server);
        client.write_all(&[b'?'; 12]).unwrap();
        assert_eq!(link.receive(), Ok(Received::Bytes));
        assert_eq!(link.next_message(), Err(LinkError::ByteOrder(b'?')));
    }
}
