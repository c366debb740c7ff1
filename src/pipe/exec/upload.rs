//! A stream of small uploads: constant buffers and the system block.
//!
//! Data is written into a persistently mapped buffer, each piece after the last one. A full buffer is dropped and a
//! fresh one taken: GL keeps the old storage alive until the draws that read it are done, so nothing ever waits.

use std::rc::Rc;

use super::error::ExecError;
use crate::gl::{Gl, MappedBuffer};

/// Bytes per buffer. A piece never exceeds the constants that a command carries, 256 KiB.
const BUFFER_SIZE: usize = 1 << 20;

/// Where a piece of data went.
#[derive(Debug, Clone)]
pub(super) struct Uploaded {
    pub(super) buffer: Rc<MappedBuffer>,
    pub(super) offset: usize,
    pub(super) size: usize,
}

/// The stream.
#[derive(Debug)]
pub(super) struct UploadStream {
    buffer: Rc<MappedBuffer>,
    used: usize,
    alignment: usize,
}

impl UploadStream {
    /// `alignment`: GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT.
    pub(super) fn new(gl: &Gl, alignment: u32) -> Result<Self, ExecError> {
        let buffer = Rc::new(gl.create_mapped_buffer(BUFFER_SIZE)?);
        Ok(Self {
            buffer,
            used: 0,
            alignment: alignment.max(16) as usize,
        })
    }

    /// Uploads `words`, padded with zeros or cut to `size` bytes.
    pub(super) fn words(&mut self, gl: &Gl, words: &[u32], size: usize) -> Result<Uploaded, ExecError> {
        let size = size.min(BUFFER_SIZE);
        let mut offset = self.used.next_multiple_of(self.alignment);
        if offset + size > BUFFER_SIZE {
            self.buffer = Rc::new(gl.create_mapped_buffer(BUFFER_SIZE)?);
            offset = 0;
        }
        self.buffer
            .write_words(offset, &words[..words.len().min(size / 4)], size / 4);
        self.used = offset + size;
        Ok(Uploaded {
            buffer: self.buffer.clone(),
            offset,
            size,
        })
    }
}
