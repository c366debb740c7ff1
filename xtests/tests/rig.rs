//! The rigs themselves, proved without pixbridge: the C renderer stands where ours will.
//!
//! When these hold and a test of `real_clients` does not, the fault is the renderer's.

use std::time::Duration;

use pixbridge_xtests::{
    clients::{gears, glmark2, renderer_name},
    likeness::{self, Property, SAME_DRAWING, Unlike},
    picture::Picture,
    process::{self, Running},
    renderer::{Renderer, Stand},
    screen::{Screen, ScreenError},
    xvfb::Xvfb,
};

const LIMIT: Duration = Duration::from_secs(60);

fn xvfb() -> Xvfb {
    Xvfb::start(1024, 768).expect("Xvfb")
}

fn stand(renderer: Renderer) -> Stand {
    Stand::prepare(renderer).unwrap_or_else(|error| panic!("{error}"))
}

/// What a shell script prints on the peer's stand.
fn shell_on(peer: &Stand, xvfb: &Xvfb, script: &str) -> String {
    let mut command = peer.command(xvfb, "sh");
    command.args(["-c", script]);
    let finished = process::run(command, LIMIT).expect("sh");
    assert!(finished.status.success(), "{}", finished.output());
    finished.stdout.trim().to_owned()
}

fn still_triangle(renderer: Renderer) -> Picture {
    let xvfb = xvfb();
    let stand = stand(renderer);
    let triangle = Running::start(stand.command(&xvfb, "es2tri")).expect("es2tri");
    let screen = Screen::open(&xvfb).expect("a display");
    let window = screen
        .wait_for_window(LIMIT)
        .unwrap_or_else(|error| panic!("{error}: {}", triangle.output()));
    let picture = screen
        .still_picture(window, LIMIT)
        .unwrap_or_else(|error| panic!("{error}: {}", triangle.output()));
    triangle.stop().expect("a program that was still running");
    picture
}

#[test]
fn each_stand_runs_clients_on_the_renderer_that_it_names() {
    let xvfb = xvfb();
    for renderer in [Renderer::Direct, Renderer::Peer] {
        let stand = stand(renderer);
        let mut command = stand.command(&xvfb, "glxgears");
        command.arg("-info");
        let mut gears = Running::start(command).expect("glxgears");
        let name = gears
            .wait_for(LIMIT, |output| renderer_name(output).map(str::to_owned))
            .expect("a name");
        assert!(name.starts_with(renderer.name_prefix()), "{renderer}: {name}");
        let others = Renderer::ALL.into_iter().filter(|other| *other != renderer);
        assert!(
            others
                .into_iter()
                .all(|other| !name.starts_with(other.name_prefix())),
            "{name}"
        );
    }
}

/// A server on the default path would take over the socket of whoever listens there, and their clients.
#[test]
fn the_peers_clients_see_no_socket_but_their_own_servers() {
    let xvfb = xvfb();
    let (one, other) = (stand(Renderer::Peer), stand(Renderer::Peer));
    let sockets = [&one, &other].map(|peer| {
        assert_eq!(shell_on(peer, &xvfb, "ls -A /tmp"), ".virgl_test");
        shell_on(
            peer,
            &xvfb,
            "test -S /tmp/.virgl_test && readlink /tmp/.virgl_test",
        )
    });
    assert_ne!(sockets[0], sockets[1]);
    assert!(
        sockets.iter().all(|socket| socket.starts_with("/var/tmp/")),
        "{sockets:?}"
    );
}

#[test]
fn a_peers_socket_goes_with_its_stand() {
    let xvfb = xvfb();
    let peer = stand(Renderer::Peer);
    let socket = shell_on(&peer, &xvfb, "readlink /tmp/.virgl_test");
    assert!(std::fs::exists(&socket).expect("a readable directory"));
    drop(peer);
    assert!(!std::fs::exists(&socket).expect("a readable directory"));
}

#[test]
fn the_peers_triangle_is_judged_like_llvmpipes_and_its_wrong_copies_are_not() {
    let (peer, direct) = (still_triangle(Renderer::Peer), still_triangle(Renderer::Direct));
    let properties = [Property::Upright, Property::ColoursInOrder];
    if let Err(unlike) = likeness::check(&peer, &direct, SAME_DRAWING, &properties) {
        panic!(
            "{unlike}: {}",
            likeness::keep_evidence("rig-es2tri", &peer, &direct)
        );
    }
    for (wrong, property) in [
        (peer.flipped(), properties[0]),
        (peer.red_blue_exchanged(), properties[1]),
    ] {
        let verdict = likeness::check(&wrong, &direct, 255.0, &[property]);
        assert!(
            matches!(verdict, Err(Unlike::Property { property: found, .. }) if found == property),
            "{property}: {verdict:?}"
        );
    }
}

#[test]
fn an_animation_is_never_taken_for_a_still_picture() {
    let xvfb = xvfb();
    let _gears = Running::start(stand(Renderer::Direct).command(&xvfb, "glxgears")).expect("glxgears");
    let screen = Screen::open(&xvfb).expect("a display");
    let window = screen.wait_for_window(LIMIT).expect("a window");
    let verdict = screen.still_picture(window, Duration::from_secs(2));
    assert!(matches!(verdict, Err(ScreenError::NotStill(_))), "{verdict:?}");
}

#[test]
fn the_reports_of_installed_programs_are_understood() {
    let xvfb = xvfb();
    let direct = stand(Renderer::Direct);
    let mut running = Running::start(direct.command(&xvfb, "glxgears")).expect("glxgears");
    let rate = running.wait_for(LIMIT, |output| gears::rates(output).first().copied());
    assert!(rate.expect("a report") > 1.0);
    running.stop().expect("gears that still turn");

    let mut command = direct.command(&xvfb, "glmark2");
    command.args(["-b", "build:duration=0.5", "-b", "no-such-scene"]);
    let finished = process::run(command, LIMIT).expect("glmark2");
    let reports = glmark2::reports(&finished.stdout);
    let rates: Vec<&str> = reports
        .iter()
        .filter(|(_, report)| matches!(report, glmark2::Report::Rate(rate) if *rate > 1.0))
        .map(|(scene, _)| scene.as_str())
        .collect();
    assert_eq!(rates, ["build"], "{}", finished.output());
}

#[test]
fn the_display_ends_with_its_guard() {
    let xvfb = xvfb();
    let open = |display: &str| x11rb::rust_connection::RustConnection::connect(Some(display));
    let display = xvfb.display();
    assert!(open(&display).is_ok());
    drop(xvfb);
    assert!(open(&display).is_err());
}
