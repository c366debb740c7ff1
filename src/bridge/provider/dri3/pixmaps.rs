//! The pixmaps whose pictures are textures of the session, by their identifiers.

use std::{collections::HashMap, os::fd::OwnedFd};

use super::{
    super::ClientId,
    codec::{BufferReply, Geometry},
    helper::{Follower, Memory},
    session::{Picture, Texture},
};
use crate::{
    pipe::resource::ExportLayout,
    x11::{AttachedSegment, Region},
};

/// Pixmaps of a client at most.
const MAX_PIXMAPS: usize = 4096;
/// Bytes of a pixel: depths 24 and 32 are all that is taken.
pub(crate) const PIXEL_BYTES: u32 = 4;

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
        .is_multiple_of(PIXEL_BYTES)
        .then_some(layout.stride / PIXEL_BYTES);
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
    Ours(Backing),
    /// The server's own, which another pixmap follows.
    Followed { backing: Backing, follower: Follower },
}

impl Place {
    pub(crate) fn backing(&self) -> &Backing {
        match self {
            Self::Ours(backing) | Self::Followed { backing, .. } => backing,
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
}

impl Pixmap {
    /// How its buffer is described to clients, who find the texture by the file and know how its rows lie in theirs.
    pub(crate) fn describe(&self) -> BufferReply {
        let Geometry { width, height, depth } = self.geometry;
        let size = self.place.backing().layout().size;
        BufferReply {
            width,
            height,
            depth,
            bpp: 32,
            stride: u32::from(width) * PIXEL_BYTES,
            size: u32::try_from(size).unwrap_or(u32::MAX),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Pixmaps {
    known: HashMap<u32, Pixmap>,
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

    /// Whether a client may have one more.
    pub(crate) fn has_room(&self, owner: ClientId) -> bool {
        self.known.values().filter(|pixmap| pixmap.owner == owner).count() < MAX_PIXMAPS
    }

    /// Adds one; another one of this identifier must have been freed.
    pub(crate) fn add(&mut self, id: u32, pixmap: Pixmap) {
        self.remove(id);
        if let Place::Followed { follower, .. } = &pixmap.place {
            self.damages.insert(follower.damage(), id);
        }
        self.known.insert(id, pixmap);
    }

    /// Forgets one that was freed, or never made. The server keeps the memory as long as it needs it.
    pub(crate) fn remove(&mut self, id: u32) {
        if let Some(pixmap) = self.known.remove(&id)
            && let Place::Followed { follower, .. } = &pixmap.place
        {
            self.damages.remove(&follower.damage());
        }
    }

    /// Forgets those of a client that is gone.
    pub(crate) fn leave(&mut self, owner: ClientId) {
        let gone = self.known.iter().filter(|(_, pixmap)| pixmap.owner == owner);
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.remove(id);
        }
    }

    /// The pixmap that follows the one which this damage object watches.
    pub(crate) fn follower(&self, damage: u32) -> Option<&Follower> {
        match &self.known.get(self.damages.get(&damage)?)?.place {
            Place::Followed { follower, .. } => Some(follower),
            Place::Ours(_) => None,
        }
    }

    /// Whether pixmaps of this client are followed.
    pub(crate) fn follows(&self, owner: ClientId) -> bool {
        let mut followed =
            (self.known.values()).filter(|pixmap| matches!(pixmap.place, Place::Followed { .. }));
        followed.any(|pixmap| pixmap.owner == owner)
    }
}
