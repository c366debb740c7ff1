//! Requests by which the server reads, or draws to, pictures that GL draws to.
//!
//! They are held until the server has what GL drew: it would read something else, or draw under what GL drew before. What
//! has to be done for that depends on where the pictures are.
//!
//! * In memory that both draw to, GL has to be done ([`Session::resolve`](super::Session::resolve)).
//! * In memory that is filled from the texture, that would overwrite what the server drew since. So the server has to tell
//!   what that is, and the texture has to take it first.
//! * A pixmap of the server's own that GL draws to by a shadow is given the shadow then.
//!
//! All of it is done once for what a client has sent at a time: GL's part in that had been sent before.

use std::collections::HashSet;

use super::{Awaited, ClientId, Control, Dri3, Held, Request, Side, Verdict, pixmaps::Place};

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The server is to tell what it drew. So many copies to shadows had been asked for before.
    Hearing { copies: u64 },
    /// Shadows are being given what it told.
    Following,
    /// The session is to have GL finish.
    Resolving,
    /// The server's pixmaps are being given their shadows.
    Returning,
}

/// A request that is held.
#[derive(Debug)]
pub(crate) struct Touching {
    pixmaps: Vec<u32>,
    arrival: u64,
    step: Step,
    /// Things that the step waits for.
    left: usize,
}

impl Touching {
    /// One of the things that were waited for is done. True if that was the last.
    pub(crate) fn one_done(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }
}

/// The pictures that the server has as GL drew them, as far as requests of one arrival need to know.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    arrival: u64,
    pixmaps: HashSet<u32>,
}

impl Settled {
    fn has(&self, pixmap: u32, arrival: u64) -> bool {
        self.arrival == arrival && self.pixmaps.contains(&pixmap)
    }

    fn add(&mut self, pixmaps: Vec<u32>, arrival: u64) {
        if self.arrival != arrival {
            self.arrival = arrival;
            self.pixmaps.clear();
        }
        self.pixmaps.extend(pixmaps);
    }
}

impl Dri3 {
    /// Holds a request that reads or draws to these drawables, if one has to be brought to the server first, or `more` other
    /// things are waited for.
    pub(super) fn touch(&mut self, request: &Request<'_>, drawables: &[u32], more: usize) -> Verdict {
        let (id, arrival) = (request.client, request.arrival);
        let Some(client) = self.clients.get(&id) else {
            return Verdict::forward();
        };
        let mut pixmaps = Vec::new();
        for drawable in drawables {
            let drawn = self
                .pixmaps
                .get(*drawable)
                .is_some_and(|pixmap| pixmap.drawn_by_gl && !pixmap.place.is_for_gl_to_read());
            if drawn && !pixmaps.contains(drawable) && !client.settled.has(*drawable, arrival) {
                pixmaps.push(*drawable);
            }
        }
        if pixmaps.is_empty() && more == 0 {
            return Verdict::forward();
        }
        let mut touching = Touching {
            pixmaps,
            arrival,
            step: Step::Resolving,
            left: more,
        };
        self.begin(id, &mut touching);
        if touching.left == 0 {
            return Verdict::forward();
        }
        if let Some(client) = self.clients.get_mut(&id) {
            client.held = Some(Held::Touching(touching));
        }
        Verdict::Hold
    }

    fn begin(&mut self, id: ClientId, touching: &mut Touching) {
        let lags = touching
            .pixmaps
            .iter()
            .any(|pixmap| self.pixmaps.get(*pixmap).is_some_and(|pixmap| pixmap.lags()));
        let copies = self.helper.copies();
        if lags && self.marks(id) {
            touching.step = Step::Hearing { copies };
            touching.left += 1;
        } else {
            touching.left += self.resolve(id, &touching.pixmaps);
        }
    }

    /// The step of a client's request is done: begins with the next, or lets the request go on.
    pub(super) fn touch_further(&mut self, id: ClientId, control: &mut Control) {
        let held = self.clients.get_mut(&id).and_then(|client| client.held.take());
        let Some(Held::Touching(mut touching)) = held else {
            return;
        };
        while touching.left == 0 {
            let (step, left) = match touching.step {
                Step::Hearing { copies } => {
                    let copied = self.helper.copies() > copies && self.marks(id);
                    (Step::Following, usize::from(copied))
                }
                Step::Following => (Step::Resolving, self.resolve(id, &touching.pixmaps)),
                Step::Resolving => (Step::Returning, self.give_back(id, &touching.pixmaps)),
                Step::Returning => break,
            };
            touching.step = step;
            touching.left = left;
        }
        let over = touching.left == 0;
        if let Some(client) = self.clients.get_mut(&id) {
            if over {
                let pixmaps = std::mem::take(&mut touching.pixmaps);
                client.settled.add(pixmaps, touching.arrival);
            }
            client.held = Some(Held::Touching(touching));
        }
        if over {
            self.release(id, Side::Requests, control);
        }
    }

    /// Sets a mark that the request waits for. False if our connection cannot be used.
    fn marks(&mut self, id: ClientId) -> bool {
        let mark = self.helps(id).then(|| self.helper.mark());
        match mark {
            Some(Ok(mark)) => {
                self.wait_helper(mark, id, Side::Requests);
                true
            }
            // Its loss is heard of when it is read.
            Some(Err(_)) | None => false,
        }
    }

    /// Has textures take what the server drew, and the memory what GL drew. The session does both in the order of the
    /// asking. Says how many answers there will be.
    fn resolve(&mut self, id: ClientId, pixmaps: &[u32]) -> usize {
        let mut asked = 0;
        let mut wait = |ticket| {
            self.waiting
                .insert(Awaited::Session(ticket), (id, Side::Requests));
            asked += 1;
        };
        for pixmap in pixmaps {
            let Some(pixmap) = self.pixmaps.get_mut(*pixmap) else {
                continue;
            };
            let changed = pixmap.take_changed();
            let texture = pixmap.place.backing().texture();
            for area in changed.as_slice() {
                let area = [area.x, area.y, area.width, area.height].map(u32::from);
                self.session.upload(texture, area).ok().map(&mut wait);
            }
            self.session.resolve(texture).ok().map(&mut wait);
        }
        asked
    }

    /// Gives the server's pixmaps what GL drew to their shadows. Says how many things are to be waited for.
    fn give_back(&mut self, id: ClientId, pixmaps: &[u32]) -> usize {
        if !self.helps(id) {
            return 0;
        }
        let mut gave = false;
        for pixmap in pixmaps {
            if let Some(Place::Followed { follower, .. }) =
                self.pixmaps.get(*pixmap).map(|pixmap| &pixmap.place)
            {
                gave |= self.helper.give_back(follower).is_ok();
            }
        }
        usize::from(gave && self.marks(id))
    }
}
