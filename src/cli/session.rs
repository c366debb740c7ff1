//! `pixbridge session`: serves one connection, or many that share resources, in a process of its own.

use std::{
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

use clap::Args;
use pixbridge::{
    gl::{Choice, Display},
    pipe::{
        exec::{Executor, ExecutorGroup, PicturePlace},
        resource::Placement,
        server::{Limits, Peer, Recorder, Session, SharedLimits, SharedSession},
    },
    present::open_gl,
    x11,
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

use super::Failure;

/// What glibc's allocator keeps to itself in a session (mallopt(3)). A software GL allocates and frees some hundred KiB for
/// each frame; by default that memory goes back to the kernel each time, and is faulted in and cleared again.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_TRIM_THRESHOLD_", "67108864"),
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
];

#[derive(Debug, Args)]
pub(super) struct SessionArgs {
    /// Trace file to write
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Whom log lines name as the client
    #[arg(long, value_name = "PROCESS", default_value = "unknown")]
    peer: String,
    /// Standard input is a listening socket: serve all who connect to it, until it is shut down and they are gone
    #[arg(long, conflicts_with_all = ["record", "peer"])]
    shared: bool,
    /// Where pictures are shared
    #[arg(long, value_name = "PLACE", default_value = "best", value_parser = super::place, requires = "shared")]
    pictures: PicturePlace,
}

impl SessionArgs {
    pub(super) fn run(self, gl: Choice) -> Result<ExitCode, Failure> {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
        match self.shared {
            true => serve_all(socket, gl, self.pictures),
            false => self.serve(socket, gl),
        }
    }

    fn serve(&self, socket: OwnedFd, gl: Choice) -> Result<ExitCode, Failure> {
        let _span = tracing::error_span!("client", process = %self.peer).entered();
        let executor = Executor::new(debugged(Display::open(gl)?))?;
        let mut session = Session::new(UnixStream::from(socket), executor, Limits::default());
        if let Some(file) = &self.record {
            let recorder = Recorder::create(file)
                .map_err(|error| format!("cannot record to {}: {error}", file.display()))?;
            session = session.record(recorder);
        }
        match session.run() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                tracing::error!("the connection is ended: {error}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

/// Serves whoever connects to a listening socket.
fn serve_all(socket: OwnedFd, gl: Choice, place: PicturePlace) -> Result<ExitCode, Failure> {
    raise_descriptors()?;
    let group = ExecutorGroup::new(debugged(open_to_share(gl, place)?), place)?;
    SharedSession::new(UnixListener::from(socket), group, SharedLimits::default())?.run()?;
    Ok(ExitCode::SUCCESS)
}

/// The GL of a session whose pictures are to be there.
pub(super) fn open_to_share(gl: Choice, place: PicturePlace) -> Result<Display, Failure> {
    match place.allows(Placement::Dmabuf) {
        true => open_on_device(gl),
        false => Ok(Display::open(gl)?),
    }
}

/// GL on the device of the X server, if there is one and the choice is ours: it takes dmabufs of no other. The connection
/// to it ends before any client is served.
fn open_on_device(gl: Choice) -> Result<Display, Failure> {
    let server = match x11::Display::open(None, &x11::Limits::default()) {
        Ok(server) => server,
        Err(reason) => {
            tracing::info!("GL is not on the device of a display: {reason}");
            return Ok(Display::open(gl)?);
        }
    };
    let display = open_gl(&server, gl)?;
    Ok(Rc::into_inner(display).ok_or("GL is still tried out")?)
}

fn debugged(display: Display) -> Display {
    display.set_debug(tracing::enabled!(tracing::Level::DEBUG));
    display
}

/// Allows as many descriptors as the system does: shared memory keeps one for each resource.
fn raise_descriptors() -> std::io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// The command that starts a session for one connection; the listener adds the connection. Sessions after the first are
/// recorded under numbered names.
pub(super) fn command(
    gl: Choice,
    record: Option<PathBuf>,
) -> std::io::Result<impl Fn(&Peer) -> std::process::Command> {
    let count = AtomicU32::new(0);
    let base = base_command(gl)?;
    Ok(move |peer: &Peer| {
        let mut command = base();
        command.args(["--peer", &peer.to_string()]);
        if let Some(file) = &record {
            command
                .arg("--record")
                .arg(numbered(file, count.fetch_add(1, Ordering::Relaxed)));
        }
        command
    })
}

/// The command that starts a session for all who connect to a socket, which the caller adds.
pub(super) fn shared_command(
    gl: Choice,
    place: PicturePlace,
) -> std::io::Result<impl Fn() -> std::process::Command> {
    let base = base_command(gl)?;
    Ok(move || {
        let mut command = base();
        command.args(["--shared", "--pictures", place.name()]);
        command
    })
}

fn base_command(gl: Choice) -> std::io::Result<impl Fn() -> std::process::Command> {
    let program = std::env::current_exe()?;
    let level = std::env::var(super::log::VARIABLE);
    Ok(move || {
        let mut command = std::process::Command::new(&program);
        // Whoever tries out clients has these set; for our own GL they would lead back to this server.
        command.env_remove("VTEST_SOCKET_NAME");
        if std::env::var_os("GALLIUM_DRIVER").is_some_and(|driver| driver == "virpipe") {
            command.env_remove("GALLIUM_DRIVER");
        }
        command.arg("--gl").arg(gl.to_string()).arg("session");
        for (tunable, bytes) in ALLOCATOR {
            if std::env::var_os(tunable).is_none() {
                command.env(tunable, bytes);
            }
        }
        if let Ok(level) = &level {
            command.env(super::log::VARIABLE, level);
        }
        command
    })
}

/// The name itself for the first, with a number behind it for others.
fn numbered(file: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return file.to_owned();
    }
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
