//! Whether anybody else still has a file.
//!
//! Others are given an open file description of their own, with a shared lock on it
//! ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html)). Duplicates and mappings keep the description open,
//! whichever process they are in, and the kernel takes the lock away with the last of them. So as long as we cannot have
//! an exclusive lock on ours, somebody has the file. Who unlocks what it was given loses what would be kept for it, and
//! no more.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};

/// The file for somebody else.
///
/// # Errors
/// If it cannot be opened once more, as dmabufs cannot.
pub(super) fn lend(file: &OwnedFd) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let lent = open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    match flock(&lent, FlockOperation::NonBlockingLockShared) {
        // Somebody who has it has locked it, and so it counts as lent anyway.
        Ok(()) | Err(Errno::WOULDBLOCK) => Ok(lent),
        Err(error) => Err(error),
    }
}

/// Whether somebody has it.
pub(super) fn is_lent(file: &OwnedFd) -> bool {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            // It was ours for a moment.
            let _ = flock(file, FlockOperation::Unlock);
            false
        }
        Err(error) => error == Errno::WOULDBLOCK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::SharedMemory;

    #[test]
    fn a_file_is_lent_while_a_descriptor_or_a_mapping_is_left() {
        let (_ours, file) = SharedMemory::create("picture", 4096).unwrap();
        assert!(!is_lent(&file), "our own mapping does not count");
        let lent = lend(&file).unwrap();
        let (twice, mapping) = (lent.try_clone().unwrap(), SharedMemory::map(&lent).unwrap());
        drop(lent);
        assert!(is_lent(&file));
        drop(twice);
        assert!(is_lent(&file), "the mapping is left");
        drop(mapping);
        assert!(!is_lent(&file));
        lend(&file).unwrap();
        assert!(!is_lent(&file));
    }

    #[test]
    fn who_is_lent_a_file_cannot_keep_it_from_others() {
        let (_ours, file) = SharedMemory::create("picture", 4096).unwrap();
        let greedy = lend(&file).unwrap();
        flock(&greedy, FlockOperation::NonBlockingLockExclusive).unwrap();
        let other = lend(&file).unwrap();
        assert!(is_lent(&file));
        drop(greedy);
        flock(&other, FlockOperation::NonBlockingLockExclusive).unwrap();
    }
}
