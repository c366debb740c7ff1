//! Why a client is ended.

use rustix::io::Errno;

use super::flow::TooManyFds;

/// Something that ends one client and no other.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Fds(#[from] TooManyFds),
    #[error("descriptors were lost on the way: too many came at once")]
    FdsLost,
    #[error("no client begins with byte {0:#04x}")]
    NoSetup(u8),
    #[error("a setup request of {0} bytes")]
    SetupTooLong(u64),
    #[error("a request of length 0, without BIG-REQUESTS")]
    NoLength,
    #[error("a request of {units} units in the long form, which takes 2")]
    RequestTooShort { units: u32 },
    #[error("a request of {bytes} bytes, where the server takes {limit}")]
    RequestTooLong { bytes: u64, limit: u64 },
    #[error("the server speaks of request {said}, when {asked} had been sent")]
    Sequence { said: u64, asked: u64 },
    #[error("the socket: {0}")]
    Socket(#[from] Errno),
    #[error("{0}")]
    Intercepted(String),
}

/// How a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// One of the sides has gone.
    Gone,
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for End {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}
