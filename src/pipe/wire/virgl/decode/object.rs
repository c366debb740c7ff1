//! CREATE_OBJECT: the state objects.

use super::{
    super::{command::*, enums::*, limits::*},
    payload::{Payload, Result, bits, boolean},
};
use crate::pipe::format::Format;

impl<'a> Payload<'a> {
    pub(super) fn create_object(&self) -> Result<Command<'a>> {
        let (&[id], rest) = self.at_least()?;
        let object = match self.object_type()? {
            ObjectType::Blend => NewObject::Blend(self.blend(rest)?),
            ObjectType::Rasterizer => NewObject::Rasterizer(self.rasterizer(rest)?),
            ObjectType::Dsa => NewObject::Dsa(self.dsa(rest)?),
            ObjectType::Shader => NewObject::Shader(self.shader(rest)?),
            ObjectType::VertexElements => NewObject::VertexElements(self.vertex_elements(rest)?),
            ObjectType::SamplerView => NewObject::SamplerView(self.sampler_view(rest)?),
            ObjectType::SamplerState => NewObject::SamplerState(self.sampler_state(rest)?),
            ObjectType::Surface | ObjectType::MsaaSurface => NewObject::Surface(self.surface(rest)?),
            ObjectType::Query => {
                let &[kind, offset, resource] = self.fixed(rest)?;
                NewObject::Query(QueryState {
                    kind: self.named("query type", kind & 0xffff, QueryType::from_wire)?,
                    index: (kind >> 16) as u16,
                    offset,
                    resource: ResourceId(resource),
                })
            }
            ObjectType::StreamoutTarget => {
                let &[resource, offset, size] = self.fixed(rest)?;
                NewObject::StreamoutTarget(StreamoutTargetState {
                    resource: ResourceId(resource),
                    offset,
                    size,
                })
            }
            ObjectType::Null => return Err(self.value("object type", self.object.into())),
        };
        Ok(Command::CreateObject {
            id: ObjectId(id),
            object,
        })
    }

    fn blend(&self, rest: &'a [u32]) -> Result<BlendState> {
        let &[s0, s1, t0, t1, t2, t3, t4, t5, t6, t7] = self.fixed(rest)?;
        Ok(BlendState {
            independent: boolean(s0, 0),
            logic_op_enable: boolean(s0, 1),
            logic_op: self.named("logic op", bits(s1, 0, 4), LogicOp::from_wire)?,
            dither: boolean(s0, 2),
            alpha_to_coverage: boolean(s0, 3),
            alpha_to_one: boolean(s0, 4),
            targets: [
                self.blend_target(t0)?,
                self.blend_target(t1)?,
                self.blend_target(t2)?,
                self.blend_target(t3)?,
                self.blend_target(t4)?,
                self.blend_target(t5)?,
                self.blend_target(t6)?,
                self.blend_target(t7)?,
            ],
        })
    }

    fn blend_target(&self, word: u32) -> Result<BlendTarget> {
        let func = |at| self.named("blend func", bits(word, at, 3), BlendFunc::from_wire);
        let factor = |at| self.named("blend factor", bits(word, at, 5), BlendFactor::from_wire);
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

    fn rasterizer(&self, rest: &'a [u32]) -> Result<RasterizerState> {
        let &[s0, size, sprites, s3, width, units, scale, clamp] = self.fixed(rest)?;
        let mode = |at| self.named("polygon mode", bits(s0, at, 2), PolygonMode::from_wire);
        let on = |bit| boolean(s0, bit);
        Ok(RasterizerState {
            flatshade: on(0),
            depth_clip: on(1),
            clip_halfz: on(2),
            rasterizer_discard: on(3),
            flatshade_first: on(4),
            light_twoside: on(5),
            sprite_coord_lower_left: on(6),
            point_quad_rasterization: on(7),
            cull_face: self.named("cull face", bits(s0, 8, 2), CullFace::from_wire)?,
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

    fn dsa(&self, rest: &'a [u32]) -> Result<DsaState> {
        let &[s0, front, back, alpha_ref] = self.fixed(rest)?;
        let func = |word, at| self.named("func", bits(word, at, 3), CompareFunc::from_wire);
        let op = |word, at| self.named("op", bits(word, at, 3), StencilOp::from_wire);
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

    fn shader(&self, rest: &'a [u32]) -> Result<ShaderPart<'a>> {
        let (&[stage, position, num_tokens, count], rest) =
            rest.split_first_chunk().ok_or_else(|| self.length())?;
        let stage = self.stage(stage)?;
        let (shared_memory, count) = match stage {
            Stage::Compute => (count, 0),
            _ => (0, count as usize),
        };
        if count > STREAM_OUTPUTS {
            return Err(self.value("number of stream outputs", count as u32));
        }
        let (strides, rest) = match rest.split_first_chunk::<4>() {
            _ if count == 0 => ([0; 4], rest),
            Some((strides, rest)) => (*strides, rest),
            None => return Err(self.length()),
        };
        let (table, text) = rest
            .split_at_checked(count * StreamOutput::WORDS)
            .ok_or_else(|| self.length())?;
        Ok(ShaderPart {
            stage,
            position: match boolean(position, 31) {
                false => ShaderPosition::First(position),
                true => ShaderPosition::Continuation(bits(position, 0, 31)),
            },
            num_tokens,
            shared_memory,
            strides,
            outputs: self.list("outputs", 0, table, STREAM_OUTPUTS)?,
            text,
        })
    }

    fn vertex_elements(&self, rest: &'a [u32]) -> Result<Records<'a, VertexElement>> {
        let elements: Records<'a, VertexElement> = self.list("elements", 0, rest, VERTEX_BUFFERS)?;
        for element in elements.iter() {
            self.below("vertex buffer", element.vertex_buffer_index, VERTEX_BUFFERS)?;
        }
        Ok(elements)
    }

    fn sampler_view(&self, rest: &'a [u32]) -> Result<SamplerViewState> {
        let &[resource, format, first, last, swizzle] = self.fixed(rest)?;
        let source = |at| self.named("swizzle", bits(swizzle, at, 3), Swizzle::from_wire);
        let number = bits(format, 0, 24);
        if number == 0 {
            return Err(self.value("format", number));
        }
        Ok(SamplerViewState {
            resource: ResourceId(resource),
            format: Format(number),
            target: (format >> 24) as u8,
            first,
            last,
            swizzle: [source(0)?, source(3)?, source(6)?, source(9)?],
        })
    }

    fn sampler_state(&self, rest: &'a [u32]) -> Result<SamplerState> {
        let &[s0, bias, min_lod, max_lod, r, g, b, a] = self.fixed(rest)?;
        let wrap = |at| self.named("wrap mode", bits(s0, at, 3), Wrap::from_wire);
        let filter = |at| self.named("filter", bits(s0, at, 1), ImageFilter::from_wire);
        Ok(SamplerState {
            wrap_s: wrap(0)?,
            wrap_t: wrap(3)?,
            wrap_r: wrap(6)?,
            min_img_filter: filter(9)?,
            min_mip_filter: self.named("mip filter", bits(s0, 11, 2), MipFilter::from_wire)?,
            mag_img_filter: filter(13)?,
            compare: boolean(s0, 15),
            compare_func: self.named("compare func", bits(s0, 16, 3), CompareFunc::from_wire)?,
            seamless_cube_map: boolean(s0, 19),
            max_anisotropy: bits(s0, 20, 5) as u8,
            lod_bias: f32::from_bits(bias),
            min_lod: f32::from_bits(min_lod),
            max_lod: f32::from_bits(max_lod),
            border_color: [r, g, b, a],
        })
    }

    fn surface(&self, rest: &'a [u32]) -> Result<SurfaceState> {
        let (&[resource, format, level, layers], samples) =
            rest.split_first_chunk().ok_or_else(|| self.length())?;
        let multisampled = self.object_type()? == ObjectType::MsaaSurface;
        let samples = match (multisampled, samples) {
            (false, []) => 0,
            (true, &[samples]) => samples,
            _ => return Err(self.length()),
        };
        Ok(SurfaceState {
            resource: ResourceId(resource),
            format: Format(format),
            level,
            layers,
            samples,
        })
    }
}
