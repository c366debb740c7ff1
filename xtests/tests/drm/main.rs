//! What needs DRM devices: buffers of the kernel shared with a real X server over DRI3 and shown with Present.
//!
//! These tests run in the virtual machine that `Xvfb-ci/vm` boots, and fail elsewhere. `Xvfb-ci/vm-test` builds and runs
//! them, those of pacing with `--vkms`; its other arguments are those of the test program.

mod canvas;
mod clients;
mod compose;
mod doctor;
mod gl;
mod import;
mod pacing;
mod present;
mod server;
mod shared;
mod sharing;
mod trace;

use pixbridge_xtests::machine::Machine;

/// The machine that the test runs in.
fn machine() -> Machine {
    Machine::inside().unwrap_or_else(|error| panic!("{error}"))
}
