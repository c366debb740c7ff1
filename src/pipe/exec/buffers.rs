//! Buffers that commands name, and ranges of them.

use std::rc::Rc;

use super::{Shared, error::ExecError};
use crate::{
    gl,
    pipe::{resource::Resource, wire::virgl::command::BufferRange},
};

/// The buffer behind a resource.
///
/// # Errors
/// If it is a texture.
pub(super) fn buffer_of(resource: &Resource) -> Result<&gl::Buffer, ExecError> {
    resource.buffer().ok_or(ExecError::WrongResource {
        id: resource.id,
        wanted: "a buffer",
    })
}

/// A range of a buffer.
#[derive(Debug, Clone)]
pub(super) struct BoundBuffer {
    resource: Rc<Resource>,
    offset: u32,
    length: u32,
}

impl BoundBuffer {
    /// The part of a range that lies in its buffer; `None` if the client unbinds. `what` names the offset.
    ///
    /// # Errors
    /// If nothing of it lies there, the offset is no multiple of `alignment`, or the resource is no buffer.
    pub(super) fn new(
        shared: &Shared,
        range: BufferRange,
        alignment: u32,
        what: &'static str,
    ) -> Result<Option<Self>, ExecError> {
        let BufferRange {
            offset,
            length,
            resource: id,
        } = range;
        if id.0 == 0 {
            return Ok(None);
        }
        let resource = shared.resource(id)?;
        buffer_of(resource)?;
        let room = resource.desc.width.saturating_sub(offset);
        if room == 0 || !offset.is_multiple_of(alignment.max(1)) {
            let value = offset.into();
            return Err(ExecError::OutOfRange { what, value });
        }
        Ok(Some(Self {
            resource: resource.clone(),
            offset,
            length: length.min(room),
        }))
    }

    /// Buffer, offset and length in bytes.
    pub(super) fn range(&self) -> Result<(&gl::Buffer, u64, u64), ExecError> {
        Ok((buffer_of(&self.resource)?, self.offset.into(), self.length.into()))
    }
}

impl PartialEq for BoundBuffer {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.resource, &other.resource)
            && (self.offset, self.length) == (other.offset, other.length)
    }
}
