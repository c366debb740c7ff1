//! What clients asked for, and what they did wrong.

use std::fmt;

use x11rb_protocol::{
    errors::ParseError,
    protocol::{
        Request, dri3,
        present::{self, Notify},
        shm,
        xproto::Rectangle,
    },
};

use super::{error::ErrorCode, resources::Resources, wire::LinkError};

/// A request that came, whether it was carried out or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Which client sent it, counted from 1 in the order of connecting.
    pub client: u32,
    /// Its sequence number at that client.
    pub sequence: u64,
    /// Extension and request, such as `Present::Pixmap`; core requests have their name alone.
    pub name: String,
    /// What it said.
    pub seen: Seen,
}

/// The fields of the requests that matter to a display path. A field of 0 that could name something is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Present `Pixmap` or `PixmapSynced`.
    Present(Presented),
    /// Present `NotifyMSC`.
    NotifyMsc {
        /// The window whose screen counts.
        window: u32,
        /// Told again with the event.
        serial: u32,
        /// When.
        target: Target,
    },
    /// DRI3 `PixmapFromBuffer` or `PixmapFromBuffers`.
    Import(Imported),
    /// MIT-SHM `CreatePixmap`.
    ShmPixmap {
        /// The new pixmap.
        pixmap: u32,
        /// Where its pixels are.
        segment: u32,
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
        /// Depth in bits.
        depth: u8,
        /// Bytes before its first row.
        offset: u32,
    },
    /// MIT-SHM `PutImage`.
    ShmPutImage {
        /// Where to.
        drawable: u32,
        /// Where from.
        segment: u32,
        /// Bytes before the image.
        offset: u32,
        /// The part of the image.
        source: Area,
        /// Where the part goes.
        x: i16,
        /// Where the part goes.
        y: i16,
        /// Whether `Completion` is to tell of its end.
        send_event: bool,
    },
    /// Core `PutImage`.
    PutImage {
        /// Where to.
        drawable: u32,
        /// The part that is written.
        area: Area,
        /// Bytes of pixels that came with the request.
        bytes: usize,
    },
    /// Core `CopyArea`.
    CopyArea {
        /// Where from.
        source: u32,
        /// Where to.
        target: u32,
        /// The part of the source.
        area: Area,
        /// Where the part goes.
        x: i16,
        /// Where the part goes.
        y: i16,
    },
    /// Another request.
    Other,
}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
}

/// When a presentation or notification is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// `target-msc`.
    pub msc: u64,
    /// `divisor`; 0 for none.
    pub divisor: u64,
    /// `remainder`.
    pub remainder: u64,
}

/// A timeline's synchronisation object and a point of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The object.
    pub syncobj: u32,
    /// The point.
    pub point: u64,
}

/// How a presentation is kept apart from the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronisation {
    /// By fences of SYNC, or by the order of requests.
    Fences {
        /// What is waited for before the pixmap is read.
        wait: Option<u32>,
        /// What is triggered when it is no longer read.
        idle: Option<u32>,
    },
    /// By points of timelines.
    Points {
        /// What is waited for before the pixmap is read.
        acquire: Point,
        /// What is signalled when it is no longer read.
        release: Point,
    },
}

/// A presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// Where.
    pub window: u32,
    /// What.
    pub pixmap: u32,
    /// Told again with the events.
    pub serial: u32,
    /// The rectangles of the valid region; `None` for all of the pixmap.
    pub valid: Option<Vec<Area>>,
    /// The rectangles of the update region; `None` for all of the pixmap.
    pub update: Option<Vec<Area>>,
    /// Where the pixmap's first pixel goes.
    pub x_off: i16,
    /// Where the pixmap's first pixel goes.
    pub y_off: i16,
    /// The CRTC whose count is meant.
    pub crtc: Option<u32>,
    /// Fences or points.
    pub synchronisation: Synchronisation,
    /// Bits of Present's options.
    pub options: u32,
    /// When.
    pub target: Target,
    /// Other windows that are told too.
    pub notifies: Vec<(u32, u32)>,
}

/// A plane of an imported buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// Bytes from row to row.
    pub stride: u32,
    /// Bytes before the first row.
    pub offset: u32,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The new pixmap.
    pub pixmap: u32,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Depth in bits.
    pub depth: u8,
    /// Bits of a pixel.
    pub bpp: u8,
    /// How the pixels lie; `None` where the request cannot say it.
    pub modifier: Option<u64>,
    /// One for each descriptor.
    pub planes: Vec<Plane>,
}

fn named(xid: u32) -> Option<u32> {
    (xid != 0).then_some(xid)
}

impl Seen {
    pub(super) fn of(request: &Request<'_>, resources: &Resources) -> Self {
        match request {
            Request::PresentPixmap(request) => Self::Present(Presented::fenced(request, resources)),
            Request::PresentPixmapSynced(request) => Self::Present(Presented::synced(request, resources)),
            Request::PresentNotifyMSC(request) => Self::NotifyMsc {
                window: request.window,
                serial: request.serial,
                target: Target {
                    msc: request.target_msc,
                    divisor: request.divisor,
                    remainder: request.remainder,
                },
            },
            Request::Dri3PixmapFromBuffer(request) => Self::Import(request.into()),
            Request::Dri3PixmapFromBuffers(request) => Self::Import(request.into()),
            Request::ShmCreatePixmap(request) => Self::ShmPixmap {
                pixmap: request.pid,
                segment: request.shmseg,
                width: request.width,
                height: request.height,
                depth: request.depth,
                offset: request.offset,
            },
            Request::ShmPutImage(request) => Self::shm_put_image(request),
            Request::PutImage(request) => Self::PutImage {
                drawable: request.drawable,
                area: Area::new(request.dst_x, request.dst_y, request.width, request.height),
                bytes: request.data.len(),
            },
            Request::CopyArea(request) => Self::CopyArea {
                source: request.src_drawable,
                target: request.dst_drawable,
                area: Area::new(request.src_x, request.src_y, request.width, request.height),
                x: request.dst_x,
                y: request.dst_y,
            },
            _ => Self::Other,
        }
    }

    fn shm_put_image(request: &shm::PutImageRequest) -> Self {
        Self::ShmPutImage {
            drawable: request.drawable,
            segment: request.shmseg,
            offset: request.offset,
            source: Area::new(
                request.src_x,
                request.src_y,
                request.src_width,
                request.src_height,
            ),
            x: request.dst_x,
            y: request.dst_y,
            send_event: request.send_event,
        }
    }
}

impl Area {
    fn new(x: impl Into<i32>, y: impl Into<i32>, width: u16, height: u16) -> Self {
        Self {
            x: x.into(),
            y: y.into(),
            width,
            height,
        }
    }
}

impl Presented {
    fn fenced(request: &present::PixmapRequest<'_>, resources: &Resources) -> Self {
        Self {
            window: request.window,
            pixmap: request.pixmap,
            serial: request.serial,
            valid: rectangles(request.valid, resources),
            update: rectangles(request.update, resources),
            x_off: request.x_off,
            y_off: request.y_off,
            crtc: named(request.target_crtc),
            synchronisation: Synchronisation::Fences {
                wait: named(request.wait_fence),
                idle: named(request.idle_fence),
            },
            options: request.options,
            target: Target {
                msc: request.target_msc,
                divisor: request.divisor,
                remainder: request.remainder,
            },
            notifies: notifies(&request.notifies),
        }
    }

    fn synced(request: &present::PixmapSyncedRequest<'_>, resources: &Resources) -> Self {
        Self {
            window: request.window,
            pixmap: request.pixmap,
            serial: request.serial,
            valid: rectangles(request.valid, resources),
            update: rectangles(request.update, resources),
            x_off: request.x_off,
            y_off: request.y_off,
            crtc: named(request.target_crtc),
            synchronisation: Synchronisation::Points {
                acquire: Point {
                    syncobj: request.acquire_syncobj,
                    point: request.acquire_point,
                },
                release: Point {
                    syncobj: request.release_syncobj,
                    point: request.release_point,
                },
            },
            options: request.options,
            target: Target {
                msc: request.target_msc,
                divisor: request.divisor,
                remainder: request.remainder,
            },
            notifies: notifies(&request.notifies),
        }
    }
}

/// A region that does not exist is refused later and has no rectangles until then.
fn rectangles(region: u32, resources: &Resources) -> Option<Vec<Area>> {
    let area = |r: Rectangle| Area::new(r.x, r.y, r.width, r.height);
    named(region).map(|xid| match resources.region(xid) {
        Ok(region) => region.rectangles().into_iter().map(area).collect(),
        Err(_) => Vec::new(),
    })
}

fn notifies(notifies: &[Notify]) -> Vec<(u32, u32)> {
    notifies
        .iter()
        .map(|notify| (notify.window, notify.serial))
        .collect()
}

impl From<&dri3::PixmapFromBufferRequest> for Imported {
    fn from(request: &dri3::PixmapFromBufferRequest) -> Self {
        Self {
            pixmap: request.pixmap,
            width: request.width,
            height: request.height,
            depth: request.depth,
            bpp: request.bpp,
            modifier: None,
            planes: vec![Plane {
                stride: request.stride.into(),
                offset: 0,
            }],
        }
    }
}

impl From<&dri3::PixmapFromBuffersRequest> for Imported {
    fn from(request: &dri3::PixmapFromBuffersRequest) -> Self {
        let planes = [
            (request.stride0, request.offset0),
            (request.stride1, request.offset1),
            (request.stride2, request.offset2),
            (request.stride3, request.offset3),
        ];
        Self {
            pixmap: request.pixmap,
            width: request.width,
            height: request.height,
            depth: request.depth,
            bpp: request.bpp,
            modifier: Some(request.modifier),
            planes: planes
                .into_iter()
                .take(request.buffers.len())
                .map(|(stride, offset)| Plane { stride, offset })
                .collect(),
        }
    }
}

/// What a client did that it must not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// A request was refused though nothing said that it should be, and though all that it names was the client's to
    /// know.
    Refused {
        /// The request.
        request: String,
        /// The error that it got.
        code: ErrorCode,
        /// The value that was wrong.
        value: u32,
    },
    /// A request that the peer does not serve, or not in the version that it offers.
    Unserved {
        /// The request.
        request: String,
    },
    /// A request that does not parse.
    Malformed {
        /// The request.
        request: String,
        /// What is wrong with it.
        error: ParseError,
    },
    /// A pixmap was presented again, or drawn into, before it was idle.
    Busy {
        /// The request that did it.
        request: String,
        /// The pixmap.
        pixmap: u32,
    },
    /// The memory of a pixmap or segment could not be read or written.
    Unreadable {
        /// The pixmap or segment.
        xid: u32,
    },
    /// Descriptors came that no request took.
    LeftoverFds {
        /// How many.
        count: usize,
    },
    /// The connection had to be closed.
    Link(LinkError),
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { request, code, value } => write!(f, "{request}: Bad{code:?}, value {value:#x}"),
            Self::Unserved { request } => write!(f, "{request} is not served"),
            Self::Malformed { request, error } => write!(f, "{request}: {error}"),
            Self::Busy { request, pixmap } => write!(f, "{request}: pixmap {pixmap:#x} is not idle"),
            Self::Unreadable { xid } => write!(f, "the memory of {xid:#x} is gone"),
            Self::LeftoverFds { count } => write!(f, "{count} descriptors came with requests that take none"),
            Self::Link(error) => write!(f, "the connection was closed: {error}"),
        }
    }
}

/// Requests and complaints in their order.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) requests: Vec<Logged>,
    pub(super) complaints: Vec<Complaint>,
}

impl Log {
    pub(super) fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }
}
