//! Clients with a newer Mesa than the one that is installed, against an X server and a host GL that are as old as ever.
//!
//! It is downloaded, so these are run by hand: `cargo test -p pixbridge-xtests --test shared_clients -- --ignored`.

use std::env;

use pixbridge_xtests::{clients::programs::Program, likeness::Property, renderer::Renderer};

use crate::{LIMIT, Show, still::SYMMETRICAL};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Xvfb-ci/newer-mesa");

fn with_newer_mesa(program: &str) -> Program {
    let home = env::var("HOME").unwrap_or_default();
    let cache = env::var("XDG_CACHE_HOME").unwrap_or_else(|_| format!("{home}/.cache"));
    let script = Program::required(SCRIPT).called("newer-mesa");
    script.arguments([program]).with("XDG_CACHE_HOME", cache)
}

#[test]
#[ignore = "downloads Mesa"]
fn newer_mesa_is_what_runs() {
    let show = Show::start(Renderer::Dri3, &with_newer_mesa("glxinfo")).expect("the script");
    let finished = show.program.finish(LIMIT).expect("a report");
    assert!(
        finished.stdout.contains(Renderer::Dri3.name_prefix()),
        "{}",
        finished.output()
    );
    let version = finished
        .stdout
        .lines()
        .find(|line| line.starts_with("OpenGL version"));
    let (_, mesa) = version
        .and_then(|line| line.split_once("Mesa "))
        .expect("a version");
    let major = mesa.split('.').next().and_then(|major| major.parse::<u32>().ok());
    assert!(major >= Some(24), "{mesa}");
}

#[test]
#[ignore = "downloads Mesa"]
fn newer_mesa_draws_the_same_triangle_both_ways() {
    let properties: &[Property] = &SYMMETRICAL;
    let program = with_newer_mesa("es2tri");
    let start = |renderer| Show::start(renderer, &program).expect("the script");
    let straight = start(Renderer::Direct);
    let reference = straight.reference(straight.window(), properties);
    for renderer in [Renderer::Dri3, Renderer::Vtest] {
        let through = start(renderer);
        let name = format!("newer-mesa-es2tri-{renderer}");
        through.must_show(through.window(), &reference, properties, &name);
    }
}
