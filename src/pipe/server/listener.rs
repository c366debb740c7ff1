//! The listening socket, and a process for each connection.
//!
//! The parent does nothing but accept and reap: no GL, no client data. Whatever a client does to its session (a crash
//! of the host's driver, a hang, memory without end) ends that process and no other.

use std::{
    fs, io,
    os::{
        fd::OwnedFd,
        unix::{
            net::{UnixListener, UnixStream},
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::Mode,
    net::sockopt::socket_peercred,
    process::{getuid, umask},
};

/// Sessions at a time; each has a GL of its own.
const MAX_SESSIONS: usize = 256;

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ListenError {
    #[error("a server is already listening on {}", .0.display())]
    InUse(PathBuf),
    #[error("cannot listen on {}: {error}", .path.display())]
    Bind { path: PathBuf, error: io::Error },
}

/// A listening socket that only its owner can reach. The path is removed on drop.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    sessions: Sessions,
}

/// The number of sessions that are running.
#[derive(Debug, Clone, Default)]
pub struct Sessions(Arc<AtomicUsize>);

impl Sessions {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits until the last one has ended; false if that takes longer than `patience`.
    pub fn wait(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.count() > 0 {
            if Instant::now() > end {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }
}

impl Listener {
    /// Listens on a path. A socket that nobody answers on any more is replaced.
    ///
    /// # Errors
    /// If another server answers there, or the path cannot be bound.
    pub fn bind(path: &Path) -> Result<Self, ListenError> {
        if UnixStream::connect(path).is_ok() {
            return Err(ListenError::InUse(path.to_owned()));
        }
        let failed = |error| ListenError::Bind {
            path: path.to_owned(),
            error,
        };
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // The mode must be right from the start: a moment later somebody else could be connected.
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let socket = UnixListener::bind(path);
        umask(before);
        Ok(Self {
            socket: socket.map_err(failed)?,
            path: path.to_owned(),
            sessions: Sessions::default(),
        })
    }

    /// The sessions started by this listener.
    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    /// Accepts connections for ever, starting `session` with the connection as its standard input for each.
    ///
    /// # Errors
    /// If accepting fails for good.
    pub fn serve(&self, session: impl Fn() -> Command) -> io::Result<()> {
        loop {
            let stream = match self.socket.accept() {
                Ok((stream, _)) => stream,
                Err(error) if is_transient(&error) => {
                    tracing::warn!("a connection was lost: {error}");
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(peer) = permitted(&stream) else { continue };
            if self.sessions.count() >= MAX_SESSIONS {
                tracing::warn!("process {peer} is turned away: {MAX_SESSIONS} sessions are running");
                continue;
            }
            start(session(), stream, peer, &self.sessions);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!("removing {}: {error}", self.path.display());
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let transient = [
        Errno::CONNABORTED,
        Errno::INTR,
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
    ];
    Errno::from_io_error(error).is_some_and(|errno| transient.contains(&errno))
}

/// The process at the other end, if it belongs to our own user.
fn permitted(stream: &UnixStream) -> Option<i32> {
    match socket_peercred(stream) {
        Ok(peer) if peer.uid == getuid() => Some(peer.pid.as_raw_nonzero().get()),
        Ok(peer) => {
            tracing::warn!(
                "user {} is turned away: the server belongs to {}",
                peer.uid,
                getuid()
            );
            None
        }
        Err(error) => {
            tracing::warn!("a connection of an unknown user is turned away: {error}");
            None
        }
    }
}

/// Starts a session and leaves it to a thread that waits for its end.
fn start(mut session: Command, stream: UnixStream, peer: i32, sessions: &Sessions) {
    // A group of its own: what a terminal sends to its foreground is for the application, not for what serves it.
    let mut child = match session.stdin(OwnedFd::from(stream)).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::error!("no session for process {peer}: {error}");
            return;
        }
    };
    tracing::debug!("session {} serves process {peer}", child.id());
    sessions.0.fetch_add(1, Ordering::Relaxed);
    let sessions = sessions.clone();
    thread::spawn(move || {
        match child.wait() {
            Ok(status) => report(status, peer),
            Err(error) => tracing::error!("the session of process {peer} cannot be waited for: {error}"),
        }
        sessions.0.fetch_sub(1, Ordering::Relaxed);
    });
}

fn report(status: ExitStatus, peer: i32) {
    match status.signal() {
        Some(signal) => tracing::error!("the session of process {peer} was ended by signal {signal}"),
        None => tracing::debug!("the session of process {peer} ended: {status}"),
    }
}
