//! dmabufs as pixmaps: [DRI3](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt).

use std::{os::fd::OwnedFd, rc::Rc};

use x11rb::{
    cookie::VoidCookie,
    errors::ReplyError,
    protocol::{dri3::ConnectionExt as _, sync, xproto::Window},
};

use super::{
    AllocateError, Rung, ShmFence, Size, TimelineDevice,
    buffer::{Failure, refused_import, refused_timeline},
    explicit::Turns,
    modifiers::Named,
};
use crate::{
    gl::{
        Dmabuf, Plane,
        dmabuf::{INVALID, LINEAR},
    },
    x11::{Connection, Display, Extension, Fence, PixelFormat, Pixmap, Version, X11Error},
};

/// The device that the server draws with, open; its buffers are the ones that the server takes. Waits for the server.
///
/// # Errors
/// If the server has no DRI3, or does not give the device away.
pub fn open_device(display: &Display, window: Window) -> Result<OwnedFd, X11Error> {
    display.need(Extension::Dri3, Version(1, 0))?;
    let reply = display.connection().dri3_open(window, 0)?.reply()?;
    Ok(reply.device_fd)
}

/// The modifiers that the server takes for a window. Waits for the server.
pub(super) fn modifiers(display: &Display, window: Window, format: PixelFormat) -> Result<Named, X11Error> {
    let (depth, bits) = (format.depth, format.bits_per_pixel);
    let c = display.connection();
    let reply = c.dri3_get_supported_modifiers(window, depth, bits)?.reply()?;
    Ok(Named {
        window: reply.window_modifiers,
        screen: reply.screen_modifiers,
    })
}

/// A dmabuf that the server knows, and what says when it is idle.
#[derive(Debug)]
pub(super) struct Imported {
    pub(super) pixmap: Pixmap,
    pub(super) idle: Idle,
}

/// What beside Present's event says that a dmabuf is idle.
#[derive(Debug)]
pub(super) enum Idle {
    /// Nothing.
    Event,
    /// A fence, beside the event.
    Fence(IdleFence),
    /// Points of a timeline, in place of the event, as long as the way has them.
    Timeline(Turns),
}

/// A fence of the server in memory of ours.
#[derive(Debug)]
pub(super) struct IdleFence {
    memory: ShmFence,
    fence: Fence,
}

impl IdleFence {
    /// Makes it untriggered and gives its name, for a request that triggers it.
    pub(super) fn arm(&self) -> sync::Fence {
        self.memory.reset();
        self.fence.id()
    }

    /// Whether it has been triggered.
    pub(super) fn is_triggered(&self) -> bool {
        self.memory.is_triggered()
    }
}

/// A dmabuf to be handed to the server.
#[derive(Debug)]
pub(super) struct Import<'a> {
    pub(super) display: &'a Rc<Display>,
    pub(super) window: Window,
    pub(super) format: PixelFormat,
    pub(super) size: Size,
}

impl Import<'_> {
    /// Checks that a request can describe the dmabuf.
    pub(super) fn check(&self, rung: Rung, dmabuf: &Dmabuf) -> Result<(), AllocateError> {
        let first = dmabuf.planes.first();
        let big_enough = dmabuf.width >= self.size.width.into() && dmabuf.height >= self.size.height.into();
        let carried = match (rung, &*dmabuf.planes) {
            (Rung::Syncobj | Rung::Modifiers, [_, ..]) => dmabuf.planes.len() <= 4,
            (_, [plane]) => linear_size(plane, self.size).is_some() || self.takes_modifiers(),
            _ => false,
        };
        if big_enough && carried {
            return Ok(());
        }
        Err(AllocateError::Dmabuf {
            width: dmabuf.width,
            height: dmabuf.height,
            planes: dmabuf.planes.len(),
            stride: first.map_or(0, |plane| plane.stride),
            offset: first.map_or(0, |plane| plane.offset),
        })
    }

    /// Makes a pixmap of a dmabuf that was checked, and a fence with it. Waits for the server.
    pub(super) fn import(&self, rung: Rung, dmabuf: Dmabuf) -> Result<Imported, X11Error> {
        let (idle, taken) = self.request_fence()?;
        let pixmap = Pixmap::reserve(self.display)?;
        let imported = match rung {
            Rung::Modifiers => self.by_modifier(&pixmap, dmabuf)?,
            _ => self.linear(&pixmap, dmabuf)?,
        };
        imported.check()?;
        let taken = taken.map_or(Ok(()), VoidCookie::check);
        let idle = match taken {
            Ok(()) => idle.map_or(Idle::Event, Idle::Fence),
            // The event alone has to do.
            Err(ReplyError::X11Error(_)) => Idle::Event,
            Err(ReplyError::ConnectionError(error)) => return Err(error.into()),
        };
        Ok(Imported { pixmap, idle })
    }

    /// Makes a pixmap of a dmabuf that was checked, and a timeline with it. Waits for the server.
    pub(super) fn import_synced(
        &self,
        dmabuf: Dmabuf,
        device: &Rc<dyn TimelineDevice>,
    ) -> Result<Imported, Failure> {
        let (turns, taken) = Turns::request(self.display, self.window, device)?;
        let pixmap = Pixmap::reserve(self.display).map_err(refused_import)?;
        let imported = self.by_modifier(&pixmap, dmabuf).map_err(refused_import)?;
        imported.check().map_err(|error| refused_import(error.into()))?;
        taken.check().map_err(|error| refused_timeline(error.into()))?;
        let idle = Idle::Timeline(turns);
        Ok(Imported { pixmap, idle })
    }

    fn takes_modifiers(&self) -> bool {
        self.display.extensions().has(Extension::Dri3, Version(1, 2))
    }

    fn by_modifier(&self, pixmap: &Pixmap, dmabuf: Dmabuf) -> Result<Sent<'_>, X11Error> {
        let modifier = dmabuf.modifier.unwrap_or(INVALID);
        let at = |plane: usize| {
            let plane = dmabuf.planes.get(plane);
            plane.map_or((0, 0), |plane| (plane.stride, plane.offset))
        };
        let [first, second, third, fourth] = [at(0), at(1), at(2), at(3)];
        let PixelFormat {
            depth,
            bits_per_pixel: bits,
            ..
        } = self.format;
        let fds = dmabuf.planes.into_iter().map(|plane| plane.fd).collect();
        Ok(self.display.connection().dri3_pixmap_from_buffers(
            pixmap.id(),
            self.window,
            self.size.width,
            self.size.height,
            first.0,
            first.1,
            second.0,
            second.1,
            third.0,
            third.1,
            fourth.0,
            fourth.1,
            depth,
            bits,
            modifier,
            fds,
        )?)
    }

    /// By DRI3 1.0 where that has the words for it.
    fn linear(&self, pixmap: &Pixmap, mut dmabuf: Dmabuf) -> Result<Sent<'_>, X11Error> {
        let small = dmabuf
            .planes
            .first()
            .and_then(|plane| linear_size(plane, self.size));
        let (Some((stride, bytes)), Some(plane)) = (small, dmabuf.planes.pop_if(|_| small.is_some())) else {
            dmabuf.modifier = Some(LINEAR);
            return self.by_modifier(pixmap, dmabuf);
        };
        let PixelFormat {
            depth,
            bits_per_pixel: bits,
            ..
        } = self.format;
        let (width, height) = (self.size.width, self.size.height);
        let (c, window) = (self.display.connection(), self.window);
        Ok(c.dri3_pixmap_from_buffer(
            pixmap.id(),
            window,
            bytes,
            width,
            height,
            stride,
            depth,
            bits,
            plane.fd,
        )?)
    }

    /// Asks for a fence, where the server has fences; its answer is still to come.
    fn request_fence(&self) -> Result<(Option<IdleFence>, Option<Sent<'_>>), X11Error> {
        if !self.display.extensions().has(Extension::Sync, Version(3, 1)) {
            return Ok((None, None));
        }
        let Ok((memory, fd)) = ShmFence::create() else {
            return Ok((None, None));
        };
        let fence = Fence::reserve(self.display)?;
        let c = self.display.connection();
        let sent = c.dri3_fence_from_fd(self.window, fence.id(), true, fd)?;
        Ok((Some(IdleFence { memory, fence }), Some(sent)))
    }
}

/// A request whose answer is still to come.
type Sent<'a> = VoidCookie<'a, Connection>;

/// Stride and size of a plane as DRI3 1.0 carries them: 16 and 32 bits, from the start of the file.
fn linear_size(plane: &Plane, size: Size) -> Option<(u16, u32)> {
    let stride = u16::try_from(plane.stride).ok()?;
    let bytes = u32::from(stride) * u32::from(size.height);
    (plane.offset == 0).then_some((stride, bytes))
}
