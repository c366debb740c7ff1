//! A display is asked once what it has, and says later what it refused.

use std::{rc::Rc, time::Duration};

use pixbridge::x11::{
    Absence, Display, Extension, Fourcc, Happening, Limits, OnError, Segment, ShmError, Version, X11Error,
};
use pixbridge_xtests::xvfb::Xvfb;
use x11rb::protocol::{ErrorKind, xproto::ConnectionExt as _};

const SOON: Duration = Duration::from_secs(5);

fn display(xvfb: &Xvfb, limits: &Limits) -> Rc<Display> {
    Rc::new(Display::open(Some(&xvfb.display()), limits).expect("display"))
}

#[test]
fn xvfb_has_present_and_shared_memory_but_no_dri3() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = display(&xvfb, &Limits::default());
    let extensions = display.extensions();
    assert_eq!(extensions.version(Extension::Dri3), Err(Absence::NotOffered));
    assert_eq!(extensions.version(Extension::Shm), Ok(Version(1, 2)));
    assert!(extensions.has(Extension::Present, Version(1, 0)));
    let root = display.screen().root_visual;
    let format = display.formats().visual(root).and_then(|visual| visual.format);
    assert_eq!(format.expect("format").fourcc, Fourcc::XRGB8888);
}

#[test]
fn an_extension_can_be_switched_off_or_held_back() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let limits = Limits::default()
        .without(Extension::Shm)
        .at_most(Extension::Present, Version(1, 0));
    let display = display(&xvfb, &limits);
    assert_eq!(
        display.extensions().version(Extension::Present),
        Ok(Version(1, 0))
    );
    let refused = Segment::create(&display, 4096);
    assert!(
        matches!(
            refused,
            Err(X11Error::Shm(ShmError::Absent(Absence::SwitchedOff)))
        ),
        "{refused:?}"
    );
}

#[test]
fn a_refused_request_is_told_to_its_owner_and_to_nobody_else() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = display(&xvfb, &Limits::default());
    let token = display.new_token();
    for on_error in [OnError::Ignore, OnError::Warn, OnError::Tell(token)] {
        display
            .send("free a pixmap that is not there", on_error, |c| {
                c.free_pixmap(0x7777)
            })
            .expect("connection");
    }
    match display.wait(SOON).expect("connection") {
        Some(Happening::Refused { token: told, error }) => {
            assert_eq!(told, token);
            assert_eq!(error.error_kind, ErrorKind::Pixmap);
        }
        other => panic!("{other:?}"),
    }
    display.sync().expect("connection");
    assert!(display.poll().expect("connection").is_none());
}

#[test]
fn what_the_server_draws_into_a_segment_is_seen_on_our_side() {
    use x11rb::protocol::{
        shm::ConnectionExt as _,
        xproto::{ConnectionExt as _, CreateGCAux, Rectangle},
    };
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = display(&xvfb, &Limits::default());
    let segment = Segment::create(&display, 16 * 4).expect("segment");
    let pixmap = pixbridge::x11::Pixmap::reserve(&display).expect("identifier");
    let gc = pixbridge::x11::Gc::reserve(&display).expect("identifier");
    let root = display.screen().root;
    let c = display.connection();
    c.shm_create_pixmap(pixmap.id(), root, 16, 1, 24, segment.id(), 0)
        .expect("request");
    c.create_gc(gc.id(), pixmap.id(), &CreateGCAux::new().foreground(0x0011_2233))
        .expect("request");
    let whole = Rectangle {
        x: 0,
        y: 0,
        width: 16,
        height: 1,
    };
    c.poly_fill_rectangle(pixmap.id(), gc.id(), &[whole])
        .expect("request");
    display.sync().expect("connection");
    let first = segment.memory().read(0..4).expect("inside").to_vec();
    assert_eq!(first[..3], [0x33, 0x22, 0x11]);
}
