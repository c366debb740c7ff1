//! Resources and the memory that the application sees of them.
//!
//! Asking where a resource can be mapped costs nothing: the place is its number. The session makes the memory and hands it
//! over when it is mapped, and no descriptor of it is kept: applications run out of those long before they run out of
//! resources.

use std::os::fd::OwnedFd;

use rustix::io::{self, Errno};

use super::{Context, Session, sharing::FileId};
use crate::wire::{Description, Exported, MEMORY_DWORDS, Placement, command, narrow, wide};

/// `VIRTGPU_BLOB_MEM_GUEST`.
const GUEST_BLOB: u32 = 1;
/// Where mappings begin: far behind what any file has, at a number of their own, at whole pages of every size.
const PLACES: u64 = 0x5042 << 48;
const PLACE_SHIFT: u32 = 16;

/// What is known of a resource.
pub(super) struct Resource {
    /// Bytes that the application counts on.
    pub(super) size: u32,
    pub(super) memory: Memory,
    /// Whether the session has memory for it.
    backing: Backing,
    /// The file that others may have of it, if that is known.
    pub(super) file: Option<FileId>,
}

/// What a resource shows when it is mapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// Guest memory, which transfers read and write.
    Guest,
    /// Guest memory that is all there is of it.
    Blob,
    /// The picture itself.
    Picture,
}

/// Whether there is guest memory yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backing {
    None,
    Made,
}

/// What is to be mapped.
pub(crate) struct Mapping {
    pub(crate) file: OwnedFd,
    /// Where it begins in the file, in bytes.
    pub(crate) offset: u64,
    /// How much there is from there on.
    pub(crate) size: u64,
}

/// What the application may ask of a resource.
pub(crate) struct Info {
    pub(crate) size: u32,
    pub(crate) blob_memory: u32,
}

/// A picture that a CPU draws.
pub(crate) struct Dumb {
    pub(crate) handle: u32,
    pub(crate) pitch: u32,
    pub(crate) size: u64,
}

/// The resource whose place a mapping's offset is.
pub(crate) fn handle_of(offset: u64) -> Option<u32> {
    let place = offset.wrapping_sub(PLACES) >> PLACE_SHIFT;
    (offset >> 48 == PLACES >> 48 && offset.trailing_zeros() >= PLACE_SHIFT).then_some(place as u32)
}

impl Session<'_> {
    /// Makes a resource. Whether the session can is not waited for.
    pub(crate) fn create(&mut self, description: &Description, size: u32) -> io::Result<u32> {
        self.make(description, size, Memory::Guest)
    }

    /// Makes a resource of guest memory alone.
    ///
    /// # Errors
    /// EINVAL for memory of the host, which is for those who can map a GPU's.
    pub(crate) fn create_blob(&mut self, memory: u32, size: u64) -> io::Result<u32> {
        let size = u32::try_from(size).map_err(|_| Errno::INVAL)?;
        if memory != GUEST_BLOB || size == 0 {
            return Err(Errno::INVAL);
        }
        self.make(&Description::guest_bytes(size), size, Memory::Blob)
    }

    /// Makes a picture whose rows a CPU can draw to.
    ///
    /// # Errors
    /// EOPNOTSUPP where the host keeps pictures elsewhere, or in another order.
    pub(crate) fn create_dumb(&mut self, width: u32, height: u32) -> io::Result<Dumb> {
        let handle = self.make(&Description::picture(width, height), 0, Memory::Picture)?;
        let made = self.picture(handle).and_then(|(_, exported)| {
            let size = u64::from(exported.stride) * u64::from(height);
            self.resource(handle)?.size = u32::try_from(size).map_err(|_| Errno::INVAL)?;
            Ok(Dumb {
                handle,
                pitch: exported.stride,
                size,
            })
        });
        if made.is_err() {
            // That error is the one to tell.
            let _ = self.close(handle);
        }
        made
    }

    fn make(&mut self, description: &Description, size: u32, memory: Memory) -> io::Result<u32> {
        self.objects.context = Context::Settled;
        let handle = self.new_handle()?;
        self.socket
            .request(command::RESOURCE_CREATE, &description.request(handle))?;
        self.keep(handle, size, memory, None);
        Ok(handle)
    }

    pub(super) fn keep(&mut self, handle: u32, size: u32, memory: Memory, file: Option<FileId>) {
        let resource = Resource {
            size,
            memory,
            backing: Backing::None,
            file,
        };
        self.objects.resources.insert(handle, resource);
    }

    pub(super) fn new_handle(&mut self) -> io::Result<u32> {
        let handle = self.objects.last_handle.checked_add(1).ok_or(Errno::NOSPC)?;
        self.objects.last_handle = handle;
        Ok(handle)
    }

    /// Gives a resource up.
    ///
    /// # Errors
    /// EINVAL if there is none.
    pub(crate) fn close(&mut self, handle: u32) -> io::Result<()> {
        let resource = self.objects.resources.remove(&handle).ok_or(Errno::INVAL)?;
        if let Some(file) = resource.file {
            self.objects.files.remove(&file);
        }
        self.socket.request(command::RESOURCE_UNREF, &[handle])
    }

    /// What is known of a resource.
    pub(crate) fn info(&mut self, handle: u32) -> io::Result<Info> {
        let resource = self.resource(handle)?;
        Ok(Info {
            size: resource.size,
            blob_memory: match resource.memory {
                Memory::Blob => GUEST_BLOB,
                Memory::Guest | Memory::Picture => 0,
            },
        })
    }

    /// The offset by which a resource is mapped.
    pub(crate) fn place(&mut self, handle: u32) -> io::Result<u64> {
        self.resource(handle)?;
        Ok(PLACES | u64::from(handle) << PLACE_SHIFT)
    }

    /// The memory to map for a resource.
    pub(crate) fn mapping(&mut self, handle: u32) -> io::Result<Mapping> {
        let Resource { size, memory, .. } = *self.resource(handle)?;
        if memory == Memory::Picture {
            let (file, exported) = self.picture(handle)?;
            let offset = u64::from(exported.offset);
            let size = exported.size.saturating_sub(offset);
            return Ok(Mapping { file, offset, size });
        }
        self.memory(handle, size)
    }

    /// Sees to it that there is guest memory for a transfer. Applications map what they have read only afterwards.
    ///
    /// # Errors
    /// ENOENT if there is no such resource; what the session says.
    pub(super) fn back(&mut self, handle: u32) -> io::Result<()> {
        match *self.resource(handle)? {
            Resource {
                size,
                backing: Backing::None,
                ..
            } => self.memory(handle, size).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn memory(&mut self, handle: u32, size: u32) -> io::Result<Mapping> {
        let [low, high] = narrow(size.into());
        self.socket
            .request(command::RESOURCE_MEMORY, &[handle, low, high])?;
        let [_status, low, high] = self.socket.verdict::<MEMORY_DWORDS>(command::RESOURCE_MEMORY)?;
        let file = self.socket.receive_fd()?;
        self.resource(handle)?.backing = Backing::Made;
        Ok(Mapping {
            file,
            offset: 0,
            size: wide(low, high),
        })
    }

    /// The file of a resource, if its bytes are the picture, row by row.
    fn picture(&mut self, handle: u32) -> io::Result<(OwnedFd, Exported)> {
        let (file, exported) = self.export(handle)?;
        match (exported.placement, exported.modifier) {
            (Placement::InPlace | Placement::Dmabuf, 0) => Ok((file, exported)),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    /// # Errors
    /// ENOENT if there is none.
    pub(super) fn resource(&mut self, handle: u32) -> io::Result<&mut Resource> {
        self.objects.resources.get_mut(&handle).ok_or(Errno::NOENT)
    }
}

#[cfg(test)]
mod tests {
    use super::{PLACE_SHIFT, PLACES, handle_of};

    #[test]
    fn an_offset_names_a_resource_if_it_is_its_place() {
        assert_eq!(handle_of(PLACES | 7 << PLACE_SHIFT), Some(7));
        assert_eq!(
            handle_of(PLACES | u64::from(u32::MAX) << PLACE_SHIFT),
            Some(u32::MAX)
        );
        assert_eq!(handle_of(PLACES | 7 << PLACE_SHIFT | 4096), None);
        assert_eq!(handle_of(0), None);
        assert_eq!(handle_of(7 << PLACE_SHIFT), None);
        assert_eq!(handle_of(u64::MAX << PLACE_SHIFT), None);
    }
}
