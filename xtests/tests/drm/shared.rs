//! Applications of `pixbridge run` on an X server with DRI3 of its own: their frames are dmabufs from GL to the screen.

use std::{fs, process::Command, time::Duration};

use pixbridge_xtests::{
    held::session_of,
    likeness::{self, SAME_DRAWING},
    process::Running,
    renderer,
    screen::Screen,
    xvfb::Server as _,
};

use crate::{
    machine,
    trace::{Trace, shared, traffic},
};

/// The processor is emulated.
const LIMIT: Duration = Duration::from_secs(120);
/// Bytes of a frame of the gears.
const FRAME: u64 = 300 * 300 * 4;
/// A frame's commands and requests are smaller than a frame by this factor at least.
const LESS: u64 = 8;

fn run(application: &str) -> Running {
    let mut command = Command::new(renderer::our_binary().expect("our binary"));
    command
        .args(["run", "--via", "dri3", "--", application])
        .env("DISPLAY", machine().display())
        .env("vblank_mode", "0");
    Running::start(command).expect("a run")
}

/// The rates that gears have told of so far.
fn rates(output: &str) -> Vec<u64> {
    let lines = output.lines().filter(|line| line.contains(" frames in "));
    lines
        .filter_map(|line| line.split_ascii_whitespace().next()?.parse().ok())
        .collect()
}

/// Whether frames of a process are in dmabufs, and whether there are any in other memory.
fn places(process: u32) -> (bool, bool) {
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).expect("a process");
    let files: Vec<_> = descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .map(|file| file.display().to_string())
        .collect();
    let any = |name: &str| files.iter().any(|file| file.starts_with(name));
    (any("/dmabuf:"), any("/memfd:drawable"))
}

#[test]
fn frames_go_to_the_screen_as_dmabufs_and_nobody_moves_their_pixels() {
    let mut gears = run("glxgears");
    gears
        .wait_for(LIMIT, |output| (!rates(output).is_empty()).then_some(()))
        .expect("gears that turn");
    let (relay, session) = (gears.id(), session_of(gears.id()));
    assert_eq!(places(session), (true, false));
    let before = rates(&gears.stdout()).len();
    let trace = Trace::of_processes(&[relay, session]);
    // The first of the two began before the trace, perhaps.
    let frames = gears
        .wait_for(LIMIT, |output| rates(output).get(before + 1).copied())
        .expect("gears that still turn");
    let trace = trace.end();
    gears.stop().expect("gears that still turn");
    let moved = traffic(&trace);
    assert!(moved > 0, "nothing was traced:\n{trace}");
    assert!(
        moved < frames * FRAME / LESS,
        "{moved} bytes for {frames} frames:\n{trace}"
    );
    assert_eq!(shared(&trace), [""; 0]);
}

#[test]
fn a_picture_is_the_one_that_mesa_draws_there_itself() {
    let screen = Screen::open(&machine()).expect("a display");
    let still = |running: Running| {
        let area = screen
            .wait_for_window(LIMIT)
            .unwrap_or_else(|error| panic!("{error}: {}", running.output()));
        screen
            .still_picture(area, LIMIT)
            .unwrap_or_else(|error| panic!("{error}: {}", running.output()))
    };
    let reference = still(Running::start(machine().client("es2tri")).expect("es2tri"));
    let picture = still(run("es2tri"));
    likeness::check(&picture, &reference, SAME_DRAWING, &[]).unwrap_or_else(|unlike| {
        panic!(
            "{unlike}: {}",
            likeness::keep_evidence("drm-es2tri", &picture, &reference)
        )
    });
}
