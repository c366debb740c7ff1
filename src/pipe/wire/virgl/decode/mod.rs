//! Words to commands.
//!
//! Everything that can be judged without knowing earlier commands is judged here: lengths, enumerations, and the
//! fixed limits of lists and indices. Lengths are exact except where the reference renderer asks for a minimum, and
//! reserved bits are ignored, as it does.

mod binding;
mod object;
mod payload;

#[cfg(test)]
mod tests;

use payload::{Payload, Result, bits, boolean, signed};

use super::{command::*, enums::*, limits::*};
use crate::pipe::format::Format;

/// Why words are not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There are no words.
    #[error("a command needs at least a header word")]
    Empty,
    /// The header announces more words than there are.
    #[error("command {id} announces {announced} words, {given} are left")]
    Truncated {
        /// Command number.
        id: u8,
        /// Words announced by the header.
        announced: usize,
        /// Words left in the buffer.
        given: usize,
    },
    /// No command has this number.
    #[error("no command has the number {0}")]
    Unknown(u8),
    /// The length does not fit the command.
    #[error("{} of {length} words", .command.name())]
    Length {
        /// The command.
        command: CommandId,
        /// Words after the header.
        length: usize,
    },
    /// A field has a value without a meaning.
    #[error("{}: {field} {value} has no meaning", .command.name())]
    Value {
        /// The command.
        command: CommandId,
        /// The field.
        field: &'static str,
        /// Its value.
        value: u32,
    },
    /// An index, or the end of a list, is beyond what the protocol has room for.
    #[error("{}: {field} {value} is above {limit}", .command.name())]
    Limit {
        /// The command.
        command: CommandId,
        /// The field.
        field: &'static str,
        /// Its value, or that of the last entry.
        value: u64,
        /// The greatest value allowed.
        limit: usize,
    },
}

/// How many words the command at the front of `words` takes, its header included; `None` if they are not all there.
/// This is known for malformed and unknown commands too, so that they can be skipped.
pub fn command_words(words: &[u32]) -> Option<usize> {
    let count = 1 + (words.first()? >> 16) as usize;
    (count <= words.len()).then_some(count)
}

/// Reads the command at the front of `words`, and tells how many words it took.
///
/// # Errors
/// [`DecodeError`]. The next command is found by [`command_words`].
pub fn decode(words: &[u32]) -> Result<(Command<'_>, usize)> {
    let payload = payload(words)?;
    Ok((payload.command()?, 1 + payload.words.len()))
}

/// The words of the command at the front.
fn payload(words: &[u32]) -> Result<Payload<'_>> {
    let (&header, rest) = words.split_first().ok_or(DecodeError::Empty)?;
    let (id, announced) = (header as u8, (header >> 16) as usize);
    let words = rest.get(..announced).ok_or(DecodeError::Truncated {
        id,
        announced,
        given: rest.len(),
    })?;
    Ok(Payload {
        command: CommandId::from_wire(id.into()).ok_or(DecodeError::Unknown(id))?,
        object: (header >> 8) as u8,
        words,
    })
}

/// The commands of a buffer, in order. A malformed command is an error in its place; the next one follows if the
/// header told where it begins.
pub fn commands(words: &[u32]) -> Commands<'_> {
    Commands { rest: words }
}

/// Iterator over the commands of a buffer.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    rest: &'a [u32],
}

impl<'a> Commands<'a> {
    /// The words that have not been read yet.
    pub fn rest(&self) -> &'a [u32] {
        self.rest
    }
}

impl<'a> Iterator for Commands<'a> {
    type Item = Result<Command<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let words = self.rest;
        self.rest = command_words(words)
            .and_then(|count| words.get(count..))
            .unwrap_or_default();
        Some(payload(words).and_then(|payload| payload.command()))
    }
}

impl<'a> Payload<'a> {
    fn command(&self) -> Result<Command<'a>> {
        use CommandId as Id;
        Ok(match self.command {
            Id::Nop => Command::Nop,
            Id::CreateObject => self.create_object()?,
            Id::BindObject => Command::BindObject {
                kind: self.object_type()?,
                id: self.handle()?,
            },
            Id::DestroyObject => Command::DestroyObject {
                id: ObjectId(self.at_least::<1>()?.0[0]),
            },
            Id::DrawVbo => self.draw()?,
            Id::Clear => {
                let &[buffers, r, g, b, a, low, high, stencil] = self.exactly()?;
                Command::Clear {
                    buffers,
                    color: [r, g, b, a],
                    depth: f64::from_bits(u64::from(high) << 32 | u64::from(low)),
                    stencil,
                }
            }
            Id::ClearTexture => {
                let &[resource, level, x, y, z, w, h, d, t0, t1, t2, t3] = self.exactly()?;
                Command::ClearTexture {
                    resource: ResourceId(resource),
                    level,
                    area: area([x, y, z, w, h, d]),
                    texel: [t0, t1, t2, t3],
                }
            }
            Id::ClearSurface => {
                let &[s0, surface, c0, c1, c2, c3, x, y, width, height] = self.exactly()?;
                Command::ClearSurface {
                    render_condition: boolean(s0, 0),
                    buffers: bits(s0, 1, 3),
                    surface: ObjectId(surface),
                    color: [c0, c1, c2, c3],
                    x,
                    y,
                    width,
                    height,
                }
            }
            Id::Blit => self.blit()?,
            Id::CopyRegion => {
                let &[dst, dst_level, x, y, z, src, src_level, sx, sy, sz, w, h, d] = self.exactly()?;
                Command::CopyRegion {
                    dst: ResourceId(dst),
                    dst_level,
                    dst_origin: [x, y, z],
                    src: ResourceId(src),
                    src_level,
                    src_area: area([sx, sy, sz, w, h, d]),
                }
            }
            Id::LaunchGrid => {
                let &[bx, by, bz, gx, gy, gz, indirect, indirect_offset] = self.exactly()?;
                Command::LaunchGrid {
                    block: [bx, by, bz],
                    grid: [gx, gy, gz],
                    indirect: ResourceId(indirect),
                    indirect_offset,
                }
            }
            Id::MemoryBarrier => Command::MemoryBarrier(self.word()?),
            Id::TextureBarrier => Command::TextureBarrier(self.word()?),
            Id::InlineWrite | Id::Transfer3d | Id::EndTransfers | Id::CopyTransfer3d => self.transfer()?,
            Id::BeginQuery
            | Id::EndQuery
            | Id::GetQueryResult
            | Id::GetQueryResultQbo
            | Id::SetRenderCondition => self.query()?,
            Id::SetSubContext => Command::SetSubContext(self.word()?),
            Id::CreateSubContext => Command::CreateSubContext(self.word()?),
            Id::DestroySubContext => Command::DestroySubContext(self.word()?),
            Id::BindShader => {
                let &[id, stage] = self.exactly()?;
                Command::BindShader {
                    id: ObjectId(id),
                    stage: self.stage(stage)?,
                }
            }
            Id::LinkShader => Command::LinkShader(self.exactly::<6>()?.map(ObjectId)),
            Id::SetFramebuffer
            | Id::SetFramebufferNoAttach
            | Id::SetViewports
            | Id::SetScissors
            | Id::SetStencilRef
            | Id::SetBlendColor
            | Id::SetPolygonStipple
            | Id::SetClipState
            | Id::SetSampleMask
            | Id::SetMinSamples
            | Id::SetTessState => self.fixed_state()?,
            Id::SetVertexBuffers
            | Id::SetIndexBuffer
            | Id::SetConstantBuffer
            | Id::SetUniformBuffer
            | Id::SetSamplerViews
            | Id::BindSamplerStates
            | Id::SetStreamoutTargets
            | Id::SetShaderBuffers
            | Id::SetShaderImages
            | Id::SetAtomicBuffers => self.binding()?,
            Id::PipeResourceCreate
            | Id::PipeResourceSetType
            | Id::GetMemoryInfo
            | Id::GetPipeResourceLayout
            | Id::SetDebugFlags
            | Id::SetTweaks
            | Id::StringMarker => self.miscellaneous()?,
            Id::CreateVideoCodec
            | Id::DestroyVideoCodec
            | Id::CreateVideoBuffer
            | Id::DestroyVideoBuffer
            | Id::BeginFrame
            | Id::DecodeMacroblock
            | Id::DecodeBitstream
            | Id::EncodeBitstream
            | Id::EndFrame => Command::Video {
                id: self.command,
                words: self.words,
            },
        })
    }

    fn draw(&self) -> Result<Command<'a>> {
        let mut words = [0; 20];
        match self.words.len() {
            length @ (12 | 14 | 20) => words[..length].copy_from_slice(self.words),
            _ => return Err(self.length()),
        }
        let [start, count, mode, indexed, instance_count, index_bias, rest @ ..] = words;
        let [
            start_instance,
            restart,
            restart_index,
            min_index,
            max_index,
            count_from_so,
            rest @ ..,
        ] = rest;
        let [
            vertices_per_patch,
            draw_id,
            buffer,
            offset,
            stride,
            draw_count,
            count_offset,
            count_buffer,
        ] = rest;
        Ok(Command::DrawVbo(Draw {
            start,
            count,
            mode: self.named("mode", mode, Primitive::from_wire)?,
            indexed: indexed != 0,
            instance_count,
            index_bias: index_bias as i32,
            start_instance,
            primitive_restart: restart != 0,
            restart_index,
            min_index,
            max_index,
            count_from_stream_output: count_from_so,
            vertices_per_patch,
            draw_id,
            indirect: (self.words.len() == 20).then_some(DrawIndirect {
                buffer: ResourceId(buffer),
                offset,
                stride,
                draw_count,
                count_offset,
                count_buffer: ResourceId(count_buffer),
            }),
        }))
    }

    fn blit(&self) -> Result<Command<'a>> {
        let &[s0, min, max, ref ends @ ..] = self.exactly::<21>()?;
        let end = |at: usize| BlitEnd {
            resource: ResourceId(ends[at]),
            level: ends[at + 1],
            format: Format(ends[at + 2]),
            area: area([
                ends[at + 3],
                ends[at + 4],
                ends[at + 5],
                ends[at + 6],
                ends[at + 7],
                ends[at + 8],
            ]),
        };
        Ok(Command::Blit(Blit {
            mask: s0 as u8,
            filter: self.named("filter", bits(s0, 8, 2), ImageFilter::from_wire)?,
            scissor_enable: boolean(s0, 10),
            render_condition_enable: boolean(s0, 11),
            alpha_blend: boolean(s0, 12),
            scissor: Scissor::read(&[min, max]),
            dst: end(0),
            src: end(9),
        }))
    }

    fn transfer(&self) -> Result<Command<'a>> {
        if self.command == CommandId::EndTransfers {
            return Ok(Command::EndTransfers);
        }
        let (&[resource, level, usage, stride, layer_stride, x, y, z, w, h, d], rest) = self.at_least()?;
        let transfer = Transfer {
            resource: ResourceId(resource),
            level,
            usage,
            stride,
            layer_stride,
            area: area([x, y, z, w, h, d]),
        };
        match (self.command, rest) {
            (CommandId::InlineWrite, data @ [_, ..]) => Ok(Command::InlineWrite { transfer, data }),
            (CommandId::Transfer3d, &[offset, direction, ..]) => Ok(Command::Transfer3d {
                transfer,
                offset,
                direction: self.named("direction", direction, TransferDirection::from_wire)?,
            }),
            (CommandId::CopyTransfer3d, &[staging, offset, flags]) => Ok(Command::CopyTransfer3d {
                transfer,
                staging: ResourceId(staging),
                offset,
                synchronized: boolean(flags, 0),
                from_host: boolean(flags, 1),
            }),
            _ => Err(self.length()),
        }
    }

    fn query(&self) -> Result<Command<'a>> {
        Ok(match self.command {
            CommandId::BeginQuery => Command::BeginQuery(self.handle()?),
            CommandId::EndQuery => Command::EndQuery(self.handle()?),
            CommandId::GetQueryResult => {
                let &[query, wait] = self.exactly()?;
                Command::GetQueryResult {
                    query: ObjectId(query),
                    wait: wait != 0,
                }
            }
            CommandId::SetRenderCondition => {
                let &[query, condition, mode] = self.exactly()?;
                Command::SetRenderCondition {
                    query: ObjectId(query),
                    inverted: condition != 0,
                    mode: self.named("mode", mode, RenderConditionMode::from_wire)?,
                }
            }
            _ => {
                let &[query, resource, wait, value_type, offset, index] = self.exactly()?;
                Command::GetQueryResultQbo {
                    query: ObjectId(query),
                    resource: ResourceId(resource),
                    wait: wait != 0,
                    value_type: self.named("result type", value_type, QueryValueType::from_wire)?,
                    offset,
                    index: index as i32,
                }
            }
        })
    }

    fn fixed_state(&self) -> Result<Command<'a>> {
        Ok(match self.command {
            CommandId::SetFramebuffer => {
                let (&[count, zsbuf], rest) = self.at_least()?;
                if count as usize != rest.len() {
                    return Err(self.length());
                }
                Command::SetFramebuffer {
                    zsbuf: ObjectId(zsbuf),
                    cbufs: self.list("colour buffers", 0, rest, COLOR_BUFFERS)?,
                }
            }
            CommandId::SetFramebufferNoAttach => {
                let &[size, layers] = self.exactly()?;
                Command::SetFramebufferNoAttach {
                    width: size as u16,
                    height: (size >> 16) as u16,
                    layers: layers as u16,
                    samples: (layers >> 16) as u8,
                }
            }
            CommandId::SetViewports => {
                let (&[start], rest) = self.at_least()?;
                Command::SetViewports {
                    start,
                    viewports: self.list("viewports", start, rest, VIEWPORTS)?,
                }
            }
            CommandId::SetScissors => {
                let (&[start], rest) = self.at_least()?;
                Command::SetScissors {
                    start,
                    scissors: self.list("scissors", start, rest, VIEWPORTS)?,
                }
            }
            CommandId::SetStencilRef => {
                let word = self.word()?;
                Command::SetStencilRef {
                    front: word as u8,
                    back: (word >> 8) as u8,
                }
            }
            CommandId::SetBlendColor => Command::SetBlendColor(self.exactly::<4>()?.map(f32::from_bits)),
            CommandId::SetPolygonStipple => Command::SetPolygonStipple(self.exactly()?),
            CommandId::SetClipState => {
                let words = self.exactly::<32>()?;
                let mut planes = [[0.0; 4]; CLIP_PLANES];
                for (to, word) in planes.iter_mut().flatten().zip(words) {
                    *to = f32::from_bits(*word);
                }
                Command::SetClipState(planes)
            }
            CommandId::SetSampleMask => Command::SetSampleMask(self.word()?),
            CommandId::SetMinSamples => Command::SetMinSamples(self.word()?),
            _ => {
                let [o0, o1, o2, o3, i0, i1] = self.exactly()?.map(f32::from_bits);
                Command::SetTessState {
                    outer: [o0, o1, o2, o3],
                    inner: [i0, i1],
                }
            }
        })
    }

    fn miscellaneous(&self) -> Result<Command<'a>> {
        Ok(match self.command {
            CommandId::PipeResourceCreate => {
                let &[
                    target,
                    format,
                    bind,
                    width,
                    height,
                    depth,
                    array_size,
                    last_level,
                    samples,
                    flags,
                    blob_id,
                ] = self.exactly()?;
                Command::PipeResourceCreate {
                    target: self.named("target", target, TextureTarget::from_wire)?,
                    format: Format(format),
                    bind,
                    width,
                    height,
                    depth,
                    array_size,
                    last_level,
                    samples,
                    flags,
                    blob_id,
                }
            }
            CommandId::PipeResourceSetType => match *self.words {
                [resource, ref words @ ..] if matches!(words.len(), 9 | 11 | 13 | 15) => {
                    Command::PipeResourceSetType {
                        resource: ResourceId(resource),
                        words,
                    }
                }
                _ => return Err(self.length()),
            },
            CommandId::GetMemoryInfo => Command::GetMemoryInfo(ResourceId(self.word()?)),
            CommandId::GetPipeResourceLayout => {
                let &[output, target] = self.exactly()?;
                Command::GetPipeResourceLayout {
                    output: ResourceId(output),
                    target: ResourceId(target),
                }
            }
            CommandId::SetDebugFlags => Command::SetDebugFlags(self.words),
            CommandId::SetTweaks => {
                let (&[id, value], _) = self.at_least()?;
                Command::SetTweaks { id, value }
            }
            _ => {
                let (&[length], text) = self.at_least()?;
                Command::StringMarker { length, text }
            }
        })
    }
}

fn area(words: [u32; 6]) -> Box3 {
    let [x, y, z, w, h, d] = signed(words);
    Box3 { x, y, z, w, h, d }
}
