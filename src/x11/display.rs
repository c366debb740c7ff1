//! A connection to an X server, with what was agreed on at its start.

use std::{
    cell::{Cell, RefCell},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::AddressFamily,
};
use x11rb::{
    connection::{Connection as _, SequenceNumber},
    cookie::VoidCookie,
    errors::ConnectionError,
    protocol::{
        Event,
        xproto::{ConnectionExt as _, Screen},
    },
    x11_utils::X11Error as ServerError,
};

use super::{
    Connection, Extension, Extensions, FormatTable, Limits, OnError, Token, Version, X11Error, stream::dial,
    watch::Watch,
};

/// Something that the server said by itself.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An event.
    Event(Event),
    /// A request failed whose sender wants to know.
    Refused {
        /// Who asked to be told.
        token: Token,
        /// What the server said.
        error: ServerError,
    },
}

/// A display: connection, screen, agreed versions, and the pixels of its visuals.
///
/// Requests are buffered until [`Display::flush`] or a wait. Single-threaded, like the GL contexts it works with.
#[derive(Debug)]
pub struct Display {
    name: String,
    connection: Connection,
    screen: usize,
    extensions: Extensions,
    formats: FormatTable,
    passes_descriptors: bool,
    watch: RefCell<Watch>,
    tokens: Cell<u64>,
}

impl Display {
    /// Connects to a display by name (`DISPLAY` if none is given) and agrees on the extensions that `limits` allow.
    ///
    /// # Errors
    /// If there is no such display, it refuses us, or it breaks off.
    pub fn open(name: Option<&str>, limits: &Limits) -> Result<Self, X11Error> {
        let dialled = dial(name)?;
        let screen = dialled.screen;
        let connection = dialled.finish()?;
        let name = name.map(str::to_owned).or_else(|| std::env::var("DISPLAY").ok());
        let mut display = Self::from_connection(connection, screen, limits)?;
        display.name = name.unwrap_or_default();
        Ok(display)
    }

    /// Takes over a connection that has just been set up.
    ///
    /// # Errors
    /// If it has no such screen, or breaks off.
    pub fn from_connection(connection: Connection, screen: usize, limits: &Limits) -> Result<Self, X11Error> {
        let has = connection.setup().roots.len();
        if screen >= has {
            return Err(X11Error::NoScreen { wants: screen, has });
        }
        let extensions = Extensions::negotiate(&connection, limits)?;
        let formats = FormatTable::new(connection.setup(), screen);
        let family = rustix::net::getsockname(connection.stream()).map(|address| address.address_family());
        Ok(Self {
            name: String::new(),
            connection,
            screen,
            extensions,
            formats,
            passes_descriptors: family == Ok(AddressFamily::UNIX),
            watch: RefCell::default(),
            tokens: Cell::new(0),
        })
    }

    /// The name that it was opened by; empty for a connection that was taken over.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connection, for requests with replies. Those without go through [`Display::send`].
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The screen of the display's name.
    pub fn screen(&self) -> &Screen {
        &self.connection.setup().roots[self.screen]
    }

    /// What was agreed on.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Refuses to go on without an extension of at least this version.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn need(&self, extension: Extension, wants: Version) -> Result<(), X11Error> {
        let found = self.extensions.need(extension, wants);
        found
            .map(drop)
            .map_err(|absence| X11Error::Extension { extension, absence })
    }

    /// The pixels of the screen's visuals and depths.
    pub fn formats(&self) -> &FormatTable {
        &self.formats
    }

    /// Whether file descriptors can be sent: the server is on this machine.
    pub fn passes_descriptors(&self) -> bool {
        self.passes_descriptors
    }

    /// A token that no other part of the program has.
    pub fn new_token(&self) -> Token {
        self.tokens.set(self.tokens.get() + 1);
        Token(self.tokens.get())
    }

    /// Sends a request that has no reply, and declares what its failure means. `site` names the request in the log.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn send<'a>(
        &'a self,
        site: &'static str,
        on_error: OnError,
        request: impl FnOnce(&'a Connection) -> Result<VoidCookie<'a, Connection>, ConnectionError>,
    ) -> Result<(), X11Error> {
        self.send_numbered(site, on_error, request).map(drop)
    }

    /// As [`Display::send`], and gives the request's number. Events carry its lower half: those from before the request
    /// was carried out have a lower one, as [`is_before`] tells.
    ///
    /// # Errors
    /// As [`Display::send`].
    pub fn send_numbered<'a>(
        &'a self,
        site: &'static str,
        on_error: OnError,
        request: impl FnOnce(&'a Connection) -> Result<VoidCookie<'a, Connection>, ConnectionError>,
    ) -> Result<SequenceNumber, X11Error> {
        let cookie = request(&self.connection)?;
        let sequence = cookie.sequence_number();
        match on_error {
            OnError::Ignore => cookie.ignore_error(),
            OnError::Warn | OnError::Tell(_) => {
                self.watch.borrow_mut().declare(sequence, site, on_error);
                drop(cookie);
            }
        }
        Ok(sequence)
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn flush(&self) -> Result<(), X11Error> {
        Ok(self.connection.flush()?)
    }

    /// The next thing that the server said, without waiting. Errors that were declared harmless are dealt with here.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn poll(&self) -> Result<Option<Happening>, X11Error> {
        while let Some((event, sequence)) = self.connection.poll_for_event_with_sequence()? {
            match event {
                Event::Error(error) => {
                    if let Some(happening) = self.failed(error, sequence) {
                        return Ok(Some(happening));
                    }
                }
                event => {
                    self.watch.borrow_mut().settle(sequence);
                    return Ok(Some(Happening::Event(event)));
                }
            }
        }
        Ok(None)
    }

    /// As [`Display::poll`], but flushes and waits up to `limit` for something to come.
    ///
    /// # Errors
    /// As [`Display::poll`].
    pub fn wait(&self, limit: Duration) -> Result<Option<Happening>, X11Error> {
        self.flush()?;
        let start = Instant::now();
        loop {
            if let Some(happening) = self.poll()? {
                return Ok(Some(happening));
            }
            // What came may have been for nobody.
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let mut fds = [PollFd::new(self, PollFlags::IN)];
            let left = Timespec::try_from(left).map_err(|_| rustix::io::Errno::INVAL)?;
            rustix::io::retry_on_intr(|| poll(&mut fds, Some(&left)))?;
        }
    }

    /// Waits until the server has carried out everything sent so far.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn sync(&self) -> Result<(), X11Error> {
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    fn failed(&self, error: ServerError, sequence: SequenceNumber) -> Option<Happening> {
        let declared = self.watch.borrow_mut().take(sequence);
        let (site, on_error) = declared.map_or(("undeclared request", OnError::Warn), |declared| {
            (declared.site, declared.on_error)
        });
        match on_error {
            OnError::Ignore => None,
            OnError::Warn => {
                tracing::warn!("{site}: the display refused: {error:?}");
                None
            }
            OnError::Tell(token) => Some(Happening::Refused { token, error }),
        }
    }
}

impl AsFd for Display {
    /// The socket, to be watched for reading. Drain [`Display::poll`] before waiting on it: a reply that was waited
    /// for may have brought events along.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.stream().as_fd()
    }
}

/// Whether an event was sent before the server carried out a request of this number, among the last 32768.
pub fn is_before(event: u16, request: SequenceNumber) -> bool {
    event.wrapping_sub(request as u16) > i16::MAX as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_events_wrap() {
        assert!(is_before(6, 7));
        assert!(!is_before(7, 7) && !is_before(8, 7));
        assert!(is_before(0xffff, 0x3_0001));
        assert!(!is_before(2, 0x2_ffff));
    }
}
