//! EGL platforms that depend on what is there, seen through `pixbridge doctor`.

use std::{process::Command, time::Duration};

use pixbridge_xtests::{process, renderer, xvfb::Xvfb};

const LIMIT: Duration = Duration::from_secs(30);

/// What doctor prints of a GL platform, with `DISPLAY` set or not.
fn doctor(platform: &str, display: Option<&str>) -> String {
    let mut command = Command::new(renderer::our_binary().expect("our binary"));
    command.args(["--gl", platform, "doctor"]).env_remove("DISPLAY");
    command.envs(display.map(|display| ("DISPLAY", display)));
    process::run(command, LIMIT).expect("doctor").stdout
}

fn line<'a>(report: &'a str, what: &str) -> &'a str {
    let mut lines = report.lines().map(str::trim_start);
    lines
        .find(|line| line.split_ascii_whitespace().nth(1) == Some(what))
        .unwrap_or_else(|| panic!("no {what}: {report}"))
}

#[test]
fn the_x11_platform_needs_a_server_and_uses_it() {
    let xvfb = Xvfb::start(64, 64).expect("Xvfb");
    let report = doctor("x11", Some(&xvfb.display()));
    assert!(line(&report, "platform").ends_with(" x11"), "{report}");
    let report = doctor("x11", None);
    assert!(line(&report, "GL").starts_with("no "), "{report}");
}

#[test]
fn without_drm_nodes_everything_falls_through_to_software() {
    let report = doctor("auto", None);
    let attempts = line(&report, "attempts");
    if std::path::Path::new("/dev/dri").exists() {
        assert!(attempts.contains("/dev/dri/"), "{report}");
    } else {
        assert!(
            attempts.contains("gbm: /dev/dri has no DRM nodes; surfaceless: "),
            "{report}"
        );
        assert!(line(&report, "drawable").starts_with("yes"), "{report}");
    }
}

#[test]
fn pictures_are_said_to_be_shared_where_run_shares_them() {
    let xvfb = Xvfb::start(64, 64).expect("Xvfb");
    let report = doctor("surfaceless", Some(&xvfb.display()));
    // This server takes no dmabufs, and so nothing has to be said of them.
    let line = line(&report, "shared");
    assert!(line.ends_with(" in memory that GL draws in"), "{line}");
}

#[test]
fn every_way_between_a_display_and_gl_is_told_of() {
    let xvfb = Xvfb::start(64, 64).expect("Xvfb");
    let report = doctor("surfaceless", Some(&xvfb.display()));
    for way in ["modifiers", "linear"] {
        let line = line(&report, way);
        assert!(line.starts_with("no "), "{report}");
        assert!(line.ends_with(" DRI3: the server does not have it"), "{report}");
    }
    for way in [
        "shm-pixmap",
        "shm-put-image",
        "put-image",
        "shm-image",
        "get-image",
    ] {
        assert!(line(&report, way).starts_with("yes "), "{report}");
    }
    for way in ["dmabuf-modifiers", "dmabuf", "egl-pixmap"] {
        assert!(line(&report, way).starts_with("no "), "{report}");
    }
}

#[test]
fn a_display_that_is_not_there_is_told_of() {
    let report = doctor("surfaceless", None);
    assert!(line(&report, "connection").starts_with("no "), "{report}");
    assert!(!report.contains("shm-pixmap"), "{report}");
}
