//! Pixmaps as textures on a server without DRI3: what changed is copied, and nothing else.

use pixbridge::{
    gl::{Choice, Platform},
    x11::{
        Absence, Channels, Extension, ImportError, ImportOptions, Limits, PathError, Paths, PixmapPath,
        SourcePixmap, TextureTarget, X11Error,
    },
};
use pixbridge_xtests::{
    imports::{Rig, by, onto},
    xvfb::Xvfb,
};
use x11rb::protocol::xproto::Rectangle;

const COPYING: [PixmapPath; 2] = [PixmapPath::ShmImage, PixmapPath::GetImage];
const SIZES: [(u16, u16); 3] = [(1, 1), (3, 5), (301, 203)];
const SIZE: (u16, u16) = (301, 203);
const HOST: Choice = Choice::Only(Platform::Surfaceless);
const PLAIN: TextureTarget = TextureTarget::TwoD { mipmaps: false };

fn rig(xvfb: &Xvfb) -> Rig {
    Rig::open(&xvfb.display(), &Limits::default(), HOST)
}

fn xvfb() -> Xvfb {
    Xvfb::start(640, 480).expect("Xvfb")
}

/// A server whose screen is of another depth: the last screen that is asked for counts.
fn xvfb_of_depth(depth: u8) -> Xvfb {
    let screen = format!("640x480x{depth}");
    Xvfb::start_with(640, 480, &["-nolisten", "tcp", "-screen", "0", &screen]).expect("Xvfb")
}

fn area(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
    Rectangle { x, y, width, height }
}

/// Imports pixmaps of a depth by all paths, to all targets, in all sizes, and compares every pixel.
fn every_pixel_arrives(xvfb: &Xvfb, depth: u8) {
    let rig = rig(xvfb);
    let format = rig.display.formats().of_depth(depth).expect("format");
    for size in SIZES {
        let pixmap = rig.painter.pixmap(depth, size);
        rig.painter.paint_gradient(pixmap, format, size);
        for path in COPYING {
            for target in [
                PLAIN,
                TextureTarget::TwoD { mipmaps: true },
                TextureTarget::Rectangle,
            ] {
                for channels in [Channels::Rgb, Channels::Rgba] {
                    let options = ImportOptions {
                        channels,
                        ..onto(target, by(path))
                    };
                    let mut imported = rig.import(pixmap, options);
                    assert_eq!(imported.path(), path);
                    rig.assert_up_to_date(&mut imported, pixmap, channels);
                    let pixels = u64::from(size.0) * u64::from(size.1);
                    let bytes = pixels * u64::from(format.bytes_per_pixel());
                    assert_eq!(imported.stats().bytes_copied, bytes);
                }
            }
        }
        rig.painter.free(pixmap);
    }
}

#[test]
fn every_pixel_of_depth_24_and_32_and_16_arrives() {
    let xvfb = xvfb();
    for depth in [24, 32, 16] {
        every_pixel_arrives(&xvfb, depth);
    }
}

#[test]
fn every_pixel_of_depth_30_arrives() {
    every_pixel_arrives(&xvfb_of_depth(30), 30);
}

#[test]
fn every_pixel_of_depth_15_arrives() {
    every_pixel_arrives(&xvfb_of_depth(15), 15);
}

#[test]
fn the_first_row_is_the_top_row() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let format = rig.display.formats().of_depth(24).expect("format");
    let pixmap = rig.painter.pixmap(24, SIZE);
    rig.painter.paint_gradient(pixmap, format, SIZE);
    let mut imported = rig.import(pixmap, by(PixmapPath::ShmImage));
    assert!(imported.y_inverted());
    let texels = rig.sampled(&imported.bind().expect("bound"), SIZE);
    let (red, green) = ([1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0]);
    assert_eq!([texels[0], texels[300]], [red, green], "the upper corners");
    let (blue, white) = ([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        [texels[301 * 203 - 1], texels[301 * 202]],
        [blue, white],
        "the lower corners"
    );
}

#[test]
fn only_what_was_drawn_is_copied() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    for path in COPYING {
        let pixmap = rig.painter.pixmap(24, SIZE);
        let mut imported = rig.import(pixmap, by(path));
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let first = imported.stats();
        assert_eq!(first.bytes_copied, 301 * 203 * 4);

        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let second = imported.stats();
        assert_eq!((second.binds, second.copies), (2, 1), "{path}");
        assert_eq!(
            (second.bytes_copied, second.round_trips),
            (first.bytes_copied, 1),
            "{path}"
        );

        rig.painter.fill(pixmap, area(10, 20, 30, 40), 0x00ff_8000);
        rig.painter.fill(pixmap, area(200, 150, 50, 60), 0x0000_80ff);
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let third = imported.stats();
        // The second area ends at row 203.
        let bytes = third.bytes_copied - second.bytes_copied;
        assert_eq!(bytes, (30 * 40 + 50 * 53) * 4, "{path}");
        assert_eq!((third.rects, third.round_trips), (3, 2), "{path}");
        assert_eq!(imported.bind().expect("bound").changed(), [], "{path}");
    }
}

#[test]
fn the_same_area_drawn_again_is_copied_again() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let pixmap = rig.painter.pixmap(32, SIZE);
    let mut imported = rig.import(pixmap, by(PixmapPath::ShmImage));
    for pixel in [0xff00_00ff, 0x8000_ff00, 0x00ff_0000] {
        rig.painter.fill(pixmap, area(100, 100, 20, 20), pixel);
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
    }
    assert_eq!(imported.stats().bytes_copied, (301 * 203 + 2 * 400) * 4);
}

#[test]
fn many_small_areas_stay_within_one_round_trip() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    for path in COPYING {
        let pixmap = rig.painter.pixmap(24, SIZE);
        let mut imported = rig.import(pixmap, by(path));
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        for at in 0..60 {
            rig.painter
                .fill(pixmap, area(at * 37 % 300, at * 83 % 200, 3, 2), 0x00c0_ffee);
        }
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let stats = imported.stats();
        assert_eq!((stats.copies, stats.round_trips), (2, 2), "{path}");
        assert!(stats.rects <= 17, "{path}: {stats:?}");
        assert!(stats.bytes_copied < 2 * 301 * 203 * 4, "{path}: {stats:?}");
    }
}

#[test]
fn mipmaps_follow_the_pixmap() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let size = (64, 64);
    let pixmap = rig.painter.pixmap(24, size);
    let options = onto(TextureTarget::TwoD { mipmaps: true }, by(PixmapPath::ShmImage));
    let mut imported = rig.import(pixmap, options);
    for (pixel, colour) in [
        (0x00ff_0000, [1.0, 0.0, 0.0, 1.0]),
        (0x0000_00ff, [0.0, 0.0, 1.0, 1.0]),
    ] {
        rig.painter.fill(pixmap, area(0, 0, 64, 64), pixel);
        rig.hear(&mut imported);
        let bound = imported.bind().expect("bound");
        assert_eq!(rig.sampled_level(&bound, 6, (1, 1)), [colour]);
    }
}

#[test]
fn a_windows_border_and_children_are_in_its_pixmap() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let visual = rig.display.screen().root_visual;
    let window = rig.painter.window(24, visual, (100, 80), 7);
    let child = rig.painter.child(window, area(20, 30, 40, 40));
    for path in COPYING {
        let mut imported = rig.import_window(window, by(path));
        assert_eq!(imported.source().size(), (114, 94));
        let pixmap = imported.source().id();
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let before = imported.stats().bytes_copied;
        rig.painter.fill(child, area(5, 6, 10, 4), 0x0012_fe34);
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        assert_eq!(imported.stats().bytes_copied - before, 160, "{path}");
        assert_eq!(
            rig.painter.pixels(pixmap, imported.source().format(), (114, 94))[114 * 43 + 32],
            0x0012_fe34
        );
    }
}

#[test]
fn a_resized_window_keeps_its_old_picture_until_the_new_one_is_there() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let visual = rig.display.screen().root_visual;
    let window = rig.painter.window(24, visual, (40, 30), 0);
    rig.painter.fill(window, area(0, 0, 40, 30), 0x0011_2233);
    let mut imported = rig.import_window(window, by(PixmapPath::ShmImage));
    let old = imported.source().id();
    rig.painter.resize(window, (50, 60));
    rig.painter.fill(window, area(0, 0, 50, 60), 0x0044_5566);
    rig.assert_up_to_date(&mut imported, old, Channels::Rgba);
    assert_eq!(imported.source().size(), (40, 30));
    assert_eq!(
        rig.painter.pixels(old, imported.source().format(), (1, 1)),
        [0x0011_2233]
    );

    let renewed = SourcePixmap::of_window(&rig.display, window).expect("window");
    imported.replace(renewed).expect("replaced");
    let new = imported.source().id();
    assert_eq!(imported.source().size(), (50, 60));
    rig.assert_up_to_date(&mut imported, new, Channels::Rgba);
    assert_eq!(
        rig.painter.pixels(new, imported.source().format(), (1, 1)),
        [0x0044_5566]
    );
    assert_eq!(imported.stats().binds, 2);
}

#[test]
fn windows_without_a_pixmap_are_told_apart() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let visual = rig.display.screen().root_visual;
    let window = rig.painter.window(24, visual, (40, 30), 0);
    let name = || SourcePixmap::of_window(&rig.display, window);
    rig.painter.unmap(window);
    assert!(matches!(name(), Err(X11Error::NotRedirected(it)) if it == window));
    rig.painter.destroy(window);
    assert!(matches!(name(), Err(X11Error::WindowGone(it)) if it == window));
    let gone = SourcePixmap::of_pixmap(&rig.display, 0x7777);
    assert!(matches!(gone, Err(X11Error::PixmapGone(0x7777))), "{gone:?}");
    let bitmap = rig.painter.pixmap(1, (8, 8));
    let unknown = SourcePixmap::of_pixmap(&rig.display, bitmap);
    assert!(
        matches!(unknown, Err(X11Error::UnknownFormat { depth: 1, .. })),
        "{unknown:?}"
    );
}

#[test]
fn a_picture_outlives_its_window_but_not_its_pixmap() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let visual = rig.display.screen().root_visual;
    let window = rig.painter.window(24, visual, (40, 30), 0);
    rig.painter.fill(window, area(0, 0, 40, 30), 0x0011_2233);
    let mut imported = rig.import_window(window, ImportOptions::default());
    rig.painter.destroy(window);
    let pixmap = imported.source().id();
    rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);

    for path in COPYING {
        let pixmap = rig.painter.pixmap(24, SIZE);
        let mut imported = rig.import(pixmap, by(path));
        rig.painter.free(pixmap);
        let error = imported.bind().expect_err("no pixmap");
        assert!(
            matches!(error, ImportError::Final(PathError::X11(X11Error::PixmapGone(id))) if id == pixmap),
            "{path}: {error}"
        );
    }
}

#[test]
fn nothing_is_left_in_the_server() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let visual = rig.display.screen().root_visual;
    let probe = pixbridge::x11::Pixmap::reserve(&rig.display).expect("identifier");
    rig.display.sync().expect("connection");
    let before = rig.painter.resources_of(probe.id());
    for path in COPYING {
        let window = rig.painter.window(24, visual, (40, 30), 2);
        let mut imported = rig.import_window(window, by(path));
        imported.bind().expect("bound");
        rig.painter.resize(window, (60, 20));
        let renewed = SourcePixmap::of_window(&rig.display, window).expect("window");
        imported.replace(renewed).expect("replaced");
        imported.bind().expect("bound");
        rig.painter.destroy(window);
        let gone = SourcePixmap::of_window(&rig.display, window);
        assert!(matches!(gone, Err(X11Error::WindowGone(_))), "{gone:?}");
        assert_ne!(rig.painter.resources_of(probe.id()), before, "{path}");
    }
    let (painter, display) = rig.without_importer();
    display.sync().expect("connection");
    assert_eq!(painter.resources_of(probe.id()), before);
}

#[test]
fn what_is_switched_off_is_skipped_with_its_reason() {
    let xvfb = xvfb();
    let without = |extension| Limits::default().without(extension);
    for (limits, path, full) in [
        (Limits::default(), PixmapPath::ShmImage, false),
        (without(Extension::Shm), PixmapPath::GetImage, false),
        (without(Extension::XFixes), PixmapPath::ShmImage, false),
        (without(Extension::Damage), PixmapPath::ShmImage, true),
        (
            without(Extension::Shm).without(Extension::Damage),
            PixmapPath::GetImage,
            true,
        ),
    ] {
        let rig = Rig::open(&xvfb.display(), &limits, HOST);
        let format = rig.display.formats().of_depth(24).expect("format");
        let pixmap = rig.painter.pixmap(24, SIZE);
        rig.painter.paint_gradient(pixmap, format, SIZE);
        let mut imported = rig.import(pixmap, ImportOptions::default());
        assert_eq!(imported.path(), path);
        let skipped: Vec<_> = imported.skipped().iter().map(|skipped| skipped.path).collect();
        let better = PixmapPath::ALL.iter().take_while(|better| **better != path);
        assert!(skipped.iter().eq(better), "{skipped:?}");
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        rig.painter.fill(pixmap, area(30, 40, 5, 5), 0x0077_8899);
        rig.assert_up_to_date(&mut imported, pixmap, Channels::Rgba);
        let second = imported.stats().bytes_copied - 301 * 203 * 4;
        assert_eq!(second, if full { 301 * 203 * 4 } else { 100 });
    }
}

#[test]
fn without_composite_windows_have_no_pixmaps() {
    let xvfb = xvfb();
    let rig = Rig::open(
        &xvfb.display(),
        &Limits::default().without(Extension::Composite),
        HOST,
    );
    let window = rig
        .painter
        .window(24, rig.display.screen().root_visual, (9, 9), 0);
    let named = SourcePixmap::of_window(&rig.display, window);
    let absence = Absence::SwitchedOff;
    let extension = Extension::Composite;
    assert!(
        matches!(&named, Err(X11Error::Extension { extension: e, absence: a }) if *e == extension && *a == absence),
        "{named:?}"
    );
}

#[test]
fn no_path_at_all_says_why() {
    let xvfb = xvfb();
    let rig = rig(&xvfb);
    let pixmap = rig.painter.pixmap(24, SIZE);
    let source = SourcePixmap::of_pixmap(&rig.display, pixmap).expect("pixmap");
    let options = ImportOptions {
        paths: Paths::default()
            .without(PixmapPath::ShmImage)
            .without(PixmapPath::GetImage),
        ..ImportOptions::default()
    };
    let Err(ImportError::NoPath(skipped)) = rig.importer().import(source, options) else {
        panic!("Xvfb has no DRI3");
    };
    assert_eq!(skipped.len(), PixmapPath::ALL.len());
    assert!(
        matches!(skipped[3].reason, PathError::SwitchedOff),
        "{}",
        skipped[3]
    );
    assert!(
        matches!(skipped[2].reason, PathError::HostElsewhere),
        "{}",
        skipped[2]
    );
}
