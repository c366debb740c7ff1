//! Pixels from the server into a texture, by the two requests that read them.
//!
//! All requests are on their way before the first answer is waited for, so a transfer costs one round trip whatever
//! the number of areas; and while an area is uploaded, the server works on the next.

use std::collections::VecDeque;

use x11rb::{
    cookie::Cookie,
    errors::ReplyError,
    protocol::{
        shm::{self, ConnectionExt as _},
        xproto::{ConnectionExt as _, GetImageReply, ImageFormat},
    },
};

use super::{PathError, SourcePixmap, direct::region, layout::ImageLayout, source::gone, staging::Staging};
use crate::{
    gl::{Gl, ReadBytes, Texture},
    x11::{Area, Areas, Connection, Display, ShmError, X11Error},
};

/// Images in shared memory begin at multiples of so many bytes: a cache line.
const IMAGE_ALIGNMENT: u32 = 64;
/// Bytes of a reply at most, unless a single row has more, and how many replies are asked for in advance. Together they
/// bound what the answers to one transfer take.
const MAX_REPLY: u32 = 1 << 20;
const REPLIES_AHEAD: usize = 8;
const ALL_PLANES: u32 = u32::MAX;

/// What goes where.
pub(super) struct Transfer<'a> {
    pub(super) display: &'a Display,
    pub(super) gl: &'a Gl,
    pub(super) source: &'a SourcePixmap,
    pub(super) layout: &'a ImageLayout,
    pub(super) texture: &'a Texture,
}

type Requested<'a, R> = Cookie<'a, Connection, R>;

impl Transfer<'_> {
    /// By MIT-SHM's [GetImage](https://www.x.org/releases/current/doc/xextproto/shm.html), one image for each area.
    pub(super) fn by_shared_memory(&self, areas: &Areas, staging: &Staging) -> Result<(), PathError> {
        let areas = areas.as_slice();
        let (starts, end) = self.place(areas)?;
        let segment = staging.segment(end.into())?;
        let mut requests = [const { None }; Areas::MAX];
        for ((request, area), start) in requests.iter_mut().zip(areas).zip(starts) {
            *request = Some(self.request_shared(*area, segment.id(), start)?);
        }
        for ((request, area), start) in requests.into_iter().flatten().zip(areas).zip(starts) {
            let reply = self.answer(request)?;
            let bytes = self.layout.image_bytes(area.width, area.height);
            self.check(reply.depth, reply.size.into(), bytes)?;
            let range = start as usize..start as usize + bytes as usize;
            let data = segment.memory().read(range).ok_or(ShmError::TooLarge(bytes))?;
            self.upload(*area, data)?;
        }
        Ok(())
    }

    /// Where the images of areas begin in the segment, and where the last of them ends.
    fn place(&self, areas: &[Area]) -> Result<([u32; Areas::MAX], u32), ShmError> {
        let (mut starts, mut end) = ([0; Areas::MAX], 0_u32);
        for (start, area) in starts.iter_mut().zip(areas) {
            let bytes = self.layout.image_bytes(area.width, area.height);
            let aligned = end.checked_next_multiple_of(IMAGE_ALIGNMENT);
            let fits = |start: u32| Some((start, start.checked_add(u32::try_from(bytes).ok()?)?));
            (*start, end) = aligned.and_then(fits).ok_or(ShmError::TooLarge(bytes))?;
        }
        Ok((starts, end))
    }

    /// By GetImage, in bands of rows.
    pub(super) fn by_reply(&self, areas: &Areas) -> Result<(), PathError> {
        let mut bands = areas.as_slice().iter().flat_map(|area| self.bands(*area));
        let mut requested = VecDeque::with_capacity(REPLIES_AHEAD);
        loop {
            while requested.len() < REPLIES_AHEAD
                && let Some(band) = bands.next()
            {
                requested.push_back((band, self.request(band)?));
            }
            let Some((band, request)) = requested.pop_front() else {
                return Ok(());
            };
            let reply = self.answer(request)?;
            let bytes = self.layout.image_bytes(band.width, band.height);
            self.check(reply.depth, reply.data.len() as u64, bytes)?;
            self.upload(band, ReadBytes::from(&reply.data[..]))?;
        }
    }

    /// An area in parts of whole rows that fit a reply.
    fn bands(&self, area: Area) -> impl Iterator<Item = Area> + use<> {
        let rows = (MAX_REPLY / self.layout.row_bytes(area.width)).max(1);
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        (0..area.height).step_by(rows.into()).map(move |top| Area {
            y: area.y + top,
            height: rows.min(area.height - top),
            ..area
        })
    }

    fn request_shared(
        &self,
        area: Area,
        segment: u32,
        offset: u32,
    ) -> Result<Requested<'_, shm::GetImageReply>, X11Error> {
        let (x, y) = corner(area);
        let (pixmap, format) = (self.source.id(), ImageFormat::Z_PIXMAP.into());
        let c = self.display.connection();
        Ok(c.shm_get_image(
            pixmap,
            x,
            y,
            area.width,
            area.height,
            ALL_PLANES,
            format,
            segment,
            offset,
        )?)
    }

    fn request(&self, area: Area) -> Result<Requested<'_, GetImageReply>, X11Error> {
        let (x, y) = corner(area);
        let (pixmap, format) = (self.source.id(), ImageFormat::Z_PIXMAP);
        let c = self.display.connection();
        Ok(c.get_image(format, pixmap, x, y, area.width, area.height, ALL_PLANES)?)
    }

    fn answer<R: x11rb::x11_utils::TryParse>(&self, request: Requested<'_, R>) -> Result<R, X11Error> {
        let reply: Result<R, ReplyError> = request.reply();
        reply.map_err(|error| gone(error, X11Error::PixmapGone(self.source.id())))
    }

    /// Compares what the server says that it sent with what it should have sent.
    fn check(&self, depth: u8, bytes: u64, needed: u64) -> Result<(), X11Error> {
        let wanted = self.source.format().depth;
        if depth != wanted || bytes < needed {
            let what = format!("an image of depth {depth} and {bytes} bytes, not {wanted} and {needed}");
            return Err(X11Error::Nonsense(what));
        }
        Ok(())
    }

    fn upload(&self, area: Area, data: ReadBytes<'_>) -> Result<(), PathError> {
        let pixels = self.layout.pixels(area.width);
        Ok(self
            .gl
            .texture_sub_image(self.texture, region(area), &pixels, data)?)
    }
}

/// An area's upper left corner as requests say it; a pixmap has no more than 32767 rows and columns.
fn corner(area: Area) -> (i16, i16) {
    (area.x.cast_signed(), area.y.cast_signed())
}
