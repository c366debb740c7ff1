//! Windows and servers that go, and servers that talk nonsense.

use std::{thread, time::Duration};

use pixbridge::{
    present::{PresentError, Progress, Rung, Setup, Submission, open_device},
    x11::X11Error,
};
use pixbridge_xtests::{
    stage::{Stage, StageError},
    xpeer::{Orphans, Peer, ReplyFault, Script},
};

use super::{Mimic, SIZE, from_rung, open, script, shows_pictures, stage, stage_with};

fn is_gone(progress: &Progress) -> Option<()> {
    (*progress == Progress::WindowGone).then_some(())
}

#[test]
fn a_window_that_another_client_destroys_ends_its_swapchain() {
    for orphans in [Orphans::Forgotten, Orphans::Reported] {
        for rung in Rung::ALL {
            let peer = Peer::start(script()).expect("peer");
            peer.control().orphans(orphans);
            let mut stage = stage_with(&peer, Mimic::synced(), from_rung(rung));
            stage.show(1).expect("shown");
            stage.present(2, &Submission::default()).expect("presented");
            let frame = stage.frame().expect("frame");
            peer.control().destroy(stage.window).expect("destroyed");
            // Nothing has been heard of it yet.
            let sent = stage.swapchain.present(frame, &Submission::default());
            assert!(sent.is_ok(), "{rung}: {sent:?}");
            stage.until("end of the window", is_gone).expect("gone");
            stage.step().expect("what comes late is ignored");
            let refused = stage.swapchain.acquire();
            assert!(matches!(refused, Err(PresentError::WindowGone(_))), "{rung}");
            drop(stage);
            peer.finish();
        }
    }
}

#[test]
fn a_buffer_for_a_window_that_is_gone_is_no_step_down() {
    for rung in [Rung::Syncobj, Rung::Modifiers, Rung::Linear, Rung::ShmPixmap] {
        let peer = Peer::start(script()).expect("peer");
        let mut stage = stage_with(&peer, Mimic::synced(), from_rung(rung));
        stage.show(1).expect("shown");
        let in_hand = stage.frame().expect("frame");
        peer.control().destroy(stage.window).expect("destroyed");
        let refused = stage.swapchain.acquire();
        assert!(
            matches!(refused, Err(PresentError::WindowGone(_))),
            "{rung}: {refused:?}"
        );
        assert_eq!(stage.swapchain.rung(), rung);
        drop((stage, in_hand));
    }
}

/// What may come of frames on a connection that breaks: the loss, and nothing else.
fn frames_until_loss(peer: &Peer, rung: Rung) -> Result<(), StageError> {
    let display = open_or_lose(peer)?;
    let mut stage = Stage::new(&display, SIZE, 24, Mimic::synced(), from_rung(rung))?;
    for number in 0..8 {
        stage.show(number)?;
    }
    Ok(())
}

fn open_or_lose(peer: &Peer) -> Result<std::rc::Rc<pixbridge::x11::Display>, StageError> {
    use pixbridge::x11::{Display, Limits};
    let connection = peer.connect_guarded().expect("handshake");
    let display = Display::from_connection(connection, 0, &Limits::default())?;
    Ok(std::rc::Rc::new(display))
}

#[test]
fn a_connection_that_breaks_anywhere_is_a_loss_and_no_more() {
    for rung in Rung::ALL {
        let mut lost = 0;
        for requests in 1..80 {
            let peer = Peer::start(Script {
                disconnect_after: Some(requests),
                ..script()
            });
            let peer = peer.expect("peer");
            match frames_until_loss(&peer, rung) {
                Ok(()) => {}
                Err(
                    StageError::Present(PresentError::Lost(_)) | StageError::Display(X11Error::Connection(_)),
                ) => {
                    lost += 1;
                }
                Err(error) => panic!("{rung}, {requests} requests: {error}"),
            }
        }
        assert!(lost > 30, "{rung}: {lost}");
    }
}

#[test]
fn a_spoilt_reply_is_an_error_with_a_type() {
    let faults = [
        ReplyFault::Garbage(vec![0xa5; 96]),
        ReplyFault::Garbage(vec![1; 32]),
        ReplyFault::Truncated(7),
        ReplyFault::SurplusFds(3),
        ReplyFault::Length(1000),
    ];
    for fault in faults {
        let peer = Peer::start(script()).expect("peer");
        let display = open(&peer);
        let window = display.screen().root;
        peer.control().next_reply(fault.clone());
        let breaker = break_later(&peer);
        let opened = open_device(&display, window);
        if matches!(fault, ReplyFault::Truncated(7) | ReplyFault::Length(_)) {
            assert!(opened.is_err(), "{fault:?}: {opened:?}");
        }
        breaker.join().expect("breaker");
    }
}

#[test]
fn a_spoilt_list_of_modifiers_is_an_error_or_a_step_down() {
    let faults = [
        ReplyFault::Garbage(vec![1; 64]),
        ReplyFault::Truncated(40),
        ReplyFault::Length(1000),
        ReplyFault::SurplusFds(1),
    ];
    for fault in faults {
        let peer = Peer::start(script()).expect("peer");
        let mut stage = stage(&peer);
        peer.control().next_reply(fault.clone());
        let breaker = break_later(&peer);
        match stage.swapchain.acquire() {
            Ok(Some(_)) | Err(PresentError::Lost(_) | PresentError::Display(_)) => {}
            other => panic!("{fault:?}: {other:?}"),
        }
        breaker.join().expect("breaker");
    }
}

/// Breaks the connection after a while, so that what waits for the rest of a reply does not wait for ever.
fn break_later(peer: &Peer) -> thread::JoinHandle<()> {
    let control = peer.control().clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        control.disconnect();
    })
}

#[test]
fn two_windows_of_one_display_do_not_take_each_others_events() {
    let peer = Peer::start(script()).expect("peer");
    let display = open(&peer);
    let make = || Stage::new(&display, SIZE, 24, Mimic::default(), Setup::default()).expect("stage");
    let (mut one, mut other) = (make(), make());
    let submission = Submission::default();
    let (first, _) = one.present(1, &submission).expect("presented");
    let (second, _) = other.present(2, &submission).expect("presented");
    let mut completed = Vec::new();
    while completed.len() < 2 {
        let happening = display
            .wait(Duration::from_secs(5))
            .expect("display")
            .expect("event");
        for (name, stage) in [("one", &mut one), ("other", &mut other)] {
            if let Some(Progress::Completed(completion)) =
                stage.swapchain.handle(&happening).expect("handled")
            {
                completed.push((name, completion.sbc));
            }
        }
    }
    completed.sort();
    assert_eq!(completed, [("one", first), ("other", second)]);
    shows_pictures(&peer, &mut one);
    drop((one, other));
    peer.finish();
}
