//! Measures pixbridge in both of its ways, the C renderer and direct llvmpipe in turns on the same machine.

mod table;
mod work;

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use pixbridge_xtests::{
    renderer::{Renderer, Stand},
    xvfb::Xvfb,
};

use self::{
    table::Row,
    work::{Size, Work},
};

/// Measures pixbridge over DRI3 and over vtest, virgl_test_server and direct llvmpipe in turns, and prints medians and
/// ratios.
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
    /// Measure these renderers only
    #[arg(long = "on", value_name = "RENDERER", value_delimiter = ',')]
    renderers: Vec<Renderer>,
    /// Trace files to replay, on our server and on the C renderer's
    #[arg(long = "trace", value_name = "FILE")]
    traces: Vec<PathBuf>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// glxgears at three sizes
    Gears,
    /// Fifteen scenes of glmark2 at its 800 by 600 pixels
    Glmark2,
    /// One scene of glmark2 at larger sizes
    Sizes,
    /// Frames of ten thousand small draws
    Storm,
    /// Whole runs of a client that draws one frame, with what earlier runs left in caches
    FirstFrame,
    /// The traces
    Replay,
}

const GEARS: [Size; 3] = [Size(300, 300), Size(1280, 720), Size(1920, 1080)];
const SMALL: Size = Size(800, 600);
const LARGER: [Size; 2] = [Size(1280, 720), Size(1920, 1080)];

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

/// What changes between the draws of a storm.
const STORMS: [&str; 8] = [
    "nothing", "uniforms", "lights", "textures", "blend", "buffers", "uploads", "all",
];

/// Scenes with many shaders and much else to prepare.
const FIRST_FRAMES: [&str; 2] = ["terrain", "refract"];

/// Frames per second of all rounds, by what is drawn and by whom.
type Rates = BTreeMap<Work, BTreeMap<Renderer, Vec<f64>>>;

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
    let xvfb = Xvfb::start(1920, 1080)?;
    let stands = Renderer::ALL
        .into_iter()
        .filter(|renderer| options.renderers.is_empty() || options.renderers.contains(renderer))
        .map(Stand::prepare)
        .collect::<Result<Vec<_>, _>>()?;
    let works = works(options);
    let mut rates = Rates::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for work in &works {
            for stand in &stands {
                match work.measure(stand, &xvfb, options.duration)? {
                    Some(rate) => keep(&mut rates, work, stand.renderer(), rate),
                    None => eprintln!("{work} has no rate on {}", stand.renderer()),
                }
            }
        }
    }
    let rows: Vec<Row> = rates.iter().map(|(work, by)| Row::new(work, by)).collect();
    table::print(&rows);
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

fn works(options: &Options) -> Vec<Work> {
    let gears = GEARS.map(Work::Gears);
    let scenes = SCENES.map(|scene| Work::Scene(SMALL, scene));
    let sizes = LARGER.map(|size| Work::Scene(size, "build"));
    let storms = STORMS.map(Work::Storm);
    let first_frames = FIRST_FRAMES.map(Work::FirstFrame);
    let replays = options.traces.iter().cloned().map(Work::Replay);
    let works = gears
        .into_iter()
        .chain(scenes)
        .chain(sizes)
        .chain(storms)
        .chain(first_frames)
        .chain(replays);
    works
        .filter(|work| options.only.is_none_or(|only| only == group(work)))
        .collect()
}

fn group(work: &Work) -> Group {
    match work {
        Work::Gears(_) => Group::Gears,
        Work::Scene(SMALL, _) => Group::Glmark2,
        Work::Scene(..) => Group::Sizes,
        Work::Storm(_) => Group::Storm,
        Work::FirstFrame(_) => Group::FirstFrame,
        Work::Replay(_) => Group::Replay,
    }
}

fn keep(rates: &mut Rates, work: &Work, renderer: Renderer, rate: f64) {
    let by = rates.entry(work.clone()).or_default();
    by.entry(renderer).or_default().push(rate);
}
