//! Whether the machine was there: threads that want little and want it often tell when they did not get it.
//!
//! A test of time has nothing to say about a moment at which the processors were busy with something else, were not
//! given to an emulated machine, or at which the X server answered nobody.

use std::{
    io,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use pixbridge::present::ust_now;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use x11rb::{errors::ConnectError, protocol::xproto::ConnectionExt as _, rust_connection::RustConnection};

/// How long the threads sleep between two looks.
const NAP: Duration = Duration::from_millis(2);
/// Why nobody can stand guard.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel does not tell which processors there are, or has no more threads.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The X server takes no connection.
    #[error(transparent)]
    Server(#[from] ConnectError),
}

/// How long something may take before it counts as missing; more than the 2 ms between two looks.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until a processor is to be had.
    pub processor: Duration,
    /// Until the X server answers.
    pub server: Duration,
}

/// Threads on guard: one for each processor, and one that asks the X server whether it is there.
#[derive(Debug)]
pub struct LoadWatch {
    over: Arc<AtomicBool>,
    guards: Vec<JoinHandle<Vec<Range<u64>>>>,
}

/// When a processor or the X server was not to be had: spans of the monotonic clock in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stalls(Vec<Range<u64>>);

impl LoadWatch {
    /// Begins to watch the processors that this process may use, and the X server of that name; `None` means that of
    /// the environment.
    ///
    /// # Errors
    /// If one of them cannot be watched.
    pub fn start(display: Option<&str>, patience: Patience) -> Result<Self, LoadError> {
        let usable = sched_getaffinity(None).map_err(io::Error::from)?;
        let (server, _) = RustConnection::connect(display)?;
        let mut watch = Self {
            over: Arc::default(),
            guards: Vec::new(),
        };
        for processor in (0..CpuSet::MAX_CPU).filter(|processor| usable.is_set(*processor)) {
            watch.post(move |over| {
                // Where this is refused the thread watches whatever processor it gets.
                let _ = sched_setaffinity(None, &only(processor));
                stand_guard(over, patience.processor, || true)
            })?;
        }
        watch.post(move |over| stand_guard(over, patience.server, || answers(&server)))?;
        Ok(watch)
    }

    fn post(
        &mut self,
        guard: impl FnOnce(&AtomicBool) -> Vec<Range<u64>> + Send + 'static,
    ) -> io::Result<()> {
        let over = self.over.clone();
        self.guards
            .push(thread::Builder::new().spawn(move || guard(&over))?);
        Ok(())
    }

    /// Ends the threads and gathers what they saw.
    ///
    /// # Panics
    /// If one of them did.
    pub fn stop(mut self) -> Stalls {
        self.over.store(true, Ordering::Relaxed);
        let guards = self.guards.drain(..);
        Stalls::new(guards.flat_map(|guard| guard.join().expect("a guard")).collect())
    }
}

impl Drop for LoadWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn answers(server: &RustConnection) -> bool {
    server.get_input_focus().is_ok_and(|asked| asked.reply().is_ok())
}

fn only(processor: usize) -> CpuSet {
    let mut only = CpuSet::new();
    only.set(processor);
    only
}

/// Looks again and again until it is over or a look fails, and says between which looks more than `patience` went by.
fn stand_guard(over: &AtomicBool, patience: Duration, mut look: impl FnMut() -> bool) -> Vec<Range<u64>> {
    let mut late = Vec::new();
    let mut last = ust_now();
    while !over.load(Ordering::Relaxed) {
        thread::sleep(NAP);
        let there = look();
        let now = ust_now();
        if u128::from(now - last) > patience.as_micros() {
            late.push(last..now);
        }
        if !there {
            break;
        }
        last = now;
    }
    late
}

impl Stalls {
    /// Takes spans that may overlap.
    pub fn new(mut spans: Vec<Range<u64>>) -> Self {
        spans.sort_unstable_by_key(|span| span.start);
        let mut apart: Vec<Range<u64>> = Vec::new();
        for span in spans {
            match apart.last_mut().filter(|last| span.start <= last.end) {
                Some(last) => last.end = last.end.max(span.end),
                None => apart.push(span),
            }
        }
        Self(apart)
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: impl IntoIterator<Item = Range<u64>>) -> Self {
        self.0.extend(others);
        Self::new(self.0)
    }

    /// How much of a span was lost, in microseconds.
    pub fn lost(&self, within: &Range<u64>) -> u64 {
        let parts = self.0.iter().map(|stall| {
            let (start, end) = (stall.start.max(within.start), stall.end.min(within.end));
            end.saturating_sub(start)
        });
        parts.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_several_lost_counts_once() {
        let stalls = Stalls::new(vec![50..60, 10..20, 15..30, 16..18]);
        assert_eq!(stalls.lost(&(0..100)), 30);
        assert_eq!(stalls.lost(&(25..55)), 10);
        assert_eq!(stalls.lost(&(30..50)), 0);
        assert_eq!(stalls.and(vec![40..55, 12..13]).lost(&(0..100)), 40);
    }
}
