//! How the host's binding points are divided among the stages.

use super::state::STAGES;
use crate::pipe::{
    caps::{HostLimits, PerStage},
    glsl::{Layout, Slots},
    wire::virgl::enums::Stage,
};

/// Divides the host's texture units and bindings among the stages.
pub(super) fn layout(host: &HostLimits) -> Layout {
    let blocks = host.constant_buffers_per_stage();
    Layout {
        samplers_per_stage: host.samplers_per_stage(),
        uniform_blocks_per_stage: blocks,
        // Compute shaders do not read it, so it can be where their constants are.
        system_block: blocks * Stage::Compute as u32,
        storage_blocks: consecutive(host.storage_slots()),
        images: consecutive(host.image_slots()),
        atomic_buffers: host.atomic_buffers(),
    }
}

/// The slots of the stages that draw, one after another, and those of the compute stage in the same place.
fn consecutive(counts: PerStage) -> [Slots; STAGES] {
    let mut first = 0;
    std::array::from_fn(|stage| {
        let count = counts[stage];
        if stage == Stage::Compute as usize {
            return Slots { first: 0, count };
        }
        let slots = Slots { first, count };
        first += count;
        slots
    })
}
