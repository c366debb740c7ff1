//! What the server says about a window and its frames.

use x11rb::{
    protocol::{
        Event,
        present::{CompleteKind, CompleteMode, CompleteNotifyEvent, ConfigureNotifyEvent, IdleNotifyEvent},
        shm::CompletionEvent,
    },
    x11_utils::X11Error as ServerError,
};

use super::{
    Allocator, Completion, Doubt, Mode, PresentError, Reason, Rung, Sbc, Size, Swapchain, Tick,
    error::is_without_window,
    presenter::{IdleSign, ServerTiming},
    swapchain::{Flight, Pending, ust_now},
};
use crate::x11::{Happening, Token};

/// `PresentWindowDestroyed` of presentproto, among the pixmap flags of ConfigureNotify.
const WINDOW_DESTROYED: u32 = 1 << 0;

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A frame is done with.
    Completed(Completion),
    /// A buffer can be drawn to again.
    Idle,
    /// The next frame has this size.
    Resized(Size),
    /// Frames go another way from now on; the one that was refused has been sent that way.
    SteppedDown(Rung),
    /// A frame was refused and cannot be sent another way: it has to be drawn again.
    Dropped(Sbc),
    /// The window is gone; its buffers are freed.
    WindowGone,
}

impl<A: Allocator> Swapchain<A> {
    /// Takes in what the display said; `None` if it changes nothing here.
    ///
    /// # Errors
    /// If the server is gone, or no way is left by which a refused frame could be shown.
    pub fn handle(&mut self, happening: &Happening) -> Result<Option<Progress>, PresentError> {
        match happening {
            _ if self.gone => Ok(None),
            Happening::Refused { token, error } => self.refused(*token, error),
            Happening::Event(event) => {
                let progress = match event {
                    Event::PresentIdleNotify(event) => self.idle(event)?,
                    event => self.event(event),
                };
                self.restore_overtaken()?;
                Ok(progress)
            }
        }
    }

    fn event(&mut self, event: &Event) -> Option<Progress> {
        let listening = self.presenter.listening();
        let ours = |event| listening == Some(event);
        let window = self.presenter.window;
        match event {
            Event::PresentCompleteNotify(event) if ours(event.event) => self.completed(event),
            Event::PresentConfigureNotify(event) if ours(event.event) => self.configured(event),
            Event::ShmCompletion(event) => self.copied(event),
            Event::ConfigureNotify(event) if event.window == window => {
                self.resized(event.width, event.height)
            }
            Event::DestroyNotify(event) if event.window == window => Some(self.window_gone()),
            Event::UnmapNotify(event) if event.window == window => {
                self.clock.doubt(ust_now(), Doubt::Unmapped);
                None
            }
            Event::MapNotify(event) if event.window == window => {
                self.owes_whole = true;
                None
            }
            _ => None,
        }
    }

    fn completed(&mut self, event: &CompleteNotifyEvent) -> Option<Progress> {
        let said = Tick {
            ust: event.ust,
            msc: event.msc,
        };
        let tick = self.clock.hear(ust_now(), said);
        if event.kind != CompleteKind::PIXMAP {
            self.notified = Some((event.serial, tick));
            return None;
        }
        let mode = match event.mode {
            CompleteMode::FLIP => Mode::Flip,
            CompleteMode::SKIP => Mode::Skip,
            CompleteMode::SUBOPTIMAL_COPY => Mode::SuboptimalCopy,
            _ => Mode::Copy,
        };
        // Also where the frame has completed by our own clock.
        self.owes_whole |= mode == Mode::Skip;
        let sbc = self.frame_of(event.serial)?;
        self.modifiers.shown(mode);
        if mode != Mode::Skip {
            self.overtaken |= sbc < self.shown;
            self.owes_whole |= sbc < self.shown;
            self.shown = self.shown.max(sbc);
        }
        self.complete(sbc, tick, mode)
    }

    fn idle(&mut self, event: &IdleNotifyEvent) -> Result<Option<Progress>, PresentError> {
        if self.presenter.listening() != Some(event.event) {
            return Ok(None);
        }
        let landed = self.land(|flight| {
            flight.idle == IdleSign::Present
                && flight.buffer.pixmap() == Some(event.pixmap)
                && flight.sbc.serial() == event.serial
        });
        // Where a timeline is the sign, its word counts.
        let idle = landed.is_some() || self.land_released()?;
        Ok(idle.then_some(Progress::Idle))
    }

    /// MIT-SHM has finished with a segment, and with it the frame is in the window.
    fn copied(&mut self, event: &CompletionEvent) -> Option<Progress> {
        let sbc = self
            .land(|flight| flight.idle == IdleSign::Shm && flight.buffer.segment() == Some(event.shmseg))?;
        self.complete_here(sbc, ust_now(), Mode::Copy);
        Some(Progress::Idle)
    }

    /// Takes a buffer out of the server's hands.
    fn land(&mut self, is_it: impl Fn(&Flight<A::Target>) -> bool) -> Option<Sbc> {
        let flight = self.take(is_it)?;
        self.recycle(flight.buffer);
        Some(flight.sbc)
    }

    pub(super) fn take(
        &mut self,
        mut is_it: impl FnMut(&Flight<A::Target>) -> bool,
    ) -> Option<Flight<A::Target>> {
        [&mut self.on_screen, &mut self.queued]
            .into_iter()
            .find_map(|flights| {
                let index = flights.iter().position(&mut is_it)?;
                Some(flights.swap_remove(index))
            })
    }

    fn configured(&mut self, event: &ConfigureNotifyEvent) -> Option<Progress> {
        if event.pixmap_flags & WINDOW_DESTROYED != 0 {
            return Some(self.window_gone());
        }
        self.resized(event.width, event.height)
    }

    fn resized(&mut self, width: u16, height: u16) -> Option<Progress> {
        let before = self.size;
        self.resize(Size { width, height });
        (self.size != before).then_some(Progress::Resized(self.size))
    }

    fn window_gone(&mut self) -> Progress {
        self.end();
        Progress::WindowGone
    }

    /// The server has refused to show a frame: the next way down shows it, if its memory allows.
    fn refused(&mut self, token: Token, error: &ServerError) -> Result<Option<Progress>, PresentError> {
        if is_without_window(error, self.presenter.window) {
            return Ok(Some(self.window_gone()));
        }
        if token == self.copied {
            tracing::warn!("the display refuses a picture: {error:?}");
            self.owes_whole = true;
            return Ok(Some(Progress::Dropped(self.newest)));
        }
        let Some(flight) = self.take(|flight| flight.token == token) else {
            return Ok(None);
        };
        if flight.rung == self.descent.rung() {
            let reason = Reason::Show(error.clone());
            self.descent.step_down(&self.presenter.display, reason)?;
        }
        let Flight { mut buffer, sbc, .. } = flight;
        self.forget(sbc);
        let rung = self.descent.rung();
        if !buffer.suits(rung) {
            return Ok(Some(Progress::Dropped(sbc)));
        }
        buffer.set_update(&[]);
        let now = ust_now();
        let pending = Pending {
            sbc,
            due: self.clock.at(now).msc,
            gap: 0,
            sent: now,
        };
        self.send(buffer, pending, ServerTiming::default())?;
        Ok(Some(Progress::SteppedDown(rung)))
    }
}
