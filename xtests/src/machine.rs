//! The virtual machine of `Xvfb-ci/vm`, seen from inside: DRM devices, and Xorg with DRI3 and Present on one of them.
//!
//! Devices: `/dev/dri/card0` is vgem, memory that other devices import; `/dev/dri/card1` is the display, which the X server
//! drives: virtio-gpu without 3D, or vkms. Mesa draws on both with kms_swrast: llvmpipe into the devices' dumb buffers. Dumb
//! buffers are made on primary nodes only, so the render nodes beside them are of no use.

use std::{env, ffi::OsStr, process::Command, time::Duration};

use x11rb::{
    connection::Connection, errors::ConnectError, protocol::xproto::Screen, rust_connection::RustConnection,
};

use crate::{
    process::{self, ProcessError, Running},
    xvfb::Server,
};

/// How the machine's X server is set up.
const CONFIGURATION: &str = "/run/vm/xorg.conf";
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a server may take to leave the foreground to another.
const SWITCH_LIMIT: Duration = Duration::from_secs(30);

/// The primary node of the display that the X server drives.
pub const DISPLAY_NODE: &str = "/dev/dri/card1";

/// Why a test of the virtual machine cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// `PIXBRIDGE_VM` is not set.
    #[error("this test runs in the virtual machine: Xvfb-ci/vm {program}")]
    Outside {
        /// The program to run there.
        program: String,
    },
    /// The machine has no X server: it was started with `--no-x`.
    #[error("DISPLAY is not set in the virtual machine")]
    NoServer,
}

/// The machine that this process runs in.
#[derive(Debug)]
pub struct Machine {
    display: String,
}

impl Machine {
    /// The machine, if this process runs in it.
    ///
    /// # Errors
    /// [`MachineError::Outside`] elsewhere, [`MachineError::NoServer`] where no X server was started.
    pub fn inside() -> Result<Self, MachineError> {
        if env::var_os("PIXBRIDGE_VM").is_none() {
            let program = env::current_exe().unwrap_or_default().display().to_string();
            return Err(MachineError::Outside { program });
        }
        let display = env::var("DISPLAY").map_err(|_| MachineError::NoServer)?;
        Ok(Self { display })
    }

    /// A connection to its X server, and the server's screen.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn connect(&self) -> Result<(RustConnection, Screen), ConnectError> {
        let (connection, number) = RustConnection::connect(Some(&self.display))?;
        let screen = connection.setup().roots[number].clone();
        Ok((connection, screen))
    }

    /// Another X server like it, in the foreground until it is dropped. The first one goes on meanwhile, but draws to no
    /// window that is not redirected, and does not answer GLX clients.
    ///
    /// # Errors
    /// When it does not start in time.
    pub fn another_server(&self) -> Result<Xorg, ProcessError> {
        let mut command = Command::new("Xorg");
        command
            .args(["-displayfd", "1", "-config", CONFIGURATION, "-depth", "24"])
            .args(["-logfile", "/tmp/Xorg.another.log", "-nolisten", "tcp"])
            .args(["-noreset", "vt2"])
            // glamor refuses software renderers by their name; another name lets it draw with one.
            .env("force_gl_renderer", "software");
        let mut server = Running::start(command)?;
        let number = server.wait_for(START_LIMIT, |out| out.strip_suffix('\n')?.trim().parse().ok())?;
        Ok(Xorg {
            number,
            _server: server,
        })
    }

    /// A program whose Mesa draws on the display's node, and so gets DRI3 from the X server.
    ///
    /// By itself Mesa would look for a driver for the device's 3D, which it lacks, and fall back to pictures sent in
    /// requests.
    pub fn client(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("MESA_LOADER_DRIVER_OVERRIDE", "kms_swrast");
        command
    }
}

impl Server for Machine {
    fn display(&self) -> String {
        self.display.clone()
    }
}

/// A running Xorg in the foreground. When it goes, the machine's first server is there again.
#[derive(Debug)]
pub struct Xorg {
    number: u32,
    _server: Running,
}

impl Server for Xorg {
    fn display(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Drop for Xorg {
    fn drop(&mut self) {
        // Waits for the first server to have the display; if this one ended first, nobody could tell when that is.
        let mut switch = Command::new("busybox");
        switch.args(["chvt", "1"]);
        if let Err(error) = process::run(switch, SWITCH_LIMIT) {
            eprintln!("the first X server stays in the background: {error}");
        }
    }
}
