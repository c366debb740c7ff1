//! Requests and answers on a connected socket, whole ones only.
//!
//! The socket belongs to the application: it may be set not to block, be shut down, or lead to a session that is gone. What
//! is half sent or half read cannot be taken back, so the first failure is the connection's last: from then on there is
//! no device.

use std::{
    io::{IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{self, Errno},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recvmsg, sendmsg,
    },
};

use crate::wire;

/// Most dwords of an answer that is not a capability set.
const MAX_ANSWER: usize = 24;

/// How things stand between us and the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing has been said yet.
    Fresh,
    /// The session knows us.
    Open,
    /// The session is gone, or does not say what it should.
    Lost,
}

/// A connection while it is lent for one exchange.
pub(crate) struct Socket<'a> {
    fd: BorrowedFd<'a>,
    link: &'a mut Link,
}

impl<'a> Socket<'a> {
    pub(crate) fn new(fd: BorrowedFd<'a>, link: &'a mut Link) -> Self {
        Self { fd, link }
    }

    /// How things stand.
    pub(crate) fn link(&mut self) -> &mut Link {
        self.link
    }

    /// Sends a request.
    pub(crate) fn request(&mut self, command: u32, payload: &[u32]) -> io::Result<()> {
        self.request_with(command, payload, &[])
    }

    /// Sends a request whose payload ends with `tail`, a whole number of dwords.
    pub(crate) fn request_with(&mut self, command: u32, payload: &[u32], tail: &[u8]) -> io::Result<()> {
        let dwords = payload.len() + tail.len() / 4;
        let header = [u32::try_from(dwords).map_err(|_| Errno::INVAL)?, command];
        let parts = [bytemuck::cast_slice(&header), bytemuck::cast_slice(payload), tail];
        self.send(parts, None)
    }

    /// Sends bytes as they are, and a descriptor with the first of them: whoever reads the last has it.
    pub(crate) fn send<const N: usize>(
        &mut self,
        mut parts: [&[u8]; N],
        mut passed: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        while parts.iter().any(|part| !part.is_empty()) {
            let slices = parts.map(IoSlice::new);
            let sent = self.patiently(PollFlags::OUT, |fd| {
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                let mut control = SendAncillaryBuffer::new(&mut space);
                if passed.is_some() {
                    control.push(SendAncillaryMessage::ScmRights(passed.as_slice()));
                }
                sendmsg(fd, &slices, &mut control, SendFlags::NOSIGNAL)
            })?;
            passed = None;
            advance(&mut parts, sent);
        }
        Ok(())
    }

    /// Sends a descriptor.
    pub(crate) fn send_fd(&mut self, passed: BorrowedFd<'_>) -> io::Result<()> {
        self.send([&[0]], Some(passed))
    }

    /// Waits for an answer of `N` dwords to `command`.
    pub(crate) fn answer<const N: usize>(&mut self, command: u32) -> io::Result<[u32; N]> {
        const { assert!(N + 2 <= MAX_ANSWER) };
        let mut words = [0; MAX_ANSWER];
        let words = &mut words[..N + 2];
        self.receive(bytemuck::cast_slice_mut(words))?;
        if words[..2] != [N as u32, command] {
            return Err(self.lost(Errno::PROTO));
        }
        let mut payload = [0; N];
        payload.copy_from_slice(&words[2..]);
        Ok(payload)
    }

    /// Waits for an answer whose first dword is a status. One that refuses may be shorter than `N` dwords.
    ///
    /// # Errors
    /// The status, among others.
    pub(crate) fn verdict<const N: usize>(&mut self, command: u32) -> io::Result<[u32; N]> {
        let [dwords, answered] = self.header()?;
        let mut payload = [0; N];
        let dwords = dwords as usize;
        if answered != command || dwords == 0 || dwords > N {
            return Err(self.lost(Errno::PROTO));
        }
        self.receive(bytemuck::cast_slice_mut(&mut payload[..dwords]))?;
        wire::status(payload[0])?;
        if dwords < N {
            return Err(self.lost(Errno::PROTO));
        }
        Ok(payload)
    }

    /// Waits for the two words that every answer begins with.
    pub(crate) fn header(&mut self) -> io::Result<[u32; 2]> {
        let mut header = [0; 2];
        self.receive(bytemuck::cast_slice_mut(&mut header))?;
        Ok(header)
    }

    /// Waits until `bytes` are there.
    pub(crate) fn receive(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (count, _) = self.receive_some(bytes)?;
            bytes = &mut bytes[count..];
        }
        Ok(())
    }

    /// Waits for a descriptor. It is not inherited by programs that this one becomes.
    pub(crate) fn receive_fd(&mut self) -> io::Result<OwnedFd> {
        match self.receive_some(&mut [0])? {
            (_, Some(fd)) => Ok(fd),
            (_, None) => Err(self.lost(Errno::PROTO)),
        }
    }

    /// Waits for some bytes, and the descriptor that came with them.
    pub(crate) fn receive_some(&mut self, bytes: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
        let mut passed = None;
        let received = self.patiently(PollFlags::IN, |fd| {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let flags = RecvFlags::CMSG_CLOEXEC;
            let received = recvmsg(fd, &mut [IoSliceMut::new(bytes)], &mut control, flags)?;
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(fds) = message {
                    passed = fds.last();
                }
            }
            Ok(received.bytes)
        })?;
        match received {
            0 => Err(self.lost(Errno::PIPE)),
            count => Ok((count, passed)),
        }
    }

    /// Does what may be interrupted, or would block where the application has asked for that.
    fn patiently<T>(
        &mut self,
        readiness: PollFlags,
        mut step: impl FnMut(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match step(self.fd) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    // An error of poll shows again in the next step.
                    let _ = poll(&mut [PollFd::from_borrowed_fd(self.fd, readiness)], None);
                }
                Err(error) => return Err(self.lost(error)),
                Ok(done) => return Ok(done),
            }
        }
    }

    /// Gives the connection up. The error is one that device files have.
    pub(crate) fn lost(&mut self, error: Errno) -> Errno {
        *self.link = Link::Lost;
        match error {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Errno::NODEV,
            _ => Errno::IO,
        }
    }
}

/// Takes `count` bytes off the front of `parts`.
fn advance(parts: &mut [&[u8]], mut count: usize) {
    for part in parts {
        let taken = count.min(part.len());
        *part = &part[taken..];
        count -= taken;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        os::{fd::AsFd, unix::net::UnixStream},
        thread,
    };

    use rustix::io::Errno;

    use super::{Link, Socket, advance};

    #[test]
    fn what_was_sent_is_taken_off_the_front() {
        let mut parts: [&[u8]; 3] = [b"ab", b"", b"cde"];
        advance(&mut parts, 3);
        assert_eq!(parts, [&b""[..], b"", b"de"]);
    }

    #[test]
    fn a_request_larger_than_the_socket_holds_arrives_whole_on_a_socket_that_does_not_block() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let commands = vec![7; 1 << 20];
        let reader = thread::spawn(move || {
            let mut bytes = vec![0; 8 + (1 << 20)];
            theirs.read_exact(&mut bytes).unwrap();
            bytes
        });
        let mut link = Link::Open;
        Socket::new(ours.as_fd(), &mut link)
            .request_with(6, &[], &commands)
            .unwrap();
        let bytes = reader.join().unwrap();
        assert_eq!(bytes[..8], *bytemuck::bytes_of(&[1u32 << 18, 6]));
        assert_eq!(bytes[8..], commands);
    }

    #[test]
    fn a_session_that_is_gone_is_a_device_that_is_gone() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let mut link = Link::Open;
        assert_eq!(
            Socket::new(ours.as_fd(), &mut link).request(3, &[1]),
            Err(Errno::NODEV)
        );
        assert_eq!(link, Link::Lost);
    }

    #[test]
    fn an_answer_to_something_else_ends_the_connection() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(bytemuck::bytes_of(&[1u32, 8, 0])).unwrap();
        let mut link = Link::Open;
        assert_eq!(
            Socket::new(ours.as_fd(), &mut link).answer::<1>(7),
            Err(Errno::IO)
        );
        assert_eq!(link, Link::Lost);
    }

    #[test]
    fn a_refusal_does_not_end_the_connection() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let words = [1u32, 3, Errno::NOENT.raw_os_error() as u32];
        theirs.write_all(bytemuck::bytes_of(&words)).unwrap();
        let mut link = Link::Open;
        assert_eq!(
            Socket::new(ours.as_fd(), &mut link).verdict::<11>(3),
            Err(Errno::NOENT)
        );
        assert_eq!(link, Link::Open);
    }

    #[test]
    fn a_byte_without_a_descriptor_ends_the_connection() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(&[0]).unwrap();
        let mut link = Link::Open;
        assert!(Socket::new(ours.as_fd(), &mut link).receive_fd().is_err());
        assert_eq!(link, Link::Lost);
    }
}
