//! What becomes of the server's messages.

use super::{
    Asked, Awaited, Batch, ClientId, Control, Dri3, Message, Side, Telling, Untold, Verdict,
    client::{Remembered, StandIn, Then},
    codec::{Answer, Bad, Fields, Geometry, IdleNotify, Maker, extension_names},
    fences::Fence,
    growth::{Growth, Wanted},
    pixmaps::{Pixmap, Place},
};
use x11rb::protocol::dri3;

type Heard<'a> = Message<'a, Remembered>;

impl Dri3 {
    /// Decides on the answer to a request that we had a part in.
    pub(super) fn answer(&mut self, asked: Asked, message: &Heard<'_>, telling: &mut Telling<'_>) -> Verdict {
        let (bytes, order) = (message.bytes, message.order);
        let failed = bytes.first() == Some(&0);
        match asked {
            Asked::For(stand_in) if failed => self.fail(stand_in, message),
            Asked::For(stand_in) => self.reply(stand_in, message, telling),
            _ if failed => Verdict::forward(),
            Asked::Presence => {
                let reply = Maker::from(bytes, order).set_u8(8, 1).set_u8(9, self.offer.dri3);
                Verdict::replace(reply.finish())
            }
            Asked::Extensions => match extension_names(bytes, order, b"DRI3") {
                Some(names) => Verdict::replace(names),
                None => Verdict::forward(),
            },
            Asked::Geometry(geometry) => Verdict::replace(geometry.correct(bytes, order)),
            Asked::Fence(id) => match self.fences.get(id) {
                Some(fence) => {
                    let triggered = fence.page().is_triggered();
                    Verdict::replace(Maker::from(bytes, order).set_u8(8, triggered.into()).finish())
                }
                None => Verdict::forward(),
            },
            Asked::Descriptors => {
                let announced = bytes.get(1).copied().unwrap_or_default();
                let fds = telling.fds.take(announced.into());
                Verdict::forward().with_fds(fds.unwrap_or_default())
            }
        }
    }

    /// Passes an event on that says something about fences.
    pub(super) fn event(&mut self, message: &Heard<'_>) -> Verdict {
        let event = Fields::new(message.bytes, message.order);
        if let Some(IdleNotify { idle_fence }) = IdleNotify::parse(event, self.offer.present) {
            self.idle(idle_fence);
        }
        Verdict::forward()
    }

    /// A pixmap that was presented with this fence is no longer read.
    pub(super) fn idle(&self, fence: u32) {
        if let Some(fence) = self.fences.get(fence) {
            fence.page().trigger();
        }
    }

    /// Tells a client that a request failed in whose place another was sent.
    fn fail(&mut self, stand_in: StandIn, message: &Heard<'_>) -> Verdict {
        match stand_in.then {
            Then::Pixmap(id) => self.pixmaps.remove(id),
            Then::NewFence(id) => self.fences.remove(id),
            _ => {}
        }
        let code = match (stand_in.then, message.bytes.get(1).copied()) {
            (Then::Shadow { .. }, _) => Bad::Pixmap as u8,
            // Errors of extensions that the client knows nothing of, as that of a segment.
            (Then::Pixmap(_), Some(128..)) | (_, None) => Bad::Alloc as u8,
            (_, Some(code)) => code,
        };
        let error = Maker::from(message.bytes, message.order).set_u8(1, code);
        let minor = stand_in.minor.into();
        Verdict::replace(error.set_u16(8, minor).set_u8(10, stand_in.major).finish())
    }

    /// Gives a client the reply that it expects.
    fn reply(&mut self, stand_in: StandIn, message: &Heard<'_>, telling: &mut Telling<'_>) -> Verdict {
        let (order, sequence) = (message.order, sequence(message));
        let give = |answer: Answer<'_>| Verdict::replace(answer.encode(order, sequence));
        let fail = |bad, value| Verdict::replace(stand_in.error(bad, value).encode(order, sequence));
        match stand_in.then {
            // Neither has a reply.
            Then::Pixmap(_) | Then::NewFence(_) => Verdict::forward(),
            Then::Version { major, minor } => give(Answer::Version { major, minor }),
            Then::Fail { bad, value } => fail(bad, value),
            Then::Open => match self.session.open() {
                Ok(connection) => give(Answer::Descriptor).with_fds([connection]),
                Err(error) => {
                    tracing::warn!("{}: no session to connect to: {error}", message.client);
                    fail(Bad::Alloc, 0)
                }
            },
            Then::Modifiers => give(Answer::Modifiers {
                window: &[],
                screen: &[],
            }),
            Then::Buffer { pixmap } if self.begins_to_lag(pixmap) => {
                self.watch(stand_in, pixmap, message, telling.control)
            }
            Then::Buffer { pixmap } => self.give_buffer(stand_in, pixmap, message),
            Then::Shadow { pixmap } => self.give_shadow(stand_in, pixmap, message),
            Then::FenceFile(id) => match self.fences.get(id).map(|fence| fence.file().try_clone()) {
                Some(Ok(file)) => give(Answer::Descriptor).with_fds([file]),
                _ => fail(Bad::Alloc, id),
            },
            Then::NewFenceFile(id) => {
                let triggered = message.bytes.get(8).is_some_and(|triggered| *triggered != 0);
                let file = Fence::create(message.client, triggered).and_then(|fence| {
                    let file = fence.file().try_clone();
                    self.fences.add(id, fence)?;
                    Ok(file)
                });
                match file {
                    Ok(Ok(file)) => give(Answer::Descriptor).with_fds([file]),
                    _ => fail(Bad::Alloc, id),
                }
            }
            Then::Trigger(_) if self.upload(message.client) => Verdict::Hold,
            Then::Trigger(id) => {
                self.trigger(id, telling.control);
                Verdict::replace(Vec::new())
            }
        }
    }

    fn trigger(&mut self, id: u32, control: &mut Control) {
        let Some(fence) = self.fences.get(id) else {
            return;
        };
        fence.page().trigger();
        // Other requests may wait for the server's own fence.
        if let Err(error) = self.helper.trigger(id) {
            self.lose_helper(&error, control);
        }
    }

    /// The reply that describes the buffer of a pixmap of ours.
    fn give_buffer(&mut self, stand_in: StandIn, id: u32, message: &Heard<'_>) -> Verdict {
        let (order, sequence) = (message.order, sequence(message));
        let found = self.pixmaps.get_mut(id).and_then(|pixmap| {
            pixmap.drawn_by_gl = true;
            let described = pixmap.describe();
            let reply = if stand_in.minor == dri3::BUFFER_FROM_PIXMAP_REQUEST {
                described.one(order, sequence)?
            } else {
                described.many(order, sequence)
            };
            Some((reply, pixmap.place.backing().file().try_clone().ok()?))
        });
        match found {
            Some((reply, file)) => Verdict::replace(reply).with_fds([file]),
            None => Verdict::replace(stand_in.error(Bad::Alloc, id).encode(order, sequence)),
        }
    }

    /// The same of a pixmap of the server's, for which a shadow is made first.
    fn give_shadow(&mut self, stand_in: StandIn, id: u32, message: &Heard<'_>) -> Verdict {
        let Some(client) = self.clients.get_mut(&message.client) else {
            return Verdict::forward();
        };
        let Some(Untold::Growing(growth)) = client.untold.take() else {
            return self.begin_shadow(stand_in, id, message);
        };
        let geometry = growth.wanted().geometry();
        match growth.into_place() {
            Ok(place) => {
                let mut pixmap = Pixmap::new(message.client, geometry, place, true);
                pixmap.change_all();
                self.pixmaps.add(id, pixmap);
                if self.upload(message.client) {
                    return Verdict::Hold;
                }
                self.give_buffer(stand_in, id, message)
            }
            Err(bad) => {
                let error = stand_in.error(bad, id);
                Verdict::replace(error.encode(message.order, sequence(message)))
            }
        }
    }

    fn begin_shadow(&mut self, stand_in: StandIn, id: u32, message: &Heard<'_>) -> Verdict {
        if self.pixmaps.get(id).is_some() {
            // It has been made, and had to be uploaded; or was asked for twice before the first answer.
            return self.give_buffer(stand_in, id, message);
        }
        let fail = |bad| Verdict::replace(stand_in.error(bad, id).encode(message.order, sequence(message)));
        let Some(geometry) = Geometry::from_reply(Fields::new(message.bytes, message.order)) else {
            return fail(Bad::Alloc);
        };
        let Some(format) = self.offer.format(geometry.depth) else {
            return fail(Bad::Alloc);
        };
        if !self.helps(message.client) || !self.pixmaps.has_room(message.client) {
            return fail(Bad::Alloc);
        }
        match self
            .session
            .create(format, geometry.width.into(), geometry.height.into())
        {
            Ok(ticket) => {
                let growth = Growth::new(Wanted::Shadow {
                    source: id,
                    geometry,
                    both_ways: self.pixmaps.is_plain(id),
                });
                self.wait_session(ticket, message.client, Side::Messages);
                if let Some(client) = self.clients.get_mut(&message.client) {
                    client.untold = Some(Untold::Growing(Box::new(growth)));
                }
                Verdict::Hold
            }
            Err(_) => fail(Bad::Alloc),
        }
    }

    /// Whether GL is to have a pixmap that the server has drawn to until now, and reads a copy.
    fn begins_to_lag(&self, id: u32) -> bool {
        self.pixmaps.get(id).is_some_and(|pixmap| {
            let unwatched = matches!(pixmap.place, Place::Ours { watch: None, .. });
            unwatched && pixmap.is_copied() && !pixmap.drawn_by_gl
        })
    }

    /// Has the server tell what it draws to a pixmap, and waits until the texture has what it drew before.
    fn watch(&mut self, stand_in: StandIn, id: u32, message: &Heard<'_>, control: &mut Control) -> Verdict {
        match self.helper.watch(id) {
            Ok(damage) => self.pixmaps.watch(id, damage),
            Err(error) => self.lose_helper(&error, control),
        }
        match self.sync(message.client, control) {
            Batch::Hold => Verdict::Hold,
            Batch::Pass => self.give_buffer(stand_in, id, message),
        }
    }

    /// Begins to bring to a client's textures what the server drew. False if there is nothing to wait for.
    pub(super) fn upload(&mut self, id: ClientId) -> bool {
        let mut uploads = 0;
        for (texture, areas) in self.pixmaps.take_changed(id) {
            for area in areas.as_slice() {
                let area = [area.x, area.y, area.width, area.height].map(u32::from);
                if let Ok(ticket) = self.session.upload(texture, area) {
                    self.waiting
                        .insert(Awaited::Session(ticket), (id, Side::Messages));
                    uploads += 1;
                }
            }
        }
        if uploads > 0
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.untold = Some(Untold::Uploading(uploads));
        }
        uploads > 0
    }

    /// Brings a client's textures up to date before it is told anything.
    pub(super) fn sync(&mut self, id: ClientId, control: &mut Control) -> Batch {
        if !self.helps(id) || !self.pixmaps.lags(id) {
            return Batch::Pass;
        }
        match self.helper.mark() {
            Ok(mark) => {
                self.wait_helper(mark, id, Side::Messages);
                let copies = self.helper.copies();
                if let Some(client) = self.clients.get_mut(&id) {
                    client.untold = Some(Untold::Syncing { last: false, copies });
                }
                Batch::Hold
            }
            Err(error) => {
                self.lose_helper(&error, control);
                Batch::Pass
            }
        }
    }
}

/// The lower half of the number of the request that a message answers.
fn sequence(message: &Heard<'_>) -> u16 {
    message.order.u16_at(message.bytes, 2).unwrap_or_default()
}
