//! What is drawn is what the window shows.

use pixbridge::{
    present::{Ladder, MemfdAllocator, Reason, Rung, Setup, Size, Submission, Target},
    x11::{Absence, Display, Extension, Limits},
};
use pixbridge_xtests::{
    stage::{Canvas, Stage, assert_shows, look, patched, picture},
    xvfb::Xvfb,
};
use x11rb::protocol::xproto::Rectangle;

use super::{SHARED, SIZE, force, open, stage};

#[test]
fn every_pixel_arrives_whatever_the_size_the_depth_and_the_padding() {
    let xvfb = Xvfb::start(800, 600).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let sizes = [(1, 1), (101, 67), (640, 3), (333, 222)];
    let paddings = [(4, 0), (64, 4096), (1024, 4)];
    for rung in SHARED {
        for depth in [24, 32] {
            for (index, (width, height)) in sizes.into_iter().enumerate() {
                let (row_align, offset) = paddings[index % paddings.len()];
                let (size, allocator) = (Size { width, height }, MemfdAllocator { row_align, offset });
                let mut stage = Stage::new(&display, size, depth, allocator, force(rung)).expect("stage");
                let what = format!("{rung}, depth {depth}, {width}x{height}, rows of {row_align}");
                for number in 1..4 {
                    stage.show(number).expect(&what);
                    assert_eq!(stage.swapchain.rung(), rung);
                    assert_shows(&stage.look().expect("look"), &picture(number, size, depth), &what);
                }
            }
        }
    }
}

#[test]
fn a_server_with_fewer_extensions_is_served_by_the_next_way() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let without = [Extension::Present, Extension::Shm, Extension::XFixes];
    for case in 0..1_usize << without.len() {
        let absent = |extension| (0..3).any(|bit| case >> bit & 1 == 1 && without[bit] == extension);
        let limits = without
            .into_iter()
            .filter(|extension| absent(*extension))
            .fold(Limits::default(), Limits::without);
        let display = open(&xvfb, &limits);
        let mut stage = stage(&display, Setup::default());
        for number in 1..5 {
            stage.show(number).expect("shown");
            assert_shows(
                &stage.look().expect("look"),
                &picture(number, SIZE, 24),
                &format!("{case:#b}"),
            );
        }
        let expected = if absent(Extension::Shm) {
            Rung::PutImage
        } else {
            Rung::ShmPixmap
        };
        assert_eq!(stage.swapchain.rung(), expected);
        let skipped: Vec<Rung> = stage
            .swapchain
            .skipped()
            .iter()
            .map(|skipped| skipped.rung)
            .collect();
        assert_eq!(
            skipped,
            Rung::ALL
                .into_iter()
                .filter(|rung| *rung < expected)
                .collect::<Vec<_>>()
        );
        assert!(matches!(
            stage.swapchain.skipped()[0].reason,
            Reason::Extension {
                extension: Extension::Dri3,
                absence: Absence::NotOffered
            }
        ));
    }
}

#[test]
fn only_the_update_changes_in_the_window() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let rectangle = |x, y, width, height| Rectangle { x, y, width, height };
    let update = [
        rectangle(3, 5, 17, 9),
        rectangle(40, 20, 61, 47),
        rectangle(0, 66, 1, 1),
    ];
    for limits in [Limits::default(), Limits::default().without(Extension::Present)] {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            stage.show(1).expect("shown");
            let submission = Submission {
                update: &update,
                target: Target::Async,
                ..Submission::default()
            };
            let (sbc, _) = stage.present(2, &submission).expect("presented");
            stage.completion(sbc).expect("completed");
            let wanted = patched(&picture(1, SIZE, 24), &picture(2, SIZE, 24), &update);
            assert_shows(&stage.look().expect("look"), &wanted, rung.name());
        }
    }
}

#[test]
fn a_sloppy_update_is_cut_to_the_picture() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let sloppy = Rectangle {
        x: -10,
        y: 60,
        width: u16::MAX,
        height: u16::MAX,
    };
    let cut = Rectangle {
        x: 0,
        y: 60,
        width: SIZE.width,
        height: SIZE.height - 60,
    };
    for rung in SHARED {
        let mut stage = stage(&display, force(rung));
        stage.show(1).expect("shown");
        let submission = Submission {
            update: &[sloppy],
            ..Submission::default()
        };
        let (sbc, _) = stage.present(2, &submission).expect("presented");
        stage.completion(sbc).expect("completed");
        let wanted = patched(&picture(1, SIZE, 24), &picture(2, SIZE, 24), &[cut]);
        assert_shows(&stage.look().expect("look"), &wanted, rung.name());
    }
}

#[test]
fn a_picture_longer_than_a_request_is_sent_in_pieces() {
    let xvfb = Xvfb::start(1300, 1100).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let size = Size {
        width: 1233,
        height: 1021,
    };
    let mut stage = Stage::new(
        &display,
        size,
        24,
        MemfdAllocator::default(),
        force(Rung::PutImage),
    )
    .expect("stage");
    stage.show(9).expect("shown");
    assert_shows(&stage.look().expect("look"), &picture(9, size, 24), "put-image");
    assert_eq!(stage.swapchain.stats().bytes_copied, 4 * 1233 * 1021);
}

#[test]
fn a_server_over_the_network_still_gets_pictures() {
    let xvfb = Xvfb::start_with(320, 200, &["-listen", "tcp"]).expect("Xvfb");
    let name = format!("127.0.0.1:{}", xvfb.number());
    let display = std::rc::Rc::new(Display::open(Some(&name), &Limits::default()).expect("display"));
    assert!(!display.passes_descriptors());
    let mut stage = stage(&display, Setup::default());
    stage.show(1).expect("shown");
    stage.show(2).expect("shown");
    assert_eq!(stage.swapchain.rung(), Rung::PutImage);
    assert_shows(
        &look(&display, stage.window).expect("look"),
        &picture(2, SIZE, 24),
        "tcp",
    );
}

#[test]
fn a_window_is_not_touched_beside_the_picture() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in [Limits::default(), Limits::default().without(Extension::XFixes)] {
        let display = open(&xvfb, &limits);
        let setup = Setup {
            ladder: Ladder::from_rung(Rung::ShmPixmap),
            ..Setup::default()
        };
        let mut stage = stage(&display, setup);
        stage.show(1).expect("shown");
        let mut frame = stage.frame().expect("frame");
        Canvas::draw(&mut frame, 2);
        // The window grows while the frame is drawn: its padding must not be seen.
        let c = display.connection();
        use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _};
        c.configure_window(stage.window, &ConfigureWindowAux::new().width(112).height(80))
            .expect("request");
        let sbc = stage
            .swapchain
            .present(frame, &Submission::default())
            .expect("presented");
        stage.completion(sbc).expect("completed");
        let shown = stage.look().expect("look");
        assert_eq!(shown[3][..101], picture(2, SIZE, 24)[3]);
        assert_eq!(shown[3][101..], [0; 11]);
    }
}
