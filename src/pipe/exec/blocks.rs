//! Constants of stages that the CPU runs, in buffers that stay bound.
//!
//! Where GL draws with the CPU, all stages before the rasterizer have run when a draw returns: their constants can be
//! written over at once. Binding another range instead, as the upload stream does, tells Mesa that the uniform blocks of
//! all stages are new, and llvmpipe then stores its whole state for fragments (33 KB) once more for each draw.

use std::borrow::Cow;

use super::{error::ExecError, state::STAGES};
use crate::{
    gl::{self, Gl, ReadBytes},
    pipe::wire::virgl::enums::Stage,
};

/// Bytes of a buffer at least.
const SMALLEST: usize = 4096;
/// The control stage is not among them: its constants share their place with the default levels.
const RUN_AT_ONCE: [Stage; 3] = [Stage::Vertex, Stage::TessEval, Stage::Geometry];

/// The buffers of a sub-context, by stage.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Whether GL draws with the CPU.
    cpu: bool,
    blocks: [Option<Block>; STAGES],
}

/// A stage's buffer.
#[derive(Debug)]
pub(super) struct Block {
    buffer: gl::Buffer,
    /// How many bytes have been written.
    written: usize,
}

impl Blocks {
    pub(super) fn new(gl: &Gl) -> Self {
        Self {
            cpu: gl.capabilities().draws_with_cpu(),
            blocks: Default::default(),
        }
    }

    /// Whether a stage's constants are written over.
    pub(super) fn has(&self, stage: usize) -> bool {
        self.cpu && RUN_AT_ONCE.iter().any(|run| run.to_wire() as usize == stage)
    }

    /// The buffer of a stage with room for `size` bytes, bound to the uniform block `binding`.
    ///
    /// # Errors
    /// If GL makes none.
    pub(super) fn get(
        &mut self,
        gl: &Gl,
        stage: usize,
        binding: u32,
        size: usize,
    ) -> Result<&mut Block, ExecError> {
        let slot = &mut self.blocks[stage];
        let block = match slot.take() {
            Some(block) if block.buffer.size() >= size as u64 => block,
            _ => {
                let room = size.next_power_of_two().max(SMALLEST) as u64;
                let buffer = gl.create_buffer()?;
                gl.buffer_storage(&buffer, room, None, glow::DYNAMIC_STORAGE_BIT)?;
                gl.bind_buffer_range(glow::UNIFORM_BUFFER, binding, Some((&buffer, 0, room)))?;
                Block { buffer, written: 0 }
            }
        };
        Ok(slot.insert(block))
    }
}

impl Block {
    /// Whether the first `size` bytes have been written.
    pub(super) fn holds(&self, size: usize) -> bool {
        self.written >= size
    }

    /// Writes the first `size` bytes: words, and zeros where there are fewer.
    ///
    /// # Errors
    /// If the buffer has no room for as many bytes.
    pub(super) fn write(&mut self, gl: &Gl, words: &[u32], size: usize) -> Result<(), ExecError> {
        let count = size / 4;
        let mut words = Cow::Borrowed(&words[..words.len().min(count)]);
        if words.len() < count {
            words.to_mut().resize(count, 0);
        }
        let bytes: &[u8] = bytemuck::cast_slice(&words);
        gl.buffer_sub_data(&self.buffer, 0, ReadBytes::from(bytes))?;
        self.written = size;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gl::{Choice, Display, Platform, WriteBytes};

    const VERTEX: usize = Stage::Vertex as usize;

    fn context() -> gl::Context {
        let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless display");
        let context = display.create_context(None).expect("a context");
        context.make_current().unwrap();
        context
    }

    fn read(gl: &Gl, block: &Block) -> [u32; 4] {
        let mut words = [0u32; 4];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        gl.get_buffer_sub_data(&block.buffer, 0, WriteBytes::from(bytes))
            .unwrap();
        words
    }

    #[test]
    fn words_are_written_over_and_missing_ones_are_zeros() {
        let context = context();
        let (gl, mut blocks) = (context.gl(), Blocks::new(&context.gl()));
        let block = blocks.get(&gl, VERTEX, 0, 16).unwrap();
        block.write(&gl, &[1, 2, 3, 4, 5], 16).unwrap();
        assert_eq!(read(&gl, block), [1, 2, 3, 4]);
        block.write(&gl, &[6], 16).unwrap();
        assert_eq!(read(&gl, block), [6, 0, 0, 0]);
    }

    #[test]
    fn a_shader_with_more_constants_than_the_one_before_has_them_written() {
        let context = context();
        let (gl, mut blocks) = (context.gl(), Blocks::new(&context.gl()));
        blocks
            .get(&gl, VERTEX, 0, 16)
            .unwrap()
            .write(&gl, &[1; 4], 16)
            .unwrap();
        let longer = blocks.get(&gl, VERTEX, 0, 32).unwrap();
        assert!(longer.holds(16) && !longer.holds(32));
        let longest = blocks.get(&gl, VERTEX, 0, SMALLEST * 2).unwrap();
        assert!(!longest.holds(16), "a new buffer holds nothing");
    }
}
