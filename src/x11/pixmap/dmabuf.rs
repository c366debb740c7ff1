//! The memory of a pixmap, as DRI3 hands it out.
//!
//! [BuffersFromPixmap and BufferFromPixmap](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt).
//! What the server says of the memory is compared with what it says of the pixmap here, and with the memory itself where
//! it is imported.

use x11rb::protocol::dri3::{BufferFromPixmapReply, BuffersFromPixmapReply, ConnectionExt as _};

use super::{PathError, SourcePixmap};
use crate::{
    gl::{self, Dmabuf, DmabufImport, Image, Plane, dmabuf::INVALID},
    x11::{Display, Extension, PixelFormat, Version, X11Error},
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
    let wanted = Wanted {
        size: source.size(),
        format: source.format(),
    };
    let dmabuf = match export {
        Export::WithModifiers => wanted.of_buffers(ask_several(display, source)?)?,
        Export::Implicit => wanted.of_buffer(ask_single(display, source)?)?,
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

fn ask_several(display: &Display, source: &SourcePixmap) -> Result<BuffersFromPixmapReply, X11Error> {
    display.need(Extension::Dri3, Version(1, 2))?;
    let c = display.connection();
    Ok(c.dri3_buffers_from_pixmap(source.id())?.reply()?)
}

fn ask_single(display: &Display, source: &SourcePixmap) -> Result<BufferFromPixmapReply, X11Error> {
    display.need(Extension::Dri3, Version(1, 0))?;
    let c = display.connection();
    Ok(c.dri3_buffer_from_pixmap(source.id())?.reply()?)
}

/// What the server said of the pixmap before.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    size: (u16, u16),
    format: PixelFormat,
}

impl Wanted {
    fn of_buffers(self, reply: BuffersFromPixmapReply) -> Result<Dmabuf, ExportError> {
        self.check((reply.width, reply.height), (reply.depth, reply.bpp))?;
        let (fds, strides, offsets) = (reply.buffers.len(), reply.strides.len(), reply.offsets.len());
        if fds != strides || fds != offsets {
            return Err(ExportError::Planes {
                fds,
                strides,
                offsets,
            });
        }
        let layouts = reply.strides.into_iter().zip(reply.offsets);
        let planes = reply.buffers.into_iter().zip(layouts);
        let planes = planes.map(|(fd, (stride, offset))| Plane { fd, offset, stride });
        let modifier = Some(reply.modifier).filter(|&modifier| modifier != INVALID);
        Ok(self.describe(modifier, planes.collect()))
    }

    fn of_buffer(self, reply: BufferFromPixmapReply) -> Result<Dmabuf, ExportError> {
        self.check((reply.width, reply.height), (reply.depth, reply.bpp))?;
        let (size, height, stride) = (reply.size, reply.height, reply.stride);
        if u64::from(size) < u64::from(stride) * u64::from(height) {
            return Err(ExportError::Short { size, height, stride });
        }
        let plane = Plane {
            fd: reply.pixmap_fd,
            offset: 0,
            stride: stride.into(),
        };
        Ok(self.describe(None, vec![plane]))
    }

    fn check(self, size: (u16, u16), pixels: (u8, u8)) -> Result<(), ExportError> {
        if size != self.size {
            return Err(ExportError::Size {
                told: size,
                wanted: self.size,
            });
        }
        let wanted = (self.format.depth, self.format.bits_per_pixel);
        if pixels != wanted {
            return Err(ExportError::Pixels { told: pixels, wanted });
        }
        Ok(())
    }

    fn describe(self, modifier: Option<u64>, planes: Vec<Plane>) -> Dmabuf {
        let (width, height) = self.size;
        Dmabuf {
            width: width.into(),
            height: height.into(),
            fourcc: self.format.fourcc.0,
            modifier,
            planes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;
    use crate::x11::Fourcc;

    const WANTED: Wanted = Wanted {
        size: (100, 50),
        format: PixelFormat {
            depth: 24,
            bits_per_pixel: 32,
            fourcc: Fourcc::XRGB8888,
        },
    };

    fn fd() -> OwnedFd {
        tempfile::tempfile().unwrap().into()
    }

    fn buffers() -> BuffersFromPixmapReply {
        BuffersFromPixmapReply {
            sequence: 0,
            length: 0,
            width: 100,
            height: 50,
            modifier: 0,
            depth: 24,
            bpp: 32,
            strides: vec![512],
            offsets: vec![64],
            buffers: vec![fd()],
        }
    }

    fn buffer() -> BufferFromPixmapReply {
        BufferFromPixmapReply {
            nfd: 1,
            sequence: 0,
            length: 0,
            size: 25600,
            width: 100,
            height: 50,
            stride: 512,
            depth: 24,
            bpp: 32,
            pixmap_fd: fd(),
        }
    }

    #[test]
    fn a_layout_that_is_none_is_left_to_the_driver() {
        let named = WANTED.of_buffers(buffers()).unwrap();
        assert_eq!(named.modifier, Some(0));
        assert_eq!((named.planes[0].stride, named.planes[0].offset), (512, 64));
        let modifier = INVALID;
        let implicit = WANTED.of_buffers(BuffersFromPixmapReply {
            modifier,
            ..buffers()
        });
        assert_eq!(implicit.unwrap().modifier, None);
        assert_eq!(WANTED.of_buffer(buffer()).unwrap().modifier, None);
    }

    #[test]
    fn memory_of_another_picture_is_refused() {
        let other = BuffersFromPixmapReply {
            width: 101,
            ..buffers()
        };
        assert!(matches!(
            WANTED.of_buffers(other),
            Err(ExportError::Size { told: (101, 50), .. })
        ));
        let other = BufferFromPixmapReply {
            depth: 32,
            ..buffer()
        };
        assert!(matches!(
            WANTED.of_buffer(other),
            Err(ExportError::Pixels { told: (32, 32), .. })
        ));
        let other = BuffersFromPixmapReply { bpp: 16, ..buffers() };
        assert!(matches!(
            WANTED.of_buffers(other),
            Err(ExportError::Pixels { told: (24, 16), .. })
        ));
    }

    #[test]
    fn planes_that_lack_something_are_refused() {
        let offsets = vec![0, 0];
        let error = WANTED.of_buffers(BuffersFromPixmapReply { offsets, ..buffers() });
        let (fds, strides, offsets) = (1, 1, 2);
        assert_eq!(
            error.unwrap_err(),
            ExportError::Planes {
                fds,
                strides,
                offsets
            }
        );
    }

    #[test]
    fn memory_that_ends_before_the_last_row_is_refused() {
        let error = WANTED.of_buffer(BufferFromPixmapReply {
            size: 25599,
            ..buffer()
        });
        assert!(matches!(error, Err(ExportError::Short { size: 25599, .. })));
    }
}
