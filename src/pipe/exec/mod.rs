//! The executor: carries out the commands of one connection on the host's GL.
//!
//! A command that cannot be carried out is refused with a reason in the log and the stream goes on: a guest is never
//! killed, and never left waiting, for a command that its driver should not have sent.

#![forbid(unsafe_code)]

mod apply;
mod bits;
mod blit;
mod blitter;
mod buffers;
mod cache;
mod clear;
mod complaints;
mod compute;
mod condition;
mod constants;
mod copy;
mod create;
mod draw;
mod error;
mod framebuffer;
mod group;
mod image;
mod indirect;
mod keys;
mod layout;
mod legacy;
mod library;
mod objects;
mod pictures;
mod program;
mod query;
mod sampler;
mod scratch;
mod shader;
mod share;
mod state;
mod storage;
mod streamout;
mod sub_context;
mod surface;
mod transfer;
mod upload;
mod vertex;
mod work;

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

pub use error::ExecError;
pub use group::{ExecutorGroup, PicturePlace};
pub use work::Fence;

use self::{
    clear::ClearValue, complaints::Complaints, compute::Groups, group::Group, query::Query, state::Dirty,
    sub_context::SubContext, upload::UploadStream, work::Work,
};
use super::{
    caps::{Caps, Features, HostLimits},
    glsl::Host,
    resource::{Attached, Resource, ResourceLimits, Resources},
    wire::virgl::{self, command::*, enums::TransferDirection},
};
use crate::gl::{self, ErrorCode, Gl, ReadBytes, WriteBytes};

/// What the sub-contexts of a connection share.
#[derive(Debug)]
struct Shared {
    resources: Resources,
    upload: UploadStream,
    /// Number among the executors of the group.
    number: u64,
    group: Rc<Group>,
}

impl Shared {
    fn attached(&self, id: ResourceId) -> Result<&Rc<Attached>, ExecError> {
        self.resources.get(id).ok_or(ExecError::NoResource(id))
    }

    fn resource(&self, id: ResourceId) -> Result<&Rc<Resource>, ExecError> {
        Ok(self.attached(id)?.resource())
    }

    /// Waits until memory that GL draws in holds what this executor and those that share resources with it drew.
    fn settle(&self) {
        self.group.works.take_over_partners(self.number);
        self.group.works.finish(self.number);
    }
}

/// The executor of one connection.
#[derive(Debug)]
pub struct Executor {
    /// The sub-context whose commands come now.
    current: SubContext,
    current_id: u32,
    others: HashMap<u32, SubContext>,
    /// Queries whose results GL did not have when they were asked for, with their sub-contexts.
    waiting: Vec<(u32, Rc<RefCell<Query>>)>,
    complaints: Complaints,
    lost: bool,
    work: Rc<RefCell<Work>>,
    gl: Gl,
    /// Last, so that the group outlives all that is in it.
    shared: Shared,
}

/// Largest resource, in bytes.
const MAX_RESOURCE_BYTES: u64 = 4 << 30;
/// Sub-contexts of a connection.
const MAX_SUB_CONTEXTS: usize = 256;

impl Executor {
    /// An executor on a display, in a group of its own.
    ///
    /// # Errors
    /// If no context can be made, or its GL is older than 4.5 core.
    pub fn new(display: gl::Display) -> Result<Self, ExecError> {
        ExecutorGroup::new(display, PicturePlace::default())?.connect()
    }

    fn in_group(group: &Rc<Group>) -> Result<Self, ExecError> {
        let current = SubContext::new(group.context()?)?;
        let gl = current.gl.clone();
        let upload = UploadStream::new(&gl, gl.capabilities().uniform_buffer_offset_alignment)?;
        let (number, work) = group.works.add(gl.clone());
        Ok(Self {
            current,
            current_id: 0,
            others: HashMap::new(),
            waiting: Vec::new(),
            complaints: Complaints::default(),
            lost: false,
            work,
            gl,
            shared: Shared {
                resources: Resources::default(),
                upload,
                number,
                group: group.clone(),
            },
        })
    }

    /// What the client is told about this renderer.
    pub fn caps(&self) -> &Caps {
        &self.shared.group.caps
    }

    /// Before GL is given anything: what others did to common resources comes first.
    fn begin(&mut self) {
        let group = &self.shared.group;
        group.tidy(&self.gl);
        group.works.follow_partners(self.shared.number);
        self.work.borrow_mut().begin();
    }

    /// Carries out a buffer of commands.
    pub fn submit(&mut self, words: &[u32]) {
        self.begin();
        for command in virgl::commands(words) {
            match command {
                Ok(command) => {
                    tracing::trace!(?command);
                    if let Err(error) = self.execute(&command) {
                        self.complaints.refused(command.name(), &error);
                    }
                }
                Err(error) => self.complaints.refused("a malformed command", &error.into()),
            }
        }
        self.drain_errors();
    }

    /// Carries out a transfer that came beside the stream. A refusal is logged.
    pub fn transfer(&mut self, transfer: &Transfer, offset: u64, direction: TransferDirection) {
        self.begin();
        let (sub, shared) = (&mut self.current, &self.shared);
        let result = match direction {
            TransferDirection::ToHost => sub.upload(shared, transfer, offset),
            TransferDirection::FromHost => sub.download(shared, transfer, offset),
        };
        if let Err(error) = result {
            self.complaints.refused("a transfer", &error);
        }
    }

    /// Reads a box with the strides that the transfer names. A refusal is logged, and leaves `out` as it is.
    pub fn read(&mut self, transfer: &Transfer, out: &mut [u8]) {
        self.begin();
        if let Err(error) = self
            .current
            .read_out(&self.shared, transfer, WriteBytes::from(out))
        {
            self.complaints.refused("a read", &error);
        }
    }

    /// Writes a box with the strides that the transfer names. A refusal is logged.
    pub fn write(&mut self, transfer: &Transfer, data: &[u8]) {
        self.begin();
        if let Err(error) = self
            .current
            .inline_write(&self.shared, transfer, ReadBytes::from(data))
        {
            self.complaints.refused("a write", &error);
        }
    }

    /// Whether the host's GL is lost. Nothing can be done with it any more.
    pub fn lost(&self) -> bool {
        self.lost
    }

    /// GL errors are ours, not the client's: say so.
    fn drain_errors(&mut self) {
        while let Some(error) = self.gl.get_error() {
            if error == ErrorCode(glow::CONTEXT_LOST) {
                self.lost = true;
                return;
            }
            self.complaints.refused("a GL call", &ExecError::Recorded(error));
        }
    }

    fn execute(&mut self, command: &Command<'_>) -> Result<(), ExecError> {
        let (sub, shared) = (&mut self.current, &mut self.shared);
        match *command {
            Command::Nop | Command::EndTransfers | Command::SetDebugFlags(_) | Command::SetTweaks { .. } => {
                Ok(())
            }
            Command::LinkShader(_) => Ok(()),
            Command::CreateObject {
                id: ObjectId(0),
                object,
            } => Err(ExecError::ZeroHandle(object.kind())),
            Command::CreateObject { id, ref object } => sub.create_object(shared, id, object),
            Command::BindObject { kind, id } => sub.bind_object(kind, id),
            Command::DestroyObject { id } => {
                sub.destroy_object(id);
                Ok(())
            }
            Command::SetViewports { start, viewports } => sub.set_viewports(start, viewports),
            Command::SetFramebuffer { zsbuf, cbufs } => sub.set_framebuffer(zsbuf, cbufs),
            Command::SetFramebufferNoAttach {
                width,
                height,
                layers,
                samples,
            } => {
                sub.state.no_attach = (width, height, layers, samples);
                if sub.state.color_surfaces.is_empty() && sub.state.depth_surface.is_none() {
                    sub.state.dirty.insert(Dirty::FRAMEBUFFER);
                }
                Ok(())
            }
            Command::SetVertexBuffers(buffers) => sub.set_vertex_buffers(shared, buffers),
            Command::SetIndexBuffer {
                resource,
                index_size,
                offset,
            } => sub.set_index_buffer(shared, resource, index_size, offset),
            Command::SetConstantBuffer { stage, index, data } => {
                sub.set_constants(stage, index, data);
                Ok(())
            }
            Command::SetUniformBuffer {
                stage,
                index,
                offset,
                length,
                resource,
            } => sub.set_uniform_buffer(
                shared,
                stage,
                index,
                BufferRange {
                    offset,
                    length,
                    resource,
                },
            ),
            Command::SetSamplerViews { stage, start, views } => sub.set_sampler_views(stage, start, views),
            Command::BindSamplerStates { stage, start, states } => sub.bind_samplers(stage, start, states),
            Command::BindShader { id, stage } => sub.bind_shader(id, stage),
            Command::SetScissors { start, scissors } => sub.set_scissors(start, scissors),
            Command::SetStencilRef { .. }
            | Command::SetBlendColor(_)
            | Command::SetPolygonStipple(_)
            | Command::SetClipState(_)
            | Command::SetSampleMask(_)
            | Command::SetTessState { .. }
            | Command::SetMinSamples(_) => {
                sub.set_value(command);
                Ok(())
            }
            Command::SetStreamoutTargets { targets, .. } => sub.set_streamout_targets(targets),
            Command::DrawVbo(ref draw) => sub.draw(shared, draw),
            Command::Clear {
                buffers,
                color,
                depth,
                stencil,
            } => sub.clear(
                buffers,
                ClearValue {
                    color,
                    depth,
                    stencil,
                },
            ),
            Command::Blit(ref blit) => sub.blit(shared, blit),
            Command::CopyRegion {
                dst,
                dst_level,
                dst_origin,
                src,
                src_level,
                src_area,
            } => sub.copy_region(shared, (dst, dst_level, dst_origin), (src, src_level, src_area)),
            Command::BeginQuery(id) => sub.begin_query(id),
            Command::EndQuery(id) => sub.end_query(id),
            Command::GetQueryResult { query, .. } => self.query_result(query),
            Command::SetRenderCondition {
                query,
                inverted,
                mode,
            } => sub.set_render_condition(query, inverted, mode),
            Command::SetSubContext(id) => self.set_sub_context(id),
            Command::CreateSubContext(id) => self.create_sub_context(id),
            Command::DestroySubContext(id) => self.destroy_sub_context(id),
            Command::SetShaderBuffers {
                stage,
                start,
                buffers,
            } => sub.set_shader_buffers(shared, stage, start, buffers),
            Command::SetShaderImages { stage, start, images } => {
                sub.set_shader_images(shared, stage, start, images)
            }
            Command::SetAtomicBuffers { start, buffers } => sub.set_atomic_buffers(shared, start, buffers),
            Command::MemoryBarrier(flags) => {
                self.gl.memory_barrier(storage::gl_barriers(flags));
                Ok(())
            }
            Command::LaunchGrid {
                block,
                grid,
                indirect,
                indirect_offset,
            } => {
                let groups = match indirect {
                    ResourceId(0) => Groups::Direct(grid),
                    buffer => Groups::Indirect {
                        buffer,
                        offset: indirect_offset,
                    },
                };
                sub.launch_grid(shared, block, groups)
            }
            _ => self.execute_rare(command),
        }
    }

    /// Transfers and what comes seldom.
    fn execute_rare(&mut self, command: &Command<'_>) -> Result<(), ExecError> {
        let (sub, shared) = (&mut self.current, &mut self.shared);
        match *command {
            Command::InlineWrite { ref transfer, data } => {
                let bytes: &[u8] = bytemuck::cast_slice(data);
                sub.inline_write(shared, transfer, ReadBytes::from(bytes))
            }
            Command::Transfer3d {
                ref transfer,
                offset,
                direction: TransferDirection::ToHost,
            } => sub.upload(shared, transfer, offset.into()),
            Command::Transfer3d {
                ref transfer,
                offset,
                direction: TransferDirection::FromHost,
            } => sub.download(shared, transfer, offset.into()),
            Command::CopyTransfer3d {
                ref transfer,
                staging,
                offset,
                from_host,
                ..
            } => sub.copy_transfer(shared, transfer, staging, offset.into(), from_host),
            Command::ClearTexture {
                resource,
                level,
                area,
                texel,
            } => sub.clear_texture(shared, resource, level, area, texel),
            Command::ClearSurface {
                render_condition,
                buffers,
                surface,
                color,
                x,
                y,
                width,
                height,
            } => {
                let depth = f64::from_bits(u64::from(color[1]) << 32 | u64::from(color[0]));
                let value = ClearValue {
                    color,
                    depth,
                    stencil: color[3],
                };
                let area = [x, y, width, height];
                if render_condition {
                    sub.clear_surface(surface, buffers, value, area)
                } else {
                    sub.unconditionally(|sub| sub.clear_surface(surface, buffers, value, area))
                }
            }
            Command::StringMarker { text, .. } => {
                let bytes: Vec<u8> = text.iter().flat_map(|word| word.to_le_bytes()).collect();
                let text = String::from_utf8_lossy(&bytes);
                tracing::debug!("guest says: {}", text.trim_end_matches('\0'));
                Ok(())
            }
            Command::GetQueryResultQbo {
                query,
                resource,
                wait,
                value_type,
                offset,
                index,
            } => sub.store_query(shared, query, (index, wait), value_type, (resource, offset)),
            Command::TextureBarrier(_) => {
                self.gl.texture_barrier();
                Ok(())
            }
            _ => Err(ExecError::Unsupported("this command")),
        }
    }

    fn query_result(&mut self, id: ObjectId) -> Result<(), ExecError> {
        let query = self.current.objects.query(id)?.clone();
        if !query.borrow().resolve(&self.gl, false)? {
            self.waiting.push((self.current_id, query));
        }
        Ok(())
    }

    /// Writes the results that GL has, or waits for all.
    fn resolve_waiting(&mut self, wait: bool) {
        let before = self.current_id;
        for (id, query) in std::mem::take(&mut self.waiting) {
            if id != self.current_id && self.set_sub_context(id).is_err() {
                continue;
            }
            let resolved = query.borrow().resolve(&self.gl, wait);
            match resolved {
                Ok(true) => {}
                Ok(false) => self.waiting.push((id, query)),
                Err(error) => self.complaints.refused("a query result", &error),
            }
        }
        if self.current_id != before
            && let Err(error) = self.set_sub_context(before)
        {
            self.complaints.refused("switching back", &error);
        }
    }

    fn create_sub_context(&mut self, id: u32) -> Result<(), ExecError> {
        if id == self.current_id || self.others.contains_key(&id) {
            return Ok(());
        }
        if self.others.len() >= MAX_SUB_CONTEXTS {
            return Err(ExecError::OutOfRange {
                what: "number of sub-contexts",
                value: MAX_SUB_CONTEXTS as u64,
            });
        }
        let context = self.shared.group.context()?;
        let fresh = SubContext::new(context)?;
        self.switch(id, fresh);
        Ok(())
    }

    fn set_sub_context(&mut self, id: u32) -> Result<(), ExecError> {
        if id == self.current_id {
            return Ok(());
        }
        let Some(next) = self.others.remove(&id) else {
            return Err(ExecError::OutOfRange {
                what: "sub-context",
                value: id.into(),
            });
        };
        next.context.make_current()?;
        self.switch(id, next);
        Ok(())
    }

    fn switch(&mut self, id: u32, next: SubContext) {
        let old = std::mem::replace(&mut self.current, next);
        self.others.insert(self.current_id, old);
        self.current_id = id;
        self.gl = self.current.gl.clone();
        self.work.borrow_mut().switch(self.gl.clone(), id);
    }

    /// Sub-context 0 stays; when the current one goes, 0 takes its place.
    fn destroy_sub_context(&mut self, id: u32) -> Result<(), ExecError> {
        if id == 0 {
            return Err(ExecError::OutOfRange {
                what: "sub-context to destroy",
                value: 0,
            });
        }
        self.waiting.retain(|(owner, _)| *owner != id);
        if id == self.current_id {
            self.set_sub_context(0)?;
        }
        let Some(old) = self.others.remove(&id) else {
            return Ok(());
        };
        old.context.make_current()?;
        drop(old);
        self.current.context.make_current()?;
        Ok(())
    }

    /// Whether GL is still at work; with `wait`, only once it is done.
    pub fn busy(&mut self, wait: bool) -> bool {
        if !self.waiting.is_empty() {
            self.resolve_waiting(wait);
        }
        let mut work = self.work.borrow_mut();
        let patience = if wait { Duration::MAX } else { Duration::ZERO };
        let done = work.fence().is_none_or(|fence| work.passed(&fence, patience));
        !done || !self.waiting.is_empty()
    }

    /// Lets GL start on what it was given. For the moment before the session waits for its client.
    pub fn flush(&mut self) {
        self.work.borrow_mut().flush();
        self.shared.group.tidy(&self.gl);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.group.works.remove(self.shared.number);
    }
}

/// What of later GL versions is carried out on this host.
fn features(host: &Host, gl: &gl::Capabilities) -> Features {
    Features {
        glsl_level: host.version.into(),
        geometry_shaders: true,
        compute: true,
        storage_buffers: true,
        images: true,
        atomic_counters: true,
        memory_barrier: true,
        tessellation: true,
        texture_gather: true,
        texture_query_lod: true,
        texture_query_samples: true,
        texture_shadow_lod: host.texture_shadow_lod,
        texture_barrier: true,
        sample_shading: true,
        stencil_export: host.stencil_export,
        derivative_control: true,
        cull_distance: true,
        doubles: true,
        indirect_inputs: true,
        indirect_draw: true,
        multi_draw_indirect: true,
        indirect_count: gl.indirect_count,
        draw_parameters: host.version >= 460 || host.draw_parameters,
        group_vote: host.version >= 460 || host.group_vote,
        shader_clock: host.shader_clock,
        query_buffers: true,
        pipeline_statistics: gl.pipeline_statistics,
        transform_feedback_overflow: gl.transform_feedback_overflow,
        vertex_layer_and_viewport: host.viewport_layer_array,
        string_marker: true,
        framebuffer_fetch: host.framebuffer_fetch,
        robust_access: gl.robust_access,
    }
}

fn resource_limits(host: &HostLimits) -> ResourceLimits {
    ResourceLimits {
        texture_2d: host.texture_2d_size,
        texture_3d: host.texture_3d_size,
        texture_cube: host.texture_cube_size,
        layers: host.array_texture_layers,
        samples: host.samples,
        bytes: MAX_RESOURCE_BYTES,
    }
}
