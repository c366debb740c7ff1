//! The media stream counter of the screen, and the counts at which things are due.

use std::time::{Duration, Instant};

use super::script::Clock;

/// One count of a clock that the test moves, in µs: a sixtieth of a second.
const MANUAL_PERIOD: u64 = 16_667;

/// The counter.
#[derive(Debug)]
pub(super) struct Clockwork {
    msc: u64,
    started: Instant,
    going: Option<Going>,
}

/// A counter that goes by itself.
#[derive(Debug)]
struct Going {
    period: Duration,
    next: Instant,
}

impl Clockwork {
    pub(super) fn new(clock: Clock) -> Self {
        let started = Instant::now();
        let going = match clock {
            Clock::Manual => None,
            Clock::Hertz(rate) => {
                let period = Duration::from_secs(1) / rate.max(1);
                let next = started + period;
                Some(Going { period, next })
            }
        };
        Self {
            msc: 0,
            started,
            going,
        }
    }

    pub(super) const fn msc(&self) -> u64 {
        self.msc
    }

    pub(super) const fn set_msc(&mut self, msc: u64) {
        self.msc = msc;
    }

    pub(super) const fn advance(&mut self, counts: u64) {
        self.msc = self.msc.wrapping_add(counts);
    }

    /// When the count began, in µs. Whatever the thread is late for, this and the count belong together.
    pub(super) fn ust(&self) -> u64 {
        match &self.going {
            None => self.msc.wrapping_mul(MANUAL_PERIOD),
            Some(going) => {
                let began = going.next - going.period;
                began.duration_since(self.started).as_micros() as u64
            }
        }
    }

    /// The time until the next count, if it comes by itself.
    pub(super) fn until_next(&self, now: Instant) -> Option<Duration> {
        self.going
            .as_ref()
            .map(|going| going.next.saturating_duration_since(now))
    }

    /// Counts one more if its time has come by itself.
    pub(super) fn count(&mut self, now: Instant) -> bool {
        let Some(going) = self.going.as_mut().filter(|going| going.next <= now) else {
            return false;
        };
        going.next += going.period;
        self.msc = self.msc.wrapping_add(1);
        true
    }
}

/// The count at which a request for (`target`, `divisor`, `remainder`) is due, as `PresentPixmap` says it. What is not
/// asynchronous and late is due at the next count, since the present one has begun.
pub(super) fn due(now: u64, (target, divisor, remainder): (u64, u64, u64), asynchronous: bool) -> u64 {
    if target > now {
        return target;
    }
    if divisor == 0 {
        return if asynchronous { now } else { now.saturating_add(1) };
    }
    let candidate = (now - now % divisor).saturating_add(remainder);
    if candidate > now || (candidate == now && asynchronous) {
        candidate
    } else {
        candidate.saturating_add(divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_in_the_future_are_kept() {
        assert_eq!(due(10, (15, 4, 1), false), 15);
    }

    #[test]
    fn late_targets_are_due_next_or_at_once() {
        assert_eq!(due(10, (3, 0, 0), false), 11);
        assert_eq!(due(10, (10, 0, 0), true), 10);
    }

    #[test]
    fn late_targets_with_a_divisor_are_due_at_the_next_match() {
        for now in 0..50 {
            let count = due(now, (0, 7, 3), false);
            assert_eq!(count % 7, 3);
            assert!(count > now && count <= now + 7, "{now} -> {count}");
        }
        assert_eq!(due(10, (0, 7, 3), true), 10);
    }

    #[test]
    fn a_going_clock_counts_its_periods() {
        let mut clock = Clockwork::new(Clock::Hertz(100));
        let start = clock.started;
        assert!(!clock.count(start));
        assert_eq!(clock.until_next(start), Some(Duration::from_millis(10)));
        for count in 1..=3 {
            assert!(clock.count(start + Duration::from_millis(35)));
            assert_eq!((clock.msc(), clock.ust()), (count, count * 10_000));
        }
        assert!(!clock.count(start + Duration::from_millis(35)));
    }
}
