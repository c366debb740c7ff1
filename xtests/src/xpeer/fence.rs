//! Fences of the SYNC extension, and those that live in memory which client and server share.
//!
//! The shared ones are one `i32` at the start of a file: 1 is triggered, 0 is not, -1 is not and somebody sleeps on it as
//! a futex. Anybody may trigger them, so their state is always asked from the memory.

#![allow(unsafe_code)]

use std::{cell::RefCell, ffi::c_void, os::fd::OwnedFd, ptr::NonNull, rc::Rc, sync::atomic::AtomicU32};

use rustix::{
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
    thread::futex,
};

use super::{
    error::{ErrorCode, RequestError},
    memory::Memory,
};

const BYTES: usize = size_of::<i32>();

#[derive(Debug)]
pub(super) struct Fence(RefCell<State>);

#[derive(Debug)]
enum State {
    Own(bool),
    Shared(Shared),
}

impl Fence {
    pub(super) const fn new(triggered: bool) -> Self {
        Self(RefCell::new(State::Own(triggered)))
    }

    /// A fence in memory that a client gave; `BadValue` if it is too small.
    pub(super) fn shared(memory: Memory, triggered: bool) -> Result<Self, RequestError> {
        let shared = Shared::new(memory).map_err(|_| ErrorCode::Value)?;
        if triggered {
            shared.trigger();
        }
        Ok(Self(RefCell::new(State::Shared(shared))))
    }

    /// A descriptor of its memory, into which it moves if it was the server's alone.
    pub(super) fn share(&self) -> Result<OwnedFd, RequestError> {
        let mut state = self.0.borrow_mut();
        if let State::Own(triggered) = *state {
            let memory = Memory::create(BYTES as u64).map_err(|_| ErrorCode::Alloc)?;
            let shared = Shared::new(memory).map_err(|_| ErrorCode::Alloc)?;
            if triggered {
                shared.trigger();
            }
            *state = State::Shared(shared);
        }
        match &*state {
            State::Shared(shared) => shared.memory.duplicate().map_err(|_| ErrorCode::Alloc.into()),
            State::Own(_) => Err(ErrorCode::Alloc.into()),
        }
    }

    pub(super) fn trigger(&self) {
        match &mut *self.0.borrow_mut() {
            State::Own(triggered) => *triggered = true,
            State::Shared(shared) => shared.trigger(),
        }
    }

    pub(super) fn reset(&self) {
        match &mut *self.0.borrow_mut() {
            State::Own(triggered) => *triggered = false,
            State::Shared(shared) => shared.store(0),
        }
    }

    pub(super) fn is_triggered(&self) -> bool {
        match &*self.0.borrow() {
            State::Own(triggered) => *triggered,
            State::Shared(shared) => shared.is_triggered(),
        }
    }
}

/// A fence of the table, which presentations go on using after it was destroyed.
pub(super) type SharedFence = Rc<Fence>;

/// The memory is mapped only so that sleepers can be woken; values go through the file.
#[derive(Debug)]
struct Shared {
    memory: Memory,
    map: NonNull<c_void>,
}

impl Shared {
    fn new(memory: Memory) -> Result<Self, Errno> {
        if memory.size() < BYTES as u64 {
            return Err(Errno::INVAL);
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let map = unsafe {
            mmap(
                std::ptr::null_mut(),
                BYTES,
                access,
                MapFlags::SHARED,
                memory.file(),
                0,
            )
        }?;
        let map = NonNull::new(map).ok_or(Errno::NOMEM)?;
        Ok(Self { memory, map })
    }

    fn is_triggered(&self) -> bool {
        let mut value = [0; BYTES];
        self.memory.read(&mut value, 0).is_ok() && i32::from_ne_bytes(value) == 1
    }

    /// A client that takes the memory away loses its fence.
    fn store(&self, value: i32) {
        let _ = self.memory.write(&value.to_ne_bytes(), 0);
    }

    /// Whoever decided to sleep before the store is woken; whoever does after it finds the value changed.
    fn trigger(&self) {
        self.store(1);
        // SAFETY: the mapping begins at a page, lives as long as `self`, and is never accessed but as an atomic.
        let word = unsafe { AtomicU32::from_ptr(self.map.as_ptr().cast()) };
        // It fails only where there is nobody to wake.
        let _ = futex::wake(word, futex::Flags::empty(), i32::MAX as u32);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: this is the mapping of `new`, and nobody holds a reference into it.
        // Nothing can be done about a mapping that does not go.
        let _ = unsafe { munmap(self.map.as_ptr(), BYTES) };
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{atomic::Ordering, mpsc},
        thread,
        time::Duration,
    };

    use super::{super::memory::Gauge, *};

    #[test]
    fn a_sleeper_is_woken() {
        let memory = Memory::create(4).unwrap();
        let theirs = Memory::given(memory.duplicate().unwrap(), &Gauge::default());
        let theirs = Shared::new(theirs).unwrap();
        let address = theirs.map.as_ptr() as usize;
        let (sender, receiver) = mpsc::channel();
        theirs.store(-1);
        let sleeper = thread::spawn(move || {
            // SAFETY: the mapping of `theirs` outlives this thread, which is joined below.
            let word = unsafe { AtomicU32::from_ptr(address as *mut u32) };
            while word.load(Ordering::Acquire) != 1 {
                let _ = futex::wait(word, futex::Flags::empty(), -1i32 as u32, None);
            }
            sender.send(()).unwrap();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err());
        Fence::shared(memory, true).unwrap();
        receiver.recv_timeout(Duration::from_secs(5)).unwrap();
        sleeper.join().unwrap();
    }

    #[test]
    fn sharing_keeps_the_state() {
        for triggered in [false, true] {
            let fence = Fence::new(triggered);
            fence.share().unwrap();
            assert_eq!(fence.is_triggered(), triggered);
            fence.trigger();
            assert!(fence.is_triggered());
            fence.reset();
            assert!(!fence.is_triggered());
        }
    }

    #[test]
    fn memory_that_is_too_small_is_refused() {
        assert_eq!(
            Fence::shared(Memory::create(3).unwrap(), false).unwrap_err(),
            ErrorCode::Value.into()
        );
    }
}
