//! Two applications under one `pixbridge run` share a buffer, and neither ever sees an old frame in it.
//!
//! `PIXBRIDGE_FRAMES` is how many frames there are to be.

use std::{env, process::Command, time::Duration};

use pixbridge_xtests::{process, renderer, xvfb::Xvfb};

/// Far more than they need: what takes so long has stopped.
const LIMIT: Duration = Duration::from_secs(300);
const FRAMES: u32 = 10_000;

fn frames() -> u32 {
    env::var("PIXBRIDGE_FRAMES").map_or(FRAMES, |count| count.parse().expect("a number of frames"))
}

/// Runs two processes that take turns, on a display or none, and demands that they saw each other's frames.
fn take_turns(way: &str, display: Option<&str>) {
    let count = frames();
    let mut command = Command::new(renderer::our_binary().expect("our binary"));
    command
        .args(["--gl", "surfaceless", "run", "--via", "dri3", "--"])
        .args([env!("CARGO_BIN_EXE_frames"), way, &count.to_string()])
        .env_remove("DISPLAY");
    if let Some(display) = display {
        command.env("DISPLAY", display);
    }
    let finished = process::run(command, LIMIT).expect("processes that end");
    let output = finished.output();
    assert!(finished.status.success(), "{output}");
    assert!(output.contains("GL is virgl (pixbridge on "), "{output}");
    assert!(
        output.contains(&format!("{count} frames, each seen\n")),
        "{output}"
    );
}

#[test]
fn frames_in_a_buffer_handed_over_as_a_descriptor_are_never_old() {
    take_turns("descriptor", None);
}

#[test]
fn frames_in_a_pixmap_are_never_old_for_gl_nor_for_the_server_whoever_drew_them() {
    let server = Xvfb::start(640, 480).expect("Xvfb");
    take_turns("pixmap", Some(&server.display()));
}
