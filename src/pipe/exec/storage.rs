//! What shaders write besides their outputs: storage buffers, counter buffers and images.
//!
//! Compute shaders may have the same bindings as the stages that draw, since they never run together: what one side
//! binds has to be bound anew for the other.

use std::ops::Range;

use super::{
    Shared,
    bits::{bits, low_bits},
    buffers::BoundBuffer,
    error::ExecError,
    state::{ATOMIC_BUFFERS, Dirty, STAGES, STORAGE_BUFFERS, State},
    sub_context::SubContext,
};
use crate::{
    gl::Gl,
    pipe::{
        glsl::{Layout, Slots},
        wire::virgl::{
            command::{BufferRange, Records},
            enums::Stage,
        },
    },
};

/// The stages that draw.
pub(super) const DRAWING: Range<usize> = 0..Stage::Compute as usize;
/// The stage that computes.
pub(super) const COMPUTING: Range<usize> = Stage::Compute as usize..STAGES;
/// GL's alignment of counter buffers, in bytes.
const COUNTER_ALIGNMENT: u32 = 4;

impl SubContext {
    /// SET_SHADER_BUFFERS. What cannot be bound leaves its slot empty.
    pub(super) fn set_shader_buffers(
        &mut self,
        shared: &Shared,
        stage: Stage,
        start: u32,
        buffers: Records<'_, BufferRange>,
    ) -> Result<(), ExecError> {
        let alignment = self.gl.capabilities().shader_storage_buffer_offset_alignment;
        let stage = &mut self.state.stages[stage.to_wire() as usize];
        let slots = &mut stage.storage_buffers[(start as usize).min(STORAGE_BUFFERS)..];
        let (changed, result) = set_buffers(shared, slots, buffers, alignment);
        stage.storage_buffers_dirty |= changed.checked_shl(start).unwrap_or(0);
        self.state.dirty.insert(Dirty::STORAGE);
        result
    }

    /// SET_ATOMIC_BUFFERS, which are the same for all stages.
    pub(super) fn set_atomic_buffers(
        &mut self,
        shared: &Shared,
        start: u32,
        buffers: Records<'_, BufferRange>,
    ) -> Result<(), ExecError> {
        let slots = &mut self.state.atomic_buffers[(start as usize).min(ATOMIC_BUFFERS)..];
        let (changed, result) = set_buffers(shared, slots, buffers, COUNTER_ALIGNMENT);
        self.state.atomic_buffers_dirty |= changed.checked_shl(start).unwrap_or(0);
        self.state.dirty.insert(Dirty::STORAGE);
        result
    }

    /// Binds what the shaders of some stages use and GL does not have.
    pub(super) fn bind_storage(&mut self, shared: &Shared, stages: Range<usize>) -> Result<(), ExecError> {
        let layout = &shared.group.translation.layout;
        let mut counters = 0;
        for index in stages {
            let Some(shader) = &self.state.stages[index].shader else {
                continue;
            };
            let interface = &shader.interface;
            counters |= interface.atomic_buffers;
            let (buffers, images, layered) = (
                interface.storage_buffers,
                interface.images,
                interface.layered_images,
            );
            self.state.bind_buffers(&self.gl, layout, index, buffers)?;
            self.state.bind_images(&self.gl, layout, index, images, layered)?;
        }
        self.state.bind_counters(&self.gl, layout, counters)
    }
}

impl State {
    fn bind_buffers(&mut self, gl: &Gl, layout: &Layout, stage: usize, used: u32) -> Result<(), ExecError> {
        let bindings = layout.storage_blocks[stage];
        let state = &mut self.stages[stage];
        let changed = state.storage_buffers_dirty & used & low_bits(bindings.count);
        for slot in bits(changed) {
            let bound = state.storage_buffers[slot as usize].as_ref();
            let range = bound.map(BoundBuffer::range).transpose()?;
            gl.bind_buffer_range(glow::SHADER_STORAGE_BUFFER, bindings.first + slot, range)?;
            state.storage_buffers_dirty &= !(1 << slot);
        }
        for (other, mask) in displaced(&layout.storage_blocks, stage, changed) {
            self.stages[other].storage_buffers_dirty |= mask;
            self.dirty.insert(Dirty::STORAGE);
        }
        Ok(())
    }

    fn bind_images(
        &mut self,
        gl: &Gl,
        layout: &Layout,
        stage: usize,
        used: u32,
        layered: u32,
    ) -> Result<(), ExecError> {
        let units = layout.images[stage];
        let state = &mut self.stages[stage];
        let changed = state.images_dirty & used & low_bits(units.count);
        for slot in bits(changed) {
            let image = state.images[slot as usize].as_ref();
            let image = image.map(|image| image.unit(gl, layered >> slot & 1 != 0));
            gl.bind_image_texture(units.first + slot, image.transpose()?)?;
            state.images_dirty &= !(1 << slot);
        }
        for (other, mask) in displaced(&layout.images, stage, changed) {
            self.stages[other].images_dirty |= mask;
            self.dirty.insert(Dirty::STORAGE);
        }
        Ok(())
    }

    fn bind_counters(&mut self, gl: &Gl, layout: &Layout, used: u32) -> Result<(), ExecError> {
        for slot in bits(self.atomic_buffers_dirty & used & low_bits(layout.atomic_buffers)) {
            let bound = self.atomic_buffers[slot as usize].as_ref();
            let range = bound.map(BoundBuffer::range).transpose()?;
            gl.bind_buffer_range(glow::ATOMIC_COUNTER_BUFFER, slot, range)?;
            self.atomic_buffers_dirty &= !(1 << slot);
        }
        Ok(())
    }
}

/// Sets slots; gives back a mask of those that changed.
fn set_buffers(
    shared: &Shared,
    slots: &mut [Option<BoundBuffer>],
    buffers: Records<'_, BufferRange>,
    alignment: u32,
) -> (u32, Result<(), ExecError>) {
    let (mut changed, mut failed) = (0, None);
    for (at, (slot, range)) in slots.iter_mut().zip(buffers.iter()).enumerate() {
        let what = "offset of a buffer that shaders write";
        let bound = BoundBuffer::new(shared, range, alignment, what).unwrap_or_else(|error| {
            failed = Some(error);
            None
        });
        if bound != *slot {
            *slot = bound;
            changed |= 1 << at;
        }
    }
    (changed, failed.map_or(Ok(()), Err))
}

/// The slots of other stages whose bindings are those of the slots in `mask`.
fn displaced(layout: &[Slots; STAGES], stage: usize, mask: u32) -> impl Iterator<Item = (usize, u32)> {
    let mine = layout[stage];
    let others = layout
        .iter()
        .enumerate()
        .filter(move |&(other, _)| other != stage);
    others.filter_map(move |(other, &theirs)| {
        let mask = u64::from(mask);
        let moved = match mine.first.checked_sub(theirs.first) {
            Some(up) => mask.checked_shl(up),
            None => mask.checked_shr(theirs.first - mine.first),
        };
        let mask = moved.unwrap_or(0) as u32 & low_bits(theirs.count);
        (mask != 0).then_some((other, mask))
    })
}

/// GL's names for the barriers of the wire.
///
/// Where a client means one way to reach texels or bytes, the executor may go another: blits may sample or attach, reads of
/// pixels and of odd indices are transfers. So those come together.
pub(super) fn gl_barriers(flags: u32) -> u32 {
    const BYTES: u32 = glow::BUFFER_UPDATE_BARRIER_BIT;
    const TEXELS: u32 =
        glow::TEXTURE_FETCH_BARRIER_BIT | glow::TEXTURE_UPDATE_BARRIER_BIT | glow::FRAMEBUFFER_BARRIER_BIT;
    const BARRIERS: [(u32, u32); 14] = [
        (0, glow::CLIENT_MAPPED_BUFFER_BARRIER_BIT | BYTES),
        (
            1,
            glow::SHADER_STORAGE_BARRIER_BIT | glow::ATOMIC_COUNTER_BARRIER_BIT,
        ),
        (2, glow::QUERY_BUFFER_BARRIER_BIT),
        (3, glow::VERTEX_ATTRIB_ARRAY_BARRIER_BIT),
        (4, glow::ELEMENT_ARRAY_BARRIER_BIT | BYTES),
        (5, glow::UNIFORM_BARRIER_BIT),
        (6, glow::COMMAND_BARRIER_BIT | BYTES),
        (7, glow::PIXEL_BUFFER_BARRIER_BIT | BYTES | TEXELS),
        (8, glow::SHADER_IMAGE_ACCESS_BARRIER_BIT),
        (9, TEXELS),
        (10, glow::TRANSFORM_FEEDBACK_BARRIER_BIT),
        (11, 0),
        (12, BYTES),
        (13, TEXELS),
    ];
    BARRIERS
        .iter()
        .filter(|(bit, _)| flags >> bit & 1 != 0)
        .fold(0, |all, (_, barrier)| all | barrier)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(first: u32, count: u32) -> Slots {
        Slots { first, count }
    }

    #[test]
    fn bindings_that_two_stages_share_are_displaced_and_others_are_not() {
        let layout = [
            slots(0, 16),
            slots(16, 16),
            slots(32, 16),
            slots(48, 16),
            slots(64, 16),
            slots(8, 32),
        ];
        let of = |stage, mask| displaced(&layout, stage, mask).collect::<Vec<_>>();
        assert_eq!(of(5, 0b1), [(0, 1 << 8)]);
        assert_eq!(of(5, 1 << 8 | 1 << 23), [(1, 1 | 1 << 15)]);
        assert_eq!(of(5, 1 << 31), [(2, 1 << 7)]);
        assert_eq!(of(1, 0b11), [(5, 0b11 << 8)]);
        assert_eq!(of(0, 0b11), []);
        assert_eq!(of(4, u32::MAX), []);
    }
}
