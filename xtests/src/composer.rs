//! `pixbridge compose` between two servers of its own, and what it says of itself.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use pixbridge::bridge::report::{Report, WindowReport};
use pixbridge::bridge::status::{StatusError, ask_all};
use tempfile::TempDir;

use crate::desktop::{Desktop, Shown};
use crate::likeness;
use crate::picture::Picture;
use crate::process::{ProcessError, Running};
use crate::renderer::{StandError, our_binary};
use crate::screen::ScreenError;
use crate::xvfb::{Server, Xvfb};

/// How long anything may take that is expected to happen.
pub const SOON: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why the stage could not be set.
#[derive(Debug, thiserror::Error)]
pub enum ComposerError {
    /// A program.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Our own program.
    #[error(transparent)]
    Stand(#[from] StandError),
    /// A display.
    #[error(transparent)]
    Screen(#[from] ScreenError),
    /// The report.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// The directory of the report's socket.
    #[error("a directory for the compositor's socket: {0}")]
    Directory(#[from] std::io::Error),
    /// It did not happen.
    #[error("no {what} within {} s\n{output}", SOON.as_secs())]
    Late {
        /// What was awaited.
        what: &'static str,
        /// What the compositor had written.
        output: String,
    },
}

/// A guest display whose windows are shown on a host display.
///
/// The compositor goes first, then the programs, then the servers: fields are dropped in their order.
#[derive(Debug)]
pub struct Composer<G: Server = Xvfb, H: Server = Xvfb> {
    running: Running,
    clients: Vec<Running>,
    /// A user of the guest.
    pub guest: Desktop,
    /// A user of the host.
    pub host: Desktop,
    runtime: TempDir,
    guest_server: G,
    host_server: H,
}

impl Composer {
    /// Starts two servers, and a compositor between them with these arguments more.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start(arguments: &[&str]) -> Result<Self, ComposerError> {
        Self::between(Xvfb::start(1280, 1024)?, Xvfb::start(1280, 1024)?, arguments)
    }
}

impl<G: Server, H: Server> Composer<G, H> {
    /// Starts a compositor between two servers with these arguments more.
    ///
    /// # Errors
    /// When it does not start.
    pub fn between(guest_server: G, host_server: H, arguments: &[&str]) -> Result<Self, ComposerError> {
        let runtime = tempfile::tempdir()?;
        fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o700))?;
        let mut composer = Self {
            running: compositor(&guest_server, &host_server, &runtime, arguments)?,
            clients: Vec::new(),
            guest: Desktop::open(&guest_server)?,
            host: Desktop::open(&host_server)?,
            runtime,
            guest_server,
            host_server,
        };
        composer.wait_for_report()?;
        Ok(composer)
    }

    /// Ends the compositor and starts another with other arguments. The guest's programs go on.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self, arguments: &[&str]) -> Result<(), ComposerError> {
        self.running.end()?;
        self.running = compositor(&self.guest_server, &self.host_server, &self.runtime, arguments)?;
        self.wait_for_report()
    }

    fn wait_for_report(&mut self) -> Result<(), ComposerError> {
        self.wait("report", |composer| Ok(composer.report()?.map(drop)))
    }

    /// Runs a program on the guest.
    ///
    /// # Errors
    /// When it does not start.
    pub fn run(&mut self, program: &str, arguments: &[&str]) -> Result<(), ComposerError> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("DISPLAY", self.guest_server.display())
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("HOME", self.runtime.path());
        self.clients.push(Running::start(command)?);
        Ok(())
    }

    /// Waits until both displays show a window of a class, and gives the guest's and the host's.
    ///
    /// # Errors
    /// When one of them does not.
    pub fn window(&mut self, class: &str) -> Result<(Shown, Shown), ComposerError> {
        let is_it = |shown: &Shown| shown.class.split('\0').any(|part| part == class);
        self.wait("window on both displays", |composer| {
            let guest = composer.guest.windows()?.into_iter().find(is_it);
            let host = composer.host.windows()?.into_iter().find(is_it);
            Ok(guest.zip(host))
        })
    }

    /// Waits until a window of the host looks as that of the guest, and gives the picture. It must not be all of one
    /// colour: that is how windows look where nothing works.
    ///
    /// # Errors
    /// When it does not. The last pictures are kept as evidence.
    pub fn same_picture(&mut self, guest: &Shown, host: &Shown) -> Result<Picture, ComposerError> {
        let mut last = None;
        let result = self.wait("equal pictures", |composer| {
            // A window that is just being resized has no picture.
            let (Ok(wanted), Ok(found)) = (composer.guest.look(guest), composer.host.look(host)) else {
                return Ok(None);
            };
            let same = wanted == found && !wanted.is_uniform();
            last = Some((found.clone(), wanted));
            Ok(same.then_some(found))
        });
        if let (Err(ComposerError::Late { output, .. }), Some((found, wanted))) = (&result, last) {
            let evidence = likeness::keep_evidence(&guest.title, &found, &wanted);
            let output = format!("{evidence}\n{output}");
            return Err(ComposerError::Late {
                what: "equal pictures",
                output,
            });
        }
        result
    }

    /// Waits until `found` finds something.
    ///
    /// # Errors
    /// [`ComposerError::Late`] when it does not, or the compositor ends.
    pub fn wait<T>(
        &mut self,
        what: &'static str,
        mut found: impl FnMut(&mut Self) -> Result<Option<T>, ComposerError>,
    ) -> Result<T, ComposerError> {
        let start = std::time::Instant::now();
        loop {
            if let Some(found) = found(self)? {
                return Ok(found);
            }
            if start.elapsed() > SOON || self.running.poll()?.is_some() {
                let report = self.report();
                let output = format!("{report:?}\n{}", self.running.output());
                return Err(ComposerError::Late { what, output });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// What the compositor says of itself; `None` if it does not run yet.
    ///
    /// # Errors
    /// When it says nonsense.
    pub fn report(&self) -> Result<Option<Report>, ComposerError> {
        Ok(ask_all(&self.runtime.path().join("pixbridge"))?.pop())
    }

    /// What the compositor says of a guest window.
    ///
    /// # Errors
    /// When it does not speak of it in time.
    pub fn report_of(&mut self, guest: &Shown) -> Result<WindowReport, ComposerError> {
        self.wait("report of the window", |composer| {
            let windows = composer.report()?.map_or_else(Vec::new, |report| report.windows);
            Ok(windows.into_iter().find(|window| window.guest_window == guest.id))
        })
    }

    /// Processor time that the compositor has used so far, in clock ticks of the kernel.
    ///
    /// # Errors
    /// When it does not run.
    pub fn processor_ticks(&self) -> Result<u64, ComposerError> {
        let process = self.report()?.map_or(0, |report| report.process);
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // Fields are counted behind the name, which may contain blanks: utime and stime are the 12th and 13th there.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        Ok(fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum())
    }

    /// The guest's server, to be taken away.
    pub fn end_guest(self) -> (Running, H) {
        drop(self.guest_server);
        (self.running, self.host_server)
    }
}

fn compositor(
    guest: &impl Server,
    host: &impl Server,
    runtime: &TempDir,
    arguments: &[&str],
) -> Result<Running, ComposerError> {
    let mut command = Command::new(our_binary()?);
    command
        .args(["compose", "--guest", &guest.display(), "--host", &host.display()])
        .args(arguments)
        .env("XDG_RUNTIME_DIR", runtime.path())
        .env("PIXBRIDGE_LOG", "info");
    Ok(Running::start(command)?)
}
