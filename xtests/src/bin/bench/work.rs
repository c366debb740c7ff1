//! What is measured, and how.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pixbridge_xtests::{
    clients::{gears, glmark2, renderer_name},
    process::{self, Running},
    renderer::{Renderer, Stand, our_binary},
    xvfb::Xvfb,
};

use crate::Failure;

/// Width and height of a window, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u16, pub(crate) u16);

/// Something that has a number of frames per second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// glxgears.
    Gears(Size),
    /// A scene of glmark2.
    Scene(Size, &'static str),
    /// A trace, replayed in our own process or on the C renderer's server.
    Replay(PathBuf),
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0, self.1)
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gears(size) => write!(f, "glxgears {size}"),
            Self::Scene(size, scene) => write!(f, "{scene} {size}"),
            Self::Replay(trace) => {
                let name = trace.file_name().unwrap_or_default();
                write!(f, "replay {}", name.to_string_lossy())
            }
        }
    }
}

impl Work {
    /// What it is summed up with.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Gears(_) => "glxgears".to_owned(),
            Self::Scene(size, _) => format!("glmark2 {size}"),
            Self::Replay(_) => "replay".to_owned(),
        }
    }

    /// The frames per second. `None` if there was none, or this is nothing for that renderer.
    pub(crate) fn measure(&self, stand: &Stand, xvfb: &Xvfb, seconds: u32) -> Result<Option<f64>, Failure> {
        match self {
            Self::Gears(size) => measure_gears(stand, xvfb, *size).map(Some),
            Self::Scene(size, scene) => measure_scene(stand, xvfb, *size, scene, seconds),
            Self::Replay(trace) => measure_replay(stand.renderer(), trace),
        }
    }
}

/// The client must have run on the renderer that is measured.
fn check_renderer(stand: &Stand, output: &str) -> Result<(), Failure> {
    let prefix = stand.renderer().name_prefix();
    match renderer_name(output) {
        Some(name) if name.starts_with(prefix) => Ok(()),
        name => Err(format!("{} ran on {name:?}", stand.renderer()).into()),
    }
}

fn measure_gears(stand: &Stand, xvfb: &Xvfb, size: Size) -> Result<f64, Failure> {
    let mut command = stand.command(xvfb, "glxgears");
    command.args(["-info", "-geometry", &size.to_string()]);
    let mut gears = Running::start(command)?;
    let rate = gears.wait_for(Duration::from_secs(30), |output| {
        gears::rates(output).first().copied()
    })?;
    check_renderer(stand, &gears.stdout())?;
    gears.stop()?;
    Ok(rate)
}

fn measure_scene(
    stand: &Stand,
    xvfb: &Xvfb,
    size: Size,
    scene: &str,
    seconds: u32,
) -> Result<Option<f64>, Failure> {
    let mut command = stand.command(xvfb, "glmark2");
    command.args([
        "-s",
        &size.to_string(),
        "-b",
        &format!("{scene}:duration={seconds}.0"),
    ]);
    let limit = Duration::from_secs(u64::from(seconds) + 60);
    let finished = process::run(command, limit)?;
    check_renderer(stand, &finished.stdout)?;
    match glmark2::reports(&finished.stdout).as_slice() {
        [(_, glmark2::Report::Rate(rate))] => Ok(Some(*rate)),
        other => {
            eprintln!("{scene} on {}: {other:?}", stand.renderer());
            Ok(None)
        }
    }
}

fn measure_replay(renderer: Renderer, trace: &Path) -> Result<Option<f64>, Failure> {
    let mut command = Command::new(our_binary()?);
    command.arg("replay").arg(trace);
    let finished = match renderer {
        Renderer::Vtest => process::run(command, Duration::from_secs(300))?,
        Renderer::Peer => replay_on_peer(command)?,
        // A trace needs a renderer, and says nothing of a display.
        Renderer::Direct | Renderer::Dri3 => return Ok(None),
    };
    let rate = finished.stdout.rsplit_once(" = ");
    let rate = rate.and_then(|(_, rate)| rate.split(' ').next()?.parse().ok());
    if rate.is_none() {
        eprintln!("{} on {renderer}: {}", trace.display(), finished.output().trim());
    }
    Ok(rate)
}

/// The C renderer takes a server that the replay connects to.
fn replay_on_peer(mut replay: Command) -> Result<process::Finished, Failure> {
    let directory = tempfile::tempdir_in("/var/tmp")?;
    let socket = directory.path().join("socket");
    let mut server = Command::new("virgl_test_server");
    server
        .arg("--use-egl-surfaceless")
        .arg(format!("--socket-path={}", socket.display()));
    let _server = Running::start(server)?;
    while !socket.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    replay.arg("--server").arg(&socket);
    Ok(process::run(replay, Duration::from_secs(300))?)
}
