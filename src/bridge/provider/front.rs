//! A display that adds DRI3 to a server, on a thread of its own.

use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use super::{
    Authority, ClaimError, DisplaySocket, Dri3, Places, Relay, RelayError, Stopper, Unavailable, Upstream,
};
use crate::x11::X11Error;

/// Why there is no such display.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// There is no server to stand before.
    #[error("the X server: {0}")]
    Upstream(#[source] X11Error),
    /// The server lacks what it takes.
    #[error("the X server: {0}")]
    Unavailable(#[from] Unavailable),
    /// No number is left for a display.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The file that lets clients in.
    #[error("a cookie for clients: {0}")]
    Authority(#[source] io::Error),
    /// The relay.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// There is no thread.
    #[error("a thread for the display: {0}")]
    Thread(#[source] io::Error),
}

/// A display that adds DRI3 to a server. It ends, with all its clients, on drop.
#[derive(Debug)]
pub struct Front {
    name: String,
    authority: PathBuf,
    takes_dmabufs: bool,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

/// What the thread tells when it is ready.
struct Ready {
    name: String,
    authority: PathBuf,
    takes_dmabufs: bool,
    stopper: Stopper,
}

impl Front {
    /// Stands before the display of this name, or the one that `DISPLAY` names. GL is in the session that listens at
    /// `session`, by the time that clients come.
    ///
    /// # Errors
    /// If there is no server, it lacks something, or the system does.
    pub fn start(host: Option<&str>, session: &Path) -> Result<Self, FrontError> {
        let (host, session) = (host.map(str::to_owned), session.to_owned());
        let (tell, told) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("display".into())
            .spawn(move || {
                let relay = match prepare(host.as_deref(), &session) {
                    Ok((ready, relay)) => {
                        // The other end waits for this.
                        let _ = tell.send(Ok(ready));
                        relay
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                if let Err(error) = relay.run() {
                    tracing::error!("the display ends: {error}");
                }
            })
            .map_err(FrontError::Thread)?;
        let ended = || FrontError::Thread(io::ErrorKind::BrokenPipe.into());
        let Ready {
            name,
            authority,
            takes_dmabufs,
            stopper,
        } = told.recv().map_err(|_| ended())??;
        Ok(Self {
            name,
            authority,
            takes_dmabufs,
            stopper,
            thread: Some(thread),
        })
    }

    /// The display's name, as `DISPLAY` has it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the server behind it takes dmabufs. If not, the session's pictures have to be in memory that it can map.
    pub fn takes_dmabufs(&self) -> bool {
        self.takes_dmabufs
    }

    /// The file with the cookie that clients need, as `XAUTHORITY` has it.
    pub fn authority(&self) -> &Path {
        &self.authority
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the display's thread panicked");
        }
    }
}

fn prepare(host: Option<&str>, session: &Path) -> Result<(Ready, Relay<Dri3>), FrontError> {
    let upstream = Upstream::open(host).map_err(FrontError::Upstream)?;
    let dri3 = Dri3::new(host, session)?;
    let display = DisplaySocket::claim(&Places::default(), None)?;
    let authority = Authority::create(display.number()).map_err(FrontError::Authority)?;
    let takes_dmabufs = dri3.takes_dmabufs();
    let (name, file) = (format!(":{}", display.number()), authority.path());
    let relay = Relay::new(display, authority, upstream, dri3)?;
    let stopper = relay.stopper();
    let ready = Ready {
        name,
        authority: file,
        takes_dmabufs,
        stopper,
    };
    Ok((ready, relay))
}
