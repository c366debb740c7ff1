//! Bytes and descriptors over a Unix socket.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// Descriptors that a client may send ahead of the requests they belong to.
const MAX_WAITING_FDS: usize = 64;

/// Reads what is there, waiting for at least a byte. 0 means the peer is gone.
///
/// # Errors
/// Of the socket; also if the peer sends more descriptors than its requests can take.
pub fn receive(stream: &UnixStream, room: &mut [u8], fds: &mut VecDeque<OwnedFd>) -> io::Result<usize> {
    receive_with(stream, room, fds, RecvFlags::empty())
}

/// Reads what is there and does not wait; `None` if there is nothing.
///
/// # Errors
/// As of [`receive`].
pub(super) fn receive_now(
    stream: &UnixStream,
    room: &mut [u8],
    fds: &mut VecDeque<OwnedFd>,
) -> io::Result<Option<usize>> {
    match receive_with(stream, room, fds, RecvFlags::DONTWAIT) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

fn receive_with(
    stream: &UnixStream,
    room: &mut [u8],
    fds: &mut VecDeque<OwnedFd>,
    flags: RecvFlags,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = rustix::io::retry_on_intr(|| {
        recvmsg(
            stream,
            &mut [IoSliceMut::new(room)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC | flags,
        )
    })?;
    for item in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = item {
            fds.extend(received);
        }
    }
    if fds.len() > MAX_WAITING_FDS {
        return Err(io::Error::other(
            "the peer sends descriptors that no request takes",
        ));
    }
    Ok(message.bytes)
}

/// Sends bytes with one descriptor in a message of their own.
///
/// # Errors
/// Of the socket.
pub fn send_with_fd(stream: &UnixStream, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    rustix::io::retry_on_intr(|| {
        sendmsg(
            stream,
            &[IoSlice::new(bytes)],
            &mut ancillary,
            SendFlags::NOSIGNAL,
        )
    })?;
    Ok(())
}
