//! `pixbridge compose`: the windows of one display, on another.

use std::{
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
};

use clap::Args;
use pixbridge::{
    bridge::{
        compose::{Compose, Scope, Setup, open_renderer},
        report::{self, Report},
        status::{self, StatusSocket},
    },
    gl::Choice,
    present::{Ladder, Rung},
    x11::{Display, ImportOptions, Limits, Paths, PixmapPath},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct ComposeArgs {
    /// The display whose windows are shown
    #[arg(long, value_name = "DISPLAY")]
    guest: String,
    /// The display that shows them; DISPLAY if not given
    #[arg(long, value_name = "DISPLAY")]
    host: Option<String>,
    /// Each window in a window of its own; so it is without this, too
    #[arg(long, conflicts_with_all = ["root", "window"])]
    rootless: bool,
    /// All windows in one that stands for the guest's screen
    #[arg(long, conflicts_with = "window")]
    root: bool,
    /// This window only
    #[arg(long, value_name = "ID", value_parser = window)]
    window: Option<u32>,
    /// Take pixmaps only this way: dmabuf-modifiers, dmabuf, egl-pixmap, shm-image or get-image
    #[arg(long, value_name = "PATH", value_parser = path_in)]
    path_in: Option<PixmapPath>,
    /// Show frames only this way: syncobj, modifiers, linear, shm-pixmap, shm-put-image or put-image
    #[arg(long, value_name = "PATH")]
    path_out: Option<Rung>,
    /// At the end, write what was done to a file, as JSON
    #[arg(long, value_name = "FILE.json")]
    stats: Option<PathBuf>,
    /// At the end, draw the frame times into a file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

/// The identifier of a window, as other tools print it.
fn window(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| error.to_string())
}

fn path_in(name: &str) -> Result<PixmapPath, String> {
    let found = PixmapPath::ALL.into_iter().find(|path| path.name() == name);
    found.ok_or_else(|| {
        let names = PixmapPath::ALL.map(PixmapPath::name).join(", ");
        format!("unknown way from a pixmap {name:?}: use one of {names}")
    })
}

impl ComposeArgs {
    pub(super) fn run(self, choice: Choice) -> Result<ExitCode, Failure> {
        let limits = Limits::default();
        let guest = Rc::new(Display::open(Some(&self.guest), &limits)?);
        let host = Rc::new(Display::open(self.host.as_deref(), &limits)?);
        let renderer = open_renderer(&guest, &host, choice)?;
        let context = renderer.create_context(None)?;
        let mut compose = Compose::new(&guest, &host, &renderer, &context, self.setup())?;
        let status = match StatusSocket::create(&status::directory()) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!("top will not see this process: {error}");
                None
            }
        };
        let result = compose.run(stop_signal()?, status);
        self.write(&compose.report())?;
        result?;
        Ok(ExitCode::SUCCESS)
    }

    fn setup(&self) -> Setup {
        let scope = match self.window {
            Some(window) => Scope::Window(window),
            None if self.root => Scope::Root,
            None => Scope::Rootless,
        };
        Setup {
            scope,
            import: ImportOptions {
                paths: self.path_in.map_or_else(Paths::default, Paths::only),
                ..ImportOptions::default()
            },
            ladder: self.path_out.map_or_else(Ladder::default, Ladder::force),
        }
    }

    fn write(&self, report: &Report) -> Result<(), Failure> {
        if let Some(path) = &self.stats {
            write(path, &serde_json::to_string_pretty(report)?)?;
        }
        if let Some(path) = &self.plot {
            write(path, &report::plot(report))?;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Can be read from once a signal has asked for the end.
fn stop_signal() -> std::io::Result<OwnedFd> {
    let (stop, signalled) = UnixStream::pair()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        pipe::register(signal, signalled.try_clone()?)?;
    }
    Ok(stop.into())
}
