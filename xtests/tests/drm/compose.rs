//! Windows shown on another display, with dmabufs in, out, or both.

use std::path::Path;

use pixbridge::bridge::report::WindowReport;
use pixbridge_xtests::{
    composer::Composer,
    desktop::Shown,
    machine::DISPLAY_NODE,
    stage::pixel,
    xvfb::{Server, Xvfb},
};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        AtomEnum, ConnectionExt as _, CreateGCAux, CreateWindowAux, Gcontext, ImageFormat, PropMode, Window,
        WindowClass,
    },
    rust_connection::RustConnection,
    wrapper::ConnectionExt as _,
};

use crate::{
    machine,
    trace::{Trace, shared, traffic},
};

const SIZE: (u16, u16) = (301, 203);
const FRAMES: u32 = 10;
const CLASS: &str = "Pictures";
/// What X requests and events of a frame may take on both connections, in bytes: far less than its 244,412 of pixels.
const MAX_TRAFFIC: u64 = 1024;

/// A program that shows pictures, of which no two pixels beside each other are equal.
struct Pictures {
    connection: RustConnection,
    window: Window,
    gc: Gcontext,
}

impl Pictures {
    fn open(display: &str) -> Self {
        let (connection, number) = RustConnection::connect(Some(display)).expect("the guest");
        let screen = connection.setup().roots[number].clone();
        let (window, gc) = (
            connection.generate_id().unwrap(),
            connection.generate_id().unwrap(),
        );
        let (class, values) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        let (width, height) = SIZE;
        let (root, visual) = (screen.root, screen.root_visual);
        let made =
            connection.create_window(24, window, root, 20, 30, width, height, 0, class, visual, &values);
        made.unwrap().check().expect("a window");
        let name = format!("{CLASS}\0{CLASS}\0");
        let (property, ty) = (AtomEnum::WM_CLASS, AtomEnum::STRING);
        let set = connection.change_property8(PropMode::REPLACE, window, property, ty, name.as_bytes());
        set.unwrap();
        connection.create_gc(gc, window, &CreateGCAux::new()).unwrap();
        connection.map_window(window).unwrap().check().expect("mapped");
        Self {
            connection,
            window,
            gc,
        }
    }

    fn show(&self, number: u32) {
        let (width, height) = SIZE;
        let at = |index: usize| (index % usize::from(width), index / usize::from(width));
        let pixels = (0..usize::from(width) * usize::from(height)).map(at);
        let bytes: Vec<u8> = pixels
            .flat_map(|(x, y)| pixel(number, x, y).to_le_bytes())
            .collect();
        let (window, gc) = (self.window, self.gc);
        let put = self.connection.put_image(
            ImageFormat::Z_PIXMAP,
            window,
            gc,
            width,
            height,
            0,
            0,
            0,
            24,
            &bytes,
        );
        put.unwrap().check().expect("a picture");
    }
}

/// Shows pictures until all have been seen alike on both displays, and says what that took.
fn compare<G: Server, H: Server>(
    composer: &mut Composer<G, H>,
    pictures: &Pictures,
    (guest, host): (&Shown, &Shown),
) {
    let mut before = None;
    for number in 1..=FRAMES {
        pictures.show(number);
        let found = composer.same_picture(guest, host).expect("equal pictures");
        assert_ne!(before.as_ref(), Some(&found), "picture {number} does not differ");
        before = Some(found);
    }
}

/// Both displays' windows, once the first picture is there.
fn windows<G: Server, H: Server>(composer: &mut Composer<G, H>, pictures: &Pictures) -> (Shown, Shown) {
    let (guest, host) = composer.window(CLASS).expect("a window on both displays");
    pictures.show(FRAMES + 1);
    composer.same_picture(&guest, &host).expect("equal pictures");
    (guest, host)
}

fn assert_no_copies(report: &WindowReport) {
    assert_eq!(
        (report.copies_per_frame, report.bytes_per_frame),
        (0.0, 0.0),
        "{report:?}"
    );
    assert!(report.frames > u64::from(FRAMES), "{report:?}");
    assert_eq!(report.path_out, "linear", "{report:?}");
    assert!(report.path_in.starts_with("dmabuf"), "{report:?}");
}

#[test]
fn between_servers_on_one_device_nothing_is_copied() {
    let guest = machine();
    let host = guest.another_server().expect("another X server");
    let pictures = Pictures::open(&guest.display());
    let mut composer = Composer::between(guest, host, &[]).expect("a compositor");
    let (guest, host) = windows(&mut composer, &pictures);
    compare(&mut composer, &pictures, (&guest, &host));
    assert_no_copies(&composer.report_of(&guest).expect("a report"));
    let process = composer
        .report()
        .expect("a report")
        .expect("a compositor")
        .process;
    let before = composer.report_of(&guest).expect("a report").frames;
    let trace = Trace::of_processes(&[process]);
    compare(&mut composer, &pictures, (&guest, &host));
    let trace = trace.end();
    let report = composer.report_of(&guest).expect("a report");
    assert_no_copies(&report);
    let (frames, moved) = (report.frames - before, traffic(&trace));
    assert!(moved > 0, "nothing was traced:\n{trace}");
    assert!(
        moved < frames * MAX_TRAFFIC,
        "{moved} bytes for {frames} frames:\n{trace}"
    );
    assert_eq!(shared(&trace), [""; 0]);
}

#[test]
fn from_a_server_without_a_device_only_what_changed_is_copied() {
    assert!(Path::new(DISPLAY_NODE).exists());
    let guest = Xvfb::start(640, 480).expect("Xvfb");
    let pictures = Pictures::open(&guest.display());
    let mut composer = Composer::between(guest, machine(), &[]).expect("a compositor");
    let (guest, host) = windows(&mut composer, &pictures);
    compare(&mut composer, &pictures, (&guest, &host));
    let report = composer.report_of(&guest).expect("a report");
    assert_eq!(
        (&*report.path_in, &*report.path_out),
        ("shm-image", "linear"),
        "{report:?}"
    );
    let pixels = f64::from(SIZE.0) * f64::from(SIZE.1) * 4.0;
    assert!(
        report.copies_per_frame <= 1.0 && report.bytes_per_frame <= pixels,
        "{report:?}"
    );
}
