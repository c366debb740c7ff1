//! Fences in shared memory, as DRI3's FenceFromFD takes them.
//!
//! The server triggers one when it no longer reads a buffer; looking at it costs a read of memory. The layout is that
//! of [libxshmfence](https://gitlab.freedesktop.org/xorg/lib/libxshmfence): a futex, 0 until it is triggered, 1 from
//! then on, and -1 while somebody sleeps until it is.

use std::{
    os::fd::OwnedFd,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    thread::futex::{self, Flags, Timespec},
};

use crate::memory::{MemoryError, SharedMemory};

/// The size of the file: a page.
const BYTES: u64 = 4096;
const UNTRIGGERED: u32 = 0;
const TRIGGERED: u32 = 1;
/// -1: not triggered, and somebody sleeps.
const AWAITED: u32 = u32::MAX;

/// A fence that another process shares.
#[derive(Debug)]
pub struct ShmFence(SharedMemory);

impl ShmFence {
    /// Makes one, triggered, and the file for the other side.
    ///
    /// # Errors
    /// If the kernel gives no memory.
    pub fn create() -> Result<(Self, OwnedFd), MemoryError> {
        let (memory, fd) = SharedMemory::create("pixbridge-fence", BYTES)?;
        let fence = Self(memory);
        fence.trigger();
        Ok((fence, fd))
    }

    /// Maps one that somebody else made; `None` if the file is too short.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn map(fd: &OwnedFd) -> Result<Option<Self>, MemoryError> {
        let memory = SharedMemory::map(fd)?;
        Ok((memory.len() >= size_of::<AtomicU32>()).then_some(Self(memory)))
    }

    /// Triggers it, and wakes who sleeps.
    pub fn trigger(&self) {
        if self.word().swap(TRIGGERED, Ordering::AcqRel) == AWAITED
            && let Err(error) = futex::wake(self.word(), Flags::empty(), i32::MAX as u32)
        {
            tracing::error!("waking those who wait for a fence: {error}");
        }
    }

    /// Makes a triggered fence untriggered.
    pub fn reset(&self) {
        let (from, to) = (TRIGGERED, UNTRIGGERED);
        // If it is untriggered already, it stays so.
        let _ = self
            .word()
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether it is triggered.
    pub fn is_triggered(&self) -> bool {
        self.word().load(Ordering::Acquire) == TRIGGERED
    }

    /// Sleeps until it is triggered, at most for `limit`. Says whether it is.
    pub fn wait(&self, limit: Duration) -> bool {
        let end = Instant::now().checked_add(limit);
        loop {
            let (from, to) = (UNTRIGGERED, AWAITED);
            let found = self
                .word()
                .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
            if found == Err(TRIGGERED) {
                return true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match futex::wait(self.word(), Flags::empty(), AWAITED, left.as_ref()) {
                Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => return self.is_triggered(),
            }
        }
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: the mapping starts at a page, is longer than a word, stays as long as `self`, and nothing but atomic
        // operations touches it: ours here, the other side's by the protocol.
        unsafe { AtomicU32::from_ptr(self.0.as_mut_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn both_sides_see_the_same_state() {
        let (ours, fd) = ShmFence::create().unwrap();
        let theirs = ShmFence::map(&fd).unwrap().unwrap();
        assert!(ours.is_triggered() && theirs.is_triggered());
        ours.reset();
        assert!(!theirs.is_triggered());
        theirs.trigger();
        assert!(ours.is_triggered());
    }

    #[test]
    fn who_sleeps_is_woken() {
        let (ours, fd) = ShmFence::create().unwrap();
        ours.reset();
        let sleeper = thread::spawn(move || ShmFence::map(&fd).unwrap().unwrap().wait(SOON));
        while ours.word().load(Ordering::Acquire) != AWAITED {
            thread::yield_now();
        }
        ours.trigger();
        assert!(sleeper.join().unwrap());
    }

    #[test]
    fn a_wait_ends_without_the_other_side() {
        let (fence, _fd) = ShmFence::create().unwrap();
        assert!(fence.wait(Duration::ZERO));
        fence.reset();
        let start = Instant::now();
        assert!(!fence.wait(Duration::from_millis(30)));
        assert!(start.elapsed() >= Duration::from_millis(30));
    }

    #[test]
    fn a_file_too_short_is_no_fence() {
        let (_memory, fd) = SharedMemory::create("test", 3).unwrap();
        assert!(ShmFence::map(&fd).unwrap().is_none());
    }
}
