//! Default constant buffers: what clients send with the stream, a buffer for each stage.
//!
//! They go into the upload stream, and a new range is bound each time. Where GL draws with the CPU, all stages before the
//! rasterizer have run when a draw returns: their constants can be written over at once, and stay bound. Binding another
//! range tells Mesa that the uniform blocks of all stages are new, and llvmpipe then stores its whole state for fragments
//! (33 KB) once more for each draw.
//!
//! A uniform block may be smaller than what a client sends. The rest is bound to the last slots of the stage.

use std::borrow::Cow;

use super::{
    Shared,
    error::ExecError,
    state::{Dirty, StageState},
    sub_context::SubContext,
    upload::Uploaded,
};
use crate::{
    gl::{self, Gl, ReadBytes},
    pipe::{glsl::BLOCK_CONSTANTS, wire::virgl::enums::Stage},
};

/// Bytes of constants in a uniform block.
const BLOCK_BYTES: usize = BLOCK_CONSTANTS as usize * 16;
/// Bytes of a buffer that stays bound, at least.
const SMALLEST: usize = 4096;
/// The control stage is not among them: its constants share their place with the default levels.
const RUN_AT_ONCE: [Stage; 3] = [Stage::Vertex, Stage::TessEval, Stage::Geometry];

/// Where the constants of a stage are, and bound.
#[derive(Debug)]
pub(super) enum Constants {
    /// Where they were last uploaded.
    Streamed(Uploaded),
    /// In a buffer that is written over.
    InPlace(Block),
}

/// A buffer that stays bound to a uniform block.
#[derive(Debug)]
pub(super) struct Block {
    buffer: gl::Buffer,
    /// How many bytes have been written.
    written: usize,
}

impl SubContext {
    /// Gives GL the constants of a stage, in `size` bytes from the uniform block `base` on, if it does not have them.
    pub(super) fn bind_constants(
        &mut self,
        shared: &mut Shared,
        index: usize,
        base: u32,
        size: usize,
    ) -> Result<(), ExecError> {
        let stage = &mut self.state.stages[index];
        let bound = &mut self.constants[index];
        if size <= BLOCK_BYTES && self.cpu && RUN_AT_ONCE.iter().any(|run| *run as usize == index) {
            let block = match bound.take() {
                Some(Constants::InPlace(block)) if block.has_room(size) => block,
                _ => Block::bound(&self.gl, base, size)?,
            };
            let block = bound.insert(Constants::InPlace(block));
            return match block {
                Constants::InPlace(block) => block.update(&self.gl, stage, size),
                Constants::Streamed(_) => Ok(()),
            };
        }
        let there = matches!(bound, Some(Constants::Streamed(up)) if up.size >= size);
        if there && !stage.constants_dirty {
            return Ok(());
        }
        let up = shared.upload.words(&self.gl, &stage.constants, size)?;
        let per_stage = shared.group.translation.layout.uniform_blocks_per_stage;
        let others = bind_blocks(&self.gl, &up, base, per_stage)?;
        stage.uniform_buffers_dirty |= others;
        // What is bound to those slots later takes the place of constants.
        stage.constants_dirty = others != 0;
        *bound = Some(Constants::Streamed(up));
        if index == Stage::Compute as usize {
            // The system block is in the same place.
            self.state.dirty.insert(Dirty::SYSTEM);
        }
        Ok(())
    }
}

/// Binds what was uploaded. What is beyond a block goes to the last slots of the stage; gives a mask of those.
fn bind_blocks(gl: &Gl, up: &Uploaded, base: u32, per_stage: u32) -> Result<u32, ExecError> {
    let further = (up.size - 1) / BLOCK_BYTES;
    let mut others = 0;
    for block in 0..=further {
        let slot = match block {
            0 => 0,
            _ => per_stage - (further - block + 1) as u32,
        };
        let offset = block * BLOCK_BYTES;
        let length = (up.size - offset).min(BLOCK_BYTES);
        let range = (up.buffer.buffer(), (up.offset + offset) as u64, length as u64);
        gl.bind_buffer_range(glow::UNIFORM_BUFFER, base + slot, Some(range))?;
        if block > 0 {
            others |= 1 << slot;
        }
    }
    Ok(others)
}

impl Block {
    /// A buffer with room for `size` bytes, bound to the uniform block `binding`.
    fn bound(gl: &Gl, binding: u32, size: usize) -> Result<Self, ExecError> {
        let room = size.next_power_of_two().max(SMALLEST) as u64;
        let buffer = gl.create_buffer()?;
        gl.buffer_storage(&buffer, room, None, glow::DYNAMIC_STORAGE_BIT)?;
        gl.bind_buffer_range(glow::UNIFORM_BUFFER, binding, Some((&buffer, 0, room)))?;
        Ok(Self { buffer, written: 0 })
    }

    fn has_room(&self, size: usize) -> bool {
        self.buffer.size() >= size as u64
    }

    /// Writes the first `size` bytes of a stage's constants, if they are not there.
    fn update(&mut self, gl: &Gl, stage: &mut StageState, size: usize) -> Result<(), ExecError> {
        if stage.constants_dirty || self.written < size {
            self.write(gl, &stage.constants, size)?;
            stage.constants_dirty = false;
        }
        Ok(())
    }

    /// Writes `size` bytes: words, and zeros where there are fewer.
    fn write(&mut self, gl: &Gl, words: &[u32], size: usize) -> Result<(), ExecError> {
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

    fn stage(constants: &[u32]) -> StageState {
        StageState {
            constants: constants.to_vec(),
            constants_dirty: true,
            ..StageState::default()
        }
    }

    #[test]
    fn words_are_written_over_and_missing_ones_are_zeros() {
        let context = context();
        let gl = context.gl();
        let mut block = Block::bound(&gl, 0, 16).unwrap();
        block.update(&gl, &mut stage(&[1, 2, 3, 4, 5]), 16).unwrap();
        assert_eq!(read(&gl, &block), [1, 2, 3, 4]);
        block.update(&gl, &mut stage(&[6]), 16).unwrap();
        assert_eq!(read(&gl, &block), [6, 0, 0, 0]);
    }

    #[test]
    fn a_shader_with_more_constants_than_the_one_before_has_them_written() {
        let context = context();
        let gl = context.gl();
        let mut block = Block::bound(&gl, 0, 16).unwrap();
        let mut stage = stage(&[1, 2, 3, 4, 5, 6, 7, 8]);
        block.update(&gl, &mut stage, 16).unwrap();
        assert!(!stage.constants_dirty && block.written == 16);
        block.update(&gl, &mut stage, 32).unwrap();
        assert_eq!(block.written, 32);
        assert!(block.has_room(SMALLEST) && !block.has_room(SMALLEST + 1));
    }
}
