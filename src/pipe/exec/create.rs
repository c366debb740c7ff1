//! Resources: host storage for what the client describes.

use crate::memory::SharedMemory;
use std::rc::Rc;

use super::{Executor, error::ExecError};
use crate::{
    gl::Gl,
    pipe::{
        format::host_format,
        resource::{HostTexture, Resource, ResourceDescription, ResourceShape, Storage, bind, gl_target},
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
        let shape = ResourceShape::new(&desc.dimensions()?, &self.limits)?;
        let storage = storage(&self.gl, desc, &shape)?;
        let memory = match (&storage, memory) {
            (Storage::Guest, None) => Some(Rc::new(
                SharedMemory::create("unshared", u64::from(desc.width))?.0,
            )),
            (_, memory) => memory,
        };
        self.shared.resources.insert(Resource {
            id,
            desc: *desc,
            shape,
            storage,
            memory,
        });
        Ok(())
    }

    /// Bytes of guest memory that all levels of such a resource take; `None` if it cannot be made.
    pub fn backing_size(&self, desc: &ResourceDescription) -> Option<u64> {
        let shape = ResourceShape::new(&desc.dimensions().ok()?, &self.limits).ok()?;
        Some(shape.total_size())
    }

    /// Forgets a resource. What is bound to it keeps it alive.
    pub fn unref_resource(&mut self, id: ResourceId) {
        self.shared.resources.remove(id);
    }
}

fn storage(gl: &Gl, desc: &ResourceDescription, shape: &ResourceShape) -> Result<Storage, ExecError> {
    match shape.target() {
        TextureTarget::Buffer if matches!(desc.bind, bind::STAGING | bind::CUSTOM) => Ok(Storage::Guest),
        TextureTarget::Buffer => {
            let buffer = gl.create_buffer()?;
            gl.buffer_storage(&buffer, desc.width.max(1).into(), None, glow::DYNAMIC_STORAGE_BIT)?;
            Ok(Storage::Buffer(buffer))
        }
        _ => Ok(Storage::Texture(texture(gl, desc, shape)?)),
    }
}

fn texture(gl: &Gl, desc: &ResourceDescription, shape: &ResourceShape) -> Result<HostTexture, ExecError> {
    let format = desc.format;
    let (info, host) = host_format(format).ok_or(ExecError::Format {
        format,
        usage: "a texture",
    })?;
    let (width, height, layers) = (desc.width, desc.height.max(1), desc.array_size.max(1));
    let (target, samples, levels) = (shape.target(), shape.samples(), shape.levels());
    let gl_target = gl_target(target, samples);
    let texture = gl.create_texture(gl_target)?;
    let internal = host.internal;
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
    Ok(HostTexture {
        texture,
        target,
        gl_target,
        format: info,
        host: *host,
        levels,
        layers: if target == D3 { 1 } else { layers },
        depth: desc.depth.max(1),
        samples,
    })
}
