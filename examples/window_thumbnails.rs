//! Shows all windows of a display in one, small and alive: `cargo run --example window_thumbnails`.
//!
//! The order of things: Composite gives each window a pixmap of its own, an importer makes the pixmap a texture with
//! mipmaps, DAMAGE says when it has changed, and a painter lays the textures onto the frames of a swapchain. Nothing is
//! drawn while nothing changes.

mod common;

use std::{rc::Rc, time::Duration};

use common::{Failure, TopLevel};
use pixbridge::{
    gl::{self, Choice, Gl},
    present::{Blend, CanvasAllocator, Filter, Layer, Painter, Progress, Setup, Size, Submission, Swapchain},
    x11::{
        Display, Happening, ImportOptions, ImportedPixmap, Limits, PixmapImporter, Rect, SourcePixmap,
        TextureTarget,
    },
};
use x11rb::protocol::{
    Event,
    composite::{ConnectionExt as _, Redirect},
    xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window},
};

const PATIENCE: Duration = Duration::from_secs(1);
const BACKGROUND: [f32; 4] = [0.08, 0.09, 0.12, 1.0];
/// Pixels between thumbnails, and around them.
const GAP: u32 = 12;

/// The windows of a display, each as a texture.
struct Thumbnails {
    display: Rc<Display>,
    importer: Rc<PixmapImporter>,
    /// The one that shows the others, or that a window manager has put it in.
    own: Window,
    shown: Vec<(Window, ImportedPixmap)>,
}

impl Thumbnails {
    fn new(display: &Rc<Display>, importer: PixmapImporter, own: Window) -> Result<Self, Failure> {
        let (c, root) = (display.connection(), display.screen().root);
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        c.change_window_attributes(root, &events)?.check()?;
        // Automatic: the server goes on showing the windows by itself.
        c.composite_redirect_subwindows(root, Redirect::AUTOMATIC)?
            .check()?;
        let mut thumbnails = Self {
            display: display.clone(),
            importer: Rc::new(importer),
            own,
            shown: Vec::new(),
        };
        for window in c.query_tree(root)?.reply()?.children {
            thumbnails.look_at(window)?;
        }
        Ok(thumbnails)
    }

    /// Takes an event in; whether it changes the picture.
    fn handle(&mut self, event: &Event) -> Result<bool, Failure> {
        let window = match event {
            Event::DamageNotify(_) => {
                return Ok(self
                    .shown
                    .iter_mut()
                    .any(|(_, pixmap)| pixmap.handle_event(event)));
            }
            Event::Expose(_) => return Ok(true),
            Event::ReparentNotify(e) if e.window == self.own => {
                self.own = e.parent;
                e.parent
            }
            Event::MapNotify(e) => e.window,
            Event::UnmapNotify(e) => e.window,
            Event::ReparentNotify(e) => e.window,
            Event::ConfigureNotify(e) => {
                let borders = e.border_width.saturating_mul(2);
                let size = [e.width, e.height].map(|length| length.saturating_add(borders));
                if !self.has_other_size(e.window, size.into()) {
                    return Ok(false);
                }
                e.window
            }
            _ => return Ok(false),
        };
        self.look_at(window)?;
        Ok(true)
    }

    fn has_other_size(&self, window: Window, size: (u16, u16)) -> bool {
        let mut shown = self.shown.iter();
        shown.any(|(id, pixmap)| *id == window && pixmap.source().size() != size)
    }

    /// Takes the pixmap that a window has now, if it has one.
    fn look_at(&mut self, window: Window) -> Result<(), Failure> {
        let found = self.shown.iter().position(|(id, _)| *id == window);
        let source = match SourcePixmap::of_window(&self.display, window) {
            // It would show itself.
            _ if window == self.own => None,
            Ok(source) => Some(source),
            Err(error) if error.is_fatal() => return Err(error.into()),
            // It is hidden, or gone, or takes only input.
            Err(_) => None,
        };
        match (found, source) {
            (Some(at), Some(source)) => self.shown[at].1.replace(source)?,
            (Some(at), None) => drop(self.shown.remove(at)),
            (None, Some(source)) => {
                let target = TextureTarget::TwoD { mipmaps: true };
                let options = ImportOptions {
                    target,
                    ..ImportOptions::default()
                };
                self.shown.push((window, self.importer.import(source, options)?));
            }
            (None, None) => {}
        }
        Ok(())
    }
}

/// The place of a picture in one of `count` cells of a frame: as large as fits, and no larger than it is.
fn place(index: usize, count: usize, frame: Rect, (width, height): (u16, u16)) -> Rect {
    let columns = (1..=count)
        .find(|columns| columns * columns >= count)
        .unwrap_or(1);
    let (columns, rows) = (columns as u32, count.div_ceil(columns) as u32);
    let (column, row) = (index as u32 % columns, index as u32 / columns);
    let cell = (frame.width / columns, frame.height / rows);
    let fits = |room: u32, length: u16| f64::from(room.saturating_sub(GAP)) / f64::from(length);
    let scale = fits(cell.0, width).min(fits(cell.1, height)).min(1.0);
    let scaled = |length: u16| (f64::from(length) * scale).round() as u32;
    let (width, height) = (scaled(width), scaled(height));
    Rect {
        x: (column * cell.0 + cell.0.saturating_sub(width) / 2) as i32,
        y: (row * cell.1 + cell.1.saturating_sub(height) / 2) as i32,
        width,
        height,
    }
}

/// Draws all thumbnails, if there is a buffer to draw to.
fn draw(
    gl: &Gl,
    painter: &Painter,
    swapchain: &mut Swapchain<CanvasAllocator>,
    thumbnails: &mut Thumbnails,
) -> Result<bool, Failure> {
    let Some(mut frame) = swapchain.acquire()? else {
        return Ok(false);
    };
    let Size { width, height } = frame.size();
    let (whole, canvas) = (Rect::of_size(width.into(), height.into()), frame.target());
    let size = (whole.width, whole.height);
    let pass = painter.begin(gl, canvas.framebuffer(), size, whole, BACKGROUND, canvas.order());
    let count = thumbnails.shown.len();
    for (index, (_, pixmap)) in thumbnails.shown.iter_mut().enumerate() {
        let place = place(index, count, whole, pixmap.source().size());
        let alpha = pixmap.source().format().fourcc.has_alpha();
        // Brings the texture up to date, and costs nothing for a window that has not changed.
        let bound = pixmap.bind()?;
        pass.layer(&Layer {
            texture: bound.texture(),
            size: (place.width, place.height),
            at: (place.x, place.y),
            stored: None,
            filter: Filter::Smooth,
            blend: if alpha {
                Blend::Premultiplied
            } else {
                Blend::Opaque
            },
        })?;
    }
    pass.finish();
    frame.finish_drawing(gl, whole)?;
    swapchain.present(frame, &Submission::default())?;
    Ok(true)
}

fn main() -> Result<(), Failure> {
    let display = Rc::new(Display::open(None, &Limits::default())?);
    let window = TopLevel::open(&display, "thumbnails", (640, 480))?;
    let host = Rc::new(gl::Display::open(Choice::Auto)?);
    let gl = host.create_context(None)?.gl();
    let (allocator, painter) = (CanvasAllocator::new(&gl), Painter::new(&gl)?);
    let mut swapchain = Swapchain::new(&display, window.id, allocator, Setup::default())?;
    let importer = PixmapImporter::new(display.clone(), host, gl.clone());
    let mut thumbnails = Thumbnails::new(&display, importer, window.id)?;
    let (mut changed, mut under_way) = (true, false);
    loop {
        if changed && !under_way && draw(&gl, &painter, &mut swapchain, &mut thumbnails)? {
            (changed, under_way) = (false, true);
        }
        let mut progress = swapchain.tick()?;
        if progress.is_none() {
            let limit = swapchain.next_tick().unwrap_or(PATIENCE);
            if let Some(happening) = display.wait(limit)? {
                if window.is_closed_by(&happening) {
                    break;
                }
                progress = swapchain.handle(&happening)?;
                if let Happening::Event(event) = &happening {
                    changed |= thumbnails.handle(event)?;
                }
            }
        }
        match progress {
            Some(Progress::Completed(_)) => under_way = false,
            Some(Progress::Dropped(_)) => (changed, under_way) = (true, false),
            Some(Progress::Resized(_)) => changed = true,
            Some(Progress::WindowGone) => break,
            Some(Progress::Idle | Progress::SteppedDown(_)) | None => {}
        }
    }
    println!("{} frames by {}", swapchain.stats().presented, swapchain.rung());
    for (window, pixmap) in &thumbnails.shown {
        let (path, stats) = (pixmap.path(), pixmap.stats());
        println!(
            "{window:#x}: {} copies in {} binds by {path}",
            stats.copies, stats.binds
        );
    }
    Ok(())
}
