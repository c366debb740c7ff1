//! What a failing application, X server or session does to the others of one `pixbridge run`, and what it leaves behind.

mod clients;
mod crowd;
mod processes;
mod session;

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use pixbridge_xtests::{
    held::{Held, wait_until},
    process::{Finished, Running},
    xvfb::Xvfb,
};
use x11rb::{
    protocol::xproto::{ConnectionExt as _, Window},
    rust_connection::RustConnection,
};

const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(20);

/// An X server, and a run in front of it.
#[derive(Debug)]
struct Rig {
    // In the order in which they have to end.
    held: Held,
    server: Xvfb,
}

impl Rig {
    fn new() -> Self {
        let server = Xvfb::start(640, 480).expect("Xvfb");
        let held = Held::start(&server.display());
        // What the first clients make once for all is not what they left behind.
        let rig = Self { held, server };
        assert!(
            rig.info()
                .contains("OpenGL renderer string: virgl (pixbridge on ")
        );
        assert_undisturbed(rig.neighbour(4));
        rig
    }

    /// What glxinfo says, which opens a window and a context and closes them.
    fn info(&self) -> String {
        let mut command = self.held.application("glxinfo");
        command.arg("-B");
        let finished = Running::start(command)
            .and_then(|info| info.finish(LIMIT))
            .expect("glxinfo");
        finished.output()
    }

    /// Gears that turn as fast as they can, once they have a window.
    fn gears(&self) -> Running {
        let before = self.windows();
        let mut command = self.held.application("glxgears");
        command.env("vblank_mode", "0");
        let gears = Running::start(command).expect("glxgears");
        wait_until("window of the gears", || {
            self.windows().into_iter().find(|window| !before.contains(window))
        });
        gears
    }

    /// Two processes that draw in turns and look at each other's frames.
    fn neighbour(&self, frames: u32) -> Running {
        let mut command: Command = self.held.application(env!("CARGO_BIN_EXE_frames"));
        command.args(["pixmap", &frames.to_string()]);
        let mut frames = Running::start(command).expect("frames");
        frames
            .wait_for(LIMIT, |out| out.contains("GL is ").then_some(()))
            .expect("a neighbour that draws");
        frames
    }

    fn windows(&self) -> Vec<Window> {
        let (direct, number) = RustConnection::connect(Some(&self.server.display())).expect("Xvfb");
        let root = x11rb::connection::Connection::setup(&direct).roots[number].root;
        let tree = direct.query_tree(root).unwrap().reply().expect("windows");
        tree.children
    }

    /// Waits until a line of the run's own says this, and gives all of them.
    fn lines_with(&self, part: &str) -> Vec<String> {
        wait_until(part, || {
            let output = self.held.output();
            let lines: Vec<_> = (output.lines())
                .filter(|line| line.contains(part))
                .map(str::to_owned)
                .collect();
            (!lines.is_empty()).then_some(lines)
        })
    }
}

/// Demands that a neighbour was not disturbed.
fn assert_undisturbed(neighbour: Running) {
    let Finished {
        status,
        stdout,
        stderr,
    } = neighbour.finish(LIMIT).expect("a neighbour that ends");
    assert!(
        status.success() && stdout.contains(", each seen"),
        "{stdout}{stderr}"
    );
}

/// Waits for the end of a process that ends by itself.
fn wait_for_end(running: &mut Running) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = running.poll().expect("a process of ours") {
            return status;
        }
        assert!(start.elapsed() < LIMIT, "still there: {}", running.output());
        thread::sleep(POLL);
    }
}
