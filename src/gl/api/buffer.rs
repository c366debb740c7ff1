//! Buffers.

use std::{cell::Cell, ffi::c_void, fmt, ptr::NonNull, rc::Rc};

use super::{Buffer, Gl, Name, bytes, objects::BufferState};
use crate::gl::{GlError, ReadBytes, WriteBytes};

/// Targets of [`Gl::bind_buffer`]. The others would make GL take addresses of ours for offsets into the
/// buffer, or belong to the vertex array.
const PLAIN_TARGETS: [u32; 8] = [
    glow::ARRAY_BUFFER,
    glow::UNIFORM_BUFFER,
    glow::TEXTURE_BUFFER,
    glow::COPY_READ_BUFFER,
    glow::COPY_WRITE_BUFFER,
    glow::DRAW_INDIRECT_BUFFER,
    glow::DISPATCH_INDIRECT_BUFFER,
    glow::SHADER_STORAGE_BUFFER,
];

impl Gl {
    /// A buffer without storage.
    ///
    /// # Errors
    /// If GL makes none.
    pub fn create_buffer(&self) -> Result<Buffer, GlError> {
        let mut name = 0;
        // SAFETY: one name is written.
        unsafe { self.f().CreateBuffers(1, &mut name) };
        let handle = self.shared("buffer", Name::Buffer(name))?;
        Ok(Buffer {
            state: Rc::new(BufferState {
                handle,
                size: Cell::new(0),
            }),
        })
    }

    /// Gives a buffer storage for good. `flags` as `GL_DYNAMIC_STORAGE_BIT`.
    ///
    /// # Errors
    /// If the initial data are shorter than `size`, or GL refuses, out of memory say.
    pub fn buffer_storage(
        &self,
        buffer: &Buffer,
        size: u64,
        data: Option<ReadBytes<'_>>,
        flags: u32,
    ) -> Result<(), GlError> {
        let (length, data) = (bytes("buffer size", size)?, initial(size, data)?);
        self.checked("glNamedBufferStorage", |f| {
            // SAFETY: `data` is null or has `size` bytes.
            unsafe { f.NamedBufferStorage(self.name(&buffer.state.handle), length, data, flags) }
        })?;
        buffer.state.size.set(size);
        Ok(())
    }

    /// Gives a buffer storage that may be given anew. `usage` as `GL_STREAM_DRAW`.
    ///
    /// # Errors
    /// As [`Gl::buffer_storage`].
    pub fn buffer_data(
        &self,
        buffer: &Buffer,
        size: u64,
        data: Option<ReadBytes<'_>>,
        usage: u32,
    ) -> Result<(), GlError> {
        let (length, data) = (bytes("buffer size", size)?, initial(size, data)?);
        // Out of memory, GL drops the old storage too.
        buffer.state.size.set(0);
        self.checked("glNamedBufferData", |f| {
            // SAFETY: `data` is null or has `size` bytes.
            unsafe { f.NamedBufferData(self.name(&buffer.state.handle), length, data, usage) }
        })?;
        buffer.state.size.set(size);
        Ok(())
    }

    /// Writes into a buffer.
    ///
    /// # Errors
    /// If the range does not lie in the buffer.
    pub fn buffer_sub_data(&self, buffer: &Buffer, offset: u64, data: ReadBytes<'_>) -> Result<(), GlError> {
        let (at, length) = part("buffer write", buffer, offset, data.len() as u64)?;
        let name = self.name(&buffer.state.handle);
        // SAFETY: `data` has `length` bytes.
        unsafe {
            self.f()
                .NamedBufferSubData(name, at, length, data.as_ptr().cast())
        };
        Ok(())
    }

    /// Reads from a buffer.
    ///
    /// # Errors
    /// If the range does not lie in the buffer.
    pub fn get_buffer_sub_data(
        &self,
        buffer: &Buffer,
        offset: u64,
        data: WriteBytes<'_>,
    ) -> Result<(), GlError> {
        let (at, length) = part("buffer read", buffer, offset, data.len() as u64)?;
        let name = self.name(&buffer.state.handle);
        // SAFETY: `data` has room for `length` bytes.
        unsafe {
            self.f()
                .GetNamedBufferSubData(name, at, length, data.as_mut_ptr().cast())
        };
        Ok(())
    }

    /// Copies `size` bytes between buffers. Overlapping ranges of one buffer are GL's error.
    ///
    /// # Errors
    /// If a range does not lie in its buffer.
    pub fn copy_buffer_sub_data(
        &self,
        from: &Buffer,
        to: &Buffer,
        from_offset: u64,
        to_offset: u64,
        size: u64,
    ) -> Result<(), GlError> {
        let (from_at, length) = part("buffer copy", from, from_offset, size)?;
        let (to_at, _) = part("buffer copy", to, to_offset, size)?;
        let (from, to) = (self.name(&from.state.handle), self.name(&to.state.handle));
        self.f().CopyNamedBufferSubData(from, to, from_at, to_at, length);
        Ok(())
    }

    /// Tells GL that the contents are not needed any more.
    pub fn invalidate_buffer_data(&self, buffer: &Buffer) {
        self.f().InvalidateBufferData(self.name(&buffer.state.handle));
    }

    /// Binds a buffer to a target that is neither pixel transfer nor part of a vertex array.
    ///
    /// # Errors
    /// For other targets.
    pub fn bind_buffer(&self, target: u32, buffer: Option<&Buffer>) -> Result<(), GlError> {
        if !PLAIN_TARGETS.contains(&target) {
            return Err(GlError::Target {
                call: "glBindBuffer",
                target,
            });
        }
        self.f()
            .BindBuffer(target, buffer.map_or(0, |buffer| self.name(&buffer.state.handle)));
        Ok(())
    }

    /// Binds a whole buffer to an indexed target.
    pub fn bind_buffer_base(&self, target: u32, index: u32, buffer: Option<&Buffer>) {
        let name = buffer.map_or(0, |buffer| self.name(&buffer.state.handle));
        self.f().BindBufferBase(target, index, name);
    }

    /// Binds `(buffer, offset, size)`, in bytes, to an indexed target; nothing if it is empty.
    ///
    /// # Errors
    /// If the range does not lie in the buffer.
    pub fn bind_buffer_range(
        &self,
        target: u32,
        index: u32,
        range: Option<(&Buffer, u64, u64)>,
    ) -> Result<(), GlError> {
        match range {
            Some((buffer, offset, size)) if size > 0 => {
                let (offset, size) = part("buffer binding", buffer, offset, size)?;
                let name = self.name(&buffer.state.handle);
                self.f().BindBufferRange(target, index, name, offset, size);
            }
            _ => self.f().BindBufferBase(target, index, 0),
        }
        Ok(())
    }

    /// A buffer of `size` bytes that stays mapped for writing. GL sees at once what is written.
    ///
    /// # Errors
    /// If GL refuses.
    pub fn create_mapped_buffer(&self, size: usize) -> Result<MappedBuffer, GlError> {
        let flags = glow::MAP_WRITE_BIT | glow::MAP_PERSISTENT_BIT | glow::MAP_COHERENT_BIT;
        let buffer = self.create_buffer()?;
        self.buffer_storage(&buffer, size as u64, None, flags)?;
        let length = bytes("buffer size", size as u64)?;
        // SAFETY: nothing else maps the buffer, which has `length` bytes.
        let address = unsafe { self.f().MapNamedBufferRange(buffer.id(), 0, length, flags) };
        let memory = NonNull::new(address.cast::<u8>()).ok_or(GlError::Create("mapping of a buffer"))?;
        Ok(MappedBuffer {
            memory,
            size,
            buffer,
            _gl: self.clone(),
        })
    }
}

/// The address of a buffer's first contents, or null.
fn initial(size: u64, data: Option<ReadBytes<'_>>) -> Result<*const c_void, GlError> {
    let Some(data) = data else {
        return Ok(std::ptr::null());
    };
    let given = data.len() as u64;
    if given < size {
        return Err(GlError::Short {
            what: "buffer storage",
            needed: size,
            given,
        });
    }
    Ok(data.as_ptr().cast())
}

/// A checked range of a buffer.
pub(super) fn part(
    what: &'static str,
    buffer: &Buffer,
    offset: u64,
    length: u64,
) -> Result<(isize, isize), GlError> {
    let (needed, given) = (offset.saturating_add(length), buffer.size());
    if needed > given {
        return Err(GlError::Short { what, needed, given });
    }
    Ok((bytes("buffer offset", offset)?, bytes("buffer size", length)?))
}

/// A buffer that is mapped for writing for all its life. What GL reads of it must not be written before GL is
/// done.
pub struct MappedBuffer {
    memory: NonNull<u8>,
    size: usize,
    buffer: Buffer,
    /// The mapping ends with the last context of the share group: keep one.
    _gl: Gl,
}

impl fmt::Debug for MappedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedBuffer")
            .field("buffer", &self.buffer)
            .field("size", &self.size)
            .finish()
    }
}

impl MappedBuffer {
    /// The buffer.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes bytes at `offset`; false if they do not fit.
    pub fn write(&self, offset: usize, data: &[u8]) -> bool {
        let Some(to) = self.room(offset, data.len()) else {
            return false;
        };
        // SAFETY: there is room for `data`, which cannot overlap the mapping: no reference to it is ever
        // made.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(data).cast(), data.len()) };
        true
    }

    /// Writes words at `offset`, followed by zeros up to `count` words; false if they do not fit.
    pub fn write_words(&self, offset: usize, words: &[u32], count: usize) -> bool {
        let used = words.len().min(count);
        let Some(to) = count.checked_mul(4).and_then(|length| self.room(offset, length)) else {
            return false;
        };
        // SAFETY: there is room for `count` words; the words cannot overlap the mapping.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(words).cast(), used * 4) };
        // SAFETY: `used` is at most `count`, so this stays in the room.
        let rest = unsafe { to.add(used * 4) };
        // SAFETY: the rest of the room.
        unsafe { rest.write_bytes(0, (count - used) * 4) };
        true
    }

    fn room(&self, offset: usize, length: usize) -> Option<NonNull<u8>> {
        if offset.checked_add(length)? > self.size {
            return None;
        }
        // SAFETY: the result lies in the mapping or at its end.
        Some(unsafe { self.memory.add(offset) })
    }
}
