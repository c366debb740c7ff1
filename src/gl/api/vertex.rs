//! Vertex arrays.
//!
//! The core profile has no vertices outside buffers, but drivers need not check that an enabled attribute has
//! a buffer, and GL takes a buffer that is deleted out of the bound vertex array. So we keep count of what
//! each vertex array reads and hold on to its buffers; [`Gl::draw_arrays`] and [`Gl::draw_elements`] look at
//! it.

use std::{cell::Cell, ptr, rc::Rc};

use super::{
    Buffer, Gl, Name, VertexArray, bytes,
    objects::{ArrayState, MAX_BINDINGS, VertexSource},
};
use crate::gl::GlError;

impl ArrayState {
    /// Computes which bindings the enabled attributes read.
    fn settle(&self) {
        let enabled = self.enabled.get();
        let reads = self
            .binding
            .iter()
            .enumerate()
            .filter(|(attrib, _)| enabled >> attrib & 1 != 0);
        self.needed
            .set(reads.fold(0, |needed, (_, binding)| needed | 1 << binding.get()));
    }
}

/// The bit of a binding or attribute that we keep count of.
fn index(index: u32) -> Option<usize> {
    usize::try_from(index).ok().filter(|index| *index < MAX_BINDINGS)
}

impl Gl {
    /// A vertex array without attributes.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_vertex_array(&self) -> Result<VertexArray, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateVertexArrays(1, &mut name) };
        let handle = self.own("vertex array", Name::VertexArray(name))?;
        let state = ArrayState {
            handle,
            enabled: Cell::default(),
            binding: std::array::from_fn(|attrib| Cell::new(attrib as u8)),
            bound: Cell::default(),
            buffers: Default::default(),
            elements: Default::default(),
            needed: Cell::default(),
        };
        Ok(VertexArray {
            state: Rc::new(state),
        })
    }

    /// How a float attribute lies in its buffer; `size` is 1 to 4 or `GL_BGRA`.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn vertex_array_attrib_format(
        &self,
        array: &VertexArray,
        attrib: u32,
        size: i32,
        ty: u32,
        normalized: bool,
        offset: u32,
    ) -> Result<(), GlError> {
        let name = self.name(&array.state.handle);
        self.checked("glVertexArrayAttribFormat", |f| {
            f.VertexArrayAttribFormat(name, attrib, size, ty, normalized.into(), offset);
        })
    }

    /// How an integer attribute lies in its buffer.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn vertex_array_attrib_i_format(
        &self,
        array: &VertexArray,
        attrib: u32,
        size: i32,
        ty: u32,
        offset: u32,
    ) -> Result<(), GlError> {
        let name = self.name(&array.state.handle);
        self.checked("glVertexArrayAttribIFormat", |f| {
            f.VertexArrayAttribIFormat(name, attrib, size, ty, offset)
        })
    }

    /// How an attribute of doubles lies in its buffer.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn vertex_array_attrib_l_format(
        &self,
        array: &VertexArray,
        attrib: u32,
        size: i32,
        ty: u32,
        offset: u32,
    ) -> Result<(), GlError> {
        let name = self.name(&array.state.handle);
        self.checked("glVertexArrayAttribLFormat", |f| {
            f.VertexArrayAttribLFormat(name, attrib, size, ty, offset)
        })
    }

    /// The buffer binding that an attribute reads. Numbers beyond GL's limits are left out.
    pub fn vertex_array_attrib_binding(&self, array: &VertexArray, attrib: u32, binding: u32) {
        let (Some(at), Some(slot)) = (index(attrib), index(binding)) else {
            return;
        };
        if slot >= self.bindings() || at >= self.attributes() {
            return;
        }
        self.f()
            .VertexArrayAttribBinding(self.name(&array.state.handle), attrib, binding);
        array.state.binding[at].set(slot as u8);
        array.state.settle();
    }

    /// Turns an attribute on. Numbers beyond GL's limits are left out.
    pub fn enable_vertex_array_attrib(&self, array: &VertexArray, attrib: u32) {
        if let Some(at) = self.attribute(array, attrib) {
            self.f()
                .EnableVertexArrayAttrib(self.name(&array.state.handle), attrib);
            array.state.enabled.set(array.state.enabled.get() | 1 << at);
            array.state.settle();
        }
    }

    /// Turns an attribute off.
    pub fn disable_vertex_array_attrib(&self, array: &VertexArray, attrib: u32) {
        if let Some(at) = self.attribute(array, attrib) {
            self.f()
                .DisableVertexArrayAttrib(self.name(&array.state.handle), attrib);
            array.state.enabled.set(array.state.enabled.get() & !(1 << at));
            array.state.settle();
        }
    }

    /// How many instances share a vertex of a binding; 0: each vertex has its own.
    pub fn vertex_array_binding_divisor(&self, array: &VertexArray, binding: u32, divisor: u32) {
        self.f()
            .VertexArrayBindingDivisor(self.name(&array.state.handle), binding, divisor);
    }

    /// Binds a buffer; `offset` and `stride` in bytes. Numbers beyond GL's limits leave the binding empty. Costs nothing if
    /// it is bound so already.
    pub fn vertex_array_vertex_buffer(
        &self,
        array: &VertexArray,
        binding: u32,
        buffer: &Buffer,
        offset: u64,
        stride: u32,
    ) {
        let Some(slot) = index(binding).filter(|slot| *slot < self.bindings()) else {
            return;
        };
        let bit = 1 << slot;
        let mut sources = array.state.buffers.borrow_mut();
        let same = |source: &VertexSource| {
            Rc::ptr_eq(&source.buffer, &buffer.state) && (source.offset, source.stride) == (offset, stride)
        };
        if array.state.bound.get() & bit != 0 && sources[slot].as_ref().is_some_and(same) {
            return;
        }
        let fits = stride <= self.capabilities().max_vertex_attrib_stride && self.knows(&buffer.state.handle);
        let name = self.name(&array.state.handle);
        match bytes("buffer offset", offset) {
            Ok(at) if fits => {
                self.f()
                    .VertexArrayVertexBuffer(name, binding, buffer.id(), at, stride as i32);
                array.state.bound.set(array.state.bound.get() | bit);
                sources[slot] = Some(VertexSource {
                    buffer: buffer.state.clone(),
                    offset,
                    stride,
                });
            }
            _ => {
                tracing::warn!("vertex buffer offset {offset} or stride {stride} is out of range");
                array.state.bound.set(array.state.bound.get() & !bit);
            }
        }
    }

    /// Binds the buffer that indices are taken from. Costs nothing if it is bound already.
    pub fn vertex_array_element_buffer(&self, array: &VertexArray, buffer: &Buffer) {
        let mut elements = array.state.elements.borrow_mut();
        let same = elements
            .as_ref()
            .is_some_and(|old| Rc::ptr_eq(old, &buffer.state));
        if !same && self.knows(&array.state.handle) && self.knows(&buffer.state.handle) {
            self.f()
                .VertexArrayElementBuffer(self.name(&array.state.handle), buffer.id());
            *elements = Some(buffer.state.clone());
        }
    }

    /// Makes a vertex array the one that draws read. Costs nothing if it is already.
    pub fn bind_vertex_array(&self, array: Option<&VertexArray>) {
        let bound = self.0.array.borrow().as_ptr();
        if array.is_some_and(|array| ptr::eq(bound, Rc::as_ptr(&array.state))) {
            return;
        }
        let known = array.filter(|array| self.knows(&array.state.handle));
        self.f().BindVertexArray(known.map_or(0, VertexArray::id));
        let bound = known.map(|array| Rc::downgrade(&array.state)).unwrap_or_default();
        self.0.array.replace(bound);
    }

    /// The index of an attribute that GL has, of an array of this context.
    fn attribute(&self, array: &VertexArray, attrib: u32) -> Option<usize> {
        index(attrib).filter(|at| *at < self.attributes() && self.knows(&array.state.handle))
    }

    fn bindings(&self) -> usize {
        self.capabilities().max_vertex_attrib_bindings as usize
    }

    fn attributes(&self) -> usize {
        self.capabilities().max_vertex_attribs as usize
    }
}
