//! Dispatches of compute shaders.

use super::{
    Shared, buffers::buffer_of, error::ExecError, state::Dirty, storage::COMPUTING, sub_context::SubContext,
};
use crate::pipe::wire::virgl::{command::ResourceId, enums::Stage};

/// Where the number of work groups comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Groups {
    Direct([u32; 3]),
    Indirect { buffer: ResourceId, offset: u32 },
}

impl SubContext {
    /// LAUNCH_GRID. Without a compute shader it is dropped, as draws without shaders are. `block` counts for shaders that
    /// leave the size of a work group open.
    pub(super) fn launch_grid(
        &mut self,
        shared: &mut Shared,
        block: [u32; 3],
        groups: Groups,
    ) -> Result<(), ExecError> {
        let Some(shader) = &self.state.stage(Stage::Compute).shader else {
            return Ok(());
        };
        if shader.interface.open_block && block != self.state.block {
            self.state.block = block;
            self.state.dirty.insert(Dirty::COMPUTE);
        }
        if !self.prepare_dispatch(shared)? {
            return Ok(());
        }
        match groups {
            Groups::Direct(counts) => {
                self.check_counts(counts)?;
                self.gl.dispatch_compute(counts);
            }
            Groups::Indirect { buffer: id, offset } => {
                let buffer = buffer_of(shared.resource(id)?)?;
                self.gl.dispatch_compute_indirect(buffer, offset.into())?;
            }
        }
        Ok(())
    }

    /// Brings GL up to date; false if nothing can be computed.
    fn prepare_dispatch(&mut self, shared: &mut Shared) -> Result<bool, ExecError> {
        if self.state.dirty.take(Dirty::COMPUTE) {
            let selected = self
                .programs
                .select_compute(&self.gl, &shared.group.translation, &self.state);
            self.compute = selected.as_ref().ok().cloned().flatten();
            selected?;
        }
        let Some(program) = &self.compute else {
            return Ok(false);
        };
        self.streamout.pause(&self.gl);
        self.cache.program(&program.linked);
        if self.state.dirty.take(Dirty::SAMPLERS) {
            self.bind_textures(shared)?;
        }
        self.bind_uniforms(shared, COMPUTING)?;
        self.bind_storage(shared, COMPUTING)?;
        Ok(true)
    }

    /// GL would record an error for more work groups.
    fn check_counts(&self, counts: [u32; 3]) -> Result<(), ExecError> {
        let most = self.gl.capabilities().max_compute_work_group_count;
        match counts.iter().zip(most).find(|&(&count, most)| count > most) {
            None => Ok(()),
            Some((&count, _)) => Err(ExecError::OutOfRange {
                what: "number of work groups",
                value: count.into(),
            }),
        }
    }
}
