//! DRI3: buffers, fences and timelines by descriptor. A buffer is any file that can be read and written; a memfd will do.
//! A timeline is one of the [stand-in](crate::timelines)'s.

use std::{os::fd::OwnedFd, rc::Rc};

use rustix::fs::{Mode, OFlags, open};
use x11rb_protocol::{
    protocol::{
        Request,
        dri3::{
            BufferFromPixmapReply, BuffersFromPixmapReply, FDFromFenceReply, FenceFromFDRequest,
            GetSupportedModifiersReply, ImportSyncobjRequest, OpenReply, PixmapFromBufferRequest,
            PixmapFromBuffersRequest, QueryVersionReply,
        },
    },
    x11_utils::Serialize,
};

use super::{
    error::{ErrorCode, Outcome},
    extension::Extension,
    fence::Fence,
    memory::Memory,
    resources::{ClientId, Resource},
    script::LINEAR,
    server::Server,
    surface::{Layout, Plane, Surface, bits_per_pixel},
};
use crate::timelines;

/// "Whatever the buffer itself says" (`DRM_FORMAT_MOD_INVALID`).
const IMPLICIT: u64 = 0x00ff_ffff_ffff_ffff;
/// What stands in for a render node.
const DEVICE: &str = "/dev/null";

/// An import by either request.
struct Buffer {
    pixmap: u32,
    layout: Layout,
    bpp: u8,
    modifier: u64,
    first: OwnedFd,
    more: Vec<Plane>,
}

impl Server {
    pub(super) fn dri3(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::Dri3QueryVersion(request) => {
                let wanted = (request.major_version, request.minor_version);
                let (major_version, minor_version) = self.script.extensions.agreed(Extension::Dri3, wanted);
                let reply = QueryVersionReply {
                    major_version,
                    minor_version,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::Dri3Open(request) => self.open(id, request.drawable),
            Request::Dri3PixmapFromBuffer(request) => self.import_one(id, request),
            Request::Dri3PixmapFromBuffers(request) => self.import_planes(id, request),
            Request::Dri3BufferFromPixmap(request) => self.export_one(id, request.pixmap),
            Request::Dri3BuffersFromPixmap(request) => self.export_planes(id, request.pixmap),
            Request::Dri3GetSupportedModifiers(request) => self.supported_modifiers(id, request.window),
            Request::Dri3FenceFromFD(request) => self.fence_from_fd(id, request),
            Request::Dri3FDFromFence(request) => self.fd_from_fence(id, request.fence),
            Request::Dri3ImportSyncobj(request) => self.import_syncobj(id, request),
            Request::Dri3FreeSyncobj(request) => {
                self.resources.syncobj(request.syncobj)?;
                self.resources.remove(request.syncobj);
                Ok(())
            }
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn open(&mut self, id: ClientId, drawable: u32) -> Outcome {
        self.resources.drawable(drawable)?;
        let device_fd =
            open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(|_| ErrorCode::Alloc)?;
        let reply = OpenReply {
            nfd: 1,
            sequence: 0,
            length: 0,
            device_fd,
        };
        self.reply_with(id, reply.serialize().to_vec(), vec![reply.device_fd]);
        Ok(())
    }

    fn import_one(&mut self, id: ClientId, request: PixmapFromBufferRequest) -> Outcome {
        self.resources.drawable(request.drawable)?;
        let buffer = Buffer {
            pixmap: request.pixmap,
            layout: Layout {
                width: request.width,
                height: request.height,
                depth: request.depth,
                offset: 0,
                stride: request.stride.into(),
            },
            bpp: request.bpp,
            modifier: IMPLICIT,
            first: request.pixmap_fd,
            more: Vec::new(),
        };
        self.import(id, buffer)
    }

    fn import_planes(&mut self, id: ClientId, request: PixmapFromBuffersRequest) -> Outcome {
        self.resources.window(request.window)?;
        let mut fds = request.buffers.into_iter();
        let first = fds.next().ok_or(ErrorCode::Value)?;
        let places = [
            (request.stride1, request.offset1),
            (request.stride2, request.offset2),
            (request.stride3, request.offset3),
        ];
        let more = places.into_iter().zip(fds).map(|((stride, offset), fd)| Plane {
            memory: Memory::given(fd, &self.gauge),
            stride,
            offset,
        });
        let buffer = Buffer {
            pixmap: request.pixmap,
            layout: Layout {
                width: request.width,
                height: request.height,
                depth: request.depth,
                offset: request.offset0.into(),
                stride: request.stride0,
            },
            bpp: request.bpp,
            modifier: request.modifier,
            first,
            more: more.collect(),
        };
        let known = &self.script.modifiers;
        let told = known
            .window
            .iter()
            .chain(&known.screen)
            .any(|&known| known == buffer.modifier);
        if !told && buffer.modifier != IMPLICIT {
            return Err(ErrorCode::Alloc.at(buffer.pixmap));
        }
        self.import(id, buffer)
    }

    fn import(&mut self, id: ClientId, buffer: Buffer) -> Outcome {
        let layout = buffer.layout;
        self.resources.check_new(id, buffer.pixmap)?;
        if layout.width == 0 || layout.height == 0 {
            return Err(ErrorCode::Value.into());
        }
        if bits_per_pixel(layout.depth) != Some(buffer.bpp) || buffer.bpp < 8 {
            return Err(ErrorCode::Match.at(layout.depth.into()));
        }
        let memory = Rc::new(Memory::given(buffer.first, &self.gauge));
        let modifier = if buffer.modifier == IMPLICIT {
            LINEAR
        } else {
            buffer.modifier
        };
        let surface = Surface::over(memory, layout)?.with_planes(modifier, buffer.more);
        self.resources
            .add(id, buffer.pixmap, Resource::Pixmap(Rc::new(surface)))
    }

    fn export_one(&mut self, id: ClientId, pixmap: u32) -> Outcome {
        let surface = self.resources.pixmap(pixmap)?;
        let layout = surface.layout();
        let stride = u16::try_from(layout.stride)
            .ok()
            .filter(|_| layout.offset == 0 && surface.bits() >= 8);
        let stride = stride.ok_or(ErrorCode::Pixmap.at(pixmap))?;
        let reply = BufferFromPixmapReply {
            nfd: 1,
            sequence: 0,
            length: 0,
            size: u32::try_from(surface.memory().size()).unwrap_or(u32::MAX),
            width: layout.width,
            height: layout.height,
            stride,
            depth: layout.depth,
            bpp: surface.bits(),
            pixmap_fd: surface.memory().duplicate().map_err(|_| ErrorCode::Alloc)?,
        };
        self.reply_with(id, reply.serialize().to_vec(), vec![reply.pixmap_fd]);
        Ok(())
    }

    fn export_planes(&mut self, id: ClientId, pixmap: u32) -> Outcome {
        let surface = self.resources.pixmap(pixmap)?;
        let layout = surface.layout();
        let offset = u32::try_from(layout.offset).ok().filter(|_| surface.bits() >= 8);
        let mut reply = BuffersFromPixmapReply {
            sequence: 0,
            length: 0,
            width: layout.width,
            height: layout.height,
            modifier: surface.modifier(),
            depth: layout.depth,
            bpp: surface.bits(),
            strides: vec![layout.stride],
            offsets: vec![offset.ok_or(ErrorCode::Pixmap.at(pixmap))?],
            buffers: vec![surface.memory().duplicate().map_err(|_| ErrorCode::Alloc)?],
        };
        for plane in surface.more_planes() {
            reply.strides.push(plane.stride);
            reply.offsets.push(plane.offset);
            reply
                .buffers
                .push(plane.memory.duplicate().map_err(|_| ErrorCode::Alloc)?);
        }
        self.reply_with(id, reply.serialize(), reply.buffers);
        Ok(())
    }

    fn supported_modifiers(&mut self, id: ClientId, window: u32) -> Outcome {
        self.resources.window(window)?;
        let reply = GetSupportedModifiersReply {
            window_modifiers: self.script.modifiers.window.clone(),
            screen_modifiers: self.script.modifiers.screen.clone(),
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn fence_from_fd(&mut self, id: ClientId, request: FenceFromFDRequest) -> Outcome {
        self.resources.drawable(request.drawable)?;
        let memory = Memory::given(request.fence_fd, &self.gauge);
        let fence = Fence::shared(memory, request.initially_triggered)?;
        self.resources
            .add(id, request.fence, Resource::Fence(Rc::new(fence)))
    }

    fn fd_from_fence(&mut self, id: ClientId, fence: u32) -> Outcome {
        let reply = FDFromFenceReply {
            nfd: 1,
            sequence: 0,
            length: 0,
            fence_fd: self.resources.fence(fence)?.share()?,
        };
        self.reply_with(id, reply.serialize().to_vec(), vec![reply.fence_fd]);
        Ok(())
    }

    fn import_syncobj(&mut self, id: ClientId, request: ImportSyncobjRequest) -> Outcome {
        self.resources.drawable(request.drawable)?;
        let memory = Rc::new(Memory::given(request.syncobj_fd, &self.gauge));
        timelines::reached(memory.file()).map_err(|_| ErrorCode::Alloc)?;
        self.resources.add(id, request.syncobj, Resource::Syncobj(memory))
    }
}
