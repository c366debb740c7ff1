//! What compositors need: damage, redirected windows and their pixmaps; and RANDR's version.

use std::rc::Rc;

use x11rb_protocol::protocol::{
    Request, composite,
    damage::{self, NotifyEvent, ReportLevel, SubtractRequest},
    randr,
};

use super::{
    error::{ErrorCode, Outcome},
    extension::Extension,
    region::{Area, Region},
    resources::{ClientId, Damage, Resource},
    server::Server,
};

impl Server {
    pub(super) fn damage(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::DamageQueryVersion(request) => {
                let wanted = (request.client_major_version, request.client_minor_version);
                let (major_version, minor_version) = self.script.extensions.agreed(Extension::Damage, wanted);
                let reply = damage::QueryVersionReply {
                    major_version,
                    minor_version,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::DamageCreate(request) => {
                self.resources.drawable(request.drawable)?;
                let damage = Damage {
                    drawable: request.drawable,
                    level: request.level,
                    region: Region::default(),
                };
                self.resources.add(id, request.damage, Resource::Damage(damage))
            }
            Request::DamageDestroy(request) => {
                self.resources.damage(request.damage)?;
                self.resources.remove(request.damage);
                Ok(())
            }
            Request::DamageSubtract(request) => self.subtract_damage(request),
            _ => Err(ErrorCode::Request.into()),
        }
    }

    /// Takes `repair` (all if `None`) from the damage and puts what was taken into `parts`. What stays is reported again.
    fn subtract_damage(&mut self, request: SubtractRequest) -> Outcome {
        let repair = match request.repair {
            0 => None,
            xid => Some(self.resources.region(xid)?.clone()),
        };
        if request.parts != 0 {
            self.resources.region(request.parts)?;
        }
        let damage = self.resources.damage_mut(request.damage)?;
        let taken = match &repair {
            None => std::mem::take(&mut damage.region),
            Some(repair) => {
                let taken = damage.region.intersection(repair);
                repair.areas().iter().for_each(|&area| damage.region.remove(area));
                taken
            }
        };
        let (drawable, level) = (damage.drawable, damage.level);
        let left = (!damage.region.is_empty()).then(|| damage.region.extents());
        if request.parts != 0 {
            *self.resources.region_mut(request.parts)? = taken;
        }
        if let Some(area) = left {
            self.tell_damage(request.damage, drawable, level, area);
        }
        Ok(())
    }

    /// Tells the damages of a drawable that a part of it has changed.
    pub(super) fn report_damage(&mut self, drawable: u32, area: Area) {
        if area.is_empty() {
            return;
        }
        for (xid, level, extents, first) in self.resources.damage_area(drawable, area) {
            match level {
                ReportLevel::NON_EMPTY if !first => {}
                ReportLevel::RAW_RECTANGLES | ReportLevel::DELTA_RECTANGLES => {
                    self.tell_damage(xid, drawable, level, area);
                }
                _ => self.tell_damage(xid, drawable, level, extents),
            }
        }
    }

    fn tell_damage(&mut self, xid: u32, drawable: u32, level: ReportLevel, area: Area) {
        let Ok(surface) = self.resources.drawable(drawable) else {
            return;
        };
        let (x, y) = self
            .resources
            .window(drawable)
            .map_or((0, 0), |window| (window.x, window.y));
        let event = NotifyEvent {
            response_type: Extension::Damage.information().first_event + damage::NOTIFY_EVENT,
            level,
            sequence: 0,
            drawable,
            damage: xid,
            timestamp: self.presents.milliseconds(),
            area: area.into(),
            geometry: surface.bounds().moved(x.into(), y.into()).into(),
        };
        self.event(ClientId::of(xid), &event);
    }

    pub(super) fn composite(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::CompositeQueryVersion(request) => {
                let wanted = (request.client_major_version, request.client_minor_version);
                let (major_version, minor_version) =
                    self.script.extensions.agreed(Extension::Composite, wanted);
                let reply = composite::QueryVersionReply {
                    major_version,
                    minor_version,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::CompositeRedirectWindow(request) => self.redirect(request.window, true),
            Request::CompositeUnredirectWindow(request) => self.redirect(request.window, false),
            Request::CompositeRedirectSubwindows(request) => self.redirect_children(request.window, true),
            Request::CompositeUnredirectSubwindows(request) => self.redirect_children(request.window, false),
            Request::CompositeNameWindowPixmap(request) => {
                let window = self.resources.window(request.window)?;
                if !window.redirected || !self.is_viewable(request.window) {
                    return Err(ErrorCode::Match.at(request.window));
                }
                let surface = Rc::clone(&window.surface);
                self.resources.add(id, request.pixmap, Resource::Pixmap(surface))
            }
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn redirect(&mut self, window: u32, redirected: bool) -> Outcome {
        self.resources.window_mut(window)?.redirected = redirected;
        Ok(())
    }

    fn redirect_children(&mut self, window: u32, redirected: bool) -> Outcome {
        let parent = self.resources.window_mut(window)?;
        parent.redirects_children = redirected;
        for child in parent.children.clone() {
            self.redirect(child, redirected)?;
        }
        Ok(())
    }

    pub(super) fn randr(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        let Request::RandrQueryVersion(request) = request else {
            return Err(ErrorCode::Request.into());
        };
        let wanted = (request.major_version, request.minor_version);
        let (major_version, minor_version) = self.script.extensions.agreed(Extension::Randr, wanted);
        let reply = randr::QueryVersionReply {
            major_version,
            minor_version,
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }
}
