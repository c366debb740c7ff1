//! Measures what it costs X clients to go through pixbridge's display instead of straight to the X server.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use pixbridge_xtests::{
    clients::x11perf,
    process,
    renderer::{Renderer, Stand},
    stats::median,
    xvfb::Xvfb,
};
use x11rb::{protocol::xproto::ConnectionExt, rust_connection::RustConnection};

/// Prints how many operations a second x11perf does straight and through pixbridge, and how long a round trip takes.
#[derive(Debug, Parser)]
struct Options {
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of each operation
    #[arg(long, default_value_t = 1)]
    seconds: u32,
    /// Measure round trips on the display in the environment and print their median in microseconds
    #[arg(long, hide = true)]
    round_trips: bool,
}

/// Operations without a reply, many in a batch, and large ones; those with a reply are measured by ourselves.
const OPERATIONS: [&str; 6] = [
    "-noop",
    "-rect10",
    "-ftext",
    "-copywinwin100",
    "-putimage100",
    "-shmput100",
];
const ROUND_TRIPS: usize = 5000;
const LIMIT: Duration = Duration::from_secs(120);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.round_trips {
        true => print_round_trips(),
        false => run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proxy-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let xvfb = Xvfb::start(1280, 1024)?;
    let stands = [Stand::prepare(Renderer::Direct)?, Stand::prepare(Renderer::Dri3)?];
    println!("{:<24} {:>12} {:>12} {:>8}", "", "straight", "through", "ratio");
    for operation in OPERATIONS {
        compare(&stands, options.rounds, operation, |stand| {
            let mut command = stand.command(&xvfb, "x11perf");
            let seconds = options.seconds.to_string();
            command.args(["-repeat", "1", "-time", &seconds, operation]);
            let finished = process::run(command, LIMIT)?;
            x11perf::rate(&finished.stdout).ok_or_else(|| finished.output().into())
        })?;
    }
    compare(&stands, options.rounds, "round trip, us", |stand| {
        let mut command = stand.command(&xvfb, std::env::current_exe()?);
        command.arg("--round-trips");
        let finished = process::run(command, LIMIT)?;
        Ok(finished.stdout.trim().parse().map_err(|_| finished.output())?)
    })
}

/// Measures straight and through in turns, and prints the medians.
fn compare(
    stands: &[Stand; 2],
    rounds: u32,
    name: &str,
    measure: impl Fn(&Stand) -> Result<f64, Failure>,
) -> Result<(), Failure> {
    let mut values = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (stand, values) in stands.iter().zip(&mut values) {
            values.push(measure(stand)?);
        }
    }
    let [Some(straight), Some(through)] = values.map(|values| median(&values)) else {
        return Err("nothing was measured".into());
    };
    let ratio = through / straight;
    println!("{name:<24} {straight:>12.1} {through:>12.1} {ratio:>8.2}");
    Ok(())
}

fn print_round_trips() -> Result<(), Failure> {
    let (connection, _) = RustConnection::connect(None)?;
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let start = Instant::now();
        connection.get_input_focus()?.reply()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    println!("{:.2}", median(&times).ok_or("no round trips")?);
    Ok(())
}
