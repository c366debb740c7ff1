//! Transfers between guest memory and resources.
//!
//! GL reads from and writes to the shared memory itself, so pixels are copied once. Only the depth format whose words
//! GL does not know passes through a buffer of ours.

use super::{Shared, error::ExecError, sub_context::SubContext};
use crate::{
    gl::{self, Gl, ReadBytes, WriteBytes},
    pipe::{
        format::Transfer as Conversion,
        resource::{HostTexture, Resource, Storage, TransferShape},
        wire::virgl::command::{Box3, ResourceId, Transfer},
    },
};

/// The bytes that a transfer touches.
fn shape(resource: &Resource, transfer: &Transfer) -> Result<TransferShape, ExecError> {
    let Transfer {
        level,
        stride,
        layer_stride,
        area,
        ..
    } = *transfer;
    Ok(resource.shape.transfer(level, &area, stride, layer_stride)?)
}

fn memory_range(offset: u64, span: u64) -> Option<std::ops::Range<usize>> {
    let end = offset.checked_add(span)?;
    Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}

/// The part of a resource's guest memory that a transfer touches.
fn guest_bytes(holder: &Resource, offset: u64, span: u64) -> Result<WriteBytes<'_>, ExecError> {
    let memory = holder.memory.as_ref().ok_or(ExecError::WrongResource {
        id: holder.id,
        wanted: "backed by guest memory",
    })?;
    let given = (memory.len() as u64).saturating_sub(offset);
    memory_range(offset, span)
        .and_then(|range| memory.write(range))
        .ok_or(ExecError::Short { needed: span, given })
}

/// Refuses data that end before the transfer does.
fn enough(needed: u64, given: usize) -> Result<(), ExecError> {
    let given = given as u64;
    if given < needed {
        return Err(ExecError::Short { needed, given });
    }
    Ok(())
}

impl SubContext {
    /// Guest memory to resource.
    pub(super) fn upload(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        offset: u64,
    ) -> Result<(), ExecError> {
        let resource = shared.resource(transfer.resource)?;
        if matches!(resource.storage, Storage::Guest) {
            return Ok(());
        }
        let shape = shape(resource, transfer)?;
        let data = guest_bytes(resource, offset, shape.span)?;
        write(&self.gl, resource, transfer.level, &shape, data.as_read())
    }

    /// Resource to guest memory.
    pub(super) fn download(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        offset: u64,
    ) -> Result<(), ExecError> {
        let resource = shared.resource(transfer.resource)?;
        if matches!(resource.storage, Storage::Guest) {
            return Ok(());
        }
        let shape = shape(resource, transfer)?;
        let data = guest_bytes(resource, offset, shape.span)?;
        read(&self.gl, resource, transfer.level, &shape, data)
    }

    /// Bytes of the stream or of the socket to a resource.
    pub(super) fn inline_write(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        data: ReadBytes<'_>,
    ) -> Result<(), ExecError> {
        let resource = shared.resource(transfer.resource)?;
        let shape = shape(resource, transfer)?;
        enough(shape.span, data.len())?;
        write(&self.gl, resource, transfer.level, &shape, data)
    }

    /// A resource to bytes of ours, for the socket.
    pub(super) fn read_out(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        out: WriteBytes<'_>,
    ) -> Result<(), ExecError> {
        let resource = shared.resource(transfer.resource)?;
        let shape = shape(resource, transfer)?;
        enough(shape.span, out.len())?;
        read(&self.gl, resource, transfer.level, &shape, out)
    }

    /// COPY_TRANSFER3D: the box's data lie in another resource's guest memory.
    pub(super) fn copy_transfer(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        staging: ResourceId,
        offset: u64,
        from_host: bool,
    ) -> Result<(), ExecError> {
        let resource = shared.resource(transfer.resource)?;
        let shape = shape(resource, transfer)?;
        let data = guest_bytes(shared.resource(staging)?, offset, shape.span)?;
        match from_host {
            true => read(&self.gl, resource, transfer.level, &shape, data),
            false => write(&self.gl, resource, transfer.level, &shape, data.as_read()),
        }
    }
}

fn write(
    gl: &Gl,
    resource: &Resource,
    level: u32,
    shape: &TransferShape,
    data: ReadBytes<'_>,
) -> Result<(), ExecError> {
    match &resource.storage {
        Storage::Guest => {
            let to = memory_range(shape.area.x as u64, shape.span)
                .and_then(|range| resource.memory.as_ref()?.write(range));
            let bytes = data.get(0..shape.span as usize);
            if let (Some(to), Some(bytes)) = (to, bytes) {
                to.copy_from(bytes);
            }
            Ok(())
        }
        Storage::Buffer(buffer) => {
            let bytes = data.get(0..shape.span as usize).unwrap_or(data);
            Ok(gl.buffer_sub_data(buffer, shape.area.x as u64, bytes)?)
        }
        Storage::Texture(texture) => write_texture(gl, texture, level, shape, data),
    }
}

fn read(
    gl: &Gl,
    resource: &Resource,
    level: u32,
    shape: &TransferShape,
    data: WriteBytes<'_>,
) -> Result<(), ExecError> {
    match &resource.storage {
        Storage::Guest => {
            let from = memory_range(shape.area.x as u64, shape.span)
                .and_then(|range| resource.memory.as_ref()?.read(range));
            if let Some(from) = from {
                data.copy_from(from);
            }
            Ok(())
        }
        Storage::Buffer(buffer) => {
            let bytes = data.get(0..shape.span as usize).unwrap_or(data);
            Ok(gl.get_buffer_sub_data(buffer, shape.area.x as u64, bytes)?)
        }
        Storage::Texture(texture) if texture.samples > 1 => Err(ExecError::WrongResource {
            id: resource.id,
            wanted: "single-sampled",
        }),
        Storage::Texture(texture) => read_texture(gl, texture, level, shape, data),
    }
}

/// How GL is to walk through the data of a box.
fn pixels(texture: &HostTexture, shape: &TransferShape) -> gl::Pixels {
    gl::Pixels {
        format: texture.host.format,
        ty: texture.host.ty,
        pixel_bytes: texture.format.block.bytes.into(),
        row_bytes: shape.stride,
        image_bytes: shape.layer_stride,
        block: [
            texture.format.block.width.into(),
            texture.format.block.height.into(),
        ],
    }
}

fn write_texture(
    gl: &Gl,
    texture: &HostTexture,
    level: u32,
    shape: &TransferShape,
    data: ReadBytes<'_>,
) -> Result<(), ExecError> {
    let region = texture.region(level, &shape.area);
    let pixels = pixels(texture, shape);
    match texture.host.transfer {
        Conversion::Texels => gl.texture_sub_image(&texture.texture, region, &pixels, data)?,
        Conversion::Blocks => {
            gl.compressed_texture_sub_image(&texture.texture, region, texture.host.internal, &pixels, data)?;
        }
        Conversion::Depth24InLow24 => {
            let mut words = data.to_vec();
            shift_words(&mut words, |word| word << 8);
            gl.texture_sub_image(&texture.texture, region, &pixels, ReadBytes::from(&words[..]))?;
        }
    }
    Ok(())
}

fn read_texture(
    gl: &Gl,
    texture: &HostTexture,
    level: u32,
    shape: &TransferShape,
    data: WriteBytes<'_>,
) -> Result<(), ExecError> {
    let region = texture.region(level, &shape.area);
    let pixels = pixels(texture, shape);
    match texture.host.transfer {
        Conversion::Texels => gl.get_texture_sub_image(&texture.texture, region, &pixels, data)?,
        Conversion::Blocks => gl.get_compressed_texture_sub_image(&texture.texture, region, &pixels, data)?,
        Conversion::Depth24InLow24 => {
            // Bytes between rows keep what the guest has there.
            let mut words = data.as_read().to_vec();
            shift_words(&mut words, |word| word << 8);
            gl.get_texture_sub_image(
                &texture.texture,
                region,
                &pixels,
                WriteBytes::from(&mut words[..]),
            )?;
            shift_words(&mut words, |word| word >> 8);
            data.copy_from(ReadBytes::from(&words[..]));
        }
    }
    Ok(())
}

fn shift_words(bytes: &mut [u8], shift: impl Fn(u32) -> u32) {
    for chunk in bytes.chunks_exact_mut(4) {
        let word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        chunk.copy_from_slice(&shift(word).to_le_bytes());
    }
}

/// A box's bytes, tightly packed.
pub(super) fn read_box(
    gl: &Gl,
    resource: &Resource,
    texture: &HostTexture,
    level: u32,
    area: &Box3,
) -> Result<Vec<u8>, ExecError> {
    let shape = resource.shape.packed(level, area)?;
    let mut bytes = vec![0; shape.span as usize];
    read_texture(gl, texture, level, &shape, WriteBytes::from(&mut bytes[..]))?;
    Ok(bytes)
}

/// Writes a box from tightly packed bytes.
pub(super) fn write_box(
    gl: &Gl,
    resource: &Resource,
    texture: &HostTexture,
    level: u32,
    area: &Box3,
    bytes: &mut [u8],
) -> Result<(), ExecError> {
    let shape = resource.shape.packed(level, area)?;
    enough(shape.span, bytes.len())?;
    write_texture(gl, texture, level, &shape, ReadBytes::from(&bytes[..]))
}
