//! Which descriptors are devices of ours, and what we know of each.
//!
//! A descriptor is a device if its peer is the session's socket. What we know of it is found by the socket's cookie, which the
//! kernel never gives twice: so a duplicate, or the same socket in another descriptor that came over a third, is the same
//! device, and a new socket under an old number is another.
//!
//! Nobody tells us when a socket is closed, and we must hold no descriptor of it, or it would never be. So when there have
//! come to be many devices, `/proc/self/fd` tells which of them are still open somewhere in the process, and the others are
//! forgotten. A device whose only descriptor is under way in a message just then is forgotten too: the session refuses the
//! second greeting, and the device is lost.
//!
//! After a fork two processes have the connection, but each knows only what it has said itself. The child may not use what the
//! parent has used.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
};

use rustix::{
    fs::fstat,
    io::{self, Errno, fcntl_dupfd_cloexec},
    net::{SocketAddrUnix, getpeername, sockopt::socket_cookie},
};

use crate::{config::Config, device::Device};

/// So many devices are not worth looking through.
const FEW: usize = 16;

static KNOWN: Mutex<Known> = Mutex::new(Known {
    devices: BTreeMap::new(),
    many: FEW,
});

struct Known {
    devices: BTreeMap<u64, Entry>,
    /// The number of devices at which those that are gone are looked for.
    many: usize,
}

/// A device, and what is needed to find its descriptor.
#[derive(Clone)]
struct Entry {
    device: Arc<Device>,
    inode: u64,
    user: User,
    /// The descriptor that it was found by last.
    fd: i32,
}

/// Who has talked on a device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum User {
    Us,
    Parent,
}

/// The device that a descriptor is; none if it is something else.
///
/// # Errors
/// ENODEV in a child of the process that has used the device.
pub(crate) fn find(fd: BorrowedFd<'_>) -> io::Result<Option<Arc<Device>>> {
    let Some(config) = Config::get() else {
        return Ok(None);
    };
    let Ok(cookie) = socket_cookie(fd) else {
        return Ok(None);
    };
    let mut known = lock();
    if let Some(entry) = known.devices.get_mut(&cookie) {
        entry.fd = fd.as_raw_fd();
        return match entry.user {
            User::Us => Ok(Some(Arc::clone(&entry.device))),
            User::Parent => Err(Errno::NODEV),
        };
    }
    match leads_to(fd, config.socket().to_bytes()) {
        true => known.add(cookie, fd).map(Some),
        false => Ok(None),
    }
}

/// Whether a descriptor is a device. This makes nothing known.
pub(crate) fn is_device(fd: BorrowedFd<'_>) -> bool {
    Config::get().is_some_and(|config| leads_to(fd, config.socket().to_bytes()))
}

/// Some device of this process, with a descriptor of it.
pub(crate) fn any() -> Option<(Arc<Device>, OwnedFd)> {
    let entries: Vec<_> = lock()
        .devices
        .iter()
        .map(|(cookie, entry)| (*cookie, entry.clone()))
        .collect();
    entries.into_iter().rev().find_map(|(cookie, entry)| {
        if entry.user == User::Parent {
            return None;
        }
        // SAFETY: the number is only used to duplicate what it stands for, which may be nothing.
        let fd = unsafe { BorrowedFd::borrow_raw(entry.fd) };
        let fd = fcntl_dupfd_cloexec(fd, 3).ok()?;
        (socket_cookie(&fd) == Ok(cookie)).then_some((entry.device, fd))
    })
}

impl Known {
    fn add(&mut self, cookie: u64, fd: BorrowedFd<'_>) -> io::Result<Arc<Device>> {
        static WATCHED: Once = Once::new();
        WATCHED.call_once(watch_forks);
        if self.devices.len() >= self.many {
            self.forget_closed();
        }
        let entry = Entry {
            device: Arc::default(),
            inode: fstat(fd)?.st_ino,
            user: User::Us,
            fd: fd.as_raw_fd(),
        };
        let device = Arc::clone(&entry.device);
        self.devices.insert(cookie, entry);
        Ok(device)
    }

    fn forget_closed(&mut self) {
        if let Ok(open) = open_sockets() {
            self.devices.retain(|_, entry| open.contains(&entry.inode));
        }
        self.many = FEW.max(2 * self.devices.len());
    }
}

/// The inodes of the sockets that this process has open.
fn open_sockets() -> std::io::Result<BTreeSet<u64>> {
    let links = fs::read_dir("/proc/self/fd")?.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    Ok(links.filter_map(|link| socket_inode(link.to_str()?)).collect())
}

/// The inode in the name that `/proc` gives a socket.
fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn leads_to(fd: BorrowedFd<'_>, path: &[u8]) -> bool {
    let Ok(Some(peer)) = getpeername(fd) else {
        return false;
    };
    SocketAddrUnix::try_from(peer).is_ok_and(|peer| peer.path_bytes() == Some(path))
}

fn lock() -> MutexGuard<'static, Known> {
    // Each change is a single step, so what a panic has left is whole.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sees to it that a child knows whose devices it has inherited, and does not begin with a lock that some other thread of its
/// parent had taken.
fn watch_forks() {
    thread_local! {
        static HELD: RefCell<Option<MutexGuard<'static, Known>>> = const { RefCell::new(None) };
    }
    extern "C" fn before() {
        let _ = HELD.try_with(|held| held.replace(Some(lock())));
    }
    extern "C" fn in_parent() {
        let _ = HELD.try_with(RefCell::take);
    }
    extern "C" fn in_child() {
        if let Ok(Some(mut known)) = HELD.try_with(RefCell::take) {
            known
                .devices
                .values_mut()
                .for_each(|entry| entry.user = User::Parent);
        }
    }
    // SAFETY: these are functions of the process's lifetime. Where they cannot be registered, there is no memory left.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

#[cfg(test)]
mod tests {
    use std::os::{fd::AsFd, unix::net::UnixStream};

    use rustix::fs::fstat;

    use super::{Known, open_sockets, socket_inode};

    #[test]
    fn a_sockets_inode_stands_in_its_name() {
        assert_eq!(socket_inode("socket:[4711]"), Some(4711));
        assert_eq!(socket_inode("anon_inode:[eventfd]"), None);
        assert_eq!(socket_inode("socket:[]"), None);
    }

    #[test]
    fn an_open_socket_is_among_the_open_ones() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert!(open_sockets().unwrap().contains(&fstat(&ours).unwrap().st_ino));
    }

    #[test]
    fn when_there_are_many_devices_the_closed_ones_are_forgotten() {
        let mut known = Known {
            devices: Default::default(),
            many: 2,
        };
        let (kept, other) = UnixStream::pair().unwrap();
        known.add(1, kept.as_fd()).unwrap();
        known.add(2, other.as_fd()).unwrap();
        drop(other);
        let (third, _) = UnixStream::pair().unwrap();
        known.add(3, third.as_fd()).unwrap();
        assert_eq!(known.devices.keys().copied().collect::<Vec<_>>(), [1, 3]);
    }
}
