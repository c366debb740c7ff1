//! The mapping that llvmpipe makes of memory of ours, taken over.
//!
//! llvmpipe unmaps such memory when its memory object goes, whether or not textures in it are still drawn to, and as
//! many bytes as the header in the memory says by then, which whoever else has the memory can write. So the page of
//! the header becomes a private one that tells llvmpipe to unmap nothing. When the texture goes, empty memory takes
//! the place of ours: what still draws there does no harm, and nothing remains but addresses.

use std::{
    ffi::c_void,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    ptr::NonNull,
};

use rustix::{
    fs::{major, minor},
    mm::{MapFlags, ProtFlags, mmap_anonymous},
};

use super::ReadBytes;

/// Where the mappings of this process are told: proc_pid_maps(5).
const MAPS: &str = "/proc/self/maps";

/// A driver's mapping of the whole of a file of ours.
#[derive(Debug)]
pub(super) struct DriverMapping {
    start: NonNull<c_void>,
    len: usize,
}

impl DriverMapping {
    /// Takes over the only mapping of a file, which a driver just made, and puts `header` where its first bytes are.
    /// The driver must neither unmap it nor map something else in its place as long as it finds this header there.
    pub(super) fn take_over<const N: usize>(file: &File, header: [u8; N]) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let missing = || io::Error::new(io::ErrorKind::NotFound, "GL's mapping is not in the list of all");
        let found = find(&fs::read_to_string(MAPS)?, &metadata).filter(|(_, len)| *len >= N);
        let (start, len) = found.ok_or_else(missing)?;
        let mapping = Self { start, len };
        mapping.empty(N)?;
        // SAFETY: the first bytes are private memory now, as many as the header has, and the driver reads them in the
        // calls of this thread only.
        unsafe { start.cast::<[u8; N]>().write(header) };
        Ok(mapping)
    }

    /// What others see too: the bytes from `start` on. `None` if the mapping ends before.
    pub(super) fn bytes_from(&self, start: usize) -> Option<ReadBytes<'_>> {
        // SAFETY: the mapping stays as it is, readable all over, until this is dropped; nothing makes references to it.
        let all = unsafe { ReadBytes::new(self.start.cast(), self.len) };
        all.get(start..self.len)
    }

    /// Puts empty private memory in the place of the first `len` bytes.
    fn empty(&self, len: usize) -> io::Result<()> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
        // SAFETY: the pages are the driver's mapping of our file, and stay mapped, readable and writable.
        unsafe { mmap_anonymous(self.start.as_ptr(), len, access, flags) }?;
        Ok(())
    }
}

impl Drop for DriverMapping {
    fn drop(&mut self) {
        if let Err(error) = self.empty(self.len) {
            tracing::error!("{} bytes of a texture's memory stay mapped: {error}", self.len);
        }
    }
}

/// The only mapping of the whole of a file in a list of mappings.
fn find(maps: &str, file: &fs::Metadata) -> Option<(NonNull<c_void>, usize)> {
    let device = format!("{:02x}:{:02x}", major(file.dev()), minor(file.dev()));
    let inode = file.ino().to_string();
    let mut found = maps.lines().filter_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let range = fields.next()?;
        let at = [fields.nth(1)?, fields.next()?, fields.next()?];
        (at == ["00000000", &device, &inode]).then_some(range)
    });
    let (start, end) = found.next()?.split_once('-')?;
    let (start, end) = (
        usize::from_str_radix(start, 16).ok()?,
        usize::from_str_radix(end, 16).ok()?,
    );
    let len = end.checked_sub(start)?;
    if found.next().is_some() || u64::try_from(len) != Ok(file.len()) {
        return None;
    }
    Some((NonNull::new(std::ptr::with_exposed_provenance_mut(start))?, len))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use rustix::mm::{mmap, munmap};

    use super::*;

    const PAGE: usize = 4096;

    fn memfd(pages: usize) -> File {
        let file = memfd::MemfdOptions::default()
            .create("mapped")
            .unwrap()
            .into_file();
        file.set_len((pages * PAGE) as u64).unwrap();
        file
    }

    /// As a driver maps it.
    fn map(file: &File, len: usize) -> NonNull<u8> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let start = unsafe { mmap(std::ptr::null_mut(), len, access, MapFlags::SHARED, file, 0) }.unwrap();
        NonNull::new(start.cast()).unwrap()
    }

    fn byte(start: NonNull<u8>, at: usize) -> u8 {
        // SAFETY: all tests look inside of their mappings.
        let address = unsafe { start.add(at) };
        // SAFETY: as above.
        unsafe { address.read_volatile() }
    }

    fn unmap(start: NonNull<u8>, len: usize) {
        // SAFETY: nothing refers to the mapping any more.
        unsafe { munmap(start.as_ptr().cast(), len) }.unwrap();
    }

    #[test]
    fn others_reach_the_pixels_but_not_the_header() {
        let file = memfd(3);
        let start = map(&file, 3 * PAGE);
        let mut header = [0; PAGE];
        header[0] = 7;
        let taken = DriverMapping::take_over(&file, header).unwrap();
        file.write_all_at(&[1; 3 * PAGE], 0).unwrap();
        assert_eq!([0, 1, PAGE, 3 * PAGE - 1].map(|at| byte(start, at)), [7, 0, 1, 1]);
        let shared = taken.bytes_from(PAGE).unwrap();
        assert_eq!(shared.to_vec(), vec![1; 2 * PAGE]);
        assert!(taken.bytes_from(3 * PAGE + 1).is_none());
        drop(taken);
        assert_eq!([0, PAGE, 3 * PAGE - 1].map(|at| byte(start, at)), [0; 3]);
        let mut kept = [0; 1];
        file.read_exact_at(&mut kept, PAGE as u64).unwrap();
        assert_eq!(kept, [1]);
        unmap(start, 3 * PAGE);
    }

    #[test]
    fn a_file_that_is_mapped_otherwise_is_left_alone() {
        let file = memfd(2);
        assert!(DriverMapping::take_over(&file, [0; PAGE]).is_err());
        let part = map(&file, PAGE);
        assert!(DriverMapping::take_over(&file, [0; PAGE]).is_err());
        let whole = map(&file, 2 * PAGE);
        assert!(DriverMapping::take_over(&file, [0; PAGE]).is_err());
        unmap(part, PAGE);
        unmap(whole, 2 * PAGE);
    }
}
