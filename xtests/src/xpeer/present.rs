//! Present: what clients want to be shown, when it is shown, and what they are told about it.
//!
//! [The protocol](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/presentproto.txt) leaves much to the
//! server; the script says what this one does.

use std::{rc::Rc, time::Instant};

use x11rb_protocol::protocol::{
    Request,
    present::{
        CompleteMode, Event as EventId, EventMask, Notify, NotifyMSCRequest, Option as PresentOption,
        PixmapRequest, PixmapSyncedRequest, QueryCapabilitiesReply, QueryVersionReply, SelectInputRequest,
    },
};

use super::{
    error::{ErrorCode, Outcome, RequestError},
    extension::Extension,
    fence::SharedFence,
    log::{Complaint, Point},
    memory::Memory,
    region::Region,
    resources::{ClientId, Resource, Selection},
    schedule::{Clockwork, due},
    script::{Clock, Completion, Idle, Msc, Orphans, Signs},
    server::Server,
    surface::Surface,
};
use crate::timelines;

/// All bits that options may have.
const OPTIONS: u8 = 0x1f;

/// Something that waits for its count.
#[derive(Debug)]
struct Queued {
    client: ClientId,
    window: u32,
    serial: u32,
    /// The count at which it is due.
    due: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Notification,
    Picture(Picture),
}

#[derive(Debug)]
struct Picture {
    pixmap: u32,
    surface: Rc<Surface>,
    /// In the pixmap's coordinates; `None` is all of it.
    update: Option<Region>,
    x: i16,
    y: i16,
    wait: Wait,
    release: Release,
    /// Other windows that are told, with their serials.
    notifies: Vec<(u32, u32)>,
}

/// What is waited for before a pixmap is read.
#[derive(Debug)]
enum Wait {
    Nothing,
    Fence(SharedFence),
    Point(Rc<Memory>, u64),
}

impl Wait {
    fn is_over(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Fence(fence) => fence.is_triggered(),
            Self::Point(timeline, point) => {
                timelines::reached(timeline.file()).is_ok_and(|reached| reached >= *point)
            }
        }
    }
}

/// How else than by an event a client learns that a pixmap is idle.
#[derive(Debug, Clone)]
enum Release {
    Nothing,
    Fence(u32, SharedFence),
    Point(Point, Rc<Memory>),
}

/// A pixmap that was presented and is not idle yet.
#[derive(Debug, Clone)]
pub(super) struct Showing {
    window: u32,
    serial: u32,
    pixmap: u32,
    release: Release,
}

/// The state of the extension.
#[derive(Debug)]
pub(super) struct Presents {
    clock: Clockwork,
    /// The count that was told last.
    told: u64,
    queue: Vec<Queued>,
    held: Vec<Showing>,
    /// Pixmaps from their presentation until they are idle, once for each presentation.
    busy: Vec<u32>,
    /// Points that were signalled, in their order.
    released: Vec<Point>,
}

impl Presents {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock: Clockwork::new(clock),
            told: 0,
            queue: Vec::new(),
            held: Vec::new(),
            busy: Vec::new(),
            released: Vec::new(),
        }
    }

    /// How many pictures wait for their count alone.
    pub(super) fn timed(&self) -> usize {
        let timed = |queued: &&Queued| matches!(queued.what, What::Picture(_)) && queued.is_ready();
        self.queue.iter().filter(timed).count()
    }

    pub(super) fn is_busy(&self, pixmap: u32) -> bool {
        self.busy.contains(&pixmap)
    }

    pub(super) fn busy(&self) -> Vec<u32> {
        self.busy.clone()
    }

    pub(super) fn released(&self) -> Vec<Point> {
        self.released.clone()
    }

    /// The time of events.
    pub(super) fn milliseconds(&self) -> u32 {
        (self.clock.ust() / 1000) as u32
    }

    pub(super) const fn clock(&mut self) -> &mut Clockwork {
        &mut self.clock
    }

    pub(super) fn forget_client(&mut self, client: ClientId) {
        self.queue.retain(|queued| queued.client != client);
        self.held.retain(|showing| ClientId::of(showing.pixmap) != client);
        self.busy.retain(|&pixmap| ClientId::of(pixmap) != client);
    }

    /// Takes back one presentation of a pixmap.
    fn not_busy(&mut self, pixmap: u32) {
        if let Some(index) = self.busy.iter().position(|&busy| busy == pixmap) {
            self.busy.remove(index);
        }
    }
}

impl Server {
    pub(super) fn present(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::PresentQueryVersion(request) => {
                let wanted = (request.major_version, request.minor_version);
                let (major_version, minor_version) =
                    self.script.extensions.agreed(Extension::Present, wanted);
                let reply = QueryVersionReply {
                    major_version,
                    minor_version,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::PresentPixmap(request) => self.present_fenced(id, &request),
            Request::PresentPixmapSynced(request) => self.present_synced(id, &request),
            Request::PresentNotifyMSC(request) => self.notify_msc(id, request),
            Request::PresentSelectInput(request) => self.select_present(id, request),
            Request::PresentQueryCapabilities(_) => {
                let reply = QueryCapabilitiesReply {
                    capabilities: self.script.capabilities,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn present_fenced(&mut self, id: ClientId, request: &PixmapRequest<'_>) -> Outcome {
        let fence = |xid: u32| match xid {
            0 => Ok(None),
            xid => self.resources.fence(xid).map(|fence| Some(Rc::clone(fence))),
        };
        let wait = fence(request.wait_fence)?.map_or(Wait::Nothing, Wait::Fence);
        let release =
            fence(request.idle_fence)?.map_or(Release::Nothing, |f| Release::Fence(request.idle_fence, f));
        let mut picture = self.picture(request.window, request.pixmap, (request.valid, request.update))?;
        (picture.x, picture.y) = (request.x_off, request.y_off);
        (picture.wait, picture.release) = (wait, release);
        picture.notifies = self.notified(&request.notifies)?;
        let when = (request.target_msc, request.divisor, request.remainder);
        self.enqueue(
            id,
            (request.window, request.serial),
            request.options,
            when,
            picture,
        )
    }

    fn present_synced(&mut self, id: ClientId, request: &PixmapSyncedRequest<'_>) -> Outcome {
        let acquire = Rc::clone(self.resources.syncobj(request.acquire_syncobj)?);
        let release = Rc::clone(self.resources.syncobj(request.release_syncobj)?);
        let same = request.acquire_syncobj == request.release_syncobj;
        if request.acquire_point == 0
            || request.release_point == 0
            || (same && request.acquire_point >= request.release_point)
        {
            return Err(ErrorCode::Value.into());
        }
        let mut picture = self.picture(request.window, request.pixmap, (request.valid, request.update))?;
        (picture.x, picture.y) = (request.x_off, request.y_off);
        picture.wait = Wait::Point(acquire, request.acquire_point);
        let point = Point {
            syncobj: request.release_syncobj,
            point: request.release_point,
        };
        picture.release = Release::Point(point, release);
        picture.notifies = self.notified(&request.notifies)?;
        let when = (request.target_msc, request.divisor, request.remainder);
        self.enqueue(
            id,
            (request.window, request.serial),
            request.options,
            when,
            picture,
        )
    }

    /// What both requests have in common.
    fn picture(
        &self,
        window: u32,
        pixmap: u32,
        (valid, update): (u32, u32),
    ) -> Result<Picture, RequestError> {
        let depth = self.resources.window(window)?.surface.depth();
        let surface = Rc::clone(self.resources.pixmap(pixmap)?);
        if surface.depth() != depth {
            return Err(ErrorCode::Match.at(pixmap));
        }
        let region = |xid: u32| match xid {
            0 => Ok(None),
            xid => self.resources.region(xid).cloned().map(Some),
        };
        region(valid)?;
        Ok(Picture {
            pixmap,
            surface,
            update: region(update)?,
            x: 0,
            y: 0,
            wait: Wait::Nothing,
            release: Release::Nothing,
            notifies: Vec::new(),
        })
    }

    fn notified(&self, notifies: &[Notify]) -> Result<Vec<(u32, u32)>, RequestError> {
        let told = |notify: &Notify| {
            self.resources
                .window(notify.window)
                .map(|_| (notify.window, notify.serial))
        };
        notifies.iter().map(told).collect()
    }

    fn enqueue(
        &mut self,
        client: ClientId,
        (window, serial): (u32, u32),
        options: u32,
        when: (u64, u64, u64),
        picture: Picture,
    ) -> Outcome {
        let options = u8::try_from(options)
            .ok()
            .filter(|bits| bits & !OPTIONS == 0)
            .ok_or(ErrorCode::Value.at(options))?;
        check_remainder(when)?;
        if self.presents.is_busy(picture.pixmap) {
            let (request, pixmap) = (self.current.clone(), picture.pixmap);
            self.log.complain(Complaint::Busy { request, pixmap });
        }
        let asynchronous = options & u8::from(PresentOption::ASYNC | PresentOption::ASYNC_MAY_TEAR) != 0;
        self.presents.busy.push(picture.pixmap);
        self.presents.queue.push(Queued {
            client,
            window,
            serial,
            due: due(self.presents.clock.msc(), when, asynchronous),
            what: What::Picture(picture),
        });
        self.show_due();
        Ok(())
    }

    fn notify_msc(&mut self, client: ClientId, request: NotifyMSCRequest) -> Outcome {
        self.resources.window(request.window)?;
        let when = (request.target_msc, request.divisor, request.remainder);
        check_remainder(when)?;
        self.presents.queue.push(Queued {
            client,
            window: request.window,
            serial: request.serial,
            due: due(self.presents.clock.msc(), when, true),
            what: What::Notification,
        });
        self.show_due();
        Ok(())
    }

    fn select_present(&mut self, id: ClientId, request: SelectInputRequest) -> Outcome {
        self.resources.window(request.window)?;
        let selection = Selection {
            window: request.window,
            mask: request.event_mask,
        };
        let eid: EventId = request.eid;
        match self.resources.selection(eid) {
            Some(old) if old.window != request.window || ClientId::of(eid) != id => {
                return Err(ErrorCode::Match.at(eid));
            }
            Some(_) => {
                self.resources.remove(eid);
            }
            None => {}
        }
        if request.event_mask == EventMask::NO_EVENT {
            return Ok(());
        }
        self.resources.add(id, eid, Resource::Selection(selection))
    }

    /// Lets the count grow one by one, showing what is due at each.
    pub(super) fn advance_msc(&mut self, counts: u64) {
        for left in (1..=counts).rev() {
            if self.presents.queue.is_empty() {
                self.presents.clock.advance(left);
                return;
            }
            self.presents.clock.advance(1);
            self.show_due();
        }
    }

    /// Moves the count to anywhere, backwards too.
    pub(super) fn set_msc(&mut self, msc: u64) {
        self.presents.clock.set_msc(msc);
        self.show_due();
    }

    /// Advances a clock that goes by itself.
    pub(super) fn tick(&mut self, now: Instant) {
        while self.presents.clock.count(now) {
            self.show_due();
        }
    }

    /// Shows what is due and not held back by a fence or a point.
    pub(super) fn show_due(&mut self) {
        let msc = self.presents.clock.msc();
        let ready = |queued: &mut Queued| queued.due <= msc && queued.is_ready();
        let mut ready: Vec<_> = self.presents.queue.extract_if(.., ready).collect();
        ready.sort_by_key(|queued| queued.due);
        let mut rest = ready.into_iter();
        while let Some(queued) = rest.next() {
            let replaced = rest.as_slice().iter().any(|later| later.replaces(&queued));
            match queued.what {
                What::Notification => self.tell_notification(queued.window, queued.serial),
                What::Picture(picture) => self.show(queued.window, queued.serial, picture, replaced),
            }
        }
    }

    /// Shows a picture, unless another one takes its place at once.
    fn show(&mut self, window: u32, serial: u32, picture: Picture, replaced: bool) {
        let completion = match self.script.presenting.completion {
            Completion::Sent(_) if replaced => Completion::Sent(CompleteMode::SKIP),
            other => other,
        };
        let skipped = completion == Completion::Sent(CompleteMode::SKIP);
        if !skipped && self.is_viewable(window) {
            self.copy_picture(window, &picture);
        }
        let showing = Showing {
            window,
            serial,
            pixmap: picture.pixmap,
            release: picture.release,
        };
        let told: Vec<_> = std::iter::once((window, serial))
            .chain(picture.notifies)
            .collect();
        let idle = self.script.presenting.idle;
        if idle == Idle::BeforeComplete {
            self.give_back(&showing);
        }
        if let Completion::Sent(mode) = completion {
            for (window, serial) in told {
                self.tell_shown(window, serial, mode);
            }
        }
        match idle {
            Idle::BeforeComplete | Idle::Never => {}
            Idle::AfterComplete => self.give_back(&showing),
            Idle::Twice => {
                self.give_back(&showing);
                self.give_back(&showing);
            }
            Idle::Held => self.presents.held.push(showing),
            Idle::Replaced if skipped => self.give_back(&showing),
            Idle::Replaced => {
                let before = self
                    .resources
                    .window_mut(window)
                    .ok()
                    .and_then(|w| w.showing.replace(showing));
                if let Some(before) = before {
                    self.give_back(&before);
                }
            }
        }
    }

    fn copy_picture(&mut self, xid: u32, picture: &Picture) {
        let Ok(window) = self.resources.window(xid) else {
            return;
        };
        let target = Rc::clone(&window.surface);
        let (x, y) = (picture.x.into(), picture.y.into());
        let whole = [picture.surface.bounds()];
        let areas = picture.update.as_ref().map_or(&whole[..], Region::areas);
        for area in areas {
            match target.copy(&picture.surface, area.moved(x, y), x, y) {
                Ok(area) => self.report_damage(xid, area),
                Err(_) => {
                    self.unreadable(picture.pixmap);
                }
            }
        }
    }

    /// Says that a pixmap is idle, by all means that the client asked for and the script lets.
    fn give_back(&mut self, showing: &Showing) {
        let signs = self.script.presenting.signs;
        if matches!(showing.release, Release::Point(..)) && signs == Signs::Event {
            return self.tell_idle(showing.window, showing.serial, showing.pixmap, 0);
        }
        self.presents.not_busy(showing.pixmap);
        let fence = match &showing.release {
            Release::Nothing => 0,
            Release::Fence(xid, fence) => {
                fence.trigger();
                *xid
            }
            Release::Point(point, timeline) => {
                self.presents.released.push(*point);
                // A client that has closed it does not wait for it.
                let _ = timelines::signal(timeline.file(), point.point);
                if signs == Signs::Point {
                    return;
                }
                0
            }
        };
        self.tell_idle(showing.window, showing.serial, showing.pixmap, fence);
    }

    /// Gives back the oldest of the held pixmaps; how many were there to give.
    pub(super) fn release_held(&mut self, count: usize) -> usize {
        let count = count.min(self.presents.held.len());
        let released: Vec<_> = self.presents.held.drain(..count).collect();
        for showing in &released {
            self.give_back(showing);
        }
        count
    }

    /// A count as it is told.
    pub(super) fn told_msc(&mut self) -> u64 {
        let presents = &mut self.presents;
        presents.told = match self.script.presenting.msc {
            Msc::True => presents.clock.msc(),
            Msc::Repeats => presents.told,
            Msc::StepsBack => presents.told.saturating_sub(1),
        };
        presents.told
    }

    /// Ends what a window has in the extension, while those who select its events can still be told.
    pub(super) fn end_presenting(&mut self, window: u32) {
        self.tell_destroyed(window);
        let of_window = |queued: &mut Queued| queued.window == window;
        let orphans: Vec<_> = self.presents.queue.extract_if(.., of_window).collect();
        for queued in orphans {
            let What::Picture(picture) = queued.what else {
                continue;
            };
            let showing = Showing {
                window,
                serial: queued.serial,
                pixmap: picture.pixmap,
                release: picture.release,
            };
            match self.script.presenting.orphans {
                Orphans::Forgotten => self.presents.not_busy(showing.pixmap),
                Orphans::Reported => {
                    self.tell_shown(window, showing.serial, CompleteMode::SKIP);
                    self.give_back(&showing);
                }
            }
        }
        if let Some(showing) = self
            .resources
            .window_mut(window)
            .ok()
            .and_then(|w| w.showing.take())
        {
            self.presents.not_busy(showing.pixmap);
        }
    }
}

impl Queued {
    fn is_ready(&self) -> bool {
        match &self.what {
            What::Notification => true,
            What::Picture(picture) => picture.wait.is_over(),
        }
    }

    /// Whether both are pictures for the same window.
    fn replaces(&self, earlier: &Self) -> bool {
        let pictures = matches!((&self.what, &earlier.what), (What::Picture(_), What::Picture(_)));
        pictures && self.window == earlier.window
    }
}

fn check_remainder((_, divisor, remainder): (u64, u64, u64)) -> Outcome {
    if (divisor == 0 && remainder != 0) || (divisor != 0 && remainder >= divisor) {
        // Errors have 32 bits for it.
        return Err(ErrorCode::Value.at(remainder as u32));
    }
    Ok(())
}
