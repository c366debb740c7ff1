//! When frames leave for the server, and when they are done with.
//!
//! The server times frames as long as it can be believed; then each goes to it at once. Otherwise they are held here and
//! leave when the window's clock says so.

use x11rb::protocol::present::Option as PresentOption;

use super::{
    Allocator, Completion, Doubt, Mode, PresentError, Progress, Sbc, Source, Swapchain, Target, Tick,
    buffer::Buffer,
    presenter::{Route, ServerTiming},
    swapchain::{Held, Pending},
};

impl<A: Allocator> Swapchain<A> {
    fn is_by_present(&self) -> bool {
        self.presenter.route(self.descent.rung()) == Route::Present
    }

    /// Whether the server may be left to show frames when they are due.
    fn server_counts(&self) -> bool {
        self.is_by_present() && !matches!(self.clock.source(), Source::Timer(_))
    }

    /// Whether the first frame is on its way. It goes alone: before the server has shown one, its refreshes are known to no
    /// more than one, and a second frame might be due at the same.
    fn awaits_first(&self) -> bool {
        self.server_counts() && self.completed == Sbc(0) && !self.pending.is_empty()
    }

    /// Whether a frame goes to the server at once, to be shown when it is due.
    pub(super) fn server_times(&self) -> bool {
        self.held.is_empty() && self.server_counts() && !self.awaits_first()
    }

    /// When the last of the frames that the server has not shown is due.
    fn last_sent(&self) -> u64 {
        let frames = self.pending.iter().map(|pending| (pending.due, pending.gap));
        counted(self.reached, frames)
    }

    /// Has the server show a frame when it is due. Frames are not shown out of order, whatever their targets.
    pub(super) fn send_timed(
        &mut self,
        buffer: Buffer<A::Target>,
        sbc: Sbc,
        target: Target,
        copy: bool,
        now: u64,
    ) -> Result<(), PresentError> {
        let (msc, before) = (self.clock.at(now).msc, self.last_sent());
        let earliest = target.due(msc, before);
        let due = earliest.max(before);
        let timing = self.server_timing(target, due, due > earliest, copy);
        self.send(buffer, pending(sbc, target, due, msc, now), timing)
    }

    /// What the server is told of a frame's time. `waits` if it would be shown before `due` by its target alone.
    pub(super) fn server_timing(&self, target: Target, due: u64, waits: bool, copy: bool) -> ServerTiming {
        let at = |target_msc| ServerTiming {
            target_msc,
            options: options(copy, false),
            ..ServerTiming::default()
        };
        match target {
            _ if waits => at(self.clock.to_server(due)),
            Target::Async => ServerTiming {
                options: options(copy, true),
                ..ServerTiming::default()
            },
            // The first refresh that comes.
            Target::Interval(_) if self.clock.source() == Source::Unheard => at(0),
            Target::Interval(_) => at(self.clock.to_server(due)),
            Target::Msc {
                target,
                divisor,
                remainder,
            } => ServerTiming {
                divisor,
                remainder: self.clock.remainder_to_server(divisor, remainder),
                ..at(self.clock.to_server(target))
            },
        }
    }

    /// Sends the held frames whose time has come, or that the server can time again.
    pub(super) fn send_due(&mut self, now: u64) -> Result<(), PresentError> {
        if self.held.is_empty() {
            return Ok(());
        }
        if self.clock.source() == Source::Unheard && !self.is_by_present() {
            self.clock.doubt(now, Doubt::NoPresent);
        }
        while !self.awaits_first() {
            let msc = self.clock.at(now).msc;
            self.count_held(msc);
            let counts = self.server_counts();
            let leaves = |held: &mut Held<A::Target>| counts || held.due <= Some(msc);
            match self.held.pop_front_if(leaves) {
                Some(held) if counts => self.hand_on(held, msc, now)?,
                Some(held) => self.send_held(held, msc, now)?,
                None => break,
            }
        }
        Ok(())
    }

    /// When the first held frame leaves if nothing happens, in UST.
    pub(super) fn held_until(&self) -> Option<u64> {
        let held = self.held.front().filter(|_| !self.awaits_first())?;
        let timed = held.due.filter(|_| !self.server_counts());
        Some(timed.map_or(0, |due| self.clock.ust_of(due)))
    }

    /// Counts the held frames from those that were sent, as [`Swapchain::last_sent`] does.
    fn count_held(&mut self, msc: u64) {
        let mut before = self.last_sent();
        for held in &mut self.held {
            let due = held.due.unwrap_or_else(|| held.target.due(msc, before));
            before = due.max(before.saturating_add(held.target.gap()));
            held.due = Some(before);
        }
    }

    /// Leaves a frame that was held here to the server.
    fn hand_on(&mut self, held: Held<A::Target>, msc: u64, now: u64) -> Result<(), PresentError> {
        let Held {
            buffer,
            sbc,
            target,
            due,
            copy,
        } = held;
        let due = due.unwrap_or(msc);
        let timing = self.server_timing(target, due, target != Target::Async || due > msc, copy);
        self.send(buffer, pending(sbc, target, due, msc, now), timing)
    }

    fn send_held(&mut self, held: Held<A::Target>, msc: u64, now: u64) -> Result<(), PresentError> {
        let Held {
            buffer,
            sbc,
            target,
            copy,
            ..
        } = held;
        // A server that ticks slowly would keep the buffer until it does.
        let hidden = matches!(self.clock.source(), Source::Timer(doubt) if doubt.is_hidden());
        let timing = ServerTiming {
            options: options(copy, hidden),
            ..ServerTiming::default()
        };
        let pending = Pending {
            sbc,
            due: msc,
            gap: target.gap(),
            sent: now,
        };
        self.send(buffer, pending, timing)?;
        if self.is_by_present() {
            // The timer says when; the server's word on it goes to the clock alone.
            self.complete_here(sbc, now, Mode::Copy);
        }
        Ok(())
    }

    pub(super) fn overdue(&self, pending: &Pending) -> u64 {
        self.clock.overdue(pending.due, pending.sent)
    }

    /// Completes frames that the server says nothing about: a window that nobody sees must not stop its client.
    pub(super) fn give_up_overdue(&mut self, now: u64) {
        while let Some(pending) = self.pending.front().copied() {
            if self.overdue(&pending) > now {
                return;
            }
            self.clock.doubt(now, Doubt::Silent);
            self.complete_here(pending.sbc, now, Mode::Skip);
        }
    }

    /// Completes a frame by our own clock.
    pub(super) fn complete_here(&mut self, sbc: Sbc, now: u64, mode: Mode) {
        let tick = self.clock.tell_at(now);
        let progress = self.complete(sbc, tick, mode);
        self.ready.extend(progress);
    }

    /// Completes a frame; `None` if it had completed already.
    pub(super) fn complete(&mut self, sbc: Sbc, tick: Tick, mode: Mode) -> Option<Progress> {
        let index = self.pending.iter().position(|pending| pending.sbc == sbc)?;
        self.pending.remove(index);
        if let Some(index) = self.queued.iter().position(|flight| flight.sbc == sbc) {
            self.on_screen.push(self.queued.swap_remove(index));
        }
        match mode {
            Mode::Flip => self.stats.flips += 1,
            Mode::Skip => {
                self.stats.skipped += 1;
                self.owes_whole = true;
            }
            Mode::Copy | Mode::SuboptimalCopy => self.stats.copies_server += 1,
        }
        self.completed = self.completed.max(sbc);
        self.reached = self.reached.max(tick.msc);
        Some(Progress::Completed(Completion { sbc, tick, mode }))
    }

    /// The frame will never complete.
    pub(super) fn forget(&mut self, sbc: Sbc) {
        self.pending.retain(|pending| pending.sbc != sbc);
        self.owes_whole = true;
    }
}

/// When the last of some frames is due, counted from the last one that was shown: one that was late delays those behind
/// it. `frames` are when they were expected, and how far from the frame before them.
fn counted(reached: u64, frames: impl Iterator<Item = (u64, u64)>) -> u64 {
    frames.fold(reached, |before, (due, gap)| due.max(before.saturating_add(gap)))
}

/// What is known of a frame that the server is to show at `due`, asked for at `msc`. It shows nothing at a refresh that has
/// begun, except what may tear.
fn pending(sbc: Sbc, target: Target, due: u64, msc: u64, now: u64) -> Pending {
    let due = match target {
        Target::Async => due,
        Target::Interval(_) | Target::Msc { .. } => due.max(msc.saturating_add(1)),
    };
    Pending {
        sbc,
        due,
        gap: target.gap(),
        sent: now,
    }
}

fn options(copy: bool, asynchronous: bool) -> u32 {
    let option = |on, option: PresentOption| if on { u32::from(option) } else { 0 };
    option(copy, PresentOption::COPY) | option(asynchronous, PresentOption::ASYNC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_frame_delays_those_behind_it() {
        let behind = [(102, 1), (103, 1)];
        assert_eq!(counted(101, behind.into_iter()), 103, "the first was in time");
        assert_eq!(counted(120, behind.into_iter()), 122);
        assert_eq!(counted(120, [(102, 0), (140, 2)].into_iter()), 140);
        assert_eq!(counted(120, [].into_iter()), 120);
    }

    #[test]
    fn a_frame_that_may_not_tear_is_not_expected_at_a_refresh_that_has_begun() {
        let due = |target, due| pending(Sbc(1), target, due, 100, 0).due;
        assert_eq!(due(Target::Interval(1), 100), 101);
        assert_eq!(due(Target::Interval(1), 103), 103);
        assert_eq!(due(Target::Async, 100), 100);
    }
}
