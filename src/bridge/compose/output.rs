//! One window of the host, and the frames that it shows.

use std::{collections::VecDeque, rc::Rc, time::Duration};

use x11rb::protocol::xproto::{Rectangle, Window};

use super::{ComposeError, Shows, host_window::HostWindow, repaint::Repaint};
use crate::{
    bridge::report::Recorder,
    gl::Gl,
    present::{
        CanvasAllocator, Mode, Painter, Pass, PresentStats, Progress, Rung, Setup, Size, Submission,
        Swapchain, ust_now,
    },
    x11::{Display, Fourcc, Happening, Rect},
};

/// What is behind everything.
const BLACK: [f32; 4] = [0.0, 0.0, 0.0, 1.0];
/// What is behind windows with alpha.
const CLEAR: [f32; 4] = [0.0; 4];

/// What GL draws with.
#[derive(Debug)]
pub(super) struct Brush {
    pub(super) gl: Gl,
    pub(super) painter: Painter,
    pub(super) allocator: CanvasAllocator,
}

/// A window of the host with its swapchain.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) window: HostWindow,
    pub(super) shows: Shows,
    swapchain: Swapchain<CanvasAllocator>,
    repaint: Repaint,
    /// When the guest spoke of the oldest damage that no frame shows yet.
    damaged: Option<Duration>,
    /// The frames that have not come onto the screen, with when their damage was spoken of.
    under_way: VecDeque<Duration>,
    pub(super) recorder: Recorder,
    gone: bool,
}

impl Output {
    pub(super) fn new(
        host: &Rc<Display>,
        window: HostWindow,
        shows: Shows,
        brush: &Brush,
        setup: Setup,
    ) -> Result<Self, ComposeError> {
        let swapchain = Swapchain::new(host, window.id(), brush.allocator.clone(), setup)?;
        let mut output = Self {
            window,
            shows,
            swapchain,
            repaint: Repaint::default(),
            damaged: None,
            under_way: VecDeque::new(),
            recorder: Recorder::default(),
            gone: false,
        };
        output.damage_all();
        Ok(output)
    }

    /// The size of frames.
    pub(super) fn size(&self) -> Size {
        self.swapchain.size()
    }

    fn whole(&self) -> Rect {
        let Size { width, height } = self.swapchain.size();
        Rect::of_size(width.into(), height.into())
    }

    /// The way by which frames go.
    pub(super) fn rung(&self) -> Rung {
        self.swapchain.rung()
    }

    pub(super) fn present_stats(&self) -> PresentStats {
        self.swapchain.stats()
    }

    /// Whether the host has destroyed the window.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Nothing can be shown there any more.
    pub(super) fn give_up(&mut self, error: &ComposeError) {
        tracing::warn!("host window {:#x} is closed: {error}", self.id());
        self.gone = true;
    }

    /// The guest has changed what is shown there, in pixels of this window.
    pub(super) fn damage(&mut self, area: Rect) {
        let area = area.intersection(self.whole());
        if !area.is_empty() {
            self.repaint.damage(area);
            self.damaged.get_or_insert_with(now);
        }
    }

    /// All of it must be drawn again.
    pub(super) fn damage_all(&mut self) {
        self.repaint.forget(self.whole());
        self.damaged.get_or_insert_with(now);
    }

    /// The window's pixels are lost there, though nothing has changed.
    pub(super) fn expose(&mut self) {
        self.damage(self.whole());
    }

    /// Whether there is something to draw, and the host has shown what was drawn before.
    pub(super) fn wants_frame(&self) -> bool {
        !self.gone && self.repaint.is_pending() && self.under_way.is_empty()
    }

    /// Draws a frame and hands it to the host. `layers` draws the part that is given.
    pub(super) fn draw(
        &mut self,
        brush: &Brush,
        layers: impl FnOnce(&Pass<'_>, Rect) -> Result<(), ComposeError>,
    ) -> Result<(), ComposeError> {
        let Some(mut frame) = self.swapchain.acquire()? else {
            return Ok(());
        };
        let age = u32::try_from(self.swapchain.age(&frame)).unwrap_or(0);
        let (whole, fresh) = (self.whole(), self.repaint.pending());
        let area = self.repaint.area(age, whole);
        let size = (whole.width, whole.height);
        let background = match self.window.format().fourcc {
            Fourcc::ARGB8888 => CLEAR,
            _ => BLACK,
        };
        let canvas = frame.target();
        let pass = (brush.painter).begin(
            &brush.gl,
            canvas.framebuffer(),
            size,
            area,
            background,
            canvas.order(),
        );
        let drawn = layers(&pass, area);
        pass.finish();
        if let Err(error) = drawn.and_then(|()| Ok(frame.finish_drawing(&brush.gl, area)?)) {
            self.swapchain.discard(frame);
            return Err(error);
        }
        let update = [Rectangle::from(fresh)];
        let submission = Submission {
            update: &update,
            ..Submission::default()
        };
        self.swapchain.present(frame, &submission)?;
        self.under_way.push_back(self.damaged.take().unwrap_or_else(now));
        self.recorder.presented(fresh.pixels());
        self.repaint.drawn();
        Ok(())
    }

    /// Takes in what the host said.
    pub(super) fn handle(&mut self, happening: &Happening) -> Result<(), ComposeError> {
        let progress = self.swapchain.handle(happening)?;
        if let Some(progress) = progress {
            self.progressed(&progress);
        }
        Ok(())
    }

    /// Does what the swapchain has to do by itself.
    pub(super) fn tick(&mut self) -> Result<(), ComposeError> {
        while let Some(progress) = self.swapchain.tick()? {
            self.progressed(&progress);
        }
        Ok(())
    }

    /// How long [`Output::tick`] can wait.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        self.swapchain.next_tick()
    }

    fn progressed(&mut self, progress: &Progress) {
        match progress {
            Progress::Completed(completion) => {
                let damaged = self.under_way.pop_front();
                if completion.mode == Mode::Skip {
                    self.repaint.skipped(self.whole());
                    if self.repaint.is_pending() {
                        self.damaged = damaged.or(self.damaged);
                    }
                } else {
                    self.repaint.shown();
                    let shown = Duration::from_micros(completion.tick.ust);
                    damaged
                        .into_iter()
                        .for_each(|damaged| self.recorder.shown(damaged, shown));
                }
            }
            Progress::Resized(_) => self.damage_all(),
            Progress::SteppedDown(_) => {}
            Progress::Dropped(_) => {
                self.under_way.pop_front();
                self.damage_all();
            }
            Progress::WindowGone => self.gone = true,
            Progress::Idle => {}
        }
    }

    /// The guest's window has another size, and another pixmap; the host's follows.
    pub(super) fn resize(&mut self, size: Size) {
        self.swapchain.resize(size);
        self.damage_all();
    }

    pub(super) fn id(&self) -> Window {
        self.window.id()
    }
}

/// The time on the clock that the host's is.
pub(super) fn now() -> Duration {
    Duration::from_micros(ust_now())
}
