//! Waiting for a refresh or a frame, as glXWaitForMscOML and glXWaitForSbcOML of
//! [GLX_OML_sync_control](https://registry.khronos.org/OpenGL/extensions/OML/GLX_OML_sync_control.txt) do.
//!
//! Who has an event loop needs none of this. What the display says in the meantime is taken in, and what came of it is told
//! by [`Swapchain::tick`] afterwards; it may be of interest to others as well, such as the swapchains of other windows, so
//! it is passed on to them.

use std::{fmt, time::Duration};

use super::{Allocator, Doubt, PresentError, Sbc, Source, Swapchain, SyncValues, Target, swapchain::ust_now};
use crate::x11::Happening;

/// Something that was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// A refresh.
    Msc(u64),
    /// A frame.
    Frame(Sbc),
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Msc(msc) => write!(f, "refresh {msc}"),
            Self::Frame(sbc) => sbc.fmt(f),
        }
    }
}

/// What a look at the swapchain has found.
enum Look {
    /// It has happened.
    Done(SyncValues),
    /// Not yet; look again at this UST, if nothing is heard before.
    Until(u64),
}

/// How long to wait at most, and who else hears what the display says.
struct Wait<'a> {
    awaited: Awaited,
    limit: Duration,
    end: u64,
    others: &'a mut dyn FnMut(&Happening),
}

impl<'a> Wait<'a> {
    fn new(awaited: Awaited, limit: Duration, others: &'a mut dyn FnMut(&Happening)) -> Self {
        let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        Self {
            awaited,
            limit,
            end: ust_now().saturating_add(micros),
            others,
        }
    }
}

impl<A: Allocator> Swapchain<A> {
    /// Waits until the MSC is at least `target`, or if it is already, for the next refresh whose number leaves `remainder`
    /// when divided by `divisor`; with a `divisor` of 0 it returns at once then. Gives that refresh.
    ///
    /// # Errors
    /// [`PresentError::Late`] after `limit`; if the window or the server is gone; if no division leaves the remainder.
    pub fn wait_for_msc(
        &mut self,
        target: u64,
        divisor: u64,
        remainder: u64,
        limit: Duration,
        mut others: impl FnMut(&Happening),
    ) -> Result<SyncValues, PresentError> {
        let wanted = Target::Msc {
            target,
            divisor,
            remainder,
        };
        let wanted = wanted.check()?;
        let mut wait = Wait::new(Awaited::Msc(target), limit, &mut others);
        let began = ust_now();
        self.wait(&mut wait, |chain, now| chain.look_for_word(began, now))?;
        let due = wanted.due(self.clock.at(ust_now()).msc, 0);
        wait.awaited = Awaited::Msc(due);
        let serial = match self.clock.source() {
            Source::Server => Some(self.ask_for_msc(due)?),
            Source::Unheard | Source::Timer(_) => None,
        };
        let sent = ust_now();
        self.wait(&mut wait, |chain, now| chain.look_for_msc(due, serial, sent, now))
    }

    /// Waits until a frame and all before it have completed, or will never; frame 0 stands for the newest.
    ///
    /// # Errors
    /// [`PresentError::Late`] after `limit`, such as for a frame that has not been presented; if the window or the server is
    /// gone.
    pub fn wait_for_sbc(
        &mut self,
        sbc: Sbc,
        limit: Duration,
        mut others: impl FnMut(&Happening),
    ) -> Result<SyncValues, PresentError> {
        let sbc = match sbc {
            Sbc(0) => self.newest,
            sbc => sbc,
        };
        let mut wait = Wait::new(Awaited::Frame(sbc), limit, &mut others);
        self.wait(&mut wait, |chain, _| match chain.is_done_with(sbc) {
            true => Look::Done(chain.sync_values()),
            false => Look::Until(u64::MAX),
        })
    }

    fn wait(
        &mut self,
        wait: &mut Wait<'_>,
        mut look: impl FnMut(&mut Self, u64) -> Look,
    ) -> Result<SyncValues, PresentError> {
        loop {
            self.check_window()?;
            // What has been said comes first: a frame whose completion is here is not overdue.
            while let Some(happening) = self.presenter.display.poll()? {
                self.take_in(&happening, wait)?;
            }
            self.check_window()?;
            let now = ust_now();
            self.work(now)?;
            let until = match look(self, now) {
                Look::Done(values) => return Ok(values),
                Look::Until(until) => until.min(wait.end),
            };
            if now >= wait.end {
                let (awaited, limit) = (wait.awaited, wait.limit);
                return Err(PresentError::Late { awaited, limit });
            }
            let left = Duration::from_micros(until.saturating_sub(now));
            let left = self.next_work().map_or(left, |work| work.min(left));
            if let Some(happening) = self.presenter.display.wait(left)? {
                self.take_in(&happening, wait)?;
            }
        }
    }

    fn take_in(&mut self, happening: &Happening, wait: &mut Wait<'_>) -> Result<(), PresentError> {
        let progress = self.handle(happening)?;
        self.ready.extend(progress);
        (wait.others)(happening);
        Ok(())
    }

    /// Whether the MSC means anything yet.
    fn look_for_word(&mut self, began: u64, now: u64) -> Look {
        let silent = self.clock.overdue(0, began);
        match self.clock.source() {
            Source::Unheard if silent > now => return Look::Until(silent),
            Source::Unheard => self.clock.doubt(now, Doubt::Silent),
            Source::Server | Source::Timer(_) => {}
        }
        Look::Done(self.sync_values())
    }

    /// Whether the server has answered for a refresh, or a timer has reached it. A server that says nothing is not believed
    /// any more.
    fn look_for_msc(&mut self, due: u64, serial: Option<u32>, sent: u64, now: u64) -> Look {
        let sbc = self.completed;
        let answered = self.notified.filter(|(answered, _)| Some(*answered) == serial);
        if let Some((_, tick)) = answered.filter(|(_, tick)| tick.msc >= due) {
            return Look::Done(SyncValues { tick, sbc });
        }
        let silent = self.clock.overdue(due, sent);
        let asked = serial.is_some() && self.clock.source() == Source::Server;
        if asked && silent > now {
            return Look::Until(silent);
        }
        if asked {
            self.clock.doubt(now, Doubt::Silent);
        }
        match self.clock.at(now).msc >= due {
            true => Look::Done(self.sync_values()),
            false => Look::Until(self.clock.ust_of(due)),
        }
    }

    /// Has the server tell of a refresh; gives the serial of its answer.
    fn ask_for_msc(&mut self, msc: u64) -> Result<u32, PresentError> {
        self.asked = self.asked.wrapping_add(1);
        let msc = self.clock.to_server(msc);
        self.presenter.ask_for_msc(self.asked, msc)?;
        Ok(self.asked)
    }

    fn is_done_with(&self, sbc: Sbc) -> bool {
        let held = self.held.iter().map(|held| held.sbc);
        let pending = self.pending.iter().map(|pending| pending.sbc);
        sbc <= self.newest && held.chain(pending).all(|open| open > sbc)
    }
}
