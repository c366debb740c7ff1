//! Answers on their way to a client that may not be reading.
//!
//! What the socket takes at once goes straight out of the caller's memory; only what is left is kept. Nothing here ever
//! blocks: a session serves others as well.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::{
    io::Errno,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};

use super::error::SessionError;

/// What the socket did not take, in order.
#[derive(Debug)]
enum Part {
    Bytes(Vec<u8>),
    /// A descriptor, and the byte that it travels with.
    Descriptor(OwnedFd),
}

/// The answers to one client.
#[derive(Debug)]
pub(super) struct Outbox {
    parts: VecDeque<Part>,
    /// Bytes of the first part that are sent.
    sent: usize,
    /// Bytes that wait.
    waiting: usize,
    /// Bytes that may wait before another answer is too much.
    limit: usize,
}

impl Outbox {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            parts: VecDeque::new(),
            sent: 0,
            waiting: 0,
            limit,
        }
    }

    /// Whether all answers are with the socket.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Sends bytes, given in two pieces.
    ///
    /// # Errors
    /// Of the socket; also if the client has left too much unread.
    pub(super) fn send(&mut self, stream: &UnixStream, head: &[u8], body: &[u8]) -> Result<(), SessionError> {
        self.check()?;
        let sent = match self.is_empty() {
            true => send_now(stream, &[IoSlice::new(head), IoSlice::new(body)], None)?,
            false => 0,
        };
        let (head, body) = (
            &head[sent.min(head.len())..],
            &body[sent.saturating_sub(head.len())..],
        );
        if head.len() + body.len() > 0 {
            self.keep(&[head, body].concat());
        }
        Ok(())
    }

    /// Sends a descriptor, in a message of one byte.
    ///
    /// # Errors
    /// Of the socket; also if the client has left too much unread.
    pub(super) fn send_fd(&mut self, stream: &UnixStream, fd: BorrowedFd<'_>) -> Result<(), SessionError> {
        self.check()?;
        if !self.is_empty() || send_now(stream, &[IoSlice::new(&[0])], Some(fd))? == 0 {
            self.parts.push_back(Part::Descriptor(fd.try_clone_to_owned()?));
            self.waiting += 1;
        }
        Ok(())
    }

    /// Sends what waits, as far as the socket takes it.
    ///
    /// # Errors
    /// Of the socket.
    pub(super) fn go_on(&mut self, stream: &UnixStream) -> io::Result<()> {
        while let Some(part) = self.parts.front() {
            let (sent, whole) = match part {
                Part::Bytes(bytes) => {
                    let rest = &bytes[self.sent..];
                    (send_now(stream, &[IoSlice::new(rest)], None)?, rest.len())
                }
                Part::Descriptor(fd) => (send_now(stream, &[IoSlice::new(&[0])], Some(fd.as_fd()))?, 1),
            };
            self.waiting -= sent;
            if sent < whole {
                self.sent += sent;
                return Ok(());
            }
            self.sent = 0;
            self.parts.pop_front();
        }
        Ok(())
    }

    fn check(&self) -> Result<(), SessionError> {
        match self.waiting > self.limit {
            true => Err(SessionError::Unread(self.waiting)),
            false => Ok(()),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.waiting += bytes.len();
        match self.parts.back_mut() {
            Some(Part::Bytes(last)) => last.extend_from_slice(bytes),
            _ => self.parts.push_back(Part::Bytes(bytes.to_vec())),
        }
    }
}

/// Sends without waiting; gives how many bytes the socket took.
fn send_now(stream: &UnixStream, bytes: &[IoSlice<'_>], fd: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = fd.as_slice();
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    match rustix::io::retry_on_intr(|| sendmsg(stream, bytes, &mut ancillary, flags)) {
        Err(Errno::AGAIN) => Ok(0),
        result => Ok(result?),
    }
}
