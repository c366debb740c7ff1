//! Measures pixbridge, the C renderer and direct llvmpipe in turns on the same machine.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use pixbridge_xtests::{
    clients::{gears, glmark2, renderer_name},
    process::{self, Running},
    renderer::{Renderer, Stand, our_binary},
    stats::{geometric_mean, median},
    xvfb::Xvfb,
};
use serde::Serialize;

/// Measures pixbridge, virgl_test_server and direct llvmpipe in turns, and prints medians and ratios.
#[derive(Debug, Parser)]
struct Options {
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of each glmark2 scene
    #[arg(long, default_value_t = 3)]
    duration: u32,
    /// Measure one group only
    #[arg(long)]
    only: Option<Group>,
    /// Trace files to replay, on our server and on the C renderer's
    #[arg(long = "trace", value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Gears,
    Glmark2,
    Replay,
}

const GEARS: [(u16, u16); 3] = [(300, 300), (1280, 720), (1920, 1080)];

/// Fifteen scenes of glmark2, at its 800 by 600 pixels.
const SCENES: [&str; 15] = [
    "build:use-vbo=false",
    "build:use-vbo=true",
    "texture:texture-filter=nearest",
    "texture:texture-filter=mipmap",
    "shading:shading=gouraud",
    "shading:shading=phong",
    "bump:bump-render=high-poly",
    "effect2d:kernel=0,1,0;1,-4,1;0,1,0;",
    "pulsar",
    "desktop:effect=shadow",
    "buffer:update-method=map",
    "ideas",
    "jellyfish",
    "conditionals:fragment-steps=5",
    "function:fragment-steps=5",
];

/// Frames per second of all rounds, by what is drawn and by whom.
type Rates = BTreeMap<String, BTreeMap<Renderer, Vec<f64>>>;

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    direct: Option<f64>,
    peer: Option<f64>,
    ours: Option<f64>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let wants = |group| options.only.is_none_or(|only| only == group);
    let xvfb = Xvfb::start(1920, 1080)?;
    let stands = Renderer::ALL
        .into_iter()
        .map(Stand::prepare)
        .collect::<Result<Vec<_>, _>>()?;
    let mut rates = Rates::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        if wants(Group::Gears) {
            for size in GEARS {
                for stand in &stands {
                    measure_gears(stand, &xvfb, size, &mut rates)?;
                }
            }
        }
        if wants(Group::Glmark2) {
            for scene in SCENES {
                for stand in &stands {
                    measure_scene(stand, &xvfb, scene, options.duration, &mut rates)?;
                }
            }
        }
        if wants(Group::Replay) {
            for trace in &options.traces {
                measure_replay(trace, &mut rates)?;
            }
        }
    }
    let rows: Vec<Row> = rates.iter().map(|(name, by)| row(name, by)).collect();
    print(&rows);
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

fn keep(rates: &mut Rates, name: &str, renderer: Renderer, rate: f64) {
    rates
        .entry(name.to_owned())
        .or_default()
        .entry(renderer)
        .or_default()
        .push(rate);
}

/// The client must have run on the renderer that is measured.
fn check_renderer(stand: &Stand, output: &str) -> Result<(), Failure> {
    let prefix = stand.renderer().name_prefix();
    match renderer_name(output) {
        Some(name) if name.starts_with(prefix) => Ok(()),
        name => Err(format!("{} ran on {name:?}", stand.renderer()).into()),
    }
}

fn measure_gears(
    stand: &Stand,
    xvfb: &Xvfb,
    (width, height): (u16, u16),
    rates: &mut Rates,
) -> Result<(), Failure> {
    let mut command = stand.command(xvfb, "glxgears");
    command.args(["-info", "-geometry", &format!("{width}x{height}")]);
    let mut gears = Running::start(command)?;
    let rate = gears.wait_for(Duration::from_secs(30), |output| {
        gears::rates(output).first().copied()
    })?;
    check_renderer(stand, &gears.stdout())?;
    gears.stop()?;
    keep(
        rates,
        &format!("glxgears {width}x{height}"),
        stand.renderer(),
        rate,
    );
    Ok(())
}

fn measure_scene(
    stand: &Stand,
    xvfb: &Xvfb,
    scene: &str,
    duration: u32,
    rates: &mut Rates,
) -> Result<(), Failure> {
    let mut command = stand.command(xvfb, "glmark2");
    command.args(["-b", &format!("{scene}:duration={duration}.0")]);
    let limit = Duration::from_secs(u64::from(duration) + 60);
    let finished = process::run(command, limit)?;
    check_renderer(stand, &finished.stdout)?;
    match glmark2::reports(&finished.stdout).as_slice() {
        [(_, glmark2::Report::Rate(rate))] => keep(rates, scene, stand.renderer(), *rate),
        other => eprintln!("{scene} on {}: {other:?}", stand.renderer()),
    }
    Ok(())
}

/// Replays in our own process; the C renderer takes a server that the replay connects to.
fn measure_replay(trace: &std::path::Path, rates: &mut Rates) -> Result<(), Failure> {
    let name = format!(
        "replay {}",
        trace
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into())
    );
    let directory = tempfile::tempdir_in("/var/tmp")?;
    let socket = directory.path().join("socket");
    let mut server = std::process::Command::new("virgl_test_server");
    server
        .arg("--use-egl-surfaceless")
        .arg(format!("--socket-path={}", socket.display()));
    let _server = Running::start(server)?;
    while !socket.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    for renderer in [Renderer::Peer, Renderer::Ours] {
        let mut command = std::process::Command::new(our_binary()?);
        command.arg("replay").arg(trace);
        if renderer == Renderer::Peer {
            command.arg("--server").arg(&socket);
        }
        let finished = process::run(command, Duration::from_secs(300))?;
        match finished
            .stdout
            .rsplit_once(" = ")
            .and_then(|(_, rate)| rate.split(' ').next()?.parse().ok())
        {
            Some(rate) => keep(rates, &name, renderer, rate),
            None => eprintln!("{name} on {renderer}: {}", finished.output().trim()),
        }
    }
    Ok(())
}

fn row(name: &str, by: &BTreeMap<Renderer, Vec<f64>>) -> Row {
    let of = |renderer| by.get(&renderer).and_then(|rates| median(rates));
    Row {
        name: name.to_owned(),
        direct: of(Renderer::Direct),
        peer: of(Renderer::Peer),
        ours: of(Renderer::Ours),
    }
}

fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? / b?)
}

fn print(rows: &[Row]) {
    let number =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    println!(
        "{:<42} {:>8} {:>8} {:>8} {:>10} {:>11}",
        "frames/s", "direct", "peer", "ours", "ours/peer", "ours/direct"
    );
    for row in rows {
        println!(
            "{:<42} {:>8} {:>8} {:>8} {:>10} {:>11}",
            row.name,
            number(row.direct, 0),
            number(row.peer, 0),
            number(row.ours, 0),
            number(ratio(row.ours, row.peer), 2),
            number(ratio(row.ours, row.direct), 2)
        );
    }
    for (group, is_in) in [
        (
            "glxgears",
            (|row| row.name.starts_with("glxgears")) as fn(&Row) -> bool,
        ),
        ("glmark2", |row| {
            !row.name.starts_with("glxgears") && !row.name.starts_with("replay")
        }),
        ("replay", |row| row.name.starts_with("replay")),
    ] {
        let mean = |of: fn(&Row) -> Option<f64>| {
            geometric_mean(
                &rows
                    .iter()
                    .filter(|row| is_in(row))
                    .filter_map(of)
                    .collect::<Vec<_>>(),
            )
        };
        let (peer, direct) = (
            mean(|row| ratio(row.ours, row.peer)),
            mean(|row| ratio(row.ours, row.direct)),
        );
        if peer.is_some() || direct.is_some() {
            println!(
                "geometric mean of {group}: ours/peer {}, ours/direct {}",
                number(peer, 2),
                number(direct, 2)
            );
        }
    }
}
