//! What `pixbridge doctor` says of a server with DRI3.

use std::{process::Command, time::Duration};

use pixbridge_xtests::{machine::DISPLAY_NODE, process, renderer, xvfb::Server};

use crate::machine;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn dmabufs_are_said_to_go_both_ways() {
    let mut command = Command::new(renderer::our_binary().expect("our binary"));
    command.arg("doctor").env("DISPLAY", machine().display());
    let report = process::run(command, LIMIT).expect("doctor").stdout;
    let line = |what: &str| {
        let mut lines = report.lines().map(str::trim_start);
        lines
            .rfind(|line| line.split_ascii_whitespace().nth(1) == Some(what))
            .unwrap_or_else(|| panic!("no {what}: {report}"))
    };
    for way in [
        "linear",
        "shm-pixmap",
        "put-image",
        "dmabuf-modifiers",
        "shm-image",
        "get-image",
    ] {
        assert!(line(way).starts_with("yes "), "{report}");
    }
    assert!(
        line("modifiers").ends_with(" the display names no modifiers for the window"),
        "{report}"
    );
    assert!(
        report.contains(&format!("on {DISPLAY_NODE}, platform gbm")),
        "{report}"
    );
}
