//! Who draws: direct llvmpipe, the C renderer behind its server, or pixbridge in one of its two ways.

use crate::process::{ProcessError, Running};
use crate::xvfb::Xvfb;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(10);

/// A way from a GL client to the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Renderer {
    /// Mesa's llvmpipe in the client's own process: the picture to compare with.
    Direct,
    /// Mesa's virpipe against `virgl_test_server`, which draws with llvmpipe.
    Peer,
    /// Mesa's virpipe against pixbridge, which draws with llvmpipe.
    Vtest,
    /// Mesa's virtio-gpu driver against pixbridge, which draws with llvmpipe and shares the frames over DRI3.
    Dri3,
}

impl Renderer {
    /// All of them, the reference first.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Peer, Self::Vtest, Self::Dri3];

    /// How `GL_RENDERER` starts for a client that really runs on this renderer.
    pub const fn name_prefix(self) -> &'static str {
        match self {
            Self::Direct => "llvmpipe (",
            Self::Peer => "virgl (LLVMPIPE ",
            Self::Vtest | Self::Dri3 => "virgl (pixbridge on LLVMPIPE ",
        }
    }
}

impl fmt::Display for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Peer => "peer",
            Self::Vtest => "vtest",
            Self::Dri3 => "dri3",
        })
    }
}

/// Why a renderer could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum StandError {
    /// The built binary is not there.
    #[error("{0} is not there: run `cargo build --workspace` and `cargo build --examples`, for this profile")]
    NotBuilt(PathBuf),
    /// The place of the running executable could not be told.
    #[error("cannot tell where this executable lies: {0}")]
    NoExecutable(io::Error),
    /// No directory for the peer's socket could be made.
    #[error("cannot make a directory for a socket in {SOCKET_PARENT}: {0}")]
    SocketDirectory(io::Error),
    /// The server of the peer did not start.
    #[error("virgl_test_server made no socket within {} s\n{output}", START_LIMIT.as_secs())]
    NoSocket {
        /// What it had written.
        output: String,
    },
    /// The server of the peer could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// Outside `/tmp`, which the peer's clients see emptied.
const SOCKET_PARENT: &str = "/var/tmp";

/// Environment variables that would lead a client elsewhere than the stand says.
const FOREIGN_VARIABLES: [&str; 6] = [
    "GALLIUM_DRIVER",
    "LD_PRELOAD",
    "LIBGL_ALWAYS_SOFTWARE",
    "MESA_LOADER_DRIVER_OVERRIDE",
    "VTEST_SOCKET_NAME",
    "WAYLAND_DISPLAY",
];

/// A renderer made ready to run clients on.
#[derive(Debug)]
pub struct Stand {
    renderer: Renderer,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Direct,
    Peer(PeerServer),
    Ours { binary: PathBuf, via: &'static str },
}

impl Kind {
    fn ours(via: &'static str) -> Result<Self, StandError> {
        let binary = our_binary()?;
        Ok(Self::Ours { binary, via })
    }
}

impl Stand {
    /// Makes a renderer ready: starts the peer's server, finds our binary.
    ///
    /// # Errors
    /// When the server does not start or the binary is not built.
    pub fn prepare(renderer: Renderer) -> Result<Self, StandError> {
        let kind = match renderer {
            Renderer::Direct => Kind::Direct,
            Renderer::Peer => Kind::Peer(PeerServer::start()?),
            Renderer::Vtest => Kind::ours("vtest")?,
            Renderer::Dri3 => Kind::ours("dri3")?,
        };
        Ok(Self { renderer, kind })
    }

    /// Which renderer this is.
    pub fn renderer(&self) -> Renderer {
        self.renderer
    }

    /// A command that runs `program` on this renderer and this display. Its arguments can be added.
    ///
    /// Children of the program run on the same renderer.
    pub fn command(&self, xvfb: &Xvfb, program: impl AsRef<OsStr>) -> Command {
        let mut command = match &self.kind {
            Kind::Direct => Command::new(program),
            Kind::Peer(server) => server.client(program.as_ref()),
            Kind::Ours { binary, via } => {
                let mut command = Command::new(binary);
                command.args(["run", "--via", via, "--"]).arg(program);
                command
            }
        };
        for variable in FOREIGN_VARIABLES {
            command.env_remove(variable);
        }
        if !matches!(self.kind, Kind::Ours { .. }) {
            command.env("LIBGL_ALWAYS_SOFTWARE", "1");
        }
        if let Kind::Peer(server) = &self.kind {
            command
                .env("GALLIUM_DRIVER", "virpipe")
                .env("VTEST_SOCKET_NAME", &server.socket);
        }
        command.env("DISPLAY", xvfb.display()).env("vblank_mode", "0");
        command
    }
}

/// `virgl_test_server` on a socket of its own.
#[derive(Debug)]
struct PeerServer {
    _server: Running,
    socket: PathBuf,
    _directory: TempDir,
}

impl PeerServer {
    fn start() -> Result<Self, StandError> {
        let directory = tempfile::Builder::new()
            .prefix("pixbridge-peer.")
            .tempdir_in(SOCKET_PARENT)
            .map_err(StandError::SocketDirectory)?;
        let socket = directory.path().join("socket");
        // The option's other spelling, with a space, makes version 0.10.4 take the path for a stream to play.
        let mut command = in_private_tmp(r#"exec setpriv --pdeathsig KILL virgl_test_server "$@""#);
        command
            .arg("--use-egl-surfaceless")
            .arg(format!("--socket-path={}", socket.display()));
        let mut server = Running::start(command)?;
        wait_for_socket(&mut server, &socket)?;
        Ok(Self {
            _server: server,
            socket,
            _directory: directory,
        })
    }

    /// Mesa 22.3 knows one path only, so each client gets a `/tmp` in which that path leads to our socket.
    fn client(&self, program: &OsStr) -> Command {
        let mut command = in_private_tmp(r#"ln -s "$1" /tmp/.virgl_test && shift && exec "$@""#);
        command.arg(&self.socket).arg(program);
        command
    }
}

/// A shell script in a mount namespace whose `/tmp` is empty: neither the server nor its clients can meet
/// another server's socket there. X clients use the abstract socket, which no namespace of files hides.
fn in_private_tmp(script: &str) -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--", "sh", "-c"]);
    command
        .arg(format!("mount -t tmpfs tmpfs /tmp && {script}"))
        .arg("sh");
    command
}

fn wait_for_socket(server: &mut Running, socket: &Path) -> Result<(), StandError> {
    let start = Instant::now();
    while !socket.exists() {
        if start.elapsed() > START_LIMIT || server.poll()?.is_some() {
            return Err(StandError::NoSocket {
                output: server.output(),
            });
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The `pixbridge` binary of the build that this executable belongs to, with the preload library beside it.
///
/// # Errors
/// When there is none: cargo does not build one package's binaries for another package's tests.
pub fn our_binary() -> Result<PathBuf, StandError> {
    let binary = match env::var_os("PIXBRIDGE_BIN") {
        Some(path) => PathBuf::from(path),
        None => build_directory()?.join("pixbridge"),
    };
    let preload = binary.with_file_name("libpixbridge_guest.so");
    for file in [&binary, &preload] {
        if !file.is_file() {
            return Err(StandError::NotBuilt(file.clone()));
        }
    }
    Ok(binary)
}

/// An example of the same build.
///
/// # Errors
/// When it was not built: `cargo build --examples` does that.
pub fn our_example(name: &str) -> Result<PathBuf, StandError> {
    let example = build_directory()?.join("examples").join(name);
    match example.is_file() {
        true => Ok(example),
        false => Err(StandError::NotBuilt(example)),
    }
}

/// `target/debug` or the like: where this executable lies, without the `deps` of test executables.
fn build_directory() -> Result<PathBuf, StandError> {
    let executable = env::current_exe().map_err(StandError::NoExecutable)?;
    let directory = executable.parent().unwrap_or(Path::new("/"));
    match directory.file_name() {
        Some(name) if name == "deps" => Ok(directory.parent().unwrap_or(directory).to_owned()),
        _ => Ok(directory.to_owned()),
    }
}
