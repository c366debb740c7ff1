//! Buffers, views and the like bound to slots.

use super::{
    super::{command::*, enums::*, limits::*},
    payload::{Payload, Result},
};

impl<'a> Payload<'a> {
    pub(super) fn binding(&self) -> Result<Command<'a>> {
        Ok(match self.command {
            CommandId::SetVertexBuffers => {
                Command::SetVertexBuffers(self.list("vertex buffers", 0, self.words, VERTEX_BUFFERS)?)
            }
            CommandId::SetIndexBuffer => self.index_buffer()?,
            CommandId::SetConstantBuffer => {
                let (&[stage, index], data) = self.at_least()?;
                Command::SetConstantBuffer {
                    stage: self.stage(stage)?,
                    index,
                    data,
                }
            }
            CommandId::SetUniformBuffer => {
                let &[stage, index, offset, length, resource] = self.exactly()?;
                Command::SetUniformBuffer {
                    stage: self.stage(stage)?,
                    index: self.below("index", index, UNIFORM_BUFFERS)?,
                    offset,
                    length,
                    resource: ResourceId(resource),
                }
            }
            CommandId::SetStreamoutTargets => {
                let (&[append], rest) = self.at_least()?;
                Command::SetStreamoutTargets {
                    append,
                    targets: self.list("targets", 0, rest, STREAMOUT_TARGETS)?,
                }
            }
            CommandId::SetAtomicBuffers => {
                let (&[start], rest) = self.at_least()?;
                Command::SetAtomicBuffers {
                    start,
                    buffers: self.list("buffers", start, rest, ATOMIC_BUFFERS)?,
                }
            }
            _ => self.stage_binding()?,
        })
    }

    /// Bindings of a shader stage from a slot on.
    fn stage_binding(&self) -> Result<Command<'a>> {
        let (&[stage, start], rest) = self.at_least()?;
        let stage = self.stage(stage)?;
        Ok(match self.command {
            CommandId::SetSamplerViews => Command::SetSamplerViews {
                stage,
                start,
                views: self.list("views", start, rest, SAMPLER_VIEWS)?,
            },
            CommandId::BindSamplerStates => Command::BindSamplerStates {
                stage,
                start,
                states: self.list("states", start, rest, SAMPLERS)?,
            },
            CommandId::SetShaderBuffers => Command::SetShaderBuffers {
                stage,
                start,
                buffers: self.list("buffers", start, rest, SHADER_BUFFERS)?,
            },
            _ => Command::SetShaderImages {
                stage,
                start,
                images: self.list("images", start, rest, SHADER_IMAGES)?,
            },
        })
    }

    fn index_buffer(&self) -> Result<Command<'a>> {
        let (resource, index_size, offset) = match *self.words {
            [0] => (0, 0, 0),
            [resource, size, offset] if resource == 0 || matches!(size, 1 | 2 | 4) => {
                (resource, size, offset)
            }
            [_, size, _] => return Err(self.value("index size", size)),
            _ => return Err(self.length()),
        };
        Ok(Command::SetIndexBuffer {
            resource: ResourceId(resource),
            index_size,
            offset,
        })
    }
}
