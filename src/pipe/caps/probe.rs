//! Asking the host's GL.

use std::collections::HashMap;

use super::{FormatSupport, HostLimits, PerStage, SamplePositions};
use crate::{
    gl::{Capabilities, Gl, GlError},
    pipe::format::{Component, Format, FormatInfo, HostFormat, Kind, host_format},
};

/// Formats of pictures that X servers show: 8, 10, or 5 and 6 bits with blue first.
const SHOWN: [Format; 7] = [
    Format::B8G8R8A8_UNORM,
    Format::B8G8R8X8_UNORM,
    Format::B8G8R8A8_SRGB,
    Format::B8G8R8X8_SRGB,
    Format::B10G10R10A2_UNORM,
    Format::B10G10R10X2_UNORM,
    Format::B5G6R5_UNORM,
];

impl FormatSupport {
    /// Tries all formats that have a storage. The context of `gl` must be current.
    ///
    /// What can be attached to a framebuffer is found out by doing it: drivers answer `GL_FRAMEBUFFER_RENDERABLE`
    /// for formats of which no framebuffer becomes complete (Mesa 22.3: RGB9_E5), and deny it for depth formats.
    ///
    /// # Errors
    /// If GL does not even make texture or framebuffer objects.
    pub fn probe(gl: &Gl) -> Result<Self, GlError> {
        let mut prober = Prober {
            gl,
            samples: max_samples(gl.capabilities()),
            known: HashMap::new(),
        };
        let mut support = Self::default();
        // Framebuffers without attachments have samples, too.
        support.multisample.insert(Format::NONE);
        for format in Format::all() {
            let Some((info, host)) = host_format(format) else {
                continue;
            };
            let found = prober.probe(info, host)?;
            let depth_stencil = info.is_depth_or_stencil();
            // Clients take every depth or stencil format that can be sampled to be one that can be attached.
            if !found.texture || depth_stencil && !found.attachment {
                continue;
            }
            support.sampler.insert(format);
            support.readback.insert(format);
            let attached = found.attachment && host.can_render();
            if attached && !depth_stencil {
                support.render.insert(format);
            }
            if attached && found.multisample {
                support.multisample.insert(format);
            }
        }
        support.scanout = SHOWN
            .into_iter()
            .filter(|&format| support.render.contains(format))
            .collect();
        Ok(support)
    }
}

/// What GL does with an internal format.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    texture: bool,
    attachment: bool,
    multisample: bool,
}

struct Prober<'a> {
    gl: &'a Gl,
    /// Samples that a multisampled format must have.
    samples: u32,
    /// By internal format and attachment point.
    known: HashMap<(u32, u32), Found>,
}

impl Prober<'_> {
    fn probe(&mut self, info: &FormatInfo, host: &HostFormat) -> Result<Found, GlError> {
        let key = (host.internal, attachment(info));
        if let Some(found) = self.known.get(&key) {
            return Ok(*found);
        }
        let found = self.ask(info, host)?;
        self.known.insert(key, found);
        Ok(found)
    }

    fn ask(&self, info: &FormatInfo, host: &HostFormat) -> Result<Found, GlError> {
        let gl = self.gl;
        let ask = |target, name| gl.internal_format(target, host.internal, name);
        if ask(glow::TEXTURE_2D, glow::INTERNALFORMAT_SUPPORTED) == 0 || !self.keeps_depth(info, host) {
            return Ok(Found::default());
        }
        let texture = gl.create_texture(glow::TEXTURE_2D)?;
        if gl.texture_storage_2d(&texture, 1, host.internal, 4, 4).is_err() {
            return Ok(Found::default());
        }
        let framebuffer = gl.create_framebuffer()?;
        gl.framebuffer_texture(&framebuffer, attachment(info), Some(&texture), 0);
        let attachment = gl.check_framebuffer_status(&framebuffer) == glow::FRAMEBUFFER_COMPLETE;
        while gl.get_error().is_some() {}
        // GL lists the numbers of samples in descending order.
        let samples = ask(glow::TEXTURE_2D_MULTISAMPLE, glow::SAMPLES);
        let multisample = attachment && self.samples > 1 && i64::from(samples) >= self.samples.into();
        Ok(Found {
            texture: true,
            attachment,
            multisample,
        })
    }

    /// Whether depth does not lose bits: GL may store 32-bit integers as it likes.
    fn keeps_depth(&self, info: &FormatInfo, host: &HostFormat) -> bool {
        let Some(depth) = info
            .channels()
            .iter()
            .find(|channel| channel.component == Component::Depth)
        else {
            return true;
        };
        let ask = |name| self.gl.internal_format(glow::TEXTURE_2D, host.internal, name);
        let bits = ask(glow::INTERNALFORMAT_DEPTH_SIZE);
        let integers = ask(glow::INTERNALFORMAT_DEPTH_TYPE) == glow::UNSIGNED_NORMALIZED as i32;
        bits >= depth.bits.into() && (host.internal != glow::DEPTH_COMPONENT32 || integers)
    }
}

fn attachment(info: &FormatInfo) -> u32 {
    match info.kind {
        Kind::Depth => glow::DEPTH_ATTACHMENT,
        Kind::Stencil => glow::STENCIL_ATTACHMENT,
        Kind::DepthStencil => glow::DEPTH_STENCIL_ATTACHMENT,
        _ => glow::COLOR_ATTACHMENT0,
    }
}

impl SamplePositions {
    /// Asks GL for the positions in textures of 2, 4, 8 and 16 samples, as far as it makes them. GL may give a texture
    /// more samples than were asked for; a client sees the first ones.
    ///
    /// # Errors
    /// If GL does not even make texture or framebuffer objects.
    pub fn probe(gl: &Gl) -> Result<Self, GlError> {
        let mut this = Self::default();
        let max = max_samples(gl.capabilities());
        for positions in [
            &mut this.two[..],
            &mut this.four,
            &mut this.eight,
            &mut this.sixteen,
        ] {
            let samples = positions.len() as u32;
            if samples > max {
                continue;
            }
            let texture = gl.create_texture(glow::TEXTURE_2D_MULTISAMPLE)?;
            gl.texture_storage_2d_multisample(&texture, samples, glow::RGBA8, 4, 4)?;
            let framebuffer = gl.create_framebuffer()?;
            gl.framebuffer_texture(&framebuffer, glow::COLOR_ATTACHMENT0, Some(&texture), 0);
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(&framebuffer));
            for (sample, position) in positions.iter_mut().enumerate() {
                *position = gl.sample_position(sample as u32);
            }
            gl.bind_framebuffer(glow::FRAMEBUFFER, None);
        }
        Ok(this)
    }
}

/// Samples that colour and depth textures can both have.
fn max_samples(c: &Capabilities) -> u32 {
    c.max_samples
        .min(c.max_color_texture_samples)
        .min(c.max_depth_texture_samples)
}

impl From<&Capabilities> for HostLimits {
    fn from(c: &Capabilities) -> Self {
        let fewest = |stages: PerStage| stages.into_iter().min().unwrap_or(0);
        Self {
            renderer: c.renderer.clone(),
            glsl_version: c.glsl_version,
            texture_2d_size: c.max_texture_size.min(c.max_rectangle_texture_size),
            texture_3d_size: c.max_3d_texture_size,
            texture_cube_size: c.max_cube_map_texture_size,
            array_texture_layers: c.max_array_texture_layers,
            texture_buffer_texels: c.max_texture_buffer_size,
            texture_buffer_offset_alignment: c.texture_buffer_offset_alignment,
            texture_lod_bias: c.max_texture_lod_bias,
            anisotropy: c.max_anisotropy,
            texel_offset: [c.min_texel_offset, c.max_texel_offset],
            gather_offset: [c.min_texture_gather_offset, c.max_texture_gather_offset],
            samples: max_samples(c),
            sample_positions: SamplePositions::default(),
            draw_buffers: c.max_draw_buffers.min(c.max_color_attachments),
            dual_source_draw_buffers: c.max_dual_source_draw_buffers,
            viewports: c.max_viewports,
            transform_feedback_buffers: c.max_transform_feedback_buffers,
            aliased_point_size: c.aliased_point_size_range,
            smooth_point_size: c.smooth_point_size_range,
            aliased_line_width: c.aliased_line_width_range,
            smooth_line_width: c.smooth_line_width_range,
            vertex_attribs: c.max_vertex_attribs,
            vertex_attrib_stride: c.max_vertex_attrib_stride,
            vertex_output_components: c.max_vertex_output_components,
            geometry_output_vertices: c.max_geometry_output_vertices,
            geometry_total_output_components: c.max_geometry_total_output_components,
            tess_patch_components: c.max_tess_patch_components,
            tess_control_total_output_components: c.max_tess_control_total_output_components,
            tess_evaluation_output_components: c.max_tess_evaluation_output_components,
            stage_texture_units: fewest(c.stages.map(|stage| stage.texture_image_units)),
            combined_texture_units: c.max_combined_texture_image_units,
            stage_uniform_blocks: fewest(c.stages.map(|stage| stage.uniform_blocks)),
            uniform_buffer_bindings: c.max_uniform_buffer_bindings,
            uniform_block_bytes: c.max_uniform_block_size,
            uniform_buffer_offset_alignment: c.uniform_buffer_offset_alignment,
            storage_blocks: c.stages.map(|stage| stage.shader_storage_blocks),
            combined_storage_blocks: c.max_combined_shader_storage_blocks,
            storage_buffer_bindings: c.max_shader_storage_buffer_bindings,
            storage_buffer_offset_alignment: c.shader_storage_buffer_offset_alignment,
            image_uniforms: c.stages.map(|stage| stage.image_uniforms),
            image_units: c.max_image_units,
            image_samples: c.max_image_samples,
            atomic_counters: c.stages.map(|stage| stage.atomic_counters),
            combined_atomic_counters: c.max_combined_atomic_counters,
            atomic_counter_buffers: c.stages.map(|stage| stage.atomic_counter_buffers),
            combined_atomic_counter_buffers: c.max_combined_atomic_counter_buffers,
            atomic_counter_buffer_bindings: c.max_atomic_counter_buffer_bindings,
            compute_invocations: c.max_compute_work_group_invocations,
            compute_shared_bytes: c.max_compute_shared_memory_size,
            compute_grid: c.max_compute_work_group_count,
            compute_block: c.max_compute_work_group_size,
            seamless_cube_per_texture: c.seamless_cubemap_per_texture,
            mirror_clamp: c.has("GL_EXT_texture_mirror_clamp") || c.has("GL_ATI_texture_mirror_once"),
            polygon_offset_clamp: c.polygon_offset_clamp,
        }
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
