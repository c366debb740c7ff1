//! What a test can do to a running peer, and what it can see of it.

use std::{
    os::fd::OwnedFd,
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
};

use super::{
    PeerError,
    engine::Order,
    error::{ErrorCode, Outcome},
    log::{Complaint, Logged, Point, Presented, Seen},
    resources::{ClientId, Counts},
    script::{Completion, Idle, Modifiers, Msc, Operation, Orphans, ReplyFault, Signs},
    server::Server,
    surface::Pixels,
};

/// A handle on a running peer. Whatever it is asked for happens after all requests that clients had flushed before, and
/// what clients are told by it has been sent when the call returns.
///
/// # Panics
/// All functions panic when the peer has ended.
#[derive(Debug, Clone)]
pub struct Control {
    pub(super) orders: Sender<Order>,
    pub(super) wake: Arc<OwnedFd>,
}

impl Control {
    /// Refuses the next request of a kind that is not refused yet. Calls add up.
    pub fn refuse_next(&self, operation: Operation, code: ErrorCode) {
        self.ask(move |server| server.armed.refusals.push_back((operation, code)));
    }

    /// Refuses all requests of a kind from now on.
    pub fn refuse(&self, operation: Operation, code: ErrorCode) {
        self.ask(move |server| server.script.refused.insert(operation, code));
    }

    /// Refuses a kind of request no longer.
    pub fn accept(&self, operation: Operation) {
        self.ask(move |server| server.script.refused.remove(&operation));
    }

    /// Spoils the next reply that it can spoil. Calls add up.
    pub fn next_reply(&self, fault: ReplyFault) {
        self.ask(move |server| server.armed.replies.push_back(fault));
    }

    /// Answers this many requests more and closes the connection of the last one then. At least one.
    pub fn disconnect_after(&self, requests: usize) {
        self.ask(move |server| server.armed.disconnect_after = Some(requests));
    }

    /// Closes all connections.
    pub fn disconnect(&self) {
        self.ask(|server| {
            let clients: Vec<_> = server.clients.keys().copied().collect();
            clients.into_iter().for_each(|client| server.close(client));
        });
    }

    /// Tells other modifiers from now on.
    pub fn modifiers(&self, modifiers: Modifiers) {
        self.ask(|server| server.script.modifiers = modifiers);
    }

    /// Completes presentations in another way from now on.
    pub fn completion(&self, completion: Completion) {
        self.ask(move |server| server.script.presenting.completion = completion);
    }

    /// Gives pixmaps back in another way from now on.
    pub fn idle(&self, idle: Idle) {
        self.ask(move |server| server.script.presenting.idle = idle);
    }

    /// Tells of release points in another way from now on.
    pub fn signs(&self, signs: Signs) {
        self.ask(move |server| server.script.presenting.signs = signs);
    }

    /// Tells counts in another way from now on.
    pub fn msc_told(&self, msc: Msc) {
        self.ask(move |server| server.script.presenting.msc = msc);
    }

    /// Treats what was queued for destroyed windows in another way from now on.
    pub fn orphans(&self, orphans: Orphans) {
        self.ask(move |server| server.script.presenting.orphans = orphans);
    }

    /// Lets the media stream counter grow, one by one.
    pub fn advance_msc(&self, counts: u64) {
        self.ask(move |server| server.advance_msc(counts));
    }

    /// Moves the media stream counter to anywhere, as another CRTC would have it.
    pub fn set_msc(&self, msc: u64) {
        self.ask(move |server| server.set_msc(msc));
    }

    /// The media stream counter.
    pub fn msc(&self) -> u64 {
        self.ask(|server| server.presents.clock().msc())
    }

    /// Gives back the oldest of the pixmaps that are [held](Idle::Held); how many there were to give.
    pub fn release_idle(&self, count: usize) -> usize {
        self.ask(move |server| server.release_held(count))
    }

    /// Resizes a window, as a window manager does. In pixels.
    ///
    /// # Errors
    /// If there is no such window, or the size has no pixels or too many.
    pub fn resize(&self, window: u32, width: u16, height: u16) -> Result<(), PeerError> {
        self.change(window, move |server| {
            let found = server.resources.window(window)?;
            let place = (found.x, found.y);
            if width == 0 || height == 0 {
                return Err(ErrorCode::Value.into());
            }
            server.place_window(window, place, (width, height))
        })
    }

    /// Maps a window.
    ///
    /// # Errors
    /// If there is no such window.
    pub fn map(&self, window: u32) -> Result<(), PeerError> {
        self.change(window, move |server| server.map_window(window))
    }

    /// Unmaps a window.
    ///
    /// # Errors
    /// If there is no such window.
    pub fn unmap(&self, window: u32) -> Result<(), PeerError> {
        self.change(window, move |server| server.unmap_window(window))
    }

    /// Destroys a window, as another client does. Errors about it are not the client's fault from then on.
    ///
    /// # Errors
    /// If there is no such window.
    pub fn destroy(&self, window: u32) -> Result<(), PeerError> {
        self.change(window, move |server| {
            server.resources.window(window)?;
            server.destroy_window(window, ClientId::SERVER);
            Ok(())
        })
    }

    /// All requests that came, in their order.
    pub fn requests(&self) -> Vec<Logged> {
        self.ask(|server| server.log.requests.clone())
    }

    /// The same, and they are forgotten.
    pub fn take_requests(&self) -> Vec<Logged> {
        self.ask(|server| std::mem::take(&mut server.log.requests))
    }

    /// The presentations among the requests.
    pub fn presents(&self) -> Vec<Presented> {
        let presented = |logged: Logged| match logged.seen {
            Seen::Present(presented) => Some(presented),
            _ => None,
        };
        self.requests().into_iter().filter_map(presented).collect()
    }

    /// What clients did that they must not do.
    pub fn complaints(&self) -> Vec<Complaint> {
        self.ask(|server| server.log.complaints.clone())
    }

    /// The same, and they are forgotten: for tests that do such things.
    pub fn take_complaints(&self) -> Vec<Complaint> {
        self.ask(|server| std::mem::take(&mut server.log.complaints))
    }

    /// How much of what has an XID is alive.
    pub fn counts(&self) -> Counts {
        self.ask(|server| server.counts())
    }

    /// How many connections are open.
    pub fn clients(&self) -> usize {
        self.ask(|server| server.clients.len())
    }

    /// How many pictures wait for their count, and for nothing else.
    pub fn timed(&self) -> usize {
        self.ask(|server| server.presents.timed())
    }

    /// Pixmaps that were presented and are not idle yet, once for each presentation.
    pub fn busy(&self) -> Vec<u32> {
        self.ask(|server| server.presents.busy())
    }

    /// Release points of timelines that were signalled, in their order.
    pub fn released(&self) -> Vec<Point> {
        self.ask(|server| server.presents.released())
    }

    /// What a window or pixmap shows.
    ///
    /// # Errors
    /// If there is no such drawable, or its memory is gone.
    pub fn pixels(&self, drawable: u32) -> Result<Pixels, PeerError> {
        self.ask(move |server| {
            let surface = server.resources.drawable(drawable).ok();
            surface.and_then(|surface| surface.pixels().ok())
        })
        .ok_or(PeerError::NoPixels { drawable })
    }

    fn change(
        &self,
        window: u32,
        change: impl FnOnce(&mut Server) -> Outcome + Send + 'static,
    ) -> Result<(), PeerError> {
        self.ask(change).map_err(|error| PeerError::Refused {
            window,
            code: error.code,
        })
    }

    /// Has something done by the peer's thread and waits for it.
    pub(super) fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Server) -> R + Send + 'static,
    ) -> R {
        let (sender, answer) = mpsc::channel();
        self.order(Order::Do(Box::new(move |server| {
            let result = question(server);
            server.flush_all();
            // The one who asked is waiting below.
            let _ = sender.send(result);
        })));
        answer.recv().expect("the peer has ended")
    }

    pub(super) fn order(&self, order: Order) {
        // An ended peer is found by those who wait for an answer.
        if self.orders.send(order).is_ok() {
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }
}
