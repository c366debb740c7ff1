//! Fences as file descriptors, to tell other processes and the kernel when GL is done, and GL when they are:
//! [EGL_ANDROID_native_fence_sync](https://registry.khronos.org/EGL/extensions/ANDROID/EGL_ANDROID_native_fence_sync.txt),
//! [EGL_KHR_wait_sync](https://registry.khronos.org/EGL/extensions/KHR/EGL_KHR_wait_sync.txt).

use std::{
    os::fd::{FromRawFd, IntoRawFd, OwnedFd},
    rc::Rc,
};

use khronos_egl as egl;

use super::{
    Display, Gl, GlError,
    egl::{Native, Opaque},
};

const NATIVE_FENCE: &str = "EGL_ANDROID_native_fence_sync";
const SYNC_NATIVE_FENCE: u32 = 0x3144;
const SYNC_NATIVE_FENCE_FD: egl::Int = 0x3145;

/// An EGL sync object of the native kind.
struct NativeFence {
    native: Rc<Native>,
    sync: Opaque,
}

impl NativeFence {
    /// A fence in the current context's stream, or one that is there already.
    fn new(native: &Rc<Native>, fd: Option<OwnedFd>) -> Result<Self, GlError> {
        let imported = fd.map(IntoRawFd::into_raw_fd);
        let attributes = match imported {
            Some(fd) => [SYNC_NATIVE_FENCE_FD, fd, egl::NONE],
            None => [egl::NONE; 3],
        };
        // SAFETY: the display has the extension, and a context is current; the descriptor is EGL's from then on.
        let made = unsafe { native.create_sync(SYNC_NATIVE_FENCE, attributes.as_ptr()) };
        let sync = match made {
            Ok(sync) if !sync.is_null() => sync,
            refused => {
                let error = refused.err().unwrap_or_else(|| native.error("eglCreateSync"));
                if let Some(fd) = imported {
                    // SAFETY: EGL takes a descriptor only where it makes a fence.
                    drop(unsafe { OwnedFd::from_raw_fd(fd) });
                }
                return Err(error);
            }
        };
        Ok(Self {
            native: native.clone(),
            sync,
        })
    }

    fn export(&self) -> Result<OwnedFd, GlError> {
        // SAFETY: the fence is a live one of this display.
        let fd = unsafe { self.native.dup_native_fence(self.sync) }?;
        if fd < 0 {
            return Err(self.native.error("eglDupNativeFenceFDANDROID"));
        }
        // SAFETY: EGL gives a descriptor that nobody else owns.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn wait(&self) -> Result<(), GlError> {
        // SAFETY: the fence is a live one of this display, and a context is current.
        match unsafe { self.native.wait_sync(self.sync, 0) }? {
            0 => Err(self.native.error("eglWaitSync")),
            _ => Ok(()),
        }
    }
}

impl Drop for NativeFence {
    fn drop(&mut self) {
        // SAFETY: the fence is of this display, which is never terminated, and is destroyed once.
        match unsafe { self.native.destroy_sync(self.sync) } {
            Ok(0) => tracing::warn!("{}", self.native.error("eglDestroySync")),
            Ok(_) => {}
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

impl Display {
    /// A descriptor that becomes readable, and a fence for the kernel, once GL has done all that the context was
    /// given. Flushes. None where the host offers no such fences; a [`Sync`](super::Sync) can be asked there.
    ///
    /// # Errors
    /// If EGL refuses.
    pub fn export_fence(&self, gl: &Gl) -> Result<Option<OwnedFd>, GlError> {
        if !self.native().has(NATIVE_FENCE) {
            return Ok(None);
        }
        gl.make_current()?;
        let fence = NativeFence::new(gl.egl().native(), None)?;
        // EGL has no descriptor for a fence that was not flushed.
        gl.flush();
        fence.export().map(Some)
    }

    /// Makes what the context is given from now on wait for a fence, without waiting here.
    ///
    /// # Errors
    /// If the host offers no such fences, or the descriptor is none.
    pub fn wait_fence(&self, gl: &Gl, fence: OwnedFd) -> Result<(), GlError> {
        self.native().require(NATIVE_FENCE)?;
        self.native().require("EGL_KHR_wait_sync")?;
        gl.make_current()?;
        NativeFence::new(gl.egl().native(), Some(fence))?.wait()
    }
}
