//! Pixmaps of a server with DRI3 as textures: their own memory, without a copy.

use std::{rc::Rc, time::Duration};

use pixbridge::{
    gl::{Choice, Display, Platform},
    x11::{
        Channels, Extension, ImportOptions, Limits, PathError, PixmapPath, SourcePixmap, TextureTarget,
        Version, X11Error,
    },
};
use pixbridge_xtests::{
    imports::{Rig, by, onto},
    process,
    xpeer::{ErrorCode, Operation, Peer, Script},
};
use x11rb::{
    connection::Connection,
    protocol::{dri3::ConnectionExt as _, xproto::Rectangle},
};

use crate::machine;

const LIMIT: Duration = Duration::from_secs(120);
const SIZES: [(u16, u16); 3] = [(1, 1), (3, 5), (101, 67)];
const SIZE: (u16, u16) = (101, 67);

/// The newest DRI3 and 1.0, with the path that each leads to.
fn versions() -> [(Limits, PixmapPath); 2] {
    let old = Limits::default().at_most(Extension::Dri3, Version(1, 0));
    [
        (Limits::default(), PixmapPath::DmabufModifiers),
        (old, PixmapPath::Dmabuf),
    ]
}

/// A display of the machine's server, and GL on the device that the server names.
fn rig(limits: &Limits) -> Rig {
    let (connection, screen) = machine().connect().expect("the machine's X server");
    let opened = connection.dri3_open(screen.root, 0).unwrap().reply().unwrap();
    let host = Display::open_gbm(opened.device_fd).expect("GL on the server's device");
    let name = std::env::var("DISPLAY").expect("a server");
    Rig::on_host(&name, limits, Rc::new(host))
}

/// The depths whose pixmaps the server hands out: 30 on a screen of that depth.
fn depths(rig: &Rig) -> Vec<u8> {
    let allowed = &rig.display.screen().allowed_depths;
    let has = |depth: &u8| allowed.iter().any(|allowed| allowed.depth == *depth);
    [24, 30, 32].into_iter().filter(has).collect()
}

fn area(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
    Rectangle { x, y, width, height }
}

#[test]
fn every_pixel_of_a_pixmap_is_in_the_texture_without_a_copy() {
    for (limits, path) in versions() {
        let rig = rig(&limits);
        for depth in depths(&rig) {
            let format = rig.display.formats().of_depth(depth).expect("format");
            for size in SIZES {
                let pixmap = rig.painter.pixmap(depth, size);
                rig.painter.paint_gradient(pixmap, format, size);
                for channels in [Channels::Rgb, Channels::Rgba] {
                    let options = ImportOptions {
                        channels,
                        ..ImportOptions::default()
                    };
                    let mut imported = rig.import(pixmap, options);
                    assert_eq!(imported.path(), path, "depth {depth}: {:?}", imported.skipped());
                    rig.assert_up_to_date(&mut imported, pixmap, channels);
                    rig.painter.fill(pixmap, area(0, 0, 2, 3), 0x1234_5678);
                    rig.assert_up_to_date(&mut imported, pixmap, channels);
                    let stats = imported.stats();
                    assert_eq!((stats.binds, stats.copies, stats.copies_in_gl), (2, 0, 0));
                    assert_eq!((stats.bytes_copied, stats.round_trips), (0, 0));
                }
                rig.painter.free(pixmap);
            }
        }
    }
}

#[test]
fn a_windows_pixmap_is_followed_through_drawing_and_resizing() {
    for (limits, path) in versions() {
        let rig = rig(&limits);
        for depth in [rig.display.screen().root_depth, 32] {
            let visuals = rig.display.formats().visuals();
            let visual = visuals
                .iter()
                .find(|visual| visual.depth == depth && visual.format.is_some());
            let visual = visual.expect("a visual").id;
            let window = rig.painter.window(depth, visual, SIZE, 3);
            let mut imported = rig.import_window(window, ImportOptions::default());
            assert_eq!(imported.path(), path, "depth {depth}: {:?}", imported.skipped());
            for (at, pixel) in [(0, 0x00ff_3300), (50, 0x8000_ff00), (20, 0x4000_00ff)] {
                rig.painter.fill(window, area(at, at, 60, 70), pixel);
                let pixmap = imported.source().id();
                rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
                let changed = imported.bind().expect("bound").changed().len();
                assert_eq!(changed, 0, "all of it was taken by the bind before");
            }
            rig.painter.resize(window, (77, 400));
            rig.painter.fill(window, area(10, 300, 50, 50), 0x0012_3456);
            let renewed = SourcePixmap::of_window(&rig.display, window).expect("window");
            imported.replace(renewed).expect("replaced");
            assert_eq!(imported.source().size(), (83, 406));
            let pixmap = imported.source().id();
            rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
            let stats = imported.stats();
            assert_eq!((stats.copies, stats.copies_in_gl, stats.round_trips), (0, 0, 0));
            rig.painter.destroy(window);
        }
    }
}

#[test]
fn mipmaps_and_rectangles_are_copied_within_gl_alone() {
    let rig = rig(&Limits::default());
    for depth in depths(&rig) {
        let format = rig.display.formats().of_depth(depth).expect("format");
        for target in [TextureTarget::TwoD { mipmaps: true }, TextureTarget::Rectangle] {
            let pixmap = rig.painter.pixmap(depth, SIZE);
            rig.painter.paint_gradient(pixmap, format, SIZE);
            let mut imported = rig.import(pixmap, onto(target, ImportOptions::default()));
            assert_eq!(
                imported.path(),
                PixmapPath::DmabufModifiers,
                "{:?}",
                imported.skipped()
            );
            rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
            rig.painter.fill(pixmap, area(5, 6, 70, 80), 0x9a12_3456);
            rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
            let stats = imported.stats();
            assert_eq!((stats.copies, stats.copies_in_gl, stats.round_trips), (0, 2, 0));
        }
    }
}

#[test]
fn depths_that_the_server_keeps_to_itself_are_copied() {
    let rig = rig(&Limits::default());
    let format = rig.display.formats().of_depth(16).expect("format");
    let pixmap = rig.painter.pixmap(16, SIZE);
    rig.painter.paint_gradient(pixmap, format, SIZE);
    let mut imported = rig.import(pixmap, ImportOptions::default());
    assert_eq!(imported.path(), PixmapPath::ShmImage);
    let refused = |reason: &PathError| matches!(reason, PathError::X11(_));
    assert!(refused(&imported.skipped()[0].reason), "{:?}", imported.skipped());
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
}

#[test]
fn copies_are_the_same_pixels() {
    let rig = rig(&Limits::default());
    for path in [PixmapPath::ShmImage, PixmapPath::GetImage] {
        for depth in depths(&rig) {
            let format = rig.display.formats().of_depth(depth).expect("format");
            let pixmap = rig.painter.pixmap(depth, SIZE);
            rig.painter.paint_gradient(pixmap, format, SIZE);
            let mut imported = rig.import(pixmap, by(path));
            rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        }
    }
}

#[test]
fn imports_leave_no_descriptors_and_no_objects_behind() {
    let rig = rig(&Limits::default());
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let pixmap = rig.painter.pixmap(24, SIZE);
    let probe = pixbridge::x11::Pixmap::reserve(&rig.display).expect("identifier");
    let round = || {
        let mut imported = rig.import(pixmap, ImportOptions::default());
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    };
    let objects = || {
        rig.display.sync().expect("connection");
        rig.painter.resources_of(probe.id())
    };
    round();
    let before = (open(), objects());
    for _ in 0..20 {
        round();
    }
    assert_eq!((open(), objects()), before);
}

#[test]
fn egl_on_the_server_takes_the_pixmap_by_itself() {
    let mut command = machine().client(std::env::current_exe().unwrap());
    command.args(["--exact", "import::by_egls_own_connection", "--ignored"]);
    let finished = process::run(command, LIMIT).expect("the test in a client");
    assert!(finished.output().contains("1 passed"), "{}", finished.output());
}

#[test]
#[ignore = "needs the environment of a client: egl_on_the_server_takes_the_pixmap_by_itself runs it"]
fn by_egls_own_connection() {
    let name = std::env::var("DISPLAY").expect("a server");
    let host = Display::open(Choice::Only(Platform::X11)).expect("EGL on the X server");
    let rig = Rig::on_host(&name, &Limits::default().without(Extension::Dri3), Rc::new(host));
    let format = rig.display.formats().of_depth(24).expect("format");
    let pixmap = rig.painter.pixmap(24, SIZE);
    rig.painter.paint_gradient(pixmap, format, SIZE);
    let mut imported = rig.import(pixmap, ImportOptions::default());
    assert_eq!(imported.path(), PixmapPath::EglPixmap, "{:?}", imported.skipped());
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    rig.painter.fill(pixmap, area(5, 6, 70, 80), 0x0012_3456);
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    assert_eq!((imported.stats().copies, imported.stats().round_trips), (0, 0));
}

/// A fault peer, and GL that imports dmabufs.
fn rig_on(peer: &Peer) -> Rig {
    let host = Display::open(Choice::Only(Platform::Gbm)).expect("a GBM device");
    Rig::on_peer(peer, Rc::new(host))
}

#[test]
fn memory_that_is_refused_leads_to_copies() {
    let peer = Peer::start(Script::default()).expect("peer");
    let rig = rig_on(&peer);
    let format = rig.display.formats().of_depth(24).expect("format");
    let pixmap = rig.painter.pixmap(24, SIZE);
    rig.painter.paint_gradient(pixmap, format, SIZE);
    for code in [ErrorCode::Alloc, ErrorCode::Match, ErrorCode::Pixmap] {
        peer.control().refuse(Operation::Export, code);
        let mut imported = rig.import(pixmap, ImportOptions::default());
        assert_eq!(imported.path(), PixmapPath::ShmImage, "{code:?}");
        for skipped in &imported.skipped()[..2] {
            let refused = matches!(&skipped.reason, PathError::X11(X11Error::Refused(_)));
            assert!(refused, "{code:?}: {skipped}");
        }
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    }
}

#[test]
fn memory_that_is_no_dmabuf_leads_to_copies() {
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let peer = Peer::start(Script::default()).expect("peer");
    let rig = rig_on(&peer);
    let (width, height) = SIZE;
    let file = tempfile::tempfile().unwrap();
    file.set_len(1 << 16).unwrap();
    let c = rig.painter.connection();
    let (pixmap, root) = (c.generate_id().unwrap(), rig.display.screen().root);
    let (stride, size) = (width * 4, u32::from(width) * 4 * u32::from(height));
    c.dri3_pixmap_from_buffer(pixmap, root, size, width, height, stride, 24, 32, file)
        .unwrap()
        .check()
        .expect("a pixmap in a file");
    let round = || {
        let mut imported = rig.import(pixmap, ImportOptions::default());
        assert_eq!(imported.path(), PixmapPath::ShmImage);
        rig.painter.fill(pixmap, area(3, 4, 50, 6), 0x0012_3456);
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    };
    round();
    let before = open();
    round();
    assert_eq!(open(), before, "descriptors are left");
}
