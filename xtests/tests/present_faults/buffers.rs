//! Buffers that come back late, never, or twice.

use pixbridge::present::{Mode, Progress, Rung, Size, Submission, Target};
use pixbridge_xtests::xpeer::{Area, Completion, Idle, Peer, Script};
use x11rb::protocol::{present::CompleteMode, xproto::Rectangle};

use super::{Mimic, assert_window_shows, from_rung, script, shows_pictures, stage, stage_with};

const NOW: Submission<'static> = Submission {
    update: &[],
    target: Target::Async,
    copy: false,
};

fn idle(idle: Idle) -> Script {
    let mut script = script();
    script.presenting.idle = idle;
    script
}

#[test]
fn a_buffer_that_is_not_idle_is_not_touched() {
    for setup in [Rung::Syncobj, Rung::Modifiers, Rung::ShmPixmap] {
        let peer = Peer::start(idle(Idle::Held)).expect("peer");
        let mut stage = stage_with(&peer, Mimic::synced(), from_rung(setup));
        for number in 1..4 {
            stage.show(number).expect("shown");
        }
        // All have completed, and that does not matter.
        assert_eq!(stage.swapchain.slots().on_screen, 3);
        assert!(stage.swapchain.acquire().expect("window").is_none());
        stage.step().expect("time passes");
        assert!(stage.swapchain.acquire().expect("window").is_none());
        assert_eq!(peer.control().release_idle(1), 1);
        stage
            .until("idle buffer", |progress| {
                (*progress == Progress::Idle).then_some(())
            })
            .expect("idle");
        let frame = stage.swapchain.acquire().expect("window").expect("frame");
        assert_eq!(stage.swapchain.age(&frame), 3, "the oldest");
        drop((frame, stage));
        peer.finish();
    }
}

#[test]
fn buffers_that_never_come_back_end_the_frames_but_not_the_completions() {
    let peer = Peer::start(idle(Idle::Never)).expect("peer");
    let mut stage = stage(&peer);
    for number in 1..4 {
        assert_eq!(stage.show(number).expect("shown").mode, Mode::Copy);
    }
    for _ in 0..10 {
        assert!(stage.swapchain.acquire().expect("window").is_none());
        stage.step().expect("time passes");
    }
    assert_eq!(peer.control().presents().len(), 3);
    drop(stage);
    peer.finish();
}

#[test]
fn signs_in_any_order_and_number_keep_the_states_right() {
    for behaviour in [
        Idle::BeforeComplete,
        Idle::Twice,
        Idle::Replaced,
        Idle::AfterComplete,
    ] {
        let peer = Peer::start(idle(behaviour)).expect("peer");
        let mut stage = stage(&peer);
        shows_pictures(&peer, &mut stage);
        for number in 10..60 {
            stage.present(number, &NOW).expect("presented");
            let slots = stage.swapchain.slots();
            let all = slots.free + slots.rendering + slots.queued + slots.on_screen;
            assert!(all <= 3, "{behaviour:?}: {slots:?}");
        }
        stage.show(77).expect("shown");
        assert_window_shows(&peer, &mut stage, 77);
        assert!(stage.swapchain.stats().buffers <= 3, "{behaviour:?}");
        drop(stage);
        peer.finish();
    }
}

#[test]
fn how_frames_were_shown_is_told_and_counted() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    let modes = [
        (CompleteMode::COPY, Mode::Copy),
        (CompleteMode::FLIP, Mode::Flip),
        (CompleteMode::SUBOPTIMAL_COPY, Mode::SuboptimalCopy),
        (CompleteMode::SKIP, Mode::Skip),
    ];
    for (number, (told, mode)) in (1..).zip(modes) {
        peer.control().completion(Completion::Sent(told));
        // On a busy machine the server may have been doubted for a moment.
        let found = (0..20).any(|_| stage.show(number).expect("shown").mode == mode);
        assert!(found, "{mode:?}");
    }
    let stats = stage.swapchain.stats();
    assert!(
        stats.copies_server >= 2 && stats.flips >= 1 && stats.skipped >= 1,
        "{stats:?}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn what_a_skipped_frame_owes_the_next_one_brings() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    stage.show(1).expect("shown");
    let corner = [Rectangle {
        x: 2,
        y: 3,
        width: 9,
        height: 4,
    }];
    let partial = Submission {
        update: &corner,
        ..NOW
    };
    peer.control().completion(Completion::Sent(CompleteMode::SKIP));
    stage.present(2, &partial).expect("presented");
    stage.settle().expect("settled");
    peer.control().completion(Completion::Sent(CompleteMode::COPY));
    let (sbc, _) = stage.present(3, &partial).expect("presented");
    stage.completion(sbc).expect("completed");
    assert_window_shows(&peer, &mut stage, 3);
    let (sbc, _) = stage.present(4, &partial).expect("presented");
    stage.completion(sbc).expect("completed");
    let last = peer.control().presents().pop().expect("presented");
    let area = Area {
        x: 2,
        y: 3,
        width: 9,
        height: 4,
    };
    assert_eq!(last.update, Some(vec![area]), "nothing is owed any more");
    drop(stage);
    peer.finish();
}

#[test]
fn a_window_resized_while_a_frame_is_on_its_way_gets_its_size() {
    for rung in [Rung::Syncobj, Rung::Modifiers, Rung::ShmPixmap, Rung::ShmPutImage] {
        let peer = Peer::start(script()).expect("peer");
        let mut stage = stage_with(&peer, Mimic::synced(), from_rung(rung));
        stage.show(1).expect("shown");
        let (sbc, _) = stage.present(2, &Submission::default()).expect("presented");
        peer.control().resize(stage.window, 90, 30).expect("resized");
        stage.completion(sbc).expect("completed");
        let size = Size {
            width: 90,
            height: 30,
        };
        assert_eq!(stage.told, [Progress::Resized(size)]);
        shows_pictures(&peer, &mut stage);
        stage.settle().expect("settled");
        let counts = peer.control().counts();
        let known = counts.pixmaps.max(counts.segments);
        assert_eq!(
            stage.swapchain.slots().free,
            known,
            "the old ones are freed: {counts:?}"
        );
        drop(stage);
        peer.finish();
    }
}

#[test]
fn nothing_is_left_at_the_server() {
    let peer = Peer::start(script()).expect("peer");
    let display = super::open(&peer);
    display.sync().expect("sync");
    let before = peer.control().counts();
    let mimic = Mimic::synced();
    for rung in Rung::ALL {
        let stage =
            pixbridge_xtests::stage::Stage::new(&display, super::SIZE, 24, mimic.clone(), from_rung(rung));
        let mut stage = stage.expect("stage");
        shows_pictures(&peer, &mut stage);
        assert_eq!(stage.swapchain.rung(), rung);
        let window = stage.window;
        let in_hand = stage.frame().expect("frame");
        drop(stage);
        drop(in_hand);
        x11rb::protocol::xproto::ConnectionExt::destroy_window(display.connection(), window)
            .expect("request");
        display.sync().expect("sync");
        assert_eq!(peer.control().counts(), before, "{rung}");
        assert_eq!(mimic.timelines.as_ref().map(|device| device.live()), Some(0));
    }
    peer.finish();
}
