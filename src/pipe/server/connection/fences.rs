//! What a connection waits for, and what waits for it: batches with fences, BUSY_WAIT, WAIT, SIGNAL, merged fences,
//! timelines.
//!
//! A fence that a client gets is an eventfd. It becomes readable when GL has come past the [`Mark`] that was set with it,
//! at the latest when the connection ends: whoever was handed the fence does not wait for ever. Of a fence that the client
//! makes itself, we get one end and close it. Nothing is written to what a client made: it could see to it that we wait.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};

use super::{Connection, State};
use crate::pipe::{
    server::{error::SessionError, renderer::Renderer, timelines::signal},
    wire::vtest::{Request, Submit2, SyncPoint},
};

/// A mark in what GL was given, and what happens when GL has come past it.
#[derive(Debug)]
pub(super) struct Mark<F> {
    fence: F,
    then: Then,
}

/// What happens when GL has come past a mark.
#[derive(Debug)]
pub(super) enum Then {
    /// The answer to a request of that number.
    Answer { command: u32, serial: u32 },
    /// Points of timelines are reached.
    Reach(Vec<SyncPoint>),
    /// A fence of ours that the client has becomes readable.
    Signal(OwnedFd),
    /// Our end of a fence of the client's is closed.
    Close(OwnedFd),
}

/// Fences of which a third one is made.
#[derive(Debug)]
pub(super) struct Merge {
    /// Those that are not readable yet.
    left: Vec<OwnedFd>,
    event: OwnedFd,
}

impl<R: Renderer> Connection<R> {
    pub(super) fn submit2(&mut self, submit: &Submit2<'_>) -> Result<(), SessionError> {
        let (first, resumed) = match self.state {
            State::Resumed { batch } => (batch, true),
            _ => (0, false),
        };
        self.state = State::Ready;
        for (index, batch) in submit.batches().enumerate().skip(first) {
            let was_waited_for = resumed && index == first;
            if batch.flags.has_in_fence() && !was_waited_for {
                let fence = self.fds.pop_front().ok_or(SessionError::NoDescriptor)?;
                if !is_readable(&fence)? {
                    self.renderer.flush();
                    self.state = State::Fenced { fence, batch: index };
                    return Ok(());
                }
            }
            self.renderer.submit(&batch.commands.words());
            if !batch.syncs.is_empty() {
                self.mark(Then::Reach(batch.syncs.iter().collect()))?;
            }
            if batch.flags.has_out_fence() {
                let fence = eventfd(0, EventfdFlags::CLOEXEC).map_err(io::Error::from)?;
                self.send_fd(&fence)?;
                self.mark(Then::Signal(fence))?;
            }
        }
        Ok(())
    }

    pub(super) fn busy_wait(&mut self, wait: bool, alone: bool) -> Result<(), SessionError> {
        if wait
            && !alone
            && self.renderer.busy(false)
            && let Some(fence) = self.renderer.fence()
        {
            self.state = State::Busy(fence);
            return Ok(());
        }
        let busy = self.renderer.busy(wait);
        self.reply(7, &[busy.into()])
    }

    /// Has something happen when GL has come past all it was given so far.
    pub(super) fn mark(&mut self, then: Then) -> Result<(), SessionError> {
        match self.renderer.fence() {
            None => self.now(then),
            Some(_) if self.is_full_of_fences() => match then {
                Then::Answer { command, serial } => {
                    self.reply(command, &[serial, Errno::DQUOT.raw_os_error() as u32])
                }
                Then::Reach(_) | Then::Signal(_) | Then::Close(_) => Err(SessionError::Quota {
                    what: "another fence",
                    limit: self.limits.fences as u64,
                }),
            },
            Some(fence) => {
                self.marks.push_back(Mark { fence, then });
                Ok(())
            }
        }
    }

    pub(super) fn now(&mut self, then: Then) -> Result<(), SessionError> {
        match then {
            Then::Answer { command, serial } => self.reply(command, &[serial, 0])?,
            Then::Reach(points) => {
                for point in points {
                    self.timelines.write(point);
                }
            }
            Then::Signal(event) => signal(&event),
            Then::Close(end) => drop(end),
        }
        Ok(())
    }

    fn is_full_of_fences(&self) -> bool {
        self.marks.len() + self.merges.len() >= self.limits.fences
    }

    /// A mark behind all that this connection's GL was given; `None` if it has finished that.
    pub(in crate::pipe::server) fn fence(&mut self) -> Option<R::Fence> {
        self.renderer.fence()
    }

    /// Whether GL has come past a mark of this connection.
    pub(in crate::pipe::server) fn passed(&mut self, fence: &R::Fence, patience: Duration) -> bool {
        self.renderer.passed(fence, patience)
    }

    /// Whether GL has to be asked how far it is.
    pub(in crate::pipe::server) fn awaits_gl(&self) -> bool {
        matches!(self.state, State::Busy(_)) || !self.marks.is_empty()
    }

    /// Does what waited for GL and need not any more; the first wait may take as long as `patience`.
    ///
    /// # Errors
    /// Of the socket.
    pub(in crate::pipe::server) fn look_at_gl(&mut self, patience: Duration) -> Result<(), SessionError> {
        let mut patience = patience;
        let mut results_written = false;
        while let Some(mark) = self.marks.front()
            && self.renderer.passed(&mark.fence, patience)
        {
            patience = Duration::ZERO;
            // The results of queries are in guest memory before anybody hears of it.
            if !results_written {
                self.renderer.busy(false);
                results_written = true;
            }
            if let Some(mark) = self.marks.pop_front() {
                self.now(mark.then)?;
            }
        }
        if let State::Busy(fence) = &self.state
            && self.renderer.passed(fence, patience)
        {
            let busy = self.renderer.busy(true);
            self.state = State::Ready;
            self.reply(7, &[busy.into()])?;
        }
        Ok(())
    }

    /// The descriptors that others are to make readable.
    pub(in crate::pipe::server) fn awaited_fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let fence = match &self.state {
            State::Fenced { fence, .. } => Some(fence.as_fd()),
            _ => None,
        };
        let merged = self
            .merges
            .iter()
            .filter_map(|merge| Some(merge.left.first()?.as_fd()));
        fence.into_iter().chain(merged)
    }

    /// Goes on with what waited for descriptors that are readable now.
    ///
    /// # Errors
    /// Of polling.
    pub(in crate::pipe::server) fn look_at_fds(&mut self) -> Result<(), SessionError> {
        if let State::Fenced { fence, batch } = &self.state
            && is_readable(fence)?
        {
            self.state = State::Resumed { batch: *batch };
        }
        let mut at = 0;
        while let Some(merge) = self.merges.get_mut(at) {
            match merge.is_over()? {
                true => {
                    let merge = self.merges.swap_remove(at);
                    signal(&merge.event);
                }
                false => at += 1,
            }
        }
        Ok(())
    }

    /// SIGNAL: a descriptor of the client's is closed once GL is done.
    pub(super) fn signal(&mut self) -> Result<(), SessionError> {
        let end = self.fds.pop_front().ok_or(SessionError::NoDescriptor)?;
        self.mark(Then::Close(end))
    }

    /// FENCE_MERGE: a fence that is readable once two others are.
    pub(super) fn merge_fences(&mut self) -> Result<(), SessionError> {
        let mut next = || self.fds.pop_front().ok_or(SessionError::NoDescriptor);
        let left = vec![next()?, next()?];
        let refused = match eventfd(0, EventfdFlags::CLOEXEC) {
            Ok(_) if self.is_full_of_fences() => Errno::DQUOT,
            Err(error) => error,
            Ok(event) => {
                self.reply_fd(super::sharing::FENCE_MERGE, &[0], &event)?;
                let mut merge = Merge { left, event };
                match merge.is_over()? {
                    true => signal(&merge.event),
                    false => self.merges.push(merge),
                }
                return Ok(());
            }
        };
        self.reply(super::sharing::FENCE_MERGE, &[refused.raw_os_error() as u32])
    }

    /// Makes all fences readable that were given out.
    pub(super) fn release_fences(&mut self) {
        let marked = self.marks.drain(..).filter_map(|mark| match mark.then {
            Then::Signal(event) => Some(event),
            Then::Answer { .. } | Then::Reach(_) | Then::Close(_) => None,
        });
        marked
            .chain(self.merges.drain(..).map(|merge| merge.event))
            .for_each(|event| signal(&event));
    }

    pub(super) fn sync(&mut self, request: &Request<'_>) -> Result<(), SessionError> {
        match *request {
            Request::SyncCreate { value } => {
                self.check_timelines()?;
                let id = self.timelines.create(value);
                self.reply(19, &[id])
            }
            Request::SyncUnref(id) => {
                self.timelines.remove(id);
                Ok(())
            }
            Request::SyncRead(id) => {
                let value = self.timelines.read(id).ok_or(SessionError::Timeline(id))?;
                self.reply(21, &[value as u32, (value >> 32) as u32])
            }
            Request::SyncWrite(point) => match self.timelines.write(point) {
                true => Ok(()),
                false => Err(SessionError::Timeline(point.sync)),
            },
            Request::SyncWait {
                flags,
                timeout,
                points,
            } => {
                self.timelines.forget_expired();
                self.check_timelines()?;
                let any = flags & 1 != 0;
                let event = self.timelines.wait(points.iter().collect(), any, timeout)?;
                self.reply_fd(23, &[], &event)
            }
            _ => Err(SessionError::Unserved(request.kind().name())),
        }
    }

    fn check_timelines(&self) -> Result<(), SessionError> {
        let limit = self.limits.timelines;
        if self.timelines.len() >= limit {
            return Err(SessionError::Quota {
                what: "another timeline",
                limit: limit as u64,
            });
        }
        Ok(())
    }
}

impl Merge {
    /// Whether all are readable; those that are, are let go.
    fn is_over(&mut self) -> io::Result<bool> {
        while let Some(fence) = self.left.first() {
            if !is_readable(fence)? {
                return Ok(false);
            }
            self.left.swap_remove(0);
        }
        Ok(true)
    }
}

/// Whether a fence is signalled. One that cannot be waited for counts as signalled.
fn is_readable(fence: &OwnedFd) -> io::Result<bool> {
    let mut one = [PollFd::new(fence, PollFlags::IN)];
    rustix::io::retry_on_intr(|| poll(&mut one, Some(&Timespec::default())))?;
    Ok(!one[0].revents().is_empty())
}
