//! When frames leave for the server, and when they are done with.
//!
//! The server times frames as long as it can be believed; then each goes to it at once. Otherwise they are held here and
//! leave when the window's clock says so.

use x11rb::protocol::present::Option as PresentOption;

use super::{
    Allocator, Completion, Doubt, Mode, PresentError, Progress, Sbc, Source, Swapchain, Target, Tick,
    presenter::{Route, ServerTiming},
    swapchain::{Held, Pending},
};

impl<A: Allocator> Swapchain<A> {
    /// Whether frames go to the server at once, to be shown when they are due.
    pub(super) fn server_times(&self) -> bool {
        self.presenter.route(self.descent.rung()) == Route::Present
            && self.held.is_empty()
            && !matches!(self.clock.source(), Source::Timer(_))
    }

    /// When the last of the frames that are not shown yet is due. Frames are not shown out of order, whatever their
    /// targets.
    pub(super) fn due_before(&self) -> u64 {
        let pending = self.pending.iter().map(|pending| pending.due);
        let held = self.held.iter().map(|held| held.due);
        pending.chain(held).max().unwrap_or(0)
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

    /// Sends the held frames whose time has come.
    pub(super) fn send_due(&mut self, now: u64) -> Result<(), PresentError> {
        let msc = self.clock.at(now).msc;
        while let Some(held) = self.held.pop_front_if(|held| held.due <= msc) {
            self.send_held(held, now)?;
        }
        Ok(())
    }

    fn send_held(&mut self, held: Held<A::Target>, now: u64) -> Result<(), PresentError> {
        let Held {
            buffer,
            sbc,
            due,
            copy,
        } = held;
        // A server that ticks slowly would keep the buffer until it does.
        let hidden = matches!(self.clock.source(), Source::Timer(doubt) if doubt.is_hidden());
        let timing = ServerTiming {
            options: options(copy, hidden),
            ..ServerTiming::default()
        };
        self.send(buffer, sbc, due, timing, now)?;
        if self.presenter.route(self.descent.rung()) == Route::Present {
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
        if sbc == self.newest {
            self.last_due = self.last_due.max(tick.msc);
        }
        Some(Progress::Completed(Completion { sbc, tick, mode }))
    }

    /// The frame will never complete.
    pub(super) fn forget(&mut self, sbc: Sbc) {
        self.pending.retain(|pending| pending.sbc != sbc);
        self.owes_whole = true;
    }
}

fn options(copy: bool, asynchronous: bool) -> u32 {
    let option = |on, option: PresentOption| if on { u32::from(option) } else { 0 };
    option(copy, PresentOption::COPY) | option(asynchronous, PresentOption::ASYNC)
}
