//! The examples do what they are there to show.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use pixbridge_xtests::{
    desktop::{Desktop, Shown},
    picture::{Picture, Rgb},
    process::{Finished, Running, run},
    renderer::our_example,
    screen::Area,
    xvfb::Xvfb,
};
use x11rb::{
    COPY_FROM_PARENT,
    connection::Connection as _,
    protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, CreateWindowAux, Window, WindowClass},
    rust_connection::RustConnection,
};

const SOON: Duration = Duration::from_secs(20);
const BACKGROUND: Rgb = [20, 23, 31];
const RED: Rgb = [200, 40, 30];
const GREEN: Rgb = [30, 160, 60];
const BLUE: Rgb = [20, 60, 220];

fn command(xvfb: &Xvfb, example: &str) -> Command {
    let mut command = Command::new(our_example(example).unwrap_or_else(|error| panic!("{error}")));
    command.env("DISPLAY", xvfb.display());
    command
}

/// An example that is running, with the desktop that its window is on.
struct Rehearsal {
    desktop: Desktop,
    window: Shown,
    example: Running,
}

impl Rehearsal {
    fn start(xvfb: &Xvfb, example: &str, title: &str) -> Self {
        let example = Running::start(command(xvfb, example)).expect("example");
        let desktop = Desktop::open(xvfb).expect("desktop");
        let window = desktop.wait_for(SOON, |window| window.title == title);
        let window = window.unwrap_or_else(|error| panic!("{error}: {}", example.output()));
        Self {
            desktop,
            window,
            example,
        }
    }

    /// Waits for a picture of a kind in the window.
    #[track_caller]
    fn see(&self, what: &str, wanted: impl Fn(&Picture) -> bool) -> Picture {
        let start = Instant::now();
        while start.elapsed() < SOON {
            if let Ok(picture) = self.desktop.look(&self.window)
                && wanted(&picture)
            {
                return picture;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("no {what}: {}", self.example.output());
    }

    fn resize(&mut self, width: u16, height: u16) {
        let (x, y) = (0, 0);
        self.window.area = Area { x, y, width, height };
        self.desktop
            .place(self.window.id, self.window.area)
            .expect("desktop");
    }

    /// Closes the window, upon which the example must end well.
    fn end(self) -> Finished {
        self.desktop.close(self.window.id).expect("desktop");
        let finished = self.example.finish(SOON).expect("an end");
        assert!(finished.status.success(), "{}", finished.output());
        finished
    }
}

/// The pixel at this part of the picture's width and height, in percent.
fn at(picture: &Picture, x: usize, y: usize) -> Rgb {
    let (width, height) = (picture.width(), picture.height());
    picture.pixels()[y * height / 100 * width + x * width / 100]
}

fn is_like(pixel: Rgb, wanted: Rgb) -> bool {
    (0..3).all(|channel| pixel[channel].abs_diff(wanted[channel]) <= 2)
}

#[test]
fn the_cube_turns_in_a_window_of_any_size() {
    let xvfb = Xvfb::start(640, 480).expect("Xvfb");
    let mut rehearsal = Rehearsal::start(&xvfb, "spinning_cube", "cube");
    let is_cube = |picture: &Picture| {
        let corners = [(0, 0), (99, 0), (0, 99), (99, 99)];
        let outside = corners.map(|(x, y)| at(picture, x, y));
        outside.iter().all(|pixel| is_like(*pixel, BACKGROUND)) && !is_like(at(picture, 50, 50), BACKGROUND)
    };
    let first = rehearsal.see("cube", is_cube);
    rehearsal.see("motion", |picture| is_cube(picture) && *picture != first);
    rehearsal.resize(500, 300);
    rehearsal.see("cube in a larger window", is_cube);
    let finished = rehearsal.end();
    assert!(
        finished.stdout.contains("frames/s by shm-pixmap"),
        "{}",
        finished.output()
    );
    assert!(
        finished.stdout.contains("copies: 0 here"),
        "{}",
        finished.output()
    );
}

#[test]
fn the_cube_ends_after_the_frames_that_were_asked_for() {
    let xvfb = Xvfb::start(640, 480).expect("Xvfb");
    let mut command = command(&xvfb, "spinning_cube");
    command.args(["--frames", "5"]);
    let finished = run(command, SOON).expect("example");
    assert!(finished.status.success(), "{}", finished.output());
    assert!(finished.stdout.starts_with("5 frames, "), "{}", finished.output());
}

/// A client with windows of one colour.
struct Painted(RustConnection);

impl Painted {
    fn connect(xvfb: &Xvfb) -> Self {
        Self(RustConnection::connect(Some(&xvfb.display())).expect("display").0)
    }

    fn show(&self, color: Rgb, (width, height): (u16, u16)) -> Window {
        let c = &self.0;
        let window = c.generate_id().expect("identifier");
        let (root, class) = (c.setup().roots[0].root, WindowClass::INPUT_OUTPUT);
        let aux = CreateWindowAux::new().background_pixel(pixel(color));
        c.create_window(
            0,
            window,
            root,
            0,
            0,
            width,
            height,
            3,
            class,
            COPY_FROM_PARENT,
            &aux,
        )
        .expect("request");
        c.map_window(window).expect("request").check().expect("window");
        window
    }

    fn paint(&self, window: Window, color: Rgb) {
        let c = &self.0;
        let aux = ChangeWindowAttributesAux::new().background_pixel(pixel(color));
        c.change_window_attributes(window, &aux).expect("request");
        let cleared = c.clear_area(false, window, 0, 0, 0, 0).expect("request");
        cleared.check().expect("window");
    }

    fn hide(&self, window: Window) {
        self.0
            .destroy_window(window)
            .expect("request")
            .check()
            .expect("window");
    }
}

fn pixel([red, green, blue]: Rgb) -> u32 {
    u32::from_be_bytes([0, red, green, blue])
}

/// Copies and binds of a window as the example tells them at its end.
fn costs(output: &str, window: Window) -> (u32, u32) {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{window:#x}: ")));
    let words = line.unwrap_or_else(|| panic!("no {window:#x} in {output}"));
    let words: Vec<&str> = words.split_whitespace().collect();
    let number = |index: usize| words[index].parse().expect("a number");
    (number(0), number(3))
}

#[test]
fn thumbnails_show_every_window_in_its_place_and_what_happens_there() {
    let xvfb = Xvfb::start(1024, 768).expect("Xvfb");
    let painted = Painted::connect(&xvfb);
    let changing = painted.show(RED, (600, 300));
    let still = painted.show(BLUE, (900, 700));
    let mut rehearsal = Rehearsal::start(&xvfb, "window_thumbnails", "thumbnails");
    let shows = |picture: &Picture, places: &[(usize, usize, Rgb)]| {
        places
            .iter()
            .all(|&(x, y, color)| is_like(at(picture, x, y), color))
    };
    rehearsal.see("two windows side by side", |picture| {
        // The first is twice as wide as it is high, so there is room above it in its half.
        shows(
            picture,
            &[
                (25, 50, RED),
                (75, 50, BLUE),
                (25, 25, BACKGROUND),
                (50, 50, BACKGROUND),
            ],
        )
    });
    painted.paint(changing, GREEN);
    rehearsal.see("the new colour", |picture| {
        shows(picture, &[(25, 50, GREEN), (75, 50, BLUE)])
    });
    let third = painted.show(RED, (100, 100));
    rehearsal.see("three windows in two rows", |picture| {
        shows(
            picture,
            &[
                (25, 25, GREEN),
                (75, 25, BLUE),
                (25, 75, RED),
                (75, 75, BACKGROUND),
            ],
        )
    });
    rehearsal.resize(500, 700);
    painted.hide(third);
    rehearsal.see("two windows in a frame of another size", |picture| {
        shows(picture, &[(25, 50, GREEN), (75, 50, BLUE), (25, 85, BACKGROUND)])
    });
    let output = rehearsal.end().output();
    let (copies, binds) = costs(&output, still);
    assert!(copies < binds, "it was copied without having changed: {output}");
    assert!(costs(&output, changing).0 > 1, "{output}");
}
