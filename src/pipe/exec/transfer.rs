//! Transfers between guest memory and resources.
//!
//! GL reads from and writes to the shared memory itself, so pixels are copied once. Only the depth format whose words
//! GL does not know passes through a buffer of ours. Pictures that lie in memory of ours are read from there, without GL.

use std::rc::Rc;

use super::{Shared, error::ExecError, sub_context::SubContext};
use crate::{
    gl::{self, Gl, MemoryTexture, ReadBytes, WriteBytes},
    memory::SharedMemory,
    pipe::{
        format::Transfer as Conversion,
        resource::{Attached, Backing, HostTexture, Resource, Storage, TransferShape},
        wire::virgl::command::{Box3, ResourceId, Transfer},
    },
};

/// Bytes of a texel of pictures in memory of ours.
const PICTURE_TEXEL: u64 = 4;

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

/// The guest memory of a resource.
fn guest_memory(holder: &Attached) -> Result<Rc<SharedMemory>, ExecError> {
    holder.memory()?.ok_or(ExecError::WrongResource {
        id: holder.resource().id,
        wanted: "backed by guest memory",
    })
}

/// The part of memory that a transfer touches.
pub(super) fn shared_bytes(
    memory: &SharedMemory,
    offset: u64,
    span: u64,
) -> Result<WriteBytes<'_>, ExecError> {
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
        let attached = shared.attached(transfer.resource)?;
        let resource = attached.resource();
        if matches!(resource.storage, Storage::Guest(_)) {
            return Ok(());
        }
        let shape = shape(resource, transfer)?;
        let memory = guest_memory(attached)?;
        let data = shared_bytes(&memory, offset, shape.span)?;
        write(&self.gl, resource, transfer.level, &shape, data.as_read())
    }

    /// Resource to guest memory.
    pub(super) fn download(
        &mut self,
        shared: &Shared,
        transfer: &Transfer,
        offset: u64,
    ) -> Result<(), ExecError> {
        let attached = shared.attached(transfer.resource)?;
        let resource = attached.resource();
        if matches!(resource.storage, Storage::Guest(_)) {
            return Ok(());
        }
        let shape = shape(resource, transfer)?;
        let memory = guest_memory(attached)?;
        let data = shared_bytes(&memory, offset, shape.span)?;
        read(&self.gl, shared, resource, transfer.level, &shape, data)
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
        read(&self.gl, shared, resource, transfer.level, &shape, out)
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
        let memory = guest_memory(shared.attached(staging)?)?;
        let data = shared_bytes(&memory, offset, shape.span)?;
        match from_host {
            true => read(&self.gl, shared, resource, transfer.level, &shape, data),
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
        Storage::Guest(guest) => {
            let memory = guest.memory()?;
            let to = memory_range(shape.area.x as u64, shape.span).and_then(|range| memory.write(range));
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
    shared: &Shared,
    resource: &Resource,
    level: u32,
    shape: &TransferShape,
    data: WriteBytes<'_>,
) -> Result<(), ExecError> {
    match &resource.storage {
        Storage::Guest(guest) => {
            let memory = guest.memory()?;
            let from = memory_range(shape.area.x as u64, shape.span).and_then(|range| memory.read(range));
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
        Storage::Texture(texture) => match &texture.backing {
            Backing::Memory(picture) => {
                shared.settle();
                copy_rows(picture, shape, data)
            }
            Backing::Gl | Backing::Dmabuf { .. } => read_texture(gl, texture, level, shape, data),
        },
    }
}

/// Copies a box out of the memory of a picture in which GL has finished drawing.
fn copy_rows(picture: &MemoryTexture, shape: &TransferShape, data: WriteBytes<'_>) -> Result<(), ExecError> {
    let (rows, from_stride) = (picture.rows(), u64::from(picture.stride()));
    let start = shape.area.y as u64 * from_stride + shape.area.x as u64 * PICTURE_TEXEL;
    let copy = |from: u64, to: u64, bytes: u64| {
        let from = memory_range(from, bytes).and_then(|range| rows.get(range))?;
        memory_range(to, bytes)
            .and_then(|range| data.get(range))?
            .copy_from(from)
            .then_some(())
    };
    let whole_rows = shape.row_bytes == from_stride && shape.stride == from_stride;
    let copied = match whole_rows {
        true => copy(start, 0, shape.span),
        false => (0..shape.rows * shape.slices)
            .try_for_each(|row| copy(start + row * from_stride, row * shape.stride, shape.row_bytes)),
    };
    copied.ok_or(ExecError::Short {
        needed: shape.span,
        given: data.len() as u64,
    })
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

pub(super) fn write_texture(
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

pub(super) fn read_texture(
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
