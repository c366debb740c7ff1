//! An X server inside the test process, for the faults that no real server shows on demand.
//!
//! A [`Script`] says what the peer offers and how it behaves; a [`Control`] changes that while it runs, moves its clock,
//! and tells what clients asked for. Clients are real: x11rb connections over a pair of sockets, descriptors included.
//! Pixmaps have real pixels, in the memory that the client passed where it passed some, so what was presented can be
//! looked at. A "dmabuf" is any file that can be read and written, such as a memfd.
//!
//! ```no_run
//! use pixbridge_xtests::xpeer::{ErrorCode, Extension, Operation, Peer, Script};
//!
//! let peer = Peer::start(Script::default().version(Extension::Dri3, (1, 0)))?;
//! let connection = peer.connect()?;
//! peer.control().refuse_next(Operation::Import, ErrorCode::Alloc);
//! peer.control().advance_msc(3);
//! peer.finish();
//! # Ok::<(), pixbridge_xtests::xpeer::PeerError>(())
//! ```
//!
//! Whatever a client does wrong becomes a [`Complaint`]. [`Peer::finish`] fails the test if there are any. Errors that the
//! script asked for are none, nor are errors about what somebody else destroyed.

mod composite;
mod control;
mod core;
mod drawing;
mod dri3;
mod engine;
mod error;
mod extension;
mod fence;
mod log;
mod memory;
mod notify;
mod present;
mod region;
mod resources;
mod schedule;
mod script;
mod server;
mod setup;
mod shm;
mod surface;
mod windows;
mod wire;
mod xfixes;

pub use control::Control;
pub use error::ErrorCode;
pub use extension::{Extension, Offer};
pub use log::{Area, Complaint, Imported, Logged, Plane, Point, Presented, Seen, Synchronisation, Target};
pub use resources::Counts;
pub use script::{
    Clock, Completion, Idle, LINEAR, Modifiers, Msc, Operation, Orphans, Presenting, ReplyFault, Script,
    Signs,
};
pub use surface::Pixels;
pub use wire::LinkError;

use std::{
    io,
    os::unix::net::UnixStream,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use pixbridge::x11;
use rustix::event::{EventfdFlags, eventfd};
use x11rb::rust_connection::{ConnectError, DefaultStream, RustConnection};

use engine::Order;
use server::Server;

/// Why something could not be done with a peer.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The system refused a thread, a socket or memory.
    #[error("the peer: {0}")]
    System(#[from] io::Error),
    /// The X client could not be set up.
    #[error("connecting to the peer: {0}")]
    Connect(#[from] ConnectError),
    /// A drawable has no pixels to look at.
    #[error("{drawable:#x} is no drawable, or its memory is gone")]
    NoPixels {
        /// Its XID.
        drawable: u32,
    },
    /// A window could not be changed.
    #[error("window {window:#x}: Bad{code:?}")]
    Refused {
        /// Its XID.
        window: u32,
        /// The error that a client would have got.
        code: ErrorCode,
    },
}

/// A running server, ended on drop.
#[derive(Debug)]
pub struct Peer {
    control: Control,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// Starts a server in a thread of its own.
    ///
    /// # Errors
    /// [`PeerError::System`] if the system refuses what it needs.
    pub fn start(script: Script) -> Result<Self, PeerError> {
        let wake =
            Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from)?);
        let (orders, inbox) = mpsc::channel();
        let (begun, begin) = mpsc::channel();
        let thread = thread::Builder::new().name("xpeer".into()).spawn({
            let wake = Arc::clone(&wake);
            move || {
                let server = Server::new(script);
                // `start` is waiting for it.
                let _ = begun.send(server.is_ok());
                if let Ok(server) = server {
                    engine::run(server, &inbox, &wake);
                }
            }
        })?;
        let peer = Self {
            control: Control { orders, wake },
            thread: Some(thread),
        };
        match begin.recv() {
            Ok(true) => Ok(peer),
            Ok(false) | Err(_) => Err(io::Error::other("no memory for the root window").into()),
        }
    }

    /// The handle of the test.
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// Connects an X client.
    ///
    /// # Errors
    /// If the system has no sockets, or the handshake fails.
    pub fn connect(&self) -> Result<RustConnection, PeerError> {
        let (stream, _) = DefaultStream::from_unix_stream(self.connect_stream()?)?;
        Ok(RustConnection::connect_to_stream(stream, 0)?)
    }

    /// Connects an X client that does not trust the peer.
    ///
    /// # Errors
    /// As [`Peer::connect`].
    pub fn connect_guarded(&self) -> Result<x11::Connection, PeerError> {
        let (stream, _) = DefaultStream::from_unix_stream(self.connect_stream()?)?;
        let stream = x11::GuardedStream::new(stream);
        Ok(x11::Connection::connect_to_stream(stream, 0)?)
    }

    /// Connects a client that has said nothing yet.
    ///
    /// # Errors
    /// [`PeerError::System`] if the system has no sockets.
    pub fn connect_stream(&self) -> Result<UnixStream, PeerError> {
        let (client, server) = UnixStream::pair()?;
        self.control.ask(move |state| state.accept(server));
        Ok(client)
    }

    /// Ends the server.
    ///
    /// # Panics
    /// If a client did what it must not do; the message has all of it. Also if the server itself failed.
    pub fn finish(mut self) {
        let complaints = self.control.ask(|server| {
            server.note_leftovers();
            std::mem::take(&mut server.log.complaints)
        });
        self.stop();
        let lines: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "the X client was wrong:\n{}", lines.join("\n"));
    }

    fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.control.order(Order::Stop);
        if let Err(panic) = thread.join()
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop();
    }
}
