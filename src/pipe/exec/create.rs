//! Resources: host storage for what the client describes.

use crate::memory::SharedMemory;
use std::rc::Rc;

use super::{Executor, error::ExecError, group::Group};
use crate::{
    gl::{self, Gl},
    pipe::{
        format::host_format,
        resource::{
            Attached, Backing, GuestMemory, HostTexture, Resource, ResourceDescription, ResourceShape,
            Storage, bind, gl_target, is_window_picture,
        },
        wire::virgl::{command::ResourceId, enums::TextureTarget},
    },
};

impl Executor {
    /// Creates a resource under a free id. `memory` is what the client shares with us.
    ///
    /// # Errors
    /// If the id is taken, the description makes no sense, or the host cannot store it.
    pub fn create_resource(
        &mut self,
        id: ResourceId,
        desc: &ResourceDescription,
        memory: Option<Rc<SharedMemory>>,
    ) -> Result<(), ExecError> {
        if self.shared.resources.get(id).is_some() {
            return Err(ExecError::ResourceExists(id));
        }
        let shape = ResourceShape::new(&desc.dimensions()?, &self.shared.group.limits)?;
        let storage = storage(&self.shared.group, &self.gl, desc, &shape)?;
        let resource = Resource::new(id, *desc, shape, storage, self.shared.number);
        self.shared
            .resources
            .insert(id, Attached::new(Rc::new(resource), memory));
        Ok(())
    }

    /// Bytes of guest memory that all levels of such a resource take; `None` if it cannot be made.
    pub fn backing_size(&self, desc: &ResourceDescription) -> Option<u64> {
        let shape = ResourceShape::new(&desc.dimensions().ok()?, &self.shared.group.limits).ok()?;
        Some(shape.total_size())
    }

    /// Forgets a resource. What is bound to it keeps it alive.
    pub fn unref_resource(&mut self, id: ResourceId) {
        self.shared.resources.remove(id);
    }
}

fn storage(
    group: &Group,
    gl: &Gl,
    desc: &ResourceDescription,
    shape: &ResourceShape,
) -> Result<Storage, ExecError> {
    match shape.target() {
        TextureTarget::Buffer if matches!(desc.bind, bind::STAGING | bind::CUSTOM) => {
            Ok(Storage::Guest(GuestMemory::new(desc.width.into())))
        }
        TextureTarget::Buffer => {
            let buffer = gl.create_buffer()?;
            gl.buffer_storage(&buffer, desc.width.max(1).into(), None, glow::DYNAMIC_STORAGE_BIT)?;
            Ok(Storage::Buffer(buffer))
        }
        _ => Ok(Storage::Texture(texture(group, gl, desc, shape)?)),
    }
}

fn texture(
    group: &Group,
    gl: &Gl,
    desc: &ResourceDescription,
    shape: &ResourceShape,
) -> Result<HostTexture, ExecError> {
    let format = desc.format;
    let (info, host) = host_format(format).ok_or(ExecError::Format {
        format,
        usage: "a texture",
    })?;
    let target = shape.target();
    let picture = match is_window_picture(desc, shape) {
        true => (group.pictures).create(&group.display, gl, desc, host.internal),
        false => None,
    };
    let (texture, backing, counted) = match picture {
        Some((texture, backing, count)) => (texture, backing, Some(count)),
        None => (own_texture(gl, desc, shape, host.internal)?, Backing::Gl, None),
    };
    Ok(HostTexture {
        texture,
        backing,
        counted,
        target,
        gl_target: gl_target(target, shape.samples()),
        format: info,
        host: *host,
        levels: shape.levels(),
        layers: if target == TextureTarget::D3 {
            1
        } else {
            desc.array_size.max(1)
        },
        depth: desc.depth.max(1),
        samples: shape.samples(),
    })
}

/// A texture in GL's own memory.
fn own_texture(
    gl: &Gl,
    desc: &ResourceDescription,
    shape: &ResourceShape,
    internal: u32,
) -> Result<gl::Texture, ExecError> {
    let (width, height, layers) = (desc.width, desc.height.max(1), desc.array_size.max(1));
    let (target, samples, levels) = (shape.target(), shape.samples(), shape.levels());
    let texture = gl.create_texture(gl_target(target, samples))?;
    use TextureTarget::*;
    match target {
        D1 => gl.texture_storage_1d(&texture, levels, internal, width)?,
        D1Array => gl.texture_storage_2d(&texture, levels, internal, width, layers)?,
        D2 if samples > 1 => gl.texture_storage_2d_multisample(&texture, samples, internal, width, height)?,
        D2Array if samples > 1 => {
            gl.texture_storage_3d_multisample(&texture, samples, internal, width, height, layers)?;
        }
        D2 | Rect | Cube => gl.texture_storage_2d(&texture, levels, internal, width, height)?,
        D2Array | CubeArray => gl.texture_storage_3d(&texture, levels, internal, width, height, layers)?,
        D3 => gl.texture_storage_3d(&texture, levels, internal, width, height, desc.depth.max(1))?,
        Buffer => {
            return Err(ExecError::Target {
                target,
                usage: "a texture",
            });
        }
    }
    Ok(texture)
}
