//! Indirect draws: counts of vertices and instances, and the number of draws itself, come out of the client's buffers
//! when GL gets there. That they lie inside those buffers is checked; what they say is not ours to see.

use std::rc::Rc;

use super::{Shared, buffers::buffer_of, error::ExecError, state::State};
use crate::{
    gl::{Gl, IndirectDraws},
    pipe::{
        resource::Resource,
        wire::virgl::{
            command::{Draw, DrawIndirect, ResourceId},
            enums::Primitive,
        },
    },
};

/// The indirect part of a draw with its buffers.
#[derive(Debug)]
pub(super) struct Indirect {
    desc: DrawIndirect,
    draws: Rc<Resource>,
    /// Where the number of draws is.
    counted: Option<Rc<Resource>>,
}

impl Indirect {
    /// Looks the buffers up; `None` for draws that are not indirect.
    pub(super) fn of(shared: &Shared, draw: &Draw) -> Result<Option<Self>, ExecError> {
        let Some(desc) = draw.indirect else {
            return Ok(None);
        };
        if draw.mode == Primitive::Quads {
            return Err(ExecError::Unsupported("indirect drawing of quads"));
        }
        let counted = match desc.count_buffer {
            ResourceId(0) => None,
            id => Some(shared.resource(id)?.clone()),
        };
        Ok(Some(Self {
            desc,
            draws: shared.resource(desc.buffer)?.clone(),
            counted,
        }))
    }

    /// Draws; `mode` is GL's primitive.
    pub(super) fn issue(&self, gl: &Gl, state: &State, mode: u32, indexed: bool) -> Result<(), ExecError> {
        let desc = &self.desc;
        let counted = match &self.counted {
            Some(resource) => Some((buffer_of(resource)?, desc.count_offset.into())),
            None => None,
        };
        let draws = IndirectDraws {
            buffer: buffer_of(&self.draws)?,
            offset: desc.offset.into(),
            stride: desc.stride,
            count: desc.draw_count,
            counted,
        };
        if !indexed {
            return Ok(gl.draw_arrays_indirect(mode, &draws)?);
        }
        let (Some(elements), Some(indices)) = (&state.vertex_elements, &state.index_buffer) else {
            return Ok(());
        };
        if indices.offset != 0 {
            // GL counts the first index from the start of the buffer.
            return Err(ExecError::OutOfRange {
                what: "offset of the indices of an indirect draw",
                value: indices.offset.into(),
            });
        }
        elements.bind_index_buffer(gl, buffer_of(&indices.resource)?);
        Ok(gl.draw_elements_indirect(mode, indices.gl_type(), &draws)?)
    }
}
