//! The events of Present.

use x11rb_protocol::protocol::{
    present::{
        COMPLETE_NOTIFY_EVENT, CONFIGURE_NOTIFY_EVENT, CompleteKind, CompleteMode, CompleteNotifyEvent,
        ConfigureNotifyEvent, EventMask, IDLE_NOTIFY_EVENT, IdleNotifyEvent,
    },
    xproto::GE_GENERIC_EVENT,
};

use super::{extension::Extension, resources::ClientId, server::Server};

/// The flag of `ConfigureNotify` that says that the window is destroyed.
const WINDOW_DESTROYED: u32 = 1;

impl Server {
    pub(super) fn tell_shown(&mut self, window: u32, serial: u32, mode: CompleteMode) {
        self.tell_complete(window, serial, CompleteKind::PIXMAP, mode);
    }

    pub(super) fn tell_notification(&mut self, window: u32, serial: u32) {
        self.tell_complete(window, serial, CompleteKind::NOTIFY_MSC, CompleteMode::COPY);
    }

    fn tell_complete(&mut self, window: u32, serial: u32, kind: CompleteKind, mode: CompleteMode) {
        let (msc, ust) = (self.told_msc(), self.presents.clock().ust());
        for event in self.resources.selections(window, EventMask::COMPLETE_NOTIFY) {
            let complete = CompleteNotifyEvent {
                response_type: GE_GENERIC_EVENT,
                extension: Extension::Present.information().major_opcode,
                sequence: 0,
                length: 0,
                event_type: COMPLETE_NOTIFY_EVENT,
                kind,
                mode,
                event,
                window,
                serial,
                ust,
                msc,
            };
            self.event(ClientId::of(event), &complete);
        }
    }

    pub(super) fn tell_idle(&mut self, window: u32, serial: u32, pixmap: u32, idle_fence: u32) {
        for event in self.resources.selections(window, EventMask::IDLE_NOTIFY) {
            let idle = IdleNotifyEvent {
                response_type: GE_GENERIC_EVENT,
                extension: Extension::Present.information().major_opcode,
                sequence: 0,
                length: 0,
                event_type: IDLE_NOTIFY_EVENT,
                event,
                window,
                serial,
                pixmap,
                idle_fence,
            };
            self.event(ClientId::of(event), &idle);
        }
    }

    pub(super) fn tell_configured(&mut self, window: u32, place: (i16, i16), size: (u16, u16)) {
        self.tell_place(window, place, size, 0);
    }

    pub(super) fn tell_destroyed(&mut self, window: u32) {
        if let Ok(found) = self.resources.window(window) {
            let layout = found.surface.layout();
            let place = (found.x, found.y);
            self.tell_place(window, place, (layout.width, layout.height), WINDOW_DESTROYED);
        }
    }

    fn tell_place(
        &mut self,
        window: u32,
        (x, y): (i16, i16),
        (width, height): (u16, u16),
        pixmap_flags: u32,
    ) {
        for event in self.resources.selections(window, EventMask::CONFIGURE_NOTIFY) {
            let configure = ConfigureNotifyEvent {
                response_type: GE_GENERIC_EVENT,
                extension: Extension::Present.information().major_opcode,
                sequence: 0,
                length: 0,
                event_type: CONFIGURE_NOTIFY_EVENT,
                event,
                window,
                x,
                y,
                width,
                height,
                off_x: 0,
                off_y: 0,
                pixmap_width: width,
                pixmap_height: height,
                pixmap_flags,
            };
            self.event(ClientId::of(event), &configure);
        }
    }
}
