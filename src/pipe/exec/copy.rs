//! RESOURCE_COPY_REGION: raw copies between resources.

use super::{Shared, error::ExecError, sub_context::SubContext, transfer};
use crate::{
    gl::{self, Gl},
    pipe::{
        format::copy_compatible,
        resource::{HostTexture, Resource, Storage},
        wire::virgl::command::{Box3, ResourceId},
    },
};

/// One end of a copy: where in which level.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopyEnd<'a> {
    pub(super) resource: &'a Resource,
    pub(super) level: u32,
    pub(super) origin: [i32; 3],
}

impl SubContext {
    /// Copies a box without any conversion.
    pub(super) fn copy_region(
        &mut self,
        shared: &Shared,
        (dst, dst_level, dst_origin): (ResourceId, u32, [u32; 3]),
        (src, src_level, area): (ResourceId, u32, Box3),
    ) -> Result<(), ExecError> {
        let (dst, src) = (shared.resource(dst)?, shared.resource(src)?);
        let origin = dst_origin.map(|v| i32::try_from(v).unwrap_or(i32::MAX));
        let to = CopyEnd {
            resource: dst,
            level: dst_level,
            origin,
        };
        let from = CopyEnd {
            resource: src,
            level: src_level,
            origin: [area.x, area.y, area.z],
        };
        src.shape.check_box(src_level, &area)?;
        dst.shape.check_box(dst_level, &moved(&area, origin, src, dst))?;
        match (&dst.storage, &src.storage) {
            (Storage::Texture(to_texture), Storage::Texture(from_texture)) => {
                copy_textures(&self.gl, to, to_texture, from, from_texture, &area)
            }
            (Storage::Buffer(to), Storage::Buffer(from)) => {
                let (x, to_x, w) = (area.x as u64, origin[0] as u64, area.w as u64);
                Ok(self.gl.copy_buffer_sub_data(from, to, x, to_x, w)?)
            }
            _ => Err(ExecError::WrongResource {
                id: dst.id,
                wanted: "of the same kind as the source",
            }),
        }
    }
}

/// The box at the destination. Sizes are in source texels, so a compressed block and a plain texel count alike.
fn moved(area: &Box3, [x, y, z]: [i32; 3], src: &Resource, dst: &Resource) -> Box3 {
    let block = |r: &Resource| {
        r.texture()
            .map_or((1, 1), |t| (t.format.block.width, t.format.block.height))
    };
    let ((sw, sh), (dw, dh)) = (block(src), block(dst));
    let scale = |size: i32, from: u8, to: u8| {
        if from == to {
            return size;
        }
        let blocks = u64::try_from(size).unwrap_or(0).div_ceil(from.into());
        i32::try_from(blocks * u64::from(to)).unwrap_or(i32::MAX)
    };
    Box3 {
        x,
        y,
        z,
        w: scale(area.w, sw, dw),
        h: scale(area.h, sh, dh),
        d: area.d,
    }
}

/// A box at an end of a copy. Here layers are slices even of 1D arrays, whose rows they are elsewhere in GL (GL 4.6 core,
/// 18.3.2).
fn slices(end: CopyEnd<'_>, area: &Box3) -> gl::Region {
    let [x, y, z] = end.origin;
    gl::Region {
        level: end.level,
        x,
        y,
        z,
        w: area.w,
        h: area.h,
        d: area.d,
    }
}

/// Copies between textures by GL where it allows that, else through memory.
pub(super) fn copy_textures(
    gl: &Gl,
    to: CopyEnd<'_>,
    to_texture: &HostTexture,
    from: CopyEnd<'_>,
    from_texture: &HostTexture,
    area: &Box3,
) -> Result<(), ExecError> {
    let compatible = copy_compatible(to.resource.desc.format, from.resource.desc.format);
    if compatible && to_texture.samples == from_texture.samples {
        gl.copy_image_sub_data(
            &from_texture.texture,
            from_texture.gl_target,
            slices(from, area),
            &to_texture.texture,
            to_texture.gl_target,
            slices(to, area),
        )?;
        return Ok(());
    }
    if to_texture.samples > 1 || from_texture.samples > 1 {
        return Err(ExecError::WrongResource {
            id: to.resource.id,
            wanted: "of as many samples as the source",
        });
    }
    if to_texture.format.block.bytes != from_texture.format.block.bytes {
        return Err(ExecError::WrongResource {
            id: to.resource.id,
            wanted: "of the source's block size",
        });
    }
    let target = moved(area, to.origin, from.resource, to.resource);
    let mut bytes = transfer::read_box(gl, from.resource, from_texture, from.level, area)?;
    transfer::write_box(gl, to.resource, to_texture, to.level, &target, &mut bytes)
}
