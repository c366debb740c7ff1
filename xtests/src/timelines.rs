//! A stand-in for a DRM device with timelines, which machines without a GPU lack.
//!
//! A timeline is the first eight bytes of a file: the last point that is signalled. The [peer](crate::xpeer) knows it by
//! its descriptor, as X servers know the kernel's.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io,
    num::NonZeroU32,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    thread,
    time::Duration,
};

use pixbridge::present::TimelineDevice;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{MemfdFlags, ftruncate, memfd_create},
    io::{Errno, pread, pwrite, write},
};

const BYTES: usize = size_of::<u64>();

/// The last point of a timeline that is signalled.
///
/// # Errors
/// If the file is none.
pub fn reached(timeline: impl AsFd) -> io::Result<u64> {
    let mut point = [0; BYTES];
    match pread(timeline, &mut point, 0)? {
        BYTES => Ok(u64::from_ne_bytes(point)),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Signals a point, if it is not yet.
///
/// # Errors
/// If the file is none.
pub fn signal(timeline: impl AsFd, point: u64) -> io::Result<()> {
    if reached(&timeline)? < point {
        pwrite(timeline, &point.to_ne_bytes(), 0)?;
    }
    Ok(())
}

/// What the device refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// To make timelines.
    Create,
    /// To signal points.
    Signal,
    /// To say what is signalled.
    Query,
    /// To add to event counters, as old kernels.
    Notify,
}

/// The device.
#[derive(Debug, Default)]
pub struct Timelines {
    files: RefCell<BTreeMap<NonZeroU32, Arc<OwnedFd>>>,
    made: Cell<u32>,
    fault: Cell<Option<Fault>>,
}

impl Timelines {
    /// How many there are.
    pub fn live(&self) -> usize {
        self.files.borrow().len()
    }

    /// Refuses something from now on, in place of what it refused before.
    pub fn refuse(&self, fault: impl Into<Option<Fault>>) {
        self.fault.set(fault.into());
    }

    fn check(&self, fault: Fault) -> io::Result<()> {
        match self.fault.get() == Some(fault) {
            true => Err(Errno::NODEV.into()),
            false => Ok(()),
        }
    }

    fn file(&self, timeline: NonZeroU32) -> io::Result<Arc<OwnedFd>> {
        let found = self.files.borrow().get(&timeline).cloned();
        found.ok_or_else(|| Errno::NOENT.into())
    }
}

impl TimelineDevice for Timelines {
    fn create(&self) -> io::Result<NonZeroU32> {
        self.check(Fault::Create)?;
        let file = memfd_create("timeline", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, BYTES as u64)?;
        let timeline = NonZeroU32::MIN.saturating_add(self.made.get());
        self.made.set(timeline.get());
        self.files.borrow_mut().insert(timeline, Arc::new(file));
        Ok(timeline)
    }

    fn destroy(&self, timeline: NonZeroU32) -> io::Result<()> {
        let gone = self.files.borrow_mut().remove(&timeline);
        gone.map(drop).ok_or_else(|| Errno::NOENT.into())
    }

    fn export(&self, timeline: NonZeroU32) -> io::Result<OwnedFd> {
        self.file(timeline)?.try_clone()
    }

    fn signal(&self, timeline: NonZeroU32, point: u64) -> io::Result<()> {
        self.check(Fault::Signal)?;
        signal(self.file(timeline)?, point)
    }

    /// A fence is anything that becomes readable.
    fn import_fence(&self, timeline: NonZeroU32, point: u64, fence: BorrowedFd<'_>) -> io::Result<()> {
        let (file, fence) = (self.file(timeline)?, fence.try_clone_to_owned()?);
        thread::spawn(move || {
            let awaited = poll(&mut [PollFd::new(&fence, PollFlags::IN)], None);
            awaited.map_err(io::Error::from).and_then(|_| signal(file, point))
        });
        Ok(())
    }

    fn query(&self, timeline: NonZeroU32) -> io::Result<u64> {
        self.check(Fault::Query)?;
        reached(self.file(timeline)?)
    }

    fn notify(&self, timeline: NonZeroU32, point: u64, event: BorrowedFd<'_>) -> io::Result<()> {
        self.check(Fault::Notify)?;
        let (file, event) = (Arc::downgrade(&self.file(timeline)?), event.try_clone_to_owned()?);
        // Others write to the file, and a file tells nobody.
        thread::spawn(move || {
            while let Some(file) = file.upgrade() {
                if reached(&file)? >= point {
                    return Ok(write(&event, &1u64.to_ne_bytes()).map(drop)?);
                }
                drop(file);
                thread::sleep(Duration::from_millis(1));
            }
            io::Result::Ok(())
        });
        Ok(())
    }
}
