//! The listening socket, and a process for each connection.
//!
//! The parent does nothing but accept and reap: no GL, no client data. Whatever a client does to its session (a crash
//! of the host's driver, a hang, memory without end) ends that process and no other.

use std::{
    fmt, fs, io,
    os::{
        fd::OwnedFd,
        unix::{
            fs::FileTypeExt,
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
    process::{Uid, getuid, umask},
};

/// Sessions at a time; each has a GL of its own.
const MAX_SESSIONS: usize = 256;
/// How long a listener that is short of something waits.
const RETRY_AFTER: Duration = Duration::from_millis(20);

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ListenError {
    #[error("a server is already listening on {}", .0.display())]
    InUse(PathBuf),
    #[error("cannot listen on {}: {error}", .path.display())]
    Bind { path: PathBuf, error: io::Error },
}

impl ListenError {
    fn bind(path: &Path, error: io::Error) -> Self {
        Self::Bind {
            path: path.to_owned(),
            error,
        }
    }
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
        make_free(path)?;
        // The mode must be right from the start: a moment later somebody else could be connected.
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let socket = UnixListener::bind(path);
        umask(before);
        Ok(Self {
            socket: socket.map_err(|error| ListenError::bind(path, error))?,
            path: path.to_owned(),
            sessions: Sessions::default(),
        })
    }

    /// The sessions started by this listener.
    pub fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    /// Accepts connections for ever, starting the `session` for its peer with the connection as its standard input for
    /// each.
    ///
    /// # Errors
    /// If accepting fails for good.
    pub fn serve(&self, session: impl Fn(&Peer) -> Command) -> io::Result<()> {
        loop {
            let stream = match self.socket.accept() {
                Ok((stream, _)) => stream,
                Err(error) if is_transient(&error) => {
                    tracing::warn!("a connection cannot be accepted: {error}");
                    // It is still queued if descriptors or memory are short, and they do not come back at once.
                    thread::sleep(RETRY_AFTER);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(peer) = permitted(&stream, getuid()) else {
                continue;
            };
            if self.sessions.count() >= MAX_SESSIONS {
                tracing::warn!("process {peer} is turned away: {MAX_SESSIONS} sessions are running");
                continue;
            }
            start(session(&peer), stream, peer, &self.sessions);
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

pub(crate) fn is_transient(error: &io::Error) -> bool {
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

/// Sees to it that a path can be listened on: a socket that nobody answers on any more is removed.
///
/// # Errors
/// If another server answers there, or something that is no socket is there.
pub fn make_free(path: &Path) -> Result<(), ListenError> {
    match UnixStream::connect(path) {
        Ok(_) => Err(ListenError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            remove_stale(path).map_err(|error| ListenError::bind(path, error))
        }
        // If something is there after all, binding says so.
        Err(_) => Ok(()),
    }
}

/// Removes a socket that nobody listens on. Connections to what is no socket are refused as well, but it may be of value.
fn remove_stale(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "something that is not a socket is there",
        ));
    }
    fs::remove_file(path)
}

/// The process at the other end of a connection; in log lines its number and its quoted name.
#[derive(Debug)]
pub struct Peer {
    pid: i32,
    /// As the kernel shows it; empty if the process is gone already.
    name: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name is the client's choice: nothing in it may look like a line of ours.
        write!(f, "{} {:?}", self.pid, self.name)
    }
}

/// The process at the other end, if it belongs to the user `ours`.
pub(crate) fn permitted(stream: &UnixStream, ours: Uid) -> Option<Peer> {
    match socket_peercred(stream) {
        Ok(peer) if peer.uid == ours => {
            let pid = peer.pid.as_raw_nonzero().get();
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            Some(Peer {
                pid,
                name: name.trim_end().to_owned(),
            })
        }
        Ok(peer) => {
            tracing::warn!("user {} is turned away: the server belongs to {ours}", peer.uid);
            None
        }
        Err(error) => {
            tracing::warn!("a connection of an unknown user is turned away: {error}");
            None
        }
    }
}

/// Starts a session and leaves it to a thread that waits for its end.
fn start(mut session: Command, stream: UnixStream, peer: Peer, sessions: &Sessions) {
    // A group of its own: what a terminal sends to its foreground is for the application, not for what serves it.
    let mut child = match session.stdin(OwnedFd::from(stream)).process_group(0).spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::error!("no session for process {peer}: {error}");
            return;
        }
    };
    tracing::info!("session {} serves process {peer}", child.id());
    sessions.0.fetch_add(1, Ordering::Relaxed);
    let sessions = sessions.clone();
    thread::spawn(move || {
        match child.wait() {
            Ok(status) => report(status, &peer),
            Err(error) => tracing::error!("the session of process {peer} cannot be waited for: {error}"),
        }
        sessions.0.fetch_sub(1, Ordering::Relaxed);
    });
}

fn report(status: ExitStatus, peer: &Peer) {
    match status.signal() {
        Some(signal) => tracing::error!("the session of process {peer} was ended by signal {signal}"),
        None => tracing::info!("the session of process {peer} ended: {status}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::Shutdown,
        os::unix::fs::PermissionsExt,
    };

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn only_the_owner_reaches_the_socket_and_it_goes_with_the_listener() {
        let directory = directory();
        let path = directory.path().join("socket");
        let listener = Listener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let directory = directory();
        let path = directory.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let _listener = Listener::bind(&path).unwrap();
        assert!(matches!(Listener::bind(&path), Err(ListenError::InUse(_))));
    }

    #[test]
    fn what_is_not_a_socket_is_left_alone() {
        let directory = directory();
        let path = directory.path().join("file");
        fs::write(&path, "of value").unwrap();
        assert!(matches!(Listener::bind(&path), Err(ListenError::Bind { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "of value");
    }

    #[test]
    fn other_users_are_turned_away() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let other = Uid::from_raw(getuid().as_raw() ^ 1);
        assert!(permitted(&ours, other).is_none());
        let peer = permitted(&ours, getuid()).unwrap();
        assert_eq!(peer.pid, std::process::id() as i32);
        assert_ne!(peer.name, "");
    }

    #[test]
    fn names_of_clients_cannot_break_log_lines() {
        let peer = Peer {
            pid: 7,
            name: "a\nb\u{1b}".to_owned(),
        };
        assert_eq!(peer.to_string(), r#"7 "a\nb\u{1b}""#);
    }

    #[test]
    fn every_connection_is_the_standard_input_of_a_process_and_one_that_dies_takes_no_other_along() {
        let directory = directory();
        let path = directory.path().join("socket");
        let listener = Listener::bind(&path).unwrap();
        let sessions = listener.sessions();
        thread::spawn(move || {
            listener.serve(|_| {
                let mut shell = Command::new("sh");
                shell.args(["-c", "read line; test $line = die && kill -9 $$; echo $line >&0"]);
                shell
            })
        });
        let mut first = UnixStream::connect(&path).unwrap();
        let mut second = UnixStream::connect(&path).unwrap();
        let mut answer = String::new();
        first.write_all(b"die\n").unwrap();
        first.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "");
        second.write_all(b"live\n").unwrap();
        second.shutdown(Shutdown::Write).unwrap();
        second.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "live\n");
        assert!(sessions.wait(Duration::from_secs(10)));
    }
}
