//! Vertex input: elements become a vertex array object, buffers are bound to it.
//!
//! On the wire a divisor belongs to an element, in GL to a buffer binding, so each distinct pair of buffer and divisor
//! gets a GL binding of its own.

use super::{
    buffers::buffer_of,
    error::ExecError,
    state::{BoundIndexBuffer, BoundVertexBuffer},
};
use crate::{
    gl::{self, Gl},
    pipe::{
        resource::Resource,
        wire::virgl::command::{Records, VertexElement},
    },
};

/// Elements per object.
const MAX_ELEMENTS: usize = 32;
/// GL_MAX_VERTEX_ATTRIB_STRIDE's guaranteed minimum.
const MAX_STRIDE: u32 = 2048;

/// A GL vertex buffer binding of the vertex array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Binding {
    buffer: u32,
    divisor: u32,
}

/// A vertex elements object.
#[derive(Debug)]
pub(super) struct VertexElements {
    array: gl::VertexArray,
    bindings: Vec<Binding>,
    signed: u32,
    unsigned: u32,
}

impl VertexElements {
    pub(super) fn new(gl: &Gl, elements: Records<'_, VertexElement>) -> Result<Self, ExecError> {
        if elements.len() > MAX_ELEMENTS {
            return Err(ExecError::OutOfRange {
                what: "number of vertex elements",
                value: elements.len() as u64,
            });
        }
        let array = gl.create_vertex_array()?;
        let mut this = Self {
            array,
            bindings: Vec::new(),
            signed: 0,
            unsigned: 0,
        };
        for (location, element) in elements.iter().enumerate() {
            this.add(gl, location as u32, element)?;
        }
        Ok(this)
    }

    fn add(&mut self, gl: &Gl, location: u32, element: VertexElement) -> Result<(), ExecError> {
        let format = element.format;
        let vertex = format
            .info()
            .and_then(|info| info.vertex)
            .ok_or(ExecError::Format {
                format,
                usage: "a vertex attribute",
            })?;
        let wanted = Binding {
            buffer: element.vertex_buffer_index,
            divisor: element.instance_divisor,
        };
        let binding = match self.bindings.iter().position(|b| *b == wanted) {
            Some(at) => at,
            None => {
                gl.vertex_array_binding_divisor(&self.array, self.bindings.len() as u32, wanted.divisor);
                self.bindings.push(wanted);
                self.bindings.len() - 1
            }
        };
        let offset = element.src_offset;
        if vertex.integer {
            gl.vertex_array_attrib_i_format(&self.array, location, vertex.size, vertex.ty, offset)?;
            match vertex.ty {
                glow::BYTE | glow::SHORT | glow::INT => self.signed |= 1 << location,
                _ => self.unsigned |= 1 << location,
            }
        } else {
            let (size, ty, normalized) = (vertex.size, vertex.ty, vertex.normalized);
            gl.vertex_array_attrib_format(&self.array, location, size, ty, normalized, offset)?;
        }
        gl.vertex_array_attrib_binding(&self.array, location, binding as u32);
        gl.enable_vertex_array_attrib(&self.array, location);
        Ok(())
    }

    /// Attributes of signed and of unsigned pure-integer formats, as bit masks over locations.
    pub(super) fn integer_inputs(&self) -> (u32, u32) {
        (self.signed, self.unsigned)
    }

    pub(super) fn bind(&self, gl: &Gl) {
        gl.bind_vertex_array(Some(&self.array));
    }

    /// Binds the buffers that the elements read; `absent` stands in where none is bound.
    pub(super) fn bind_buffers(&self, gl: &Gl, buffers: &[Option<BoundVertexBuffer>], absent: &gl::Buffer) {
        for (index, binding) in self.bindings.iter().enumerate() {
            let index = index as u32;
            let bound = buffers.get(binding.buffer as usize).and_then(Option::as_ref);
            match bound.and_then(|b| b.resource.buffer().map(|buffer| (b, buffer))) {
                Some((bound, buffer)) => {
                    gl.vertex_array_vertex_buffer(
                        &self.array,
                        index,
                        buffer,
                        bound.offset.into(),
                        bound.stride,
                    );
                }
                None => gl.vertex_array_vertex_buffer(&self.array, index, absent, 0, 0),
            }
        }
    }

    pub(super) fn bind_index_buffer(&self, gl: &Gl, buffer: &gl::Buffer) {
        gl.vertex_array_element_buffer(&self.array, buffer);
    }
}

/// Checks a vertex buffer binding.
pub(super) fn check_vertex_buffer(resource: &Resource, stride: u32) -> Result<(), ExecError> {
    buffer_of(resource)?;
    if stride > MAX_STRIDE {
        return Err(ExecError::OutOfRange {
            what: "vertex stride",
            value: stride.into(),
        });
    }
    Ok(())
}

impl BoundIndexBuffer {
    /// GL's name for the index type.
    pub(super) fn gl_type(&self) -> u32 {
        match self.size {
            1 => glow::UNSIGNED_BYTE,
            2 => glow::UNSIGNED_SHORT,
            _ => glow::UNSIGNED_INT,
        }
    }

    /// Whether `count` indices lie inside the buffer.
    pub(super) fn holds(&self, count: u32) -> bool {
        let end = u64::from(self.offset) + u64::from(count) * u64::from(self.size);
        end <= u64::from(self.resource.desc.width)
    }
}
