//! When frames are shown, and which buffers they get.

use std::time::{Duration, Instant};

use pixbridge::{
    present::{Mode, PresentError, Progress, Rung, Setup, Source, Submission, Target},
    x11::{Extension, Limits},
};
use pixbridge_xtests::{
    stage::{Canvas, assert_shows, picture},
    xvfb::Xvfb,
};
use x11rb::protocol::xproto::ConnectionExt as _;

use super::{SHARED, SIZE, force, open, stage};

fn timed(target: Target) -> Submission<'static> {
    Submission {
        target,
        ..Submission::default()
    }
}

fn both() -> [Limits; 2] {
    [Limits::default(), Limits::default().without(Extension::Present)]
}

#[test]
fn an_interval_is_kept_from_frame_to_frame() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in both() {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            for interval in [1, 2] {
                let mut stage = stage(&display, force(rung));
                stage.show(0).expect("shown");
                let mut last = None;
                for number in 1..10 {
                    let (sbc, _) = stage
                        .present(number, &timed(Target::Interval(interval)))
                        .expect("presented");
                    let tick = stage.completion(sbc).expect("completed").tick;
                    if let Some((msc, ust)) = last.replace((tick.msc, tick.ust)) {
                        assert!(
                            tick.msc >= msc + u64::from(interval),
                            "{rung}: {msc}, then {tick:?}"
                        );
                        assert!(tick.ust > ust, "{rung}: {ust}, then {tick:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn frames_without_a_time_do_not_wait_for_a_refresh() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in both() {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            let (mut sent, mut refreshes) = (0, Vec::new());
            while refreshes.len() < 120 {
                if sent < 120
                    && let Some(mut frame) = stage.swapchain.acquire().expect("window")
                {
                    Canvas::draw(&mut frame, sent);
                    let sbc = stage.swapchain.present(frame, &timed(Target::Async));
                    sbc.expect("presented");
                    sent += 1;
                } else {
                    let news = stage.until("news", |progress| Some(progress.clone()));
                    if let Progress::Completed(completion) = news.expect("news") {
                        refreshes.push(completion.tick.msc);
                    }
                }
            }
            let stats = stage.swapchain.stats();
            assert!(
                stats.buffers <= 3 && stats.round_trips <= 6,
                "only buffers cost a wait: {stats:?}"
            );
            refreshes.dedup();
            assert!(refreshes.len() < 120, "{rung}: each at another refresh");
            assert_eq!((stats.frames, stats.presented), (120, 120));
        }
    }
}

#[test]
fn a_frame_is_shown_at_the_msc_that_was_asked_for() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in both() {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            stage.show(0).expect("shown");
            let at = |target, divisor, remainder| {
                timed(Target::Msc {
                    target,
                    divisor,
                    remainder,
                })
            };
            // Not before, and a busy machine may be late.
            let late = 60;
            let target = stage.swapchain.sync_values().tick.msc + 9;
            let (sbc, _) = stage.present(1, &at(target, 0, 0)).expect("presented");
            let msc = stage.completion(sbc).expect("completed").tick.msc;
            assert!(
                (target..target + late).contains(&msc),
                "{rung}: {msc} for {target}"
            );
            let now = stage.swapchain.sync_values().tick.msc;
            let first = (now + 1..).find(|msc| msc % 8 == 5).expect("one of eight");
            let (sbc, _) = stage.present(2, &at(0, 8, 5)).expect("presented");
            let msc = stage.completion(sbc).expect("completed").tick.msc;
            assert!((first..first + late).contains(&msc), "{rung}: {msc} for {first}");
        }
    }
}

#[test]
fn a_frame_without_a_time_does_not_overtake_one_that_waits() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in both() {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            stage.show(0).expect("shown");
            let target = Target::Msc {
                target: stage.swapchain.sync_values().tick.msc + 9,
                divisor: 0,
                remainder: 0,
            };
            stage.present(1, &timed(target)).expect("presented");
            let (last, _) = stage.present(2, &timed(Target::Async)).expect("presented");
            let completion = stage.completion(last).expect("completed");
            stage.settle().expect("settled");
            assert_shows(&stage.look().expect("look"), &picture(2, SIZE, 24), rung.name());
            assert_eq!(stage.swapchain.sync_values().sbc, completion.sbc);
        }
    }
}

#[test]
fn a_remainder_that_cannot_be_is_refused_and_the_buffer_kept() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let mut stage = stage(&display, Setup::default());
    let frame = stage.frame().expect("frame");
    let target = Target::Msc {
        target: 0,
        divisor: 3,
        remainder: 3,
    };
    let refused = stage.swapchain.present(frame, &timed(target));
    assert!(
        matches!(refused, Err(PresentError::Remainder { .. })),
        "{refused:?}"
    );
    assert_eq!(stage.swapchain.slots().free, 1);
    assert_eq!(stage.swapchain.stats().presented, 0);
}

#[test]
fn sync_values_count_frames_and_never_go_back() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let mut stage = stage(&display, Setup::default());
    let mut last = stage.swapchain.sync_values();
    for number in 1..20 {
        let completion = stage.show(number).expect("shown");
        let values = stage.swapchain.sync_values();
        assert_eq!(values.sbc.0, u64::from(number));
        assert!(values.tick.msc >= completion.tick.msc && values.tick.msc >= last.tick.msc);
        assert!(values.tick.ust >= completion.tick.ust && values.tick.ust >= last.tick.ust);
        last = values;
    }
    assert_eq!(stage.swapchain.clock().source(), Source::Server);
}

#[test]
fn a_buffer_knows_the_age_of_its_contents() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let mut stage = stage(&display, force(Rung::ShmPixmap));
    let asynchronous = timed(Target::Async);
    // Nobody listens to the server, so each frame gets a new buffer.
    let mut age = |number| stage.present(number, &asynchronous).expect("presented").1;
    assert_eq!((age(1), age(2), age(3)), (0, 0, 0));
    stage.settle().expect("settled");
    assert_eq!(stage.swapchain.slots().free, 3);
    let first = stage.frame().expect("frame");
    let second = stage.frame().expect("frame");
    assert_eq!(stage.swapchain.age(&first), 1, "the one that became idle last");
    assert_eq!(stage.swapchain.age(&second), 2);
    stage.swapchain.discard(first);
    stage.swapchain.present(second, &asynchronous).expect("presented");
    stage.settle().expect("settled");
    for number in 5..8 {
        let (_, age) = stage.present(number, &asynchronous).expect("presented");
        stage.settle().expect("settled");
        assert_eq!(age, 1, "one buffer is enough for a server that is quick");
    }
    let frames: Vec<_> = (0..3).map(|_| stage.frame().expect("frame")).collect();
    let ages: Vec<u64> = frames.iter().map(|frame| stage.swapchain.age(frame)).collect();
    assert_eq!(ages, [1, 0, 7], "what was discarded is undefined");
    assert!(stage.swapchain.acquire().expect("window").is_none());
}

#[test]
fn an_unmapped_window_does_not_stop_its_client() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in both() {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            stage.show(0).expect("shown");
            display.connection().unmap_window(stage.window).expect("request");
            let start = Instant::now();
            for number in 1..20 {
                let (sbc, _) = stage
                    .present(number, &timed(Target::Interval(1)))
                    .expect("presented");
                stage.completion(sbc).expect("completed");
            }
            let passed = start.elapsed();
            assert!(
                passed > Duration::from_millis(200),
                "{rung}: 19 refreshes in {passed:?}"
            );
            // The server shows one frame a second.
            assert!(
                passed < Duration::from_secs(10),
                "{rung}: 19 refreshes in {passed:?}"
            );
            display.connection().map_window(stage.window).expect("request");
            let shown = stage.show(77).expect("shown");
            assert_ne!(shown.mode, Mode::Skip);
        }
    }
}
