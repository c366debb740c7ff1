//! Framebuffer objects for combinations of surfaces, kept for reuse.

use std::rc::Rc;

use super::{
    error::ExecError,
    surface::{Layers, Surface},
};
use crate::{
    gl::{self, Gl},
    pipe::format::Component,
};

/// Framebuffers kept per sub-context; the least recently used goes first.
const MAX_CACHED: usize = 64;

/// Surfaces by serial: colour buffers (0 for a hole), then depth-stencil (0 without one).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    colors: Vec<u64>,
    depth: u64,
}

/// The cache. Most recently used entries come first.
#[derive(Debug, Default)]
pub(super) struct Framebuffers {
    entries: Vec<(Key, gl::Framebuffer)>,
}

impl Framebuffers {
    /// The framebuffer with these attachments.
    pub(super) fn get(
        &mut self,
        gl: &Gl,
        colors: &[Option<Rc<Surface>>],
        depth: Option<&Rc<Surface>>,
    ) -> Result<&gl::Framebuffer, ExecError> {
        let depth_serial = depth.map_or(0, |s| s.serial);
        let found = self.entries.iter().position(|(key, _)| {
            key.depth == depth_serial
                && key.colors.len() == colors.len()
                && key
                    .colors
                    .iter()
                    .zip(colors)
                    .all(|(k, c)| *k == c.as_ref().map_or(0, |s| s.serial))
        });
        match found {
            Some(at) => self.entries[..=at].rotate_right(1),
            None => {
                let framebuffer = create(gl, colors, depth)?;
                let colors = colors
                    .iter()
                    .map(|c| c.as_ref().map_or(0, |s| s.serial))
                    .collect();
                self.entries.truncate(MAX_CACHED - 1);
                self.entries.insert(
                    0,
                    (
                        Key {
                            colors,
                            depth: depth_serial,
                        },
                        framebuffer,
                    ),
                );
            }
        }
        Ok(&self.entries[0].1)
    }

    /// Drops the framebuffers that a surface is attached to.
    pub(super) fn forget(&mut self, serial: u64) {
        self.entries
            .retain(|(key, _)| key.depth != serial && !key.colors.contains(&serial));
    }
}

fn create(
    gl: &Gl,
    colors: &[Option<Rc<Surface>>],
    depth: Option<&Rc<Surface>>,
) -> Result<gl::Framebuffer, ExecError> {
    let framebuffer = gl.create_framebuffer()?;
    for (index, surface) in colors.iter().enumerate() {
        if let Some(surface) = surface {
            attach(gl, &framebuffer, glow::COLOR_ATTACHMENT0 + index as u32, surface);
        }
    }
    if let Some(surface) = depth {
        attach(gl, &framebuffer, depth_attachment(surface), surface);
    }
    let buffers: Vec<u32> = (0..colors.len() as u32)
        .map(|i| glow::COLOR_ATTACHMENT0 + i)
        .collect();
    gl.framebuffer_draw_buffers(&framebuffer, &buffers);
    if colors.iter().any(Option::is_some) || depth.is_some() {
        let status = gl.check_framebuffer_status(&framebuffer);
        if status != glow::FRAMEBUFFER_COMPLETE {
            tracing::warn!(
                "framebuffer is incomplete ({status:#06x}): {}",
                describe(colors, depth)
            );
        }
    }
    Ok(framebuffer)
}

/// Attaches a surface.
pub(super) fn attach(gl: &Gl, framebuffer: &gl::Framebuffer, attachment: u32, surface: &Surface) {
    let Some(texture) = surface.texture() else { return };
    match surface.layers {
        Layers::All => gl.framebuffer_texture(framebuffer, attachment, Some(texture), surface.level),
        Layers::One(layer) => {
            gl.framebuffer_texture_layer(framebuffer, attachment, Some(texture), surface.level, layer);
        }
    }
}

/// Where a depth or stencil surface goes.
pub(super) fn depth_attachment(surface: &Surface) -> u32 {
    let own = surface.resource.texture().map_or(surface.format, |t| t.format);
    match (own.has(Component::Depth), own.has(Component::Stencil)) {
        (true, true) => glow::DEPTH_STENCIL_ATTACHMENT,
        (false, true) => glow::STENCIL_ATTACHMENT,
        _ => glow::DEPTH_ATTACHMENT,
    }
}

fn describe(colors: &[Option<Rc<Surface>>], depth: Option<&Rc<Surface>>) -> String {
    let name = |s: &Rc<Surface>| {
        let d = &s.resource.desc;
        format!(
            "{} {}x{}x{} level {}",
            s.format.name,
            d.width,
            d.height,
            d.depth.max(d.array_size),
            s.level
        )
    };
    let mut parts: Vec<String> = colors.iter().flatten().map(name).collect();
    parts.extend(depth.map(name));
    parts.join(", ")
}
