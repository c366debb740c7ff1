//! The few requests and messages of the core protocol and of extensions other than DRI3 that pass the provider.
//!
//! `body` is a request without its header: four bytes, or eight in the long form of BIG-REQUESTS.

use std::ops::RangeInclusive;

use x11rb::protocol::{
    present, render, shm, sync,
    xproto::{self, Rectangle},
};

use super::{Fields, Maker};
use crate::x11::ByteOrder;

/// The requests of the core protocol that read drawables, or draw to them.
pub(crate) const TOUCHING: RangeInclusive<u8> = xproto::COPY_AREA_REQUEST..=xproto::IMAGE_TEXT16_REQUEST;

/// The drawables that a request of the core protocol reads or draws to; 0 for none.
pub(crate) fn touched(major: u8, body: Fields<'_>) -> [u32; 2] {
    let drawable = |at| body.u32(at).unwrap_or_default();
    match major {
        xproto::COPY_AREA_REQUEST | xproto::COPY_PLANE_REQUEST => [drawable(0), drawable(4)],
        major if TOUCHING.contains(&major) => [drawable(0), 0],
        _ => [0; 2],
    }
}

/// The drawable that a request of MIT-SHM reads or draws to; 0 for none.
pub(crate) fn touched_by_shm(minor: u8, body: Fields<'_>) -> u32 {
    match minor {
        shm::GET_IMAGE_REQUEST | shm::PUT_IMAGE_REQUEST => body.u32(0).unwrap_or_default(),
        _ => 0,
    }
}

/// Where CopyArea and CopyPlane draw to, and which area.
pub(crate) fn copy_target(major: u8, body: Fields<'_>) -> Option<(u32, Rectangle)> {
    if !matches!(major, xproto::COPY_AREA_REQUEST | xproto::COPY_PLANE_REQUEST) {
        return None;
    }
    let area = Rectangle {
        x: body.u16(16)? as i16,
        y: body.u16(18)? as i16,
        width: body.u16(20)?,
        height: body.u16(22)?,
    };
    Some((body.u32(4)?, area))
}

/// A request of RENDER that says which pictures are of a drawable, or which are read or drawn to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// CreatePicture.
    Picture { picture: u32, drawable: u32 },
    /// FreePicture.
    Free { picture: u32 },
    /// Those that something is drawn from and to; 0 for none.
    Touched([u32; 3]),
}

impl Drawn {
    pub(crate) fn parse(minor: u8, body: Fields<'_>) -> Option<Self> {
        Some(match minor {
            render::CREATE_PICTURE_REQUEST => Self::Picture {
                picture: body.u32(0)?,
                drawable: body.u32(4)?,
            },
            render::FREE_PICTURE_REQUEST => Self::Free {
                picture: body.u32(0)?,
            },
            render::COMPOSITE_REQUEST => Self::Touched([body.u32(4)?, body.u32(8)?, body.u32(12)?]),
            render::TRAPEZOIDS_REQUEST
            | render::TRIANGLES_REQUEST
            | render::TRI_STRIP_REQUEST
            | render::TRI_FAN_REQUEST
            | render::COMPOSITE_GLYPHS8_REQUEST
            | render::COMPOSITE_GLYPHS16_REQUEST
            | render::COMPOSITE_GLYPHS32_REQUEST => Self::Touched([body.u32(4)?, body.u32(8)?, 0]),
            render::FILL_RECTANGLES_REQUEST => Self::Touched([body.u32(4)?, 0, 0]),
            render::ADD_TRAPS_REQUEST => Self::Touched([body.u32(0)?, 0, 0]),
            _ => return None,
        })
    }
}

/// What is known of a drawable: the size in pixels, and the depth in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) depth: u8,
}

impl Geometry {
    /// From the reply to GetGeometry.
    pub(crate) fn from_reply(reply: Fields<'_>) -> Option<Self> {
        Some(Self {
            width: reply.u16(16)?,
            height: reply.u16(18)?,
            depth: reply.u8(1)?,
        })
    }

    /// The reply with this size in place of its own.
    pub(crate) fn correct(self, reply: &[u8], order: ByteOrder) -> Vec<u8> {
        let reply = Maker::from(reply, order);
        reply.set_u16(16, self.width).set_u16(18, self.height).finish()
    }
}

/// PresentPixmap, as far as it matters whose picture it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentPixmap {
    pub(crate) window: u32,
    pub(crate) pixmap: u32,
    /// The region to be shown; 0 for all of the pixmap.
    pub(crate) update: u32,
    pub(crate) wait_fence: u32,
    pub(crate) idle_fence: u32,
}

impl PresentPixmap {
    pub(crate) fn parse(minor: u8, body: Fields<'_>) -> Option<Self> {
        if minor != present::PIXMAP_REQUEST {
            return None;
        }
        Some(Self {
            window: body.u32(0)?,
            pixmap: body.u32(4)?,
            update: body.u32(16)?,
            wait_fence: body.u32(28)?,
            idle_fence: body.u32(32)?,
        })
    }

    /// The request with another update region. `body_at` is the length of its header.
    pub(crate) fn with_update(request: &[u8], body_at: usize, order: ByteOrder, region: u32) -> Vec<u8> {
        Maker::from(request, order).set_u32(body_at + 16, region).finish()
    }
}

/// Present's SelectInput: the window, and whether its client is told when pixmaps become idle.
pub(crate) fn selects_idle(minor: u8, body: Fields<'_>) -> Option<(u32, bool)> {
    if minor != present::SELECT_INPUT_REQUEST {
        return None;
    }
    let mask = body.u32(8)?;
    Some((
        body.u32(4)?,
        mask & u32::from(present::EventMask::IDLE_NOTIFY) != 0,
    ))
}

/// Present's word that a pixmap is no longer read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdleNotify {
    pub(crate) idle_fence: u32,
}

impl IdleNotify {
    /// Reads a generic event; `None` for every other event of every other extension.
    pub(crate) fn parse(event: Fields<'_>, present: u8) -> Option<Self> {
        let kind = (event.u8(0)? & 0x7f, event.u8(1)?, event.u16(8)?);
        if kind != (xproto::GE_GENERIC_EVENT, present, present::IDLE_NOTIFY_EVENT) {
            return None;
        }
        Some(Self {
            idle_fence: event.u32(28)?,
        })
    }
}

/// The reply to ListExtensions with one more name.
///
/// `None` if there are 255 already, or the reply is none.
pub(crate) fn extension_names(reply: &[u8], order: ByteOrder, name: &[u8]) -> Option<Vec<u8>> {
    let fields = Fields::new(reply, order);
    let count = fields.u8(1)?;
    let mut end = 32;
    for _ in 0..count {
        let length = usize::from(fields.u8(end)?);
        if fields.bytes(end + 1, length)? == name {
            return None;
        }
        end += 1 + length;
    }
    let mut bytes = fields.bytes(0, end)?.to_vec();
    bytes.push(u8::try_from(name.len()).ok()?);
    bytes.extend(name);
    let names = Maker::from(&bytes, order).set_u8(1, count.checked_add(1)?);
    Some(names.reply())
}

/// CreatePixmap: the pixmap and its size. The depth is the second byte of the request.
pub(crate) fn create_pixmap(depth: u8, body: Fields<'_>) -> Option<(u32, u32, Geometry)> {
    let geometry = Geometry {
        width: body.u16(8)?,
        height: body.u16(10)?,
        depth,
    };
    Some((body.u32(0)?, body.u32(4)?, geometry))
}

/// A request whose reply says nothing that matters, and that cannot fail.
pub(crate) fn get_input_focus(order: ByteOrder) -> Vec<u8> {
    Maker::start(order, xproto::GET_INPUT_FOCUS_REQUEST, 0).request()
}

/// A request for nothing.
pub(crate) fn no_operation(order: ByteOrder) -> Vec<u8> {
    Maker::start(order, xproto::NO_OPERATION_REQUEST, 0).request()
}

pub(crate) fn get_geometry(order: ByteOrder, drawable: u32) -> Vec<u8> {
    Maker::start(order, xproto::GET_GEOMETRY_REQUEST, 0)
        .u32(drawable)
        .request()
}

/// SYNC's CreateFence.
pub(crate) fn sync_create_fence(
    order: ByteOrder,
    major: u8,
    drawable: u32,
    fence: u32,
    triggered: bool,
) -> Vec<u8> {
    Maker::start(order, major, sync::CREATE_FENCE_REQUEST)
        .u32(drawable)
        .u32(fence)
        .u8(triggered.into())
        .request()
}

/// SYNC's QueryFence.
pub(crate) fn query_fence(order: ByteOrder, major: u8, fence: u32) -> Vec<u8> {
    Maker::start(order, major, sync::QUERY_FENCE_REQUEST)
        .u32(fence)
        .request()
}

/// MIT-SHM's CreatePixmap.
pub(crate) fn shm_create_pixmap(
    order: ByteOrder,
    major: u8,
    pixmap: u32,
    drawable: u32,
    padded: Geometry,
    segment: u32,
    offset: u32,
) -> Vec<u8> {
    Maker::start(order, major, shm::CREATE_PIXMAP_REQUEST)
        .u32(pixmap)
        .u32(drawable)
        .u16(padded.width)
        .u16(padded.height)
        .u8(padded.depth)
        .pad(3)
        .u32(segment)
        .u32(offset)
        .request()
}
