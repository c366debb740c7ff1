//! Draws: give GL what changed, then one draw call.

use std::ops::Range;

use super::{
    Shared, apply,
    bits::bits,
    buffers::BoundBuffer,
    cache::Toggle,
    error::ExecError,
    indirect::Indirect,
    legacy::{quad_indices, widened},
    state::{Dirty, PrimitiveClass},
    storage::DRAWING,
    sub_context::SubContext,
};
use crate::pipe::wire::virgl::{
    command::Draw,
    enums::{CullFace, PolygonMode, Primitive, Stage},
};

/// 32-bit words of the system block; the layout is `glsl`'s.
const SYSTEM_WORDS: usize = 66;
/// The first word of the stipple pattern.
const SYSTEM_STIPPLE: usize = 32;
/// The word of the alpha reference.
const SYSTEM_ALPHA_REF: usize = 64;
/// The word of the number that GL's numbers of draws are added to.
const SYSTEM_DRAW_ID_BASE: usize = 65;
/// 32-bit words of the default levels: two vectors, of which the second is half empty.
const LEVEL_WORDS: usize = 8;

impl SubContext {
    /// DRAW_VBO. A draw that lacks shaders or indices is dropped, as GL would.
    pub(super) fn draw(&mut self, shared: &mut Shared, draw: &Draw) -> Result<(), ExecError> {
        let indirect = Indirect::of(shared, draw)?;
        if draw.mode == Primitive::Patches {
            self.check_patch(draw.vertices_per_patch)?;
        }
        if self.state.draw_id != draw.draw_id {
            self.state.draw_id = draw.draw_id;
            self.state.dirty.insert(Dirty::SYSTEM);
        }
        self.state.set_primitives(draw.mode, draw.vertices_per_patch);
        if !self.prepare_draw(shared)? {
            return Ok(());
        }
        self.cache
            .toggle(Toggle::PrimitiveRestart, draw.primitive_restart);
        if draw.primitive_restart {
            self.cache.restart_index(draw.restart_index);
        }
        if draw.mode == Primitive::Patches {
            self.cache.patch_vertices(draw.vertices_per_patch)?;
        }
        if self.streamout.active()
            && let Some(program) = &self.program
        {
            self.streamout
                .resume(&self.gl, self.state.captured(), &program.linked);
        }
        match self.face_modes() {
            Some(modes) => self.issue_by_face(draw, indirect.as_ref(), modes),
            None => self.issue(draw, indirect.as_ref()),
        }
    }

    /// GL would record an error for patches of other sizes.
    fn check_patch(&self, vertices: u32) -> Result<(), ExecError> {
        if (1..=self.gl.capabilities().max_patch_vertices).contains(&vertices) {
            return Ok(());
        }
        Err(ExecError::OutOfRange {
            what: "number of vertices of a patch",
            value: vertices.into(),
        })
    }

    /// The polygon modes of front and back if both faces show and the modes differ, which core GL lacks.
    fn face_modes(&self) -> Option<[PolygonMode; 2]> {
        let r = self.state.rasterizer.as_ref()?;
        let both = r.cull_face == CullFace::None && r.fill_front != r.fill_back;
        let once = self.streamout.active() || self.state.captured() != PrimitiveClass::Triangles;
        (both && !once).then_some([r.fill_front, r.fill_back])
    }

    /// Draws the front faces, then the back faces, each with its polygon mode.
    fn issue_by_face(
        &mut self,
        draw: &Draw,
        indirect: Option<&Indirect>,
        [front, back]: [PolygonMode; 2],
    ) -> Result<(), ExecError> {
        self.state.dirty.insert(Dirty::RASTERIZER);
        self.cache.toggle(Toggle::CullFace, true);
        self.cache.cull_face(glow::BACK);
        self.cache.polygon_mode(apply::gl_polygon_mode(front));
        self.issue(draw, indirect)?;
        self.cache.cull_face(glow::FRONT);
        self.cache.polygon_mode(apply::gl_polygon_mode(back));
        self.issue(draw, indirect)
    }

    /// Quads, from the vertices or from the bound indices.
    fn issue_quads(&mut self, draw: &Draw) -> Result<(), ExecError> {
        let Some(elements) = &self.state.vertex_elements else {
            return Ok(());
        };
        let first = self.state.rasterizer.as_ref().is_some_and(|r| r.flatshade_first);
        let count = if draw.indexed {
            let Some(indices) = &self.state.index_buffer else {
                return Ok(());
            };
            let (true, Some(buffer)) = (indices.holds(draw.count), indices.resource.buffer()) else {
                return Err(ExecError::OutOfRange {
                    what: "index count",
                    value: draw.count.into(),
                });
            };
            let list = widened(&self.gl, buffer, indices.size, indices.offset, draw.count)?;
            let (buffer, count) = quad_indices(&self.gl, draw.count, first, |vertex| list[vertex as usize])?;
            elements.bind_index_buffer(&self.gl, &buffer);
            count
        } else {
            let (buffer, count) = self.scratch.quads.get(&self.gl, draw.count, first)?;
            elements.bind_index_buffer(&self.gl, buffer);
            count
        };
        if count == 0 {
            return Ok(());
        }
        let base = match draw.indexed {
            true => draw.index_bias,
            false => i32::try_from(draw.start).map_err(|_| ExecError::OutOfRange {
                what: "first vertex of quads",
                value: draw.start.into(),
            })?,
        };
        self.gl.draw_elements(
            glow::TRIANGLES,
            count,
            glow::UNSIGNED_INT,
            0,
            draw.instance_count.max(1),
            base,
            draw.start_instance,
        )?;
        Ok(())
    }

    fn issue(&mut self, draw: &Draw, indirect: Option<&Indirect>) -> Result<(), ExecError> {
        let mode = gl_primitive(draw.mode);
        if let Some(indirect) = indirect {
            return indirect.issue(&self.gl, &self.state, mode, draw.indexed);
        }
        if draw.mode == Primitive::Quads {
            return self.issue_quads(draw);
        }
        let instances = draw.instance_count.max(1);
        if !draw.indexed {
            let count = match draw.count_from_stream_output {
                0 => draw.count,
                counted => counted,
            };
            self.gl
                .draw_arrays(mode, draw.start, count, instances, draw.start_instance)?;
            return Ok(());
        }
        let Some(indices) = &self.state.index_buffer else {
            return Ok(());
        };
        if !indices.holds(draw.count) {
            return Err(ExecError::OutOfRange {
                what: "index count",
                value: draw.count.into(),
            });
        }
        let (Some(elements), Some(buffer)) = (&self.state.vertex_elements, indices.resource.buffer()) else {
            return Ok(());
        };
        elements.bind_index_buffer(&self.gl, buffer);
        self.gl.draw_elements(
            mode,
            draw.count,
            indices.gl_type(),
            indices.offset.into(),
            instances,
            draw.index_bias,
            draw.start_instance,
        )?;
        Ok(())
    }

    /// Brings GL up to date; false if nothing can be drawn.
    fn prepare_draw(&mut self, shared: &mut Shared) -> Result<bool, ExecError> {
        if !self.select_program(shared)? {
            return Ok(false);
        }
        self.bind_framebuffer()?;
        apply::fixed_function(&self.gl, &mut self.cache, &mut self.state);
        self.bind_vertices(shared);
        if self.state.dirty.take(Dirty::SAMPLERS) {
            self.bind_textures(shared)?;
        }
        if self.state.dirty.take(Dirty::UNIFORMS) {
            self.bind_uniforms(shared, DRAWING)?;
        }
        if self.state.dirty.has(Dirty::STORAGE) {
            self.bind_storage(shared, DRAWING)?;
            self.state.dirty.take(Dirty::STORAGE);
        }
        self.bind_levels(shared)?;
        self.bind_system_block(shared)?;
        Ok(self.state.vertex_elements.is_some())
    }

    fn select_program(&mut self, shared: &Shared) -> Result<bool, ExecError> {
        if self.state.dirty.take(Dirty::PROGRAM) {
            let program = match self
                .programs
                .select(&self.gl, &shared.group.translation, &self.state)
            {
                Ok(program) => program,
                Err(error) => {
                    self.program = None;
                    return Err(error);
                }
            };
            if let Some(program) = &program {
                let same = self
                    .program
                    .as_ref()
                    .is_some_and(|p| p.linked.id() == program.linked.id());
                if !same {
                    self.streamout.pause(&self.gl);
                    self.cache.program(&program.linked);
                    self.state.dirty.insert(Dirty::UNIFORMS | Dirty::SYSTEM);
                }
            }
            self.program = program;
        }
        if let Some(program) = &self.program {
            self.cache.program(&program.linked);
        }
        Ok(self.program.is_some())
    }

    /// Binds the framebuffer of the bound surfaces.
    pub(super) fn bind_framebuffer(&mut self) -> Result<(), ExecError> {
        if !self.state.dirty.take(Dirty::FRAMEBUFFER) {
            return Ok(());
        }
        let state = &self.state;
        let framebuffer =
            self.framebuffers
                .get(&self.gl, &state.color_surfaces, state.depth_surface.as_ref())?;
        if state.color_surfaces.iter().all(Option::is_none) && state.depth_surface.is_none() {
            let (width, height, layers, samples) = state.no_attach;
            self.gl
                .framebuffer_parameter_i(framebuffer, glow::FRAMEBUFFER_DEFAULT_WIDTH, width.into());
            self.gl
                .framebuffer_parameter_i(framebuffer, glow::FRAMEBUFFER_DEFAULT_HEIGHT, height.into());
            self.gl
                .framebuffer_parameter_i(framebuffer, glow::FRAMEBUFFER_DEFAULT_LAYERS, layers.into());
            self.gl
                .framebuffer_parameter_i(framebuffer, glow::FRAMEBUFFER_DEFAULT_SAMPLES, samples.into());
        }
        self.gl.bind_framebuffer(glow::FRAMEBUFFER, Some(framebuffer));
        Ok(())
    }

    fn bind_vertices(&mut self, shared: &Shared) {
        let Some(elements) = &self.state.vertex_elements else {
            return;
        };
        let new = self.state.dirty.take(Dirty::VERTEX_ELEMENTS);
        if new {
            elements.bind(&self.gl);
        }
        if self.state.dirty.take(Dirty::VERTEX_BUFFERS) || new {
            elements.bind_buffers(&self.gl, &self.state.vertex_buffers, &shared.group.zeros);
        }
    }

    /// Binds the changed sampler views and states of all stages that have a shader.
    pub(super) fn bind_textures(&mut self, shared: &Shared) -> Result<(), ExecError> {
        let per_stage = shared.group.translation.layout.samplers_per_stage;
        for (index, stage) in self.state.stages.iter_mut().enumerate() {
            let Some(shader) = &stage.shader else { continue };
            let changed = (stage.views_dirty | stage.samplers_dirty) & shader.interface.samplers;
            for slot in bits(changed) {
                let bit = 1 << slot;
                if slot >= per_stage {
                    return Err(ExecError::OutOfRange {
                        what: "sampler slot",
                        value: slot.into(),
                    });
                }
                let unit = index as u32 * per_stage + slot;
                let Some(view) = &stage.views[slot as usize] else {
                    self.gl.bind_texture_unit(unit, None);
                    stage.views_dirty &= !bit;
                    continue;
                };
                if stage.views_dirty & bit != 0 {
                    let comparing = shader.interface.shadow_samplers & bit != 0;
                    let texture = view.texture(&self.gl, comparing)?;
                    self.gl.bind_texture_unit(unit, Some(texture));
                    stage.views_dirty &= !bit;
                }
                let border = Some(view.border());
                if stage.samplers_dirty & bit == 0 && stage.borders[slot as usize] == border {
                    continue;
                }
                let sampler = stage.samplers[slot as usize].as_ref();
                let variant = sampler.map(|sampler| sampler.variant(&self.gl, view.border()));
                self.gl.bind_sampler(unit, variant.transpose()?);
                stage.samplers_dirty &= !bit;
                stage.borders[slot as usize] = border;
            }
        }
        Ok(())
    }

    /// Uploads changed constants and binds changed uniform buffers of the stages in use.
    ///
    /// The constants of compute shaders are bound in the place of the system block, which has to be bound anew after them.
    pub(super) fn bind_uniforms(
        &mut self,
        shared: &mut Shared,
        stages: Range<usize>,
    ) -> Result<(), ExecError> {
        let per_stage = shared.group.translation.layout.uniform_blocks_per_stage;
        for index in stages {
            let Some(shader) = &self.state.stages[index].shader else {
                continue;
            };
            let base = index as u32 * per_stage;
            let (size, used) = (
                shader.interface.constants as usize * 16,
                shader.interface.uniform_blocks,
            );
            if size > 0 {
                self.bind_constants(shared, index, base, size)?;
            }
            let stage = &mut self.state.stages[index];
            let changed = stage.uniform_buffers_dirty & used;
            stage.uniform_buffers_dirty &= !changed;
            for slot in bits(changed) {
                if slot >= per_stage {
                    return Err(ExecError::OutOfRange {
                        what: "uniform buffer slot",
                        value: slot.into(),
                    });
                }
                let bound = stage.uniform_buffers[slot as usize].as_ref();
                let range = bound.map(BoundBuffer::range).transpose()?;
                self.gl
                    .bind_buffer_range(glow::UNIFORM_BUFFER, base + slot, range)?;
            }
        }
        Ok(())
    }

    /// Uploads the default levels if a control shader of ours reads them and they changed.
    ///
    /// Their block is in the place of the control stage's constants, which have to be bound anew after it.
    fn bind_levels(&mut self, shared: &mut Shared) -> Result<(), ExecError> {
        if !self.program.as_ref().is_some_and(|p| p.default_levels) || !self.state.dirty.take(Dirty::LEVELS) {
            return Ok(());
        }
        let (outer, inner) = self.state.levels;
        let mut words = [0u32; LEVEL_WORDS];
        for (word, level) in words.iter_mut().zip(outer.iter().chain(&inner)) {
            *word = level.to_bits();
        }
        let up = shared.upload.words(&self.gl, &words, LEVEL_WORDS * 4)?;
        let control = Stage::TessControl.to_wire();
        let binding = control * shared.group.translation.layout.uniform_blocks_per_stage;
        let range = Some((up.buffer.buffer(), up.offset as u64, up.size as u64));
        self.gl.bind_buffer_range(glow::UNIFORM_BUFFER, binding, range)?;
        self.levels = Some(up);
        self.constants[control as usize] = None;
        Ok(())
    }

    /// Uploads clip planes, stipple, alpha reference and number of the draw if the program reads them and they changed.
    fn bind_system_block(&mut self, shared: &mut Shared) -> Result<(), ExecError> {
        if !self.program.as_ref().is_some_and(|p| p.system_block) {
            return Ok(());
        }
        if !self.state.dirty.take(Dirty::SYSTEM) {
            return Ok(());
        }
        let mut words = [0u32; SYSTEM_WORDS];
        for (word, value) in words.iter_mut().zip(self.state.clip_planes.iter().flatten()) {
            *word = value.to_bits();
        }
        words[SYSTEM_STIPPLE..SYSTEM_STIPPLE + 32].copy_from_slice(&self.state.stipple);
        words[SYSTEM_ALPHA_REF] = self.state.dsa.as_ref().map_or(0.0, |d| d.alpha_ref).to_bits();
        words[SYSTEM_DRAW_ID_BASE] = self.state.draw_id;
        let up = shared
            .upload
            .words(&self.gl, &words, (SYSTEM_WORDS * 4).next_multiple_of(16))?;
        let range = Some((up.buffer.buffer(), up.offset as u64, up.size as u64));
        self.gl.bind_buffer_range(
            glow::UNIFORM_BUFFER,
            shared.group.translation.layout.system_block,
            range,
        )?;
        self.system = Some(up);
        self.constants[Stage::Compute as usize] = None;
        Ok(())
    }
}

/// GL's primitives have the numbers of the wire. Quad strips and polygons, which core GL lacks, become the strips and
/// fans that cover the same area.
fn gl_primitive(mode: Primitive) -> u32 {
    match mode {
        Primitive::QuadStrip => glow::TRIANGLE_STRIP,
        Primitive::Polygon => glow::TRIANGLE_FAN,
        other => other.to_wire(),
    }
}
