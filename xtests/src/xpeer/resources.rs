//! What has an XID: one table for all clients.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use x11rb_protocol::protocol::{
    damage::ReportLevel,
    present,
    xproto::{EventMask, VisualClass, Visualid},
};

use super::{
    error::{ErrorCode, RequestError},
    fence::SharedFence,
    memory::Memory,
    present::Showing,
    region::{Area, Region},
    surface::Surface,
};

/// A client, by the number that its XIDs begin with. 0 is the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientId(pub(super) u32);

impl ClientId {
    /// The bits of an XID that a client chooses.
    pub(super) const MASK: u32 = (1 << 21) - 1;
    pub(super) const SERVER: Self = Self(0);

    pub(super) const fn base(self) -> u32 {
        self.0 << 21
    }

    pub(super) const fn of(xid: u32) -> Self {
        Self(xid >> 21)
    }
}

/// A property of a window.
#[derive(Debug, Clone)]
pub(super) struct Property {
    pub(super) kind: u32,
    /// Bits of an element: 8, 16 or 32.
    pub(super) format: u8,
    pub(super) data: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Window {
    pub(super) parent: u32,
    /// From the bottom up.
    pub(super) children: Vec<u32>,
    pub(super) x: i16,
    pub(super) y: i16,
    pub(super) border: u16,
    pub(super) visual: Visualid,
    pub(super) surface: Rc<Surface>,
    pub(super) background: u32,
    pub(super) mapped: bool,
    pub(super) override_redirect: bool,
    pub(super) masks: BTreeMap<ClientId, EventMask>,
    pub(super) properties: BTreeMap<u32, Property>,
    /// Redirected to memory that can be named.
    pub(super) redirected: bool,
    /// The same for its children.
    pub(super) redirects_children: bool,
    /// What is on the screen and given back when it is replaced.
    pub(super) showing: Option<Showing>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gc {
    pub(super) foreground: u32,
    pub(super) silent: bool,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) memory: Rc<Memory>,
    pub(super) read_only: bool,
}

#[derive(Debug)]
pub(super) struct Damage {
    pub(super) drawable: u32,
    pub(super) level: ReportLevel,
    pub(super) region: Region,
}

/// A wish for events of Present.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection {
    pub(super) window: u32,
    pub(super) mask: present::EventMask,
}

#[derive(Debug)]
pub(super) enum Resource {
    Window(Box<Window>),
    Pixmap(Rc<Surface>),
    Gc(Gc),
    Segment(Segment),
    Region(Region),
    Fence(SharedFence),
    Syncobj(Rc<Memory>),
    Damage(Damage),
    Selection(Selection),
}

/// How many XIDs of each kind are in use. The root window and selections of Present are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Windows.
    pub windows: usize,
    /// Pixmaps.
    pub pixmaps: usize,
    /// Graphics contexts.
    pub gcs: usize,
    /// Segments of MIT-SHM.
    pub segments: usize,
    /// Regions of XFIXES.
    pub regions: usize,
    /// Fences of SYNC.
    pub fences: usize,
    /// Synchronisation objects of DRI3.
    pub syncobjs: usize,
    /// Damages.
    pub damages: usize,
    /// Descriptors of clients that the peer holds, those that no request has taken among them.
    pub fds: usize,
}

#[derive(Debug, Default)]
pub(super) struct Resources {
    table: BTreeMap<u32, Resource>,
    /// XIDs of clients that never came to be or that were ended by others: errors about them are nobody's fault.
    graves: BTreeSet<u32>,
}

/// Makes the functions that find one kind of resource.
macro_rules! kind {
    ($get:ident, $get_mut:ident, $kind:ident, $type:ty) => {
        pub(super) fn $get(&self, xid: u32) -> Result<&$type, RequestError> {
            match self.table.get(&xid) {
                Some(Resource::$kind(found)) => Ok(found),
                _ => Err(ErrorCode::$kind.at(xid)),
            }
        }

        pub(super) fn $get_mut(&mut self, xid: u32) -> Result<&mut $type, RequestError> {
            match self.table.get_mut(&xid) {
                Some(Resource::$kind(found)) => Ok(found),
                _ => Err(ErrorCode::$kind.at(xid)),
            }
        }
    };
}

impl Resources {
    kind!(window, window_mut, Window, Window);
    kind!(gc, gc_mut, Gc, Gc);
    kind!(region, region_mut, Region, Region);
    kind!(damage, damage_mut, Damage, Damage);

    pub(super) fn pixmap(&self, xid: u32) -> Result<&Rc<Surface>, RequestError> {
        match self.table.get(&xid) {
            Some(Resource::Pixmap(surface)) => Ok(surface),
            _ => Err(ErrorCode::Pixmap.at(xid)),
        }
    }

    pub(super) fn segment(&self, xid: u32) -> Result<&Segment, RequestError> {
        match self.table.get(&xid) {
            Some(Resource::Segment(segment)) => Ok(segment),
            _ => Err(ErrorCode::Segment.at(xid)),
        }
    }

    pub(super) fn fence(&self, xid: u32) -> Result<&SharedFence, RequestError> {
        match self.table.get(&xid) {
            Some(Resource::Fence(fence)) => Ok(fence),
            _ => Err(ErrorCode::Fence.at(xid)),
        }
    }

    pub(super) fn syncobj(&self, xid: u32) -> Result<&Rc<Memory>, RequestError> {
        match self.table.get(&xid) {
            Some(Resource::Syncobj(syncobj)) => Ok(syncobj),
            _ => Err(ErrorCode::Syncobj.at(xid)),
        }
    }

    pub(super) fn selection(&self, xid: u32) -> Option<Selection> {
        match self.table.get(&xid) {
            Some(Resource::Selection(selection)) => Some(*selection),
            _ => None,
        }
    }

    /// The pixels of a window or pixmap.
    pub(super) fn drawable(&self, xid: u32) -> Result<Rc<Surface>, RequestError> {
        match self.table.get(&xid) {
            Some(Resource::Pixmap(surface)) => Ok(Rc::clone(surface)),
            Some(Resource::Window(window)) => Ok(Rc::clone(&window.surface)),
            _ => Err(ErrorCode::Drawable.at(xid)),
        }
    }

    pub(super) fn is_window(&self, xid: u32) -> bool {
        self.window(xid).is_ok()
    }

    /// Gives an XID of the client to a resource.
    pub(super) fn add(&mut self, client: ClientId, xid: u32, resource: Resource) -> Result<(), RequestError> {
        self.check_new(client, xid)?;
        self.graves.remove(&xid);
        self.table.insert(xid, resource);
        Ok(())
    }

    /// `BadIDChoice` unless the XID is the client's to give.
    pub(super) fn check_new(&self, client: ClientId, xid: u32) -> Result<(), RequestError> {
        if ClientId::of(xid) != client || self.table.contains_key(&xid) {
            return Err(ErrorCode::IdChoice.at(xid));
        }
        Ok(())
    }

    pub(super) fn insert_server(&mut self, xid: u32, resource: Resource) {
        self.table.insert(xid, resource);
    }

    pub(super) fn remove(&mut self, xid: u32) -> Option<Resource> {
        self.table.remove(&xid)
    }

    /// Marks an XID whose errors are nobody's fault.
    pub(super) fn bury(&mut self, xid: u32) {
        self.graves.insert(xid);
    }

    pub(super) fn is_buried(&self, xid: u32) -> bool {
        self.graves.contains(&xid)
    }

    /// The XIDs that a client owns.
    pub(super) fn owned_by(&self, client: ClientId) -> Vec<u32> {
        let first = client.base();
        self.table
            .range(first..=first | ClientId::MASK)
            .map(|(&xid, _)| xid)
            .collect()
    }

    /// Present's selections for a window that want `wanted`.
    pub(super) fn selections(&self, window: u32, wanted: present::EventMask) -> Vec<u32> {
        let selected = |resource: &Resource| match resource {
            Resource::Selection(s) => s.window == window && u32::from(s.mask) & u32::from(wanted) != 0,
            _ => false,
        };
        self.table
            .iter()
            .filter(|(_, r)| selected(r))
            .map(|(&xid, _)| xid)
            .collect()
    }

    /// Takes away what cannot be without its drawable: selections and damages. Their owners may not know it yet.
    pub(super) fn forget_drawable(&mut self, drawable: u32) {
        let depends = |resource: &Resource| match resource {
            Resource::Selection(selection) => selection.window == drawable,
            Resource::Damage(damage) => damage.drawable == drawable,
            _ => false,
        };
        let gone = self.table.extract_if(.., |_, resource| depends(resource));
        self.graves.extend(gone.map(|(xid, _)| xid));
    }

    /// Adds to the damages of a drawable; gives each with what is new in it.
    pub(super) fn damage_area(&mut self, drawable: u32, area: Area) -> Vec<(u32, ReportLevel, Area, bool)> {
        let mut reports = Vec::new();
        for (&xid, resource) in &mut self.table {
            if let Resource::Damage(damage) = resource
                && damage.drawable == drawable
            {
                let first = damage.region.is_empty();
                damage.region.add(area);
                reports.push((xid, damage.level, damage.region.extents(), first));
            }
        }
        reports
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let owned = self
            .table
            .iter()
            .filter(|(xid, _)| ClientId::of(**xid) != ClientId::SERVER);
        for (_, resource) in owned {
            let count = match resource {
                Resource::Window(_) => &mut counts.windows,
                Resource::Pixmap(_) => &mut counts.pixmaps,
                Resource::Gc(_) => &mut counts.gcs,
                Resource::Segment(_) => &mut counts.segments,
                Resource::Region(_) => &mut counts.regions,
                Resource::Fence(_) => &mut counts.fences,
                Resource::Syncobj(_) => &mut counts.syncobjs,
                Resource::Damage(_) => &mut counts.damages,
                Resource::Selection(_) => continue,
            };
            *count += 1;
        }
        counts
    }
}

/// The class of all visuals here.
pub(super) const VISUAL_CLASS: VisualClass = VisualClass::TRUE_COLOR;
