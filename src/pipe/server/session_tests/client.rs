//! A client's end of a session, and sessions for clients.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::PathBuf,
    thread::{self, JoinHandle},
    time::Duration,
};

use super::notes::{Call, Notebook, Notes, Office};
use crate::pipe::server::{
    Limits, Session, SessionError, SharedLimits, SharedSession, receive, send_with_fd,
};

/// A client's end of a connection.
pub(super) struct Wire {
    pub(super) stream: UnixStream,
    fds: VecDeque<OwnedFd>,
}

impl Wire {
    fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self {
            stream,
            fds: VecDeque::new(),
        }
    }

    pub(super) fn name(&mut self) {
        self.say(&[8, 8]);
        self.stream.write_all(b"a name\0\0").unwrap();
    }

    /// Begins to speak a version.
    pub(super) fn speak(&mut self, version: u32) {
        self.name();
        self.say(&[1, 11, version]);
        assert_eq!(self.hear(), [1, 11, version]);
    }

    pub(super) fn say(&mut self, words: &[u32]) {
        self.stream.write_all(bytemuck::cast_slice(words)).unwrap();
    }

    pub(super) fn say_with(&mut self, words: &[u32], fds: &[&OwnedFd]) {
        self.say(words);
        for fd in fds {
            send_with_fd(&self.stream, &[0], fd.as_fd()).unwrap();
        }
    }

    pub(super) fn hear<const N: usize>(&mut self) -> [u32; N] {
        let mut words = [0; N];
        self.stream
            .read_exact(bytemuck::cast_slice_mut(&mut words))
            .unwrap();
        words
    }

    /// A descriptor, in a message of its own.
    pub(super) fn fd(&mut self) -> OwnedFd {
        let mut room = [0xff; 8];
        assert_eq!(receive(&self.stream, &mut room, &mut self.fds).unwrap(), 1);
        assert_eq!(room[0], 0);
        self.fds.pop_front().expect("a descriptor comes with the byte")
    }

    /// Waits until all that was said has been dealt with.
    pub(super) fn settle(&mut self) {
        self.say(&[0, 10]);
        assert_eq!(self.hear(), [0, 10]);
    }

    /// Says its name, and whether that is answered: somebody who is turned away is hung up on.
    pub(super) fn greets(&mut self) -> bool {
        let greeting = [8, 8, 0x6120_6e61, 0x656d_0000, 0, 10];
        let said = self.stream.write_all(bytemuck::cast_slice(&greeting)).is_ok();
        said && self.stream.read_exact(&mut [0; 8]).is_ok()
    }

    /// Waits for the other end to hang up.
    pub(super) fn expect_hang_up(mut self) {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
}

/// A client with a session of its own.
pub(super) struct Client {
    pub(super) wire: Wire,
    pub(super) session: JoinHandle<Result<(), SessionError>>,
    pub(super) desk: Notebook,
}

impl std::ops::Deref for Client {
    type Target = Wire;
    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl std::ops::DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

impl Client {
    /// A connection on which nothing was said.
    pub(super) fn connect(limits: Limits) -> Self {
        let (stream, theirs) = UnixStream::pair().unwrap();
        let desk = Notebook::default();
        let at = desk.clone();
        let session = thread::spawn(move || Session::new(theirs, Notes::at(&at), limits).run());
        Self {
            wire: Wire::new(stream),
            session,
            desk,
        }
    }

    /// A connection that speaks a version.
    pub(super) fn speaking(version: u32) -> Self {
        Self::limited(version, Limits::default())
    }

    pub(super) fn limited(version: u32, limits: Limits) -> Self {
        let mut client = Self::connect(limits);
        client.speak(version);
        client
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        let desk = self.desk.lock().unwrap();
        let calls = desk.calls.iter().map(|(_, call)| call);
        calls
            .filter(|call| !matches!(call, Call::Flush | Call::Gone))
            .cloned()
            .collect()
    }

    /// Hangs up, and gives what was left to hear and how the session ended.
    pub(super) fn end(mut self) -> (Vec<u8>, Result<(), SessionError>) {
        self.wire.stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        self.wire.stream.read_to_end(&mut rest).unwrap();
        (rest, self.session.join().expect("sessions do not panic"))
    }

    /// How a session ended that nobody ended from outside.
    pub(super) fn outcome(self) -> Result<(), SessionError> {
        self.session.join().expect("sessions do not panic")
    }
}

/// A session for many clients.
pub(super) struct Shared {
    path: PathBuf,
    _directory: tempfile::TempDir,
    listener: UnixListener,
    session: JoinHandle<std::io::Result<()>>,
    pub(super) desk: Notebook,
}

impl Shared {
    pub(super) fn start() -> Self {
        Self::limited(SharedLimits::default())
    }

    pub(super) fn limited(limits: SharedLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let desk = Notebook::default();
        let (theirs, office) = (listener.try_clone().unwrap(), Office(desk.clone()));
        let session = thread::spawn(move || SharedSession::new(theirs, office, limits)?.run());
        Self {
            path,
            _directory: directory,
            listener,
            session,
            desk,
        }
    }

    /// A client of version 2. The first is number 0 in the notes, and so on.
    pub(super) fn client(&self) -> Wire {
        let mut wire = self.caller();
        wire.speak(2);
        wire
    }

    /// Somebody who connected and said nothing.
    pub(super) fn caller(&self) -> Wire {
        Wire::new(UnixStream::connect(&self.path).unwrap())
    }

    /// How many renderers were made.
    pub(super) fn renderers(&self) -> usize {
        self.desk.lock().unwrap().renderers
    }

    /// What a client's renderer was asked for.
    pub(super) fn calls(&self, client: usize) -> Vec<Call> {
        let desk = self.desk.lock().unwrap();
        let calls = desk.calls.iter().filter(|(number, _)| *number == client);
        calls
            .map(|(_, call)| call.clone())
            .filter(|call| *call != Call::Flush)
            .collect()
    }

    /// What all renderers were asked for, in order.
    pub(super) fn all_calls(&self) -> Vec<(usize, Call)> {
        let desk = self.desk.lock().unwrap();
        let calls = desk.calls.iter();
        calls.filter(|(_, call)| *call != Call::Flush).cloned().collect()
    }

    pub(super) fn gl_stands_still(&self, still: bool) {
        self.desk.lock().unwrap().stands_still = still;
    }

    pub(super) fn gl_goes_on_when_asked_again(&self) {
        let mut desk = self.desk.lock().unwrap();
        (desk.stands_still, desk.reluctance) = (false, 1);
    }

    /// Ends the session, whose clients have to be gone.
    pub(super) fn end(self) {
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).unwrap();
        self.session.join().expect("sessions do not panic").unwrap();
    }
}

/// RESOURCE_CREATE2 of an 8x2 texture with one byte a texel.
pub(super) fn create2(id: u32, data_size: u32) -> [u32; 13] {
    [11, 12, id, 2, 64, 2, 8, 2, 1, 1, 0, 0, data_size]
}

/// TRANSFER_GET2 (13) or TRANSFER_PUT2 (14) of that texture.
pub(super) fn transfer2(command: u32, id: u32, offset: u32) -> [u32; 12] {
    [10, command, id, 0, 0, 0, 0, 8, 2, 1, 16, offset]
}
