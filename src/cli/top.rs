//! `pixbridge top`: what running bridges do, window by window.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Args;
use pixbridge::bridge::{
    report::{Report, WindowReport},
    status,
};

use super::Failure;

/// Clears the screen and goes to its corner.
const CLEAR: &str = "\x1b[H\x1b[2J";

#[derive(Debug, Args)]
pub(super) struct Top {
    /// Print once and end
    #[arg(long)]
    once: bool,
    /// Print JSON, once
    #[arg(long)]
    json: bool,
    /// Seconds between looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

impl Top {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let directory = status::directory();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&status::ask_all(&directory)?)?);
            return Ok(ExitCode::SUCCESS);
        }
        let terminal = std::io::stdout().is_terminal();
        let mut before: Vec<Report> = Vec::new();
        loop {
            let reports = status::ask_all(&directory)?;
            let clear = if terminal && !self.once { CLEAR } else { "" };
            print!("{clear}{}", table(&reports, &before));
            std::io::stdout().flush()?;
            if self.once {
                return Ok(ExitCode::SUCCESS);
            }
            before = reports;
            thread::sleep(Duration::from_secs(self.every));
        }
    }
}

fn table(reports: &[Report], before: &[Report]) -> String {
    if reports.is_empty() {
        return "no bridge of this user is running\n".to_owned();
    }
    let mut text = String::new();
    for report in reports {
        let earlier = before.iter().find(|earlier| earlier.process == report.process);
        let Report {
            process,
            guest,
            host,
            seconds,
            ..
        } = report;
        _ = writeln!(text, "process {process}: {guest} on {host}, {seconds:.0} s");
        _ = writeln!(
            text,
            "  {:>10} {:>9} {:<14} {:<14} {:>8} {:>7} {:>8} {:>7} {:>9} {:>9}  title",
            "window", "size", "in", "out", "frames", "per s", "damage", "copies", "latency", "95 %"
        );
        for window in &report.windows {
            row(&mut text, window, rate(report, window, earlier));
        }
    }
    text
}

fn row(text: &mut String, window: &WindowReport, rate: f64) {
    let frames = window.frames.max(1) as f64;
    let area = (f64::from(window.width) * f64::from(window.height)).max(1.0);
    let damage = 100.0 * window.damaged_pixels as f64 / (frames * area);
    let milliseconds = |micros: u32| f64::from(micros) / 1000.0;
    _ = writeln!(
        text,
        "  {:>#10x} {:>9} {:<14} {:<14} {:>8} {rate:>7.1} {damage:>6.1} % {:>7.1} {:>6.2} ms {:>6.2} ms  {}",
        window.guest_window,
        format!("{}x{}", window.width, window.height),
        window.path_in,
        window.path_out,
        window.frames,
        window.copies_per_frame,
        milliseconds(window.latency.median),
        milliseconds(window.latency.p95),
        printable(&window.title),
    );
}

/// Frames a second since the last look, or since the start.
fn rate(report: &Report, window: &WindowReport, earlier: Option<&Report>) -> f64 {
    let last = earlier.and_then(|earlier| {
        let same = earlier
            .windows
            .iter()
            .find(|other| other.guest_window == window.guest_window);
        Some((earlier.seconds, same?.frames))
    });
    let (seconds, frames) = last.unwrap_or((0.0, 0));
    let passed = report.seconds - seconds;
    if passed > 0.0 {
        window.frames.saturating_sub(frames) as f64 / passed
    } else {
        0.0
    }
}

/// Titles are the guest's words, and a terminal would obey its control characters.
fn printable(title: &str) -> String {
    title.chars().filter(|c| !c.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use pixbridge::bridge::report::Spread;

    use super::*;

    fn report(seconds: f64, frames: u64) -> Report {
        let window = WindowReport {
            guest_window: 0x20_0001,
            host_window: 0x40_0001,
            title: "xterm\x1b[2J".into(),
            width: 100,
            height: 50,
            path_in: "shm-image".into(),
            path_out: "shm-pixmap".into(),
            frames,
            damaged_pixels: 2500 * frames,
            copies_per_frame: 2.0,
            bytes_per_frame: 10_000.0,
            latency: Spread::default(),
            interval: Spread::default(),
            intervals: Vec::new(),
        };
        Report {
            process: 1,
            guest: ":1".into(),
            host: ":2".into(),
            seconds,
            windows: vec![window],
        }
    }

    #[test]
    fn rates_are_those_since_the_last_look() {
        let (first, second) = (report(10.0, 100), report(12.0, 220));
        assert_eq!(rate(&first, &first.windows[0], None), 10.0);
        assert_eq!(rate(&second, &second.windows[0], Some(&first)), 60.0);
    }

    #[test]
    fn a_title_cannot_command_the_terminal() {
        let text = table(&[report(1.0, 4)], &[]);
        assert!(text.contains("xterm[2J") && !text.contains('\x1b'), "{text}");
        assert!(text.contains("50.0 %"), "{text}");
    }
}
