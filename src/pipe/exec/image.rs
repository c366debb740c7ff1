//! Images: texels of a texture, or of a buffer, that shaders read and write in place.
//!
//! What a slot is bound to says level, layers and format ([OpenGL 4.6,
//! 8.26](https://registry.khronos.org/OpenGL/specs/gl/glspec46.core.pdf)). GL binds one layer or all of a texture: some
//! of several need a view, and so does a format that is not the texture's, since not every host lets the two differ.

use std::{cell::OnceCell, rc::Rc};

use super::{
    Shared,
    error::ExecError,
    state::{Dirty, IMAGES},
    sub_context::SubContext,
};
use crate::{
    gl::{self, Gl, ImageUnit},
    pipe::{
        format::{Format, FormatInfo, HostFormat, Kind, Signedness, Storage, host_format},
        resource::{HostTexture, Resource},
        wire::virgl::{
            command::{Records, ShaderImage},
            enums::{Stage, Swizzle, TextureTarget},
        },
    },
};

/// What an image slot is bound to.
#[derive(Debug)]
pub(super) struct BoundImage {
    resource: Rc<Resource>,
    desc: ShaderImage,
    format: &'static FormatInfo,
    internal: u32,
    texels: Texels,
}

#[derive(Debug)]
enum Texels {
    Layers {
        /// A view in the image's format, where that is not the texture's.
        view: Option<gl::Texture>,
        first: u32,
        last: u32,
        /// Whether these are all that the level has.
        all: bool,
        /// A view of these layers alone, once it is needed.
        part: OnceCell<gl::Texture>,
    },
    Buffer(gl::Texture),
}

impl BoundImage {
    fn new(gl: &Gl, resource: &Rc<Resource>, desc: &ShaderImage) -> Result<Self, ExecError> {
        let (format, host) = image_format(desc.format)?;
        let texels = match resource.texture() {
            Some(storage) => Texels::of_texture(gl, resource, storage, (format, host), desc)?,
            None => Texels::Buffer(buffer_texture(gl, resource, (format, host), desc)?),
        };
        Ok(Self {
            resource: resource.clone(),
            desc: *desc,
            format,
            internal: host.internal,
            texels,
        })
    }

    /// The sign of a pure-integer image; `None` for all others.
    pub(super) fn integer(&self) -> Option<Signedness> {
        self.format.integer()
    }

    /// What to bind for a shader that sees one layer, or that sees all as an array, a cube or a volume.
    pub(super) fn unit(&self, gl: &Gl, layered: bool) -> Result<ImageUnit<'_>, ExecError> {
        let (texture, layer) = match &self.texels {
            Texels::Buffer(texture) => (texture, Some(0)),
            Texels::Layers { first, .. } if !layered => (self.whole()?, Some(*first)),
            Texels::Layers { all: true, .. } => (self.whole()?, None),
            Texels::Layers {
                first, last, part, ..
            } => {
                if part.get().is_none() {
                    let _ = part.set(self.part(gl, *first, *last)?);
                }
                (part.get().map_or_else(|| self.whole(), Ok)?, None)
            }
        };
        Ok(ImageUnit {
            texture,
            level: match self.texels {
                Texels::Layers { .. } => self.desc.level_or_size,
                Texels::Buffer(_) => 0,
            },
            layer,
            access: gl_access(self.desc.access),
            format: self.internal,
        })
    }

    fn storage(&self) -> Result<&HostTexture, ExecError> {
        self.resource.texture().ok_or(ExecError::WrongResource {
            id: self.resource.id,
            wanted: "a texture",
        })
    }

    fn whole(&self) -> Result<&gl::Texture, ExecError> {
        match &self.texels {
            Texels::Layers { view: Some(view), .. } => Ok(view),
            _ => Ok(&self.storage()?.texture),
        }
    }

    /// A view of some layers. Cubes that are not whole become layers of an array.
    fn part(&self, gl: &Gl, first: u32, last: u32) -> Result<gl::Texture, ExecError> {
        let storage = self.storage()?;
        let count = last - first + 1;
        let target = match storage.target {
            TextureTarget::Cube | TextureTarget::CubeArray if !count.is_multiple_of(6) => {
                glow::TEXTURE_2D_ARRAY
            }
            _ => storage.gl_target,
        };
        let levels = (0, storage.levels);
        Ok(gl.texture_view(target, &storage.texture, self.internal, levels, (first, count))?)
    }
}

impl Texels {
    fn of_texture(
        gl: &Gl,
        resource: &Resource,
        storage: &HostTexture,
        (info, host): (&'static FormatInfo, &'static HostFormat),
        desc: &ShaderImage,
    ) -> Result<Self, ExecError> {
        let (level, first, last) = (
            desc.level_or_size,
            desc.layers_or_offset & 0xffff,
            desc.layers_or_offset >> 16,
        );
        let layers = storage.level_layers(level);
        if level >= storage.levels || first > last || first >= layers {
            return Err(ExecError::Range {
                id: resource.id,
                levels: (level, level),
                layers: (first, last),
            });
        }
        let last = last.min(layers - 1);
        let view = match storage.host.internal == host.internal {
            true => None,
            false if storage.view_internal(info) != host.internal => {
                return Err(ExecError::Format {
                    format: desc.format,
                    usage: "an image of this texture",
                });
            }
            false => Some(gl.texture_view(
                storage.gl_target,
                &storage.texture,
                host.internal,
                (0, storage.levels),
                (0, storage.layers),
            )?),
        };
        Ok(Self::Layers {
            view,
            first,
            last,
            all: storage.target == TextureTarget::D3 || (first, last) == (0, layers - 1),
            part: OnceCell::new(),
        })
    }
}

/// A buffer texture of the texels of an image.
fn buffer_texture(
    gl: &Gl,
    resource: &Resource,
    (info, host): (&'static FormatInfo, &'static HostFormat),
    desc: &ShaderImage,
) -> Result<gl::Texture, ExecError> {
    let buffer = resource.buffer().ok_or(ExecError::WrongResource {
        id: resource.id,
        wanted: "a texture or a buffer",
    })?;
    let offset = desc.layers_or_offset;
    let alignment = gl.capabilities().texture_buffer_offset_alignment.max(1);
    let block = u32::from(info.block.bytes);
    let room = resource.desc.width.saturating_sub(offset);
    let size = desc.level_or_size.min(room) / block * block;
    if !offset.is_multiple_of(alignment) || size == 0 {
        return Err(ExecError::OutOfRange {
            what: "offset of a buffer image",
            value: offset.into(),
        });
    }
    let texture = gl.create_texture(glow::TEXTURE_BUFFER)?;
    let internal = buffer_internal(info, host);
    gl.texture_buffer_range(&texture, internal, buffer, offset.into(), size.into())?;
    Ok(texture)
}

/// A format for buffer textures with texels of the same size: images may have some that buffer textures lack.
fn buffer_internal(info: &FormatInfo, host: &HostFormat) -> u32 {
    let packed = matches!(
        host.internal,
        glow::R11F_G11F_B10F | glow::RGB10_A2 | glow::RGB10_A2UI
    );
    if info.kind != Kind::Snorm && !packed {
        return host.internal;
    }
    match info.block.bytes {
        1 => glow::R8UI,
        2 => glow::R16UI,
        4 => glow::R32UI,
        _ => glow::RG32UI,
    }
}

/// A format that GL has for images, with its channels where their names say.
fn image_format(format: Format) -> Result<(&'static FormatInfo, &'static HostFormat), ExecError> {
    let plain = [Swizzle::X, Swizzle::Y, Swizzle::Z, Swizzle::W];
    host_format(format)
        .filter(|(_, host)| host.storage == Storage::Named && host.swizzle == plain)
        .filter(|(_, host)| is_image_format(host.internal))
        .ok_or(ExecError::Format {
            format,
            usage: "an image",
        })
}

/// The formats of table 8.26.
fn is_image_format(internal: u32) -> bool {
    use glow::*;
    matches!(
        internal,
        RGBA32F
            | RGBA16F
            | RG32F
            | RG16F
            | R11F_G11F_B10F
            | R32F
            | R16F
            | RGBA32UI
            | RGBA16UI
            | RGB10_A2UI
            | RGBA8UI
            | RG32UI
            | RG16UI
            | RG8UI
            | R32UI
            | R16UI
            | R8UI
            | RGBA32I
            | RGBA16I
            | RGBA8I
            | RG32I
            | RG16I
            | RG8I
            | R32I
            | R16I
            | R8I
            | RGBA16
            | RGB10_A2
            | RGBA8
            | RG16
            | RG8
            | R16
            | R8
            | RGBA16_SNORM
            | RGBA8_SNORM
            | RG16_SNORM
            | RG8_SNORM
            | R16_SNORM
            | R8_SNORM
    )
}

/// Bit 0 reads, bit 1 writes. An image that is only measured has neither.
fn gl_access(access: u32) -> u32 {
    match access & 3 {
        1 => glow::READ_ONLY,
        2 => glow::WRITE_ONLY,
        _ => glow::READ_WRITE,
    }
}

impl SubContext {
    /// SET_SHADER_IMAGES. What cannot be bound leaves its slot empty.
    pub(super) fn set_shader_images(
        &mut self,
        shared: &Shared,
        stage: Stage,
        start: u32,
        images: Records<'_, ShaderImage>,
    ) -> Result<(), ExecError> {
        let mut failed = None;
        let slots = &mut self.state.stages[stage.to_wire() as usize];
        for (at, desc) in (start as usize..IMAGES).zip(images.iter()) {
            let resource = match desc.resource.0 {
                0 => None,
                _ => shared
                    .resource(desc.resource)
                    .map_err(|error| failed = Some(error))
                    .ok(),
            };
            let before = &slots.images[at];
            let same = match (before, resource) {
                (Some(old), Some(new)) => Rc::ptr_eq(&old.resource, new) && old.desc == desc,
                (None, None) => true,
                _ => false,
            };
            if same {
                continue;
            }
            let image = resource.and_then(|resource| {
                BoundImage::new(&self.gl, resource, &desc)
                    .map_err(|error| failed = Some(error))
                    .ok()
            });
            let integer = |image: &Option<BoundImage>| image.as_ref().and_then(BoundImage::integer);
            if integer(&image) != integer(before) {
                self.state.dirty.insert(Dirty::program_of(stage));
            }
            slots.images[at] = image;
            slots.images_dirty |= 1 << at;
            self.state.dirty.insert(Dirty::STORAGE);
        }
        failed.map_or(Ok(()), Err)
    }
}
