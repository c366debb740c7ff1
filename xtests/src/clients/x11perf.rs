//! x11perf: how often a second an X server does something.

/// The best rate of the output, in operations a second: each repetition has a line of its own.
pub fn rate(output: &str) -> Option<f64> {
    output.lines().filter_map(line).reduce(f64::max)
}

/// Reads `500000 reps @   0.0100 msec (100000.0/sec): 10x10 rectangle`, but not the `trep` line that sums it up.
fn line(line: &str) -> Option<f64> {
    let (head, rest) = line.split_once(" reps @")?;
    head.trim().parse::<u64>().ok()?;
    let (_, rest) = rest.split_once('(')?;
    let (rate, _) = rest.split_once("/sec)")?;
    rate.trim().parse().ok().filter(|rate: &f64| *rate > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_repetition_counts() {
        let output = "Sync time adjustment is 0.0316 msecs.\n\n\
            30000000 reps @   0.0002 msec (4290000.0/sec): 10x10 rectangle\n\
            31000000 reps @   0.0002 msec ( 5290000.0/sec): 10x10 rectangle\n\
            60000000 trep @   0.0002 msec (9990000.0/sec): 10x10 rectangle\n";
        assert_eq!(rate(output), Some(5_290_000.0));
    }

    #[test]
    fn output_without_a_rate_has_none() {
        assert_eq!(rate("x11perf: error: unable to open display\n"), None);
    }
}
