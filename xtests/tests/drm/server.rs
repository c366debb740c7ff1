//! The machine's X server: DRI3 and Present as they must be for tests of ours there to mean something.

use std::os::fd::AsFd;

use pixbridge_xtests::machine::DISPLAY_NODE;
use rustix::fs::{FileType, fstat, stat};
use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        dri3::{BuffersFromPixmapReply, ConnectionExt as _},
        present::{CompleteKind, CompleteNotifyEvent, ConnectionExt as _, EventMask},
        xproto::{
            ConnectionExt as _, CreateGCAux, CreateWindowAux, Drawable, Gcontext, ImageFormat, Pixmap,
            Rectangle, Screen, Window, WindowClass,
        },
    },
    rust_connection::RustConnection,
    utils::RawFdContainer,
};

use crate::machine;

/// Width and height of what is drawn, in pixels.
const SIDE: u16 = 64;
const RED: u32 = 0x00ff_0000;
const GREEN: u32 = 0x0000_ff00;
/// The bits of the colour in a pixel of depth 24 or 32.
const COLOUR: u32 = 0x00ff_ffff;

/// A connection and the identifiers made on it.
struct Client {
    connection: RustConnection,
    screen: Screen,
}

impl Client {
    fn connect() -> Self {
        let (connection, screen) = machine().connect().expect("the machine's X server");
        Self { connection, screen }
    }

    fn id(&self) -> u32 {
        self.connection.generate_id().expect("an identifier")
    }

    fn pixmap(&self, depth: u8) -> Pixmap {
        let pixmap = self.id();
        let made = self
            .connection
            .create_pixmap(depth, pixmap, self.screen.root, SIDE, SIDE);
        made.unwrap().check().expect("a pixmap");
        pixmap
    }

    fn fill(&self, drawable: Drawable, pixel: u32) {
        let gc: Gcontext = self.id();
        let whole = Rectangle {
            x: 0,
            y: 0,
            width: SIDE,
            height: SIDE,
        };
        self.connection
            .create_gc(gc, drawable, &CreateGCAux::new().foreground(pixel))
            .unwrap();
        self.connection
            .poly_fill_rectangle(drawable, gc, &[whole])
            .unwrap()
            .check()
            .expect("a filled drawable");
    }

    /// The colours of all pixels there, without repetition.
    fn colours(&self, drawable: Drawable) -> Vec<u32> {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, drawable, 0, 0, SIDE, SIDE, u32::MAX);
        let data = image.unwrap().reply().expect("an image").data;
        let pixels = data
            .as_chunks::<4>()
            .0
            .iter()
            .map(|pixel| u32::from_le_bytes(*pixel) & COLOUR);
        let mut colours: Vec<u32> = pixels.collect();
        colours.dedup();
        colours
    }

    fn export(&self, pixmap: Pixmap) -> BuffersFromPixmapReply {
        self.connection
            .dri3_buffers_from_pixmap(pixmap)
            .unwrap()
            .reply()
            .expect("the pixmap's buffers")
    }

    fn import(&self, buffers: BuffersFromPixmapReply) -> Pixmap {
        let pixmap = self.id();
        let BuffersFromPixmapReply {
            width,
            height,
            modifier,
            depth,
            bpp,
            strides,
            offsets,
            buffers,
            ..
        } = buffers;
        assert_eq!(
            (strides.len(), offsets.len(), buffers.len()),
            (1, 1, 1),
            "packed formats have one plane"
        );
        let root = self.screen.root;
        self.connection
            .dri3_pixmap_from_buffers(
                pixmap, root, width, height, strides[0], offsets[0], 0, 0, 0, 0, 0, 0, depth, bpp, modifier,
                buffers,
            )
            .unwrap()
            .check()
            .expect("a pixmap of the buffer");
        pixmap
    }

    fn window(&self) -> Window {
        let window = self.id();
        let visual = self.screen.root_visual;
        self.connection
            .create_window(
                self.screen.root_depth,
                window,
                self.screen.root,
                0,
                0,
                SIDE,
                SIDE,
                0,
                WindowClass::INPUT_OUTPUT,
                visual,
                &CreateWindowAux::new().override_redirect(1),
            )
            .unwrap();
        self.connection
            .map_window(window)
            .unwrap()
            .check()
            .expect("a window");
        window
    }

    fn present(&self, window: Window, pixmap: Pixmap, serial: u32) {
        self.connection
            .present_pixmap(window, pixmap, serial, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, &[])
            .unwrap()
            .check()
            .expect("a pixmap that can be presented");
    }

    fn wait_for_completion(&self) -> CompleteNotifyEvent {
        loop {
            if let Event::PresentCompleteNotify(event) = self.connection.wait_for_event().expect("an event") {
                return event;
            }
        }
    }
}

/// What tells one buffer of the kernel from all others.
fn identity(buffer: &RawFdContainer) -> (u64, u64) {
    let stat = fstat(buffer.as_fd()).expect("a descriptor");
    (stat.st_dev, stat.st_ino)
}

#[test]
fn dri3_and_present_can_share_buffers_of_several_planes() {
    let client = Client::connect();
    let dri3 = client
        .connection
        .dri3_query_version(1, 4)
        .unwrap()
        .reply()
        .expect("DRI3");
    let present = client
        .connection
        .present_query_version(1, 4)
        .unwrap()
        .reply()
        .expect("Present");
    for (name, version) in [
        ("DRI3", (dri3.major_version, dri3.minor_version)),
        ("Present", (present.major_version, present.minor_version)),
    ] {
        assert!(version >= (1, 2), "{name} {version:?}");
    }
}

#[test]
fn dri3_opens_the_node_of_the_display() {
    let client = Client::connect();
    let opened = client
        .connection
        .dri3_open(client.screen.root, 0)
        .unwrap()
        .reply()
        .expect("a device");
    let (opened, display) = (
        fstat(opened.device_fd.as_fd()).unwrap(),
        stat(DISPLAY_NODE).unwrap(),
    );
    assert_eq!(FileType::from_raw_mode(opened.st_mode), FileType::CharacterDevice);
    assert_eq!(opened.st_rdev, display.st_rdev);
}

#[test]
fn two_pixmaps_of_one_buffer_show_the_same_pixels() {
    let client = Client::connect();
    for depth in [24, 32] {
        let drawn = client.pixmap(depth);
        client.fill(drawn, RED);
        let shown = client.import(client.export(drawn));
        assert_eq!(client.colours(shown), [RED], "depth {depth}");
        client.fill(drawn, GREEN);
        assert_eq!(client.colours(drawn), [GREEN], "depth {depth}");
        assert_eq!(client.colours(shown), [GREEN], "depth {depth}: a copy was made");
    }
}

#[test]
fn a_buffer_has_one_identity_however_often_it_is_exported() {
    let client = Client::connect();
    let (one, other) = (client.pixmap(24), client.pixmap(24));
    let [first, again, different] = [one, one, other].map(|pixmap| client.export(pixmap).buffers);
    assert_eq!(identity(&first[0]), identity(&again[0]));
    assert_ne!(identity(&first[0]), identity(&different[0]));
}

#[test]
fn a_presented_buffer_is_shown_and_reported() {
    let client = Client::connect();
    let (window, pixmap) = (client.window(), client.pixmap(client.screen.root_depth));
    client.fill(pixmap, GREEN);
    let events = EventMask::COMPLETE_NOTIFY | EventMask::IDLE_NOTIFY;
    client
        .connection
        .present_select_input(client.id(), window, events)
        .unwrap()
        .check()
        .expect("events");
    client.present(window, client.import(client.export(pixmap)), 7);
    let completed = client.wait_for_completion();
    assert_eq!((completed.kind, completed.serial), (CompleteKind::PIXMAP, 7));
    assert_eq!(client.colours(window), [GREEN]);
}
