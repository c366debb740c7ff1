//! What stock Mesa finds in the machine: without this, tests of ours there would prove little.

use std::time::Duration;

use pixbridge_xtests::process::{self, Running};

use crate::machine;

const LIMIT: Duration = Duration::from_secs(60);

/// A platform's part of what eglinfo prints.
fn platform<'a>(report: &'a str, name: &str) -> &'a str {
    let start = report
        .find(&format!("{name} platform:\n"))
        .unwrap_or_else(|| panic!("no {name} platform: {report}"));
    let part = &report[start..];
    &part[..part.find("Configurations:").unwrap_or(part.len())]
}

#[test]
fn egl_on_gbm_imports_and_exports_dma_bufs() {
    let mut command = machine().client("eglinfo");
    command.env("XDG_RUNTIME_DIR", "/run");
    let report = process::run(command, LIMIT).expect("eglinfo").stdout;
    let gbm = platform(&report, "GBM");
    for extension in [
        "EGL_EXT_image_dma_buf_import",
        "EGL_EXT_image_dma_buf_import_modifiers",
        "EGL_MESA_image_dma_buf_export",
    ] {
        assert!(
            gbm.split_whitespace().any(|word| word == extension),
            "no {extension}: {gbm}"
        );
    }
}

#[test]
fn glx_clients_use_dri3() {
    let mut command = machine().client("glxgears");
    command.env("LIBGL_DEBUG", "verbose");
    let mut gears = Running::start(command).expect("glxgears");
    gears
        .wait_for(LIMIT, |output| output.contains(" frames in ").then_some(()))
        .expect("a frame rate");
    let output = gears.stop().expect("gears that still turn").output();
    assert!(output.contains("Using DRI3 for screen 0"), "{output}");
}

#[test]
fn egl_clients_use_dri3() {
    let mut command = machine().client("stdbuf");
    command
        .args(["--output=L", "es2gears_x11"])
        .env("EGL_LOG_LEVEL", "info");
    let mut gears = Running::start(command).expect("es2gears_x11");
    gears
        .wait_for(LIMIT, |output| output.contains(" frames in ").then_some(()))
        .expect("a frame rate");
    let output = gears.stop().expect("gears that still turn").output();
    assert!(output.contains("Using DRI3"), "{output}");
}
