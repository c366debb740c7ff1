//! The pixmaps whose pictures are textures of the session, by their identifiers.

use std::{collections::HashMap, os::fd::OwnedFd};

use x11rb::protocol::xproto::Rectangle;

use super::{
    super::ClientId,
    codec::{BufferReply, Geometry},
    helper::{Follower, Memory},
    session::{Picture, Texture},
};
use crate::{
    pipe::resource::{ExportLayout, Placement},
    x11::{Areas, AttachedSegment, Damage, Region},
};

/// Pixmaps of a client at most.
const MAX_PIXMAPS: usize = 4096;
/// Pixmaps of all clients that are remembered as the server's own, at most. To others nothing goes back that GL draws.
const MAX_PLAIN: usize = 1 << 16;
/// Bytes that the server's rows are a multiple of.
const ROW_UNIT: u32 = 4;

/// Bytes of a pixel of depth 16, 24 or 32, which are all that is taken.
pub(crate) const fn pixel_bytes(depth: u8) -> u32 {
    if depth == 16 { 2 } else { 4 }
}

/// A picture that the server has, too.
#[derive(Debug)]
pub(crate) struct Backing {
    picture: Picture,
    /// The server's mapping; none for dmabufs, which its own DRI3 takes.
    segment: Option<AttachedSegment>,
    /// The part that is not padding, if there is padding.
    region: Option<Region>,
}

impl Backing {
    pub(crate) fn new(picture: Picture, segment: Option<AttachedSegment>, region: Option<Region>) -> Self {
        Self {
            picture,
            segment,
            region,
        }
    }

    pub(crate) fn texture(&self) -> &Texture {
        &self.picture.texture
    }

    pub(crate) fn file(&self) -> &OwnedFd {
        &self.picture.file
    }

    pub(crate) fn layout(&self) -> ExportLayout {
        self.picture.layout
    }

    /// The region to show of it where the client names none; 0 if it has no padding.
    pub(crate) fn region(&self) -> u32 {
        self.region.as_ref().map_or(0, Region::id)
    }

    /// What a pixmap of this depth is made of; `None` for dmabufs.
    pub(crate) fn memory(&self, depth: u8) -> Option<Memory<'_>> {
        let layout = self.layout();
        Some(Memory {
            segment: self.segment.as_ref()?,
            offset: layout.offset,
            padded: padded(layout, depth)?,
        })
    }
}

/// The size with which rows are as long as they are in memory; `None` if no pixmap has it.
pub(crate) fn padded(layout: ExportLayout, depth: u8) -> Option<Geometry> {
    let whole = layout
        .stride
        .is_multiple_of(ROW_UNIT)
        .then_some(layout.stride / pixel_bytes(depth));
    Some(Geometry {
        width: whole.and_then(|width| u16::try_from(width).ok())?,
        height: u16::try_from(layout.height).ok()?,
        depth,
    })
}

/// Whose memory a pixmap has.
#[derive(Debug)]
pub(crate) enum Place {
    /// That of the picture.
    Ours {
        backing: Backing,
        /// Tells what the server draws, where the texture does not have it at once.
        watch: Option<Damage>,
    },
    /// The server's own, which another pixmap follows.
    Followed {
        backing: Backing,
        follower: Follower,
        /// Whether what GL draws to that pixmap goes to the server's, too.
        both_ways: bool,
    },
}

impl Place {
    /// The damage object by which the server tells what it draws.
    fn damage(&self) -> Option<u32> {
        match self {
            Self::Ours { watch, .. } => watch.as_ref().map(Damage::id),
            Self::Followed { follower, .. } => Some(follower.damage()),
        }
    }

    /// Whether what GL draws there is for nobody.
    pub(crate) fn is_for_gl_to_read(&self) -> bool {
        matches!(self, Self::Followed { both_ways: false, .. })
    }

    pub(crate) fn backing(&self) -> &Backing {
        match self {
            Self::Ours { backing, .. } | Self::Followed { backing, .. } => backing,
        }
    }
}

/// A pixmap.
#[derive(Debug)]
pub(crate) struct Pixmap {
    pub(crate) owner: ClientId,
    /// The size as its client knows it.
    pub(crate) geometry: Geometry,
    pub(crate) place: Place,
    /// Whether GL may have drawn to it: clients have its buffer.
    pub(crate) drawn_by_gl: bool,
    /// What the server drew and the texture does not have yet. Always empty for pictures that are drawn in place.
    changed: Areas,
}

impl Pixmap {
    pub(crate) fn new(owner: ClientId, geometry: Geometry, place: Place, drawn_by_gl: bool) -> Self {
        Self {
            owner,
            geometry,
            place,
            drawn_by_gl,
            changed: Areas::none((geometry.width, geometry.height)),
        }
    }

    /// Whether the texture has what the server draws only after an upload.
    pub(crate) fn is_copied(&self) -> bool {
        self.place.backing().layout().placement == Placement::Copied
    }

    /// Takes note of an area that the server draws to.
    pub(crate) fn change(&mut self, area: Rectangle) {
        if self.is_copied() {
            self.changed.add(area);
        }
    }

    /// Takes note that the server may have drawn all of it.
    pub(crate) fn change_all(&mut self) {
        let Geometry { width, height, .. } = self.geometry;
        self.change(Rectangle {
            x: 0,
            y: 0,
            width,
            height,
        });
    }

    /// Whether the server tells what it draws, and the texture has it only after an upload.
    pub(crate) fn lags(&self) -> bool {
        self.is_copied() && self.place.damage().is_some()
    }

    /// Takes what has to be uploaded to the texture.
    pub(crate) fn take_changed(&mut self) -> Areas {
        let none = Areas::none((self.geometry.width, self.geometry.height));
        std::mem::replace(&mut self.changed, none)
    }

    /// How its buffer is described to clients, who find the texture by the file and know how its rows lie in theirs.
    pub(crate) fn describe(&self) -> BufferReply {
        let Geometry { width, height, depth } = self.geometry;
        let size = self.place.backing().layout().size;
        BufferReply {
            width,
            height,
            depth,
            bpp: if depth == 16 { 16 } else { 32 },
            stride: u32::from(width) * pixel_bytes(depth),
            size: u32::try_from(size).unwrap_or(u32::MAX),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Pixmaps {
    known: HashMap<u32, Pixmap>,
    /// Those that clients have made as the server's own: nobody but clients draws to them.
    plain: HashMap<u32, ClientId>,
    /// The pixmap that a damage object tells of.
    damages: HashMap<u32, u32>,
}

impl Pixmaps {
    pub(crate) fn get(&self, id: u32) -> Option<&Pixmap> {
        self.known.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut Pixmap> {
        self.known.get_mut(&id)
    }

    /// Takes note of one that is the server's own.
    pub(crate) fn note(&mut self, id: u32, owner: ClientId) {
        if self.plain.len() < MAX_PLAIN {
            self.plain.insert(id, owner);
        }
    }

    /// Whether one is the server's own, and no window's.
    pub(crate) fn is_plain(&self, id: u32) -> bool {
        self.plain.contains_key(&id)
    }

    /// Whether one has a picture in the session, or may come to have one.
    pub(crate) fn may_be_drawn(&self, id: u32) -> bool {
        self.known.contains_key(&id) || self.is_plain(id)
    }

    /// Whether a client may have one more.
    pub(crate) fn has_room(&self, owner: ClientId) -> bool {
        self.known.values().filter(|pixmap| pixmap.owner == owner).count() < MAX_PIXMAPS
    }

    /// Adds one; another one of this identifier must have been freed.
    pub(crate) fn add(&mut self, id: u32, pixmap: Pixmap) {
        self.forget(id);
        self.damages
            .extend(pixmap.place.damage().map(|damage| (damage, id)));
        self.known.insert(id, pixmap);
    }

    /// Forgets one that was freed, or never made. The server keeps the memory as long as it needs it.
    pub(crate) fn remove(&mut self, id: u32) {
        self.plain.remove(&id);
        self.forget(id);
    }

    fn forget(&mut self, id: u32) {
        let pixmap = self.known.remove(&id);
        if let Some(damage) = pixmap.and_then(|pixmap| pixmap.place.damage()) {
            self.damages.remove(&damage);
        }
    }

    /// Forgets those of a client that is gone.
    pub(crate) fn leave(&mut self, owner: ClientId) {
        let gone = self.known.iter().filter(|(_, pixmap)| pixmap.owner == owner);
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.forget(id);
        }
        self.plain.retain(|_, other| *other != owner);
    }

    /// The pixmap that a damage object watches.
    pub(crate) fn watched(&mut self, damage: u32) -> Option<&mut Pixmap> {
        self.known.get_mut(self.damages.get(&damage)?)
    }

    /// Begins to watch a pixmap, all of which the server may have drawn before.
    pub(crate) fn watch(&mut self, id: u32, damage: Damage) {
        if let Some(pixmap) = self.known.get_mut(&id)
            && let Place::Ours { watch, .. } = &mut pixmap.place
        {
            self.damages.insert(damage.id(), id);
            *watch = Some(damage);
            pixmap.change_all();
        }
    }

    /// Whether textures of this client lag behind what the server draws.
    pub(crate) fn lags(&self, owner: ClientId) -> bool {
        let mut watched = self
            .known
            .values()
            .filter(|pixmap| pixmap.place.damage().is_some());
        watched.any(|pixmap| pixmap.owner == owner)
    }

    /// Takes what has to be uploaded to the textures of a client.
    pub(crate) fn take_changed(&mut self, owner: ClientId) -> impl Iterator<Item = (&Texture, Areas)> {
        let changed = (self.known.values_mut())
            .filter(move |pixmap| pixmap.owner == owner && !pixmap.changed.is_empty());
        changed.map(|pixmap| {
            let areas = pixmap.take_changed();
            (pixmap.place.backing().texture(), areas)
        })
    }
}
