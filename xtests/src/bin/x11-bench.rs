//! Measures what a display of ours costs in front of an X server: requests in batches, and round trips.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use clap::Parser;
use pixbridge_xtests::{
    process::{self, ProcessError, Running},
    renderer::{StandError, our_binary},
    stats::median,
    xvfb::Xvfb,
};
use x11rb::{
    errors::ReplyError,
    protocol::xproto::ConnectionExt as _,
    rust_connection::{DefaultStream, RustConnection},
};

/// Runs x11perf on an Xvfb and through `pixbridge proxy` in turns, and prints medians and their ratio; then the median
/// round trip of both.
#[derive(Debug, Parser)]
struct Options {
    /// How often each is measured
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each test
    #[arg(long, default_value_t = 1)]
    seconds: u32,
    /// Round trips of a round
    #[arg(long, default_value_t = 5000)]
    trips: u32,
    /// Tests of x11perf, without their hyphens
    #[arg(default_values_t = TESTS.map(String::from))]
    tests: Vec<String>,
}

const TESTS: [&str; 6] = [
    "dot",
    "rect100",
    "copywinwin100",
    "putimage100",
    "getimage100",
    "create",
];
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Stand(#[from] StandError),
    #[error("connecting: {0}")]
    Connect(#[from] x11rb::errors::ConnectError),
    #[error("a round trip: {0}")]
    Trip(#[from] ReplyError),
    #[error("x11perf -{test} says no rate:\n{output}")]
    NoRate { test: String, output: String },
    #[error("the cookie at {}: {source}", path.display())]
    Cookie { path: PathBuf, source: std::io::Error },
}

/// A display to measure.
#[derive(Debug)]
struct Place {
    display: String,
    authority: Option<PathBuf>,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("x11-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), BenchError> {
    let server = Xvfb::start(1280, 1024)?;
    let (_proxy, proxied) = proxy(&server)?;
    let direct = Place {
        display: server.display(),
        authority: None,
    };
    let places = [direct, proxied];
    println!(
        "{:<44}{:>14}{:>14}{:>8}",
        "a second, median", "direct", "proxied", "ratio"
    );
    for test in &options.tests {
        compare(test, &places, options)?;
    }
    let mut trips = [Vec::new(), Vec::new()];
    for _ in 0..options.rounds {
        for (place, times) in places.iter().zip(&mut trips) {
            times.extend(round_trips(place, options.trips)?);
        }
    }
    let [direct, proxied] = trips.map(|times| median(&times).unwrap_or_default());
    let more = proxied - direct;
    println!("round trip, median: {direct:.1} us, proxied {proxied:.1} us, {more:.1} us more");
    Ok(())
}

/// A proxy in front of a server.
fn proxy(server: &Xvfb) -> Result<(Running, Place), BenchError> {
    let mut command = Command::new(our_binary()?);
    command.args(["proxy", "--host", &server.display()]);
    let mut proxy = Running::start(command)?;
    let (display, authority) = proxy.wait_for(Duration::from_secs(10), |out| {
        let (display, authority) = out.trim().split_once(" XAUTHORITY=")?;
        Some((display.strip_prefix("DISPLAY=")?.to_owned(), authority.into()))
    })?;
    let authority = Some(authority);
    Ok((proxy, Place { display, authority }))
}

/// Prints one test's medians. A test of x11perf may measure several things.
fn compare(test: &str, places: &[Place; 2], options: &Options) -> Result<(), BenchError> {
    let mut found: BTreeMap<String, [Vec<f64>; 2]> = BTreeMap::new();
    for _ in 0..options.rounds {
        for (index, place) in places.iter().enumerate() {
            for (name, rate) in rates(test, place, options.seconds)? {
                found.entry(name).or_default()[index].push(rate);
            }
        }
    }
    for (name, rates) in found {
        let [direct, proxied] = rates.map(|rates| median(&rates).unwrap_or_default());
        println!("{name:<44}{direct:>14.0}{proxied:>14.0}{:>8.2}", proxied / direct);
    }
    Ok(())
}

/// What x11perf measures, by name, a second.
fn rates(test: &str, place: &Place, seconds: u32) -> Result<Vec<(String, f64)>, BenchError> {
    let mut command = Command::new("x11perf");
    command
        .args(["-display", &place.display, "-repeat", "1", "-time"])
        .arg(seconds.to_string())
        .arg(format!("-{test}"));
    if let Some(authority) = &place.authority {
        command.env("XAUTHORITY", authority);
    }
    let output = process::run(command, LIMIT)?.output();
    let rates: Vec<_> = output.lines().filter_map(rate).collect();
    match rates.is_empty() {
        true => Err(BenchError::NoRate {
            test: test.to_owned(),
            output,
        }),
        false => Ok(rates),
    }
}

/// Reads `1250000 reps @ 0.0008 msec (1250000.0/sec): 100x100 rectangle`.
fn rate(line: &str) -> Option<(String, f64)> {
    let (_, rest) = line.split_once(" reps @")?;
    let (rate, name) = rest.split_once('(')?.1.split_once("/sec): ")?;
    Some((name.to_owned(), rate.trim().parse().ok()?))
}

/// Microseconds of each of so many round trips.
fn round_trips(place: &Place, count: u32) -> Result<Vec<f64>, BenchError> {
    let connection = connect(place)?;
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let asked = connection.get_input_focus().map_err(ReplyError::from)?;
        asked.reply()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}

fn connect(place: &Place) -> Result<RustConnection, BenchError> {
    let Some(path) = &place.authority else {
        return Ok(RustConnection::connect(Some(&place.display))?.0);
    };
    let cookie = |source| BenchError::Cookie {
        path: path.clone(),
        source,
    };
    let file = std::fs::read(path).map_err(cookie)?;
    let secret = file.last_chunk::<16>().map(|secret| secret.to_vec());
    let number = place.display.trim_start_matches(':');
    let stream = std::os::unix::net::UnixStream::connect(format!("/tmp/.X11-unix/X{number}"));
    let (stream, _) = stream.and_then(DefaultStream::from_unix_stream).map_err(cookie)?;
    let name = b"MIT-MAGIC-COOKIE-1".to_vec();
    let connection =
        RustConnection::connect_to_stream_with_auth_info(stream, 0, name, secret.unwrap_or_default())?;
    Ok(connection)
}
