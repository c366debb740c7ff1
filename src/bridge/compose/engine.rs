//! The compositor itself: what it holds, and its turn of work.

use std::{collections::HashMap, os::fd::OwnedFd, rc::Rc, time::Duration};

use calloop::{EventLoop, Interest, Mode, PostAction, generic::Generic};
use x11rb::protocol::xproto::Window;

use super::{
    ComposeError, Scope, Shows,
    cursor::Cursors,
    error::OfDisplay as _,
    guest::{Change, Guest},
    input::Input,
    output::{Brush, Output, now},
    properties::Properties,
    shape::Shapes,
    source::{Of, Source},
};
use crate::{
    bridge::{
        report::{Report, WindowReport},
        status::StatusSocket,
    },
    gl,
    present::{self, CanvasAllocator, Ladder, Painter},
    x11::{Display, Extension, ImportOptions, PixmapImporter, Version},
};

/// How a compositor is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Which windows are shown, and where.
    pub scope: Scope,
    /// The ways from guest pixmaps to textures that may be taken.
    pub import: ImportOptions,
    /// The ways from frames to host windows that may be taken.
    pub ladder: Ladder,
}

/// A compositor between two displays.
#[derive(Debug)]
pub struct Compose {
    pub(super) guest: Guest,
    pub(super) host: Rc<Display>,
    pub(super) setup: Setup,
    pub(super) sources: HashMap<Window, Source>,
    /// What lies behind all windows, where the whole screen is shown.
    pub(super) background: Option<Source>,
    pub(super) outputs: Vec<Output>,
    pub(super) properties: Properties,
    pub(super) cursors: Cursors,
    pub(super) shapes: Shapes,
    pub(super) input: Input,
    /// Where the pointer is on the guest's screen, if that has not been passed on yet.
    pub(super) pointer: Option<(i16, i16)>,
    pub(super) brush: Brush,
    importer: Rc<PixmapImporter>,
    changes: Vec<Change>,
    pub(super) ended: bool,
    started: Duration,
}

impl Compose {
    /// Takes over the windows of the guest's display. `context`, of `renderer`, draws.
    ///
    /// # Errors
    /// If both are one display; if the guest lacks Composite, Damage or XTEST, or has a compositor already; if nothing can be drawn or shown; or if
    /// a display is gone.
    pub fn new(
        guest: &Rc<Display>,
        host: &Rc<Display>,
        renderer: &Rc<gl::Display>,
        context: &gl::Context,
        setup: Setup,
    ) -> Result<Self, ComposeError> {
        let gl = context.gl();
        let properties = Properties::new(guest, host)?;
        if properties.are_of_one_display()? {
            return Err(ComposeError::SameDisplay);
        }
        guest.need(Extension::Damage, Version(1, 0)).of_guest()?;
        let cursors = Cursors::new(host, guest)?;
        let input = Input::new(host, guest)?;
        let shapes = Shapes::new(guest, host)?;
        let brush = Brush {
            painter: Painter::new(&gl)?,
            allocator: CanvasAllocator::new(&gl).with_dmabufs(renderer),
            gl: gl.clone(),
        };
        let (windows, changes) = Guest::new(guest).of_guest()?;
        let mut compose = Self {
            guest: windows,
            host: host.clone(),
            setup,
            sources: HashMap::new(),
            background: None,
            outputs: Vec::new(),
            properties,
            cursors,
            shapes,
            input,
            pointer: None,
            brush,
            importer: Rc::new(PixmapImporter::new(guest.clone(), renderer.clone(), gl)),
            changes: Vec::new(),
            ended: false,
            started: now(),
        };
        compose.begin(&changes)?;
        Ok(compose)
    }

    fn begin(&mut self, changes: &[Change]) -> Result<(), ComposeError> {
        match self.setup.scope {
            Scope::Root => self.open_screen()?,
            Scope::Window(window) => {
                let top = self.guest.top_level_of(window).of_guest()?;
                self.setup.scope = Scope::Window(top.ok_or(ComposeError::NoWindow(window))?);
            }
            Scope::Rootless => {}
        }
        for change in changes {
            self.guest_changed(*change)?;
        }
        self.update_cursor()
    }

    /// Works until `stop` can be read from, a display is gone, or there will never be anything to show any more.
    ///
    /// # Errors
    /// If a display is gone, or nothing can be drawn or shown any more.
    pub fn run(&mut self, stop: OwnedFd, status: Option<StatusSocket>) -> Result<(), ComposeError> {
        let mut events: EventLoop<'_, Woken> = EventLoop::try_new()?;
        let handle = events.handle();
        let level = |_: calloop::Readiness, _: &mut _, _: &mut Woken| Ok(PostAction::Continue);
        for display in [self.guest.display(), &self.host] {
            let source = Generic::new(display.clone(), Interest::READ, Mode::Level);
            handle.insert_source(source, level).map_err(|error| error.error)?;
        }
        let stopped = Generic::new(stop, Interest::READ, Mode::Level);
        handle
            .insert_source(stopped, |_, _, woken| {
                woken.stopped = true;
                Ok(PostAction::Remove)
            })
            .map_err(|error| error.error)?;
        let status = status.map(Rc::new);
        if let Some(status) = &status {
            let asked = Generic::new(status.clone(), Interest::READ, Mode::Level);
            handle
                .insert_source(asked, |_, _, woken| {
                    woken.asked = true;
                    Ok(PostAction::Continue)
                })
                .map_err(|error| error.error)?;
        }
        let mut woken = Woken::default();
        while !woken.stopped && !self.ended {
            let wait = self.turn()?;
            if self.ended {
                break;
            }
            events.dispatch(wait, &mut woken)?;
            if let Some(status) = status.as_ref().filter(|_| std::mem::take(&mut woken.asked)) {
                status.answer(|| self.report());
            }
        }
        Ok(())
    }

    /// Does all that can be done now; how long to wait for more, if not forever.
    fn turn(&mut self) -> Result<Option<Duration>, ComposeError> {
        loop {
            let heard = self.hear()?;
            let drawn = self.draw()?;
            self.guest.display().flush().of_guest()?;
            self.host.flush().of_host()?;
            // Waiting for a reply may have brought events along.
            if !heard && !drawn {
                return Ok(self.outputs.iter().filter_map(Output::next_tick).min());
            }
        }
    }

    /// Takes in what both displays have said; whether that was anything.
    fn hear(&mut self) -> Result<bool, ComposeError> {
        let mut heard = false;
        while let Some(happening) = self.guest.display().poll().of_guest()? {
            heard = true;
            self.guest_said(&happening)?;
        }
        let host = self.host.clone();
        while let Some(happening) = host.poll().of_host()? {
            heard = true;
            self.host_said(&happening)?;
        }
        self.pass_pointer_on()?;
        for output in &mut self.outputs {
            match output.tick() {
                Err(error) if !error.is_fatal() => output.give_up(&error),
                result => result?,
            }
        }
        self.drop_outputs_that_are_gone();
        Ok(heard)
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn keep_changes(&mut self, mut changes: Vec<Change>) {
        changes.clear();
        self.changes = changes;
    }

    /// Reads a guest window from now on, if it can be read.
    pub(super) fn open_source(&mut self, window: Window) -> Result<bool, ComposeError> {
        match self.source(Of::Window(window)) {
            Ok(source) => {
                self.sources.insert(window, source);
                Ok(true)
            }
            Err(error) if error.is_about_leaving() => Ok(false),
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                tracing::warn!("guest window {window:#x} is not shown: {error}");
                Ok(false)
            }
        }
    }

    /// Takes the picture that the guest's desktop has put behind all windows, if there is one.
    pub(super) fn open_background(&mut self) -> Result<(), ComposeError> {
        self.background = None;
        let Some(pixmap) = self.properties.background()? else {
            return Ok(());
        };
        match self.source(Of::Pixmap(pixmap)) {
            Err(error) if !error.is_fatal() => tracing::warn!("the guest's background is not shown: {error}"),
            source => self.background = Some(source?),
        }
        Ok(())
    }

    fn source(&self, of: Of) -> Result<Source, ComposeError> {
        Source::new(&self.importer, self.guest.display(), of, self.setup.import)
    }

    /// The setup of a new host window's swapchain.
    pub(super) fn swapchain_setup(&self) -> present::Setup {
        present::Setup {
            ladder: self.setup.ladder.clone(),
            ..present::Setup::default()
        }
    }

    /// Draws the windows that have changed; whether there were any.
    fn draw(&mut self) -> Result<bool, ComposeError> {
        let mut drawn = false;
        let Self {
            outputs,
            sources,
            background,
            guest,
            brush,
            ..
        } = self;
        for output in outputs.iter_mut().filter(|output| output.wants_frame()) {
            drawn = true;
            let shows = output.shows;
            let result = output.draw(brush, |pass, area| {
                if let Some(source) = background.as_mut().filter(|_| shows == Shows::Screen) {
                    match source.draw(pass, (0, 0)) {
                        Err(error) if !error.is_fatal() => *background = None,
                        result => result?,
                    }
                }
                for (id, window) in guest.bottom_up() {
                    let (covers, Some(source)) = (window.area(), sources.get_mut(&id)) else {
                        continue;
                    };
                    let at = match shows {
                        Shows::Screen if covers.intersection(area).is_empty() => continue,
                        Shows::Screen => (covers.x, covers.y),
                        Shows::Window { top, .. } if top != id => continue,
                        Shows::Window { .. } => (-i32::from(window.border), -i32::from(window.border)),
                    };
                    match source.draw(pass, at) {
                        Err(error) if error.is_about_leaving() => {}
                        Err(error) if !error.is_fatal() => {
                            tracing::warn!("guest window {id:#x} is not shown any more: {error}");
                            sources.remove(&id);
                        }
                        result => result?,
                    }
                }
                Ok(())
            });
            match result {
                Err(error) if error.is_about_leaving() => {}
                Err(error) if !error.is_fatal() => output.give_up(&error),
                result => result?,
            }
        }
        Ok(drawn)
    }

    /// What was done so far.
    pub fn report(&self) -> Report {
        Report {
            process: std::process::id(),
            guest: self.guest.display().name().to_owned(),
            host: self.host.name().to_owned(),
            seconds: now().saturating_sub(self.started).as_secs_f64(),
            windows: self.outputs.iter().map(|output| self.report_of(output)).collect(),
        }
    }

    fn report_of(&self, output: &Output) -> WindowReport {
        let shown: Vec<_> = match output.shows {
            Shows::Window { top, .. } => self.sources.get(&top).into_iter().collect(),
            Shows::Screen => self.sources.values().chain(&self.background).collect(),
        };
        let (guest_window, title) = match output.shows {
            Shows::Window { top, client } => (top, self.properties.title_of(client)),
            Shows::Screen => (self.guest.display().screen().root, "screen".to_owned()),
        };
        let present = output.present_stats();
        let imports = shown.iter().map(|source| source.stats());
        let (copies, bytes) = imports.fold((present.copies_cpu, present.bytes_copied), |sum, import| {
            (sum.0 + import.copies, sum.1 + import.bytes_copied)
        });
        let recorder = &output.recorder;
        let frames = recorder.frames().max(1) as f64;
        let size = output.size();
        WindowReport {
            guest_window,
            host_window: output.id(),
            title,
            width: size.width,
            height: size.height,
            path_in: shown
                .first()
                .map_or_else(String::new, |source| source.path().to_string()),
            path_out: output.rung().to_string(),
            frames: recorder.frames(),
            damaged_pixels: recorder.damaged_pixels(),
            copies_per_frame: copies as f64 / frames,
            bytes_per_frame: bytes as f64 / frames,
            latency: recorder.latency(),
            interval: recorder.interval(),
            intervals: recorder.intervals(),
        }
    }
}

/// Why the event loop woke up, where the displays are not the reason.
#[derive(Debug, Default)]
struct Woken {
    stopped: bool,
    asked: bool,
}
