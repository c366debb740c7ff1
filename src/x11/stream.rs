//! The connection to an X server that may not be what it says.

use std::{
    cell::RefCell,
    io::{self, IoSlice},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
};

use x11rb::{
    errors::{ConnectError, DisplayParsingError},
    reexports::x11rb_protocol::{
        parse_display::{ConnectAddress, parse_display},
        xauth::{Family, get_auth},
    },
    rust_connection::{DefaultStream, PollMode, RustConnection, Stream},
};

use super::guard::{Guard, Violation};

/// A connection whose server can end it, and nothing else of ours.
pub type Connection = RustConnection<GuardedStream>;

/// What lets a client in: the name of an authorisation protocol and the proof that it asks for, or nothing.
pub type Cookie = (Vec<u8>, Vec<u8>);

/// A connection on which nothing was said yet.
#[derive(Debug)]
pub struct Dialled {
    /// The connection.
    pub stream: DefaultStream,
    /// What may let us in.
    pub cookie: Cookie,
    /// The screen that was named.
    pub screen: usize,
}

impl Dialled {
    /// Says who we are.
    ///
    /// # Errors
    /// If the server does not let us in, or breaks off.
    pub fn finish(self) -> Result<Connection, ConnectError> {
        let (name, data) = self.cookie;
        Connection::connect_to_stream_with_auth_info(GuardedStream::new(self.stream), self.screen, name, data)
    }
}

/// Connects to a display by name, or to the one that `DISPLAY` names, and says nothing yet.
///
/// # Errors
/// If the name is none, or nobody listens there.
pub fn dial(name: Option<&str>) -> Result<Dialled, ConnectError> {
    let display = parse_display(name)?;
    let mut failure = ConnectError::from(DisplayParsingError::Unknown);
    for address in display.connect_instruction() {
        match reach(&address) {
            Ok((stream, (family, host))) => {
                // Without a cookie the server may let us in all the same, and says so if not.
                let cookie = get_auth(family, &host, display.display).ok().flatten();
                return Ok(Dialled {
                    stream,
                    cookie: cookie.unwrap_or_default(),
                    screen: display.screen.into(),
                });
            }
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

/// Connects to an address; to a path in the abstract namespace if there is none in the file system.
fn reach(address: &ConnectAddress<'_>) -> io::Result<(DefaultStream, (Family, Vec<u8>))> {
    let (failure, path) = match (DefaultStream::connect(address), address) {
        (Err(failure), ConnectAddress::Socket(path)) => (failure, path),
        (result, _) => return result,
    };
    let stream = SocketAddr::from_abstract_name(path).and_then(|name| UnixStream::connect_addr(&name));
    DefaultStream::from_unix_stream(stream.map_err(|_| failure)?)
}

/// A stream that fails for good, with a [`Violation`], before x11rb sees anything it would not bear.
#[derive(Debug)]
pub struct GuardedStream {
    stream: DefaultStream,
    guard: RefCell<Result<Guard, Violation>>,
}

impl GuardedStream {
    /// For a stream on which nothing was said yet.
    pub fn new(stream: DefaultStream) -> Self {
        Self {
            stream,
            guard: RefCell::new(Ok(Guard::new())),
        }
    }

    fn check(&self) -> io::Result<()> {
        Ok(self
            .guard
            .borrow()
            .as_ref()
            .map(drop)
            .map_err(|violation| *violation)?)
    }

    /// Has the guard judge something, if it has found no fault yet.
    fn judge(&self, judge: impl FnOnce(&mut Guard) -> Result<(), Violation>) -> io::Result<()> {
        let mut guard = self.guard.borrow_mut();
        let judged = guard.as_mut().map_err(|violation| *violation).and_then(judge);
        if let Err(violation) = judged {
            *guard = Err(violation);
        }
        Ok(judged?)
    }
}

impl Stream for GuardedStream {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        self.check()?;
        self.stream.poll(mode)
    }

    fn read(&self, buffer: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
        self.check()?;
        let before = fds.len();
        let count = self.stream.read(buffer, fds)?;
        self.judge(|guard| guard.came(&buffer[..count], fds.len() - before))?;
        Ok(count)
    }

    fn write(&self, buffer: &[u8], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
        self.check()?;
        let count = self.stream.write(buffer, fds)?;
        self.judge(|guard| guard.sent(&buffer[..count]))?;
        Ok(count)
    }

    fn write_vectored(&self, buffers: &[IoSlice<'_>], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
        self.check()?;
        let count = self.stream.write_vectored(buffers, fds)?;
        let mut rest = count;
        for buffer in buffers {
            let written = rest.min(buffer.len());
            self.judge(|guard| guard.sent(&buffer[..written]))?;
            rest -= written;
        }
        Ok(count)
    }
}

impl AsFd for GuardedStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
