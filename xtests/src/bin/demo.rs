//! Runs glxgears through pixbridge under Xvfb, takes two pictures and says what was seen.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use clap::Parser;
use pixbridge_xtests::{
    clients::{gears, renderer_name},
    picture::Picture,
    process::Running,
    renderer::{Renderer, Stand},
    screen::Screen,
    xvfb::Xvfb,
};

/// Runs glxgears through pixbridge under Xvfb and leaves two screenshots.
#[derive(Debug, Parser)]
struct Options {
    /// Where to leave demo.png and demo-2.png
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

type Failure = Box<dyn std::error::Error>;

const START: Duration = Duration::from_secs(30);
/// glxgears reports every five seconds.
const REPORT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let xvfb = Xvfb::start(640, 480)?;
    let stand = Stand::prepare(Renderer::Vtest)?;
    let mut command: Command = stand.command(&xvfb, "glxgears");
    command.arg("-info");
    let mut gears = Running::start(command)?;
    let screen = Screen::open(&xvfb)?;
    let window = screen.wait_for_window(START)?;
    let rate = gears.wait_for(REPORT, |output| gears::rates(output).first().copied())?;
    let name = renderer_name(&gears.stdout())
        .ok_or("glxgears did not say its renderer")?
        .to_owned();
    if !name.starts_with(Renderer::Vtest.name_prefix()) {
        return Err(format!("glxgears ran on {name}").into());
    }
    let first = screen.look(window)?;
    thread::sleep(Duration::from_millis(400));
    let second = screen.look(window)?;
    gears.stop()?;
    check(&first)?;
    if first == second {
        return Err("the gears do not move".into());
    }
    first.save(&options.out.join("demo.png"))?;
    second.save(&options.out.join("demo-2.png"))?;
    println!("renderer: {name}");
    println!("glxgears: {rate:.0} frames/s");
    println!("pictures: {0}/demo.png and {0}/demo-2.png", options.out.display());
    Ok(())
}

/// Red, green and blue gears where they belong: red large at the left, blue above it, green at its right.
fn check(picture: &Picture) -> Result<(), Failure> {
    let (width, height) = (picture.width(), picture.height());
    let center_of = |channel: usize| {
        let others = [(channel + 1) % 3, (channel + 2) % 3];
        let mut sum = (0, 0, 0);
        for (at, pixel) in picture.pixels().iter().enumerate() {
            if others
                .iter()
                .all(|&other| pixel[channel] > 100 && pixel[other] < pixel[channel] / 2)
            {
                sum = (sum.0 + at % width, sum.1 + at / width, sum.2 + 1);
            }
        }
        (sum.2 > 500).then(|| (sum.0 / sum.2, sum.1 / sum.2, sum.2))
    };
    let (Some(red), Some(green), Some(blue)) = (center_of(0), center_of(1), center_of(2)) else {
        return Err("the picture does not show a red, a green and a blue gear".into());
    };
    let placed = red.0 < green.0 && blue.1 < red.1 && red.2 > green.2 && red.1 > height / 3;
    if placed {
        Ok(())
    } else {
        Err("the gears are not where they belong".into())
    }
}
