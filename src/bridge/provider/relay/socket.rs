//! Bytes and descriptors over a socket that never blocks, and what it is watched for.

use std::{
    io::IoSliceMut,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    event::epoll::{self, EventData, EventFlags},
    io::Errno,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};

use super::{
    fault::{End, Fault},
    flow::Flow,
};
use crate::bridge::provider::intercept::Descriptors;

/// Descriptors of one message at most.
const MAX_FDS: usize = 64;

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    Some,
    /// For now.
    Nothing,
    /// The other side will say no more.
    End,
}

/// A connected socket in the relay's care.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    token: u64,
    watched: EventFlags,
}

impl Socket {
    /// Takes over a socket that does not block. `token` tells it from others in what epoll says.
    pub(super) fn new(fd: OwnedFd, token: u64) -> Self {
        Self {
            fd,
            token,
            watched: EventFlags::empty(),
        }
    }

    /// Has the relay be woken for this and nothing else. What is watched for nothing does not wake it by its end either.
    pub(super) fn watch(&mut self, epoll: &OwnedFd, wanted: EventFlags) -> Result<(), Errno> {
        let before = std::mem::replace(&mut self.watched, wanted);
        let data = EventData::new_u64(self.token);
        if before == wanted {
            Ok(())
        } else if before.is_empty() {
            epoll::add(epoll, &self.fd, data, wanted)
        } else if wanted.is_empty() {
            epoll::delete(epoll, &self.fd)
        } else {
            epoll::modify(epoll, &self.fd, data, wanted)
        }
    }

    /// Takes in what is there, if there is room for it.
    pub(super) fn receive(&self, flow: &mut Flow, descriptors: Descriptors) -> Result<Received, Fault> {
        if !flow.has_room() {
            return Ok(Received::Nothing);
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let room = &mut [IoSliceMut::new(flow.room())];
        let received =
            rustix::io::retry_on_intr(|| recvmsg(&self.fd, room, &mut ancillary, RecvFlags::CMSG_CLOEXEC));
        let message = match received {
            Ok(message) => message,
            Err(Errno::AGAIN) => return Ok(Received::Nothing),
            Err(Errno::CONNRESET) => return Ok(Received::End),
            Err(error) => return Err(error.into()),
        };
        let mut fds = Vec::new();
        for item in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = item {
                fds.extend(rights);
            }
        }
        if message.flags.contains(ReturnFlags::CTRUNC) {
            return Err(Fault::FdsLost);
        }
        if message.bytes == 0 {
            return Ok(Received::End);
        }
        flow.took(message.bytes, fds, descriptors)?;
        Ok(Received::Some)
    }

    /// Sends what can be sent now.
    pub(super) fn send(&self, flow: &mut Flow) -> Result<(), End> {
        while flow.has_more() {
            let sendable = flow.sendable();
            let departures = sendable.departures();
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            if !sendable.fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(&sendable.fds)) {
                return Err(Fault::FdsLost.into());
            }
            let sent = rustix::io::retry_on_intr(|| {
                sendmsg(&self.fd, &sendable.slices, &mut ancillary, SendFlags::NOSIGNAL)
            });
            match sent {
                Ok(count) => flow.sent(count, departures),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(End::Gone),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
