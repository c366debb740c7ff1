//! Draws whose numbers are in a buffer.

use std::ffi::c_void;

use super::{Buffer, Gl, buffer::PARAMETER_BUFFER, bytes, draw::index_size, int};
use crate::gl::GlError;

/// Bytes of the count that [`IndirectDraws::counted`] reads.
const COUNT_BYTES: u64 = 4;

/// Draws that GL reads out of a buffer, in the layout of [OpenGL 4.6 core, 10.4 and
/// 10.5](https://registry.khronos.org/OpenGL/specs/gl/glspec46.core.pdf): 16 bytes each without indices and 20 with.
#[derive(Debug, Clone, Copy)]
pub struct IndirectDraws<'a> {
    /// Where they are.
    pub buffer: &'a Buffer,
    /// Bytes in front of the first; a multiple of 4.
    pub offset: u64,
    /// Bytes from one to the next, a multiple of 4; 0 if nothing is between them.
    pub stride: u32,
    /// How many there are.
    pub count: u32,
    /// A buffer, and an offset in it, where GL finds a smaller number than `count`, in 4 bytes. Needs
    /// [`Capabilities::indirect_count`](crate::gl::Capabilities::indirect_count).
    pub counted: Option<(&'a Buffer, u64)>,
}

impl IndirectDraws<'_> {
    /// Whether all draws, and their number, lie in the buffers.
    fn check(&self, command: u64) -> Result<(), GlError> {
        let stride = if self.stride == 0 {
            command
        } else {
            self.stride.into()
        };
        let last = u64::from(self.count.saturating_sub(1)).saturating_mul(stride);
        let needed = self.offset.saturating_add(last).saturating_add(command);
        inside("indirect draw", self.buffer, needed)?;
        if let Some((buffer, offset)) = self.counted {
            inside(
                "number of indirect draws",
                buffer,
                offset.saturating_add(COUNT_BYTES),
            )?;
        }
        Ok(())
    }
}

impl Gl {
    /// Draws vertices in order, as often as `draws` says.
    ///
    /// # Errors
    /// As [`Gl::draw_arrays`], or if the draws or their number do not lie in their buffers.
    pub fn draw_arrays_indirect(&self, mode: u32, draws: &IndirectDraws<'_>) -> Result<(), GlError> {
        self.array()?;
        draws.check(16)?;
        let (offset, count, stride) = self.bind_draws(draws)?;
        let f = self.f();
        match draws.counted {
            // SAFETY: all enabled attributes read buffers, and the draws lie in one.
            None => unsafe { f.MultiDrawArraysIndirect(mode, offset, count, stride) },
            // SAFETY: as above, and so does their number.
            Some((_, at)) => unsafe {
                f.MultiDrawArraysIndirectCountARB(
                    mode,
                    offset,
                    bytes("draw count offset", at)?,
                    count,
                    stride,
                )
            },
        }
        Ok(())
    }

    /// Draws the vertices that indices name, as often as `draws` says. Indices outside the element buffer are what the
    /// context makes of them: the draws are not looked at.
    ///
    /// # Errors
    /// As [`Gl::draw_arrays_indirect`], or if no element buffer is bound.
    pub fn draw_elements_indirect(
        &self,
        mode: u32,
        ty: u32,
        draws: &IndirectDraws<'_>,
    ) -> Result<(), GlError> {
        index_size(ty)?;
        if self.array()?.elements.borrow().is_none() {
            return Err(GlError::Unbound("no element buffer is bound"));
        }
        draws.check(20)?;
        let (offset, count, stride) = self.bind_draws(draws)?;
        let f = self.f();
        match draws.counted {
            // SAFETY: all enabled attributes and the indices are read from buffers, and the draws lie in one.
            None => unsafe { f.MultiDrawElementsIndirect(mode, ty, offset, count, stride) },
            // SAFETY: as above, and so does their number.
            Some((_, at)) => unsafe {
                f.MultiDrawElementsIndirectCountARB(
                    mode,
                    ty,
                    offset,
                    bytes("draw count offset", at)?,
                    count,
                    stride,
                )
            },
        }
        Ok(())
    }

    /// Binds the buffers; gives back offset, count and stride as GL takes them.
    fn bind_draws(&self, draws: &IndirectDraws<'_>) -> Result<(*const c_void, i32, i32), GlError> {
        if draws.counted.is_some() && !self.capabilities().indirect_count {
            return Err(GlError::GlExtension("ARB_indirect_parameters"));
        }
        let offset = bytes("offset of indirect draws", draws.offset)?;
        let count = int("number of indirect draws", draws.count)?;
        let stride = int("stride of indirect draws", draws.stride)?;
        self.bind_buffer(glow::DRAW_INDIRECT_BUFFER, Some(draws.buffer))?;
        if let Some((buffer, _)) = draws.counted {
            self.bind_buffer(PARAMETER_BUFFER, Some(buffer))?;
        }
        Ok((std::ptr::without_provenance(offset as usize), count, stride))
    }
}

fn inside(what: &'static str, buffer: &Buffer, needed: u64) -> Result<(), GlError> {
    let given = buffer.size();
    if needed > given {
        return Err(GlError::Short { what, needed, given });
    }
    Ok(())
}
