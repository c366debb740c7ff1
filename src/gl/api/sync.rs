//! Order and time: fences, flushes, barriers, resets.

use super::{Gl, Name, Sync};
use crate::gl::GlError;

/// What became of a context after a GPU reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetStatus {
    /// There was none.
    None,
    /// There was one, by this context's fault.
    Guilty,
    /// There was one, by another context's fault.
    Innocent,
    /// There was one, or the context cannot be made current any more.
    Unknown,
}

impl Gl {
    /// A fence after all calls so far.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn fence_sync(&self) -> Result<Sync, GlError> {
        let name = self.f().FenceSync(glow::SYNC_GPU_COMMANDS_COMPLETE, 0);
        Ok(Sync {
            handle: self.shared("fence", Name::Sync(name))?,
        })
    }

    /// Flushes, then waits up to `timeout` nanoseconds; true once GL has passed the fence. A failed wait
    /// counts as passed, since it would never succeed.
    pub fn client_wait_sync(&self, sync: &Sync, timeout: u64) -> bool {
        let Name::Sync(name) = sync.handle.name() else {
            return true;
        };
        if !self.knows(&sync.handle) {
            return true;
        }
        // SAFETY: the fence exists for as long as its owner, and in this context's share group.
        let status = unsafe {
            self.f()
                .ClientWaitSync(name, glow::SYNC_FLUSH_COMMANDS_BIT, timeout)
        };
        status != glow::TIMEOUT_EXPIRED
    }

    /// Whether GL has passed the fence; neither waits nor flushes, so that a fence that was never flushed never
    /// passes. One that cannot be asked counts as passed.
    pub fn is_signaled(&self, sync: &Sync) -> bool {
        let mut status = glow::SIGNALED as i32;
        let Name::Sync(name) = sync.handle.name() else {
            return true;
        };
        if self.knows(&sync.handle) {
            // SAFETY: the fence exists for as long as its owner, and in this context's share group; one number is
            // written.
            unsafe {
                self.f()
                    .GetSynciv(name, glow::SYNC_STATUS, 1, std::ptr::null_mut(), &mut status)
            };
        }
        status == glow::SIGNALED as i32
    }

    /// Makes what this context is given from now on wait for a fence of its share group, without waiting here. The
    /// context that made the fence must have been flushed.
    pub fn wait_sync(&self, sync: &Sync) {
        let Name::Sync(name) = sync.handle.name() else {
            return;
        };
        if self.knows(&sync.handle) {
            // SAFETY: the fence exists for as long as its owner, and in this context's share group.
            unsafe { self.f().WaitSync(name, 0, glow::TIMEOUT_IGNORED) };
        }
    }

    /// Lets GL start on what it was given.
    pub fn flush(&self) {
        self.f().Flush();
    }

    /// Waits until GL has done all it was given.
    pub fn finish(&self) {
        self.f().Finish();
    }

    /// Makes what was rendered into a texture visible to draws that read it.
    pub fn texture_barrier(&self) {
        self.f().TextureBarrier();
    }

    /// Orders writes of shaders before later reads. `barriers` as `GL_ALL_BARRIER_BITS`.
    pub fn memory_barrier(&self, barriers: u32) {
        self.f().MemoryBarrier(barriers);
    }

    /// Whether the context is lost. After anything but [`ResetStatus::None`] it is of no use.
    pub fn graphics_reset_status(&self) -> ResetStatus {
        if self.make_current().is_err() {
            return ResetStatus::Unknown;
        }
        match self.f().GetGraphicsResetStatus() {
            glow::NO_ERROR => ResetStatus::None,
            glow::GUILTY_CONTEXT_RESET => ResetStatus::Guilty,
            glow::INNOCENT_CONTEXT_RESET => ResetStatus::Innocent,
            _ => ResetStatus::Unknown,
        }
    }
}
