//! Draws.

use std::rc::Rc;

use super::{Gl, int, objects::ArrayState};
use crate::gl::GlError;

impl Gl {
    /// Draws vertices in order.
    ///
    /// # Errors
    /// If a number does not fit GL's types, or an enabled attribute has no buffer.
    pub fn draw_arrays(
        &self,
        mode: u32,
        first: u32,
        count: u32,
        instances: u32,
        base_instance: u32,
    ) -> Result<(), GlError> {
        self.array()?;
        let (first, count) = (int("first vertex", first)?, int("vertex count", count)?);
        let instances = int("instance count", instances)?;
        let f = self.f();
        match (instances, base_instance) {
            // SAFETY: all enabled attributes read buffers.
            (1, 0) => unsafe { f.DrawArrays(mode, first, count) },
            // SAFETY: as above.
            _ => unsafe { f.DrawArraysInstancedBaseInstance(mode, first, count, instances, base_instance) },
        }
        Ok(())
    }

    /// Draws the vertices that indices name; `offset` is where in the element buffer they start, in bytes.
    ///
    /// # Errors
    /// As [`Gl::draw_arrays`], or if the indices do not lie in the element buffer.
    pub fn draw_elements(
        &self,
        mode: u32,
        count: u32,
        ty: u32,
        offset: u64,
        instances: u32,
        base_vertex: i32,
        base_instance: u32,
    ) -> Result<(), GlError> {
        let array = self.array()?;
        check_indices(&array, count, ty, offset)?;
        let (count, instances) = (int("index count", count)?, int("instance count", instances)?);
        let at = std::ptr::without_provenance(offset as usize);
        let f = self.f();
        match (instances, base_vertex, base_instance) {
            // SAFETY: all enabled attributes read buffers, and the indices lie in one.
            (1, 0, 0) => unsafe { f.DrawElements(mode, count, ty, at) },
            // SAFETY: as above.
            (1, _, 0) => unsafe { f.DrawElementsBaseVertex(mode, count, ty, at, base_vertex) },
            // SAFETY: as above.
            _ => unsafe {
                f.DrawElementsInstancedBaseVertexBaseInstance(
                    mode,
                    count,
                    ty,
                    at,
                    instances,
                    base_vertex,
                    base_instance,
                )
            },
        }
        Ok(())
    }

    /// The bound vertex array, if drawing from it reads buffers only.
    pub(super) fn array(&self) -> Result<Rc<ArrayState>, GlError> {
        let array = self
            .0
            .array
            .borrow()
            .upgrade()
            .ok_or(GlError::Unbound("no vertex array is bound"))?;
        if array.needed.get() & !array.bound.get() != 0 {
            return Err(GlError::Unbound("an enabled attribute has no buffer"));
        }
        Ok(array)
    }
}

/// Bytes of an index of a type.
pub(super) fn index_size(ty: u32) -> Result<u64, GlError> {
    match ty {
        glow::UNSIGNED_BYTE => Ok(1),
        glow::UNSIGNED_SHORT => Ok(2),
        glow::UNSIGNED_INT => Ok(4),
        target => Err(GlError::Target {
            call: "glDrawElements",
            target,
        }),
    }
}

fn check_indices(array: &ArrayState, count: u32, ty: u32, offset: u64) -> Result<(), GlError> {
    let size = index_size(ty)?;
    let elements = array.elements.borrow();
    let elements = elements
        .as_ref()
        .ok_or(GlError::Unbound("no element buffer is bound"))?;
    let needed = offset.saturating_add(u64::from(count) * size);
    let given = elements.size.get();
    if needed > given {
        return Err(GlError::Short {
            what: "indexed draw",
            needed,
            given,
        });
    }
    Ok(())
}
