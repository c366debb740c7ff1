//! Frame times as a picture: SVG, one strip for each window.

use std::fmt::{self, Write};

use super::report::{Report, WindowReport};

const WIDTH: f64 = 960.0;
const STRIP: f64 = 200.0;
const MARGIN: f64 = 56.0;
/// Points of one strip at most; of more frames, each point is the longest of a group, so that no spike is lost.
const POINTS: usize = 900;

/// The frame times of all windows as an SVG document: frames to the right, milliseconds upwards.
pub fn plot(report: &Report) -> String {
    let mut svg = String::new();
    // A String takes all that is written.
    _ = draw(&mut svg, report);
    svg
}

fn draw(svg: &mut String, report: &Report) -> fmt::Result {
    let height = STRIP * report.windows.len().max(1) as f64;
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">"#
    )?;
    writeln!(svg, r#"<rect width="100%" height="100%" fill="white"/>"#)?;
    for (index, window) in report.windows.iter().enumerate() {
        strip(svg, window, STRIP * index as f64)?;
    }
    writeln!(svg, "</svg>")
}

fn strip(svg: &mut String, window: &WindowReport, top: f64) -> fmt::Result {
    let points = condensed(&window.intervals);
    let tallest = points.iter().copied().max().unwrap_or(0).max(1);
    let (left, bottom) = (MARGIN, top + STRIP - 24.0);
    let (wide, tall) = (WIDTH - 2.0 * MARGIN, STRIP - 64.0);
    writeln!(
        svg,
        r#"<text x="{left}" y="{}">{:#x} {}, {} in, {} out, {} frames, median {:.2} ms, 95 % {:.2} ms</text>"#,
        top + 24.0,
        window.guest_window,
        escaped(&window.title),
        escaped(&window.path_in),
        escaped(&window.path_out),
        window.frames,
        f64::from(window.interval.median) / 1000.0,
        f64::from(window.interval.p95) / 1000.0,
    )?;
    writeln!(
        svg,
        r##"<path d="M{left} {} V{bottom} H{}" fill="none" stroke="#888"/>"##,
        bottom - tall,
        left + wide
    )?;
    writeln!(
        svg,
        r#"<text x="{}" y="{}">{:.1} ms</text>"#,
        left + 4.0,
        bottom - tall + 10.0,
        f64::from(tallest) / 1000.0
    )?;
    write!(svg, r##"<polyline fill="none" stroke="#1f77b4" points=""##)?;
    for (index, time) in points.iter().enumerate() {
        let x = left + wide * index as f64 / points.len().max(2) as f64;
        let y = bottom - tall * f64::from(*time) / f64::from(tallest);
        write!(svg, "{x:.1},{y:.1} ")?;
    }
    writeln!(svg, r#""/>"#)
}

fn condensed(times: &[u32]) -> Vec<u32> {
    let group = times.len().div_ceil(POINTS).max(1);
    times
        .chunks(group)
        .filter_map(|group| group.iter().copied().max())
        .collect()
}

/// Titles are the guest's words: markup in them is text, and control characters are nothing.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_survive_condensing() {
        let mut times = vec![16_000; 10_000];
        times[5_001] = 90_000;
        let points = condensed(&times);
        assert!(points.len() <= POINTS);
        assert_eq!(points.iter().max(), Some(&90_000));
    }

    #[test]
    fn a_title_cannot_add_markup() {
        assert_eq!(escaped("<script>&\"\u{1b}[0m"), "&lt;script&gt;&amp;&quot;[0m");
    }
}
