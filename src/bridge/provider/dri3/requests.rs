//! What becomes of clients' requests.

use std::os::fd::OwnedFd;

use x11rb::protocol::{randr, shm, sync, xproto};

use super::{
    Asked, Asking, Awaited, Bad, ClientId, Control, Dri3, Held, Request, Side, Verdict,
    client::{Remembered, StandIn, Then},
    codec::{
        BufferOffer, Drawn, Dri3Request, Fields, Geometry, PresentPixmap, copy_target, create_pixmap,
        get_geometry, get_input_focus, no_operation, pixmap_from_buffers, query_fence, selects_idle,
        shm_create_pixmap, sync_create_fence, touched, touched_by_shm,
    },
    fences::Fence,
    growth::{Growth, Wanted},
    pixmaps::{Pixmap, Place, pixel_bytes},
};
use crate::x11::Version;

/// Bytes that rows in memory are a multiple of. Other pixmaps stay with the server, where they may be tiles and patterns:
/// with padding they would repeat it.
const ROW_UNIT: u32 = 64;

type Ask<'a, 'b> = &'a mut Asking<'b, Remembered>;

impl Dri3 {
    /// Decides on a request.
    pub(super) fn decide(&mut self, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        if let Some(held) = self
            .clients
            .get_mut(&request.client)
            .and_then(|client| client.held.take())
        {
            return self.resume(request, held, asking);
        }
        let [major, second, ..] = *request.bytes else {
            return Verdict::forward();
        };
        match major {
            major if major == self.offer.dri3 => self.dri3(request, asking),
            major if major == self.offer.present => self.present(request, asking),
            major if major == self.offer.sync => self.sync_fence(request, asking),
            major if major == self.offer.shm => self.shm(request, asking),
            major if Some(major) == self.offer.render => self.render(request, asking),
            major if Some(major) == self.offer.randr => {
                if second == randr::CREATE_LEASE_REQUEST {
                    asking.remember(Remembered(Asked::Descriptors));
                }
                Verdict::forward()
            }
            _ => self.core(major, second, request, asking),
        }
    }

    fn core(&mut self, major: u8, second: u8, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        let body = body(&request);
        match major {
            xproto::QUERY_EXTENSION_REQUEST => {
                let name = body.u16(0).and_then(|length| body.bytes(4, length.into()));
                if name == Some(b"DRI3") {
                    asking.remember(Remembered(Asked::Presence));
                    if let Some(client) = self.clients.get_mut(&request.client) {
                        client.ask();
                    }
                }
            }
            xproto::LIST_EXTENSIONS_REQUEST => asking.remember(Remembered(Asked::Extensions)),
            xproto::GRAB_SERVER_REQUEST | xproto::UNGRAB_SERVER_REQUEST => {
                let client = self.clients.get_mut(&request.client);
                let known = client.is_some_and(|client| match major {
                    xproto::GRAB_SERVER_REQUEST => client.grab(),
                    _ => client.ungrab(),
                });
                if !known {
                    return Verdict::replace(no_operation(request.order));
                }
            }
            xproto::SET_CLOSE_DOWN_MODE_REQUEST => {
                if let Some(client) = self.clients.get_mut(&request.client) {
                    client.retains = second != 0;
                }
            }
            xproto::CREATE_PIXMAP_REQUEST => return self.create_pixmap(second, request),
            xproto::FREE_PIXMAP_REQUEST => self.pixmaps.remove(body.u32(0).unwrap_or_default()),
            xproto::GET_GEOMETRY_REQUEST => {
                let pixmap = body.u32(0).and_then(|id| self.pixmaps.get(id));
                if let Some(pixmap) = pixmap
                    && matches!(pixmap.place, Place::Ours { .. })
                {
                    asking.remember(Remembered(Asked::Geometry(pixmap.geometry)));
                }
            }
            major => {
                let verdict = self.touch(&request, &touched(major, body), 0);
                if matches!(verdict, Verdict::Pass(_)) {
                    self.note_copy(&request);
                }
                return verdict;
            }
        }
        Verdict::forward()
    }

    /// Takes note of what a request that goes on has the server copy to a pixmap.
    fn note_copy(&mut self, request: &Request<'_>) {
        if let Some((target, area)) = copy_target(request.bytes[0], body(request))
            && let Some(pixmap) = self.pixmaps.get_mut(target)
        {
            pixmap.change(area);
        }
    }

    fn shm(&mut self, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        let minor = request.bytes[1];
        match minor {
            shm::ATTACH_FD_REQUEST => Verdict::forward().with_fds(asking.fds.take(1).unwrap_or_default()),
            shm::CREATE_SEGMENT_REQUEST => {
                asking.remember(Remembered(Asked::Descriptors));
                Verdict::forward()
            }
            minor => self.touch(&request, &[touched_by_shm(minor, body(&request))], 0),
        }
    }

    fn render(&mut self, request: Request<'_>, _: Ask<'_, '_>) -> Verdict {
        let drawn = Drawn::parse(request.bytes[1], body(&request));
        let Some((drawn, client)) = drawn.zip(self.clients.get_mut(&request.client)) else {
            return Verdict::forward();
        };
        match drawn {
            Drawn::Picture { picture, drawable } => {
                if client.may_name(picture) && self.pixmaps.may_be_drawn(drawable) {
                    client.pictures.insert(picture, drawable);
                }
                Verdict::forward()
            }
            Drawn::Free { picture } => {
                client.pictures.remove(&picture);
                Verdict::forward()
            }
            Drawn::Touched(pictures) => {
                let drawables =
                    pictures.map(|picture| client.pictures.get(&picture).copied().unwrap_or_default());
                self.touch(&request, &drawables, 0)
            }
        }
    }

    fn present(&mut self, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        let (minor, body) = (request.bytes[1], body(&request));
        if let Some((window, told)) = selects_idle(minor, body)
            && let Some(client) = self.clients.get_mut(&request.client)
        {
            // Where it no longer is, our own connection will be when that matters.
            match told {
                true => client.idle_told.insert(window),
                false => client.idle_told.remove(&window),
            };
        }
        let Some(shown) = PresentPixmap::parse(minor, body) else {
            return Verdict::forward();
        };
        let unheard = self.hear_of_idle(request.client, shown, asking.control);
        match self.touch(&request, &[shown.pixmap], unheard) {
            Verdict::Hold => Verdict::Hold,
            Verdict::Pass(_) => self.show(&request, shown),
        }
    }

    /// Sees to it that somebody whose messages we see is told when the pixmap is idle. Says how many things have to be
    /// waited for before it is presented.
    fn hear_of_idle(&mut self, id: ClientId, shown: PresentPixmap, control: &mut Control) -> usize {
        let helps = self.helps(id);
        let client = self.clients.get_mut(&id).filter(|_| helps);
        let Some(client) = client.filter(|_| self.fences.get(shown.idle_fence).is_some()) else {
            return 0;
        };
        if !client.idle_told.insert(shown.window) {
            return 0;
        }
        let heard = self.helper.hear_of_idle(shown.window);
        match heard.and_then(|()| self.helper.mark()) {
            Ok(mark) => {
                self.wait_helper(mark, id, Side::Requests);
                1
            }
            Err(error) => {
                self.lose_helper(&error, control);
                0
            }
        }
    }

    /// Lets PresentPixmap go on, without the padding of the pixmap.
    fn show(&self, request: &Request<'_>, shown: PresentPixmap) -> Verdict {
        let region = match self.pixmaps.get(shown.pixmap).map(|pixmap| &pixmap.place) {
            Some(Place::Ours { backing, .. }) => backing.region(),
            _ => 0,
        };
        if region == 0 || shown.update != 0 {
            return Verdict::forward();
        }
        let (bytes, order) = (request.bytes, request.order);
        Verdict::replace(PresentPixmap::with_update(bytes, request.body, order, region))
    }

    /// Makes a client's pixmap one that GL can draw to, if it may come to that.
    fn create_pixmap(&mut self, depth: u8, request: Request<'_>) -> Verdict {
        let Some((id, _, geometry)) = create_pixmap(depth, body(&request)) else {
            return Verdict::forward();
        };
        if !self.may_make(request.client, id) {
            return Verdict::forward();
        }
        let (width, height) = (u32::from(geometry.width), u32::from(geometry.height));
        let row = width * pixel_bytes(depth);
        let filled = width > 0 && height > 0 && row.is_multiple_of(ROW_UNIT);
        let format = self.offer.format(depth).filter(|_| depth != 16 && filled);
        let can_be_ours = self.offer.takes.memory && self.helps(request.client);
        let asked = format
            .filter(|_| can_be_ours)
            .and_then(|format| self.session.create(format, width, height).ok());
        match asked {
            Some(ticket) => self.hold(request.client, ticket, Wanted::Pixmap(geometry)),
            None => self.leave_to_server(id, request.client),
        }
    }

    /// Lets a client make a pixmap that is the server's own.
    fn leave_to_server(&mut self, id: u32, client: ClientId) -> Verdict {
        self.pixmaps.note(id, client);
        Verdict::forward()
    }

    /// Whether a client may give this identifier to a pixmap of ours.
    fn may_make(&self, id: ClientId, pixmap: u32) -> bool {
        let named = self
            .clients
            .get(&id)
            .is_some_and(|client| client.may_name(pixmap));
        named && self.pixmaps.get(pixmap).is_none() && self.pixmaps.has_room(id)
    }

    fn hold(&mut self, id: ClientId, ticket: super::session::Ticket, wanted: Wanted) -> Verdict {
        self.waiting
            .insert(Awaited::Session(ticket), (id, Side::Requests));
        if let Some(client) = self.clients.get_mut(&id) {
            client.held = Some(Held::Growing(Box::new(Growth::new(wanted))));
        }
        Verdict::Hold
    }

    /// Lets a request go on whose wait is over.
    fn resume(&mut self, request: Request<'_>, held: Held, asking: Ask<'_, '_>) -> Verdict {
        match held {
            Held::Touching(_) => {
                self.note_copy(&request);
                let shown = (request.bytes[0] == self.offer.present)
                    .then(|| PresentPixmap::parse(request.bytes[1], body(&request)));
                match shown.flatten() {
                    Some(shown) => self.show(&request, shown),
                    None => Verdict::forward(),
                }
            }
            Held::Growing(growth) => {
                let (wanted, place) = (growth.wanted(), growth.into_place());
                match (wanted, place) {
                    (Wanted::Buffer(offer), Ok(place)) => {
                        self.make(request, offer.pixmap, offer.drawable, wanted, place, asking)
                    }
                    (Wanted::Buffer(offer), Err(bad)) => refuse(&request, bad, offer.pixmap, asking),
                    (_, Ok(place)) => match create_pixmap(request.bytes[1], body(&request)) {
                        Some((pixmap, drawable, _)) => {
                            self.make(request, pixmap, drawable, wanted, place, asking)
                        }
                        None => Verdict::forward(),
                    },
                    (_, Err(_)) => match create_pixmap(request.bytes[1], body(&request)) {
                        Some((pixmap, ..)) => self.leave_to_server(pixmap, request.client),
                        None => Verdict::forward(),
                    },
                }
            }
        }
    }

    /// Has the server make a pixmap of a picture.
    fn make(
        &mut self,
        request: Request<'_>,
        id: u32,
        drawable: u32,
        wanted: Wanted,
        place: Place,
        asking: Ask<'_, '_>,
    ) -> Verdict {
        let geometry = wanted.geometry();
        let (order, backing) = (request.order, place.backing());
        let verdict = match backing.memory(geometry.depth) {
            Some(memory) => {
                let padded = Geometry {
                    height: geometry.height,
                    ..memory.padded
                };
                let (segment, offset) = (memory.segment.id(), memory.offset);
                let bytes = shm_create_pixmap(order, self.offer.shm, id, drawable, padded, segment, offset);
                Verdict::replace(bytes)
            }
            None => {
                let Ok(file) = backing.file().try_clone() else {
                    return refuse(&request, Bad::Alloc, id, asking);
                };
                let old = self.offer.takes.dmabufs < Some(Version(1, 2));
                let bytes = pixmap_from_buffers(
                    order,
                    self.offer.dri3,
                    old,
                    id,
                    drawable,
                    geometry,
                    backing.layout(),
                );
                match bytes {
                    Some(bytes) => Verdict::replace(bytes).with_fds([file]),
                    None => return refuse(&request, Bad::Match, id, asking),
                }
            }
        };
        asking.remember(Remembered(stand_in(&request, Then::Pixmap(id))));
        let drawn_by_gl = matches!(wanted, Wanted::Buffer(_));
        let pixmap = Pixmap::new(request.client, geometry, place, drawn_by_gl);
        self.pixmaps.add(id, pixmap);
        verdict
    }

    fn dri3(&mut self, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        let minor = request.bytes[1];
        let asked = match Dri3Request::parse(minor, body(&request)) {
            Ok(asked) => asked,
            Err(bad) => return refuse(&request, bad, 0, asking),
        };
        let Some(fds) = asking.fds.take(asked.descriptors()) else {
            return refuse(&request, Bad::Length, 0, asking);
        };
        if !matches!(asked, Dri3Request::QueryVersion { .. }) {
            self.engage(request.client, asking.wishes);
        }
        let order = request.order;
        match asked {
            Dri3Request::QueryVersion { major, minor } => {
                let Version(major, minor) = self.offer.version.min(Version(major, minor));
                instead(
                    &request,
                    get_input_focus(order),
                    Then::Version { major, minor },
                    asking,
                )
            }
            Dri3Request::Open { drawable } => {
                instead(&request, get_geometry(order, drawable), Then::Open, asking)
            }
            Dri3Request::GetSupportedModifiers { window } => {
                instead(&request, get_geometry(order, window), Then::Modifiers, asking)
            }
            Dri3Request::PixmapFromBuffers(offer) => self.pixmap_from_buffers(request, offer, fds, asking),
            Dri3Request::BufferFromPixmap { pixmap } | Dri3Request::BuffersFromPixmap { pixmap } => {
                self.buffer_of(request, pixmap, asking)
            }
            // A server that has DRI3 knows what to do with fences.
            Dri3Request::FenceFromFd { .. } if self.offer.takes.dmabufs.is_some() => {
                Verdict::forward().with_fds(fds)
            }
            Dri3Request::FdFromFence { .. } if self.offer.takes.dmabufs.is_some() => {
                asking.remember(Remembered(Asked::Descriptors));
                Verdict::forward()
            }
            Dri3Request::FenceFromFd {
                drawable,
                fence,
                triggered,
            } => self.fence_from_fd(request, drawable, fence, triggered, fds, asking),
            Dri3Request::FdFromFence { fence } if self.fences.get(fence).is_some() => {
                instead(&request, get_input_focus(order), Then::FenceFile(fence), asking)
            }
            Dri3Request::FdFromFence { fence } => {
                let bytes = query_fence(order, self.offer.sync, fence);
                instead(&request, bytes, Then::NewFenceFile(fence), asking)
            }
        }
    }

    fn pixmap_from_buffers(
        &mut self,
        request: Request<'_>,
        offer: BufferOffer,
        fds: Vec<OwnedFd>,
        asking: Ask<'_, '_>,
    ) -> Verdict {
        let (id, wanted) = (offer.pixmap, Wanted::Buffer(offer));
        if let Err(bad) = wanted.check() {
            return refuse(&request, bad, id, asking);
        }
        if !self.may_make(request.client, id) {
            return refuse(&request, Bad::IdChoice, id, asking);
        }
        let first = fds.into_iter().next().filter(|_| self.helps(request.client));
        match first.map(|file| self.session.import(file)) {
            Some(Ok(ticket)) => self.hold(request.client, ticket, wanted),
            Some(Err(error)) => {
                tracing::warn!("no session for a pixmap: {error}");
                refuse(&request, Bad::Alloc, id, asking)
            }
            None => refuse(&request, Bad::Alloc, id, asking),
        }
    }

    fn buffer_of(&mut self, request: Request<'_>, pixmap: u32, asking: Ask<'_, '_>) -> Verdict {
        let order = request.order;
        match self.pixmaps.get(pixmap) {
            Some(_) => instead(&request, get_input_focus(order), Then::Buffer { pixmap }, asking),
            // Whatever of the client's requests makes it, the server has carried it out when it knows the size.
            None => instead(
                &request,
                get_geometry(order, pixmap),
                Then::Shadow { pixmap },
                asking,
            ),
        }
    }

    fn fence_from_fd(
        &mut self,
        request: Request<'_>,
        drawable: u32,
        id: u32,
        triggered: bool,
        fds: Vec<OwnedFd>,
        asking: Ask<'_, '_>,
    ) -> Verdict {
        let named = self
            .clients
            .get(&request.client)
            .is_some_and(|client| client.may_name(id));
        if !named || self.fences.get(id).is_some() {
            return refuse(&request, Bad::IdChoice, id, asking);
        }
        let Some(file) = fds.into_iter().next() else {
            return refuse(&request, Bad::Length, id, asking);
        };
        if !self.helps(request.client) {
            return refuse(&request, Bad::Alloc, id, asking);
        }
        let added = Fence::map(request.client, file).and_then(|fence| {
            if triggered {
                fence.page().trigger();
            }
            self.fences.add(id, fence)
        });
        if let Err(error) = added {
            tracing::warn!("{}: no fence: {error}", request.client);
            return refuse(&request, Bad::Value, id, asking);
        }
        let bytes = sync_create_fence(request.order, self.offer.sync, drawable, id, triggered);
        instead(&request, bytes, Then::NewFence(id), asking)
    }

    /// Requests of SYNC for fences that have a page.
    fn sync_fence(&mut self, request: Request<'_>, asking: Ask<'_, '_>) -> Verdict {
        let id = body(&request).u32(0).unwrap_or_default();
        let Some(fence) = self.fences.get(id) else {
            return Verdict::forward();
        };
        match request.bytes[1] {
            sync::TRIGGER_FENCE_REQUEST => {
                return instead(
                    &request,
                    get_input_focus(request.order),
                    Then::Trigger(id),
                    asking,
                );
            }
            sync::RESET_FENCE_REQUEST => fence.page().reset(),
            sync::DESTROY_FENCE_REQUEST => self.fences.remove(id),
            sync::QUERY_FENCE_REQUEST => asking.remember(Remembered(Asked::Fence(id))),
            _ => {}
        }
        Verdict::forward()
    }
}

/// What follows a request's header.
fn body<'a>(request: &Request<'a>) -> Fields<'a> {
    let fields = request.bytes.get(request.body..).unwrap_or_default();
    Fields::new(fields, request.order)
}

fn stand_in(request: &Request<'_>, then: Then) -> Asked {
    let major = request.bytes[0];
    Asked::For(StandIn {
        major,
        // The second byte of the core protocol's requests is no opcode.
        minor: if major < 128 { 0 } else { request.bytes[1] },
        then,
    })
}

/// Sends other bytes in a request's place.
fn instead(request: &Request<'_>, bytes: Vec<u8>, then: Then, asking: Ask<'_, '_>) -> Verdict {
    asking.remember(Remembered(stand_in(request, then)));
    Verdict::replace(bytes)
}

/// Answers a request with an error.
fn refuse(request: &Request<'_>, bad: Bad, value: u32, asking: Ask<'_, '_>) -> Verdict {
    instead(
        request,
        get_input_focus(request.order),
        Then::Fail { bad, value },
        asking,
    )
}
