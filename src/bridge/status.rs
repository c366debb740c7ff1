//! How a running bridge tells what it does: a socket in the user's runtime directory that gives one report to each
//! who connects. A bridge that nobody asks does nothing for it.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use super::report::Report;

/// The longest report that is read.
const MAX_REPORT: u64 = 4 << 20;
/// How long a bridge may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The directory or the socket.
    #[error("{path}: {error}")]
    Path {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Something else answered.
    #[error("{path} gives no report: {error}")]
    Report {
        /// Which socket.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

/// Where the sockets of a user's bridges are: `pixbridge` in `XDG_RUNTIME_DIR`, or a directory of the user's own in
/// `/tmp`.
pub fn directory() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(runtime) if !runtime.is_empty() => PathBuf::from(runtime).join("pixbridge"),
        _ => PathBuf::from(format!("/tmp/pixbridge-{}", rustix::process::getuid().as_raw())),
    }
}

/// The asked side: a socket that is removed with it.
#[derive(Debug)]
pub struct StatusSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl StatusSocket {
    /// Makes the socket of this process in `directory`, which is made for this user alone if it is not there.
    ///
    /// # Errors
    /// If the directory belongs to somebody else, or the socket cannot be made.
    pub fn create(directory: &Path) -> Result<Self, StatusError> {
        private_directory(directory).map_err(|error| at(directory, error))?;
        let path = directory.join(format!("compose-{}.sock", std::process::id()));
        // A socket of a process of the same number that was killed.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).map_err(|error| at(&path, error))?;
        listener.set_nonblocking(true).map_err(|error| at(&path, error))?;
        Ok(Self { listener, path })
    }

    /// Answers everybody who has connected since.
    pub fn answer(&self, report: impl FnOnce() -> Report) {
        let mut askers = Vec::new();
        while let Ok((stream, _)) = self.listener.accept() {
            askers.push(stream);
        }
        if askers.is_empty() {
            return;
        }
        let Ok(text) = serde_json::to_vec(&report()) else {
            return;
        };
        for mut stream in askers {
            // Who does not read gets no report.
            let _ = stream.set_write_timeout(Some(Duration::from_millis(10)));
            let _ = stream.write_all(&text);
        }
    }
}

impl AsFd for StatusSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!("removing {}: {error}", self.path.display());
        }
    }
}

/// Asks every bridge whose socket is in `directory`. Those that are gone are left out.
///
/// # Errors
/// If the directory cannot be read, or a socket in it gives something else than a report.
pub fn ask_all(directory: &Path) -> Result<Vec<Report>, StatusError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(directory, error)),
    };
    let mut reports = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| at(directory, error))?.path();
        if path.extension().is_none_or(|extension| extension != "sock") {
            continue;
        }
        match ask(&path) {
            Ok(report) => reports.push(report),
            Err(StatusError::Path { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    reports.sort_by_key(|report| report.process);
    Ok(reports)
}

fn ask(path: &Path) -> Result<Report, StatusError> {
    let read = || -> io::Result<Vec<u8>> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut text = Vec::new();
        stream.take(MAX_REPORT).read_to_end(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| at(path, error))?;
    serde_json::from_slice(&text).map_err(|error| StatusError::Report {
        path: path.to_owned(),
        error,
    })
}

fn at(path: &Path, error: io::Error) -> StatusError {
    StatusError::Path {
        path: path.to_owned(),
        error,
    }
}

/// Makes a directory that only this user can enter, or checks that it is one.
fn private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = std::fs::symlink_metadata(path)?;
    let ours =
        found.is_dir() && found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o022 == 0;
    if ours {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "others can write there",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    fn report() -> Report {
        Report {
            process: 7,
            guest: ":1".into(),
            host: ":2".into(),
            seconds: 1.5,
            windows: Vec::new(),
        }
    }

    #[test]
    fn who_connects_gets_the_report() {
        let directory = tempfile::tempdir().unwrap();
        let socket = StatusSocket::create(&directory.path().join("status")).unwrap();
        let path = directory.path().join("status");
        let asker = thread::spawn(move || ask_all(&path).unwrap());
        poll(&mut [PollFd::new(&socket, PollFlags::IN)], None).unwrap();
        socket.answer(report);
        assert_eq!(asker.join().unwrap(), [report()]);
    }

    #[test]
    fn a_socket_goes_with_its_bridge() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("status");
        drop(StatusSocket::create(&path).unwrap());
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 0);
        assert_eq!(ask_all(&path).unwrap(), []);
    }

    #[test]
    fn a_directory_that_others_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = StatusSocket::create(directory.path()).unwrap_err();
        assert!(
            refused.to_string().contains("others can write there"),
            "{refused}"
        );
    }
}
