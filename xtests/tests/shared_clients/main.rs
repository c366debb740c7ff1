//! Unmodified clients whose frames are shared with the X server: what they show is what they show without us.
//!
//! Every test runs a client twice on an Xvfb of its own, straight on llvmpipe and through `pixbridge run --via dri3`. Clients
//! that Xvfb-ci/install does not install are skipped where nobody else has.

use std::time::{Duration, Instant};

use pixbridge_xtests::{
    clients::programs::Program,
    likeness::{self, Property, SAME_DRAWING},
    picture::Picture,
    process::Running,
    renderer::{Renderer, Stand},
    screen::{Area, Screen},
    xvfb::Xvfb,
};
use tempfile::TempDir;

mod compositors;
mod extensions;
mod moving;
mod newer_mesa;
mod still;
mod together;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// So many looks in a row a right picture has to stay right.
const STEADY_LOOKS: usize = 5;
const WIDTH: u16 = 800;
const HEIGHT: u16 = 600;
const WHOLE: Area = Area {
    x: 0,
    y: 0,
    width: WIDTH,
    height: HEIGHT,
};

/// A program that runs on a display of its own, in a home of its own.
struct Show {
    program: Running,
    screen: Screen,
    xvfb: Xvfb,
    _home: TempDir,
}

impl Show {
    /// Starts a program if it is installed.
    fn start(renderer: Renderer, program: &Program) -> Option<Self> {
        let executable = program.find()?;
        let stand = Stand::prepare(renderer).unwrap_or_else(|error| panic!("{error}"));
        let xvfb = Xvfb::start(WIDTH, HEIGHT).expect("Xvfb");
        let home = tempfile::tempdir().expect("a directory");
        let mut command = stand.command(&xvfb, executable);
        program.complete(&mut command, home.path());
        Some(Self {
            program: Running::start(command).expect("a program that runs"),
            screen: Screen::open(&xvfb).expect("a display"),
            xvfb,
            _home: home,
        })
    }

    fn window(&self) -> Area {
        self.screen
            .wait_for_window(LIMIT)
            .unwrap_or_else(|error| panic!("{error}: {}", self.program.output()))
    }

    /// What an area shows once it no longer changes and shows enough to judge others by.
    fn reference(&self, area: Area, properties: &[Property]) -> Picture {
        let start = Instant::now();
        loop {
            let picture = self
                .screen
                .still_picture(area, LIMIT)
                .unwrap_or_else(|error| panic!("{error}: {}", self.program.output()));
            match likeness::check(&picture, &picture, SAME_DRAWING, properties) {
                Ok(()) => return picture,
                Err(error) => assert!(start.elapsed() < LIMIT, "{error}: {}", self.program.output()),
            }
        }
    }

    /// Waits until an area shows what the reference shows, and goes on showing it.
    #[track_caller]
    fn must_show(&self, area: Area, reference: &Picture, properties: &[Property], name: &str) {
        let start = Instant::now();
        let mut steady = 0;
        while steady < STEADY_LOOKS {
            let picture = self.screen.look(area).expect("a picture");
            match likeness::check(&picture, reference, SAME_DRAWING, properties) {
                Ok(()) => steady += 1,
                Err(_) if start.elapsed() < LIMIT => steady = 0,
                Err(unlike) => {
                    let evidence = likeness::keep_evidence(name, &picture, reference);
                    panic!("{name}: {unlike}: {evidence}\n{}", self.program.output());
                }
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

/// Two shows of the same program: straight, and through us. `None` if it is not installed.
fn both(program: &Program) -> Option<(Show, Show)> {
    let straight = Show::start(Renderer::Direct, program)?;
    let through = Show::start(Renderer::Dri3, program)?;
    Some((straight, through))
}
