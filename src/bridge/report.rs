//! What a bridge has done so far, window by window: for `pixbridge top`, for files, for plots.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

pub use super::plot::plot;

/// Frames whose times are remembered for each window.
const REMEMBERED: usize = 16_384;

/// Everything that one process shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The process.
    pub process: u32,
    /// The display whose windows are shown.
    pub guest: String,
    /// The display that shows them.
    pub host: String,
    /// How long it has run.
    pub seconds: f64,
    /// The windows that are shown now.
    pub windows: Vec<WindowReport>,
}

/// One window that is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowReport {
    /// Its identifier on the guest display.
    pub guest_window: u32,
    /// Its identifier on the host display.
    pub host_window: u32,
    /// What its title bar says.
    pub title: String,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// How its pixels come in.
    pub path_in: String,
    /// How frames go out.
    pub path_out: String,
    /// Frames presented.
    pub frames: u64,
    /// Pixels that the guest changed in all those frames.
    pub damaged_pixels: u64,
    /// Copies that this process made, or had the guest's server make, for an average frame.
    pub copies_per_frame: f64,
    /// Bytes of those copies for an average frame.
    pub bytes_per_frame: f64,
    /// From the guest's word of damage to the host's word that the frame is on the screen.
    pub latency: Spread,
    /// From one frame on the screen to the next.
    pub interval: Spread,
    /// The intervals of the last frames in microseconds, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<u32>,
}

/// How measured times are spread, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spread {
    /// Half of them are shorter.
    pub median: u32,
    /// 95 of a hundred are shorter.
    pub p95: u32,
    /// The longest.
    pub max: u32,
}

impl Spread {
    fn of(times: &VecDeque<u32>) -> Self {
        let mut sorted: Vec<u32> = times.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().max(1) - 1));
        Self {
            median: at(50).copied().unwrap_or(0),
            p95: at(95).copied().unwrap_or(0),
            max: sorted.last().copied().unwrap_or(0),
        }
    }
}

/// Counts what happens to one window. Memory is bounded; recording allocates nothing once it has filled up.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    frames: u64,
    damaged_pixels: u64,
    last_shown: Option<Duration>,
    latencies: VecDeque<u32>,
    intervals: VecDeque<u32>,
}

impl Recorder {
    /// A frame was presented in which the guest had changed so many pixels.
    pub fn presented(&mut self, damaged_pixels: u64) {
        self.frames += 1;
        self.damaged_pixels = self.damaged_pixels.saturating_add(damaged_pixels);
    }

    /// The frame of damage that was told at `damaged` came onto the screen at `shown`, on one clock.
    pub fn shown(&mut self, damaged: Duration, shown: Duration) {
        remember(&mut self.latencies, shown.saturating_sub(damaged));
        if let Some(last) = self.last_shown.replace(shown) {
            remember(&mut self.intervals, shown.saturating_sub(last));
        }
    }

    /// Frames presented.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Pixels that the guest changed.
    pub fn damaged_pixels(&self) -> u64 {
        self.damaged_pixels
    }

    /// The spread of the times from damage to screen.
    pub fn latency(&self) -> Spread {
        Spread::of(&self.latencies)
    }

    /// The spread of the times from frame to frame.
    pub fn interval(&self) -> Spread {
        Spread::of(&self.intervals)
    }

    /// The last times from frame to frame in microseconds, oldest first.
    pub fn intervals(&self) -> Vec<u32> {
        self.intervals.iter().copied().collect()
    }
}

fn remember(times: &mut VecDeque<u32>, time: Duration) {
    if times.len() == REMEMBERED {
        times.pop_front();
    }
    times.push_back(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_of_what_was_measured() {
        let mut recorder = Recorder::default();
        for frame in 1..=100_u64 {
            recorder.presented(10);
            let shown = Duration::from_millis(20 * frame);
            recorder.shown(shown.saturating_sub(Duration::from_micros(frame)), shown);
        }
        assert_eq!(recorder.frames(), 100);
        assert_eq!(recorder.damaged_pixels(), 1000);
        let expected = Spread {
            median: 51,
            p95: 96,
            max: 100,
        };
        assert_eq!(recorder.latency(), expected);
        assert_eq!(recorder.interval().median, 20_000);
        assert_eq!(recorder.intervals().len(), 99);
    }

    #[test]
    fn nothing_measured_is_nothing() {
        assert_eq!(Recorder::default().latency(), Spread::default());
    }

    #[test]
    fn a_clock_that_steps_back_is_no_negative_time() {
        let mut recorder = Recorder::default();
        recorder.shown(Duration::from_secs(2), Duration::from_secs(1));
        assert_eq!(recorder.latency().max, 0);
    }

    #[test]
    fn old_frames_are_forgotten() {
        let mut recorder = Recorder::default();
        for frame in 0..2 * REMEMBERED as u64 {
            recorder.shown(Duration::ZERO, Duration::from_micros(frame));
        }
        assert_eq!(recorder.intervals().len(), REMEMBERED);
    }
}
