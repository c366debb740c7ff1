//! Which ways between a display and GL work, found by going them with pictures that nobody sees.

use std::rc::Rc;

use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, WindowClass};

use crate::{
    present::{CanvasAllocator, Ladder, PresentError, Rung, Setup, Swapchain},
    x11::{
        Display, ImportError, ImportOptions, OnError, PathError, Paths, Pixmap, PixmapImporter, PixmapPath,
        SourcePixmap, X11Error,
    },
};

/// Width and height of the pictures, in pixels.
const SIDE: u16 = 16;

/// Imports a pixmap of the importer's display, of the depth of its root window, by the first of the paths that works.
/// Waits for the server.
///
/// # Errors
/// Why none works.
pub fn import(
    display: &Rc<Display>,
    importer: &Rc<PixmapImporter>,
    paths: Paths,
) -> Result<PixmapPath, ImportError> {
    let source = pixmap(display).map_err(|error| ImportError::Final(PathError::X11(error)))?;
    let of_pixmap = SourcePixmap::of_pixmap(display, source.id());
    let of_pixmap = of_pixmap.map_err(|error| ImportError::Final(PathError::X11(error)))?;
    let options = ImportOptions {
        paths,
        ..ImportOptions::default()
    };
    let mut imported = importer.import(of_pixmap, options)?;
    imported.bind()?;
    Ok(imported.path())
}

fn pixmap(display: &Rc<Display>) -> Result<Pixmap, X11Error> {
    let (pixmap, screen) = (Pixmap::reserve(display)?, display.screen());
    let c = display.connection();
    c.create_pixmap(screen.root_depth, pixmap.id(), screen.root, SIDE, SIDE)?
        .check()?;
    Ok(pixmap)
}

/// Makes a frame for a window of the display, which is never shown, by the first of the ways that works. Waits for the
/// server.
///
/// # Errors
/// Why none works.
pub fn present(
    display: &Rc<Display>,
    allocator: CanvasAllocator,
    ladder: Ladder,
) -> Result<Rung, PresentError> {
    use x11rb::connection::Connection as _;
    let (c, screen) = (display.connection(), display.screen());
    let window = c.generate_id().map_err(X11Error::from)?;
    let values = CreateWindowAux::new().override_redirect(1);
    let (class, depth) = (WindowClass::INPUT_OUTPUT, screen.root_depth);
    display.send("trial window", OnError::Warn, |c| {
        c.create_window(
            depth,
            window,
            screen.root,
            0,
            0,
            SIDE,
            SIDE,
            0,
            class,
            screen.root_visual,
            &values,
        )
    })?;
    let setup = Setup {
        ladder,
        ..Setup::default()
    };
    let made = Swapchain::new(display, window, allocator, setup).and_then(|mut swapchain| {
        let frame = swapchain.acquire()?;
        debug_assert!(frame.is_some(), "a new swapchain has buffers left");
        Ok(swapchain.rung())
    });
    display.send("trial window", OnError::Ignore, |c| c.destroy_window(window))?;
    made
}
