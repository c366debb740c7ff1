//! Buffers in turn: free, being drawn, queued, on the screen, and free again.
//!
//! A buffer is in exactly one of these states because exactly one thing owns it: the swapchain's `free` list, a
//! [`Frame`], the `queued` list or the `on_screen` list. It leaves the server's hands by the server's word alone; there
//! is no time after which a buffer would be taken back.
//!
//! Frames that the server cannot time (it has no Present, or its ticks make no sense) are held here until they are due.
//! So are those behind the first frame, until the server has shown that.

use std::{collections::VecDeque, rc::Rc, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use x11rb::protocol::{
    present::Option as PresentOption,
    xproto::{ConnectionExt as _, Window},
};

use super::{
    Allocator, Descent, Frame, FrameClock, Mode, PresentError, PresentStats, Progress, Reason, Rung, Sbc,
    Setup, Size, Skipped, Slots, Submission, SyncValues, Target, Tick,
    buffer::{Buffer, Failure, Purpose},
    dri3,
    error::is_without_window,
    explicit::Timelines,
    modifiers::Modifiers,
    presenter::{IdleSign, Presenter, Route, ServerTiming, Shot},
};
use crate::x11::{Display, Token, X11Error};

/// X coordinates have 15 bits.
const MAX_SIDE: u16 = i16::MAX as u16;

/// A frame that waits here until it is due.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) buffer: Buffer<T>,
    pub(super) sbc: Sbc,
    pub(super) target: Target,
    /// The MSC at which it leaves; `None` until that is counted.
    pub(super) due: Option<u64>,
    pub(super) copy: bool,
}

/// A buffer in the server's hands.
#[derive(Debug)]
pub(super) struct Flight<T> {
    pub(super) buffer: Buffer<T>,
    pub(super) sbc: Sbc,
    pub(super) rung: Rung,
    pub(super) token: Token,
    pub(super) idle: IdleSign,
}

/// A frame that has not completed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) sbc: Sbc,
    /// The MSC at which it was expected when it was sent.
    pub(super) due: u64,
    /// Refreshes after the frame before it, at least.
    pub(super) gap: u64,
    /// When it was sent.
    pub(super) sent: u64,
}

/// The buffers of one window.
#[derive(Debug)]
pub struct Swapchain<A: Allocator> {
    pub(super) presenter: Presenter,
    allocator: A,
    pub(super) descent: Descent,
    pub(super) clock: FrameClock,
    pub(super) size: Size,
    pub(super) gone: bool,
    limit: usize,
    pub(super) modifiers: Modifiers,
    /// Where the server and the device have them.
    pub(super) timelines: Option<Timelines>,
    counted: Rc<()>,
    /// The one that became idle last is the last.
    free: Vec<Buffer<A::Target>>,
    pub(super) held: VecDeque<Held<A::Target>>,
    pub(super) queued: Vec<Flight<A::Target>>,
    pub(super) on_screen: Vec<Flight<A::Target>>,
    pub(super) pending: VecDeque<Pending>,
    pub(super) ready: VecDeque<Progress>,
    pub(super) newest: Sbc,
    pub(super) completed: Sbc,
    /// The MSC at which the last frame completed, from which others are counted.
    pub(super) reached: u64,
    /// The serial of the last question for an MSC.
    pub(super) asked: u32,
    /// The last answer to one: its serial, and the refresh.
    pub(super) notified: Option<(u32, Tick)>,
    /// Told of refused frames that left no buffer with the server.
    pub(super) copied: Token,
    /// The newest frame that the server has shown.
    pub(super) shown: Sbc,
    /// An older frame came after it and has to be covered again.
    pub(super) overtaken: bool,
    /// The window lacks more than the next frame's update.
    pub(super) owes_whole: bool,
    pub(super) stats: PresentStats,
}

impl<A: Allocator> Swapchain<A> {
    /// A swapchain for a window of this display. Waits for the server.
    ///
    /// Without Present the window's owner has to select its structure events and pass them to [`Swapchain::handle`], or
    /// else call [`Swapchain::resize`].
    ///
    /// # Errors
    /// If there is no such window, its pixels have no format with a name, or none of the ways is possible.
    pub fn new(
        display: &Rc<Display>,
        window: Window,
        allocator: A,
        setup: Setup,
    ) -> Result<Self, PresentError> {
        let c = display.connection();
        let (attributes, geometry) = (
            c.get_window_attributes(window).map_err(X11Error::from)?,
            c.get_geometry(window).map_err(X11Error::from)?,
        );
        let visual = attributes.reply().map_err(X11Error::from)?.visual;
        let geometry = geometry.reply().map_err(X11Error::from)?;
        let depth = geometry.depth;
        let format = (display.formats().visual(visual)).and_then(|visual| visual.format);
        let format = format.ok_or(X11Error::UnknownFormat { visual, depth })?;
        let presenter = Presenter::new(display, window, format)?;
        let clock = match presenter.listening() {
            Some(_) => FrameClock::new(),
            None => FrameClock::without_server(ust_now()),
        };
        let mut descent = Descent::begin(setup.ladder, display)?;
        let timelines = Timelines::begin(&mut descent, display, window, &allocator)?;
        Ok(Self {
            presenter,
            allocator,
            descent,
            clock,
            size: Size {
                width: geometry.width.clamp(1, MAX_SIDE),
                height: geometry.height.clamp(1, MAX_SIDE),
            },
            gone: false,
            limit: setup.buffers.clamp(2, 4),
            modifiers: Modifiers::default(),
            timelines,
            counted: Rc::default(),
            free: Vec::new(),
            held: VecDeque::new(),
            queued: Vec::new(),
            on_screen: Vec::new(),
            pending: VecDeque::new(),
            ready: VecDeque::new(),
            newest: Sbc::default(),
            completed: Sbc::default(),
            reached: 0,
            asked: 0,
            notified: None,
            copied: display.new_token(),
            shown: Sbc::default(),
            overtaken: false,
            owes_whole: true,
            stats: PresentStats::default(),
        })
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.presenter.window
    }

    /// The size that the next frame will have.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The way in use.
    pub fn rung(&self) -> Rung {
        self.descent.rung()
    }

    /// The ways that were left or never taken, and why.
    pub fn skipped(&self) -> &[Skipped] {
        self.descent.skipped()
    }

    /// The window's clock.
    pub fn clock(&self) -> &FrameClock {
        &self.clock
    }

    /// What was done so far.
    pub fn stats(&self) -> PresentStats {
        self.stats
    }

    /// How many buffers are in which state.
    pub fn slots(&self) -> Slots {
        let (free, queued) = (self.free.len(), self.held.len() + self.queued.len());
        let on_screen = self.on_screen.len();
        Slots {
            free,
            rendering: self.buffers() - free - queued - on_screen,
            queued,
            on_screen,
        }
    }

    /// Where the window's time stands.
    pub fn sync_values(&mut self) -> SyncValues {
        SyncValues {
            tick: self.clock.tell_at(ust_now()),
            sbc: self.completed,
        }
    }

    /// A buffer to draw to, the one that became idle last if there are several. `None` if all are in use: the next one
    /// comes with [`Progress::Idle`].
    ///
    /// # Errors
    /// If the window or the server is gone, or no way is left by which a buffer could be shown.
    pub fn acquire(&mut self) -> Result<Option<Frame<A::Target>>, PresentError> {
        self.check_window()?;
        self.choose_modifiers_anew()?;
        let mut free = std::mem::take(&mut self.free);
        free.retain(|buffer| self.is_of_use(buffer));
        self.free = free;
        let buffer = match self.take_free()? {
            Some(buffer) => buffer,
            None if self.buffers() < self.limit => self.make_buffer()?,
            None => {
                self.watch_releases();
                return Ok(None);
            }
        };
        self.stats.frames += 1;
        Ok(Some(Frame { buffer }))
    }

    /// Asks the server for its modifiers again if it has become dissatisfied with those in use. Waits for the server then.
    fn choose_modifiers_anew(&mut self) -> Result<(), PresentError> {
        if !Modifiers::matter_to(self.descent.rung()) || !self.modifiers.take_question() {
            return Ok(());
        }
        self.stats.round_trips += 1;
        let Presenter {
            display,
            window,
            format,
            ..
        } = &self.presenter;
        match dri3::modifiers(display, *window, *format) {
            Ok(named) => self.modifiers.renew(named),
            // Those in use still are.
            Err(X11Error::Refused(error)) => tracing::debug!("the display names no modifiers: {error:?}"),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Whether another frame can be drawn to a buffer.
    fn is_of_use(&self, buffer: &Buffer<A::Target>) -> bool {
        buffer.layout.size == self.size
            && buffer.suits(self.descent.rung())
            && buffer.changes == self.modifiers.changes
    }

    fn take_free(&mut self) -> Result<Option<Buffer<A::Target>>, PresentError> {
        let mut ready = self.free.iter().rposition(Buffer::is_ready);
        if ready.is_none() && self.land_released()? {
            ready = self.free.iter().rposition(Buffer::is_ready);
        }
        Ok(ready.map(|index| self.free.remove(index)))
    }

    /// How old the contents of a frame's buffer are, in frames, if it is the next to be presented: 1 is the frame before
    /// it, 0 means undefined. As
    /// [EGL_EXT_buffer_age](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_buffer_age.txt) says.
    pub fn age(&self, frame: &Frame<A::Target>) -> u64 {
        let next = self.newest.0 + 1;
        frame.contents().map_or(0, |contents| next - contents.0)
    }

    /// Hands a frame over to be shown, and gives its number. [`Progress::Completed`] says when it was.
    ///
    /// # Errors
    /// If the window or the server is gone, or the target has a remainder that no division leaves.
    pub fn present(
        &mut self,
        frame: Frame<A::Target>,
        submission: &Submission<'_>,
    ) -> Result<Sbc, PresentError> {
        self.check_window()?;
        let mut buffer = frame.buffer;
        let target = match submission.target.check() {
            Ok(target) => target,
            Err(error) => {
                self.recycle(buffer);
                return Err(error);
            }
        };
        let whole = std::mem::take(&mut self.owes_whole) || submission.update.is_empty();
        let update = if whole { &[] } else { submission.update };
        buffer.set_update(update);
        self.newest.0 += 1;
        self.stats.presented += 1;
        let (sbc, now) = (self.newest, ust_now());
        buffer.contents = Some(sbc);
        let copy = submission.copy;
        if self.server_times() {
            self.send_timed(buffer, sbc, target, copy, now)?;
        } else {
            let due = None;
            self.held.push_back(Held {
                buffer,
                sbc,
                target,
                due,
                copy,
            });
            self.send_due(now)?;
        }
        Ok(sbc)
    }

    /// Takes back a frame that is not to be shown. What was drawn is forgotten.
    pub fn discard(&mut self, frame: Frame<A::Target>) {
        let mut buffer = frame.buffer;
        buffer.contents = None;
        self.recycle(buffer);
    }

    /// The window has, or will have, another size.
    pub fn resize(&mut self, size: Size) {
        let size = Size {
            width: size.width.clamp(1, MAX_SIDE),
            height: size.height.clamp(1, MAX_SIDE),
        };
        if size != self.size {
            self.size = size;
            self.owes_whole = true;
            self.free.clear();
        }
    }

    /// Does what is due, and says what has happened, one thing at a time until there is none. To be called after
    /// [`Swapchain::present`], when [`Swapchain::next_tick`] has passed, and when [`Swapchain::release_fd`] is readable; and
    /// after [`Swapchain::handle`] has got all that the display has said, since a frame may be taken for lost.
    ///
    /// # Errors
    /// If the server is gone, or no way is left by which frames could be shown.
    pub fn tick(&mut self) -> Result<Option<Progress>, PresentError> {
        self.work(ust_now())?;
        Ok(self.ready.pop_front())
    }

    /// Does what is due.
    pub(super) fn work(&mut self, now: u64) -> Result<(), PresentError> {
        if !self.gone {
            self.land_watched()?;
            self.send_due(now)?;
            self.give_up_overdue(now);
        }
        Ok(())
    }

    /// How long [`Swapchain::tick`] can wait if nothing happens; `None` if forever.
    pub fn next_tick(&self) -> Option<Duration> {
        match self.ready.is_empty() {
            true => self.next_work(),
            false => Some(Duration::ZERO),
        }
    }

    /// How long [`Swapchain::work`] can wait if nothing happens; `None` if forever.
    pub(super) fn next_work(&self) -> Option<Duration> {
        let held = self.held_until();
        let late = self.pending.front().map(|pending| self.overdue(pending));
        let next = held.into_iter().chain(late).min();
        let next = next.map(|next| Duration::from_micros(next.saturating_sub(ust_now())));
        let refresh = Duration::from_nanos(self.clock.period());
        let wanted = self.free.is_empty() || self.overtaken;
        let wanted = (wanted && self.watches_releases()).then_some(refresh);
        next.into_iter().chain(wanted).min()
    }

    pub(super) fn check_window(&self) -> Result<(), PresentError> {
        if self.gone {
            return Err(PresentError::WindowGone(self.presenter.window));
        }
        Ok(())
    }

    fn buffers(&self) -> usize {
        Rc::strong_count(&self.counted) - 1
    }

    fn make_buffer(&mut self) -> Result<Buffer<A::Target>, PresentError> {
        loop {
            let mut purpose = Purpose {
                display: &self.presenter.display,
                window: self.presenter.window,
                format: self.presenter.format,
                size: self.size,
                counted: &self.counted,
                modifiers: &mut self.modifiers,
                timelines: self.timelines.as_ref(),
                round_trips: &mut self.stats.round_trips,
            };
            let made = Buffer::make(&mut purpose, self.descent.rung(), &mut self.allocator);
            match made {
                Ok(buffer) => {
                    self.stats.buffers += 1;
                    return Ok(buffer);
                }
                Err(Failure::Rung(
                    Reason::Import(X11Error::Refused(error))
                    | Reason::ImportTimeline(X11Error::Refused(error)),
                )) if is_without_window(&error, self.presenter.window) => {
                    self.end();
                    return Err(PresentError::WindowGone(self.presenter.window));
                }
                Err(Failure::Rung(reason)) => self.descent.step_down(&self.presenter.display, reason)?,
                Err(Failure::Fatal(error)) => return Err(error),
            }
        }
    }

    /// A buffer that nobody uses any more.
    pub(super) fn recycle(&mut self, mut buffer: Buffer<A::Target>) {
        buffer.fence = None;
        if self.is_of_use(&buffer) {
            self.free.push(buffer);
        }
    }

    /// Gives a frame to the server.
    pub(super) fn send(
        &mut self,
        buffer: Buffer<A::Target>,
        pending: Pending,
        timing: ServerTiming,
    ) -> Result<(), PresentError> {
        let Pending { sbc, sent, .. } = pending;
        self.overtaken = false;
        self.pending.push_back(pending);
        if self.launch(buffer, sbc, timing)? == IdleSign::Now {
            self.complete_here(sbc, sent, Mode::Copy);
        }
        Ok(())
    }

    /// Gives a buffer to the server.
    fn launch(
        &mut self,
        mut buffer: Buffer<A::Target>,
        sbc: Sbc,
        mut timing: ServerTiming,
    ) -> Result<IdleSign, PresentError> {
        let points = self.hand_over(&mut buffer)?;
        let rung = self.descent.rung();
        if Modifiers::matter_to(rung) {
            timing.options |= u32::from(PresentOption::SUBOPTIMAL);
        }
        let token = match self.presenter.route(rung) {
            Route::PutImage => self.copied,
            _ => self.presenter.display.new_token(),
        };
        let shot = Shot {
            buffer: &buffer,
            rung,
            sbc,
            timing,
            points,
            token,
        };
        let idle = self.presenter.show(&shot, &mut self.stats)?;
        if idle == IdleSign::Now {
            self.recycle(buffer);
        } else {
            self.queued.push(Flight {
                buffer,
                sbc,
                rung,
                token,
                idle,
            });
        }
        Ok(idle)
    }

    /// Covers an older frame that a late server has shown after a newer one: the newer one is shown again, as soon as it
    /// is here and unless there is a still newer one.
    pub(super) fn restore_overtaken(&mut self) -> Result<(), PresentError> {
        if !(self.overtaken && self.shown == self.newest) {
            return Ok(());
        }
        self.land_released()?;
        let held = |buffer: &Buffer<A::Target>| buffer.contents == Some(self.shown);
        let Some(index) = self.free.iter().position(held) else {
            self.watch_releases();
            return Ok(());
        };
        let mut buffer = self.free.remove(index);
        buffer.set_update(&[]);
        self.overtaken = false;
        let now = self.server_timing(Target::Async, 0, false, false);
        self.launch(buffer, self.shown, now).map(drop)
    }

    /// The frame that a serial of the server means.
    pub(super) fn frame_of(&self, serial: u32) -> Option<Sbc> {
        Sbc::from_serial(serial, self.newest)
    }

    /// The window will never show anything again.
    pub(super) fn end(&mut self) {
        self.gone = true;
        self.free.clear();
        self.held.clear();
        self.queued.clear();
        self.on_screen.clear();
        self.pending.clear();
    }
}

/// The monotonic clock in microseconds, which is what Present's UST is.
pub fn ust_now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1000
}
