//! What clients are told that GL can do: no less than the C renderer on the same host tells them.

use std::{collections::BTreeSet, time::Duration};

use pixbridge_xtests::{
    process::run,
    renderer::{Renderer, Stand},
    xvfb::Xvfb,
};

/// Version and extensions as wflinfo tells them.
fn told(stand: &Stand, xvfb: &Xvfb, api: &[&str]) -> (String, BTreeSet<String>) {
    let mut command = stand.command(xvfb, "wflinfo");
    command
        .args(["--platform", "x11_egl", "--verbose", "--api"])
        .args(api);
    let report = run(command, Duration::from_secs(60)).expect("wflinfo ends");
    let line = |label: &str| {
        report
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_else(|| panic!("no {label:?} in {}", report.output()))
            .trim()
            .to_owned()
    };
    let name = line("OpenGL renderer string:");
    assert!(name.starts_with(stand.renderer().name_prefix()), "{name}");
    let extensions = line("OpenGL extensions:");
    let extensions = extensions.split_whitespace().map(str::to_owned).collect();
    (line("OpenGL version string:"), extensions)
}

/// Major and minor number.
fn version(text: &str) -> (u32, u32) {
    let number = text.trim_start_matches("OpenGL ES ").split(' ').next();
    let (major, minor) = number.and_then(|n| n.split_once('.')).expect("a version");
    let parse = |n: &str| n.parse().expect("a number");
    (parse(major), parse(minor))
}

#[test]
fn clients_are_told_of_all_that_the_c_renderer_tells_them() {
    let xvfb = Xvfb::start(640, 480).expect("Xvfb");
    let [ours, peer] =
        [Renderer::Vtest, Renderer::Peer].map(|renderer| Stand::prepare(renderer).expect("a stand"));
    for api in [
        &["gl", "--profile", "core", "--version", "3.3"][..],
        &["gl", "--profile", "compat"],
        &["gles2"],
    ] {
        let (our_version, our_extensions) = told(&ours, &xvfb, api);
        let (peer_version, peer_extensions) = told(&peer, &xvfb, api);
        assert!(
            version(&our_version) >= version(&peer_version),
            "{api:?}: {our_version} after {peer_version}"
        );
        let missing: Vec<_> = peer_extensions.difference(&our_extensions).collect();
        assert!(missing.is_empty(), "{api:?}: {missing:?} are missing");
    }
}
