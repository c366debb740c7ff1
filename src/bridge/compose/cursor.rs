//! The guest's cursor, shown on the host.

use std::{collections::HashMap, rc::Rc};

use x11rb::{
    connection::Connection as _,
    protocol::{
        render::{ConnectionExt as _, PictType, Pictformat},
        xfixes::{ConnectionExt as _, CursorNotifyMask, GetCursorImageReply},
        xproto::{ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, Cursor, ImageFormat, Window},
    },
};

use super::{ComposeError, error::OfDisplay as _};
use crate::x11::{Display, Extension, Gc, OnError, Pixmap, Version, X11Error};

/// The largest side of a cursor that is shown.
const MAX_SIDE: u16 = 256;
/// Cursors that are kept for when they come back: programs switch among a few.
const MAX_KEPT: usize = 32;

/// Carries cursor images over.
#[derive(Debug)]
pub(super) struct Cursors {
    host: Rc<Display>,
    guest: Rc<Display>,
    format: Option<Pictformat>,
    /// By the guest's serial.
    kept: HashMap<u32, Cursor>,
    shown: Option<u32>,
}

impl Cursors {
    /// Asks the guest to tell of changes. Without XFIXES there, or RENDER here, windows keep the host's own cursor.
    ///
    /// # Errors
    /// If a display is gone.
    pub(super) fn new(host: &Rc<Display>, guest: &Rc<Display>) -> Result<Self, ComposeError> {
        let format = match guest.extensions().has(Extension::XFixes, Version(2, 0)) {
            true => argb_format(host).of_host()?,
            false => None,
        };
        if format.is_some() {
            let root = guest.screen().root;
            guest
                .send("cursor", OnError::Warn, |c| {
                    c.xfixes_select_cursor_input(root, CursorNotifyMask::DISPLAY_CURSOR)
                })
                .of_guest()?;
        }
        Ok(Self {
            host: host.clone(),
            guest: guest.clone(),
            format,
            kept: HashMap::new(),
            shown: None,
        })
    }

    /// Shows the guest's present cursor in `windows`.
    ///
    /// # Errors
    /// If a display is gone.
    pub(super) fn update(&mut self, windows: impl Iterator<Item = Window>) -> Result<(), ComposeError> {
        let Some(format) = self.format else { return Ok(()) };
        let Some(image) = self.image().of_guest()? else {
            return Ok(());
        };
        if self.keep(format, &image).of_host()? {
            self.shown = Some(image.cursor_serial);
            for window in windows {
                self.apply(window).of_host()?;
            }
        }
        Ok(())
    }

    /// The guest's present cursor; `None` if it does not tell.
    fn image(&self) -> Result<Option<GetCursorImageReply>, X11Error> {
        Ok(self.guest.connection().xfixes_get_cursor_image()?.reply().ok())
    }

    /// Has a cursor for an image; false if the image is none.
    fn keep(&mut self, format: Pictformat, image: &GetCursorImageReply) -> Result<bool, X11Error> {
        let serial = image.cursor_serial;
        if self.kept.contains_key(&serial) {
            return Ok(true);
        }
        let Some(cursor) = self.create(format, image)? else {
            return Ok(false);
        };
        self.make_room()?;
        self.kept.insert(serial, cursor);
        Ok(true)
    }

    /// Gives a new window the present cursor.
    ///
    /// # Errors
    /// If the host is gone.
    pub(super) fn apply(&self, window: Window) -> Result<(), X11Error> {
        let Some(cursor) = self.shown.and_then(|serial| self.kept.get(&serial)) else {
            return Ok(());
        };
        let change = ChangeWindowAttributesAux::new().cursor(*cursor);
        self.host.send("cursor", OnError::Ignore, |c| {
            c.change_window_attributes(window, &change)
        })
    }

    fn make_room(&mut self) -> Result<(), X11Error> {
        if self.kept.len() < MAX_KEPT {
            return Ok(());
        }
        for (_, cursor) in self.kept.drain() {
            self.host
                .send("cursor", OnError::Ignore, |c| c.free_cursor(cursor))?;
        }
        Ok(())
    }

    /// A cursor of the host's with the guest's picture; `None` if the picture is none.
    fn create(&self, format: Pictformat, image: &GetCursorImageReply) -> Result<Option<Cursor>, X11Error> {
        let (w, h) = (image.width, image.height);
        let pixels = usize::from(w) * usize::from(h);
        if pixels == 0 || w > MAX_SIDE || h > MAX_SIDE || image.cursor_image.len() != pixels {
            return Ok(None);
        }
        let bytes: Vec<u8> = image.cursor_image.iter().flat_map(|p| p.to_le_bytes()).collect();
        let (host, root) = (&self.host, self.host.screen().root);
        let (pixmap, gc) = (Pixmap::reserve(host)?, Gc::reserve(host)?);
        let (picture, cursor) = (host.connection().generate_id()?, host.connection().generate_id()?);
        let (p, g) = (pixmap.id(), gc.id());
        host.send("cursor", OnError::Warn, |c| c.create_pixmap(32, p, root, w, h))?;
        host.send("cursor", OnError::Warn, |c| {
            c.create_gc(g, p, &CreateGCAux::new())
        })?;
        host.send("cursor", OnError::Warn, |c| {
            c.put_image(ImageFormat::Z_PIXMAP, p, g, w, h, 0, 0, 0, 32, &bytes)
        })?;
        host.send("cursor", OnError::Warn, |c| {
            c.render_create_picture(picture, p, format, &Default::default())
        })?;
        let (x, y) = (image.xhot.min(w - 1), image.yhot.min(h - 1));
        host.send("cursor", OnError::Warn, |c| {
            c.render_create_cursor(cursor, picture, x, y)
        })?;
        host.send("cursor", OnError::Warn, |c| c.render_free_picture(picture))?;
        Ok(Some(cursor))
    }
}

/// RENDER's format of 32 bits with alpha, if the server has RENDER 0.5 with cursors, and the byte order is ours.
fn argb_format(host: &Display) -> Result<Option<Pictformat>, X11Error> {
    use x11rb::{connection::RequestConnection as _, protocol::render};
    let c = host.connection();
    if host.formats().of_depth(32).is_none() || c.extension_information(render::X11_EXTENSION_NAME)?.is_none()
    {
        return Ok(None);
    }
    let version = c.render_query_version(0, 11)?.reply()?;
    if (version.major_version, version.minor_version) < (0, 5) {
        return Ok(None);
    }
    let formats = c.render_query_pict_formats()?.reply()?.formats;
    let argb = formats.iter().find(|format| {
        let d = &format.direct;
        format.type_ == PictType::DIRECT
            && format.depth == 32
            && (d.alpha_shift, d.red_shift, d.green_shift, d.blue_shift) == (24, 16, 8, 0)
            && (d.alpha_mask, d.red_mask, d.green_mask, d.blue_mask) == (255, 255, 255, 255)
    });
    Ok(argb.map(|format| format.id))
}
