//! Surfaces: a level and layers of a resource as something to draw into.

use std::{cell::Cell, rc::Rc};

use super::error::ExecError;
use crate::{
    gl::{self, Gl},
    pipe::{
        format::{FormatInfo, HostFormat, Signedness, Storage, host_format},
        resource::{HostTexture, Resource},
        wire::virgl::{command::SurfaceState, enums::TextureTarget},
    },
};

/// How a surface's layers are attached to a framebuffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layers {
    /// The texture has one layer, or all of them are attached.
    All,
    /// One of several.
    One(u32),
}

/// A surface object.
#[derive(Debug)]
pub(super) struct Surface {
    /// Distinct for every surface of the process; names it in the framebuffer cache.
    pub(super) serial: u64,
    pub(super) resource: Rc<Resource>,
    pub(super) format: &'static FormatInfo,
    host: &'static HostFormat,
    pub(super) level: u32,
    pub(super) layers: Layers,
    /// A view in the surface's format, where that is not the resource's.
    view: Option<gl::Texture>,
}

thread_local! {
    static NEXT_SERIAL: Cell<u64> = const { Cell::new(1) };
}

impl Surface {
    pub(super) fn new(gl: &Gl, resource: Rc<Resource>, desc: &SurfaceState) -> Result<Self, ExecError> {
        let format = desc.format;
        let (info, host) = host_format(format).ok_or(ExecError::Format {
            format,
            usage: "a surface",
        })?;
        if desc.samples > 1 {
            return Err(ExecError::Unsupported("an implicitly multisampled surface"));
        }
        let storage = resource.texture().ok_or(ExecError::WrongResource {
            id: resource.id,
            wanted: "a texture",
        })?;
        let (first, last) = (desc.layers & 0xffff, desc.layers >> 16);
        let depth = storage.level_layers(desc.level);
        if desc.level >= storage.levels || last < first || first >= depth {
            return Err(ExecError::Range {
                id: resource.id,
                levels: (desc.level, desc.level),
                layers: (first, last),
            });
        }
        let last = last.min(depth - 1);
        let wants_view = storage.view_internal(info) != storage.host.internal;
        let partial = first != last && (first, last) != (0, depth - 1);
        let (view, layers) = if wants_view || partial {
            let view = Self::view(gl, storage, info, first, last)?;
            let layers = if partial {
                Layers::All
            } else {
                attach_layers(storage, first, last, depth)
            };
            (Some(view), layers)
        } else {
            (None, attach_layers(storage, first, last, depth))
        };
        let serial = NEXT_SERIAL.with(|next| next.replace(next.get() + 1));
        Ok(Self {
            serial,
            format: info,
            host,
            level: desc.level,
            layers,
            view,
            resource,
        })
    }

    /// A view of all levels; of the given layers if they are only some.
    fn view(
        gl: &Gl,
        storage: &HostTexture,
        info: &FormatInfo,
        first: u32,
        last: u32,
    ) -> Result<gl::Texture, ExecError> {
        let internal = storage.view_internal(info);
        let all = storage.layers;
        let (target, layers) = match storage.target {
            TextureTarget::D3 => (storage.gl_target, (0, 1)),
            TextureTarget::Cube | TextureTarget::CubeArray if first != last && last - first + 1 != all => {
                (glow::TEXTURE_2D_ARRAY, (first, last - first + 1))
            }
            _ if first != last => (storage.gl_target, (first, last - first + 1)),
            _ => (storage.gl_target, (0, all)),
        };
        Ok(gl.texture_view(target, &storage.texture, internal, (0, storage.levels), layers)?)
    }

    /// The GL texture to attach.
    pub(super) fn texture(&self) -> Option<&gl::Texture> {
        self.view
            .as_ref()
            .or_else(|| self.resource.texture().map(|t| &t.texture))
    }

    /// The sign of a pure-integer surface; `None` for all others.
    pub(super) fn integer(&self) -> Option<Signedness> {
        self.format.integer()
    }

    /// Whether red and blue are stored exchanged.
    pub(super) fn exchanged(&self) -> bool {
        self.host.storage == Storage::Exchanged
    }

    /// Whether alpha is stored in the red channel.
    pub(super) fn alpha_in_red(&self) -> bool {
        self.host.storage == Storage::AlphaInRed
    }

    /// A colour as the storage wants it: raw bits, red and blue exchanged or alpha moved to red if need be.
    pub(super) fn stored_color(&self, color: [u32; 4]) -> [u32; 4] {
        self.host.stored(color)
    }
}

fn attach_layers(storage: &HostTexture, first: u32, last: u32, depth: u32) -> Layers {
    if first == last && (depth > 1 || storage.is_layered()) {
        Layers::One(first)
    } else {
        Layers::All
    }
}
