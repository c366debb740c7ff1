//! DRI3 for the clients of an X server that does not have it.
//!
//! Clients get the buffers of their windows from the session, where they are textures, and offer them to the X server as
//! [DRI3](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/dri3proto.txt) has it. The server maps the
//! same memory by MIT-SHM, and shows it by its own Present. What passes the relay is changed as little as that needs:
//!
//! * A request of DRI3 is replaced by one that the server knows, and its answer by the one that the client expects.
//!   PixmapFromBuffers becomes MIT-SHM's CreatePixmap, on a segment that our [`helper`] has attached.
//! * A buffer's rows may be longer than the client knows, so the pixmap is wider. What the client asks of its size is
//!   corrected, and the padding is never shown: a region of the right size goes along where the client names none.
//! * Before the server reads a picture or draws over it, the session has to be done with all that was drawn ([`touching`]).
//!   The client's requests wait for that, nobody else's.
//! * Clients that draw to pixmaps by GL get these from the session as well: CreatePixmap becomes MIT-SHM's, once a client
//!   uses DRI3, if rows need no padding: the server would take it for a part of tiles and patterns. A pixmap that is the
//!   server's own, as those of windows are, is followed by one of ours; a client that has such a shadow is told nothing by
//!   the server before its shadows are up to date. What GL draws to a shadow goes back if a client made the pixmap by
//!   CreatePixmap, and nobody can draw to it but by the server or by the shadow; to the pixmap of a window it does not.
//!
//! **GrabServer** is for nothing if the client has asked for DRI3. The server would not listen to our own connection while a
//! client holds it, and so a client that grabs it and then waits for a pixmap of ours would wait for ever. One that begins
//! with DRI3 while it holds the server is refused, until it ends its grab, what our connection would have to do for it.
//!
//! A request is looked at again when its client is released, so what it waited for is kept with the client ([`Held`]).

mod client;
mod codec;
mod fences;
mod growth;
mod helper;
mod messages;
mod offer;
mod pixmaps;
mod progress;
mod requests;
mod session;
mod touching;

use std::{
    cell::RefCell,
    collections::HashMap,
    os::fd::AsFd,
    path::Path,
    rc::{Rc, Weak},
};

use x11rb::protocol::xproto;

use self::{
    client::{Acquaintance, Asked, Client, Held, Remembered, Untold},
    codec::{Bad, TOUCHING},
    fences::Fences,
    helper::{Helper, Mark},
    offer::Offer,
    pixmaps::Pixmaps,
    session::{Link, Session},
};
use super::{
    Asking, Batch, ClientId, Control, Descriptors, Interceptor, Look, Message, Newcomer, Request, SourceId,
    Telling, Verdict, Watch, Wishes,
};
use crate::x11::{Display, Limits, X11Error};

pub use self::offer::Unavailable;

/// The helper's connection.
const HELPER: SourceId = SourceId(0);
/// The connection to the session.
const SESSION: SourceId = SourceId(1);

/// The direction in which a client waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Requests,
    Messages,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Awaited {
    Session(session::Ticket),
    Helper(Mark),
}

/// Adds DRI3 to what passes a relay.
#[derive(Debug)]
pub struct Dri3 {
    offer: Offer,
    helper: Helper,
    /// Whether the helper's connection still stands.
    helped: bool,
    session: Session,
    pixmaps: Pixmaps,
    fences: Fences,
    clients: HashMap<ClientId, Client>,
    waiting: HashMap<Awaited, (ClientId, Side)>,
    /// The connection to the session that is watched, and for what.
    watched: Option<(Weak<RefCell<Link>>, Watch)>,
}

impl Dri3 {
    /// For the clients of a display by this name, or of the one that `DISPLAY` names, with the session that listens at
    /// `socket`. Waits for the display.
    ///
    /// # Errors
    /// Why the display's clients have to do without.
    pub fn new(display: Option<&str>, socket: &Path) -> Result<Self, Unavailable> {
        let display = Display::open(display, &Limits::default())?;
        Self::of_display(display, socket)
    }

    /// Asks whether clients of a display could have DRI3 by us, and tells whether its server takes dmabufs. Waits for the
    /// display.
    ///
    /// # Errors
    /// Why they would have to do without.
    pub fn available(display: &Display) -> Result<bool, Unavailable> {
        Offer::of(display).map(|offer| offer.takes.dmabufs.is_some())
    }

    fn of_display(display: Display, socket: &Path) -> Result<Self, Unavailable> {
        Ok(Self {
            offer: Offer::of(&display)?,
            helper: Helper::new(display)?,
            helped: true,
            session: Session::new(socket),
            pixmaps: Pixmaps::default(),
            fences: Fences::default(),
            clients: HashMap::new(),
            waiting: HashMap::new(),
            watched: None,
        })
    }

    /// Whether the server takes dmabufs. If not, the session has to place pictures in memory.
    pub fn takes_dmabufs(&self) -> bool {
        self.offer.takes.dmabufs.is_some()
    }

    /// Begins to look at what a client does with pixmaps and fences.
    fn engage(&mut self, id: ClientId, wishes: &mut Wishes) {
        let Some(client) = self
            .clients
            .get_mut(&id)
            .filter(|client| client.dri3 != Acquaintance::Engaged)
        else {
            return;
        };
        client.dri3 = Acquaintance::Engaged;
        wishes.batches = true;
        for major in [
            xproto::CREATE_PIXMAP_REQUEST,
            xproto::FREE_PIXMAP_REQUEST,
            xproto::GET_GEOMETRY_REQUEST,
            self.offer.sync,
        ]
        .into_iter()
        .chain(TOUCHING)
        {
            wishes.requests(major, Look::Head);
        }
        if let Some(render) = self.offer.render {
            wishes.requests(render, Look::Head);
        }
        wishes.requests(self.offer.present, Look::Whole);
        wishes.generic_events(self.offer.present, true);
    }

    /// Whether our own connection can do something that a client waits for: it is there, and the server listens to it.
    fn helps(&self, id: ClientId) -> bool {
        let grabs = self.clients.get(&id).is_some_and(|client| client.grabs);
        self.helped && !grabs
    }

    /// The session's connection is watched as it has to be.
    fn watch_session(&mut self, control: &Control) -> Result<(), rustix::io::Errno> {
        let Some(link) = self.session.link() else {
            self.watched = None;
            return Ok(());
        };
        let wanted = if link.borrow().wants_write() {
            Watch::ReadWrite
        } else {
            Watch::Read
        };
        match &self.watched {
            Some((known, watch)) if known.as_ptr() == Rc::as_ptr(&link) => {
                if *watch == wanted {
                    return Ok(());
                }
                control.watch_for(link.borrow().as_fd(), SESSION, wanted)?;
            }
            _ => control.watch(link.borrow().as_fd(), SESSION, wanted)?,
        }
        self.watched = Some((Rc::downgrade(&link), wanted));
        Ok(())
    }

    /// Our own connection to the display is gone: nothing new can be shared.
    fn lose_helper(&mut self, error: &X11Error, control: &mut Control) {
        if std::mem::replace(&mut self.helped, false) {
            tracing::error!("no more pixmaps are shared: {error}");
            // It was watched from the start.
            let _ = control.forget(self.helper.display());
            self.give_up(|awaited| matches!(awaited, Awaited::Helper(_)), control);
        }
    }
}

impl Interceptor for Dri3 {
    type Ticket = Remembered;

    fn started(&mut self, control: &mut Control) {
        if let Err(error) = control.watch(self.helper.display(), HELPER, Watch::Read) {
            self.lose_helper(&error.into(), control);
        }
    }

    fn joined(&mut self, newcomer: Newcomer<'_>, wishes: &mut Wishes, _: &mut Control) {
        let client = Client::new(newcomer.order, newcomer.setup);
        self.clients.insert(newcomer.client, client);
        wishes.descriptors = Descriptors::AsDecided;
        wishes.requests(xproto::QUERY_EXTENSION_REQUEST, Look::Whole);
        wishes.requests(self.offer.dri3, Look::Whole);
        for major in [
            xproto::LIST_EXTENSIONS_REQUEST,
            xproto::GRAB_SERVER_REQUEST,
            xproto::UNGRAB_SERVER_REQUEST,
            xproto::SET_CLOSE_DOWN_MODE_REQUEST,
            self.offer.shm,
        ] {
            wishes.requests(major, Look::Head);
        }
        if let Some(randr) = self.offer.randr {
            wishes.requests(randr, Look::Head);
        }
    }

    fn left(&mut self, id: ClientId, _: &mut Control) {
        // Its pixmaps go, and what was asked of them comes to nothing.
        self.waiting.retain(|_, (waiting, _)| *waiting != id);
        let retains = self.clients.remove(&id).is_some_and(|client| client.retains);
        if !retains {
            self.pixmaps.leave(id);
            self.fences.leave(id);
        }
    }

    fn request(&mut self, request: Request<'_>, asking: &mut Asking<'_, Remembered>) -> Verdict {
        self.decide(request, asking)
    }

    fn message(&mut self, message: Message<'_, Remembered>, telling: &mut Telling<'_>) -> Verdict {
        match message.ticket.as_deref() {
            Some(Remembered(asked)) => self.answer(*asked, &message, telling),
            None => self.event(&message),
        }
    }

    fn batch(&mut self, client: ClientId, control: &mut Control) -> Batch {
        self.sync(client, control)
    }

    fn ready(&mut self, source: SourceId, control: &mut Control) {
        match source {
            HELPER => self.hear_helper(control),
            _ => self.hear_session(control),
        }
    }

    fn turn(&mut self, control: &mut Control) {
        if self.session.has_failed() {
            self.hear_session(control);
        }
        if let Err(error) = self.watch_session(control) {
            tracing::error!("watching the session: {error}");
        }
        if self.helped
            && let Err(error) = self.helper.flush()
        {
            self.lose_helper(&error, control);
        }
    }
}
