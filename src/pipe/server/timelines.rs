//! SYNC_*: 64-bit timelines of the session, and descriptors that tell when they have come far enough.

use std::{
    collections::HashMap,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::event::{EventfdFlags, eventfd};

use crate::pipe::wire::vtest::SyncPoint;

/// A wait that is not over.
#[derive(Debug)]
struct Wait {
    points: Vec<SyncPoint>,
    any: bool,
    /// When the client gives up; `None` for never.
    end: Option<Instant>,
    event: OwnedFd,
}

/// The timelines of a session.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    values: HashMap<u32, u64>,
    next: u32,
    waits: Vec<Wait>,
}

impl Timelines {
    /// The number of timelines and of waits, for quotas.
    pub(super) fn len(&self) -> usize {
        self.values.len() + self.waits.len()
    }

    pub(super) fn create(&mut self, value: u64) -> u32 {
        loop {
            self.next = self.next.wrapping_add(1).max(1);
            if !self.values.contains_key(&self.next) {
                self.values.insert(self.next, value);
                return self.next;
            }
        }
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.values.remove(&id);
        self.wake();
    }

    pub(super) fn read(&self, id: u32) -> Option<u64> {
        self.values.get(&id).copied()
    }

    /// Sets a timeline and wakes who waits for it; false if there is none.
    pub(super) fn write(&mut self, point: SyncPoint) -> bool {
        let Some(value) = self.values.get_mut(&point.sync) else {
            return false;
        };
        *value = point.value;
        self.wake();
        true
    }

    fn wake(&mut self) {
        let values = &self.values;
        self.waits.retain(|wait| {
            let over = reached(values, &wait.points, wait.any);
            if over {
                signal(&wait.event);
            }
            !over
        });
    }

    /// Drops the waits that their clients have given up by now: these are never signalled.
    pub(super) fn forget_expired(&mut self) {
        let now = Instant::now();
        self.waits.retain(|wait| wait.end.is_none_or(|end| end > now));
    }

    /// A descriptor that becomes readable when all points, or any of them, are reached. `timeout` is in milliseconds;
    /// one above `i32::MAX` never runs out.
    pub(super) fn wait(
        &mut self,
        points: Vec<SyncPoint>,
        any: bool,
        timeout: u32,
    ) -> std::io::Result<OwnedFd> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        if reached(&self.values, &points, any) {
            signal(&event);
        } else {
            let ours = event.try_clone()?;
            self.waits.push(Wait {
                points,
                any,
                end: (i32::try_from(timeout).is_ok())
                    .then(|| Instant::now() + Duration::from_millis(timeout.into())),
                event: ours,
            });
        }
        Ok(event)
    }
}

/// A timeline that is gone counts as reached: nobody will ever advance it.
fn reached(values: &HashMap<u32, u64>, points: &[SyncPoint], any: bool) -> bool {
    let mut done = points
        .iter()
        .map(|p| values.get(&p.sync).is_none_or(|value| *value >= p.value));
    if any && !points.is_empty() {
        done.any(|done| done)
    } else {
        done.all(|done| done)
    }
}

/// Makes an eventfd readable.
pub(super) fn signal(event: &OwnedFd) {
    if let Err(error) = rustix::io::write(event, &1u64.to_ne_bytes()) {
        tracing::debug!("signalling an eventfd: {error}");
    }
}
