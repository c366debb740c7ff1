//! Swapchains over the kernel's buffers and a real DRI3.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use pixbridge::{
    present::{
        DrmTimelines, DumbAllocator, Ladder, Mode, Progress, Reason, Rung, Setup, Size, Source, Submission,
        TimelineError, open_device,
    },
    x11::{Display, Extension, Limits, Version},
};
use pixbridge_xtests::stage::{Stage, assert_shows, patched, picture};
use x11rb::protocol::{
    res::ConnectionExt as _,
    xproto::{ConfigureWindowAux, ConnectionExt as _, Rectangle},
};

use crate::machine;

const SIZE: Size = Size {
    width: 301,
    height: 203,
};

fn open(limits: &Limits) -> Rc<Display> {
    machine();
    Rc::new(Display::open(None, limits).expect("the machine's X server"))
}

fn stage(display: &Rc<Display>, size: Size, depth: u8, ladder: Ladder) -> Stage<DumbAllocator> {
    let node = open_device(display, display.screen().root).expect("the server's device");
    let setup = Setup {
        ladder,
        ..Setup::default()
    };
    Stage::new(display, size, depth, DumbAllocator::new(node), setup).expect("stage")
}

#[test]
fn every_pixel_of_a_dumb_buffer_arrives_by_either_request() {
    let old = Limits::default().at_most(Extension::Dri3, Version(1, 0));
    for limits in [Limits::default(), old] {
        let display = open(&limits);
        for depth in [24, 32] {
            for (width, height) in [(64, 64), (301, 203), (1, 1), (641, 7)] {
                let size = Size { width, height };
                let mut stage = stage(&display, size, depth, Ladder::default());
                let what = format!("depth {depth}, {width}x{height}");
                for number in 1..5 {
                    stage.show(number).expect(&what);
                    assert_shows(&stage.look().expect("look"), &picture(number, size, depth), &what);
                }
                let rung = stage.swapchain.rung();
                assert!(
                    rung.is_dmabuf(),
                    "{what}: {rung}, {:?}",
                    stage.swapchain.skipped()
                );
                display
                    .connection()
                    .destroy_window(stage.window)
                    .expect("request");
            }
        }
    }
}

#[test]
fn shared_memory_is_shown_beside_a_real_driver_too() {
    let display = open(&Limits::default());
    for rung in [Rung::ShmPixmap, Rung::ShmPutImage, Rung::PutImage] {
        let mut stage = stage(&display, SIZE, 24, Ladder::from_rung(rung));
        for number in 1..5 {
            stage.show(number).expect("shown");
            assert_shows(
                &stage.look().expect("look"),
                &picture(number, SIZE, 24),
                rung.name(),
            );
        }
        assert_eq!(stage.swapchain.rung(), rung, "{:?}", stage.swapchain.skipped());
        display
            .connection()
            .destroy_window(stage.window)
            .expect("request");
    }
}

#[test]
fn only_the_update_of_a_dumb_buffer_is_copied() {
    let display = open(&Limits::default());
    let mut stage = stage(&display, SIZE, 24, Ladder::default());
    // What the server took too long for is sent wholly once more.
    let shown = (0..20).any(|_| stage.show(1).expect("shown").mode != Mode::Skip);
    assert!(shown);
    stage.settle().expect("settled");
    // Makes the server's software finish reading the buffer, which nothing else waits for.
    stage.look().expect("look");
    let update = [Rectangle {
        x: 11,
        y: 30,
        width: 100,
        height: 9,
    }];
    let submission = Submission {
        update: &update,
        ..Submission::default()
    };
    let (sbc, _) = stage.present(2, &submission).expect("presented");
    stage.completion(sbc).expect("completed");
    stage.settle().expect("settled");
    let wanted = patched(&picture(1, SIZE, 24), &picture(2, SIZE, 24), &update);
    assert_shows(&stage.look().expect("look"), &wanted, "update");
}

#[test]
fn frames_keep_to_the_screens_refresh() {
    let display = open(&Limits::default());
    let mut stage = stage(&display, SIZE, 24, Ladder::default());
    let mut last = stage.show(0).expect("shown").tick;
    let start = Instant::now();
    for number in 1..40 {
        let (sbc, _) = stage.present(number, &Submission::default()).expect("presented");
        let tick = stage.completion(sbc).expect("completed").tick;
        assert!(
            tick.msc >= last.msc && tick.ust >= last.ust,
            "{last:?}, then {tick:?}"
        );
        last = tick;
    }
    let passed = start.elapsed();
    assert!(passed > Duration::from_millis(500), "39 refreshes in {passed:?}");
    let (source, stats) = (stage.swapchain.clock().source(), stage.swapchain.stats());
    assert_ne!(source, Source::Unheard);
    assert!(
        stats.buffers <= 3 && stats.round_trips <= stats.buffers + 1,
        "{stats:?}"
    );
}

#[test]
fn a_window_as_large_as_the_screen_is_scanned_out() {
    let display = open(&Limits::default());
    let screen = display.screen();
    let size = Size {
        width: screen.width_in_pixels,
        height: screen.height_in_pixels,
    };
    let mut stage = stage(&display, size, screen.root_depth, Ladder::default());
    let place = ConfigureWindowAux::new().x(0).y(0);
    display
        .connection()
        .configure_window(stage.window, &place)
        .expect("request");
    for number in 1..4 {
        let (sbc, _) = stage.present(number, &Submission::default()).expect("presented");
        stage.completion(sbc).expect("completed");
        assert_shows(
            &stage.look().expect("look"),
            &picture(number, size, 24),
            "whole screen",
        );
    }
    assert!(stage.swapchain.stats().flips > 0, "{:?}", stage.swapchain.stats());
}

#[test]
fn buffers_of_a_resized_window_leave_nothing_behind() {
    let display = open(&Limits::default());
    let held = || {
        display.sync().expect("sync");
        let base = x11rb::connection::Connection::setup(display.connection()).resource_id_base;
        let resources = display
            .connection()
            .res_query_client_resources(base)
            .expect("request");
        let resources = resources.reply().expect("reply");
        let objects: u32 = resources.types.iter().map(|kind| kind.count).sum();
        (
            objects,
            std::fs::read_dir("/proc/self/fd").expect("/proc").count(),
        )
    };
    let before = held();
    for _ in 0..3 {
        let mut stage = stage(&display, SIZE, 24, Ladder::default());
        for (number, width) in [(1, 120), (2, 333), (3, 90)] {
            stage.present(number, &Submission::default()).expect("presented");
            let change = ConfigureWindowAux::new().width(width);
            display
                .connection()
                .configure_window(stage.window, &change)
                .expect("request");
            stage
                .until("new size", |progress| {
                    matches!(progress, Progress::Resized(_)).then_some(())
                })
                .expect("resized");
            stage.show(number).expect("shown");
            let size = stage.swapchain.size();
            assert_shows(
                &stage.look().expect("look"),
                &picture(number, size, 24),
                "resized",
            );
        }
        display
            .connection()
            .destroy_window(stage.window)
            .expect("request");
    }
    assert_eq!(held(), before, "objects of the server, files");
}

#[test]
fn a_device_without_timelines_is_named() {
    let display = open(&Limits::default());
    let node = open_device(&display, display.screen().root).expect("the server's device");
    let refused = DrmTimelines::new(node);
    assert!(
        matches!(&refused, Err(TimelineError::Unsupported { driver }) if driver == "virtio_gpu"),
        "{refused:?}"
    );
    let stage = stage(&display, SIZE, 24, Ladder::default());
    let first = &stage.swapchain.skipped()[0];
    assert_eq!(first.rung, Rung::Syncobj);
    assert!(matches!(first.reason, Reason::Extension { .. }), "{first}");
}
