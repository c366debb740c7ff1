//! The session that the clients of one `run` share: a process with GL, and the socket that leads to it.
//!
//! The socket is ours, so it outlives the process: when that ends of what a client did to it, the next connection finds
//! a new one. What was shared in the old process is gone, as after the reset of a GPU.

use std::{
    io::{self, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            net::{UnixListener, UnixStream},
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::Mode,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal, umask},
};

use crate::pipe::wire::vtest::Request;

/// A session that lives shorter than this did not get to serve anybody.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// How long a session may take to be ready: drivers may have to be compiled for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an answer is waited for before looking whether the session is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What we call ourselves in the session's log.
const NAME: &[u8] = b"pixbridge start";
/// So many short lives in a row mean that it cannot work at all.
const MAX_SHORT_LIVES: u32 = 3;

/// The session's process and socket. Both go on drop.
#[derive(Debug)]
pub struct SessionHost {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

/// What the process is about.
#[derive(Debug)]
enum State {
    /// By descriptor: its number may be somebody else's by the time it is used.
    Running(OwnedFd),
    /// None will be started any more.
    Over,
}

impl SessionHost {
    /// Listens on a path, which must be free, and starts sessions by `command` with the listening socket as standard
    /// input, one at a time.
    ///
    /// # Errors
    /// If the path cannot be bound or the first process not be started.
    pub fn start(path: &Path, command: impl Fn() -> Command + Send + 'static) -> io::Result<Self> {
        // The mode must be right from the start: a moment later somebody else could be connected.
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let socket = UnixListener::bind(path);
        umask(before);
        let socket = OwnedFd::from(socket?);
        let first = spawn(&command, &socket)?;
        let state = Arc::new(Mutex::new(State::running(&first)?));
        let watched = state.clone();
        thread::Builder::new()
            .name("session".into())
            .spawn(move || watch(first, &command, &socket, &watched))?;
        Ok(Self {
            path: path.to_owned(),
            state,
        })
    }

    /// Waits until the session answers, as a client would.
    ///
    /// # Errors
    /// If it ends instead, which its log says the reason of, or takes longer than a minute.
    pub fn wait_ready(&self) -> io::Result<()> {
        let mut stream = UnixStream::connect(&self.path)?;
        stream.set_read_timeout(Some(LOOK_AGAIN))?;
        let mut words = Vec::new();
        Request::CreateRenderer { name: NAME }.encode(&mut words);
        Request::Ping.encode(&mut words);
        stream.write_all(&words)?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match stream.read(&mut [0]) {
                Ok(1..) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
            if matches!(*lock(&self.state), State::Over) {
                break;
            }
        }
        Err(io::Error::other("it does not answer"))
    }

    /// Where clients connect to.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SessionHost {
    fn drop(&mut self) {
        if let State::Running(process) = std::mem::replace(&mut *lock(&self.state), State::Over)
            && let Err(error) = pidfd_send_signal(&process, Signal::TERM)
        {
            tracing::debug!("ending the session: {error}");
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!("removing {}: {error}", self.path.display());
        }
    }
}

impl State {
    fn running(child: &Child) -> io::Result<Self> {
        let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
        Ok(Self::Running(process))
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(command: &impl Fn() -> Command, socket: &OwnedFd) -> io::Result<Child> {
    // A group of its own: what a terminal sends to its foreground is for the application, not for what serves it.
    command().stdin(socket.try_clone()?).process_group(0).spawn()
}

/// Waits for the end of each process and starts the next, until there is none to be.
fn watch(first: Child, command: &impl Fn() -> Command, socket: &OwnedFd, state: &Mutex<State>) {
    let (mut child, mut short_lives) = (first, 0);
    loop {
        let begun = Instant::now();
        let status = child.wait();
        let mut state = lock(state);
        if matches!(*state, State::Over) {
            return;
        }
        *state = State::Over;
        match status {
            Ok(status) => report(status),
            Err(error) => return tracing::error!("the session cannot be waited for: {error}"),
        }
        short_lives = if begun.elapsed() < SHORT_LIFE {
            short_lives + 1
        } else {
            0
        };
        if short_lives >= MAX_SHORT_LIVES {
            return tracing::error!("the session ended {short_lives} times at once: no more are started");
        }
        let next = spawn(command, socket).and_then(|child| Ok((State::running(&child)?, child)));
        (*state, child) = match next {
            Ok(next) => next,
            Err(error) => return tracing::error!("no new session: {error}"),
        };
    }
}

fn report(status: ExitStatus) {
    match status.signal() {
        Some(signal) => {
            tracing::error!("the session was ended by signal {signal}; its clients have lost their GL")
        }
        None => tracing::warn!("the session ended ({status}); its clients have lost their GL"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A host whose processes note their numbers, a line each, and then do what the script says.
    fn host(directory: &tempfile::TempDir, script: &'static str) -> SessionHost {
        let notes = directory.path().join("notes");
        SessionHost::start(&directory.path().join("session"), move || {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &format!("echo $$ >> \"$0\"; {script}")])
                .arg(&notes);
            shell
        })
        .unwrap()
    }

    /// The number of the n-th process, once it runs.
    fn process(directory: &tempfile::TempDir, n: usize) -> Pid {
        let start = Instant::now();
        loop {
            let notes = fs::read_to_string(directory.path().join("notes")).unwrap_or_default();
            if let Some(line) = notes
                .split_inclusive('\n')
                .nth(n)
                .filter(|line| line.ends_with('\n'))
            {
                return Pid::from_raw(line.trim().parse().unwrap()).unwrap();
            }
            assert!(start.elapsed() < PATIENCE, "{notes}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn wait_until(what: impl Fn() -> bool) {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_session_that_dies_is_followed_by_another_on_the_same_socket() {
        let directory = tempfile::tempdir().unwrap();
        let host = host(&directory, "exec sleep 600");
        let first = process(&directory, 0);
        rustix::process::kill_process(first, Signal::KILL).unwrap();
        assert_ne!(process(&directory, 1), first);
        assert!(host.path().exists());
    }

    #[test]
    fn sessions_that_cannot_live_are_not_started_for_ever() {
        let directory = tempfile::tempdir().unwrap();
        let host = host(&directory, "exit 1");
        wait_until(|| matches!(*lock(&host.state), State::Over));
        assert!(host.wait_ready().is_err());
        let notes = fs::read_to_string(directory.path().join("notes")).unwrap();
        assert_eq!(notes.lines().count(), MAX_SHORT_LIVES as usize);
    }

    #[test]
    fn process_and_socket_go_with_the_host() {
        let directory = tempfile::tempdir().unwrap();
        let host = host(&directory, "exec sleep 600");
        let pid = process(&directory, 0);
        let path = host.path().to_owned();
        drop(host);
        assert!(!path.exists());
        wait_until(|| rustix::process::test_kill_process(pid).is_err());
    }
}
