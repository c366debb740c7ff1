//! Resources as the executor holds them: description and host storage.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeSet,
};

use super::{Count, GuestMemory, InPlace, PictureCopy, ResourceDescription, ResourceShape};
use crate::{
    gl,
    pipe::{
        format::{FormatInfo, HostFormat, Kind},
        wire::virgl::{
            command::{Box3, ResourceId},
            enums::TextureTarget,
        },
    },
};

/// A resource, which several connections may know.
#[derive(Debug)]
pub struct Resource {
    /// Its id for the client that created it.
    pub id: ResourceId,
    /// What the client asked for.
    pub desc: ResourceDescription,
    /// Its checked sizes.
    pub shape: ResourceShape,
    /// What holds its contents.
    pub storage: Storage,
    /// What others have of a texture that is in GL's own memory.
    pub(super) copy: OnceCell<PictureCopy>,
    /// Numbers of the executors that it was ever attached to.
    pub users: RefCell<BTreeSet<u64>>,
}

/// What holds a resource's contents.
#[derive(Debug)]
pub enum Storage {
    /// The guest memory alone: staging buffers and query results.
    Guest(GuestMemory),
    /// A GL buffer.
    Buffer(gl::Buffer),
    /// A GL texture.
    Texture(HostTexture),
}

/// What the texels of a texture lie in.
#[derive(Debug)]
pub enum Backing {
    /// Memory that is GL's alone.
    Gl,
    /// Memory of ours that others attach.
    Memory(InPlace),
    /// A dmabuf of one plane.
    Dmabuf {
        /// What GL has of it.
        held: gl::GbmTexture,
        /// The memory, for others.
        plane: gl::Plane,
        /// Layout by its number in `drm_fourcc.h`.
        modifier: u64,
    },
}

/// A GL texture with immutable storage.
#[derive(Debug)]
pub struct HostTexture {
    /// The texture, or a view of all of it.
    pub texture: gl::Texture,
    /// What its texels lie in.
    pub backing: Backing,
    /// Held where the backing keeps a descriptor open.
    pub counted: Option<Count>,
    /// Target on the wire.
    pub target: TextureTarget,
    /// Target in GL; multisampled textures have targets of their own.
    pub gl_target: u32,
    /// The format.
    pub format: &'static FormatInfo,
    /// How the host stores it.
    pub host: HostFormat,
    /// Number of levels.
    pub levels: u32,
    /// Layers (faces of all cubes); 1 for 3D textures.
    pub layers: u32,
    /// Depth of level 0; 1 for all but 3D textures.
    pub depth: u32,
    /// Samples a texel; 1 without multisampling.
    pub samples: u32,
}

impl Resource {
    /// A resource that nobody but `user` has yet.
    pub fn new(
        id: ResourceId,
        desc: ResourceDescription,
        shape: ResourceShape,
        storage: Storage,
        user: u64,
    ) -> Self {
        Self {
            id,
            desc,
            shape,
            storage,
            copy: OnceCell::new(),
            users: RefCell::new(BTreeSet::from([user])),
        }
    }

    /// The GL buffer, if that is what holds it.
    pub fn buffer(&self) -> Option<&gl::Buffer> {
        match &self.storage {
            Storage::Buffer(buffer) => Some(buffer),
            _ => None,
        }
    }

    /// The GL texture, if that is what holds it.
    pub fn texture(&self) -> Option<&HostTexture> {
        match &self.storage {
            Storage::Texture(texture) => Some(texture),
            _ => None,
        }
    }
}

impl HostTexture {
    /// GL's target for a view of this texture as `target`; `None` if GL allows no such view.
    pub fn view_target(&self, target: TextureTarget) -> Option<u32> {
        use TextureTarget::*;
        if self.samples > 1 {
            return match target {
                D2 => Some(glow::TEXTURE_2D_MULTISAMPLE),
                D2Array => Some(glow::TEXTURE_2D_MULTISAMPLE_ARRAY),
                _ => None,
            };
        }
        let flat = |t| matches!(t, D2 | D2Array | Cube | CubeArray);
        let line = |t| matches!(t, D1 | D1Array);
        let allowed =
            target == self.target || flat(target) && flat(self.target) || line(target) && line(self.target);
        let enough = !matches!(target, Cube | CubeArray) || self.layers >= 6;
        (allowed && enough).then(|| gl_target(target, 1))
    }

    /// The internal format of a view that asks for `format`: its own if the two may alias, else that of the texture.
    pub fn view_internal(&self, format: &FormatInfo) -> u32 {
        let Some(host) = &format.host else {
            return self.host.internal;
        };
        let aliases = host.view_class().is_some() && host.view_class() == self.host.view_class();
        if aliases && !self.format.is_depth_or_stencil() {
            host.internal
        } else {
            self.host.internal
        }
    }

    /// The number of layers (or slices, for 3D) of a level.
    pub fn level_layers(&self, level: u32) -> u32 {
        match self.target {
            TextureTarget::D3 => self.depth.checked_shr(level).unwrap_or(0).max(1),
            _ => self.layers,
        }
    }

    /// Whether a single layer has to be named when it is attached to a framebuffer.
    pub fn is_layered(&self) -> bool {
        use TextureTarget::*;
        matches!(self.target, D3 | Cube | D1Array | D2Array | CubeArray)
    }

    /// A checked box as GL addresses it: layers of 1D arrays are rows.
    pub fn region(&self, level: u32, area: &Box3) -> gl::Region {
        let (mut y, mut z, mut h, mut d) = (area.y, area.z, area.h, area.d);
        if self.target == TextureTarget::D1Array {
            (y, h, z, d) = (z, d, 0, 1);
        }
        gl::Region {
            level,
            x: area.x,
            y,
            z,
            w: area.w,
            h,
            d,
        }
    }

    /// One texel of the wire's format in the order that GL's transfer type wants.
    pub fn texel_to_host(&self, bytes: [u8; 16]) -> [u8; 16] {
        let mut texel = bytes;
        if self.host.transfer == crate::pipe::format::Transfer::Depth24InLow24 {
            let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) << 8;
            texel[..4].copy_from_slice(&word.to_le_bytes());
        }
        texel
    }

    /// Whether texels are compressed in blocks.
    pub fn is_compressed(&self) -> bool {
        self.format.kind == Kind::Compressed
    }
}

/// GL's name for a texture target.
pub fn gl_target(target: TextureTarget, samples: u32) -> u32 {
    match (target, samples > 1) {
        (TextureTarget::Buffer, _) => glow::TEXTURE_BUFFER,
        (TextureTarget::D1, _) => glow::TEXTURE_1D,
        (TextureTarget::D2, false) => glow::TEXTURE_2D,
        (TextureTarget::D2, true) => glow::TEXTURE_2D_MULTISAMPLE,
        (TextureTarget::D3, _) => glow::TEXTURE_3D,
        (TextureTarget::Cube, _) => glow::TEXTURE_CUBE_MAP,
        (TextureTarget::Rect, _) => glow::TEXTURE_RECTANGLE,
        (TextureTarget::D1Array, _) => glow::TEXTURE_1D_ARRAY,
        (TextureTarget::D2Array, false) => glow::TEXTURE_2D_ARRAY,
        (TextureTarget::D2Array, true) => glow::TEXTURE_2D_MULTISAMPLE_ARRAY,
        (TextureTarget::CubeArray, _) => glow::TEXTURE_CUBE_MAP_ARRAY,
    }
}
