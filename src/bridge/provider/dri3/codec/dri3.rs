//! The requests of [DRI3](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt) up to 1.2.

use x11rb::protocol::dri3;

use super::{Bad, Fields, Geometry, Maker};
use crate::{pipe::resource::ExportLayout, x11::ByteOrder};

/// Planes of a buffer at most.
const MAX_PLANES: usize = 4;
/// The format modifier of buffers whose layout nobody names, `DRM_FORMAT_MOD_INVALID`.
const MODIFIER_INVALID: u64 = 0x00ff_ffff_ffff_ffff;

/// Where a plane of a buffer lies in its file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) stride: u32,
    pub(crate) offset: u32,
}

/// A buffer that is to become a pixmap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BufferOffer {
    pub(crate) pixmap: u32,
    /// A drawable of the screen.
    pub(crate) drawable: u32,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) depth: u8,
    /// Bits of a pixel.
    pub(crate) bpp: u8,
    /// Descriptors that come with it.
    pub(crate) planes: u8,
    /// The first plane.
    pub(crate) plane: Plane,
    pub(crate) modifier: u64,
}

/// A request of DRI3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dri3Request {
    QueryVersion {
        major: u32,
        minor: u32,
    },
    Open {
        drawable: u32,
    },
    PixmapFromBuffers(BufferOffer),
    BufferFromPixmap {
        pixmap: u32,
    },
    BuffersFromPixmap {
        pixmap: u32,
    },
    FenceFromFd {
        drawable: u32,
        fence: u32,
        triggered: bool,
    },
    FdFromFence {
        fence: u32,
    },
    GetSupportedModifiers {
        window: u32,
    },
}

impl Dri3Request {
    /// Reads the request of this minor opcode from what follows its header.
    ///
    /// # Errors
    /// Length, as servers check it, or Request for minor opcodes beyond 1.2.
    pub(crate) fn parse(minor: u8, body: Fields<'_>) -> Result<Self, Bad> {
        let length = match minor {
            dri3::QUERY_VERSION_REQUEST | dri3::OPEN_REQUEST | dri3::FD_FROM_FENCE_REQUEST => 8,
            dri3::GET_SUPPORTED_MODIFIERS_REQUEST => 8,
            dri3::PIXMAP_FROM_BUFFER_REQUEST => 20,
            dri3::BUFFER_FROM_PIXMAP_REQUEST | dri3::BUFFERS_FROM_PIXMAP_REQUEST => 4,
            dri3::FENCE_FROM_FD_REQUEST => 12,
            dri3::PIXMAP_FROM_BUFFERS_REQUEST => 60,
            _ => return Err(Bad::Request),
        };
        if body.len() != length {
            return Err(Bad::Length);
        }
        Self::fields(minor, body).ok_or(Bad::Length)
    }

    fn fields(minor: u8, body: Fields<'_>) -> Option<Self> {
        let first = body.u32(0)?;
        Some(match minor {
            dri3::QUERY_VERSION_REQUEST => Self::QueryVersion {
                major: first,
                minor: body.u32(4)?,
            },
            dri3::OPEN_REQUEST => Self::Open { drawable: first },
            dri3::PIXMAP_FROM_BUFFER_REQUEST => Self::PixmapFromBuffers(one_buffer(body)?),
            dri3::PIXMAP_FROM_BUFFERS_REQUEST => Self::PixmapFromBuffers(buffers(body)?),
            dri3::BUFFER_FROM_PIXMAP_REQUEST => Self::BufferFromPixmap { pixmap: first },
            dri3::BUFFERS_FROM_PIXMAP_REQUEST => Self::BuffersFromPixmap { pixmap: first },
            dri3::FENCE_FROM_FD_REQUEST => Self::FenceFromFd {
                drawable: first,
                fence: body.u32(4)?,
                triggered: body.u8(8)? != 0,
            },
            dri3::FD_FROM_FENCE_REQUEST => Self::FdFromFence { fence: body.u32(4)? },
            _ => Self::GetSupportedModifiers { window: first },
        })
    }

    /// Descriptors that come with it.
    pub(crate) fn descriptors(&self) -> usize {
        match self {
            Self::PixmapFromBuffers(offer) => usize::from(offer.planes).min(MAX_PLANES),
            Self::FenceFromFd { .. } => 1,
            _ => 0,
        }
    }
}

fn one_buffer(body: Fields<'_>) -> Option<BufferOffer> {
    Some(BufferOffer {
        pixmap: body.u32(0)?,
        drawable: body.u32(4)?,
        width: body.u16(12)?,
        height: body.u16(14)?,
        depth: body.u8(18)?,
        bpp: body.u8(19)?,
        planes: 1,
        plane: Plane {
            stride: body.u16(16)?.into(),
            offset: 0,
        },
        modifier: MODIFIER_INVALID,
    })
}

fn buffers(body: Fields<'_>) -> Option<BufferOffer> {
    Some(BufferOffer {
        pixmap: body.u32(0)?,
        drawable: body.u32(4)?,
        width: body.u16(12)?,
        height: body.u16(14)?,
        depth: body.u8(48)?,
        bpp: body.u8(49)?,
        planes: body.u8(8)?,
        plane: Plane {
            stride: body.u32(16)?,
            offset: body.u32(20)?,
        },
        modifier: body.u64(52)?,
    })
}

/// A pixmap's buffer, as both replies describe it. It has one plane that begins where its file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BufferReply {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) depth: u8,
    /// Bits of a pixel.
    pub(crate) bpp: u8,
    /// Bytes of a row.
    pub(crate) stride: u32,
    /// Bytes of the file.
    pub(crate) size: u32,
}

impl BufferReply {
    /// The reply to BufferFromPixmap; `None` if a number does not fit it.
    pub(crate) fn one(self, order: ByteOrder, sequence: u16) -> Option<Vec<u8>> {
        let stride = u16::try_from(self.stride).ok()?;
        let head = Maker::new(order).u8(1).u8(1).u16(sequence).u32(0);
        let sized = head.u32(self.size).u16(self.width).u16(self.height);
        Some(sized.u16(stride).u8(self.depth).u8(self.bpp).reply())
    }

    /// The reply to BuffersFromPixmap.
    pub(crate) fn many(self, order: ByteOrder, sequence: u16) -> Vec<u8> {
        let head = Maker::new(order).u8(1).u8(1).u16(sequence).u32(0);
        let sized = head.u16(self.width).u16(self.height).pad(4).u64(MODIFIER_INVALID);
        let whole = sized.u8(self.depth).u8(self.bpp).pad(6);
        whole.u32(self.stride).u32(0).reply()
    }
}

/// PixmapFromBuffers for a dmabuf of one plane, or PixmapFromBuffer where the server is that `old`; `None` if that
/// cannot say where the plane lies.
pub(crate) fn pixmap_from_buffers(
    order: ByteOrder,
    major: u8,
    old: bool,
    pixmap: u32,
    drawable: u32,
    geometry: Geometry,
    layout: ExportLayout,
) -> Option<Vec<u8>> {
    let Geometry { width, height, depth } = geometry;
    let ExportLayout {
        stride,
        offset,
        modifier,
        size,
        ..
    } = layout;
    let start = |minor| Maker::start(order, major, minor).u32(pixmap).u32(drawable);
    if old {
        let linear = modifier == 0 && offset == 0;
        let (size, stride) = (u32::try_from(size).ok()?, u16::try_from(stride).ok()?);
        let sized = start(dri3::PIXMAP_FROM_BUFFER_REQUEST)
            .u32(size)
            .u16(width)
            .u16(height);
        return linear.then(|| sized.u16(stride).u8(depth).u8(32).request());
    }
    let sized = start(dri3::PIXMAP_FROM_BUFFERS_REQUEST)
        .u8(1)
        .pad(3)
        .u16(width)
        .u16(height);
    let planes = sized.u32(stride).u32(offset).pad(24);
    Some(planes.u8(depth).u8(32).pad(2).u64(modifier).request())
}
