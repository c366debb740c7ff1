//! A sub-context: one GL context of the client, with its objects and bindings.
//!
//! Each has a GL context of its own, so that queries, vertex arrays and everything else that GL does not share stay
//! apart as they do on the client's side. Nothing here may run while another context is current.

use std::{cell::RefCell, rc::Rc};

use super::{
    Shared,
    buffers::{BoundBuffer, buffer_of},
    cache::StateCache,
    constants::Constants,
    error::ExecError,
    framebuffer::Framebuffers,
    objects::{Object, ObjectTable},
    program::{Program, Programs},
    query::Query,
    sampler::{Sampler, SamplerView},
    scratch::Scratch,
    shader::{Shader, ShaderAssembly},
    state::{
        BoundIndexBuffer, BoundVertexBuffer, Dirty, SAMPLERS, STAGES, State, UNIFORM_BUFFERS, VIEWPORTS, same,
    },
    streamout::{Streamout, StreamoutTarget},
    surface::Surface,
    upload::Uploaded,
    vertex::{VertexElements, check_vertex_buffer},
};
use crate::{
    gl::{self, Gl},
    pipe::wire::virgl::{
        command::*,
        enums::{ObjectType, Stage},
    },
};

/// Vertex buffer slots.
const MAX_VERTEX_BUFFERS: usize = 32;
/// Colour buffers of a framebuffer.
const MAX_COLOR_BUFFERS: usize = 8;

/// A sub-context.
#[derive(Debug)]
pub(super) struct SubContext {
    pub(super) gl: Gl,
    pub(super) cache: StateCache,
    pub(super) objects: ObjectTable,
    pub(super) assembly: ShaderAssembly,
    pub(super) state: State,
    pub(super) framebuffers: Framebuffers,
    pub(super) programs: Programs,
    pub(super) program: Option<Rc<Program>>,
    /// The program that computes.
    pub(super) compute: Option<Rc<Program>>,
    /// Where the default constant buffers are, by stage.
    pub(super) constants: [Option<Constants>; STAGES],
    /// Whether GL draws with the CPU.
    pub(super) cpu: bool,
    pub(super) system: Option<Uploaded>,
    pub(super) levels: Option<Uploaded>,
    pub(super) streamout: Streamout,
    pub(super) condition: Option<(Rc<RefCell<Query>>, u32)>,
    pub(super) scratch: Scratch,
    /// Last, so that it outlives the objects in it.
    pub(super) context: gl::Context,
}

impl SubContext {
    /// A sub-context in GL's initial state, current.
    pub(super) fn new(context: gl::Context) -> Result<Self, ExecError> {
        context.make_current()?;
        let gl = context.gl();
        gl.set_enabled(glow::FRAMEBUFFER_SRGB, true);
        if !gl.capabilities().seamless_cubemap_per_texture {
            gl.set_enabled(glow::TEXTURE_CUBE_MAP_SEAMLESS, true);
        }
        Ok(Self {
            context,
            cache: StateCache::new(gl.clone()),
            objects: ObjectTable::default(),
            assembly: ShaderAssembly::default(),
            state: State::new(),
            framebuffers: Framebuffers::default(),
            programs: Programs::default(),
            program: None,
            compute: None,
            constants: Default::default(),
            cpu: gl.capabilities().draws_with_cpu(),
            system: None,
            levels: None,
            streamout: Streamout::default(),
            condition: None,
            scratch: Scratch::default(),
            gl,
        })
    }

    pub(super) fn create_object(
        &mut self,
        shared: &Shared,
        id: ObjectId,
        object: &NewObject<'_>,
    ) -> Result<(), ExecError> {
        let gl = &self.gl;
        let object = match object {
            NewObject::Blend(state) => Object::Blend(Rc::new(*state)),
            NewObject::Rasterizer(state) => Object::Rasterizer(Rc::new(*state)),
            NewObject::Dsa(state) => Object::Dsa(Rc::new(*state)),
            NewObject::Shader(part) => match self.assembly.add(id, part)? {
                Some(shader) => Object::Shader(Rc::new(shader)),
                None => return Ok(()),
            },
            NewObject::VertexElements(elements) => {
                let elements = VertexElements::new(gl, *elements)?;
                Object::VertexElements(Rc::new(elements))
            }
            NewObject::SamplerView(desc) => {
                let resource = shared.resource(desc.resource)?.clone();
                Object::SamplerView(Rc::new(SamplerView::new(gl, resource, desc)?))
            }
            NewObject::SamplerState(state) => Object::Sampler(Rc::new(Sampler::new(state))),
            NewObject::Surface(desc) => {
                let resource = shared.resource(desc.resource)?.clone();
                Object::Surface(Rc::new(Surface::new(gl, resource, desc)?))
            }
            NewObject::Query(desc) => {
                let resource = shared.attached(desc.resource)?.clone();
                Object::Query(Rc::new(RefCell::new(Query::new(gl, id, desc, resource)?)))
            }
            NewObject::StreamoutTarget(desc) => {
                let resource = shared.resource(desc.resource)?.clone();
                Object::StreamoutTarget(Rc::new(StreamoutTarget::new(resource, desc)?))
            }
        };
        if let Some(old) = self.objects.insert(id, object) {
            self.retire(old);
        }
        Ok(())
    }

    pub(super) fn destroy_object(&mut self, id: ObjectId) {
        if let Some(object) = self.objects.remove(id) {
            self.retire(object);
        }
    }

    /// Cleans up after an object that lost its handle. What is bound stays alive by its own reference.
    fn retire(&mut self, object: Object) {
        match object {
            Object::Surface(surface) => self.framebuffers.forget(surface.serial),
            Object::StreamoutTarget(target) => self.streamout.forget(&self.gl, &target),
            Object::Query(query) => query.borrow_mut().abandon(&self.gl),
            Object::Shader(shader) => {
                drop(shader);
                self.programs.forget_dead();
                self.cache.forget_program();
                self.state.dirty.insert(Dirty::PROGRAM | Dirty::COMPUTE);
            }
            _ => {}
        }
    }

    pub(super) fn bind_object(&mut self, kind: ObjectType, id: ObjectId) -> Result<(), ExecError> {
        let (state, objects) = (&mut self.state, &self.objects);
        let some = id.0 != 0;
        match kind {
            ObjectType::Blend => {
                let blend = some.then(|| objects.blend(id).cloned()).transpose()?;
                state.bind_blend(blend);
            }
            ObjectType::Rasterizer => {
                let rasterizer = some.then(|| objects.rasterizer(id).cloned()).transpose()?;
                state.bind_rasterizer(rasterizer);
            }
            ObjectType::Dsa => {
                let dsa = some.then(|| objects.dsa(id).cloned()).transpose()?;
                state.bind_dsa(dsa);
            }
            ObjectType::VertexElements => {
                let elements = some.then(|| objects.vertex_elements(id).cloned()).transpose()?;
                state.bind_vertex_elements(elements);
            }
            other => return Err(ExecError::NotBindable(other)),
        }
        Ok(())
    }

    /// Binds a shader to its stage; what is unknown or for another stage leaves the old one bound.
    pub(super) fn bind_shader(&mut self, id: ObjectId, stage: Stage) -> Result<(), ExecError> {
        let shader = match id.0 {
            0 => None,
            _ => Some(self.objects.shader(id)?.clone()),
        };
        if shader.as_ref().is_some_and(|s| s.stage != stage) {
            return Err(ExecError::ShaderPart {
                id,
                stage,
                reason: "it is for another stage",
            });
        }
        let slot = &mut self.state.stages[stage.to_wire() as usize];
        let comparing = |s: &Option<Rc<Shader>>| s.as_ref().map_or(0, |s| s.interface.shadow_samplers);
        slot.views_dirty |= comparing(&slot.shader) ^ comparing(&shader);
        let layered = |s: &Option<Rc<Shader>>| s.as_ref().map_or(0, |s| s.interface.layered_images);
        slot.images_dirty |= layered(&slot.shader) ^ layered(&shader);
        slot.shader = shader;
        self.state
            .dirty
            .insert(Dirty::program_of(stage) | Dirty::UNIFORMS | Dirty::SAMPLERS | Dirty::STORAGE);
        if stage == Stage::TessControl {
            self.state.dirty.insert(Dirty::LEVELS);
        }
        Ok(())
    }

    pub(super) fn set_framebuffer(
        &mut self,
        zsbuf: ObjectId,
        cbufs: Records<'_, ObjectId>,
    ) -> Result<(), ExecError> {
        if cbufs.len() > MAX_COLOR_BUFFERS {
            return Err(ExecError::OutOfRange {
                what: "number of colour buffers",
                value: cbufs.len() as u64,
            });
        }
        let mut missing = None;
        let mut surface = |id: ObjectId| {
            (id.0 != 0)
                .then(|| {
                    self.objects
                        .surface(id)
                        .cloned()
                        .map_err(|e| missing = Some(e))
                        .ok()
                })
                .flatten()
        };
        let depth = surface(zsbuf);
        let colors = cbufs.iter().map(&mut surface).collect();
        self.state.depth_surface = depth;
        self.state.color_surfaces = colors;
        self.state.dirty.insert(
            Dirty::FRAMEBUFFER | Dirty::BLEND | Dirty::BLEND_COLOR | Dirty::PROGRAM | Dirty::SAMPLE_MASK,
        );
        missing.map_or(Ok(()), Err)
    }

    pub(super) fn set_viewports(
        &mut self,
        start: u32,
        viewports: Records<'_, Viewport>,
    ) -> Result<(), ExecError> {
        let mirrored = super::apply::mirrored(&self.state);
        let slots = window(&mut self.state.viewports, start, viewports.len(), VIEWPORTS)?;
        for (slot, viewport) in slots.iter_mut().zip(viewports.iter()) {
            *slot = viewport;
        }
        self.state.dirty.insert(Dirty::VIEWPORT);
        if super::apply::mirrored(&self.state) != mirrored {
            self.state.dirty.insert(Dirty::RASTERIZER);
        }
        Ok(())
    }

    pub(super) fn set_scissors(
        &mut self,
        start: u32,
        scissors: Records<'_, Scissor>,
    ) -> Result<(), ExecError> {
        let slots = window(&mut self.state.scissors, start, scissors.len(), VIEWPORTS)?;
        for (slot, scissor) in slots.iter_mut().zip(scissors.iter()) {
            *slot = scissor;
        }
        self.state.dirty.insert(Dirty::SCISSOR);
        Ok(())
    }

    pub(super) fn set_vertex_buffers(
        &mut self,
        shared: &Shared,
        buffers: Records<'_, VertexBuffer>,
    ) -> Result<(), ExecError> {
        if buffers.len() > MAX_VERTEX_BUFFERS {
            return Err(ExecError::OutOfRange {
                what: "number of vertex buffers",
                value: buffers.len() as u64,
            });
        }
        let mut failed = None;
        self.state.vertex_buffers.clear();
        for buffer in buffers.iter() {
            let bound = if buffer.resource.0 == 0 {
                Ok(None)
            } else {
                bind_vertex_buffer(shared, &buffer).map(Some)
            };
            self.state.vertex_buffers.push(bound.unwrap_or_else(|error| {
                failed = Some(error);
                None
            }));
        }
        self.state.dirty.insert(Dirty::VERTEX_BUFFERS);
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn set_index_buffer(
        &mut self,
        shared: &Shared,
        id: ResourceId,
        size: u32,
        offset: u32,
    ) -> Result<(), ExecError> {
        self.state.index_buffer = None;
        if id.0 == 0 {
            return Ok(());
        }
        let resource = shared.resource(id)?;
        buffer_of(resource)?;
        if !matches!(size, 1 | 2 | 4) {
            return Err(ExecError::OutOfRange {
                what: "index size",
                value: size.into(),
            });
        }
        self.state.index_buffer = Some(BoundIndexBuffer {
            resource: resource.clone(),
            size,
            offset,
        });
        Ok(())
    }

    /// The default constant buffer. Data for other indices, which no client sends, and the empty data by which
    /// clients unbind a uniform buffer, change nothing.
    pub(super) fn set_constants(&mut self, stage: Stage, index: u32, data: &[u32]) {
        if index != 0 || data.is_empty() {
            return;
        }
        let slot = &mut self.state.stages[stage.to_wire() as usize];
        if slot.constants == data {
            return;
        }
        slot.constants.clear();
        slot.constants.extend_from_slice(data);
        slot.constants_dirty = true;
        self.state.dirty.insert(Dirty::UNIFORMS);
    }

    pub(super) fn set_uniform_buffer(
        &mut self,
        shared: &Shared,
        stage: Stage,
        index: u32,
        range: BufferRange,
    ) -> Result<(), ExecError> {
        let at = index as usize;
        if at >= UNIFORM_BUFFERS {
            return Err(ExecError::OutOfRange {
                what: "uniform buffer index",
                value: index.into(),
            });
        }
        let slot = &mut self.state.stages[stage.to_wire() as usize];
        slot.uniform_buffers[at] = None;
        slot.uniform_buffers_dirty |= 1 << at;
        self.state.dirty.insert(Dirty::UNIFORMS);
        let alignment = self.gl.capabilities().uniform_buffer_offset_alignment;
        slot.uniform_buffers[at] = BoundBuffer::new(shared, range, alignment, "uniform buffer offset")?;
        Ok(())
    }

    /// Binds views from `start` on; the slots behind them become empty.
    pub(super) fn set_sampler_views(
        &mut self,
        stage: Stage,
        start: u32,
        views: Records<'_, ObjectId>,
    ) -> Result<(), ExecError> {
        let end = start as usize + views.len();
        if end > SAMPLERS {
            return Err(ExecError::OutOfRange {
                what: "number of sampler views",
                value: end as u64,
            });
        }
        let mut failed = None;
        let slot = &mut self.state.stages[stage.to_wire() as usize];
        let mut ids = views.iter();
        for at in start as usize..SAMPLERS {
            let view = match ids.next() {
                None | Some(ObjectId(0)) => None,
                Some(id) => self
                    .objects
                    .sampler_view(id)
                    .cloned()
                    .map_err(|e| failed = Some(e))
                    .ok(),
            };
            if same(&view, &slot.views[at]) {
                continue;
            }
            let varies = |v: &Option<Rc<SamplerView>>| v.as_ref().is_some_and(|v| v.varies_shader());
            if varies(&view) || varies(&slot.views[at]) {
                self.state.dirty.insert(Dirty::program_of(stage));
            }
            slot.views[at] = view;
            slot.views_dirty |= 1 << at;
            self.state.dirty.insert(Dirty::SAMPLERS);
        }
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn bind_samplers(
        &mut self,
        stage: Stage,
        start: u32,
        states: Records<'_, ObjectId>,
    ) -> Result<(), ExecError> {
        let mut failed = None;
        let slot = &mut self.state.stages[stage.to_wire() as usize];
        for (at, id) in (start as usize..SAMPLERS).zip(states.iter()) {
            let sampler = match id.0 {
                0 => None,
                _ => self
                    .objects
                    .sampler(id)
                    .cloned()
                    .map_err(|e| failed = Some(e))
                    .ok(),
            };
            if same(&sampler, &slot.samplers[at]) {
                continue;
            }
            slot.samplers[at] = sampler;
            slot.samplers_dirty |= 1 << at;
            self.state.dirty.insert(Dirty::SAMPLERS);
        }
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn set_streamout_targets(&mut self, targets: Records<'_, ObjectId>) -> Result<(), ExecError> {
        let mut list = Vec::with_capacity(targets.len());
        for id in targets.iter() {
            list.push(match id.0 {
                0 => None,
                _ => Some(self.objects.streamout_target(id)?.clone()),
            });
        }
        self.streamout.set_targets(&self.gl, list)
    }

    /// Commands that set plain values.
    pub(super) fn set_value(&mut self, command: &Command<'_>) {
        let state = &mut self.state;
        match *command {
            Command::SetStencilRef { front, back } => {
                state.stencil_ref = (front, back);
                state.dirty.insert(Dirty::DSA);
            }
            Command::SetBlendColor(color) => {
                state.blend_color = color;
                state.dirty.insert(Dirty::BLEND_COLOR);
            }
            Command::SetPolygonStipple(pattern) => {
                state.stipple = *pattern;
                state.dirty.insert(Dirty::SYSTEM);
            }
            Command::SetClipState(planes) => {
                state.clip_planes = planes;
                state.dirty.insert(Dirty::SYSTEM);
            }
            Command::SetSampleMask(mask) => {
                state.sample_mask = mask;
                state.dirty.insert(Dirty::SAMPLE_MASK);
            }
            Command::SetTessState { outer, inner } => {
                state.levels = (outer, inner);
                state.dirty.insert(Dirty::LEVELS);
            }
            Command::SetMinSamples(samples) => {
                state.min_samples = samples;
                state.dirty.insert(Dirty::SAMPLE_MASK);
            }
            _ => {}
        }
    }
}

fn bind_vertex_buffer(shared: &Shared, buffer: &VertexBuffer) -> Result<BoundVertexBuffer, ExecError> {
    let resource = shared.resource(buffer.resource)?;
    check_vertex_buffer(resource, buffer.stride)?;
    Ok(BoundVertexBuffer {
        resource: resource.clone(),
        offset: buffer.offset,
        stride: buffer.stride,
    })
}

/// The `count` slots from `start` on.
fn window<T>(slots: &mut [T], start: u32, count: usize, limit: usize) -> Result<&mut [T], ExecError> {
    let start = start as usize;
    match start.checked_add(count) {
        Some(end) if end <= limit => Ok(&mut slots[start..end]),
        _ => Err(ExecError::OutOfRange {
            what: "first slot",
            value: start as u64,
        }),
    }
}
