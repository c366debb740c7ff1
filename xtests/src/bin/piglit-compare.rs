//! Runs piglit through pixbridge and compares with what the C renderer passes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use clap::{Parser, ValueEnum};
use pixbridge_xtests::{
    clients::renderer_name,
    piglit::{Comparison, baseline, known_failures, results},
    process::Running,
    renderer::{Renderer, Stand, our_binary},
    xvfb::Xvfb,
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/piglit");

/// Runs piglit's quick_gl through pixbridge under Xvfb and compares with what the C renderer passes.
#[derive(Debug, Parser)]
struct Options {
    /// Which tests, in which way
    #[arg(long, value_enum, default_value_t = Set::Gl)]
    set: Set,
    /// Tests to run instead of all of the set, as piglit's own -t
    #[arg(short = 't', long = "test", value_name = "REGEX")]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Set {
    /// The first versions of OpenGL, over vtest
    Gl,
    /// GLX, EGL and shared images, over DRI3
    Display,
}

impl Set {
    const fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Gl => &[
                "spec@!opengl 1",
                "spec@!opengl 2",
                "spec@glsl-1.10",
                "spec@glsl-1.20",
            ],
            Self::Display => &[
                "glx@",
                "spec@egl",
                "spec@ext_image_dma_buf_import",
                "spec@oes_egl_image",
            ],
        }
    }

    const fn baseline(self) -> &'static str {
        match self {
            Self::Gl => "peer-0.10.4-quick_gl.tsv.gz",
            Self::Display => "peer-0.10.4-display.tsv.gz",
        }
    }

    /// The list of tests that we are known to lose.
    const fn known_failures(self) -> &'static str {
        match self {
            Self::Gl => "fails.txt",
            Self::Display => "fails-display.txt",
        }
    }

    /// The list of tests that fail with the C renderer, too, where each of them was looked at.
    const fn common_failures(self) -> Option<&'static str> {
        match self {
            Self::Gl => None,
            Self::Display => Some("fails-everywhere-display.txt"),
        }
    }
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
    match options.set {
        Set::Gl => over_vtest(options, &xvfb)?,
        Set::Display => {
            let stand = Stand::prepare(Renderer::Dri3)?;
            let client = |program| {
                let mut client = stand.command(&xvfb, program);
                // Some tests count refreshes.
                client.env_remove("vblank_mode");
                client
            };
            piglit(options, client)?;
        }
    }
    report(options)
}

/// One server for all tests: a session of its own for each, and no start-up in front of it.
fn over_vtest(options: &Options, xvfb: &Xvfb) -> Result<(), Failure> {
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
    piglit(options, |program| client(program, xvfb, &socket, &preload))
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

fn piglit(options: &Options, client: impl Fn(&'static str) -> Command) -> Result<(), Failure> {
    println!("renderer: {}", check_renderer(client("glxgears"))?);
    let mut piglit = client("piglit");
    piglit
        .args(["run", "quick_gl", "-o", "--timeout", "120", "-j"])
        .arg(options.jobs.to_string());
    let all = options.set.filters().iter().map(|filter| (*filter).to_owned());
    let tests = match options.tests.as_slice() {
        [] => all.collect(),
        some => some.to_vec(),
    };
    for test in tests {
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
    let data = Path::new(DATA);
    let peer = baseline(&data.join(options.set.baseline()))?;
    let comparison = Comparison::new(&peer, &ours);
    let known = fs::read_to_string(data.join(options.set.known_failures()))?;
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
    if let Some(file) = options.set.common_failures() {
        let common = fs::read_to_string(data.join(file))?;
        let common = known_failures(&common);
        for (test, result) in &ours {
            let failed = !["pass", "skip"].contains(&result.as_str());
            let looked_at = [&known, &common].iter().any(|list| list.contains(&test.as_str()));
            if failed && !looked_at {
                println!("{result}\tunexplained\t{test}");
            }
        }
    }
    let passed = ours.values().filter(|result| *result == "pass").count();
    println!("of all {} tests, we pass {passed}", ours.len());
    let enough = comparison.percent() >= options.least;
    Ok(if enough {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
