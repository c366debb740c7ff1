//! A window with a swapchain, and pictures that tell every pixel from its neighbours.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use pixbridge::{
    gl::{ReadBytes, WriteBytes},
    present::{
        Allocator, Completion, DumbPicture, Frame, MemfdAllocator, PresentError, Progress, Sbc, Setup, Size,
        Submission, Swapchain, Target,
    },
    x11::{Display, X11Error},
};
use x11rb::{
    connection::Connection as _,
    errors::{ReplyError, ReplyOrIdError},
    protocol::xproto::{
        ColormapAlloc, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat, Rectangle, Visualid,
        Window, WindowClass,
    },
};

/// How long anything may take that is expected to happen.
pub const SOON: Duration = Duration::from_secs(5);

/// Why something on the stage failed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The swapchain says so.
    #[error(transparent)]
    Present(#[from] PresentError),
    /// The display says so.
    #[error(transparent)]
    Display(#[from] X11Error),
    /// The screen has no such windows.
    #[error("no visual of depth {0}")]
    NoVisual(u8),
    /// It did not happen.
    #[error("no {what} within {} s", SOON.as_secs())]
    Late {
        /// What was awaited.
        what: &'static str,
    },
}

impl From<ReplyError> for StageError {
    fn from(error: ReplyError) -> Self {
        Self::Display(error.into())
    }
}

impl From<ReplyOrIdError> for StageError {
    fn from(error: ReplyOrIdError) -> Self {
        Self::Display(error.into())
    }
}

impl From<x11rb::errors::ConnectionError> for StageError {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Display(error.into())
    }
}

/// A mapped window with a swapchain.
#[derive(Debug)]
pub struct Stage<A: Allocator = MemfdAllocator> {
    /// The connection.
    pub display: Rc<Display>,
    /// The window.
    pub window: Window,
    /// Its swapchain.
    pub swapchain: Swapchain<A>,
    /// The events that were not for the swapchain's buffers: what [`Progress`] told, completions apart.
    pub told: Vec<Progress>,
}

impl<A: Allocator> Stage<A> {
    /// A window of this size and depth at (8, 8), and a swapchain for it.
    ///
    /// # Errors
    /// If the display refuses either.
    pub fn new(
        display: &Rc<Display>,
        size: Size,
        depth: u8,
        allocator: A,
        setup: Setup,
    ) -> Result<Self, StageError> {
        let window = map_window(display, size, depth)?;
        let swapchain = Swapchain::new(display, window, allocator, setup)?;
        let mut stage = Self {
            display: display.clone(),
            window,
            swapchain,
            told: Vec::new(),
        };
        // That the window was mapped is no news to any test.
        display.sync()?;
        stage.drain()?;
        Ok(stage)
    }

    /// A frame to draw to, waiting for one if need be.
    ///
    /// # Errors
    /// If there is none soon.
    pub fn frame(&mut self) -> Result<Frame<A::Target>, StageError> {
        let start = Instant::now();
        while start.elapsed() < SOON {
            if let Some(frame) = self.swapchain.acquire()? {
                return Ok(frame);
            }
            self.step()?;
        }
        Err(StageError::Late { what: "free buffer" })
    }

    /// Waits for a frame's completion.
    ///
    /// # Errors
    /// If it does not come soon.
    pub fn completion(&mut self, sbc: Sbc) -> Result<Completion, StageError> {
        self.until("completion", |progress| match progress {
            Progress::Completed(completion) if completion.sbc == sbc => Some(*completion),
            _ => None,
        })
    }

    /// Waits until no buffer is with the server, and it has nothing more to say.
    ///
    /// # Errors
    /// If that is not so soon.
    pub fn settle(&mut self) -> Result<(), StageError> {
        let start = Instant::now();
        while start.elapsed() < SOON {
            self.step()?;
            if self.is_settled() {
                self.display.sync()?;
                self.drain()?;
                if self.is_settled() {
                    return Ok(());
                }
            }
        }
        Err(StageError::Late { what: "idle buffers" })
    }

    fn is_settled(&self) -> bool {
        let slots = self.swapchain.slots();
        slots.queued == 0 && slots.on_screen == 0
    }

    /// Has the swapchain take in all that has come.
    fn drain(&mut self) -> Result<(), StageError> {
        while let Some(happening) = self.display.poll()? {
            self.swapchain.handle(&happening)?;
        }
        Ok(())
    }

    /// Waits for progress of a kind. Other progress, completions apart, is kept in `told`.
    ///
    /// # Errors
    /// [`StageError::Late`] names `what` if it does not come soon.
    pub fn until<T>(
        &mut self,
        what: &'static str,
        mut found: impl FnMut(&Progress) -> Option<T>,
    ) -> Result<T, StageError> {
        let start = Instant::now();
        while start.elapsed() < SOON {
            if let Some(progress) = self.step()?
                && let Some(value) = found(&progress)
            {
                return Ok(value);
            }
        }
        Err(StageError::Late { what })
    }

    /// Lets one thing happen, or some time pass.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn step(&mut self) -> Result<Option<Progress>, StageError> {
        // What has been said comes first: a frame whose completion is here is not overdue.
        let mut said = self.display.poll()?;
        if said.is_none() {
            if let Some(progress) = self.swapchain.tick()? {
                return Ok(Some(self.keep(progress)));
            }
            let limit = Duration::from_millis(50);
            let limit = self.swapchain.next_tick().map_or(limit, |next| next.min(limit));
            said = self.display.wait(limit)?;
        }
        let progress = match &said {
            Some(happening) => self.swapchain.handle(happening)?,
            None => None,
        };
        Ok(progress.map(|progress| self.keep(progress)))
    }

    fn keep(&mut self, progress: Progress) -> Progress {
        if !matches!(progress, Progress::Completed(_) | Progress::Idle) {
            self.told.push(progress.clone());
        }
        progress
    }

    /// What the window shows: rows of pixels without what is unused in them.
    ///
    /// # Errors
    /// If the window is not wholly on the screen.
    pub fn look(&self) -> Result<Vec<Vec<u32>>, StageError> {
        look(&self.display, self.window)
    }
}

impl<A: Allocator<Target: Canvas>> Stage<A> {
    /// Draws picture `number` and presents it, with its age before it was drawn.
    ///
    /// # Errors
    /// If there is no buffer soon, or the swapchain refuses.
    pub fn present(&mut self, number: u32, submission: &Submission<'_>) -> Result<(Sbc, u64), StageError> {
        let mut frame = self.frame()?;
        let age = self.swapchain.age(&frame);
        Canvas::draw(&mut frame, number);
        Ok((self.swapchain.present(frame, submission)?, age))
    }

    /// Presents picture `number` wholly and at once, and waits for its completion.
    ///
    /// # Errors
    /// If it does not complete soon.
    pub fn show(&mut self, number: u32) -> Result<Completion, StageError> {
        let submission = Submission {
            target: Target::Async,
            ..Submission::default()
        };
        let (sbc, _) = self.present(number, &submission)?;
        self.completion(sbc)
    }
}

/// Makes and maps a window at (8, 8), its structure events selected.
///
/// # Errors
/// If the display refuses.
pub fn map_window(display: &Display, size: Size, depth: u8) -> Result<Window, StageError> {
    let c = display.connection();
    let root = display.screen().root;
    let visual = visual_of(display, depth)?;
    let window = c.generate_id()?;
    let mut values = CreateWindowAux::new()
        .background_pixel(0)
        .border_pixel(0)
        .override_redirect(1)
        .event_mask(EventMask::STRUCTURE_NOTIFY);
    if visual != display.screen().root_visual {
        let colormap = c.generate_id()?;
        c.create_colormap(ColormapAlloc::NONE, colormap, root, visual)?;
        values = values.colormap(colormap);
    }
    let (class, Size { width, height }) = (WindowClass::INPUT_OUTPUT, size);
    c.create_window(
        depth, window, root, 8, 8, width, height, 0, class, visual, &values,
    )?
    .check()?;
    c.map_window(window)?.check()?;
    Ok(window)
}

fn visual_of(display: &Display, depth: u8) -> Result<Visualid, StageError> {
    let mut visuals = display.formats().visuals().iter();
    visuals
        .find(|visual| visual.depth == depth && visual.format.is_some())
        .map(|visual| visual.id)
        .ok_or(StageError::NoVisual(depth))
}

/// What a window of 32-bit pixels shows, without what is unused in its pixels.
///
/// # Errors
/// If the window is not wholly on the screen.
pub fn look(display: &Display, window: Window) -> Result<Vec<Vec<u32>>, StageError> {
    let c = display.connection();
    let at = c.get_geometry(window)?.reply()?;
    let image = c
        .get_image(ImageFormat::Z_PIXMAP, window, 0, 0, at.width, at.height, u32::MAX)?
        .reply()?;
    let used = significant(at.depth);
    let (pixels, _) = image.data.as_chunks::<4>();
    let pixels: Vec<u32> = pixels
        .iter()
        .map(|pixel| u32::from_le_bytes(*pixel) & used)
        .collect();
    Ok(pixels
        .chunks(usize::from(at.width))
        .map(<[u32]>::to_vec)
        .collect())
}

/// The bits of a pixel that mean something.
pub fn significant(depth: u8) -> u32 {
    u32::MAX >> (32 - u32::from(depth.clamp(1, 32)))
}

/// Pixel (x, y) of picture `number`: no two neighbours are equal, nor two pictures at the same place.
pub fn pixel(number: u32, x: usize, y: usize) -> u32 {
    let (x, y) = (x as u32, y as u32);
    let (red, green, blue) = (x.wrapping_mul(5) & 0xff, y.wrapping_mul(3) & 0xff, (x ^ y) & 0xff);
    let turned = (red << 16 | green << 8 | blue).wrapping_add(number.wrapping_mul(0x0035_1b71));
    turned ^ number << 27
}

/// Picture `number` as [`look`] gives it.
pub fn picture(number: u32, size: Size, depth: u8) -> Vec<Vec<u32>> {
    let used = significant(depth);
    let row = |y| {
        (0..size.width.into())
            .map(|x| pixel(number, x, y) & used)
            .collect()
    };
    (0..size.height.into()).map(row).collect()
}

/// Draws picture `number` into rows of 32-bit pixels; the padding of the rows is made ugly.
///
/// # Panics
/// If the rows are not all there.
pub fn draw(bytes: WriteBytes<'_>, size: Size, stride: u32, number: u32) {
    let stride = stride as usize;
    let mut row = vec![0xee; stride];
    for y in 0..size.height.into() {
        let pixels = row.as_chunks_mut::<4>().0.iter_mut().take(size.width.into());
        for (x, to) in pixels.enumerate() {
            *to = pixel(number, x, y).to_le_bytes();
        }
        let to = bytes
            .get(y * stride..(y + 1) * stride)
            .expect("a row of the frame");
        assert!(to.copy_from(ReadBytes::from(row.as_slice())));
    }
}

/// What pictures can be drawn to.
pub trait Canvas: Sized {
    /// Draws picture `number`.
    fn draw(frame: &mut Frame<Self>, number: u32);
}

/// Memory that every frame has.
impl Canvas for () {
    fn draw(frame: &mut Frame<Self>, number: u32) {
        let bytes = frame.bytes().expect("a frame in memory");
        draw(bytes, frame.size(), frame.stride(), number);
    }
}

/// Dumb buffers, drawn by the CPU.
impl Canvas for DumbPicture {
    fn draw(frame: &mut Frame<Self>, number: u32) {
        let (size, stride) = (frame.size(), frame.stride());
        frame
            .draw(|bytes| draw(bytes, size, stride, number))
            .expect("memory that the CPU can reach");
    }
}

/// `before` with some rectangles of `after` in it.
pub fn patched(before: &[Vec<u32>], after: &[Vec<u32>], update: &[Rectangle]) -> Vec<Vec<u32>> {
    let mut patched = before.to_vec();
    for at in update {
        let columns = at.x as usize..at.x as usize + usize::from(at.width);
        for y in at.y as usize..at.y as usize + usize::from(at.height) {
            patched[y][columns.clone()].copy_from_slice(&after[y][columns.clone()]);
        }
    }
    patched
}

/// Fails with the first pixel that differs.
///
/// # Panics
/// If any does.
#[track_caller]
pub fn assert_shows(shown: &[Vec<u32>], wanted: &[Vec<u32>], what: &str) {
    assert_eq!(shown.len(), wanted.len(), "{what}: rows");
    for (y, (shown, wanted)) in shown.iter().zip(wanted).enumerate() {
        assert_eq!(shown.len(), wanted.len(), "{what}: columns");
        if let Some(x) = (0..shown.len()).find(|x| shown[*x] != wanted[*x]) {
            panic!(
                "{what}: ({x}, {y}) is {:#010x}, not {:#010x}",
                shown[x], wanted[x]
            );
        }
    }
}
