//! Buffers that the server does not take, and the ways that are left then.

use pixbridge::{
    present::{AllocateError, PresentError, Progress, Reason, Rung, Setup, Submission, Target},
    x11::{Absence, Extension as Wanted, Version},
};
use pixbridge_xtests::xpeer::{
    ErrorCode, Extension, Imported, Modifiers, Operation, Peer, Plane, Script, Seen, Synchronisation,
};

use super::{Mimic, SIZE, assert_window_shows, from_rung, script, shows_pictures, stage, stage_with};

fn imports(peer: &Peer) -> Vec<Imported> {
    let requests = peer.control().requests().into_iter();
    let imports = requests.filter_map(|logged| match logged.seen {
        Seen::Import(imported) => Some(imported),
        _ => None,
    });
    imports.collect()
}

#[test]
fn a_server_of_today_gets_dmabufs_with_modifiers_and_idle_fences() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
    assert!(stage.swapchain.skipped().is_empty());
    let presents = peer.control().presents();
    assert_eq!(presents.len(), 5);
    for presented in presents {
        let Synchronisation::Fences { wait: None, idle } = presented.synchronisation else {
            panic!("{presented:?}");
        };
        assert!(idle.is_some());
    }
    drop(stage);
    peer.finish();
}

#[test]
fn an_old_dri3_gets_its_own_request() {
    let peer = Peer::start(script().version(Extension::Dri3, (1, 0))).expect("peer");
    let mut stage = stage(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Linear);
    let reason = &stage.swapchain.skipped()[0].reason;
    let too_old = Absence::TooOld {
        has: Version(1, 0),
        wants: Version(1, 2),
    };
    assert!(
        matches!(reason, Reason::Extension { extension: Wanted::Dri3, absence } if *absence == too_old),
        "{reason}"
    );
    let old = imports(&peer).iter().all(|import| import.modifier.is_none());
    assert!(old, "{:?}", imports(&peer));
    drop(stage);
    peer.finish();
}

#[test]
fn a_linear_buffer_that_the_old_request_cannot_describe_goes_by_the_new_one() {
    let peer = Peer::start(script()).expect("peer");
    let allocator = Mimic {
        offset: 4096,
        ..Mimic::default()
    };
    let mut stage = stage_with(&peer, allocator.clone(), from_rung(Rung::Linear));
    shows_pictures(&peer, &mut stage);
    let import = imports(&peer).remove(0);
    assert_eq!(import.modifier, Some(0));
    assert_eq!(
        import.planes,
        [Plane {
            stride: 256,
            offset: 4096
        }]
    );
    drop(stage);
    peer.finish();

    let peer = Peer::start(script().version(Extension::Dri3, (1, 0))).expect("peer");
    let mut stage = stage_with(&peer, allocator, from_rung(Rung::Linear));
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::ShmPixmap);
    let reason = &stage.swapchain.skipped()[0].reason;
    assert!(
        matches!(
            reason,
            Reason::Allocate(AllocateError::Dmabuf { offset: 4096, .. })
        ),
        "{reason}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn a_server_without_modifiers_gets_linear_buffers() {
    let script = Script {
        modifiers: Modifiers::none(),
        ..script()
    };
    let peer = Peer::start(script).expect("peer");
    let mut stage = stage(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Linear);
    assert!(matches!(stage.swapchain.skipped()[0].reason, Reason::NoModifiers));
    drop(stage);
    peer.finish();
}

#[test]
fn a_modifier_that_the_server_does_not_name_is_not_sent_to_it() {
    let peer = Peer::start(script()).expect("peer");
    let allocator = Mimic {
        modifier: 0x0100_0000_0000_0002,
        ..Mimic::default()
    };
    let mut stage = stage_with(&peer, allocator, from_rung(Rung::Modifiers));
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Linear);
    let reason = &stage.swapchain.skipped()[0].reason;
    assert!(
        matches!(
            reason,
            Reason::Allocate(AllocateError::Modifier(0x0100_0000_0000_0002))
        ),
        "{reason}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn a_remote_server_gets_pictures_through_the_connection() {
    let peer = Peer::start(script().remote()).expect("peer");
    let mut stage = stage(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::PutImage);
    let reasons: Vec<String> = stage
        .swapchain
        .skipped()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(reasons[0], "modifiers: DRI3: the connection is remote");
    assert!(
        reasons[2].starts_with("shm-pixmap: the display does not attach"),
        "{reasons:?}"
    );
    drop(stage);
    peer.finish();
}

#[test]
fn each_refused_import_is_a_step_down_and_costs_no_picture() {
    let refusals: [(&[Operation], Rung); 4] = [
        (&[], Rung::Modifiers),
        (&[Operation::Import], Rung::ShmPixmap),
        (
            &[Operation::Import, Operation::ShmCreatePixmap],
            Rung::ShmPutImage,
        ),
        (&[Operation::Import, Operation::ShmAttachFd], Rung::PutImage),
    ];
    for (operations, rung) in refusals {
        let script = operations.iter().fold(script(), |script, operation| {
            script.refusing(*operation, ErrorCode::Alloc)
        });
        let peer = Peer::start(script).expect("peer");
        let mut stage = stage(&peer);
        shows_pictures(&peer, &mut stage);
        assert_eq!(stage.swapchain.rung(), rung, "{operations:?}");
        assert_eq!(stage.swapchain.stats().presented, 5);
        drop(stage);
        peer.finish();
    }
}

#[test]
fn one_refused_import_is_enough() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage(&peer);
    peer.control().refuse_next(Operation::Import, ErrorCode::Alloc);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Linear);
    drop(stage);
    peer.finish();
}

#[test]
fn no_fence_is_needed() {
    let peer = Peer::start(script().refusing(Operation::FenceFromFd, ErrorCode::Alloc)).expect("peer");
    let mut stage = stage(&peer);
    shows_pictures(&peer, &mut stage);
    assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
    let fences = Synchronisation::Fences {
        wait: None,
        idle: None,
    };
    assert!(
        peer.control()
            .presents()
            .iter()
            .all(|presented| presented.synchronisation == fences)
    );
    let display = stage.display.clone();
    drop(stage);
    display.sync().expect("sync");
    // It is freed as if it had been made.
    for complaint in peer.control().take_complaints() {
        assert!(
            complaint.to_string().starts_with("Sync::DestroyFence"),
            "{complaint}"
        );
    }
    peer.finish();
}

#[test]
fn a_frame_that_is_refused_is_shown_another_way() {
    let peer = Peer::start(script()).expect("peer");
    let mut stage = stage_with(&peer, Mimic::default(), from_rung(Rung::ShmPixmap));
    stage.show(1).expect("shown");
    peer.control().refuse_next(Operation::Present, ErrorCode::Alloc);
    let submission = Submission {
        target: Target::Async,
        ..Submission::default()
    };
    let (sbc, _) = stage.present(2, &submission).expect("presented");
    stage.completion(sbc).expect("completed");
    assert_eq!(stage.told, [Progress::SteppedDown(Rung::ShmPutImage)]);
    assert_window_shows(&peer, &mut stage, 2);
    assert!(matches!(
        stage.swapchain.skipped().last().expect("reason").reason,
        Reason::Show(_)
    ));
    shows_pictures(&peer, &mut stage);
    drop(stage);
    peer.finish();
}

#[test]
fn a_dmabuf_that_cannot_be_shown_is_drawn_again() {
    let peer = Peer::start(script().refusing(Operation::Present, ErrorCode::Match)).expect("peer");
    let mut stage = stage(&peer);
    let (sbc, _) = stage.present(1, &Submission::default()).expect("presented");
    let dropped = stage
        .until("refusal", |progress| match progress {
            Progress::Dropped(dropped) => Some(*dropped),
            _ => None,
        })
        .expect("refusal");
    assert_eq!(dropped, sbc);
    assert_eq!(
        stage.told,
        [Progress::SteppedDown(Rung::Linear), Progress::Dropped(sbc)]
    );
    // Present is refused to shared pixmaps too.
    stage.present(2, &Submission::default()).expect("presented");
    stage.settle().expect("settled");
    assert_eq!(stage.swapchain.rung(), Rung::ShmPutImage);
    assert_window_shows(&peer, &mut stage, 2);
    drop(stage);
    peer.finish();
}

#[test]
fn a_forced_way_that_is_refused_is_an_error_with_its_reason() {
    let peer = Peer::start(script().refusing(Operation::Import, ErrorCode::Alloc)).expect("peer");
    let setup = Setup {
        ladder: pixbridge::present::Ladder::force(Rung::Linear),
        ..Setup::default()
    };
    let mut stage = stage_with(&peer, Mimic::default(), setup);
    match stage.swapchain.acquire() {
        Err(PresentError::NoPath(why)) => {
            assert!(why.starts_with("linear: the display does not import"), "{why}");
        }
        other => panic!("{other:?} for {SIZE:?}"),
    }
}
