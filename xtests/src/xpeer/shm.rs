//! MIT-SHM 1.2 with segments by descriptor; System V segments are refused, since the peer would have to map them.

use std::rc::Rc;

use x11rb_protocol::{
    protocol::{
        Request,
        shm::{
            COMPLETION_EVENT, CompletionEvent, CreatePixmapRequest, CreateSegmentReply, CreateSegmentRequest,
            GetImageReply, GetImageRequest, PutImageRequest, QueryVersionReply,
        },
        xproto::ImageFormat,
    },
    x11_utils::{RequestHeader, Serialize},
};

use super::{
    drawing::image_layout,
    error::{ErrorCode, Outcome},
    extension::Extension,
    memory::Memory,
    region::Area,
    resources::{ClientId, Resource, Segment},
    server::Server,
    surface::{Layout, Surface},
};

/// The largest segment that the peer makes for a client, in bytes.
const LARGEST_SEGMENT: u32 = 256 << 20;

impl Server {
    pub(super) fn shm(&mut self, id: ClientId, header: RequestHeader, request: Request<'_>) -> Outcome {
        match request {
            Request::ShmQueryVersion(_) => self.shm_version(id),
            Request::ShmAttach(request) => Err(ErrorCode::Access.at(request.shmid)),
            Request::ShmAttachFd(request) => {
                let segment = Segment {
                    memory: Rc::new(Memory::given(request.shm_fd, &self.gauge)),
                    read_only: request.read_only,
                };
                self.resources.add(id, request.shmseg, Resource::Segment(segment))
            }
            Request::ShmCreateSegment(request) => self.create_segment(id, request),
            Request::ShmDetach(request) => {
                self.resources.segment(request.shmseg)?;
                self.resources.remove(request.shmseg);
                Ok(())
            }
            Request::ShmCreatePixmap(request) => self.shm_pixmap(id, request),
            Request::ShmPutImage(request) => self.shm_put_image(id, header, request),
            Request::ShmGetImage(request) => self.shm_get_image(id, request),
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn shm_version(&mut self, id: ClientId) -> Outcome {
        let (major, minor) = self
            .script
            .extensions
            .agreed(Extension::Shm, (u32::MAX, u32::MAX));
        let reply = QueryVersionReply {
            shared_pixmaps: true,
            // Versions are small.
            major_version: major as u16,
            minor_version: minor as u16,
            pixmap_format: ImageFormat::Z_PIXMAP.into(),
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn create_segment(&mut self, id: ClientId, request: CreateSegmentRequest) -> Outcome {
        if request.size == 0 || request.size > LARGEST_SEGMENT {
            return Err(ErrorCode::Alloc.at(request.size));
        }
        let memory = Memory::create(request.size.into()).map_err(|_| ErrorCode::Alloc)?;
        let shm_fd = memory.duplicate().map_err(|_| ErrorCode::Alloc)?;
        let segment = Segment {
            memory: Rc::new(memory),
            read_only: request.read_only,
        };
        self.resources
            .add(id, request.shmseg, Resource::Segment(segment))?;
        let reply = CreateSegmentReply {
            nfd: 1,
            sequence: 0,
            length: 0,
            shm_fd,
        };
        self.reply_with(id, reply.serialize().to_vec(), vec![reply.shm_fd]);
        Ok(())
    }

    fn shm_pixmap(&mut self, id: ClientId, request: CreatePixmapRequest) -> Outcome {
        self.resources.drawable(request.drawable)?;
        let segment = self.resources.segment(request.shmseg)?;
        let layout = Layout {
            offset: request.offset.into(),
            ..Layout::packed(request.width, request.height, request.depth)?
        };
        let surface = Surface::over(Rc::clone(&segment.memory), layout)?;
        self.resources
            .add(id, request.pid, Resource::Pixmap(Rc::new(surface)))
    }

    fn shm_put_image(&mut self, id: ClientId, header: RequestHeader, request: PutImageRequest) -> Outcome {
        let target = self.resources.drawable(request.drawable)?;
        self.resources.gc(request.gc)?;
        let memory = Rc::clone(&self.resources.segment(request.shmseg)?.memory);
        let size = (request.total_width, request.total_height);
        let layout = image_layout(request.format.into(), size, request.depth, &target)?;
        let image = Surface::over(
            memory,
            Layout {
                offset: request.offset.into(),
                ..layout
            },
        )?;
        let source = Area::new(
            request.src_x.into(),
            request.src_y.into(),
            request.src_width,
            request.src_height,
        );
        if source.intersection(image.bounds()) != source {
            return Err(ErrorCode::Value.at(request.src_x.into()));
        }
        let x = i32::from(request.dst_x) - source.left;
        let y = i32::from(request.dst_y) - source.top;
        let (area, copied) = match target.copy(&image, source.moved(x, y), x, y) {
            Ok(area) => (area, Ok(())),
            Err(error) => (source.moved(x, y), Err(error)),
        };
        self.drawn(request.drawable, area, copied)?;
        if request.send_event {
            let event = CompletionEvent {
                response_type: Extension::Shm.information().first_event + COMPLETION_EVENT,
                sequence: 0,
                drawable: request.drawable,
                minor_event: header.minor_opcode.into(),
                major_event: header.major_opcode,
                shmseg: request.shmseg,
                offset: request.offset,
            };
            self.event(id, &event);
        }
        Ok(())
    }

    fn shm_get_image(&mut self, id: ClientId, request: GetImageRequest) -> Outcome {
        let source = self.resources.drawable(request.drawable)?;
        let segment = self.resources.segment(request.shmseg)?;
        if segment.read_only {
            return Err(ErrorCode::Access.at(request.shmseg));
        }
        let memory = Rc::clone(&segment.memory);
        let size = (request.width, request.height);
        let layout = image_layout(request.format.into(), size, source.depth(), &source)?;
        let area = Area::new(request.x.into(), request.y.into(), request.width, request.height);
        let data = self.image(request.drawable, &source, area, layout.stride)?;
        memory
            .write(&data, request.offset.into())
            .map_err(|_| ErrorCode::Value.at(request.offset))?;
        let reply = GetImageReply {
            depth: source.depth(),
            visual: self
                .resources
                .window(request.drawable)
                .map_or(0, |window| window.visual),
            // The image lies in a request's limits.
            size: data.len() as u32,
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }
}
