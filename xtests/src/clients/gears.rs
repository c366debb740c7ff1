//! glxgears, and its kin that report in the same way.

/// The frames per second of each report, oldest first. One is made every five seconds.
pub fn rates(output: &str) -> Vec<f64> {
    output.lines().filter_map(rate).collect()
}

/// Reads `15000 frames in 5.0 seconds = 2999.858 FPS`.
fn rate(line: &str) -> Option<f64> {
    let (head, rate) = line.trim().strip_suffix("FPS")?.split_once(" = ")?;
    let (frames, _) = head.split_once(" frames in ")?;
    frames.parse::<u64>().ok()?;
    rate.trim()
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_gives_its_rate() {
        let output = "GL_RENDERER = x\n15000 frames in 5.0 seconds = 2999.858 FPS\n7 frames in 5.1 seconds =  1.4 FPS\n";
        assert_eq!(rates(output), [2999.858, 1.4]);
    }

    #[test]
    fn other_lines_and_impossible_rates_are_no_reports() {
        assert!(
            rates("x frames in 5.0 seconds = 3 FPS\n0 frames in 5.0 seconds = 0.0 FPS\nFPS\n").is_empty()
        );
    }
}
