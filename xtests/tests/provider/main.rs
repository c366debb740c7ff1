//! A display of ours gives its clients DRI3, though the server behind it has none.
//!
//! The session is one that shares pictures and has no GL; the server is real.

mod buffers;
mod drawn_by_gl;
mod drawn_by_x;
mod faults;
mod fences;
mod offered;
mod presented;
mod resources;

use std::sync::Arc;

use pixbridge_xtests::{
    proxied::Proxied,
    sharing::{Picture, Placing, Sharing},
    xvfb::Xvfb,
};
use x11rb::{
    connection::Connection as _,
    protocol::{
        dri3::{self, ConnectionExt as _},
        xproto::{
            ConnectionExt as _, CreateGCAux, CreateWindowAux, Drawable, ImageFormat, Pixmap, Rectangle,
            Window, WindowClass,
        },
    },
    rust_connection::RustConnection,
};

const RED: u32 = 0xe0_3020;
const GREEN: u32 = 0x20_c040;
const BLUE: u32 = 0x10_20f0;
const DEPTH: u8 = 24;

/// A server, a session, and our display between them.
#[derive(Debug)]
struct Rig {
    // In the order in which they have to end.
    proxied: Proxied,
    session: Sharing,
    server: Xvfb,
}

impl Rig {
    fn new(placing: Placing) -> Self {
        let server = Xvfb::start(640, 480).expect("Xvfb");
        let session = Sharing::start(placing);
        let proxied = Proxied::start(&server.display(), &session.socket());
        Self {
            proxied,
            session,
            server,
        }
    }

    /// A client that has opened its device.
    fn client(&self) -> Client {
        let client = Client {
            connection: self.proxied.connect(),
        };
        let _device = client
            .connection
            .dri3_open(client.root(), 0)
            .unwrap()
            .reply()
            .unwrap();
        client
    }
}

/// A client of our display.
#[derive(Debug)]
struct Client {
    connection: RustConnection,
}

impl Client {
    fn root(&self) -> Window {
        self.connection.setup().roots[0].root
    }

    fn id(&self) -> u32 {
        self.connection.generate_id().unwrap()
    }

    /// Has the display make a pixmap of a picture.
    fn import(&self, picture: &Picture, width: u16, height: u16) -> Pixmap {
        let pixmap = self.id();
        self.offer(pixmap, picture.file(), width, height).check().unwrap();
        pixmap
    }

    fn offer(
        &self,
        pixmap: Pixmap,
        file: std::os::fd::OwnedFd,
        width: u16,
        height: u16,
    ) -> x11rb::cookie::VoidCookie<'_, RustConnection> {
        let (size, stride) = (u32::from(width) * u32::from(height) * 4, width * 4);
        let c = &self.connection;
        c.dri3_pixmap_from_buffer(pixmap, self.root(), size, width, height, stride, DEPTH, 32, file)
            .unwrap()
    }

    /// A window of this size that is shown, with a background in blue.
    fn window(&self, width: u16, height: u16) -> Window {
        let window = self.id();
        let look = CreateWindowAux::new().background_pixel(BLUE).override_redirect(1);
        let class = WindowClass::COPY_FROM_PARENT;
        let c = &self.connection;
        c.create_window(
            DEPTH,
            window,
            self.root(),
            0,
            0,
            width,
            height,
            0,
            class,
            0,
            &look,
        )
        .unwrap();
        c.map_window(window).unwrap();
        self.sync();
        window
    }

    /// A pixmap that the client does not get from the session itself.
    fn pixmap(&self, width: u16, height: u16) -> Pixmap {
        self.pixmap_of_depth(DEPTH, width, height)
    }

    fn pixmap_of_depth(&self, depth: u8, width: u16, height: u16) -> Pixmap {
        let pixmap = self.id();
        let made = self
            .connection
            .create_pixmap(depth, pixmap, self.root(), width, height);
        made.unwrap().check().unwrap();
        pixmap
    }

    fn fill(&self, drawable: Drawable, [x, y, width, height]: [u16; 4], pixel: u32) {
        let gc = self.id();
        let c = &self.connection;
        c.create_gc(gc, drawable, &CreateGCAux::new().foreground(pixel))
            .unwrap();
        let (x, y) = (x as i16, y as i16);
        c.poly_fill_rectangle(drawable, gc, &[Rectangle { x, y, width, height }])
            .unwrap();
        c.free_gc(gc).unwrap();
    }

    /// Waits until the server has done everything.
    fn sync(&self) {
        self.connection.get_input_focus().unwrap().reply().unwrap();
    }

    fn pixel(&self, drawable: Drawable, x: i16, y: i16) -> u32 {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, drawable, x, y, 1, 1, !0)
            .unwrap()
            .reply()
            .unwrap();
        u32::from_le_bytes(image.data[..4].try_into().unwrap()) & 0x00ff_ffff
    }

    /// The picture behind a pixmap, as another client of the session finds it.
    fn export(&self, rig: &Rig, pixmap: Pixmap) -> (Arc<Picture>, dri3::BufferFromPixmapReply) {
        let mut reply = self
            .connection
            .dri3_buffer_from_pixmap(pixmap)
            .unwrap()
            .reply()
            .unwrap();
        let file = std::mem::replace(
            &mut reply.pixmap_fd,
            std::fs::File::open("/dev/null").unwrap().into(),
        );
        let picture = rig.session.picture_of(&file).expect("a file of the session");
        (picture, reply)
    }
}
