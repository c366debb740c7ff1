//! The memory of a pixmap, as DRI3 hands it out.
//!
//! [BuffersFromPixmap and BufferFromPixmap](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt).
//! What the server says of the memory is compared with what it says of the pixmap here, and with the memory itself where
//! it is imported.

use std::os::fd::OwnedFd;

use x11rb::protocol::dri3::ConnectionExt as _;

use super::{PathError, SourcePixmap};
use crate::{
    gl::{self, Dmabuf, DmabufImport, Image, Plane, dmabuf::INVALID},
    x11::{Display, Extension, Version, X11Error},
};

/// What the server says of a pixmap's memory and cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// Another width or height than the pixmap's.
    #[error("memory of {told:?} pixels for a pixmap of {wanted:?}")]
    Size {
        /// Width and height of the picture in the memory.
        told: (u16, u16),
        /// Those of the pixmap.
        wanted: (u16, u16),
    },
    /// Other pixels than the pixmap's.
    #[error("memory of depth {} in {} bits for a pixmap of depth {} in {}", told.0, told.1, wanted.0, wanted.1)]
    Pixels {
        /// Depth and bits of a pixel in the memory.
        told: (u8, u8),
        /// Those of the pixmap.
        wanted: (u8, u8),
    },
    /// Planes without memory, stride or offset.
    #[error("{fds} descriptors, {strides} strides and {offsets} offsets")]
    Planes {
        /// Number of descriptors.
        fds: usize,
        /// Number of strides.
        strides: usize,
        /// Number of offsets.
        offsets: usize,
    },
    /// Less memory than the pixmap has pixels.
    #[error("{size} bytes of memory for {height} rows {stride} bytes apart")]
    Short {
        /// Bytes of memory.
        size: u32,
        /// Rows of the pixmap.
        height: u16,
        /// Bytes from a row to the next.
        stride: u16,
    },
}

/// Which request asks for the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Export {
    /// BuffersFromPixmap: several planes, and a modifier.
    WithModifiers,
    /// BufferFromPixmap: one plane, and a layout that the driver knows from elsewhere.
    Implicit,
}

/// The memory of a pixmap as an image. Waits for the server's answer.
pub(super) fn import(
    display: &Display,
    host: &gl::Display,
    source: &SourcePixmap,
    export: Export,
) -> Result<Image, PathError> {
    if !display.passes_descriptors() {
        return Err(PathError::Remote);
    }
    if host.dmabuf_support().import == DmabufImport::None {
        return Err(gl::GlError::Extension("EGL_EXT_image_dma_buf_import").into());
    }
    let dmabuf = match export {
        Export::WithModifiers => several(display, source)?,
        Export::Implicit => single(display, source)?,
    };
    if let Some(modifier) = dmabuf.modifier {
        let modifiers = host.dmabuf_modifiers(dmabuf.fourcc)?;
        let sampled = |info: &gl::ModifierInfo| info.modifier == modifier && !info.external_only;
        if !modifiers.iter().any(sampled) {
            let fourcc = source.format().fourcc;
            return Err(PathError::Modifier { fourcc, modifier });
        }
    }
    Ok(host.import_dmabuf(&dmabuf)?)
}

fn several(display: &Display, source: &SourcePixmap) -> Result<Dmabuf, PathError> {
    need(display, Version(1, 2))?;
    let request = display.connection().dri3_buffers_from_pixmap(source.id());
    let reply = request.map_err(X11Error::from)?.reply().map_err(X11Error::from)?;
    check(source, (reply.width, reply.height), (reply.depth, reply.bpp))?;
    let counts = [reply.buffers.len(), reply.strides.len(), reply.offsets.len()];
    if counts != [reply.buffers.len(); 3] {
        let [fds, strides, offsets] = counts;
        return Err(ExportError::Planes {
            fds,
            strides,
            offsets,
        }
        .into());
    }
    let layouts = reply.strides.into_iter().zip(reply.offsets);
    let planes = reply.buffers.into_iter().zip(layouts);
    let planes = planes.map(|(fd, (stride, offset))| Plane { fd, offset, stride });
    let modifier = Some(reply.modifier).filter(|&modifier| modifier != INVALID);
    Ok(describe(source, modifier, planes.collect()))
}

fn single(display: &Display, source: &SourcePixmap) -> Result<Dmabuf, PathError> {
    need(display, Version(1, 0))?;
    let request = display.connection().dri3_buffer_from_pixmap(source.id());
    let reply = request.map_err(X11Error::from)?.reply().map_err(X11Error::from)?;
    check(source, (reply.width, reply.height), (reply.depth, reply.bpp))?;
    let (size, height, stride) = (reply.size, reply.height, reply.stride);
    if u64::from(size) < u64::from(stride) * u64::from(height) {
        return Err(ExportError::Short { size, height, stride }.into());
    }
    let fd: OwnedFd = reply.pixmap_fd;
    let plane = Plane {
        fd,
        offset: 0,
        stride: stride.into(),
    };
    Ok(describe(source, None, vec![plane]))
}

fn need(display: &Display, wants: Version) -> Result<(), X11Error> {
    let extension = Extension::Dri3;
    let found = display.extensions().need(extension, wants);
    found
        .map(drop)
        .map_err(|absence| X11Error::Extension { extension, absence })
}

fn check(source: &SourcePixmap, size: (u16, u16), pixels: (u8, u8)) -> Result<(), ExportError> {
    let format = source.format();
    if size != source.size() {
        return Err(ExportError::Size {
            told: size,
            wanted: source.size(),
        });
    }
    let wanted = (format.depth, format.bits_per_pixel);
    if pixels != wanted {
        return Err(ExportError::Pixels { told: pixels, wanted });
    }
    Ok(())
}

fn describe(source: &SourcePixmap, modifier: Option<u64>, planes: Vec<Plane>) -> Dmabuf {
    let (width, height) = source.size();
    Dmabuf {
        width: width.into(),
        height: height.into(),
        fourcc: source.format().fourcc.0,
        modifier,
        planes,
    }
}
