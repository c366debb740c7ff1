//! Servers that have come to prefer other buffers.

use std::{cell::RefCell, rc::Rc};

use pixbridge::{
    present::{AllocateError, Allocation, Allocator, Placement, Rung, Size},
    x11::PixelFormat,
};
use pixbridge_xtests::{
    stage::Stage,
    xpeer::{Completion, Modifiers, Peer, Script},
};
use x11rb::protocol::present::{CompleteMode, Option as PresentOption};

use super::{Mimic, SIZE, Side, from_rung, open, script};

/// A modifier that only some windows like.
const TILED: u64 = 0x0100_0000_0000_0001;
const LINEAR: u64 = super::LINEAR;

/// Buffers with the first modifier that is asked for; keeps what was.
#[derive(Debug, Clone, Default)]
struct Obedient {
    asked: Rc<RefCell<Vec<Vec<u64>>>>,
    /// Has no memory with this one.
    lacks: Option<u64>,
}

impl Allocator for Obedient {
    type Target = Side;

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<Side>, AllocateError> {
        let Placement::Modifiers(modifiers) = placement else {
            return Mimic::default().allocate(size, format, placement);
        };
        self.asked.borrow_mut().push(modifiers.to_vec());
        let modifier = modifiers[0];
        if self.lacks == Some(modifier) {
            return Err(AllocateError::Unsupported("memory of this kind"));
        }
        let mut mimic = Mimic {
            modifier,
            ..Mimic::default()
        };
        mimic.allocate(size, format, placement)
    }
}

fn offers(window: &[u64]) -> Modifiers {
    Modifiers {
        window: window.to_vec(),
        screen: vec![LINEAR],
    }
}

fn stage_with(peer: &Peer, allocator: &Obedient) -> Stage<Obedient> {
    let setup = from_rung(Rung::Modifiers);
    Stage::new(&open(peer), SIZE, 24, allocator.clone(), setup).expect("stage")
}

fn questions(peer: &Peer) -> usize {
    let requests = peer.control().requests();
    let names = requests.iter().map(|logged| logged.name.as_str());
    names
        .filter(|name| *name == "DRI3::GetSupportedModifiers")
        .count()
}

#[test]
fn a_server_that_would_rather_flip_is_asked_once_and_gets_new_buffers() {
    let script = Script {
        modifiers: offers(&[]),
        ..script()
    };
    let peer = Peer::start(script).expect("peer");
    let allocator = Obedient::default();
    let mut stage = stage_with(&peer, &allocator);
    stage.show(1).expect("shown");
    let options = peer.control().presents()[0].options;
    assert_ne!(options & u32::from(PresentOption::SUBOPTIMAL), 0);
    // The window covers the screen now.
    peer.control().modifiers(offers(&[TILED]));
    peer.control()
        .completion(Completion::Sent(CompleteMode::SUBOPTIMAL_COPY));
    for number in 2..12 {
        stage.show(number).expect("shown");
    }
    assert_eq!(questions(&peer), 2, "at first, and when it was dissatisfied");
    let asked = allocator.asked.borrow();
    let (old, new) = asked.split_at(asked.partition_point(|list| list == &[LINEAR]));
    assert!(
        !old.is_empty() && new.iter().all(|list| list == &[TILED]),
        "{asked:?}"
    );
    assert!((1..=3).contains(&new.len()), "{asked:?}");
    drop(stage);
    peer.finish();
}

#[test]
fn a_server_with_nothing_better_to_offer_gets_the_same_buffers() {
    let peer = Peer::start(script()).expect("peer");
    let allocator = Obedient::default();
    let mut stage = stage_with(&peer, &allocator);
    peer.control()
        .completion(Completion::Sent(CompleteMode::SUBOPTIMAL_COPY));
    for number in 1..12 {
        stage.show(number).expect("shown");
    }
    assert_eq!(questions(&peer), 2);
    assert!(stage.swapchain.stats().buffers <= 3);
    drop(stage);
    peer.finish();
}

#[test]
fn what_the_screen_takes_will_do_where_there_is_no_memory_for_the_window() {
    let script = Script {
        modifiers: offers(&[TILED]),
        ..script()
    };
    let peer = Peer::start(script).expect("peer");
    let allocator = Obedient {
        lacks: Some(TILED),
        ..Obedient::default()
    };
    let mut stage = stage_with(&peer, &allocator);
    stage.show(1).expect("shown");
    assert_eq!(stage.swapchain.rung(), Rung::Modifiers);
    assert_eq!(allocator.asked.borrow()[..2], [vec![TILED], vec![LINEAR]]);
    drop(stage);
    peer.finish();
}
