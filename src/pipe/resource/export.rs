//! What others may have of a resource: a file with its picture, and how the picture lies in it.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{SeekFrom, seek};

use super::{Backing, HostTexture, Resource, ResourceDescription, ResourceShape, bind};
use crate::{
    gl::{GlError, dmabuf},
    memory::{MemoryError, SharedMemory},
    pipe::{
        format::Format,
        wire::virgl::{command::Box3, enums::TextureTarget},
    },
};

/// Where the picture of a resource is for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// In a memfd that is the texture's own memory: what GL drew is there once it has finished.
    InPlace,
    /// In a dmabuf that is the texture's own memory.
    Dmabuf,
    /// In a memfd that is filled from the texture and read into it when somebody asks for that.
    Copied,
}

impl Placement {
    /// The name that options and reports have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::Dmabuf => "dmabuf",
            Self::Copied => "copied",
        }
    }
}

/// How the picture of a resource lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportLayout {
    /// Where it is.
    pub placement: Placement,
    /// Width in texels.
    pub width: u32,
    /// Height in texels.
    pub height: u32,
    /// The bytes of a texel by their code in `drm_fourcc.h`; 0 if there is none.
    pub fourcc: u32,
    /// Bytes from a row (of blocks) to the next.
    pub stride: u32,
    /// Bytes from the start of the file to the first row.
    pub offset: u32,
    /// Layout by its number in `drm_fourcc.h`.
    pub modifier: u64,
    /// The size of the file in bytes.
    pub size: u64,
}

/// What others may have of a resource.
#[derive(Debug)]
pub struct Exported<S> {
    /// The resource, for other renderers of the group.
    pub shared: S,
    /// The file; the same each time, by device and inode.
    pub file: OwnedFd,
    /// How the picture lies in it.
    pub layout: ExportLayout,
}

/// Why others cannot have a resource.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It is no single picture.
    #[error("resource {id} is shared with nobody: it is no 2D texture of one level, layer and sample")]
    Kind {
        /// Its id.
        id: u32,
    },
    /// Offsets that nobody can be told.
    #[error("rows of {stride} bytes are too long to be shared")]
    Stride {
        /// Bytes from a row to the next.
        stride: u64,
    },
    /// The kernel gave no memory for a copy.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// No descriptor for others.
    #[error(transparent)]
    Gl(#[from] GlError),
}

/// The memory of a picture that is copied.
#[derive(Debug)]
pub struct PictureCopy {
    memory: SharedMemory,
    file: OwnedFd,
}

impl PictureCopy {
    fn new(bytes: u64) -> Result<Self, MemoryError> {
        let (memory, file) = SharedMemory::create("picture", bytes)?;
        Ok(Self { memory, file })
    }

    /// The picture; rows follow each other without padding.
    pub fn memory(&self) -> &SharedMemory {
        &self.memory
    }
}

/// Whether a resource is a picture that clients show or share, of a format whose texels are those of windows: four
/// channels, a byte each. Its host storage is such that others can have it from the beginning.
pub fn is_window_picture(desc: &ResourceDescription, shape: &ResourceShape) -> bool {
    const SHOWN: u32 = bind::SCANOUT | bind::SHARED | bind::DISPLAY_TARGET;
    let single = (shape.target(), shape.levels(), shape.samples()) == (TextureTarget::D2, 1, 1);
    single && desc.bind & SHOWN != 0 && window_fourcc(desc.format).is_some()
}

/// DRM's code for formats of four channels, a byte each, as they lie in memory.
pub fn window_fourcc(format: Format) -> Option<u32> {
    Some(u32::from_le_bytes(*match format {
        Format::B8G8R8A8_UNORM | Format::B8G8R8A8_SRGB => b"AR24",
        Format::B8G8R8X8_UNORM | Format::B8G8R8X8_SRGB => b"XR24",
        Format::R8G8B8A8_UNORM | Format::R8G8B8A8_SRGB => b"AB24",
        Format::R8G8B8X8_UNORM | Format::R8G8B8X8_SRGB => b"XB24",
        _ => return None,
    }))
}

/// DRM's code for the bytes of a format as they lie in memory; 0 if it has none.
fn fourcc(format: Format) -> u32 {
    let other = match format {
        Format::B5G6R5_UNORM => b"RG16",
        Format::B10G10R10A2_UNORM => b"AR30",
        Format::B10G10R10X2_UNORM => b"XR30",
        Format::R10G10B10A2_UNORM => b"AB30",
        _ => &[0; 4],
    };
    window_fourcc(format).unwrap_or(u32::from_le_bytes(*other))
}

impl Resource {
    /// The file with the picture, and how it lies there. Makes the memory of a copy if there is no other.
    ///
    /// # Errors
    /// If the resource is no single picture, or there is no memory for a copy.
    pub fn export(&self) -> Result<(OwnedFd, ExportLayout), ExportError> {
        let texture = self.picture()?;
        let layout = ExportLayout {
            placement: Placement::InPlace,
            width: self.desc.width,
            height: self.desc.height.max(1),
            fourcc: fourcc(self.desc.format),
            stride: 0,
            offset: 0,
            modifier: dmabuf::LINEAR,
            size: 0,
        };
        match &texture.backing {
            Backing::Memory(picture) => {
                let layout = ExportLayout {
                    stride: picture.stride(),
                    offset: picture.data_offset(),
                    size: picture.size(),
                    ..layout
                };
                Ok((duplicate(picture.memfd())?, layout))
            }
            Backing::Dmabuf { plane, modifier, .. } => {
                let end = u64::from(plane.offset) + u64::from(plane.stride) * u64::from(layout.height);
                let layout = ExportLayout {
                    placement: Placement::Dmabuf,
                    stride: plane.stride,
                    offset: plane.offset,
                    modifier: *modifier,
                    size: seek(&plane.fd, SeekFrom::End(0)).unwrap_or(end),
                    ..layout
                };
                Ok((duplicate(&plane.fd)?, layout))
            }
            Backing::Gl => {
                let stride = self.shape.level_stride(0);
                let layout = ExportLayout {
                    placement: Placement::Copied,
                    stride: u32::try_from(stride).map_err(|_| ExportError::Stride { stride })?,
                    size: self.shape.total_size(),
                    ..layout
                };
                Ok((duplicate(&self.copy()?.file)?, layout))
            }
        }
    }

    /// The memory of the copy, if that is what others have.
    pub fn exported_copy(&self) -> Option<&PictureCopy> {
        self.copy.get()
    }

    /// The texture, if it is a single picture.
    fn picture(&self) -> Result<&HostTexture, ExportError> {
        let flat = matches!(self.shape.target(), TextureTarget::D2 | TextureTarget::Rect);
        let single = flat && self.shape.levels() == 1 && self.shape.samples() == 1;
        let texture = self.texture().filter(|_| single);
        texture.ok_or(ExportError::Kind { id: self.id.0 })
    }

    fn copy(&self) -> Result<&PictureCopy, ExportError> {
        if let Some(copy) = self.copy.get() {
            return Ok(copy);
        }
        let copy = PictureCopy::new(self.shape.total_size())?;
        Ok(self.copy.get_or_init(|| copy))
    }

    /// All of level 0.
    pub fn whole(&self) -> Box3 {
        let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        let extent = self.shape.extent(0);
        Box3 {
            x: 0,
            y: 0,
            z: 0,
            w: side(extent.width),
            h: side(extent.height),
            d: side(extent.layers),
        }
    }
}

fn duplicate(fd: impl AsFd) -> Result<OwnedFd, GlError> {
    let fd = fd.as_fd();
    fd.try_clone_to_owned().map_err(GlError::Descriptor)
}
