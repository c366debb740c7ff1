//! What is measured, and how.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
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
    /// A frame of many draws, with these changes between them.
    Storm(&'static str),
    /// The first frame of a scene of glmark2, with all that comes before it.
    FirstFrame(&'static str),
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
            Self::Storm(changes) => write!(f, "storm of {changes}"),
            Self::FirstFrame(scene) => write!(f, "first frame of {scene}"),
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
            Self::Storm(_) => "storm".to_owned(),
            Self::FirstFrame(_) => "first frame".to_owned(),
            Self::Replay(_) => "replay".to_owned(),
        }
    }

    /// The frames per second. `None` if there was none, or this is nothing for that renderer.
    pub(crate) fn measure(&self, stand: &Stand, xvfb: &Xvfb, seconds: u32) -> Result<Option<f64>, Failure> {
        match self {
            Self::Gears(size) => measure_gears(stand, xvfb, *size).map(Some),
            Self::Scene(size, scene) => measure_scene(stand, xvfb, *size, scene, seconds),
            Self::Storm(changes) => measure_storm(stand, xvfb, changes, seconds),
            Self::FirstFrame(scene) => measure_first_frame(stand, xvfb, scene),
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

fn measure_storm(stand: &Stand, xvfb: &Xvfb, changes: &str, seconds: u32) -> Result<Option<f64>, Failure> {
    let mut command = stand.command(xvfb, std::env::current_exe()?.with_file_name("storm"));
    command.args([changes, "--seconds", &seconds.to_string()]);
    let finished = process::run(command, Duration::from_secs(u64::from(seconds) + 60))?;
    check_renderer(stand, &finished.stdout)?;
    let rate = gears::rates(&finished.stdout).first().copied();
    if rate.is_none() {
        eprintln!(
            "storm of {changes} on {}: {}",
            stand.renderer(),
            finished.output().trim()
        );
    }
    Ok(rate)
}

/// One over the seconds that a client takes from its start to its end, when it draws one frame. It has run once before.
fn measure_first_frame(stand: &Stand, xvfb: &Xvfb, scene: &str) -> Result<Option<f64>, Failure> {
    let run = || {
        let mut command = stand.command(xvfb, "glmark2");
        command.args(["-b", &format!("{scene}:nframes=1")]);
        let start = Instant::now();
        let finished = process::run(command, Duration::from_secs(60))?;
        check_renderer(stand, &finished.stdout)?;
        let drawn = !glmark2::reports(&finished.stdout).is_empty();
        Ok::<_, Failure>(drawn.then(|| start.elapsed()))
    };
    run()?;
    Ok(run()?.map(|time| 1.0 / time.as_secs_f64()))
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
