//! The server that a relay passes everything on to.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, SocketAddrAny, SocketFlags, SocketType, connect, getpeername, socket_with, sockopt,
    },
};
use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    errors::ConnectionError,
    protocol::bigreq,
};

use crate::x11::{Cookie, Dialled, X11Error};

/// What the server says of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// The major opcode of BIG-REQUESTS.
    pub(super) big_requests: Option<u8>,
    /// The length in bytes of the longest request.
    pub(super) longest_request: u64,
}

/// A server, with a connection of our own that tells when it goes.
#[derive(Debug)]
pub struct Upstream {
    anchor: crate::x11::Connection,
    address: SocketAddrAny,
    cookie: Cookie,
    limits: Limits,
}

/// What came of an attempt to connect.
#[derive(Debug)]
pub(super) enum Dial {
    Connected(OwnedFd),
    /// It will be writable when that is decided.
    Connecting(OwnedFd),
    /// The server has too many who wait for it.
    Busy,
}

impl Upstream {
    /// Connects to a display by name, or to the one that `DISPLAY` names. Its cookie is taken from the user's file, as
    /// Xlib does.
    ///
    /// # Errors
    /// If there is no such display, or it refuses us.
    pub fn open(name: Option<&str>) -> Result<Self, X11Error> {
        Self::new(crate::x11::dial(name)?)
    }

    /// Takes over a connection on which nothing was said yet. Clients are connected to where it leads.
    ///
    /// # Errors
    /// If the server refuses us.
    pub fn new(dialled: Dialled) -> Result<Self, X11Error> {
        let address = getpeername(&dialled.stream).and_then(|address| address.ok_or(Errno::NOTCONN));
        let address = address.map_err(|error| ConnectionError::IoError(error.into()))?;
        let cookie = dialled.cookie.clone();
        let anchor = dialled.finish()?;
        let big_requests = anchor.extension_information(bigreq::X11_EXTENSION_NAME)?;
        let limits = Limits {
            big_requests: big_requests.map(|extension| extension.major_opcode),
            longest_request: anchor.maximum_request_bytes() as u64,
        };
        Ok(Self {
            anchor,
            address,
            cookie,
            limits,
        })
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn cookie(&self) -> &Cookie {
        &self.cookie
    }

    /// Begins a connection for a client.
    pub(super) fn dial(&self) -> Result<Dial, Errno> {
        let family = self.address.address_family();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        if family != AddressFamily::UNIX {
            sockopt::set_tcp_nodelay(&socket, true)?;
        }
        match connect(&socket, &self.address) {
            Ok(()) => Ok(Dial::Connected(socket)),
            Err(Errno::INPROGRESS) => Ok(Dial::Connecting(socket)),
            Err(Errno::AGAIN) => Ok(Dial::Busy),
            Err(error) => Err(error),
        }
    }

    /// Reads what the server tells everybody. There is nothing in it for us but whether it is still there.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn listen(&self) -> Result<(), X11Error> {
        while self.anchor.poll_for_event()?.is_some() {}
        Ok(())
    }
}

impl AsFd for Upstream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.anchor.stream().as_fd()
    }
}
