//! Points of timelines in place of events, and what there is in place of them.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use pixbridge::{
    present::{Progress, Reason, Rung, Setup, Submission, Target, TimelineError},
    x11::{Absence, Extension as Wanted, Version},
};
use pixbridge_xtests::{
    stage::{SOON, Stage},
    timelines::{Fault, Timelines},
    xpeer::{ErrorCode, Extension, Idle, Operation, Peer, Point, Script, Signs, Synchronisation},
};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::write,
};
use x11rb::protocol::xproto::ConnectionExt as _;

use super::{Canvas, Mimic, assert_window_shows, script, shows_pictures, stage_with};

const NOW: Submission<'static> = Submission {
    update: &[],
    target: Target::Async,
    copy: false,
};

/// A window of a device with timelines, with all ways allowed.
fn synced(peer: &Peer) -> (Rc<Timelines>, Stage<Mimic>) {
    let mimic = Mimic::synced();
    let device = mimic.timelines.clone().expect("it has some");
    (device, stage_with(peer, mimic, Setup::default()))
}

fn presenting(idle: Idle, signs: Signs) -> Script {
    let mut script = script();
    (script.presenting.idle, script.presenting.signs) = (idle, signs);
    script
}

/// The points of all presentations, pixmaps with them; every one must have some.
#[track_caller]
fn points(peer: &Peer) -> Vec<(u32, Point, Point)> {
    let presents = peer.control().presents().into_iter();
    let points = presents.map(|presented| match presented.synchronisation {
        Synchronisation::Points { acquire, release } => (presented.pixmap, acquire, release),
        Synchronisation::Fences { .. } => panic!("{presented:?}"),
    });
    points.collect()
}

/// Whether the swapchain's descriptor tells of a release within a time.
fn tells(stage: &Stage<Mimic>, limit: Duration) -> bool {
    let fd = stage.swapchain.release_fd().expect("timelines");
    let limit = Timespec::try_from(limit).expect("limit");
    poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&limit)).expect("poll") > 0
}

/// Why the way with timelines is not taken.
#[track_caller]
fn reason(stage: &Stage<Mimic>) -> &Reason {
    let skipped = stage.swapchain.skipped();
    let found = skipped.iter().find(|skipped| skipped.rung == Rung::Syncobj);
    &found.expect("it is taken").reason
}

fn count(peer: &Peer, name: &str) -> usize {
    let requests = peer.control().requests();
    requests
        .iter()
        .filter(|logged| logged.name.ends_with(name))
        .count()
}

#[test]
fn each_buffer_has_a_timeline_and_each_frame_two_points_of_it() {
    let peer = Peer::start(presenting(Idle::Replaced, Signs::Both)).expect("peer");
    let (device, mut stage) = synced(&peer);
    shows_pictures(&peer, &mut stage);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Syncobj);
    assert!(stage.swapchain.skipped().is_empty());
    let (mut timelines, mut turns) = (BTreeMap::new(), BTreeMap::new());
    for (pixmap, acquire, release) in points(&peer) {
        let turn = turns.entry(pixmap).or_insert(0u64);
        *turn += 1;
        assert_eq!((acquire.point, release.point), (*turn * 2 - 1, *turn * 2));
        let timeline = *timelines.entry(pixmap).or_insert(acquire.syncobj);
        assert_eq!((acquire.syncobj, release.syncobj), (timeline, timeline));
    }
    assert_eq!(turns.values().sum::<u64>(), 10);
    assert_eq!(device.live(), timelines.len());
    assert_eq!(count(&peer, "ImportSyncobj"), timelines.len());
    assert_eq!(count(&peer, "QueryCapabilities"), 1);
    let released: Vec<Point> = points(&peer).iter().map(|(_, _, release)| *release).collect();
    assert_eq!(
        peer.control().released(),
        released[..9],
        "all but the one on the screen"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn a_timeline_is_imported_in_the_wait_for_its_buffer() {
    let peer = Peer::start(presenting(Idle::Replaced, Signs::Both)).expect("peer");
    let (_, mut stage) = synced(&peer);
    shows_pictures(&peer, &mut stage);
    let stats = stage.swapchain.stats();
    assert_eq!(stats.round_trips, stats.buffers + 1, "modifiers, and each buffer");
    drop(stage);
    peer.finish();
}

#[test]
fn a_buffer_is_used_again_after_its_release_point() {
    let peer = Peer::start(presenting(Idle::Held, Signs::Point)).expect("peer");
    let (_, mut stage) = synced(&peer);
    for number in 1..4 {
        stage.show(number).expect("shown");
    }
    assert!(stage.swapchain.acquire().expect("window").is_none());
    assert!(!tells(&stage, Duration::from_millis(50)));
    assert_eq!(peer.control().release_idle(1), 1);
    assert!(tells(&stage, SOON));
    assert_eq!(stage.swapchain.tick().expect("timelines"), Some(Progress::Idle));
    assert!(!tells(&stage, Duration::ZERO));
    let frame = stage.swapchain.acquire().expect("window").expect("frame");
    assert_eq!(stage.swapchain.age(&frame), 3, "the oldest");
    stage.swapchain.discard(frame);
    // Asked for again, the others are found without a word.
    assert_eq!(peer.control().release_idle(2), 2);
    let frames: Vec<_> = (0..3)
        .map(|_| stage.swapchain.acquire().expect("window"))
        .collect();
    assert!(frames.iter().all(Option::is_some));
    assert_eq!(stage.swapchain.stats().buffers, 3);
    drop((frames, stage));
    peer.finish();
}

#[test]
fn who_does_not_watch_learns_within_a_refresh() {
    let peer = Peer::start(presenting(Idle::Held, Signs::Point)).expect("peer");
    let (device, mut stage) = synced(&peer);
    device.refuse(Fault::Notify);
    for number in 1..4 {
        stage.show(number).expect("shown");
    }
    assert!(stage.swapchain.acquire().expect("window").is_none());
    let refresh = Duration::from_nanos(stage.swapchain.clock().period());
    assert!(stage.swapchain.next_tick().is_some_and(|next| next <= refresh));
    peer.control().release_idle(1);
    let idle = |progress: &Progress| (*progress == Progress::Idle).then_some(());
    stage.until("idle buffer", idle).expect("idle");
    assert!(stage.swapchain.acquire().expect("window").is_some());
    drop(stage);
    peer.finish();
}

#[test]
fn an_event_without_the_point_gives_nothing_back() {
    let peer = Peer::start(presenting(Idle::AfterComplete, Signs::Event)).expect("peer");
    let (_, mut stage) = synced(&peer);
    for number in 1..4 {
        stage.show(number).expect("shown");
    }
    for _ in 0..5 {
        assert!(stage.swapchain.acquire().expect("window").is_none());
        stage.step().expect("time passes");
    }
    drop(stage);
    peer.finish();
}

#[test]
fn signs_in_any_order_and_number_keep_the_states_right() {
    for idle in [
        Idle::BeforeComplete,
        Idle::Twice,
        Idle::Replaced,
        Idle::AfterComplete,
    ] {
        for signs in [Signs::Both, Signs::Point] {
            let peer = Peer::start(presenting(idle, signs)).expect("peer");
            let (_, mut stage) = synced(&peer);
            shows_pictures(&peer, &mut stage);
            for number in 10..60 {
                stage.present(number, &NOW).expect("presented");
                let slots = stage.swapchain.slots();
                let all = slots.free + slots.rendering + slots.queued + slots.on_screen;
                assert!(all <= 3, "{idle:?}, {signs:?}: {slots:?}");
            }
            stage.show(77).expect("shown");
            assert_window_shows(&peer, &mut stage, 77);
            assert_eq!(stage.swapchain.rung(), Rung::Syncobj);
            drop(stage);
            peer.finish();
        }
    }
}

#[test]
fn a_picture_is_read_when_its_fence_says_that_it_is_drawn() {
    let peer = Peer::start(script()).expect("peer");
    let (_, mut stage) = synced(&peer);
    stage.show(1).expect("shown");
    let mut frame = stage.frame().expect("frame");
    assert!(frame.takes_fence());
    let fence = eventfd(0, EventfdFlags::CLOEXEC).expect("eventfd");
    frame.set_fence(fence.try_clone().expect("descriptor"));
    let sbc = stage.swapchain.present(frame, &NOW).expect("presented");
    let now = peer.control().msc();
    while peer.control().msc() < now + 3 {
        stage.step().expect("refreshes pass");
    }
    assert_window_shows(&peer, &mut stage, 1);
    // Meanwhile another one is under way.
    let mut next = stage.frame().expect("frame");
    let mut late = stage.swapchain.acquire().expect("window").expect("third");
    Canvas::draw(&mut next, 3);
    Canvas::draw(&mut late, 4);
    write(&fence, &1u64.to_ne_bytes()).expect("signal");
    stage.completion(sbc).expect("completed");
    let sbc = stage.swapchain.present(next, &NOW).expect("presented");
    stage.completion(sbc).expect("completed");
    stage.settle().expect("settled");
    assert_window_shows(&peer, &mut stage, 3);
    stage.swapchain.discard(late);
    drop(stage);
    peer.finish();
}

#[test]
fn a_timeline_that_is_not_imported_is_a_step_down() {
    let peer = Peer::start(script().refusing(Operation::ImportSyncobj, ErrorCode::Alloc)).expect("peer");
    let (device, mut stage) = synced(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
    assert!(
        matches!(reason(&stage), Reason::ImportTimeline(_)),
        "{}",
        reason(&stage)
    );
    assert_eq!(stage.swapchain.stats().presented, 5);
    assert_eq!((device.live(), peer.control().counts().syncobjs), (0, 0));
    drop(stage);
    peer.finish();
}

#[test]
fn frames_that_are_refused_go_without_points() {
    let peer = Peer::start(script()).expect("peer");
    let (_, mut stage) = synced(&peer);
    stage.show(1).expect("shown");
    peer.control().refuse(Operation::PresentSynced, ErrorCode::Value);
    // Both are under way before the first refusal is heard of.
    let mut frames = [stage.frame().expect("frame"), stage.frame().expect("frame")];
    (2..)
        .zip(&mut frames)
        .for_each(|(number, frame)| Canvas::draw(frame, number));
    let [second, third] = frames.map(|frame| stage.swapchain.present(frame, &NOW).expect("presented"));
    stage.completion(second).expect("completed");
    stage.completion(third).expect("completed");
    assert_window_shows(&peer, &mut stage, 3);
    let stepped = Progress::SteppedDown(Rung::Modifiers);
    assert_eq!(stage.told, [stepped.clone(), stepped], "once for each frame");
    assert!(matches!(reason(&stage), Reason::Show(_)), "{}", reason(&stage));
    assert_eq!(stage.swapchain.skipped().len(), 1);
    shows_pictures(&peer, &mut stage);
    assert!(stage.swapchain.stats().buffers <= 3, "they are the same buffers");
    drop(stage);
    peer.finish();
}

#[test]
fn what_is_missing_is_named() {
    let too_old = |extension, has| {
        let wants = Version(1, 4);
        let absence = Absence::TooOld { has, wants };
        Reason::Extension { extension, absence }.to_string()
    };
    let without_capability = Script {
        capabilities: 0,
        ..script()
    };
    let cases = [
        (
            script().version(Extension::Dri3, (1, 3)),
            Mimic::synced(),
            too_old(Wanted::Dri3, Version(1, 3)),
        ),
        (
            script().version(Extension::Present, (1, 2)),
            Mimic::synced(),
            too_old(Wanted::Present, Version(1, 2)),
        ),
        (
            without_capability,
            Mimic::synced(),
            Reason::NoTimelines.to_string(),
        ),
        (script(), Mimic::default(), TimelineError::NoDevice.to_string()),
    ];
    for (script, mimic, wanted) in cases {
        let peer = Peer::start(script).expect("peer");
        let mut stage = stage_with(&peer, mimic, Setup::default());
        assert_eq!(reason(&stage).to_string(), wanted);
        assert!(stage.swapchain.release_fd().is_none());
        shows_pictures(&peer, &mut stage);
        assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
        assert_eq!(count(&peer, "ImportSyncobj"), 0);
        drop(stage);
        peer.finish();
    }
}

#[test]
fn a_device_that_fails_costs_no_frame() {
    for fault in [Fault::Create, Fault::Signal] {
        let peer = Peer::start(script()).expect("peer");
        let (device, mut stage) = synced(&peer);
        if fault == Fault::Signal {
            stage.show(1).expect("shown");
        }
        device.refuse(fault);
        shows_pictures(&peer, &mut stage);
        assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
        let found = reason(&stage);
        assert!(
            matches!(found, Reason::Timeline(TimelineError::Kernel { .. })),
            "{found}"
        );
        drop(stage);
        assert_eq!(device.live(), 0);
        peer.finish();
    }
}

#[test]
fn buffers_whose_timelines_cannot_be_asked_are_given_up() {
    let peer = Peer::start(presenting(Idle::Held, Signs::Both)).expect("peer");
    let (device, mut stage) = synced(&peer);
    for number in 1..4 {
        stage.show(number).expect("shown");
    }
    device.refuse(Fault::Query);
    peer.control().idle(Idle::AfterComplete);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
    assert_eq!((device.live(), peer.control().counts().syncobjs), (0, 0));
    assert!(stage.swapchain.slots().on_screen + stage.swapchain.slots().queued <= 1);
    drop(stage);
    peer.finish();
}

#[test]
fn nothing_is_left_of_what_is_waited_for() {
    let peer = Peer::start(presenting(Idle::Held, Signs::Point)).expect("peer");
    let display = super::open(&peer);
    display.sync().expect("sync");
    let before = peer.control().counts();
    let mimic = Mimic::synced();
    let stage = Stage::new(&display, super::SIZE, 24, mimic.clone(), Setup::default());
    let mut stage = stage.expect("stage");
    for number in 1..4 {
        stage.show(number).expect("shown");
    }
    assert!(stage.swapchain.acquire().expect("window").is_none());
    let window = stage.window;
    drop(stage);
    display.connection().destroy_window(window).expect("request");
    peer.control().release_idle(3);
    display.sync().expect("sync");
    assert_eq!(peer.control().counts(), before);
    assert_eq!(mimic.timelines.map(|device| device.live()), Some(0));
    drop(display);
    peer.finish();
}
