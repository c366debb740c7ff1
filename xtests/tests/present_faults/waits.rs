//! Callers that wait for a refresh or a frame and do nothing else.

use std::time::Duration;

use pixbridge::present::{Awaited, Doubt, PresentError, Progress, Sbc, Source, Submission};
use pixbridge_xtests::{
    stage::SOON,
    xpeer::{Peer, Script},
};

use super::{script, stage};

#[test]
fn a_wait_for_a_refresh_ends_with_it() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    let now = stage.swapchain.sync_values().tick.msc;
    let mut wait = |target, divisor, remainder| {
        let values = stage
            .swapchain
            .wait_for_msc(target, divisor, remainder, SOON, |_| {});
        values.expect("in time").tick.msc
    };
    let later = wait(now + 5, 0, 0);
    assert!(later >= now + 5, "{later} for {now} + 5");
    assert!(wait(now, 0, 0) >= later, "what has passed is not waited for");
    let odd = wait(0, 2, 1);
    assert!(odd > later, "{odd} after {later}");
    let refused = stage.swapchain.wait_for_msc(0, 2, 2, SOON, |_| {});
    assert!(
        matches!(refused, Err(PresentError::Remainder { .. })),
        "{refused:?}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn a_wait_for_frames_keeps_what_is_heard_meanwhile() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    for number in 1..4 {
        stage.present(number, &Submission::default()).expect("presented");
    }
    let mut heard = 0;
    let values = stage.swapchain.wait_for_sbc(Sbc(0), SOON, |_| heard += 1);
    assert_eq!(values.expect("in time").sbc, Sbc(3));
    assert!(heard >= 3, "others have heard {heard} events");
    let mut completed = Vec::new();
    while let Some(progress) = stage.swapchain.tick().expect("display") {
        if let Progress::Completed(completion) = progress {
            completed.push(completion.sbc);
        }
    }
    assert_eq!(completed, [Sbc(1), Sbc(2), Sbc(3)]);
    let again = stage.swapchain.wait_for_sbc(Sbc(2), Duration::ZERO, |_| {});
    assert_eq!(again.expect("at once").sbc, Sbc(3));
    drop(stage);
    peer.finish();
}

#[test]
fn a_server_that_does_not_answer_is_waited_for_by_the_timer() {
    let peer = Peer::start(Script::default()).expect("peer");
    let mut stage = stage(&peer);
    let now = stage.swapchain.sync_values().tick.msc;
    let values = stage.swapchain.wait_for_msc(now + 2, 0, 0, SOON, |_| {});
    assert!(values.expect("in time").tick.msc >= now + 2);
    assert_eq!(stage.swapchain.clock().source(), Source::Timer(Doubt::Silent));
    drop(stage);
    peer.finish();
}

#[test]
fn what_does_not_come_is_late() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    let limit = Duration::from_millis(20);
    let far = stage.swapchain.sync_values().tick.msc + 100_000;
    let refresh = stage.swapchain.wait_for_msc(far, 0, 0, limit, |_| {});
    assert!(
        matches!(refresh, Err(PresentError::Late { awaited: Awaited::Msc(msc), .. }) if msc == far),
        "{refresh:?}"
    );
    let frame = stage.swapchain.wait_for_sbc(Sbc(7), limit, |_| {});
    let error = frame.expect_err("it was not presented");
    assert_eq!(error.to_string(), "frame 7 has not come within 20ms");
    drop(stage);
    peer.finish();
}

#[test]
fn nothing_is_waited_for_without_a_window_or_a_server() {
    let peer = Peer::start(script()).expect("peer");
    let (mut one, mut other) = (stage(&peer), stage(&peer));
    peer.control().destroy(one.window).expect("destroyed");
    let refresh = one.swapchain.wait_for_msc(100_000, 0, 0, SOON, |_| {});
    assert!(
        matches!(refresh, Err(PresentError::WindowGone(window)) if window == one.window),
        "{refresh:?}"
    );
    peer.control().disconnect();
    let frame = other.swapchain.wait_for_sbc(Sbc(1), SOON, |_| {});
    assert!(matches!(frame, Err(PresentError::Lost(_))), "{frame:?}");
    drop((one, other));
    peer.finish();
}
