//! The arguments of ioctls: numbers, sizes, and the structures of `drm.h`, `virtgpu_drm.h` and `sync_file.h`.
//!
//! Structures grow at their ends. As in the kernel, the size in the request's number says how much the caller has: what it
//! lacks reads as 0, what we do not know is left alone.

use std::ptr;

use bytemuck::{Pod, Zeroable};
use libc::c_void;
use rustix::io::{self, Errno};

/// The first letter of a request's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Those of DRM, `'d'`.
    Drm,
    /// Those of sync files, `'>'`.
    SyncFile,
}

/// A request's number, taken apart as `asm-generic/ioctl.h` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The number within its family.
    pub(crate) number: u8,
    /// Bytes of the argument.
    size: usize,
    /// Whether the argument is read, and whether it is written.
    reads: bool,
    writes: bool,
}

impl Call {
    /// The call, if it is of a family that concerns us. This is asked for every ioctl of the process.
    pub(crate) fn of(request: u64) -> Option<(Family, Self)> {
        // Callers that have the number in an int extend its sign.
        let request = request as u32;
        let family = match (request >> 8) as u8 {
            b'd' => Family::Drm,
            b'>' => Family::SyncFile,
            _ => return None,
        };
        let call = Self {
            number: request as u8,
            size: (request >> 16) as usize & 0x3fff,
            reads: request >> 30 & 1 != 0,
            writes: request >> 31 != 0,
        };
        Some((family, call))
    }

    /// Lets `work` have the argument.
    ///
    /// # Errors
    /// EFAULT without an argument, and those of `work`. As in the kernel, the argument is written whatever the outcome.
    ///
    /// # Safety
    /// `argument` must be null or point to as many bytes as the request's number says, which nobody else uses meanwhile.
    pub(crate) unsafe fn with<A: Pod, R>(
        self,
        argument: *mut c_void,
        work: impl FnOnce(&mut A) -> io::Result<R>,
    ) -> io::Result<R> {
        if argument.is_null() {
            return Err(Errno::FAULT);
        }
        let mut value = A::zeroed();
        let size = self.size.min(size_of::<A>());
        if self.reads {
            let bytes = bytemuck::bytes_of_mut(&mut value).as_mut_ptr();
            // SAFETY: both are as large, and the caller's is not ours.
            unsafe { ptr::copy_nonoverlapping(argument.cast(), bytes, size) };
        }
        let outcome = work(&mut value);
        if self.writes {
            // SAFETY: both are as large, and the caller's is not ours.
            unsafe { ptr::copy_nonoverlapping(bytemuck::bytes_of(&value).as_ptr(), argument.cast(), size) };
        }
        outcome
    }
}

/// Structures without gaps whose fields may have any value.
macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name { $(pub(crate) $field: $type,)* }

        const _: () = {
            const fn any_value<T: Pod>() -> usize { size_of::<T>() }
            assert!(size_of::<$name>() == 0 $(+ any_value::<$type>())*);
        };
        // SAFETY: all fields are such types.
        unsafe impl Zeroable for $name {}
        // SAFETY: all fields are such types, and there is no gap between them: the sizes add up.
        unsafe impl Pod for $name {}
    )*};
}

arguments! {
    /// `drm_version`: lengths of places and where they are; the lengths of the texts are the answer.
    Version {
        major: i32,
        minor: i32,
        patch: i32,
        _gap: u32,
        name_length: u64,
        name: u64,
        date_length: u64,
        date: u64,
        description_length: u64,
        description: u64,
    }
    /// `drm_gem_close` and `drm_mode_destroy_dumb`.
    Close {
        handle: u32,
    }
    /// `drm_get_cap`.
    GetCap {
        capability: u64,
        value: u64,
    }
    /// `drm_prime_handle`.
    Prime {
        handle: u32,
        flags: u32,
        fd: i32,
    }
    /// `drm_mode_create_dumb`.
    CreateDumb {
        height: u32,
        width: u32,
        bits: u32,
        flags: u32,
        handle: u32,
        pitch: u32,
        size: u64,
    }
    /// `drm_mode_map_dumb`.
    MapDumb {
        handle: u32,
        _pad: u32,
        offset: u64,
    }
    /// `drm_virtgpu_map`.
    Map {
        offset: u64,
        handle: u32,
        _pad: u32,
    }
    /// `drm_virtgpu_execbuffer`.
    Execute {
        flags: u32,
        size: u32,
        commands: u64,
        _handles: u64,
        _handle_count: u32,
        fence: i32,
        ring: u32,
        _syncobj_stride: u32,
        in_syncobj_count: u32,
        out_syncobj_count: u32,
        _in_syncobjs: u64,
        _out_syncobjs: u64,
    }
    /// `drm_virtgpu_getparam` and `drm_virtgpu_context_set_param`.
    Parameter {
        parameter: u64,
        value: u64,
    }
    /// `drm_virtgpu_resource_create`.
    CreateResource {
        target: u32,
        format: u32,
        bind: u32,
        width: u32,
        height: u32,
        depth: u32,
        array_size: u32,
        last_level: u32,
        samples: u32,
        flags: u32,
        handle: u32,
        resource: u32,
        size: u32,
        _stride: u32,
    }
    /// `drm_virtgpu_resource_info`.
    ResourceInfo {
        handle: u32,
        resource: u32,
        size: u32,
        blob_memory: u32,
    }
    /// `drm_virtgpu_3d_transfer_to_host` and `drm_virtgpu_3d_transfer_from_host`.
    TransferArea {
        handle: u32,
        area: [u32; 6],
        level: u32,
        offset: u32,
        stride: u32,
        layer_stride: u32,
    }
    /// `drm_virtgpu_3d_wait`.
    Wait {
        handle: u32,
        flags: u32,
    }
    /// `drm_virtgpu_get_caps`.
    GetCaps {
        set: u32,
        _version: u32,
        address: u64,
        size: u32,
        _pad: u32,
    }
    /// `drm_virtgpu_resource_create_blob`.
    CreateBlob {
        memory: u32,
        flags: u32,
        handle: u32,
        resource: u32,
        size: u64,
        _pad: u32,
        command_size: u32,
        _command: u64,
        blob: u64,
    }
    /// `drm_virtgpu_context_init`.
    InitContext {
        parameter_count: u32,
        _pad: u32,
        parameters: u64,
    }
    /// `sync_merge_data`.
    MergeFences {
        name: [u8; 32],
        other: i32,
        merged: i32,
        flags: u32,
        _pad: u32,
    }
    /// `sync_file_info`.
    FenceInfo {
        name: [u8; 32],
        status: i32,
        flags: u32,
        fence_count: u32,
        _pad: u32,
        fences: u64,
    }
    /// `sync_fence_info`.
    OneFence {
        object: [u8; 32],
        driver: [u8; 32],
        status: i32,
        flags: u32,
        nanoseconds: u64,
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use rustix::io::Errno;

    use super::{Call, CreateBlob, CreateResource, Execute, Family, TransferArea, Version, Wait};

    /// `_IOWR(family, number, size)`.
    fn request(family: u8, number: u8, size: usize) -> u64 {
        3 << 30 | (size as u64) << 16 | u64::from(family) << 8 | u64::from(number)
    }

    fn call(size: usize) -> Call {
        Call::of(request(b'd', 0x48, size)).unwrap().1
    }

    #[test]
    fn structures_are_as_large_as_those_of_the_headers() {
        assert_eq!(size_of::<Version>(), 64);
        assert_eq!(size_of::<Execute>(), 64);
        assert_eq!(size_of::<CreateResource>(), 56);
        assert_eq!(size_of::<TransferArea>(), 44);
        assert_eq!(size_of::<CreateBlob>(), 48);
    }

    #[test]
    fn only_requests_of_two_families_concern_us() {
        let (family, call) = Call::of(request(b'd', 0x42, 40)).unwrap();
        assert_eq!((family, call.number, call.size), (Family::Drm, 0x42, 40));
        assert!(call.reads && call.writes);
        assert_eq!(Call::of(request(b'>', 3, 48)).unwrap().0, Family::SyncFile);
        assert_eq!(Call::of(0x5401), None, "TCGETS");
        assert_eq!(
            Call::of(0x4004_6dff),
            None,
            "another driver's, with a d elsewhere"
        );
    }

    #[test]
    fn a_number_that_was_an_int_is_the_same_number() {
        let number = request(b'd', 0x42, 40);
        assert_eq!(Call::of(number), Call::of(number as u32 as i32 as i64 as u64));
    }

    #[test]
    fn what_a_shorter_structure_lacks_reads_as_zero_and_is_not_written() {
        let mut memory = [7u32, 0xdead];
        // SAFETY: four bytes of eight.
        let outcome = unsafe {
            call(4).with(memory.as_mut_ptr().cast(), |wait: &mut Wait| {
                assert_eq!((wait.handle, wait.flags), (7, 0));
                *wait = Wait { handle: 8, flags: 9 };
                Ok(())
            })
        };
        assert_eq!(outcome, Ok(()));
        assert_eq!(memory, [8, 0xdead]);
    }

    #[test]
    fn what_we_do_not_know_of_a_longer_structure_is_left_alone() {
        let mut memory = [1u32, 2, 3, 4];
        // SAFETY: all sixteen bytes.
        let outcome = unsafe {
            call(16).with(memory.as_mut_ptr().cast(), |wait: &mut Wait| {
                wait.flags = 5;
                Err::<(), _>(Errno::BUSY)
            })
        };
        assert_eq!(outcome, Err(Errno::BUSY));
        assert_eq!(memory, [1, 5, 3, 4]);
    }

    #[test]
    fn a_request_without_directions_copies_nothing() {
        let mut memory = [1u32, 2];
        let (_, call) = Call::of(0x0008_6448).unwrap();
        // SAFETY: all eight bytes.
        let outcome = unsafe {
            call.with(memory.as_mut_ptr().cast(), |wait: &mut Wait| {
                assert_eq!(wait.handle, 0);
                wait.handle = 5;
                Ok(())
            })
        };
        assert_eq!(outcome, Ok(()));
        assert_eq!(memory, [1, 2]);
    }

    #[test]
    fn no_argument_is_a_bad_address() {
        // SAFETY: null is allowed.
        let outcome = unsafe { call(8).with(ptr::null_mut(), |_: &mut Wait| Ok(())) };
        assert_eq!(outcome, Err(Errno::FAULT));
    }
}
