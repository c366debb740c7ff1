//! Many frames one after the other, each a refresh after the last: which of them were not, and whether the machine's load
//! explains it.

use std::{collections::BTreeMap, fmt, ops::Range, time::Instant};

use pixbridge::present::{Allocator, Completion, Mode, Progress, Sbc, Source, Submission, Target, ust_now};

use crate::{
    load::{LoadError, LoadWatch, Stalls},
    stage::{SOON, Stage, StageError},
};

/// Columns of the longest bar of a histogram.
const BAR: usize = 50;

/// Why frames could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum PacingError {
    /// The stage says so.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The machine's load cannot be watched.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A frame that was shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// When it was handed over, in UST.
    pub sent: u64,
    /// When its completion was known, in UST.
    pub heard: u64,
    /// What became of it.
    pub completion: Completion,
    /// Who told the time then.
    pub source: Source,
}

/// What became of frames that were each asked for a refresh after the one before.
#[derive(Debug, Clone)]
pub struct Run {
    frames: Vec<Shown>,
    stalls: Stalls,
    /// Microseconds from refresh to refresh.
    period: u64,
    /// How many frames are on their way together.
    buffers: usize,
}

/// A frame that came at another time than one refresh after the frame before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Irregularity {
    /// Which.
    pub sbc: Sbc,
    /// Refreshes since the frame before it.
    pub steps: i64,
    /// Microseconds since the frame before it.
    pub interval: i64,
    /// Microseconds of load while it, and what was before it in the queue, was on its way.
    pub lost: u64,
    /// Whether that explains it.
    pub explained: bool,
}

impl Run {
    /// Shows so many frames, each as soon as there is a buffer for it, with one refresh from
    /// frame to frame. Nothing is drawn.
    ///
    /// # Errors
    /// If no frame completes any more, or the display refuses.
    pub fn record<A: Allocator>(
        stage: &mut Stage<A>,
        watch: LoadWatch,
        count: usize,
    ) -> Result<Self, PacingError> {
        let mut sent: BTreeMap<Sbc, u64> = BTreeMap::new();
        let mut frames: Vec<Shown> = Vec::with_capacity(count);
        let mut last = Instant::now();
        while frames.len() < count {
            if sent.len() + frames.len() < count
                && let Some(frame) = stage.swapchain.acquire().map_err(StageError::from)?
            {
                let now = ust_now();
                let submission = Submission {
                    target: Target::Interval(1),
                    ..Submission::default()
                };
                let sbc = stage.swapchain.present(frame, &submission);
                sent.insert(sbc.map_err(StageError::from)?, now);
            } else if let Some(Progress::Completed(completion)) = stage.step()? {
                frames.extend(sent.remove(&completion.sbc).map(|sent| Shown {
                    sent,
                    heard: ust_now(),
                    completion,
                    source: stage.swapchain.clock().source(),
                }));
                last = Instant::now();
            } else if last.elapsed() > SOON {
                return Err(StageError::Late { what: "completion" }.into());
            }
        }
        let period = stage.swapchain.clock().period() / 1000;
        Ok(Self {
            stalls: watch.stop().and(late_news(&frames, period)),
            frames,
            period,
            buffers: stage.swapchain.stats().buffers as usize,
        })
    }

    /// The frames in the order of their completion.
    pub fn frames(&self) -> &[Shown] {
        &self.frames
    }

    /// The frames that came at another time than one refresh after the one before.
    pub fn irregularities(&self) -> impl Iterator<Item = Irregularity> {
        (1..self.frames.len()).filter_map(|index| self.judge(index))
    }

    /// How many refreshes there were from the first frame to the last.
    fn refreshes(&self) -> u64 {
        let msc = |shown: Option<&Shown>| shown.map_or(0, |shown| shown.completion.tick.msc);
        msc(self.frames.last()).saturating_sub(msc(self.frames.first()))
    }

    /// Fails with the irregular frames that no load explains. Nothing explains that there were fewer refreshes than
    /// frames, a tenth apart: a server that hurries only makes up for what it missed.
    ///
    /// # Panics
    /// If there are any.
    #[track_caller]
    pub fn assert_explained(&self) {
        let (frames, refreshes) = (self.frames.len() as u64, self.refreshes());
        assert!(
            refreshes * 10 >= frames * 9,
            "{frames} frames in {refreshes} refreshes"
        );
        let unexplained = self.irregularities().filter(|one| !one.explained);
        let lines: Vec<String> = unexplained.map(|one| one.to_string()).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    fn judge(&self, index: usize) -> Option<Irregularity> {
        let (before, frame) = (&self.frames[index - 1], &self.frames[index]);
        let (steps, interval) = steps_and_interval(before, frame);
        let off = self.deviation(before, frame)?;
        // From the frame whose buffer this one may have got. After a stall the server hurries with the frames that it
        // has, and with those that get their buffers.
        let reach = if steps == 0 {
            2 * self.buffers
        } else {
            self.buffers
        };
        let first = &self.frames[index.saturating_sub(reach)];
        let lost = self.stalls.lost(&(first.completion.tick.ust..frame.heard));
        Some(Irregularity {
            sbc: frame.completion.sbc,
            steps,
            interval,
            lost,
            // What is left of a refresh when the load has taken half of it may not be enough.
            explained: steps >= 0
                && interval >= 0
                && (lost * 2 >= off.unsigned_abs() || self.is_doubted_before(index)),
        })
    }

    /// Microseconds between what a frame and the one before it should be like and what they are; `None` if that is
    /// little.
    fn deviation(&self, before: &Shown, frame: &Shown) -> Option<i64> {
        let (steps, interval) = steps_and_interval(before, frame);
        let period = self.period as i64;
        let late = (interval - period).abs();
        // MSC and UST belong together. A server that counts by a timer rounds.
        let apart = (steps * period - interval).abs();
        let in_order = frame.completion.sbc.0 == before.completion.sbc.0 + 1;
        match in_order && apart < period {
            true if steps == 1 && late * 2 < period => None,
            true => Some(late),
            false => Some(late.max(apart).max(period)),
        }
    }

    /// Whether the server was so late with a frame shortly before that the swapchain went on by a timer. What that tells
    /// is no word of the display; that it came to that is for the first such frame to explain.
    fn is_doubted_before(&self, index: usize) -> bool {
        let before = &self.frames[index.saturating_sub(2 * self.buffers)..index];
        before.iter().any(|shown| shown.source != Source::Server)
    }
}

/// The times from refreshes to the news of them that were so long that the next frame could not be in time. The server
/// flips half a refresh ahead; what it copies is with it for longer.
fn late_news(frames: &[Shown], period: u64) -> impl Iterator<Item = Range<u64>> {
    let spans = frames.iter().map(move |shown| {
        let limit = if shown.completion.mode == Mode::Flip {
            period / 2
        } else {
            period
        };
        (shown.completion.tick.ust..shown.heard, limit)
    });
    spans.filter_map(|(span, limit)| (span.end.saturating_sub(span.start) > limit).then_some(span))
}

fn steps_and_interval(before: &Shown, frame: &Shown) -> (i64, i64) {
    let (before, tick) = (before.completion.tick, frame.completion.tick);
    (
        tick.msc.wrapping_sub(before.msc).cast_signed(),
        tick.ust.wrapping_sub(before.ust).cast_signed(),
    )
}

impl fmt::Display for Irregularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sbc,
            steps,
            interval,
            lost,
            ..
        } = self;
        write!(
            f,
            "{sbc}: {steps} refreshes and {interval} us after the one before, {lost} us of load"
        )
    }
}

/// The histograms of steps and of intervals.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self
            .frames
            .windows(2)
            .map(|pair| steps_and_interval(&pair[0], &pair[1]));
        let (steps, intervals): (Vec<i64>, Vec<i64>) = pairs.unzip();
        let irregular = self.irregularities().count();
        let explained = self.irregularities().filter(|one| one.explained).count();
        let (count, period) = (self.frames.len(), self.period);
        writeln!(
            f,
            "{count} frames, {period} us a refresh; {irregular} irregular, {explained} of them by load"
        )?;
        if let (Some(first), Some(last)) = (self.frames.first(), self.frames.last()) {
            let (whole, lost) = (
                last.heard - first.sent,
                self.stalls.lost(&(first.sent..last.heard)),
            );
            writeln!(f, "load took {} of {} ms", lost / 1000, whole / 1000)?;
        }
        histogram(f, "MSC steps", steps.into_iter())?;
        let milliseconds = intervals.into_iter().map(|interval| interval.div_euclid(1000));
        histogram(f, "UST intervals in ms, rounded down", milliseconds)
    }
}

fn histogram(f: &mut fmt::Formatter<'_>, title: &str, values: impl Iterator<Item = i64>) -> fmt::Result {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(1);
    writeln!(f, "{title}:")?;
    for (value, count) in counts {
        writeln!(
            f,
            "{value:>8} {count:>6} {}",
            "#".repeat((count * BAR).div_ceil(most))
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pixbridge::present::{Doubt, Tick};

    use super::*;

    const PERIOD: u64 = 16_667;

    /// A run of frames at these refreshes, without load but for a span.
    fn run(refreshes: &[u64], stall: Range<u64>) -> Run {
        let frames = refreshes.iter().zip(1..).map(|(msc, sbc)| {
            let ust = 1_000_000 + msc * PERIOD;
            Shown {
                sent: ust - 3 * PERIOD,
                heard: ust + 500,
                completion: Completion {
                    sbc: Sbc(sbc),
                    tick: Tick { ust, msc: *msc },
                    mode: Mode::Flip,
                },
                source: Source::Server,
            }
        });
        Run {
            frames: frames.collect(),
            stalls: Stalls::new(vec![stall]),
            period: PERIOD,
            buffers: 3,
        }
    }

    fn verdicts(run: &Run) -> Vec<(u64, i64, bool)> {
        run.irregularities()
            .map(|one| (one.sbc.0, one.steps, one.explained))
            .collect()
    }

    #[test]
    fn what_is_skipped_or_repeated_without_load_is_not_explained() {
        assert_eq!(verdicts(&run(&[1, 2, 3, 4], 0..0)), []);
        let skipping = run(&[1, 2, 4, 4, 5], 0..0);
        assert_eq!(verdicts(&skipping), [(3, 2, false), (4, 0, false)]);
    }

    #[test]
    fn load_explains_no_more_than_it_cost() {
        let at = |msc: u64| 1_000_000 + msc * PERIOD;
        let stall = at(2) + 1_000..at(2) + 10_000;
        assert_eq!(
            verdicts(&run(&[1, 2, 4, 4, 5], stall.clone())),
            [(3, 2, true), (4, 0, true)]
        );
        assert_eq!(verdicts(&run(&[1, 2, 5, 6], stall)), [(3, 3, false)]);
        let elsewhere = at(12)..at(14);
        assert_eq!(verdicts(&run(&[1, 2, 4, 5], elsewhere)), [(3, 2, false)]);
    }

    #[test]
    fn a_server_that_is_given_up_without_load_is_not_explained_and_what_follows_is() {
        let mut doubted = run(&[1, 2, 18, 18, 20], 0..0);
        doubted.frames[2].source = Source::Timer(Doubt::Silent);
        assert_eq!(verdicts(&doubted), [(3, 16, false), (4, 0, true), (5, 2, true)]);
    }

    #[test]
    fn frames_out_of_order_are_irregular() {
        let mut exchanged = run(&[1, 2, 3, 4], 0..0);
        let sbc = |index: usize| Sbc(index as u64);
        (
            exchanged.frames[1].completion.sbc,
            exchanged.frames[2].completion.sbc,
        ) = (sbc(3), sbc(2));
        assert_eq!(
            verdicts(&exchanged),
            [(3, 1, false), (2, 1, false), (4, 1, false)]
        );
    }

    #[test]
    fn nothing_explains_time_that_goes_back() {
        assert_eq!(verdicts(&run(&[3, 2, 3], 0..u64::MAX)), [(2, -1, false)]);
    }

    #[test]
    #[should_panic(expected = "5 frames in 0 refreshes")]
    fn no_load_explains_a_counter_that_stands_still() {
        run(&[7, 7, 7, 7, 7], 0..u64::MAX).assert_explained();
    }

    #[test]
    fn a_counter_that_moves_without_time_is_irregular() {
        let mut leaping = run(&[1, 2, 3], 0..0);
        leaping.frames[2].completion.tick.msc += 1;
        assert_eq!(verdicts(&leaping), [(3, 2, false)]);
    }
}
