//! Pixmaps to be imported: other clients' own, and those that windows are drawn into.

use std::rc::Rc;

use x11rb::{
    errors::ReplyError,
    protocol::{
        ErrorKind,
        composite::ConnectionExt as _,
        xproto::{self, ConnectionExt as _, GetGeometryReply, Window, WindowClass},
    },
};

use crate::x11::{Display, Extension, PixelFormat, Pixmap, Version, X11Error};

/// The largest width and height that drawing requests can name a corner of.
const MAX_SIDE: u16 = i16::MAX as u16;

/// Who frees the pixmap.
#[derive(Debug)]
enum Owner {
    /// We: the identifier is a name of ours for a window's pixmap, which lives as long as it has names.
    Us(Pixmap),
    /// Whoever made it.
    Them(xproto::Pixmap),
}

/// A pixmap, with what has to be known to read it.
#[derive(Debug)]
pub struct SourcePixmap {
    owner: Owner,
    size: (u16, u16),
    format: PixelFormat,
}

impl SourcePixmap {
    /// A pixmap that somebody else owns, and keeps for as long as it is imported. Waits for the server's answer.
    ///
    /// # Errors
    /// If it is not there, has pixels of no known format, or the connection breaks.
    pub fn of_pixmap(display: &Display, pixmap: xproto::Pixmap) -> Result<Self, X11Error> {
        let geometry = display.connection().get_geometry(pixmap)?.reply();
        let geometry = geometry.map_err(|error| gone(error, X11Error::PixmapGone(pixmap)))?;
        let format = display.formats().of_depth(geometry.depth);
        Self::new(Owner::Them(pixmap), &geometry, format, 0)
    }

    /// The pixmap that a redirected window is drawn into, with its border and all windows in it that are not
    /// redirected themselves. It stays as it is when the window gets another: when it is resized, or unmapped and
    /// mapped. Waits for the server's answer.
    ///
    /// # Errors
    /// If Composite 0.2 is not there; if the window is gone, takes only input, or is not redirected and viewable; if it
    /// has pixels of no known format; or if the connection breaks.
    pub fn of_window(display: &Rc<Display>, window: Window) -> Result<Self, X11Error> {
        display.need(Extension::Composite, Version(0, 2))?;
        let (c, pixmap) = (display.connection(), Pixmap::reserve(display)?);
        let attributes = c.get_window_attributes(window)?;
        let named = c.composite_name_window_pixmap(window, pixmap.id())?;
        let geometry = c.get_geometry(pixmap.id())?;
        let attributes = attributes.reply();
        // The size is that of the pixmap: the window may have been resized again in the meantime.
        let geometry = geometry.reply();
        let named = named.check();
        let attributes = attributes.map_err(|error| gone(error, X11Error::WindowGone(window)))?;
        if attributes.class == WindowClass::INPUT_ONLY {
            return Err(X11Error::InputOnly(window));
        }
        named.map_err(|error| match kind(&error) {
            Some(ErrorKind::Match) => X11Error::NotRedirected(window),
            _ => gone(error, X11Error::WindowGone(window)),
        })?;
        let visual = attributes.visual;
        let format = display.formats().visual(visual).and_then(|visual| visual.format);
        Self::new(Owner::Us(pixmap), &geometry?, format, visual)
    }

    fn new(
        owner: Owner,
        geometry: &GetGeometryReply,
        format: Option<PixelFormat>,
        visual: u32,
    ) -> Result<Self, X11Error> {
        let &GetGeometryReply {
            width, height, depth, ..
        } = geometry;
        let format = format.ok_or(X11Error::UnknownFormat { visual, depth })?;
        if format.depth != depth || !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let what = format!("a pixmap of {width}x{height} pixels of depth {depth}");
            return Err(X11Error::Nonsense(what));
        }
        Ok(Self {
            owner,
            size: (width, height),
            format,
        })
    }

    /// The identifier.
    pub fn id(&self) -> xproto::Pixmap {
        match &self.owner {
            Owner::Us(pixmap) => pixmap.id(),
            Owner::Them(id) => *id,
        }
    }

    /// Width and height in pixels, 1 to 32767.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The pixels.
    pub fn format(&self) -> PixelFormat {
        self.format
    }
}

fn kind(error: &ReplyError) -> Option<ErrorKind> {
    match error {
        ReplyError::X11Error(error) => Some(error.error_kind),
        ReplyError::ConnectionError(_) => None,
    }
}

/// What a refusal means: `meaning` if it says that there is no such window, pixmap or drawable.
pub(super) fn gone(error: ReplyError, meaning: X11Error) -> X11Error {
    match kind(&error) {
        Some(ErrorKind::Window | ErrorKind::Pixmap | ErrorKind::Drawable) => meaning,
        _ => error.into(),
    }
}
