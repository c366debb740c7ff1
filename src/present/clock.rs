//! When the display shows pictures: UST and MSC as
//! [GLX_OML_sync_control](https://registry.khronos.org/OpenGL/extensions/OML/GLX_OML_sync_control.txt) defines them.
//!
//! The server's word counts while it makes sense. Hidden windows tick once a second or not at all, and a window that
//! moves to another output may find a counter that stands elsewhere. Then a timer goes on at the last good rate until
//! the server has made sense for a while. What is told outside never goes back and never jumps at such a change.
//!
//! Nothing here asks for the time, so that all of it can be tried without waiting.

/// Periods outside of these are no display's: 1000 Hz and 20 Hz.
const PERIODS: std::ops::RangeInclusive<u64> = 1_000_000..=50_000_000;
/// Taken for the period until it is known: 60 Hz.
const NOMINAL_PERIOD: u64 = 16_666_667;
/// So many ticks in a row that agree bring the server's word back.
const AGREEING: u32 = 3;
/// The period is first measured over this many ticks.
const BASELINE: u64 = 8;
/// The measurement begins anew after this many ticks, so that it follows a change of mode.
const LONG_BASELINE: u64 = 128;
/// A server whose UST is further away than this counts from another origin. Microseconds.
const SAME_ORIGIN: u64 = 10_000_000;
/// A frame whose completion is so much late will not be heard of: periods, and at least microseconds.
const OVERDUE: (u64, u64) = (4, 250_000);

/// A refresh of the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tick {
    /// When it was, in microseconds of the monotonic clock.
    pub ust: u64,
    /// How many there were before it.
    pub msc: u64,
}

/// Why the timer goes instead of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The server has no Present extension.
    #[error("the display tells no time")]
    NoPresent,
    /// The window is not mapped.
    #[error("the window is not mapped")]
    Unmapped,
    /// A frame is long overdue.
    #[error("no frame completes")]
    Silent,
    /// Ticks are further apart than any display's.
    #[error("the display ticks too slowly")]
    Slow,
    /// Ticks are closer together than any display's.
    #[error("MSC jumps ahead")]
    Jumps,
    /// Time passes and MSC does not.
    #[error("MSC stands still")]
    Repeats,
    /// MSC is lower than it was.
    #[error("MSC steps back")]
    StepsBack,
}

impl Doubt {
    /// Whether nobody sees the window, as far as can be told.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Unmapped | Self::Silent | Self::Slow)
    }
}

/// Where the ticks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nowhere yet: the server has Present and has not said anything.
    Unheard,
    /// The server.
    Server,
    /// A timer at the last good rate.
    Timer(Doubt),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Unheard,
    Server,
    Timer { doubt: Doubt, trial: Trial },
}

/// The server's ticks since the last one that made no sense.
#[derive(Debug, Clone, Copy, Default)]
struct Trial {
    first: Option<Tick>,
    /// How many have agreed with each other.
    agreed: u32,
}

impl Trial {
    /// Takes in a tick that was judged by the one before it. It has to fit the first one as well: when a server makes up
    /// for a silence, its ticks are all told at once.
    fn next(self, judged: Result<(), Doubt>, heard: Tick, period: u64) -> Self {
        let first = self.first.unwrap_or(heard);
        match judged.and_then(|()| judge(first, heard, period)) {
            Ok(()) => Self {
                first: Some(first),
                agreed: self.agreed + 1,
            },
            Err(_) => Self {
                first: Some(heard),
                agreed: 0,
            },
        }
    }
}

/// The clock of one window.
#[derive(Debug, Clone)]
pub struct FrameClock {
    state: State,
    /// A tick that is known, by its outside number; others are counted from it.
    known: Tick,
    /// The last tick that was told, which no other may precede.
    told: Tick,
    /// Nanoseconds.
    period: u64,
    /// Outside MSC less the server's, wrapping.
    offset: u64,
    /// Our monotonic clock less the server's, wrapping, in microseconds; set by its first word.
    shift: Option<u64>,
    /// When the server first said its current MSC: its MSC, our time.
    seen: Option<Tick>,
    /// The beginning of the measurement of the period: its MSC, our time.
    anchor: Option<Tick>,
}

impl FrameClock {
    /// A clock that waits for the server's word.
    pub fn new() -> Self {
        Self {
            state: State::Unheard,
            known: Tick::default(),
            told: Tick::default(),
            period: NOMINAL_PERIOD,
            offset: 0,
            shift: None,
            seen: None,
            anchor: None,
        }
    }

    /// A clock for a server that tells no time; MSC counts from `now`, a UST.
    pub fn without_server(now: u64) -> Self {
        let mut clock = Self::new();
        clock.doubt(now, Doubt::NoPresent);
        clock
    }

    /// Where the ticks come from.
    pub fn source(&self) -> Source {
        match self.state {
            State::Unheard => Source::Unheard,
            State::Server => Source::Server,
            State::Timer { doubt, .. } => Source::Timer(doubt),
        }
    }

    /// Nanoseconds from tick to tick.
    pub fn period(&self) -> u64 {
        self.period
    }

    /// Takes in what the server said, received at `now`, and gives what is told outside.
    pub fn hear(&mut self, now: u64, said: Tick) -> Tick {
        let heard = Tick {
            ust: self.our_time(now, said.ust),
            msc: said.msc,
        };
        let judged = self.seen.map_or(Ok(()), |seen| judge(seen, heard, self.period));
        let fresh = self.seen.is_none_or(|seen| seen.msc != heard.msc);
        if fresh {
            self.seen = Some(heard);
        }
        match (self.state, judged) {
            (State::Unheard | State::Server, Ok(())) => self.follow(heard),
            (State::Unheard | State::Server, Err(doubt)) => self.doubt(now, doubt),
            // That a tick is told once more says nothing of the next.
            (State::Timer { .. }, Ok(())) if !fresh => {}
            (State::Timer { doubt, trial }, judged) => match trial.next(judged, heard, self.period) {
                Trial { agreed, .. } if agreed >= AGREEING => self.rejoin(heard),
                trial => self.state = State::Timer { doubt, trial },
            },
        }
        let tick = match self.state {
            State::Timer { .. } => self.at(now),
            _ => Tick {
                ust: heard.ust,
                msc: heard.msc.wrapping_add(self.offset),
            },
        };
        self.tell(tick)
    }

    /// The last tick before `now`, to be told outside: neither UST nor MSC is lower than what was told before.
    pub fn tell_at(&mut self, now: u64) -> Tick {
        self.tell(self.at(now))
    }

    /// Goes on by the timer.
    pub fn doubt(&mut self, now: u64, doubt: Doubt) {
        if !matches!(self.state, State::Timer { .. }) {
            tracing::debug!("frames are timed here from now on: {doubt}");
        }
        self.known = match self.state {
            State::Unheard => Tick { ust: now, msc: 0 },
            _ => self.at(now),
        };
        let trial = Trial::default();
        self.state = State::Timer { doubt, trial };
        self.anchor = None;
    }

    /// The last tick before `now`, a UST. Nothing passes before the server has said anything.
    pub fn at(&self, now: u64) -> Tick {
        if matches!(self.state, State::Unheard) {
            return self.told;
        }
        let ticks = u128::from(now.saturating_sub(self.known.ust)) * 1000 / u128::from(self.period);
        let ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
        let msc = self.known.msc.saturating_add(ticks).max(self.told.msc);
        Tick {
            ust: self.ust_of(msc),
            msc,
        }
    }

    /// When a tick will be, or was, in UST.
    pub fn ust_of(&self, msc: u64) -> u64 {
        let span = |ticks: u64| {
            let micros = (u128::from(ticks) * u128::from(self.period)).div_ceil(1000);
            u64::try_from(micros).unwrap_or(u64::MAX)
        };
        match msc.checked_sub(self.known.msc) {
            Some(ahead) => self.known.ust.saturating_add(span(ahead)),
            None => self.known.ust.saturating_sub(span(self.known.msc - msc)),
        }
    }

    /// When to begin a frame that takes `work` microseconds so that it is there for a tick, in UST.
    pub fn start_for(&self, msc: u64, work: u64) -> u64 {
        self.ust_of(msc).saturating_sub(work)
    }

    /// When a frame that was asked for at a tick is so late that the server will say nothing any more, in UST.
    pub fn overdue(&self, msc: u64, sent: u64) -> u64 {
        let (periods, least) = OVERDUE;
        let expected = match self.state {
            State::Unheard => sent,
            _ => self.ust_of(msc).max(sent),
        };
        expected.saturating_add((self.period / 1000).saturating_mul(periods).max(least))
    }

    /// The server's number of a tick.
    pub(super) fn to_server(&self, msc: u64) -> u64 {
        msc.wrapping_sub(self.offset)
    }

    /// The remainder by which the server finds the same ticks.
    pub(super) fn remainder_to_server(&self, divisor: u64, remainder: u64) -> u64 {
        match divisor {
            0 => 0,
            _ => (u128::from(remainder) + u128::from(divisor) - u128::from(self.offset % divisor))
                .rem_euclid(divisor.into()) as u64,
        }
    }

    fn our_time(&mut self, now: u64, ust: u64) -> u64 {
        // Servers whose driver has no time to tell say 0, and an MSC that stands still.
        if ust == 0 {
            return now;
        }
        let shift = *self.shift.get_or_insert_with(|| {
            let same = now.abs_diff(ust) < SAME_ORIGIN;
            if same { 0 } else { now.wrapping_sub(ust) }
        });
        // Nothing has happened that is yet to come.
        ust.wrapping_add(shift).min(now)
    }

    fn tell(&mut self, tick: Tick) -> Tick {
        self.told = Tick {
            ust: tick.ust.max(self.told.ust),
            msc: tick.msc.max(self.told.msc),
        };
        self.told
    }

    fn follow(&mut self, heard: Tick) {
        let msc = heard.msc.wrapping_add(self.offset);
        if msc != self.known.msc || matches!(self.state, State::Unheard) {
            self.known = Tick { ust: heard.ust, msc };
        }
        self.state = State::Server;
        self.measure(heard);
    }

    /// Takes up the server's counter where the timer stood at the time of that tick, which may be long past. What has been
    /// told since does not matter for that.
    fn rejoin(&mut self, heard: Tick) {
        let msc = self.nearest(heard.ust);
        self.offset = msc.wrapping_sub(heard.msc);
        self.known = Tick { ust: heard.ust, msc };
        self.state = State::Server;
        self.anchor = Some(heard);
        tracing::debug!("frames are timed by the display again");
    }

    /// The tick of the timer that is nearest to a UST. The server's ticks and the timer's are not in step.
    fn nearest(&self, ust: u64) -> u64 {
        let period = u128::from(self.period);
        let ticks = (u128::from(ust.abs_diff(self.known.ust)) * 1000 + period / 2) / period;
        let ticks = u64::try_from(ticks).unwrap_or(u64::MAX);
        match ust < self.known.ust {
            true => self.known.msc.saturating_sub(ticks),
            false => self.known.msc.saturating_add(ticks),
        }
    }

    fn measure(&mut self, heard: Tick) {
        let anchor = *self.anchor.get_or_insert(heard);
        let ticks = heard.msc.saturating_sub(anchor.msc);
        if ticks < BASELINE {
            return;
        }
        let nanos = u128::from(heard.ust.saturating_sub(anchor.ust)) * 1000 / u128::from(ticks);
        if let Some(period) = u64::try_from(nanos)
            .ok()
            .filter(|period| PERIODS.contains(period))
        {
            self.period = period;
        }
        if ticks >= LONG_BASELINE {
            self.anchor = Some(heard);
        }
    }
}

impl Default for FrameClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a tick makes sense after another one. Copies are timed by the moment and not by the refresh, so each may be
/// a tick off.
fn judge(seen: Tick, heard: Tick, period: u64) -> Result<(), Doubt> {
    let nanos = u128::from(heard.ust.saturating_sub(seen.ust)) * 1000;
    let Some(ticks) = heard.msc.checked_sub(seen.msc) else {
        return Err(Doubt::StepsBack);
    };
    let ticks = u128::from(ticks);
    if ticks == 0 && nanos * 2 > u128::from(period) * 3 {
        Err(Doubt::Repeats)
    } else if nanos > (ticks + 1) * u128::from(*PERIODS.end()) {
        Err(Doubt::Slow)
    } else if ticks.saturating_sub(1) * u128::from(*PERIODS.start()) > nanos {
        Err(Doubt::Jumps)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
