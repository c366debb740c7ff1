//! `pixbridge run` held open, so that a test can start applications in it, one by one, and look at what serves them.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::{process::Running, renderer};

const SOON: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// The application that holds the run: it says what it was given, a line each, and stays.
const HOLDER: &str =
    r#"echo "$DISPLAY"; echo "$XAUTHORITY"; echo "$LD_PRELOAD"; echo "$PIXBRIDGE_SOCKET"; exec sleep 3600"#;
const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";
const SECRET: usize = 16;

/// A run that waits.
#[derive(Debug)]
pub struct Held {
    running: Running,
    display: String,
    authority: PathBuf,
    preload: String,
    socket: PathBuf,
}

/// What a process has, for comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Belongings {
    /// Open descriptors.
    pub descriptors: usize,
    /// Resident memory in KiB.
    pub resident: u64,
}

impl Held {
    /// Starts a run in front of the display of this name.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(display: &str) -> Self {
        let mut command = Command::new(renderer::our_binary().expect("our binary"));
        command
            .args([
                "--gl",
                "surfaceless",
                "run",
                "--via",
                "dri3",
                "--",
                "sh",
                "-c",
                HOLDER,
            ])
            .env("DISPLAY", display)
            .env_remove("LD_PRELOAD");
        let mut running = Running::start(command).expect("a run");
        let lines = running
            .wait_for(SOON, |out| {
                let lines: Vec<_> = out.split_terminator('\n').map(str::to_owned).collect();
                (lines.len() == 4 && out.ends_with('\n')).then_some(lines)
            })
            .expect("what an application is given");
        Self {
            running,
            display: lines[0].clone(),
            authority: lines[1].clone().into(),
            preload: lines[2].clone(),
            socket: lines[3].clone().into(),
        }
    }

    /// An application of the run.
    pub fn application(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("XAUTHORITY", &self.authority)
            .env("LD_PRELOAD", &self.preload)
            .env("PIXBRIDGE_SOCKET", &self.socket);
        for variable in ["GALLIUM_DRIVER", "LIBGL_ALWAYS_SOFTWARE", "WAYLAND_DISPLAY"] {
            command.env_remove(variable);
        }
        command
    }

    /// What it wrote so far, and its application.
    pub fn output(&self) -> String {
        self.running.output()
    }

    /// The process that relays.
    pub fn relay(&self) -> u32 {
        self.running.id()
    }

    /// The process that draws.
    ///
    /// # Panics
    /// If there is none for a long time.
    pub fn session(&self) -> u32 {
        session_of(self.relay())
    }

    /// The processes that the relay's process started.
    ///
    /// # Panics
    /// If it is gone.
    pub fn children(&self) -> Vec<u32> {
        children(self.relay())
    }

    /// Where the session listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A connection to the run's display, before anything is said.
    ///
    /// # Panics
    /// If nobody listens.
    pub fn stream(&self) -> UnixStream {
        let number = self.display.trim_start_matches(':');
        UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).expect("a display")
    }

    /// What lets clients in.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn secret(&self) -> Vec<u8> {
        let file = fs::read(&self.authority).expect("the secret's file");
        file[file.len() - SECRET..].to_vec()
    }

    /// A client of the run's display.
    ///
    /// # Panics
    /// If it is not let in.
    pub fn connect(&self) -> RustConnection {
        let (stream, _) = DefaultStream::from_unix_stream(self.stream()).expect("a stream");
        RustConnection::connect_to_stream_with_auth_info(stream, 0, PROTOCOL.to_vec(), self.secret())
            .expect("the display lets us in")
    }

    /// Waits until relay and session have no more descriptors than before.
    ///
    /// # Panics
    /// If they keep some.
    pub fn wait_for_descriptors(&self, before: [usize; 2]) {
        let start = Instant::now();
        loop {
            let now = self.descriptors();
            if now[0] <= before[0] && now[1] <= before[1] {
                return;
            }
            assert!(
                start.elapsed() < SOON,
                "{before:?} before, {now:?} now\n{}",
                self.output()
            );
            thread::sleep(POLL);
        }
    }

    /// How many descriptors relay and session have.
    pub fn descriptors(&self) -> [usize; 2] {
        [self.relay(), self.session()].map(|process| belongings(process).descriptors)
    }
}

/// What a process has.
///
/// # Panics
/// If it is gone.
pub fn belongings(process: u32) -> Belongings {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let resident = status.lines().find_map(|line| {
        let rest = line.strip_prefix("VmRSS:")?;
        rest.trim().trim_end_matches(" kB").parse().ok()
    });
    Belongings {
        descriptors: fs::read_dir(format!("/proc/{process}/fd"))
            .expect("a process")
            .count(),
        resident: resident.expect("its memory"),
    }
}

/// Ends a process at once.
///
/// # Panics
/// If there is no such process.
pub fn kill(process: u32) {
    let pid = Pid::from_raw(process.cast_signed()).expect("a process");
    kill_process(pid, Signal::KILL).expect("a process that runs");
}

/// Waits for something to be there.
///
/// # Panics
/// If it does not come for a long time.
pub fn wait_until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < SOON, "no {what}");
        thread::sleep(POLL);
    }
}

/// The process that draws for a `pixbridge run`.
///
/// # Panics
/// If there is none for a long time.
pub fn session_of(run: u32) -> u32 {
    wait_until("a session", || {
        children(run).into_iter().find(|child| is_session(*child))
    })
}

fn children(process: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("a process");
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let all: String = lists.collect();
    all.split_ascii_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

fn is_session(process: u32) -> bool {
    let words = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    words.split(|byte| *byte == 0).any(|word| word == b"session")
}
