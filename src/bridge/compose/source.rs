//! The pixels of one guest window.

use std::rc::Rc;

use x11rb::protocol::{Event, xproto::Window};

use super::{ComposeError, error::Of as _};
use crate::{
    present::{Blend, Filter, Layer, Pass},
    x11::{
        Display, ImportError, ImportOptions, ImportStats, ImportedPixmap, PathError, PixmapImporter,
        PixmapPath, Rect, SourcePixmap, X11Error,
    },
};

/// A guest window's pixmap as a texture. A window gets another pixmap when it is resized; the old one is let go when
/// the new one is there.
#[derive(Debug)]
pub(super) struct Source {
    display: Rc<Display>,
    window: Window,
    pixmap: ImportedPixmap,
    /// Whether the window has got another pixmap.
    stale: bool,
}

impl Source {
    /// Takes the pixmap of a window that is shown.
    pub(super) fn new(
        importer: &Rc<PixmapImporter>,
        display: &Rc<Display>,
        window: Window,
        options: ImportOptions,
    ) -> Result<Self, ComposeError> {
        let pixmap = SourcePixmap::of_window(display, window).of_guest()?;
        Ok(Self {
            display: display.clone(),
            window,
            pixmap: importer.import(pixmap, options)?,
            stale: false,
        })
    }

    /// The window has got another pixmap.
    pub(super) fn renew(&mut self) {
        self.stale = true;
    }

    /// What an event says of changed pixels, from the pixmap's corner.
    pub(super) fn handle(&mut self, event: &Event) -> Option<Rect> {
        let Event::DamageNotify(notify) = event else {
            return None;
        };
        self.pixmap.handle_event(event).then(|| notify.area.into())
    }

    /// Draws the window with the corner of its border at this place.
    pub(super) fn draw(&mut self, pass: &Pass<'_>, at: (i32, i32)) -> Result<(), ComposeError> {
        if self.stale {
            let pixmap = SourcePixmap::of_window(&self.display, self.window).of_guest()?;
            self.pixmap.replace(pixmap)?;
            self.stale = false;
        }
        let (width, height) = self.pixmap.source().size();
        let blend = match self.pixmap.source().format().fourcc.has_alpha() {
            true => Blend::Premultiplied,
            false => Blend::Opaque,
        };
        let bound = self.pixmap.bind()?;
        let layer = Layer {
            texture: bound.texture(),
            size: (width.into(), height.into()),
            at,
            filter: Filter::Nearest,
            blend,
        };
        Ok(pass.layer(&layer)?)
    }

    /// The way by which pixels come.
    pub(super) fn path(&self) -> PixmapPath {
        self.pixmap.path()
    }

    pub(super) fn stats(&self) -> ImportStats {
        self.pixmap.stats()
    }
}

/// Whether a window just could not be read because it is going away or being hidden: an event about that is on its way.
pub(super) fn is_going(error: &ComposeError) -> bool {
    let error = match error {
        ComposeError::Guest(error) => error,
        ComposeError::Import(ImportError::Final(PathError::X11(error))) => error,
        _ => return false,
    };
    matches!(
        error,
        X11Error::WindowGone(_) | X11Error::PixmapGone(_) | X11Error::NotRedirected(_)
    )
}
