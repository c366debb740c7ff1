//! Pixmaps, graphics contexts, and the few core requests that move pixels. Depth 1 has pixmaps but no pixels.

use std::rc::Rc;

use rustix::io::Errno;
use x11rb_protocol::{
    protocol::{
        Request,
        xproto::{
            CopyAreaRequest, CreatePixmapRequest, GetImageReply, GetImageRequest, ImageFormat,
            NO_EXPOSURE_EVENT, NoExposureEvent, PolyFillRectangleRequest, PutImageRequest,
        },
    },
    x11_utils::RequestHeader,
};

use super::{
    error::{ErrorCode, Outcome, RequestError},
    log::Complaint,
    region::Area,
    resources::{ClientId, Gc, Resource},
    server::Server,
    surface::{Layout, Surface},
};

impl Server {
    pub(super) fn drawing(&mut self, id: ClientId, header: RequestHeader, request: Request<'_>) -> Outcome {
        match request {
            Request::CreatePixmap(request) => self.create_pixmap(id, request),
            Request::FreePixmap(request) => {
                self.resources.pixmap(request.pixmap)?;
                self.resources.forget_drawable(request.pixmap);
                self.resources.remove(request.pixmap);
                Ok(())
            }
            Request::CreateGC(request) => {
                self.resources.drawable(request.drawable)?;
                let gc = Gc {
                    foreground: request.value_list.foreground.unwrap_or(0),
                    silent: request.value_list.graphics_exposures == Some(0),
                };
                self.resources.add(id, request.cid, Resource::Gc(gc))
            }
            Request::ChangeGC(request) => {
                let gc = self.resources.gc_mut(request.gc)?;
                gc.foreground = request.value_list.foreground.unwrap_or(gc.foreground);
                gc.silent = request
                    .value_list
                    .graphics_exposures
                    .map_or(gc.silent, |value| value == 0);
                Ok(())
            }
            Request::FreeGC(request) => {
                self.resources.gc(request.gc)?;
                self.resources.remove(request.gc);
                Ok(())
            }
            Request::PutImage(request) => self.put_image(&request),
            Request::GetImage(request) => self.get_image(id, request),
            Request::CopyArea(request) => self.copy_area(id, header, request),
            Request::PolyFillRectangle(request) => self.fill_rectangles(&request),
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn create_pixmap(&mut self, id: ClientId, request: CreatePixmapRequest) -> Outcome {
        self.resources.drawable(request.drawable)?;
        if request.width == 0 || request.height == 0 {
            return Err(ErrorCode::Value.into());
        }
        self.resources.check_new(id, request.pid)?;
        let surface = Surface::new(request.width, request.height, request.depth)?;
        self.resources
            .add(id, request.pid, Resource::Pixmap(Rc::new(surface)))
    }

    fn put_image(&mut self, request: &PutImageRequest<'_>) -> Outcome {
        let target = self.resources.drawable(request.drawable)?;
        self.resources.gc(request.gc)?;
        let layout = image_layout(
            request.format,
            (request.width, request.height),
            request.depth,
            &target,
        )?;
        let stride = layout.stride as usize;
        if request.data.len() != stride * usize::from(request.height) {
            return Err(ErrorCode::Length.into());
        }
        let whole = Area::new(
            request.dst_x.into(),
            request.dst_y.into(),
            request.width,
            request.height,
        );
        let area = whole.intersection(target.bounds());
        if !area.is_empty() {
            let column = (area.left - whole.left) as usize * usize::from(target.bits() / 8);
            let start = (area.top - whole.top) as usize * stride + column;
            let written = target.write(area, &request.data[start..], stride);
            self.drawn(request.drawable, area, written)?;
        }
        Ok(())
    }

    fn get_image(&mut self, id: ClientId, request: GetImageRequest) -> Outcome {
        let source = self.resources.drawable(request.drawable)?;
        let size = (request.width, request.height);
        let layout = image_layout(request.format, size, source.depth(), &source)?;
        let area = Area::new(request.x.into(), request.y.into(), request.width, request.height);
        let data = self.image(request.drawable, &source, area, layout.stride)?;
        let reply = GetImageReply {
            depth: source.depth(),
            sequence: 0,
            visual: self
                .resources
                .window(request.drawable)
                .map_or(0, |window| window.visual),
            data,
        };
        self.reply(id, &reply);
        Ok(())
    }

    /// Rows of `stride` bytes from a part of a drawable; `BadMatch` unless it lies inside.
    pub(super) fn image(
        &mut self,
        xid: u32,
        source: &Surface,
        area: Area,
        stride: u32,
    ) -> Result<Vec<u8>, RequestError> {
        if area.is_empty() || area.intersection(source.bounds()) != area {
            return Err(ErrorCode::Match.at(xid));
        }
        let bytes = source.read(area).map_err(|_| self.unreadable(xid))?;
        let row = (area.right - area.left) as usize * usize::from(source.bits() / 8);
        let stride = stride as usize;
        if row == stride {
            return Ok(bytes);
        }
        let padded = |row: &[u8]| {
            let mut row = row.to_vec();
            row.resize(stride, 0);
            row
        };
        Ok(bytes.chunks_exact(row).flat_map(padded).collect())
    }

    fn copy_area(&mut self, id: ClientId, header: RequestHeader, request: CopyAreaRequest) -> Outcome {
        let source = self.resources.drawable(request.src_drawable)?;
        let target = self.resources.drawable(request.dst_drawable)?;
        let gc = *self.resources.gc(request.gc)?;
        if source.depth() != target.depth() {
            return Err(ErrorCode::Match.at(request.src_drawable));
        }
        if source.bits() < 8 {
            return Err(ErrorCode::Implementation.into());
        }
        let area = Area::new(
            request.dst_x.into(),
            request.dst_y.into(),
            request.width,
            request.height,
        );
        let x = i32::from(request.dst_x) - i32::from(request.src_x);
        let y = i32::from(request.dst_y) - i32::from(request.src_y);
        let (area, copied) = match target.copy(&source, area, x, y) {
            Ok(area) => (area, Ok(())),
            Err(error) => (area, Err(error)),
        };
        self.drawn(request.dst_drawable, area, copied)?;
        if !gc.silent {
            let event = NoExposureEvent {
                response_type: NO_EXPOSURE_EVENT,
                sequence: 0,
                drawable: request.dst_drawable,
                minor_opcode: 0,
                major_opcode: header.major_opcode,
            };
            self.event(id, &event);
        }
        Ok(())
    }

    fn fill_rectangles(&mut self, request: &PolyFillRectangleRequest<'_>) -> Outcome {
        let target = self.resources.drawable(request.drawable)?;
        let pixel = self.resources.gc(request.gc)?.foreground;
        if target.bits() < 8 {
            return Err(ErrorCode::Implementation.into());
        }
        for &rectangle in request.rectangles.iter() {
            let area = Area::from(rectangle).intersection(target.bounds());
            let filled = target.fill(area, pixel);
            self.drawn(request.drawable, area, filled)?;
        }
        Ok(())
    }

    /// What follows when a client has drawn into a drawable: damage, and a complaint if it is not the client's now.
    pub(super) fn drawn(&mut self, xid: u32, area: Area, result: Result<(), Errno>) -> Outcome {
        result.map_err(|_| self.unreadable(xid))?;
        if self.presents.is_busy(xid) {
            let request = self.current.clone();
            self.log.complain(Complaint::Busy { request, pixmap: xid });
        }
        self.report_damage(xid, area);
        Ok(())
    }

    /// The error for memory that cannot be read or written.
    pub(super) fn unreadable(&mut self, xid: u32) -> RequestError {
        self.log.complain(Complaint::Unreadable { xid });
        ErrorCode::Access.at(xid)
    }
}

/// How an image of a drawable lies in a request or reply: only Z pixmaps of the drawable's depth, and of whole bytes.
pub(super) fn image_layout(
    format: ImageFormat,
    (width, height): (u16, u16),
    depth: u8,
    drawable: &Surface,
) -> Result<Layout, RequestError> {
    if format != ImageFormat::Z_PIXMAP || drawable.bits() < 8 {
        return Err(ErrorCode::Implementation.into());
    }
    if depth != drawable.depth() {
        return Err(ErrorCode::Match.at(depth.into()));
    }
    Layout::packed(width, height, depth)
}
