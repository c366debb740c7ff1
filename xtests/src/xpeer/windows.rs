//! Windows: their tree, their attributes and geometry, and the events about them.
//!
//! Each window has pixels of its own, as if all of them were redirected. So what a client draws can be looked at whether
//! other windows lie above or not, and the root window does not show its children.

use std::{collections::BTreeMap, rc::Rc};

use x11rb_protocol::protocol::{
    Request,
    xproto::{
        BackingStore, CONFIGURE_NOTIFY_EVENT, CREATE_NOTIFY_EVENT, ChangeWindowAttributesRequest,
        ConfigureNotifyEvent, ConfigureWindowRequest, CreateNotifyEvent, CreateWindowRequest,
        DESTROY_NOTIFY_EVENT, DestroyNotifyEvent, EXPOSE_EVENT, EventMask, ExposeEvent, GetGeometryReply,
        GetWindowAttributesReply, Gravity, MAP_NOTIFY_EVENT, MapNotifyEvent, MapState, QueryTreeReply,
        UNMAP_NOTIFY_EVENT, UnmapNotifyEvent, WindowClass,
    },
};

use super::{
    error::{ErrorCode, Outcome, RequestError},
    resources::{ClientId, Resource, Window},
    server::Server,
    setup::{COLORMAP, ROOT, visual_depth},
    surface::Surface,
};

/// How deep windows may lie in each other: they are destroyed by recursion.
const DEEPEST: usize = 64;

impl Server {
    pub(super) fn windows(&mut self, id: ClientId, request: Request<'_>) -> Outcome {
        match request {
            Request::CreateWindow(request) => self.create_window(id, &request),
            Request::ChangeWindowAttributes(request) => self.change_attributes(id, &request),
            Request::GetWindowAttributes(request) => self.get_attributes(id, request.window),
            Request::DestroyWindow(request) => {
                self.resources.window(request.window)?;
                if request.window != ROOT {
                    self.destroy_window(request.window, id);
                }
                Ok(())
            }
            Request::MapWindow(request) => self.map_window(request.window),
            Request::UnmapWindow(request) => self.unmap_window(request.window),
            Request::ConfigureWindow(request) => self.configure_window(&request),
            Request::GetGeometry(request) => self.get_geometry(id, request.drawable),
            Request::QueryTree(request) => self.query_tree(id, request.window),
            _ => Err(ErrorCode::Request.into()),
        }
    }

    fn create_window(&mut self, id: ClientId, request: &CreateWindowRequest<'_>) -> Outcome {
        let parent = self.resources.window(request.parent)?;
        let from_parent = |value| if value == 0 { None } else { Some(value) };
        let visual = from_parent(request.visual).unwrap_or(parent.visual);
        let depth = match (request.class, from_parent(request.depth.into())) {
            (WindowClass::INPUT_ONLY, _) => parent.surface.depth(),
            (_, Some(depth)) => u8::try_from(depth).map_err(|_| ErrorCode::Match)?,
            (_, None) => parent.surface.depth(),
        };
        if visual_depth(visual) != Some(depth) {
            return Err(ErrorCode::Match.into());
        }
        if request.width == 0 || request.height == 0 {
            return Err(ErrorCode::Value.into());
        }
        if self.ancestors(request.parent).count() > DEEPEST {
            return Err(ErrorCode::Alloc.into());
        }
        let values = &request.value_list;
        let window = Window {
            parent: request.parent,
            children: Vec::new(),
            x: request.x,
            y: request.y,
            border: request.border_width,
            visual,
            surface: Rc::new(Surface::new(request.width, request.height, depth)?),
            background: values.background_pixel.unwrap_or(0),
            mapped: false,
            override_redirect: values.override_redirect.is_some_and(|value| value != 0),
            masks: BTreeMap::from_iter(values.event_mask.map(|mask| (id, mask))),
            properties: BTreeMap::new(),
            redirected: parent.redirects_children,
            redirects_children: false,
            showing: None,
        };
        self.paint_background(&window)?;
        let event = created(request, window.override_redirect);
        self.resources
            .add(id, request.wid, Resource::Window(Box::new(window)))?;
        self.resources
            .window_mut(request.parent)?
            .children
            .push(request.wid);
        for client in self.selecting(request.parent, EventMask::SUBSTRUCTURE_NOTIFY) {
            self.event(client, &event);
        }
        Ok(())
    }

    fn paint_background(&self, window: &Window) -> Outcome {
        let painted = window.surface.fill(window.surface.bounds(), window.background);
        painted.map_err(|_| ErrorCode::Alloc.into())
    }

    fn change_attributes(&mut self, id: ClientId, request: &ChangeWindowAttributesRequest<'_>) -> Outcome {
        let window = self.resources.window_mut(request.window)?;
        let values = &request.value_list;
        if let Some(pixel) = values.background_pixel {
            window.background = pixel;
        }
        if let Some(value) = values.override_redirect {
            window.override_redirect = value != 0;
        }
        if let Some(mask) = values.event_mask {
            window.masks.insert(id, mask);
        }
        Ok(())
    }

    fn get_attributes(&mut self, id: ClientId, xid: u32) -> Outcome {
        let window = self.resources.window(xid)?;
        let all = window
            .masks
            .values()
            .fold(EventMask::NO_EVENT, |all, &mask| all | mask);
        let map_state = match (window.mapped, self.is_viewable(xid)) {
            (false, _) => MapState::UNMAPPED,
            (true, false) => MapState::UNVIEWABLE,
            (true, true) => MapState::VIEWABLE,
        };
        let reply = GetWindowAttributesReply {
            backing_store: BackingStore::NOT_USEFUL,
            sequence: 0,
            length: 0,
            visual: window.visual,
            class: WindowClass::INPUT_OUTPUT,
            bit_gravity: Gravity::BIT_FORGET,
            win_gravity: Gravity::NORTH_WEST,
            backing_planes: u32::MAX,
            backing_pixel: 0,
            save_under: false,
            map_is_installed: true,
            map_state,
            override_redirect: window.override_redirect,
            colormap: COLORMAP,
            all_event_masks: all,
            your_event_mask: window.masks.get(&id).copied().unwrap_or(EventMask::NO_EVENT),
            do_not_propagate_mask: EventMask::NO_EVENT,
        };
        self.reply(id, &reply);
        Ok(())
    }

    /// Whether a window and all above it are mapped.
    pub(super) fn is_viewable(&self, xid: u32) -> bool {
        self.resources.is_window(xid) && self.ancestors(xid).all(|window| window.mapped)
    }

    /// A window and those above it, up to the root.
    fn ancestors(&self, xid: u32) -> impl Iterator<Item = &Window> {
        std::iter::successors(self.resources.window(xid).ok(), |window| {
            self.resources.window(window.parent).ok()
        })
    }

    /// Destroys a window, its descendants first, with all that cannot be without them. If it is not its owner who does
    /// it, the owner is not to blame for errors about it.
    pub(super) fn destroy_window(&mut self, xid: u32, by: ClientId) {
        let Ok(window) = self.resources.window(xid) else {
            return;
        };
        let parent = window.parent;
        for child in window.children.clone() {
            self.destroy_window(child, by);
        }
        self.tell_structure(xid, parent, |event| DestroyNotifyEvent {
            response_type: DESTROY_NOTIFY_EVENT,
            sequence: 0,
            event,
            window: xid,
        });
        self.end_presenting(xid);
        self.resources.forget_drawable(xid);
        self.resources.remove(xid);
        if ClientId::of(xid) != by {
            self.resources.bury(xid);
        }
        if let Ok(parent) = self.resources.window_mut(parent) {
            parent.children.retain(|&child| child != xid);
        }
    }

    pub(super) fn map_window(&mut self, xid: u32) -> Outcome {
        let window = self.resources.window_mut(xid)?;
        if std::mem::replace(&mut window.mapped, true) {
            return Ok(());
        }
        let (parent, override_redirect) = (window.parent, window.override_redirect);
        let layout = window.surface.layout();
        self.tell_structure(xid, parent, |event| MapNotifyEvent {
            response_type: MAP_NOTIFY_EVENT,
            sequence: 0,
            event,
            window: xid,
            override_redirect,
        });
        let expose = ExposeEvent {
            response_type: EXPOSE_EVENT,
            sequence: 0,
            window: xid,
            x: 0,
            y: 0,
            width: layout.width,
            height: layout.height,
            count: 0,
        };
        for client in self.selecting(xid, EventMask::EXPOSURE) {
            self.event(client, &expose);
        }
        Ok(())
    }

    pub(super) fn unmap_window(&mut self, xid: u32) -> Outcome {
        let window = self.resources.window_mut(xid)?;
        if !std::mem::replace(&mut window.mapped, false) {
            return Ok(());
        }
        let parent = window.parent;
        self.tell_structure(xid, parent, |event| UnmapNotifyEvent {
            response_type: UNMAP_NOTIFY_EVENT,
            sequence: 0,
            event,
            window: xid,
            from_configure: false,
        });
        Ok(())
    }

    fn configure_window(&mut self, request: &ConfigureWindowRequest<'_>) -> Outcome {
        let window = self.resources.window(request.window)?;
        let layout = window.surface.layout();
        let values = &request.value_list;
        let length = |wanted: Option<u32>, now: u16| match wanted.map(u16::try_from) {
            None => Ok(now),
            Some(Ok(length @ 1..)) => Ok(length),
            Some(_) => Err(RequestError::from(ErrorCode::Value)),
        };
        let position = |wanted: Option<i32>, now: i16| wanted.map_or(now, |value| value as i16);
        let x = position(values.x, window.x);
        let y = position(values.y, window.y);
        let size = (
            length(values.width, layout.width)?,
            length(values.height, layout.height)?,
        );
        self.place_window(request.window, (x, y), size)
    }

    /// Gives a window a place and a size in pixels. A new size means new pixels, which have the background.
    pub(super) fn place_window(&mut self, xid: u32, (x, y): (i16, i16), size: (u16, u16)) -> Outcome {
        let window = self.resources.window_mut(xid)?;
        let layout = window.surface.layout();
        let (width, height) = size;
        (window.x, window.y) = (x, y);
        if size != (layout.width, layout.height) {
            let surface = Surface::new(width, height, layout.depth)?;
            surface
                .fill(surface.bounds(), window.background)
                .map_err(|_| ErrorCode::Alloc)?;
            window.surface = Rc::new(surface);
        }
        let (parent, border_width) = (window.parent, window.border);
        let override_redirect = window.override_redirect;
        self.tell_structure(xid, parent, |event| ConfigureNotifyEvent {
            response_type: CONFIGURE_NOTIFY_EVENT,
            sequence: 0,
            event,
            window: xid,
            above_sibling: 0,
            x,
            y,
            width,
            height,
            border_width,
            override_redirect,
        });
        self.tell_configured(xid, (x, y), size);
        Ok(())
    }

    fn get_geometry(&mut self, id: ClientId, xid: u32) -> Outcome {
        let surface = self.resources.drawable(xid)?;
        let layout = surface.layout();
        let (x, y, border_width) = self
            .resources
            .window(xid)
            .map_or((0, 0, 0), |w| (w.x, w.y, w.border));
        let reply = GetGeometryReply {
            depth: layout.depth,
            sequence: 0,
            length: 0,
            root: ROOT,
            x,
            y,
            width: layout.width,
            height: layout.height,
            border_width,
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn query_tree(&mut self, id: ClientId, xid: u32) -> Outcome {
        let window = self.resources.window(xid)?;
        if window.children.len() > usize::from(u16::MAX) {
            return Err(ErrorCode::Alloc.into());
        }
        let reply = QueryTreeReply {
            root: ROOT,
            parent: window.parent,
            children: window.children.clone(),
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    /// The clients that select an event of a window.
    pub(super) fn selecting(&self, window: u32, wanted: EventMask) -> Vec<ClientId> {
        let masks = self.resources.window(window).map(|window| &window.masks);
        let selected = masks
            .into_iter()
            .flatten()
            .filter(|(_, mask)| mask.contains(wanted));
        selected.map(|(&client, _)| client).collect()
    }

    /// Tells those that watch a window, and those that watch its parent.
    fn tell_structure<E: x11rb_protocol::x11_utils::Serialize>(
        &mut self,
        window: u32,
        parent: u32,
        event: impl Fn(u32) -> E,
    ) {
        for (watched, mask) in [
            (window, EventMask::STRUCTURE_NOTIFY),
            (parent, EventMask::SUBSTRUCTURE_NOTIFY),
        ] {
            for client in self.selecting(watched, mask) {
                self.event(client, &event(watched));
            }
        }
    }
}

fn created(request: &CreateWindowRequest<'_>, override_redirect: bool) -> CreateNotifyEvent {
    CreateNotifyEvent {
        response_type: CREATE_NOTIFY_EVENT,
        sequence: 0,
        parent: request.parent,
        window: request.wid,
        x: request.x,
        y: request.y,
        width: request.width,
        height: request.height,
        border_width: request.border_width,
        override_redirect,
    }
}
