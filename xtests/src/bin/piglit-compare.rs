//! Runs piglit through pixbridge and compares with what the C renderer passes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use clap::Parser;
use pixbridge_xtests::{
    clients::renderer_name,
    piglit::{Comparison, baseline, known_failures, results},
    process::Running,
    renderer::{Renderer, our_binary},
    xvfb::Xvfb,
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/piglit");
/// The tests of the first OpenGL versions.
const FILTERS: [&str; 4] = [
    "spec@!opengl 1",
    "spec@!opengl 2",
    "spec@glsl-1.10",
    "spec@glsl-1.20",
];

/// Runs piglit's quick_gl through pixbridge under Xvfb and compares with what the C renderer passes.
#[derive(Debug, Parser)]
struct Options {
    /// Tests to run, as piglit's own -t
    #[arg(short = 't', long = "test", value_name = "REGEX", default_values_t = FILTERS.map(str::to_owned))]
    tests: Vec<String>,
    /// Tests at a time
    #[arg(short, long, default_value_t = 2)]
    jobs: u32,
    /// Where to leave the results
    #[arg(long, value_name = "DIR", default_value = "out/piglit")]
    out: PathBuf,
    /// Least part of the baseline to pass, in per cent
    #[arg(long, default_value_t = 98.0)]
    least: f64,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("piglit-compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    if options.out.exists() {
        fs::remove_dir_all(&options.out)?;
    }
    fs::create_dir_all(&options.out)?;
    let xvfb = Xvfb::start(1280, 1024)?;
    // One server for all tests: a session of its own for each, and no start-up in front of it.
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("vtest");
    let binary = our_binary()?;
    let mut serve = Command::new(&binary);
    serve.arg("serve").arg("--socket").arg(&socket);
    let _server = Running::start(serve)?;
    while !socket.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let preload = binary.with_file_name("libpixbridge_guest.so");
    let client = |program| client(program, &xvfb, &socket, &preload);
    println!("renderer: {}", check_renderer(client("glxgears"))?);
    piglit(options, client("piglit"))?;
    report(options)
}

fn client(program: &str, xvfb: &Xvfb, socket: &Path, preload: &Path) -> Command {
    let mut client = Command::new(program);
    client
        .env("DISPLAY", xvfb.display())
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("GALLIUM_DRIVER", "virpipe")
        .env("VTEST_SOCKET_NAME", socket)
        .env("LD_PRELOAD", preload);
    client
}

/// Mesa before 23.1 goes to whatever server listens on the default path when nothing leads it elsewhere: results are
/// ours only if a client started in the same way says so.
fn check_renderer(mut gears: Command) -> Result<String, Failure> {
    gears.arg("-info");
    let name = Running::start(gears)?.wait_for(Duration::from_secs(30), |output| {
        renderer_name(output).map(str::to_owned)
    })?;
    if name.starts_with(Renderer::Vtest.name_prefix()) {
        Ok(name)
    } else {
        Err(format!("clients run on {name:?}, not on pixbridge").into())
    }
}

fn piglit(options: &Options, mut piglit: Command) -> Result<(), Failure> {
    piglit
        .args(["run", "quick_gl", "-o", "-j"])
        .arg(options.jobs.to_string());
    for test in &options.tests {
        piglit.arg("-t").arg(test);
    }
    piglit.arg(&options.out).env("PIGLIT_COMPRESSION", "none");
    let status = piglit.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("piglit ended with {status}").into())
    }
}

fn report(options: &Options) -> Result<ExitCode, Failure> {
    let ours = results(&options.out)?;
    let peer = baseline(&Path::new(DATA).join("peer-0.10.4-quick_gl.tsv.gz"))?;
    let comparison = Comparison::new(&peer, &ours);
    let known = fs::read_to_string(Path::new(DATA).join("fails.txt"))?;
    let known = known_failures(&known);
    let mut lost = String::new();
    for (test, result) in &comparison.lost {
        let mark = if known.contains(&test.as_str()) {
            "known"
        } else {
            "NEW"
        };
        lost += &format!("{result}\t{mark}\t{test}\n");
    }
    fs::write(options.out.join("lost.tsv"), &lost)?;
    print!("{lost}");
    println!(
        "of {} tests that the C renderer passes, we pass {} = {:.2} %",
        comparison.compared,
        comparison.compared - comparison.lost.len(),
        comparison.percent()
    );
    let enough = comparison.percent() >= options.least;
    Ok(if enough {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
