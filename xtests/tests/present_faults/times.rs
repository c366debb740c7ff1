//! Clocks that stand, go back, or say nothing.

use std::time::{Duration, Instant};

use pixbridge::present::{Doubt, Mode, Rung, Source, Submission, Swapchain, Target};
use pixbridge_xtests::{
    stage::{Stage, map_window},
    xpeer::{Clock, Completion, Msc, Peer, Script},
};
use x11rb::protocol::present::CompleteMode;

use super::{Mimic, SIZE, assert_window_shows, from_rung, open, script, stage, stage_with};

/// Presents frames one refresh apart, each waited for, and gives the MSC of the last. None may go back.
#[track_caller]
fn run(stage: &mut Stage<Mimic>, frames: u32) -> u64 {
    let mut last = stage.swapchain.sync_values().tick;
    for number in 0..frames {
        let (sbc, _) = stage.present(number, &Submission::default()).expect("presented");
        let tick = stage.completion(sbc).expect("completed").tick;
        assert!(
            tick.msc >= last.msc && tick.ust >= last.ust,
            "{last:?}, then {tick:?}"
        );
        last = tick;
    }
    last.msc
}

#[test]
fn a_server_that_completes_nothing_is_not_waited_for() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    let before = run(&mut stage, 20);
    assert_eq!(stage.swapchain.clock().source(), Source::Server);
    peer.control().completion(Completion::Never);
    let start = Instant::now();
    let after = run(&mut stage, 30);
    let passed = start.elapsed();
    assert_eq!(stage.swapchain.clock().source(), Source::Timer(Doubt::Silent));
    assert!(after >= before + 29);
    // Once until the silence is noticed, and then at the last good rate; not each time, which would be 7.5 s.
    assert!(
        (Duration::from_millis(450)..Duration::from_secs(7)).contains(&passed),
        "{passed:?}"
    );
    peer.control().completion(Completion::Sent(CompleteMode::COPY));
    run(&mut stage, 20);
    assert_eq!(
        stage.swapchain.clock().source(),
        Source::Server,
        "it is believed again"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn counts_that_repeat_or_step_back_are_not_told() {
    for (fault, doubt) in [(Msc::Repeats, Doubt::Repeats), (Msc::StepsBack, Doubt::StepsBack)] {
        let peer = Peer::start(script()).expect("peer");
        let mut stage = stage(&peer);
        let before = run(&mut stage, 20);
        peer.control().msc_told(fault);
        let after = run(&mut stage, 30);
        assert_eq!(stage.swapchain.clock().source(), Source::Timer(doubt));
        assert!(after >= before + 25, "{fault:?}: {before} to {after}");
        peer.control().msc_told(Msc::True);
        let back = run(&mut stage, 20);
        assert_eq!(stage.swapchain.clock().source(), Source::Server, "{fault:?}");
        assert!(back > after);
        drop(stage);
        peer.finish();
    }
}

/// What the outside's count is ahead of the peer's: at least, and at most. Time may pass in between.
fn ahead(peer: &Peer, stage: &mut Stage<Mimic>) -> (i64, i64) {
    let mut outside = || stage.swapchain.sync_values().tick.msc.cast_signed();
    let before = outside();
    let inside = peer.control().msc().cast_signed();
    (before - inside, outside() - inside)
}

#[test]
fn words_that_were_heard_late_count_for_their_own_time() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    let last = run(&mut stage, 20);
    let before = ahead(&peer, &mut stage);
    for number in 1..4 {
        stage.present(number, &Submission::default()).expect("presented");
    }
    // The client is busy with something else.
    while stage.swapchain.sync_values().tick.msc < last + 25 {
        std::thread::yield_now();
    }
    stage.swapchain.tick().expect("display");
    assert_eq!(stage.swapchain.clock().source(), Source::Timer(Doubt::Silent));
    run(&mut stage, 10);
    assert_eq!(stage.swapchain.clock().source(), Source::Server);
    let after = ahead(&peer, &mut stage);
    assert!(
        after.0 <= before.1 + 1 && before.0 <= after.1 + 1,
        "{before:?}, then {after:?}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn the_first_frame_goes_alone_and_those_behind_it_have_a_refresh_each() {
    let peer = Peer::start(Script::default()).expect("peer");
    let display = open(&peer);
    let window = map_window(&display, SIZE, 24).expect("window");
    let setup = from_rung(Rung::Modifiers);
    let swapchain = Swapchain::new(&display, window, Mimic::default(), setup).expect("swapchain");
    let mut stage = Stage {
        display,
        window,
        swapchain,
        told: Vec::new(),
    };
    let first = (1..4).map(|number| {
        stage
            .present(number, &Submission::default())
            .expect("presented")
            .0
    });
    let first = first.min().expect("frames");
    assert_eq!(stage.swapchain.clock().source(), Source::Unheard);
    let targets = || {
        let presents = peer.control().presents();
        presents
            .iter()
            .map(|presented| presented.target.msc)
            .collect::<Vec<_>>()
    };
    assert_eq!(targets(), [0]);
    peer.control().advance_msc(1);
    assert_eq!(stage.completion(first).expect("completed").tick.msc, 1);
    // The others leave.
    stage.swapchain.tick().expect("display");
    stage.display.sync().expect("sync");
    let targets = targets();
    assert!(
        targets.len() == 3 && targets[1] > 1 && targets[2] > targets[1],
        "{targets:?}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn frames_held_through_a_stall_do_not_leave_at_once() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    run(&mut stage, 20);
    peer.control().msc_told(Msc::Repeats);
    let last = run(&mut stage, 20);
    let frames = [(); 3].map(|()| stage.frame().expect("frame"));
    let present = |frame| stage.swapchain.present(frame, &Submission::default());
    let frames = frames.map(present).map(|sbc| sbc.expect("presented"));
    while stage.swapchain.sync_values().tick.msc < last + 8 {
        std::thread::yield_now();
    }
    let shown: Vec<u64> = (frames.into_iter())
        .map(|frame| stage.completion(frame).expect("completed").tick.msc)
        .collect();
    assert!(shown.is_sorted_by(|one, next| one < next), "{shown:?}");
    drop(stage);
    peer.finish();
}

#[test]
fn another_crtc_counts_on_where_the_last_one_stood() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    for elsewhere in [5, 1_000_000_000, 70] {
        let before = run(&mut stage, 20);
        peer.control().set_msc(elsewhere);
        let after = run(&mut stage, 30);
        assert_eq!(stage.swapchain.clock().source(), Source::Server);
        let frames = after - before;
        assert!((20..200).contains(&frames), "30 frames took {frames} refreshes");
    }
    // What is asked for outside is found at the server.
    let now = stage.swapchain.sync_values().tick.msc;
    let target = Target::Msc {
        target: now + 10,
        divisor: 0,
        remainder: 0,
    };
    let submission = Submission {
        target,
        ..Submission::default()
    };
    let (sbc, _) = stage.present(1, &submission).expect("presented");
    let shown = stage.completion(sbc).expect("completed").tick.msc;
    assert!((now + 9..now + 14).contains(&shown), "{shown} for {now} + 10");
    let asked = peer.control().presents().pop().expect("presented").target.msc;
    assert!(asked < 10_000, "{asked} is the outside's number");
    drop(stage);
    peer.finish();
}

#[test]
fn a_hidden_window_that_ticks_once_a_second_is_paced_here() {
    let slow = Script {
        clock: Clock::Hertz(1),
        ..Script::default()
    };
    let peer = Peer::start(slow).expect("peer");
    let mut stage = stage(&peer);
    let start = Instant::now();
    for number in 0..60 {
        let (sbc, _) = stage.present(number, &Submission::default()).expect("presented");
        stage.completion(sbc).expect("completed");
    }
    let passed = start.elapsed();
    assert!(passed < Duration::from_secs(8), "60 frames took {passed:?}");
    assert!(passed > Duration::from_millis(800), "60 frames took {passed:?}");
    assert!(matches!(stage.swapchain.clock().source(), Source::Timer(doubt) if doubt.is_hidden()));
    assert!(stage.swapchain.stats().skipped <= 2, "once until it is noticed");
    drop(stage);
    peer.finish();
}

#[test]
fn a_frame_that_comes_late_does_not_stay_over_a_newer_one() {
    for rung in [Rung::Syncobj, Rung::Modifiers] {
        let peer = Peer::start(Script::default()).expect("peer");
        let mut stage = stage_with(&peer, Mimic::synced(), from_rung(rung));
        stage.show(0).expect("shown");
        let target = Target::Msc {
            target: stage.swapchain.sync_values().tick.msc + 5,
            divisor: 0,
            remainder: 0,
        };
        let submission = Submission {
            target,
            ..Submission::default()
        };
        let (first, _) = stage.present(1, &submission).expect("presented");
        // The server's time stands, so the frame is given up, though the server still has it.
        assert_eq!(stage.completion(first).expect("completed").mode, Mode::Skip);
        stage.show(2).expect("shown");
        stage.display.sync().expect("sync");
        peer.control().advance_msc(100);
        stage.settle().expect("settled");
        assert_window_shows(&peer, &mut stage, 2);
        let serials: Vec<u32> = peer
            .control()
            .presents()
            .iter()
            .map(|presented| presented.serial)
            .collect();
        assert_eq!(serials, [1, 2, 3, 3], "the newest is shown again");
        drop(stage);
        peer.finish();
    }
}
