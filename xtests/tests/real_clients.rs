//! Unmodified Mesa clients under Xvfb: what they draw through us is what llvmpipe draws directly.

use std::{process::Command, time::Duration};

use pixbridge_xtests::{
    clients::{glmark2, renderer_name},
    likeness::{self, Property, SAME_DRAWING},
    picture::Picture,
    piglit::{Mode, Service},
    process::{self, Running},
    renderer::{Renderer, Stand},
    screen::Screen,
    xvfb::Xvfb,
};

const LIMIT: Duration = Duration::from_secs(120);
const STILL: Duration = Duration::from_secs(20);

fn xvfb() -> Xvfb {
    Xvfb::start(1024, 768).expect("Xvfb")
}

fn stand(renderer: Renderer) -> Stand {
    Stand::prepare(renderer).unwrap_or_else(|error| panic!("{error}"))
}

fn ours() -> Stand {
    stand(Renderer::Vtest)
}

/// The still picture that a program shows.
fn picture(renderer: Renderer, program: &str, arguments: &[&str]) -> Picture {
    let xvfb = xvfb();
    let mut command = stand(renderer).command(&xvfb, program);
    command.args(arguments);
    let program = Running::start(command).expect("a program that runs");
    let screen = Screen::open(&xvfb).expect("a display");
    let window = screen
        .wait_for_window(STILL)
        .unwrap_or_else(|e| panic!("{e}: {}", program.output()));
    let picture = screen
        .still_picture(window, STILL)
        .unwrap_or_else(|e| panic!("{e}: {}", program.output()));
    program.stop().expect("a program that was still running");
    picture
}

/// glxgears, running, which sees our name.
fn gears_of_ours(mut command: Command) -> Running {
    command.arg("-info");
    let mut gears = Running::start(command).expect("glxgears");
    let name = gears
        .wait_for(LIMIT, |output| renderer_name(output).map(str::to_owned))
        .expect("a name");
    assert!(name.starts_with(Renderer::Vtest.name_prefix()), "{name}");
    gears
}

#[test]
fn clients_see_our_name() {
    let xvfb = xvfb();
    gears_of_ours(ours().command(&xvfb, "glxgears"));
}

#[test]
fn a_still_triangle_is_the_same_picture_upright_and_in_its_colours() {
    let (ours, direct) = (
        picture(Renderer::Vtest, "es2tri", &[]),
        picture(Renderer::Direct, "es2tri", &[]),
    );
    let properties = [Property::Upright, Property::ColoursInOrder];
    if let Err(unlike) = likeness::check(&ours, &direct, SAME_DRAWING, &properties) {
        panic!(
            "{unlike:?}: {}",
            likeness::keep_evidence("es2tri", &ours, &direct)
        );
    }
}

#[test]
fn gears_move_and_the_red_one_is_at_the_left() {
    let xvfb = xvfb();
    let gears = Running::start(ours().command(&xvfb, "glxgears")).expect("glxgears");
    let screen = Screen::open(&xvfb).expect("a display");
    let window = screen.wait_for_window(STILL).expect("a window");
    let look = || screen.look(window).expect("a picture");
    let mut first = look();
    for _ in 0..100 {
        if !first.is_uniform() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
        first = look();
    }
    let mut moved = false;
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(50));
        moved |= look() != first;
    }
    assert!(moved, "two seconds of the same picture: {}", gears.output());
    let half = first.width() / 2;
    // Pixels of which one channel is by far the strongest, left and right of the middle.
    let counts = |channel: usize| {
        let strong = first.pixels().iter().enumerate().filter(|(_, pixel)| {
            let others = [pixel[(channel + 1) % 3], pixel[(channel + 2) % 3]];
            pixel[channel] > 100 && others.iter().all(|other| *other < pixel[channel] / 2)
        });
        let (left, right): (Vec<_>, Vec<_>) = strong.partition(|(at, _)| at % first.width() < half);
        (left.len(), right.len())
    };
    let (red, green) = (counts(0), counts(1));
    assert!(red.0 > 4 * red.1.max(100), "red belongs to the left: {red:?}");
    assert!(
        green.1 > 4 * green.0.max(100),
        "green belongs to the right: {green:?}"
    );
}

/// Scenes of glmark2 that check their own picture.
fn validate(renderer: Renderer, program: &str) -> Vec<(String, glmark2::Report)> {
    let xvfb = xvfb();
    let mut command = stand(renderer).command(&xvfb, program);
    command.arg("--validate");
    let finished = process::run(command, Duration::from_secs(300)).expect("glmark2");
    let name = renderer_name(&finished.stdout).unwrap_or_default();
    assert!(name.starts_with(renderer.name_prefix()), "{name}");
    assert!(!finished.stderr.contains("refused"), "{}", finished.stderr);
    glmark2::reports(&finished.stdout)
}

#[test]
fn glmark2_validates_wherever_llvmpipe_does() {
    for program in ["glmark2", "glmark2-es2"] {
        let ours = validate(Renderer::Vtest, program);
        assert!(ours.len() > 30, "{ours:?}");
        assert_eq!(ours, validate(Renderer::Direct, program), "{program}");
    }
}

#[test]
fn a_client_that_is_killed_takes_nobody_along() {
    let xvfb = xvfb();
    let stand = ours();
    let screen = Screen::open(&xvfb).expect("a display");
    let killed = Running::start(stand.command(&xvfb, "glxgears")).expect("glxgears");
    screen.wait_for_window(STILL).expect("a window");
    drop(killed);
    let mut command = stand.command(&xvfb, "glxgears");
    command.arg("-info");
    let mut next = Running::start(command).expect("glxgears");
    next.wait_for(LIMIT, |output| renderer_name(output).map(str::to_owned))
        .expect("the next client draws");
}

#[test]
fn clients_of_a_shared_server_have_one_session() {
    let xvfb = xvfb();
    let log = tempfile::NamedTempFile::new().expect("a file for the log");
    let server = Service::start(Mode::Grouped, log.path()).expect("a server");
    let clients = [(); 2].map(|()| gears_of_ours(server.client("glxgears", &xvfb)));
    let processes = |server: &Service| server.memory().expect("no other processes").processes();
    assert_eq!(processes(&server), 2, "the server and the session");
    drop(clients);
    assert_eq!(processes(&server), 2);
}

#[test]
fn run_passes_the_exit_code_on() {
    let xvfb = xvfb();
    let mut command = ours().command(&xvfb, "sh");
    command.args(["-c", "exit 7"]);
    let finished = process::run(command, LIMIT).expect("sh");
    assert_eq!(finished.status.code(), Some(7));
}

#[test]
fn what_is_recorded_is_replayed_bit_for_bit() {
    let xvfb = xvfb();
    let directory = tempfile::tempdir().expect("a directory");
    let trace = directory.path().join("trace");
    let binary = pixbridge_xtests::renderer::our_binary().expect("the built binary");
    let mut record = std::process::Command::new(&binary);
    record
        .arg("record")
        .arg(&trace)
        .args(["--", "glmark2", "-b", "build:duration=0.5", "-s", "200x150"]);
    record.env("DISPLAY", xvfb.display()).env("vblank_mode", "0");
    let recorded = process::run(record, LIMIT).expect("a recording");
    assert!(recorded.status.success(), "{}", recorded.output());
    let frames = || {
        let mut replay = std::process::Command::new(&binary);
        replay.arg("replay").arg(&trace).arg("--frames");
        let replayed = process::run(replay, LIMIT).expect("a replay");
        assert!(replayed.status.success(), "{}", replayed.output());
        let lines = replayed.stdout.lines().filter(|line| line.starts_with("frame "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = frames();
    assert!(first.len() > 10, "{} frames", first.len());
    assert_eq!(first, frames());
    let dumped = process::run(
        {
            let mut dump = std::process::Command::new(&binary);
            dump.arg("dump").arg(&trace);
            dump
        },
        LIMIT,
    )
    .expect("a dump");
    let text = directory.path().join("text");
    std::fs::write(&text, dumped.stdout).expect("a file");
    let again = directory.path().join("again");
    let mut assemble = std::process::Command::new(&binary);
    assemble.arg("assemble").arg(&text).arg("--out").arg(&again);
    assert!(
        process::run(assemble, LIMIT)
            .expect("an assembly")
            .status
            .success()
    );
    assert!(std::fs::read(&trace).expect("a file") == std::fs::read(&again).expect("a file"));
}
