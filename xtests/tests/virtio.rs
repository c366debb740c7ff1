//! Mesa's virtio-gpu driver on a session, by way of the preload library: no X server, and nothing in `/dev/dri`.

use std::{
    os::{fd::OwnedFd, unix::net::UnixListener},
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

use pixbridge_xtests::{process, renderer};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(60);

/// A session that serves all who connect, ended on drop.
struct Session {
    child: Child,
    socket: PathBuf,
    _directory: TempDir,
}

impl Session {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("session");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let child = Command::new(renderer::our_binary().expect("our binary"))
            .args(["--gl", "surfaceless", "session", "--shared"])
            .env_remove("DISPLAY")
            .stdin(OwnedFd::from(listener))
            .spawn()
            .expect("a session");
        Self {
            child,
            socket,
            _directory: directory,
        }
    }

    /// What a program writes that has this session for a GPU.
    fn output(&self, program: &str, arguments: &[&str]) -> String {
        let library = renderer::our_binary()
            .expect("our binary")
            .with_file_name("libpixbridge_guest.so");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("LD_PRELOAD", library)
            .env("PIXBRIDGE_SOCKET", &self.socket);
        for variable in [
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "LIBGL_ALWAYS_SOFTWARE",
            "GALLIUM_DRIVER",
        ] {
            command.env_remove(variable);
        }
        process::run(command, LIMIT)
            .expect("a program that ends")
            .output()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The driver that eglinfo names for a platform.
fn driver<'a>(report: &'a str, platform: &str) -> Option<&'a str> {
    let section = report.split_once(&format!("{platform} platform:"))?.1;
    let section = section.split(" platform:").next()?;
    section
        .lines()
        .find_map(|line| line.strip_prefix("EGL driver name: "))
}

#[test]
fn egl_without_a_display_and_on_devices_is_the_virtio_driver() {
    let session = Session::start();
    let report = session.output("eglinfo", &["-B"]);
    for platform in ["Surfaceless", "Device"] {
        assert_eq!(
            driver(&report, platform),
            Some("virtio_gpu"),
            "{platform}: {report}"
        );
    }
    assert!(report.contains("EGL_ANDROID_native_fence_sync"), "{report}");
    assert!(
        report.contains("EGL_EXT_image_dma_buf_import_modifiers"),
        "{report}"
    );
}

#[test]
fn without_a_session_the_library_changes_nothing() {
    let mut session = Session::start();
    session.socket = PathBuf::new();
    let report = session.output("eglinfo", &["-B"]);
    assert_eq!(driver(&report, "Surfaceless"), Some("swrast"), "{report}");
}
