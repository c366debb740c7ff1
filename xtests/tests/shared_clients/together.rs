//! Several clients of one `run`, windows that change, and what becomes of the rest when one client goes.

use std::time::Instant;

use pixbridge_xtests::{
    clients::programs::Program,
    desktop::{Desktop, Shown},
    renderer::Renderer,
    screen::Area,
};

use crate::{LIMIT, LOOK_AGAIN, Show, still::SYMMETRICAL};

const LEFT: Area = Area {
    x: 0,
    y: 0,
    width: 300,
    height: 300,
};
const RIGHT: Area = Area { x: 400, ..LEFT };

fn triangles(count: usize) -> Program {
    let script = format!("for i in $(seq {count}); do es2tri & done; wait");
    Program::required("sh").arguments(["-c", &script])
}

impl Show {
    /// So many windows, as soon as they are there.
    fn windows(&self, desktop: &Desktop, count: usize) -> Vec<Shown> {
        let start = Instant::now();
        loop {
            let windows = desktop.windows().expect("a display");
            if windows.len() == count {
                return windows;
            }
            let found = windows.len();
            assert!(
                start.elapsed() < LIMIT,
                "{found} windows: {}",
                self.program.output()
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn desktop(&self) -> Desktop {
        Desktop::open(&self.xvfb).expect("a display")
    }
}

#[test]
fn a_window_is_drawn_anew_when_its_size_changes() {
    let shows = [Renderer::Direct, Renderer::Dri3]
        .map(|renderer| Show::start(renderer, &triangles(1)).expect("a required program"));
    let [straight, through] = shows;
    for area in [
        Area {
            width: 501,
            height: 400,
            ..LEFT
        },
        Area {
            width: 77,
            height: 55,
            ..LEFT
        },
    ] {
        for show in [&straight, &through] {
            let desktop = show.desktop();
            let window = &show.windows(&desktop, 1)[0];
            desktop.place(window.id, area).expect("a display");
        }
        let reference = straight.reference(area, &SYMMETRICAL);
        through.must_show(area, &reference, &SYMMETRICAL, "resized");
    }
}

#[test]
fn clients_of_one_run_draw_their_own_windows_and_survive_one_another() {
    let straight = Show::start(Renderer::Direct, &triangles(1)).expect("a required program");
    let reference = straight.reference(straight.window(), &SYMMETRICAL);
    let through = Show::start(Renderer::Dri3, &triangles(2)).expect("a required program");
    let desktop = through.desktop();
    let windows = through.windows(&desktop, 2);
    desktop.place(windows[0].id, LEFT).expect("a display");
    desktop.place(windows[1].id, RIGHT).expect("a display");
    through.must_show(LEFT, &reference, &SYMMETRICAL, "left");
    through.must_show(RIGHT, &reference, &SYMMETRICAL, "right");

    desktop.kill(windows[0].id).expect("a display");
    through.windows(&desktop, 1);
    desktop.place(windows[1].id, LEFT).expect("a display");
    through.must_show(LEFT, &reference, &SYMMETRICAL, "survivor");
}
