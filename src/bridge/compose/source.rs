//! The pixels of one guest window, or of what lies behind all of them.

use std::rc::Rc;

use x11rb::protocol::{
    Event,
    xproto::{Pixmap, Window},
};

use super::{ComposeError, error::OfDisplay as _};
use crate::{
    present::{Blend, ChannelOrder, Filter, Layer, Pass},
    x11::{
        Display, ImportOptions, ImportStats, ImportedPixmap, PixmapImporter, PixmapPath, Rect, SourcePixmap,
        X11Error,
    },
};

/// A guest window's pixmap as a texture. A window gets another pixmap when it is resized; the old one is let go when
/// the new one is there.
#[derive(Debug)]
pub(super) struct Source {
    display: Rc<Display>,
    of: Of,
    pixmap: ImportedPixmap,
    /// Whether the window has got another pixmap.
    stale: bool,
}

/// Whose pixels they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A window's, its border included.
    Window(Window),
    /// A pixmap's.
    Pixmap(Pixmap),
}

impl Of {
    fn pixmap(self, display: &Rc<Display>) -> Result<SourcePixmap, X11Error> {
        match self {
            Self::Window(window) => SourcePixmap::of_window(display, window),
            Self::Pixmap(pixmap) => SourcePixmap::of_pixmap(display, pixmap),
        }
    }
}

impl Source {
    /// Takes a pixmap, or that of a window that is shown.
    pub(super) fn new(
        importer: &Rc<PixmapImporter>,
        display: &Rc<Display>,
        of: Of,
        options: ImportOptions,
    ) -> Result<Self, ComposeError> {
        let pixmap = of.pixmap(display).of_guest()?;
        Ok(Self {
            display: display.clone(),
            of,
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
            self.pixmap.replace(self.of.pixmap(&self.display).of_guest()?)?;
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
            stored: bound.exchanged_bytes().map(|exchanged| match exchanged {
                true => ChannelOrder::Exchanged,
                false => ChannelOrder::Native,
            }),
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
