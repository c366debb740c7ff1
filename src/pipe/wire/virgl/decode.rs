//! Words to commands.

use super::{command::*, enums::*};
use crate::pipe::format::Format;

/// Why words are not a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
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
    #[error("command {id} of {length} words")]
    Length {
        /// Command number.
        id: u8,
        /// Words after the header.
        length: usize,
    },
    /// A field has a value without a meaning.
    #[error("command {id}: {field} {value} has no meaning")]
    Value {
        /// Command number.
        id: u8,
        /// The field.
        field: &'static str,
        /// Its value.
        value: u32,
    },
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

impl<'a> Iterator for Commands<'a> {
    type Item = Result<Command<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&header, rest) = self.rest.split_first()?;
        let (id, announced) = (header as u8, (header >> 16) as usize);
        if announced > rest.len() {
            self.rest = &[];
            return Some(Err(DecodeError::Truncated {
                id,
                announced,
                given: rest.len(),
            }));
        }
        let (payload, rest) = rest.split_at(announced);
        self.rest = rest;
        Some(
            Decoder {
                id,
                object: (header >> 8) as u8,
                words: payload,
            }
            .command(),
        )
    }
}

struct Decoder<'a> {
    id: u8,
    object: u8,
    words: &'a [u32],
}

type Decoded<'a> = Result<Command<'a>, DecodeError>;

fn boolean(word: u32, bit: u32) -> bool {
    word >> bit & 1 != 0
}

fn bits(word: u32, at: u32, count: u32) -> u32 {
    word >> at & ((1 << count) - 1)
}

impl<'a> Decoder<'a> {
    fn length(&self) -> DecodeError {
        DecodeError::Length {
            id: self.id,
            length: self.words.len(),
        }
    }

    fn exactly<const N: usize>(&self) -> Result<&'a [u32; N], DecodeError> {
        self.words.try_into().map_err(|_| self.length())
    }

    fn at_least<const N: usize>(&self) -> Result<(&'a [u32; N], &'a [u32]), DecodeError> {
        self.words.split_first_chunk().ok_or_else(|| self.length())
    }

    fn value(&self, field: &'static str, value: u32) -> DecodeError {
        DecodeError::Value {
            id: self.id,
            field,
            value,
        }
    }

    fn stage(&self, word: u32) -> Result<Stage, DecodeError> {
        Stage::from_wire(word).ok_or_else(|| self.value("stage", word))
    }

    fn records<T: Record>(&self, words: &'a [u32]) -> Result<Records<'a, T>, DecodeError> {
        Records::new(words).ok_or_else(|| self.length())
    }

    fn command(&self) -> Decoded<'a> {
        Ok(match self.id {
            0 => Command::Nop,
            1 => self.create_object()?,
            2 => {
                let &[id] = self.exactly()?;
                let kind = ObjectType::from_wire(self.object.into())
                    .ok_or_else(|| self.value("object type", self.object.into()))?;
                Command::BindObject {
                    kind,
                    id: ObjectId(id),
                }
            }
            3 => Command::DestroyObject {
                id: ObjectId(self.at_least::<1>()?.0[0]),
            },
            4 => {
                let (&[start], rest) = self.at_least()?;
                Command::SetViewports {
                    start,
                    viewports: self.records(rest)?,
                }
            }
            5 => {
                let (&[count, zsbuf], rest) = self.at_least()?;
                if count as usize != rest.len() {
                    return Err(self.length());
                }
                Command::SetFramebuffer {
                    zsbuf: ObjectId(zsbuf),
                    cbufs: self.records(rest)?,
                }
            }
            6 => Command::SetVertexBuffers(self.records(self.words)?),
            7 => {
                let &[buffers, r, g, b, a, low, high, stencil] = self.exactly()?;
                let depth = f64::from_bits(u64::from(high) << 32 | u64::from(low));
                Command::Clear {
                    buffers,
                    color: [r, g, b, a],
                    depth,
                    stencil,
                }
            }
            8 => self.draw()?,
            9 => {
                let (head, data) = self.at_least::<11>()?;
                Command::InlineWrite {
                    transfer: transfer(head),
                    data,
                }
            }
            10 => {
                let (&[stage, start], rest) = self.at_least()?;
                Command::SetSamplerViews {
                    stage: self.stage(stage)?,
                    start,
                    views: self.records(rest)?,
                }
            }
            11 => match *self.words {
                [resource] => Command::SetIndexBuffer {
                    resource: ResourceId(resource),
                    index_size: 0,
                    offset: 0,
                },
                [resource, index_size, offset] => Command::SetIndexBuffer {
                    resource: ResourceId(resource),
                    index_size,
                    offset,
                },
                _ => return Err(self.length()),
            },
            12 => {
                let (&[stage, index], data) = self.at_least()?;
                Command::SetConstantBuffer {
                    stage: self.stage(stage)?,
                    index,
                    data,
                }
            }
            13 => {
                let &[word] = self.exactly()?;
                Command::SetStencilRef {
                    front: word as u8,
                    back: (word >> 8) as u8,
                }
            }
            14 => Command::SetBlendColor(self.exactly::<4>()?.map(f32::from_bits)),
            15 => {
                let (&[start], rest) = self.at_least()?;
                Command::SetScissors {
                    start,
                    scissors: self.records(rest)?,
                }
            }
            16 => self.blit()?,
            17 => {
                let &[dst, dst_level, x, y, z, src, src_level, sx, sy, sz, w, h, d] = self.exactly()?;
                let [sx, sy, sz, w, h, d] = [sx, sy, sz, w, h, d].map(|v| v as i32);
                Command::CopyRegion {
                    dst: ResourceId(dst),
                    dst_level,
                    dst_origin: [x, y, z],
                    src: ResourceId(src),
                    src_level,
                    src_area: Box3 {
                        x: sx,
                        y: sy,
                        z: sz,
                        w,
                        h,
                        d,
                    },
                }
            }
            18 => {
                let (&[stage, start], rest) = self.at_least()?;
                Command::BindSamplerStates {
                    stage: self.stage(stage)?,
                    start,
                    states: self.records(rest)?,
                }
            }
            19 => Command::BeginQuery(ObjectId(self.exactly::<1>()?[0])),
            20 => Command::EndQuery(ObjectId(self.exactly::<1>()?[0])),
            21 => {
                let &[query, wait] = self.exactly()?;
                Command::GetQueryResult {
                    query: ObjectId(query),
                    wait: wait != 0,
                }
            }
            22 => Command::SetPolygonStipple(self.exactly()?),
            23 => {
                let words = self.exactly::<32>()?;
                let mut planes = [[0.0; 4]; 8];
                for (to, word) in planes.iter_mut().flatten().zip(words) {
                    *to = f32::from_bits(*word);
                }
                Command::SetClipState(planes)
            }
            24 => Command::SetSampleMask(self.exactly::<1>()?[0]),
            25 => {
                let (&[append], rest) = self.at_least()?;
                Command::SetStreamoutTargets {
                    append,
                    targets: self.records(rest)?,
                }
            }
            26 => {
                let &[query, condition, mode] = self.exactly()?;
                let mode = RenderConditionMode::from_wire(mode).ok_or_else(|| self.value("mode", mode))?;
                Command::SetRenderCondition {
                    query: ObjectId(query),
                    inverted: condition != 0,
                    mode,
                }
            }
            27 => {
                let &[stage, index, offset, length, resource] = self.exactly()?;
                let (stage, resource) = (self.stage(stage)?, ResourceId(resource));
                Command::SetUniformBuffer {
                    stage,
                    index,
                    offset,
                    length,
                    resource,
                }
            }
            28 => Command::SetSubContext(self.exactly::<1>()?[0]),
            29 => Command::CreateSubContext(self.exactly::<1>()?[0]),
            30 => Command::DestroySubContext(self.exactly::<1>()?[0]),
            31 => {
                let &[id, stage] = self.exactly()?;
                Command::BindShader {
                    id: ObjectId(id),
                    stage: self.stage(stage)?,
                }
            }
            33 => Command::SetMinSamples(self.exactly::<1>()?[0]),
            36 => Command::MemoryBarrier(self.exactly::<1>()?[0]),
            38 => {
                let &[size, layers] = self.exactly()?;
                Command::SetFramebufferNoAttach {
                    width: size as u16,
                    height: (size >> 16) as u16,
                    layers: layers as u16,
                    samples: (layers >> 16) as u8,
                }
            }
            39 => Command::TextureBarrier(self.exactly::<1>()?[0]),
            41 => Command::SetDebugFlags(self.words),
            43 => {
                let (head, rest) = self.at_least::<11>()?;
                let &[offset, direction] = rest.try_into().map_err(|_| self.length())?;
                let direction = TransferDirection::from_wire(direction)
                    .ok_or_else(|| self.value("direction", direction))?;
                Command::Transfer3d {
                    transfer: transfer(head),
                    offset,
                    direction,
                }
            }
            44 => Command::EndTransfers,
            45 => {
                let (head, rest) = self.at_least::<11>()?;
                let &[staging, offset, flags] = rest.try_into().map_err(|_| self.length())?;
                Command::CopyTransfer3d {
                    transfer: transfer(head),
                    staging: ResourceId(staging),
                    offset,
                    synchronized: flags & 1 != 0,
                    from_host: flags & 2 != 0,
                }
            }
            46 => {
                let (&[id, value], _) = self.at_least()?;
                Command::SetTweaks { id, value }
            }
            47 => {
                let &[resource, level, x, y, z, w, h, d, t0, t1, t2, t3] = self.exactly()?;
                let [x, y, z, w, h, d] = [x, y, z, w, h, d].map(|v| v as i32);
                let area = Box3 { x, y, z, w, h, d };
                Command::ClearTexture {
                    resource: ResourceId(resource),
                    level,
                    area,
                    texel: [t0, t1, t2, t3],
                }
            }
            51 => {
                let (&[length], text) = self.at_least()?;
                Command::StringMarker { length, text }
            }
            52 => Command::LinkShader(self.exactly::<6>()?.map(ObjectId)),
            62 => {
                let &[s0, surface, c0, c1, c2, c3, x, y, width, height] = self.exactly()?;
                Command::ClearSurface {
                    render_condition: s0 & 1 != 0,
                    buffers: bits(s0, 1, 3),
                    surface: ObjectId(surface),
                    color: [c0, c1, c2, c3],
                    x,
                    y,
                    width,
                    height,
                }
            }
            53..=61 => Command::Video {
                id: self.id,
                words: self.words,
            },
            other => return Err(DecodeError::Unknown(other)),
        })
    }

    fn draw(&self) -> Decoded<'a> {
        if !matches!(self.words.len(), 12 | 14 | 20) {
            return Err(self.length());
        }
        let word = |i: usize| self.words.get(i - 1).copied().unwrap_or(0);
        let mode = Primitive::from_wire(word(3)).ok_or_else(|| self.value("primitive", word(3)))?;
        Ok(Command::DrawVbo(Draw {
            start: word(1),
            count: word(2),
            mode,
            indexed: word(4) != 0,
            instance_count: word(5),
            index_bias: word(6) as i32,
            start_instance: word(7),
            primitive_restart: word(8) != 0,
            restart_index: word(9),
            min_index: word(10),
            max_index: word(11),
            count_from_stream_output: word(12),
            vertices_per_patch: word(13),
            draw_id: word(14),
            indirect: (self.words.len() == 20).then(|| DrawIndirect {
                buffer: ResourceId(word(15)),
                offset: word(16),
                stride: word(17),
                draw_count: word(18),
                count_offset: word(19),
                count_buffer: ResourceId(word(20)),
            }),
        }))
    }

    fn blit(&self) -> Decoded<'a> {
        let words = self.exactly::<21>()?;
        let end = |w: &[u32]| {
            let at = |i: usize| w[i] as i32;
            BlitEnd {
                resource: ResourceId(w[0]),
                level: w[1],
                format: Format(w[2]),
                area: Box3 {
                    x: at(3),
                    y: at(4),
                    z: at(5),
                    w: at(6),
                    h: at(7),
                    d: at(8),
                },
            }
        };
        let s0 = words[0];
        let filter = bits(s0, 8, 2);
        Ok(Command::Blit(Blit {
            mask: s0 as u8,
            filter: ImageFilter::from_wire(filter).ok_or_else(|| self.value("filter", filter))?,
            scissor_enable: boolean(s0, 10),
            render_condition_enable: boolean(s0, 11),
            alpha_blend: boolean(s0, 12),
            scissor: Scissor::read(&words[1..3]),
            dst: end(&words[3..12]),
            src: end(&words[12..21]),
        }))
    }

    fn create_object(&self) -> Decoded<'a> {
        let (&[id], rest) = self.at_least()?;
        let object = match ObjectType::from_wire(self.object.into()) {
            Some(ObjectType::Blend) => NewObject::Blend(self.blend(rest)?),
            Some(ObjectType::Rasterizer) => NewObject::Rasterizer(self.rasterizer(rest)?),
            Some(ObjectType::Dsa) => NewObject::Dsa(self.dsa(rest)?),
            Some(ObjectType::Shader) => NewObject::Shader(self.shader(rest)?),
            Some(ObjectType::VertexElements) => NewObject::VertexElements(self.records(rest)?),
            Some(ObjectType::SamplerView) => NewObject::SamplerView(self.sampler_view(rest)?),
            Some(ObjectType::SamplerState) => NewObject::SamplerState(self.sampler_state(rest)?),
            Some(ObjectType::Surface) => {
                let &[resource, format, level, layers] = rest.try_into().map_err(|_| self.length())?;
                let (resource, format) = (ResourceId(resource), Format(format));
                NewObject::Surface(SurfaceState {
                    resource,
                    format,
                    level,
                    layers,
                    samples: 0,
                })
            }
            Some(ObjectType::Query) => {
                let &[kind, offset, resource] = rest.try_into().map_err(|_| self.length())?;
                let (low, index) = (kind & 0xffff, (kind >> 16) as u16);
                let kind = QueryType::from_wire(low).ok_or_else(|| self.value("query type", low))?;
                NewObject::Query(QueryState {
                    kind,
                    index,
                    offset,
                    resource: ResourceId(resource),
                })
            }
            Some(ObjectType::StreamoutTarget) => {
                let &[resource, offset, size] = rest.try_into().map_err(|_| self.length())?;
                NewObject::StreamoutTarget(StreamoutTargetState {
                    resource: ResourceId(resource),
                    offset,
                    size,
                })
            }
            _ => return Err(self.value("object type", self.object.into())),
        };
        Ok(Command::CreateObject {
            id: ObjectId(id),
            object,
        })
    }

    fn blend(&self, rest: &[u32]) -> Result<BlendState, DecodeError> {
        let &[s0, s1, ref targets @ ..] = <&[u32; 10]>::try_from(rest).map_err(|_| self.length())?;
        let unused = BlendTarget {
            enable: false,
            rgb_func: BlendFunc::Add,
            rgb_src: BlendFactor::Unset,
            rgb_dst: BlendFactor::Unset,
            alpha_func: BlendFunc::Add,
            alpha_src: BlendFactor::Unset,
            alpha_dst: BlendFactor::Unset,
            color_mask: 0,
        };
        let mut list = [unused; 8];
        for (to, &word) in list.iter_mut().zip(targets) {
            *to = self.blend_target(word)?;
        }
        let op = bits(s1, 0, 4);
        Ok(BlendState {
            independent: boolean(s0, 0),
            logic_op_enable: boolean(s0, 1),
            logic_op: LogicOp::from_wire(op).ok_or_else(|| self.value("logic op", op))?,
            dither: boolean(s0, 2),
            alpha_to_coverage: boolean(s0, 3),
            alpha_to_one: boolean(s0, 4),
            targets: list,
        })
    }

    fn blend_target(&self, word: u32) -> Result<BlendTarget, DecodeError> {
        let func = |at| {
            let n = bits(word, at, 3);
            BlendFunc::from_wire(n).ok_or_else(|| self.value("blend func", n))
        };
        let factor = |at| {
            let n = bits(word, at, 5);
            BlendFactor::from_wire(n).ok_or_else(|| self.value("blend factor", n))
        };
        Ok(BlendTarget {
            enable: boolean(word, 0),
            rgb_func: func(1)?,
            rgb_src: factor(4)?,
            rgb_dst: factor(9)?,
            alpha_func: func(14)?,
            alpha_src: factor(17)?,
            alpha_dst: factor(22)?,
            color_mask: bits(word, 27, 4) as u8,
        })
    }

    fn rasterizer(&self, rest: &[u32]) -> Result<RasterizerState, DecodeError> {
        let &[s0, size, sprites, s3, width, units, scale, clamp] =
            <&[u32; 8]>::try_from(rest).map_err(|_| self.length())?;
        let mode = |at| {
            let n = bits(s0, at, 2);
            PolygonMode::from_wire(n).ok_or_else(|| self.value("polygon mode", n))
        };
        let on = |bit| boolean(s0, bit);
        let cull = bits(s0, 8, 2);
        Ok(RasterizerState {
            flatshade: on(0),
            depth_clip: on(1),
            clip_halfz: on(2),
            rasterizer_discard: on(3),
            flatshade_first: on(4),
            light_twoside: on(5),
            sprite_coord_lower_left: on(6),
            point_quad_rasterization: on(7),
            cull_face: CullFace::from_wire(cull).ok_or_else(|| self.value("cull face", cull))?,
            fill_front: mode(10)?,
            fill_back: mode(12)?,
            scissor: on(14),
            front_ccw: on(15),
            clamp_vertex_color: on(16),
            clamp_fragment_color: on(17),
            offset_line: on(18),
            offset_point: on(19),
            offset_tri: on(20),
            poly_smooth: on(21),
            poly_stipple: on(22),
            point_smooth: on(23),
            point_size_per_vertex: on(24),
            multisample: on(25),
            line_smooth: on(26),
            line_stipple: on(27),
            line_last_pixel: on(28),
            half_pixel_center: on(29),
            bottom_edge_rule: on(30),
            force_persample_interp: on(31),
            point_size: f32::from_bits(size),
            sprite_coord_enable: sprites,
            line_stipple_pattern: s3 as u16,
            line_stipple_factor: (s3 >> 16) as u8,
            clip_plane_enable: (s3 >> 24) as u8,
            line_width: f32::from_bits(width),
            offset_units: f32::from_bits(units),
            offset_scale: f32::from_bits(scale),
            offset_clamp: f32::from_bits(clamp),
        })
    }

    fn dsa(&self, rest: &[u32]) -> Result<DsaState, DecodeError> {
        let &[s0, front, back, alpha_ref] = <&[u32; 4]>::try_from(rest).map_err(|_| self.length())?;
        let func =
            |word, at| CompareFunc::from_wire(bits(word, at, 3)).ok_or_else(|| self.value("func", word));
        let op = |word, at| StencilOp::from_wire(bits(word, at, 3)).ok_or_else(|| self.value("op", word));
        let face = |word: u32| {
            Ok(StencilFace {
                enabled: boolean(word, 0),
                func: func(word, 1)?,
                fail_op: op(word, 4)?,
                zpass_op: op(word, 7)?,
                zfail_op: op(word, 10)?,
                value_mask: bits(word, 13, 8) as u8,
                write_mask: bits(word, 21, 8) as u8,
            })
        };
        Ok(DsaState {
            depth_enable: boolean(s0, 0),
            depth_write: boolean(s0, 1),
            depth_func: func(s0, 2)?,
            alpha_enable: boolean(s0, 8),
            alpha_func: func(s0, 9)?,
            front: face(front)?,
            back: face(back)?,
            alpha_ref: f32::from_bits(alpha_ref),
        })
    }

    fn shader(&self, rest: &'a [u32]) -> Result<ShaderPart<'a>, DecodeError> {
        let (&[stage, position, num_tokens, outputs], rest) =
            rest.split_first_chunk().ok_or_else(|| self.length())?;
        let stage = self.stage(stage)?;
        let position = match position >> 31 {
            0 => ShaderPosition::First(position),
            _ => ShaderPosition::Continuation(position & 0x7fff_ffff),
        };
        let none = || self.records(&[]);
        if stage == Stage::Compute || outputs == 0 {
            let shared_memory = if stage == Stage::Compute { outputs } else { 0 };
            let strides = [0; 4];
            let outputs = none()?;
            return Ok(ShaderPart {
                stage,
                position,
                num_tokens,
                shared_memory,
                strides,
                outputs,
                text: rest,
            });
        }
        if outputs > 64 {
            return Err(self.value("number of stream outputs", outputs));
        }
        let (&strides, rest) = rest.split_first_chunk::<4>().ok_or_else(|| self.length())?;
        let (table, text) = rest
            .split_at_checked(outputs as usize * 2)
            .ok_or_else(|| self.length())?;
        let outputs = self.records(table)?;
        Ok(ShaderPart {
            stage,
            position,
            num_tokens,
            shared_memory: 0,
            strides,
            outputs,
            text,
        })
    }

    fn sampler_view(&self, rest: &[u32]) -> Result<SamplerViewState, DecodeError> {
        let &[resource, format, first, last, swizzle] =
            <&[u32; 5]>::try_from(rest).map_err(|_| self.length())?;
        let source = |at| {
            let n = bits(swizzle, at, 3);
            Swizzle::from_wire(n).ok_or_else(|| self.value("swizzle", n))
        };
        Ok(SamplerViewState {
            resource: ResourceId(resource),
            format: Format(format & 0xff_ffff),
            target: (format >> 24) as u8,
            first,
            last,
            swizzle: [source(0)?, source(3)?, source(6)?, source(9)?],
        })
    }

    fn sampler_state(&self, rest: &[u32]) -> Result<SamplerState, DecodeError> {
        let &[s0, bias, min_lod, max_lod, ref border @ ..] =
            <&[u32; 8]>::try_from(rest).map_err(|_| self.length())?;
        let wrap = |at| Wrap::from_wire(bits(s0, at, 3)).ok_or_else(|| self.value("wrap", s0));
        let filter = |at| ImageFilter::from_wire(bits(s0, at, 1)).ok_or_else(|| self.value("filter", s0));
        let mip = bits(s0, 11, 2);
        let func = bits(s0, 16, 3);
        Ok(SamplerState {
            wrap_s: wrap(0)?,
            wrap_t: wrap(3)?,
            wrap_r: wrap(6)?,
            min_img_filter: filter(9)?,
            min_mip_filter: MipFilter::from_wire(mip).ok_or_else(|| self.value("mip filter", mip))?,
            mag_img_filter: filter(13)?,
            compare: boolean(s0, 15),
            compare_func: CompareFunc::from_wire(func).ok_or_else(|| self.value("compare func", func))?,
            seamless_cube_map: boolean(s0, 19),
            max_anisotropy: bits(s0, 20, 5) as u8,
            lod_bias: f32::from_bits(bias),
            min_lod: f32::from_bits(min_lod),
            max_lod: f32::from_bits(max_lod),
            border_color: *border,
        })
    }
}

fn transfer(words: &[u32; 11]) -> Transfer {
    let &[resource, level, usage, stride, layer_stride, x, y, z, w, h, d] = words;
    let [x, y, z, w, h, d] = [x, y, z, w, h, d].map(|v| v as i32);
    let area = Box3 { x, y, z, w, h, d };
    Transfer {
        resource: ResourceId(resource),
        level,
        usage,
        stride,
        layer_stride,
        area,
    }
}
