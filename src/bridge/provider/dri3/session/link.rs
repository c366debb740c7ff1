//! One connection to a session: bytes and descriptors, as far as the socket takes and gives them.

use std::{
    collections::VecDeque,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_socket, socket_with},
};

use super::answer::{Answer, AnswerError};
use crate::pipe::{
    server::{receive, send_with_fd},
    wire::vtest::Request,
};

/// Bytes that are kept for a session that does not read.
const MAX_WAITING: usize = 1 << 20;
/// Bytes read at once.
const ROOM: usize = 4096;

/// Why a connection to the session ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The session is gone.
    #[error("the session ended the connection")]
    Closed,
    /// The socket failed.
    #[error("the session's socket: {0}")]
    Io(#[from] io::Error),
    /// It says what is no answer.
    #[error("the session breaks the protocol: {0}")]
    Answer(#[from] AnswerError),
    /// It answers more than was asked.
    #[error("the session answers what was not asked")]
    Unasked,
    /// A file was announced and did not come.
    #[error("the session sent no descriptor with its answer")]
    NoDescriptor,
    /// It is a vtest server without our extension.
    #[error("the session does not know the extension for sharing")]
    NoExtension,
    /// It does not read what it is sent.
    #[error("the session leaves {0} bytes unread")]
    Deaf(usize),
}

impl LinkError {
    /// Whether the session ended, of which whoever started it tells more.
    pub(crate) fn is_end(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            ),
            _ => false,
        }
    }
}

/// Connects without waiting; the socket never waits either.
pub(super) fn connect(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect_socket(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Something that is still to be written.
#[derive(Debug)]
enum Piece {
    Bytes(Vec<u8>),
    /// A byte of its own, with a descriptor.
    Descriptor(OwnedFd),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    stream: UnixStream,
    waiting: VecDeque<Piece>,
    waiting_bytes: usize,
    heard: Vec<u8>,
    fds: VecDeque<OwnedFd>,
    /// An answer whose descriptor has not come.
    half: Option<Answer>,
    failure: Option<LinkError>,
}

impl Link {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            stream: socket.into(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            heard: Vec::new(),
            fds: VecDeque::new(),
            half: None,
            failure: None,
        }
    }

    /// Whether the socket has to be watched for room to write.
    pub(crate) fn wants_write(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a failure is waiting to be read.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Sends a request, with the descriptor that its last byte stands for. A failure shows at the next reading.
    pub(super) fn send(&mut self, request: &Request<'_>, file: Option<OwnedFd>) {
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        if file.is_some() {
            bytes.pop();
        }
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(Piece::Bytes(bytes));
        self.waiting.extend(file.map(Piece::Descriptor));
        self.flush();
    }

    /// Writes as much as the socket takes.
    pub(super) fn flush(&mut self) {
        if self.failure.is_some() {
            self.waiting.clear();
            return;
        }
        if let Err(error) = self.write_waiting() {
            self.failure = Some(error.into());
        } else if self.waiting_bytes > MAX_WAITING {
            self.failure = Some(LinkError::Deaf(self.waiting_bytes));
        }
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        while let Some(piece) = self.waiting.front_mut() {
            let written = match piece {
                Piece::Bytes(bytes) => {
                    let flags = rustix::net::SendFlags::NOSIGNAL;
                    let sent = rustix::io::retry_on_intr(|| rustix::net::send(&self.stream, bytes, flags));
                    sent.map_err(io::Error::from).map(|count| {
                        self.waiting_bytes -= count;
                        bytes.drain(..count);
                        bytes.is_empty()
                    })
                }
                Piece::Descriptor(file) => send_with_fd(&self.stream, &[0], file.as_fd()).map(|()| true),
            };
            match written {
                Ok(true) => drop(self.waiting.pop_front()),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next answer that has come whole, with its descriptor; `None` if there is none yet.
    ///
    /// # Errors
    /// If there will be none.
    pub(super) fn next(&mut self) -> Result<Option<(Answer, Option<OwnedFd>)>, LinkError> {
        loop {
            if let Some(answer) = self.take()? {
                return Ok(Some(answer));
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let mut room = [0; ROOM];
            match receive(&self.stream, &mut room, &mut self.fds) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(count) => self.heard.extend(&room[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self) -> Result<Option<(Answer, Option<OwnedFd>)>, LinkError> {
        if self.half.is_none() {
            let Some((answer, length)) = Answer::parse(&self.heard)? else {
                return Ok(None);
            };
            self.heard.drain(..length);
            if !matches!(answer, Answer::Exported(Ok(_))) {
                return Ok(Some((answer, None)));
            }
            self.half = Some(answer);
        }
        if self.heard.is_empty() {
            return Ok(None);
        }
        self.heard.drain(..1);
        let file = self.fds.pop_front().ok_or(LinkError::NoDescriptor)?;
        Ok(self.half.take().map(|answer| (answer, Some(file))))
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::pipe::wire::{virgl::command::ResourceId, vtest::RequestKind};

    fn pair() -> (Link, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Link::new(ours.into()), theirs)
    }

    fn exported() -> Vec<u8> {
        let words = [
            11,
            RequestKind::ResourceExport.to_wire(),
            0,
            1,
            8,
            8,
            0,
            64,
            0,
            0,
            0,
            512,
            0,
        ];
        words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect()
    }

    #[test]
    fn an_answer_is_heard_once_its_descriptor_has_come() {
        let (mut link, mut session) = pair();
        session.write_all(&exported()).unwrap();
        assert!(link.next().unwrap().is_none());
        let file = std::fs::File::open("/dev/null").unwrap();
        send_with_fd(&session, &[0], file.as_fd()).unwrap();
        let heard = link.next().unwrap();
        assert!(
            matches!(heard, Some((Answer::Exported(Ok(_)), Some(_)))),
            "{heard:?}"
        );
    }

    #[test]
    fn an_announced_descriptor_that_does_not_come_ends_the_connection() {
        let (mut link, mut session) = pair();
        session.write_all(&[&exported()[..], &[0]].concat()).unwrap();
        assert!(matches!(link.next(), Err(LinkError::NoDescriptor)));
    }

    #[test]
    fn a_session_that_does_not_read_is_left_before_it_fills_memory() {
        let (mut link, _session) = pair();
        let request = Request::ResourceUnref(ResourceId(1));
        while !link.has_failed() {
            link.send(&request, None);
            assert!(link.waiting_bytes <= MAX_WAITING + 64);
        }
        assert!(matches!(link.next(), Err(LinkError::Deaf(_))));
    }

    #[test]
    fn a_session_that_is_gone_is_noticed() {
        let (mut link, session) = pair();
        drop(session);
        assert!(matches!(link.next(), Err(LinkError::Closed)));
        link.send(&Request::Ping, None);
        assert!(link.has_failed());
    }
}
