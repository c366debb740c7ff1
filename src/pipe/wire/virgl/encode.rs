//! Commands to words, as a Mesa client writes them.

use super::{command::*, enums::*};

/// The most words a command may have behind its header.
pub const MAX_COMMAND_WORDS: usize = 0xffff;

/// A command has more data than the length field of a header can tell; it has to be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} of {words} words; a header can announce {MAX_COMMAND_WORDS}", .command.name())]
pub struct CommandTooLong {
    /// The command.
    pub command: CommandId,
    /// Words behind the header.
    pub words: usize,
}

/// The words of entries, for a [`Records`] to view.
pub fn record_words<T: Record>(entries: &[T]) -> Vec<u32> {
    let mut words = Vec::with_capacity(entries.len() * T::WORDS);
    entries.iter().for_each(|entry| entry.write(&mut words));
    words
}

/// A shader's text as the words of a [`ShaderPart`]: closed by a NUL, padded to words.
pub fn shader_words(text: &str) -> Vec<u32> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize((text.len() + 1).next_multiple_of(4), 0);
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .collect()
}

impl<'a> ShaderPart<'a> {
    /// A whole shader in one part: `words` come from [`shader_words`] of the same text.
    pub fn whole(stage: Stage, text: &str, words: &'a [u32], num_tokens: u32) -> Self {
        Self {
            stage,
            position: ShaderPosition::First(text.len() as u32 + 1),
            num_tokens,
            shared_memory: 0,
            strides: [0; 4],
            outputs: Records::empty(),
            text: words,
        }
    }
}

impl Command<'_> {
    /// Appends the command to `out`, header included.
    ///
    /// # Errors
    /// [`CommandTooLong`], and `out` is as before.
    pub fn encode(&self, out: &mut Vec<u32>) -> Result<(), CommandTooLong> {
        let start = out.len();
        out.push(0);
        self.payload(out);
        let words = out.len() - start - 1;
        if words > MAX_COMMAND_WORDS {
            out.truncate(start);
            return Err(CommandTooLong {
                command: self.id(),
                words,
            });
        }
        out[start] = self.id().to_wire() | self.object_type().to_wire() << 8 | (words as u32) << 16;
        Ok(())
    }

    fn object_type(&self) -> ObjectType {
        match self {
            Self::CreateObject { object, .. } => match object {
                NewObject::Surface(surface) if surface.samples != 0 => ObjectType::MsaaSurface,
                object => object.kind(),
            },
            Self::BindObject { kind, .. } => *kind,
            _ => ObjectType::Null,
        }
    }

    /// Appends what follows the header.
    fn payload(&self, out: &mut Vec<u32>) {
        match *self {
            Self::Nop | Self::EndTransfers => {}
            Self::CreateObject { id, ref object } => {
                out.push(id.0);
                put_object(out, object);
            }
            Self::BindObject { id, .. } | Self::DestroyObject { id } => out.push(id.0),
            Self::BeginQuery(id) | Self::EndQuery(id) => out.push(id.0),
            Self::SetSampleMask(word)
            | Self::SetMinSamples(word)
            | Self::SetSubContext(word)
            | Self::CreateSubContext(word)
            | Self::DestroySubContext(word)
            | Self::MemoryBarrier(word)
            | Self::TextureBarrier(word) => out.push(word),
            Self::Clear {
                buffers,
                color,
                depth,
                stencil,
            } => {
                out.push(buffers);
                out.extend(color);
                let depth = depth.to_bits();
                out.extend([depth as u32, (depth >> 32) as u32, stencil]);
            }
            Self::ClearTexture {
                resource,
                level,
                area,
                texel,
            } => {
                out.extend([resource.0, level]);
                put_box(out, area);
                out.extend(texel);
            }
            Self::ClearSurface {
                render_condition,
                buffers,
                surface,
                color,
                x,
                y,
                width,
                height,
            } => {
                out.extend([u32::from(render_condition) | buffers << 1, surface.0]);
                out.extend(color);
                out.extend([x, y, width, height]);
            }
            Self::DrawVbo(ref draw) => put_draw(out, draw),
            Self::Blit(ref blit) => put_blit(out, blit),
            Self::CopyRegion {
                dst,
                dst_level,
                dst_origin,
                src,
                src_level,
                src_area,
            } => {
                out.extend([dst.0, dst_level]);
                out.extend(dst_origin);
                out.extend([src.0, src_level]);
                put_box(out, src_area);
            }
            Self::LaunchGrid {
                block,
                grid,
                indirect,
                indirect_offset,
            } => {
                out.extend(block);
                out.extend(grid);
                out.extend([indirect.0, indirect_offset]);
            }
            Self::GetQueryResult { query, wait } => out.extend([query.0, wait.into()]),
            Self::SetRenderCondition {
                query,
                inverted,
                mode,
            } => out.extend([query.0, inverted.into(), mode.to_wire()]),
            Self::GetQueryResultQbo {
                query,
                resource,
                wait,
                value_type,
                offset,
                index,
            } => out.extend([
                query.0,
                resource.0,
                wait.into(),
                value_type.to_wire(),
                offset,
                index as u32,
            ]),
            Self::BindShader { id, stage } => out.extend([id.0, stage.to_wire()]),
            Self::LinkShader(handles) => out.extend(handles.map(|handle| handle.0)),
            _ => self.state_payload(out),
        }
    }

    /// Fixed-function state and bindings.
    fn state_payload(&self, out: &mut Vec<u32>) {
        match *self {
            Self::SetFramebuffer { zsbuf, cbufs } => {
                out.extend([cbufs.len() as u32, zsbuf.0]);
                out.extend(cbufs.words());
            }
            Self::SetFramebufferNoAttach {
                width,
                height,
                layers,
                samples,
            } => out.extend([
                u32::from(width) | u32::from(height) << 16,
                u32::from(layers) | u32::from(samples) << 16,
            ]),
            Self::SetViewports { start, viewports } => {
                out.push(start);
                out.extend(viewports.words());
            }
            Self::SetScissors { start, scissors } => {
                out.push(start);
                out.extend(scissors.words());
            }
            Self::SetStencilRef { front, back } => out.push(u32::from(front) | u32::from(back) << 8),
            Self::SetBlendColor(color) => out.extend(color.map(f32::to_bits)),
            Self::SetPolygonStipple(pattern) => out.extend(pattern),
            Self::SetClipState(planes) => out.extend(planes.as_flattened().iter().map(|f| f.to_bits())),
            Self::SetTessState { outer, inner } => {
                out.extend(outer.map(f32::to_bits));
                out.extend(inner.map(f32::to_bits));
            }
            Self::SetVertexBuffers(buffers) => out.extend(buffers.words()),
            Self::SetIndexBuffer {
                resource: ResourceId(0),
                ..
            } => out.push(0),
            Self::SetIndexBuffer {
                resource,
                index_size,
                offset,
            } => out.extend([resource.0, index_size, offset]),
            Self::SetConstantBuffer { stage, index, data } => {
                out.extend([stage.to_wire(), index]);
                out.extend(data);
            }
            Self::SetUniformBuffer {
                stage,
                index,
                offset,
                length,
                resource,
            } => out.extend([stage.to_wire(), index, offset, length, resource.0]),
            Self::SetSamplerViews { stage, start, views } => put_bindings(out, stage, start, views),
            Self::BindSamplerStates { stage, start, states } => put_bindings(out, stage, start, states),
            Self::SetShaderBuffers {
                stage,
                start,
                buffers,
            } => put_bindings(out, stage, start, buffers),
            Self::SetShaderImages { stage, start, images } => put_bindings(out, stage, start, images),
            Self::SetStreamoutTargets { append, targets } => {
                out.push(append);
                out.extend(targets.words());
            }
            Self::SetAtomicBuffers { start, buffers } => {
                out.push(start);
                out.extend(buffers.words());
            }
            _ => self.other_payload(out),
        }
    }

    /// Transfers, resources, and what belongs to no group.
    fn other_payload(&self, out: &mut Vec<u32>) {
        match *self {
            Self::InlineWrite { ref transfer, data } => {
                put_transfer(out, transfer);
                out.extend(data);
            }
            Self::Transfer3d {
                ref transfer,
                offset,
                direction,
            } => {
                put_transfer(out, transfer);
                out.extend([offset, direction.to_wire()]);
            }
            Self::CopyTransfer3d {
                ref transfer,
                staging,
                offset,
                synchronized,
                from_host,
            } => {
                put_transfer(out, transfer);
                let flags = u32::from(synchronized) | u32::from(from_host) << 1;
                out.extend([staging.0, offset, flags]);
            }
            Self::PipeResourceCreate {
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
            } => {
                out.extend([target.to_wire(), format.0, bind, width, height, depth]);
                out.extend([array_size, last_level, samples, flags, blob_id]);
            }
            Self::PipeResourceSetType { resource, words } => {
                out.push(resource.0);
                out.extend(words);
            }
            Self::GetMemoryInfo(resource) => out.push(resource.0),
            Self::GetPipeResourceLayout { output, target } => out.extend([output.0, target.0]),
            Self::SetTweaks { id, value } => out.extend([id, value]),
            Self::StringMarker { length, text } => {
                out.push(length);
                out.extend(text);
            }
            Self::SetDebugFlags(words) | Self::Video { words, .. } => out.extend(words),
            _ => {}
        }
    }
}

fn put_box(out: &mut Vec<u32>, area: Box3) {
    out.extend([area.x, area.y, area.z, area.w, area.h, area.d].map(|edge| edge as u32));
}

fn put_transfer(out: &mut Vec<u32>, transfer: &Transfer) {
    out.extend([
        transfer.resource.0,
        transfer.level,
        transfer.usage,
        transfer.stride,
        transfer.layer_stride,
    ]);
    put_box(out, transfer.area);
}

fn put_bindings<T: Record>(out: &mut Vec<u32>, stage: Stage, start: u32, entries: Records<'_, T>) {
    out.extend([stage.to_wire(), start]);
    out.extend(entries.words());
}

/// Writes as much of the tail as is used.
fn put_draw(out: &mut Vec<u32>, draw: &Draw) {
    out.extend([
        draw.start,
        draw.count,
        draw.mode.to_wire(),
        draw.indexed.into(),
        draw.instance_count,
        draw.index_bias as u32,
        draw.start_instance,
        draw.primitive_restart.into(),
        draw.restart_index,
        draw.min_index,
        draw.max_index,
        draw.count_from_stream_output,
    ]);
    let patches = draw.mode == Primitive::Patches || draw.vertices_per_patch != 0 || draw.draw_id != 0;
    if patches || draw.indirect.is_some() {
        out.extend([draw.vertices_per_patch, draw.draw_id]);
    }
    if let Some(indirect) = draw.indirect {
        out.extend([
            indirect.buffer.0,
            indirect.offset,
            indirect.stride,
            indirect.draw_count,
            indirect.count_offset,
            indirect.count_buffer.0,
        ]);
    }
}

fn put_blit(out: &mut Vec<u32>, blit: &Blit) {
    out.push(
        u32::from(blit.mask)
            | blit.filter.to_wire() << 8
            | flags(&[
                (10, blit.scissor_enable),
                (11, blit.render_condition_enable),
                (12, blit.alpha_blend),
            ]),
    );
    blit.scissor.write(out);
    for end in [blit.dst, blit.src] {
        out.extend([end.resource.0, end.level, end.format.0]);
        put_box(out, end.area);
    }
}

/// A word with these bits.
fn flags(bits: &[(u32, bool)]) -> u32 {
    bits.iter().fold(0, |word, &(at, on)| word | u32::from(on) << at)
}

fn put_object(out: &mut Vec<u32>, object: &NewObject<'_>) {
    match *object {
        NewObject::Blend(ref blend) => put_blend(out, blend),
        NewObject::Rasterizer(ref rasterizer) => put_rasterizer(out, rasterizer),
        NewObject::Dsa(ref dsa) => put_dsa(out, dsa),
        NewObject::Shader(ref shader) => put_shader(out, shader),
        NewObject::VertexElements(elements) => out.extend(elements.words()),
        NewObject::SamplerView(view) => {
            let swizzle = view
                .swizzle
                .iter()
                .rev()
                .fold(0, |word, s| word << 3 | s.to_wire());
            let format = view.format.0 & 0xff_ffff | u32::from(view.target) << 24;
            out.extend([view.resource.0, format, view.first, view.last, swizzle]);
        }
        NewObject::SamplerState(ref sampler) => put_sampler(out, sampler),
        NewObject::Surface(surface) => {
            out.extend([
                surface.resource.0,
                surface.format.0,
                surface.level,
                surface.layers,
            ]);
            if surface.samples != 0 {
                out.push(surface.samples);
            }
        }
        NewObject::Query(query) => out.extend([
            query.kind.to_wire() | u32::from(query.index) << 16,
            query.offset,
            query.resource.0,
        ]),
        NewObject::StreamoutTarget(target) => {
            out.extend([target.resource.0, target.offset, target.size]);
        }
    }
}

fn put_blend(out: &mut Vec<u32>, blend: &BlendState) {
    out.push(flags(&[
        (0, blend.independent),
        (1, blend.logic_op_enable),
        (2, blend.dither),
        (3, blend.alpha_to_coverage),
        (4, blend.alpha_to_one),
    ]));
    out.push(blend.logic_op.to_wire());
    out.extend(blend.targets.map(|target| {
        u32::from(target.enable)
            | target.rgb_func.to_wire() << 1
            | target.rgb_src.to_wire() << 4
            | target.rgb_dst.to_wire() << 9
            | target.alpha_func.to_wire() << 14
            | target.alpha_src.to_wire() << 17
            | target.alpha_dst.to_wire() << 22
            | u32::from(target.color_mask & 0xf) << 27
    }));
}

fn put_rasterizer(out: &mut Vec<u32>, state: &RasterizerState) {
    let switches = flags(&[
        (0, state.flatshade),
        (1, state.depth_clip),
        (2, state.clip_halfz),
        (3, state.rasterizer_discard),
        (4, state.flatshade_first),
        (5, state.light_twoside),
        (6, state.sprite_coord_lower_left),
        (7, state.point_quad_rasterization),
        (14, state.scissor),
        (15, state.front_ccw),
        (16, state.clamp_vertex_color),
        (17, state.clamp_fragment_color),
        (18, state.offset_line),
        (19, state.offset_point),
        (20, state.offset_tri),
        (21, state.poly_smooth),
        (22, state.poly_stipple),
        (23, state.point_smooth),
        (24, state.point_size_per_vertex),
        (25, state.multisample),
        (26, state.line_smooth),
        (27, state.line_stipple),
        (28, state.line_last_pixel),
        (29, state.half_pixel_center),
        (30, state.bottom_edge_rule),
        (31, state.force_persample_interp),
    ]);
    out.extend([
        switches
            | state.cull_face.to_wire() << 8
            | state.fill_front.to_wire() << 10
            | state.fill_back.to_wire() << 12,
        state.point_size.to_bits(),
        state.sprite_coord_enable,
        u32::from(state.line_stipple_pattern)
            | u32::from(state.line_stipple_factor) << 16
            | u32::from(state.clip_plane_enable) << 24,
        state.line_width.to_bits(),
        state.offset_units.to_bits(),
        state.offset_scale.to_bits(),
        state.offset_clamp.to_bits(),
    ]);
}

fn put_dsa(out: &mut Vec<u32>, dsa: &DsaState) {
    let face = |face: StencilFace| {
        u32::from(face.enabled)
            | face.func.to_wire() << 1
            | face.fail_op.to_wire() << 4
            | face.zpass_op.to_wire() << 7
            | face.zfail_op.to_wire() << 10
            | u32::from(face.value_mask) << 13
            | u32::from(face.write_mask) << 21
    };
    let switches = flags(&[(0, dsa.depth_enable), (1, dsa.depth_write), (8, dsa.alpha_enable)]);
    out.extend([
        switches | dsa.depth_func.to_wire() << 2 | dsa.alpha_func.to_wire() << 9,
        face(dsa.front),
        face(dsa.back),
        dsa.alpha_ref.to_bits(),
    ]);
}

fn put_shader(out: &mut Vec<u32>, shader: &ShaderPart<'_>) {
    let position = match shader.position {
        ShaderPosition::First(length) => length & !(1 << 31),
        ShaderPosition::Continuation(offset) => offset | 1 << 31,
    };
    let outputs = match shader.stage {
        Stage::Compute => shader.shared_memory,
        _ => shader.outputs.len() as u32,
    };
    out.extend([shader.stage.to_wire(), position, shader.num_tokens, outputs]);
    if shader.stage != Stage::Compute && outputs != 0 {
        out.extend(shader.strides);
        out.extend(shader.outputs.words());
    }
    out.extend(shader.text);
}

fn put_sampler(out: &mut Vec<u32>, sampler: &SamplerState) {
    out.extend([
        sampler.wrap_s.to_wire()
            | sampler.wrap_t.to_wire() << 3
            | sampler.wrap_r.to_wire() << 6
            | sampler.min_img_filter.to_wire() << 9
            | sampler.min_mip_filter.to_wire() << 11
            | sampler.mag_img_filter.to_wire() << 13
            | sampler.compare_func.to_wire() << 16
            | flags(&[(15, sampler.compare), (19, sampler.seamless_cube_map)])
            | u32::from(sampler.max_anisotropy & 0x1f) << 20,
        sampler.lod_bias.to_bits(),
        sampler.min_lod.to_bits(),
        sampler.max_lod.to_bits(),
    ]);
    out.extend(sampler.border_color);
}
