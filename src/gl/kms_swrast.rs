//! Which dmabufs Mesa's software renderer can draw in.
//!
//! On a DRM device without 3D, Mesa draws with the CPU and takes every dmabuf for a
//! [dumb buffer](https://docs.kernel.org/gpu/drm-kms.html#dumb-buffer-objects) of its own DRM file. It does not look
//! whether the kernel maps it: a buffer of another device, or any buffer on a render node, ends the process where GL
//! first touches it. So the kernel is asked here before Mesa is, which needs the node's name: only the GBM platform has
//! that for sure.

use std::{
    fs::{File, OpenOptions},
    io,
    os::fd::AsFd,
};

use drm::Device as _;
use drm_ffi::{gem, mode::dumbbuffer};

use super::{Dmabuf, GlError};

/// The DRM device that a software renderer is on, opened once more: names of buffers are common to all users of one
/// open file, so that trying a buffer out on Mesa's would take it away from Mesa.
#[derive(Debug)]
pub(super) struct KmsSwrast {
    card: Card,
    node: String,
}

#[derive(Debug)]
struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Card {}

impl KmsSwrast {
    /// Opens the node that the renderer is on.
    pub(super) fn open(node: &str) -> Result<Self, GlError> {
        let node = node.to_owned();
        match OpenOptions::new().read(true).write(true).open(&node) {
            Ok(file) => {
                let card = Card(file);
                // Who opens a display's node first has the display, unless he gives it up.
                let _ = card.release_master_lock();
                Ok(Self { card, node })
            }
            Err(error) => Err(GlError::Unmappable {
                call: "open",
                node,
                error,
            }),
        }
    }

    /// Refuses a dmabuf that the kernel does not map for the CPU on this device.
    pub(super) fn check(&self, dmabuf: &Dmabuf) -> Result<(), GlError> {
        for plane in &dmabuf.planes {
            let taken = gem::fd_to_handle(self.card.as_fd(), plane.fd.as_fd());
            let handle = taken
                .map_err(|error| self.unmappable("DRM_IOCTL_PRIME_FD_TO_HANDLE", error))?
                .handle;
            let mapped = dumbbuffer::map(self.card.as_fd(), handle, 0, 0);
            if let Err(error) = gem::close(self.card.as_fd(), handle) {
                tracing::warn!("{}", self.unmappable("DRM_IOCTL_GEM_CLOSE", error));
            }
            mapped.map_err(|error| self.unmappable("DRM_IOCTL_MODE_MAP_DUMB", error))?;
        }
        Ok(())
    }

    fn unmappable(&self, call: &'static str, error: io::Error) -> GlError {
        GlError::Unmappable {
            call,
            node: self.node.clone(),
            error,
        }
    }
}
