//! A display number of our own: the lock file and the socket that X clients and servers of this machine agree on.
//!
//! Both go with the [`DisplaySocket`]. What another process has left behind is replaced, if that process has ended.

use std::{
    fs, io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::{
            fs::{FileTypeExt, PermissionsExt},
            net::{SocketAddr, UnixStream},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with},
    process::{Pid, test_kill_process},
};

/// The numbers that are tried, below which people start servers by hand.
const NUMBERS: std::ops::Range<u32> = 20..1000;
/// Clients that may wait to be let in.
const BACKLOG: i32 = 128;

/// Why there is no display.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody has the number.
    #[error("display :{0} is in use")]
    InUse(u32),
    /// Somebody has each of the numbers.
    #[error("displays :{} to :{} are all in use", NUMBERS.start, NUMBERS.end - 1)]
    NoneFree,
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Where displays are found.
#[derive(Debug, Clone)]
pub struct Places {
    /// The directory of the sockets.
    pub sockets: PathBuf,
    /// The directory of the lock files.
    pub locks: PathBuf,
}

impl Default for Places {
    /// Where all programs look.
    fn default() -> Self {
        Self {
            sockets: "/tmp/.X11-unix".into(),
            locks: "/tmp".into(),
        }
    }
}

/// A display's listening socket.
#[derive(Debug)]
pub struct DisplaySocket {
    number: u32,
    socket: OwnedFd,
    // In the order in which they have to go.
    _path: Removed,
    _lock: Removed,
}

impl DisplaySocket {
    /// Takes this display number, or the lowest free one from 20 on.
    ///
    /// # Errors
    /// If it is in use, all are, or a file cannot be made.
    pub fn claim(places: &Places, number: Option<u32>) -> Result<Self, ClaimError> {
        make_directory(&places.sockets).map_err(at(&places.sockets))?;
        if let Some(number) = number {
            return Self::take(places, number);
        }
        for number in NUMBERS {
            match Self::take(places, number) {
                Err(ClaimError::InUse(_)) => {}
                result => return result,
            }
        }
        Err(ClaimError::NoneFree)
    }

    /// The display's number.
    pub fn number(&self) -> u32 {
        self.number
    }

    fn take(places: &Places, number: u32) -> Result<Self, ClaimError> {
        let path = places.sockets.join(format!("X{number}"));
        // Clients try the abstract name first.
        if SocketAddr::from_abstract_name(path.as_os_str().as_encoded_bytes())
            .and_then(|name| UnixStream::connect_addr(&name))
            .is_ok()
        {
            return Err(ClaimError::InUse(number));
        }
        let lock = lock(&places.locks, number)?;
        clear(&path, number)?;
        let socket = open(&path).map_err(at(&path))?;
        Ok(Self {
            number,
            socket,
            _path: Removed(path),
            _lock: lock,
        })
    }
}

impl AsFd for DisplaySocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A file that goes with its owner.
#[derive(Debug)]
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!("removing {}: {error}", self.0.display());
        }
    }
}

/// Makes the directory of the sockets as X servers do, if it is not there.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().create(path) {
        // The mode of a new directory is subject to the umask.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o1777)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the lock file of a display, with the number of this process as other programs read it.
fn lock(directory: &Path, number: u32) -> Result<Removed, ClaimError> {
    let path = directory.join(format!(".X{number}-lock"));
    loop {
        let mine = tempfile::Builder::new()
            .prefix(".tX")
            .permissions(fs::Permissions::from_mode(0o444))
            .tempfile_in(directory)
            .map_err(at(directory))?;
        fs::write(mine.path(), format!("{:10}\n", std::process::id())).map_err(at(&path))?;
        match mine.persist_noclobber(&path) {
            Ok(_) => return Ok(Removed(path)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_stale(&path).map_err(at(&path))? {
                    return Err(ClaimError::InUse(number));
                }
                put_away(directory, &path).map_err(at(&path))?;
            }
            Err(error) => return Err(at(&path)(error.error)),
        }
    }
}

/// Whether the process that made a lock file has ended. One that is gone is stale, too.
fn is_stale(path: &Path) -> io::Result<bool> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let owner = text.trim().parse().ok().and_then(Pid::from_raw);
    Ok(owner.is_some_and(|owner| test_kill_process(owner) == Err(Errno::SRCH)))
}

/// Removes a lock file that was seen to be stale. It is moved away first and looked at once more there: somebody else
/// could have replaced it meanwhile.
fn put_away(directory: &Path, path: &Path) -> io::Result<()> {
    let away = tempfile::Builder::new().prefix(".tX").tempdir_in(directory)?;
    let moved = away.path().join("lock");
    match fs::rename(path, &moved) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    if is_stale(&moved)? {
        return Ok(());
    }
    fs::hard_link(&moved, path)
}

/// Makes way for a socket, if nobody listens there.
fn clear(path: &Path, number: u32) -> Result<(), ClaimError> {
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            let found = fs::symlink_metadata(path).map_err(at(path))?;
            if found.file_type().is_socket() {
                return fs::remove_file(path).map_err(at(path));
            }
            Err(ClaimError::InUse(number))
        }
        Ok(_) | Err(_) => Err(ClaimError::InUse(number)),
    }
}

/// Listens on a path that only this user reaches.
fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    // Nobody can connect before we listen.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}

fn at(path: &Path) -> impl Fn(io::Error) -> ClaimError {
    let path = path.to_owned();
    move |error| ClaimError::File {
        path: path.clone(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn places() -> (tempfile::TempDir, Places) {
        let directory = tempfile::tempdir().unwrap();
        let places = Places {
            sockets: directory.path().join(".X11-unix"),
            locks: directory.path().to_owned(),
        };
        (directory, places)
    }

    /// The number of a process that has ended.
    fn ended() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    #[test]
    fn the_lowest_free_number_is_taken_and_given_back_with_all_its_files() {
        let (directory, places) = places();
        let first = DisplaySocket::claim(&places, None).unwrap();
        let second = DisplaySocket::claim(&places, None).unwrap();
        assert_eq!((first.number(), second.number()), (20, 21));
        let lock = fs::read_to_string(places.locks.join(".X20-lock")).unwrap();
        assert_eq!(lock, format!("{:10}\n", std::process::id()));
        let socket = fs::metadata(places.sockets.join("X20")).unwrap();
        assert_eq!(socket.permissions().mode() & 0o777, 0o600);
        assert!(UnixStream::connect(places.sockets.join("X20")).is_ok());
        drop((first, second));
        assert_eq!(fs::read_dir(&places.sockets).unwrap().count(), 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_ended_process_left_is_replaced() {
        let (_directory, places) = places();
        fs::create_dir(&places.sockets).unwrap();
        drop(UnixListener::bind(places.sockets.join("X20")).unwrap());
        fs::write(places.locks.join(".X20-lock"), format!("{:10}\n", ended())).unwrap();
        assert_eq!(DisplaySocket::claim(&places, None).unwrap().number(), 20);
    }

    #[test]
    fn what_somebody_uses_is_left_alone() {
        let (_directory, places) = places();
        fs::create_dir(&places.sockets).unwrap();
        let _server = UnixListener::bind(places.sockets.join("X20")).unwrap();
        fs::write(places.locks.join(".X21-lock"), "         1\n").unwrap();
        fs::write(places.locks.join(".X22-lock"), "of value").unwrap();
        fs::write(places.sockets.join("X23"), "of value").unwrap();
        let abstract_name = places.sockets.join("X24");
        let name = SocketAddr::from_abstract_name(abstract_name.as_os_str().as_encoded_bytes()).unwrap();
        let _listener = UnixListener::bind_addr(&name).unwrap();
        for number in 20..25 {
            let refused = DisplaySocket::claim(&places, Some(number));
            assert!(
                matches!(refused, Err(ClaimError::InUse(n)) if n == number),
                "{number}"
            );
        }
        assert_eq!(DisplaySocket::claim(&places, None).unwrap().number(), 25);
        assert_eq!(
            fs::read_to_string(places.sockets.join("X23")).unwrap(),
            "of value"
        );
    }

    #[test]
    fn a_lock_that_was_replaced_while_it_was_looked_at_is_put_back() {
        let (directory, places) = places();
        let path = places.locks.join(".X20-lock");
        fs::write(&path, format!("{:10}\n", std::process::id())).unwrap();
        put_away(directory.path(), &path).unwrap();
        assert!(!is_stale(&path).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
