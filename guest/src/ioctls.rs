//! The ioctls of a virtio GPU's render node, from the caller's structures to the session and back.
//!
//! What a render node does not do (modes, names of buffers, authentication) is refused as the kernel refuses it there.

use std::{
    os::fd::{AsFd, BorrowedFd, IntoRawFd},
    ptr, slice,
};

use libc::c_void;
use rustix::io::{self, Errno, FdFlags, fcntl_setfd};

use crate::{
    arguments::{
        Call, Close, CreateBlob, CreateDumb, CreateResource, Execute, GetCap, GetCaps, InitContext, Map,
        MapDumb, Parameter, Prime, ResourceInfo, TransferArea, Version, Wait,
    },
    device::{Device, Submission},
    fences,
    wire::{Description, Direction, Transfer},
};

const VERSION: u8 = 0x00;
const GEM_CLOSE: u8 = 0x09;
const GET_CAP: u8 = 0x0c;
const PRIME_HANDLE_TO_FD: u8 = 0x2d;
const PRIME_FD_TO_HANDLE: u8 = 0x2e;
const VIRTGPU_MAP: u8 = 0x41;
const VIRTGPU_EXECBUFFER: u8 = 0x42;
const VIRTGPU_GETPARAM: u8 = 0x43;
const VIRTGPU_RESOURCE_CREATE: u8 = 0x44;
const VIRTGPU_RESOURCE_INFO: u8 = 0x45;
const VIRTGPU_TRANSFER_FROM_HOST: u8 = 0x46;
const VIRTGPU_TRANSFER_TO_HOST: u8 = 0x47;
const VIRTGPU_WAIT: u8 = 0x48;
const VIRTGPU_GET_CAPS: u8 = 0x49;
const VIRTGPU_RESOURCE_CREATE_BLOB: u8 = 0x4a;
const VIRTGPU_CONTEXT_INIT: u8 = 0x4b;
const MODE_CREATE_DUMB: u8 = 0xb2;
const MODE_MAP_DUMB: u8 = 0xb3;
const MODE_DESTROY_DUMB: u8 = 0xb4;

/// Answers an ioctl on a device.
///
/// # Safety
/// `argument` must be what the request's number says, and the addresses in it must be what the request makes of them.
pub(crate) unsafe fn answer(
    device: &Device,
    fd: BorrowedFd<'_>,
    call: Call,
    argument: *mut c_void,
) -> io::Result<()> {
    let node = Node { device, fd };
    macro_rules! with {
        ($work:expr) => {
            // SAFETY: the caller's promise is handed on; the argument is that of the number.
            unsafe { call.with(argument, $work) }
        };
    }
    match call.number {
        VERSION => with!(|version| node.version(version)),
        GET_CAP => with!(capability),
        GEM_CLOSE | MODE_DESTROY_DUMB => {
            with!(|Close { handle }| device.with(fd, |session| session.close(*handle)))
        }
        PRIME_HANDLE_TO_FD => with!(|prime| node.export(prime)),
        PRIME_FD_TO_HANDLE => with!(|prime| node.import(prime)),
        VIRTGPU_MAP => with!(|map| node.map(map)),
        VIRTGPU_EXECBUFFER => with!(|execute| node.execute(execute)),
        VIRTGPU_GETPARAM => with!(|parameter| node.parameter(parameter)),
        VIRTGPU_RESOURCE_CREATE => with!(|create| node.create(create)),
        VIRTGPU_RESOURCE_INFO => with!(|info| node.info(info)),
        VIRTGPU_TRANSFER_FROM_HOST => with!(|area| node.transfer(Direction::FromHost, area)),
        VIRTGPU_TRANSFER_TO_HOST => with!(|area| node.transfer(Direction::ToHost, area)),
        VIRTGPU_WAIT => with!(|wait| node.wait(wait)),
        VIRTGPU_GET_CAPS => with!(|caps| node.capset(caps)),
        VIRTGPU_RESOURCE_CREATE_BLOB => with!(|blob| node.create_blob(blob)),
        VIRTGPU_CONTEXT_INIT => with!(|init| node.init_context(init)),
        MODE_CREATE_DUMB => with!(|dumb| node.create_dumb(dumb)),
        MODE_MAP_DUMB => with!(|map| node.map_dumb(map)),
        number => Err(refusal(number)),
    }
}

/// A device while one ioctl on it is answered. Whoever makes it vouches for the addresses in that ioctl's argument.
struct Node<'a> {
    device: &'a Device,
    fd: BorrowedFd<'a>,
}

impl Node<'_> {
    fn version(&self, version: &mut Version) -> io::Result<()> {
        (version.major, version.minor, version.patch) = (0, 1, 0);
        text(version.name, &mut version.name_length, b"virtio_gpu")?;
        text(version.date, &mut version.date_length, b"0")?;
        text(
            version.description,
            &mut version.description_length,
            b"virtio GPU",
        )
    }

    fn parameter(&self, parameter: &mut Parameter) -> io::Result<()> {
        const FEATURES_3D: u64 = 1;
        const CAPSET_QUERY_FIX: u64 = 2;
        const RESOURCE_BLOB: u64 = 3;
        const HOST_VISIBLE: u64 = 4;
        const CROSS_DEVICE: u64 = 5;
        const CONTEXT_INIT: u64 = 6;
        const CAPSETS: u64 = 7;
        let value: i32 = match parameter.parameter {
            FEATURES_3D | CAPSET_QUERY_FIX | RESOURCE_BLOB | CONTEXT_INIT => 1,
            HOST_VISIBLE | CROSS_DEVICE => 0,
            CAPSETS => 1 << 1 | 1 << 2,
            _ => return Err(Errno::INVAL),
        };
        copy_out(parameter.value, bytemuck::bytes_of(&value))
    }

    fn capset(&self, caps: &mut GetCaps) -> io::Result<()> {
        self.device.with(self.fd, |session| {
            let bytes = session.capset(caps.set)?;
            // Who asks for more has filled in what holds for a host that does not say.
            copy_out(caps.address, &bytes[..bytes.len().min(caps.size as usize)])
        })
    }

    fn init_context(&self, init: &mut InitContext) -> io::Result<()> {
        const MOST: u32 = 4;
        const CAPSET: u64 = 1;
        const RINGS: u64 = 2;
        if init.parameter_count > MOST {
            return Err(Errno::INVAL);
        }
        let mut capset = 2;
        for at in 0..u64::from(init.parameter_count) {
            let mut parameter = Parameter {
                parameter: 0,
                value: 0,
            };
            let address = init.parameters.wrapping_add(at * size_of::<Parameter>() as u64);
            copy_in(address, bytemuck::bytes_of_mut(&mut parameter))?;
            match (parameter.parameter, parameter.value) {
                (CAPSET, value) => capset = u32::try_from(value).map_err(|_| Errno::INVAL)?,
                (RINGS, 0 | 1) => {}
                _ => return Err(Errno::INVAL),
            }
        }
        self.device.with(self.fd, |session| session.init_context(capset))
    }

    fn create(&self, create: &mut CreateResource) -> io::Result<()> {
        let description = Description {
            target: create.target,
            format: create.format,
            bind: create.bind,
            width: create.width,
            height: create.height,
            depth: create.depth,
            array_size: create.array_size,
            last_level: create.last_level,
            samples: create.samples,
            flags: create.flags,
        };
        create.handle = self
            .device
            .with(self.fd, |session| session.create(&description, create.size))?;
        create.resource = create.handle;
        Ok(())
    }

    fn create_blob(&self, blob: &mut CreateBlob) -> io::Result<()> {
        const MAPPABLE_SHAREABLE_CROSS_DEVICE: u32 = 7;
        if blob.flags & !MAPPABLE_SHAREABLE_CROSS_DEVICE != 0 || blob.command_size != 0 || blob.blob != 0 {
            return Err(Errno::INVAL);
        }
        blob.handle = self
            .device
            .with(self.fd, |session| session.create_blob(blob.memory, blob.size))?;
        blob.resource = blob.handle;
        Ok(())
    }

    fn create_dumb(&self, dumb: &mut CreateDumb) -> io::Result<()> {
        if dumb.bits != 32 || dumb.flags != 0 || dumb.width == 0 || dumb.height == 0 {
            return Err(Errno::INVAL);
        }
        let made = self
            .device
            .with(self.fd, |session| session.create_dumb(dumb.width, dumb.height))?;
        (dumb.handle, dumb.pitch, dumb.size) = (made.handle, made.pitch, made.size);
        Ok(())
    }

    fn info(&self, info: &mut ResourceInfo) -> io::Result<()> {
        let known = self.device.with(self.fd, |session| session.info(info.handle))?;
        info.resource = info.handle;
        info.size = known.size;
        info.blob_memory = known.blob_memory;
        Ok(())
    }

    fn map(&self, map: &mut Map) -> io::Result<()> {
        map.offset = self.device.with(self.fd, |session| session.place(map.handle))?;
        Ok(())
    }

    fn map_dumb(&self, map: &mut MapDumb) -> io::Result<()> {
        map.offset = self.device.with(self.fd, |session| session.place(map.handle))?;
        Ok(())
    }

    fn transfer(&self, direction: Direction, part: &TransferArea) -> io::Result<()> {
        let transfer = Transfer {
            direction,
            id: part.handle,
            level: part.level,
            stride: part.stride,
            layer_stride: part.layer_stride,
            area: part.area,
            offset: part.offset,
        };
        self.device.with(self.fd, |session| session.transfer(&transfer))
    }

    fn wait(&self, wait: &Wait) -> io::Result<()> {
        const NOWAIT: u32 = 1;
        let patient = wait.flags & NOWAIT == 0;
        self.device
            .with(self.fd, |session| session.wait(wait.handle, patient))
    }

    /// Resources are not told apart when it comes to waiting, so the list of those that the commands use says nothing.
    fn execute(&self, execute: &mut Execute) -> io::Result<()> {
        const IN_FENCE: u32 = 1;
        const OUT_FENCE: u32 = 2;
        const RING: u32 = 4;
        let syncobjs = execute.in_syncobj_count | execute.out_syncobj_count;
        let other_ring = execute.flags & RING != 0 && execute.ring != 0;
        if execute.flags & !(IN_FENCE | OUT_FENCE | RING) != 0 || other_ring || syncobjs != 0 {
            return Err(Errno::INVAL);
        }
        let after = match execute.flags & IN_FENCE != 0 {
            true => fences::pending(execute.fence)?,
            false => None,
        };
        execute.fence = -1;
        let fence = self.device.with(self.fd, |session| {
            session.submit(&Submission {
                commands: bytes_at(execute.commands, execute.size)?,
                after: after.as_ref().map(AsFd::as_fd),
                wants_fence: execute.flags & OUT_FENCE != 0,
            })
        })?;
        if let Some(fence) = fence {
            execute.fence = fence.into_raw_fd();
        }
        Ok(())
    }

    fn export(&self, prime: &mut Prime) -> io::Result<()> {
        const ACCESS: u32 = libc::O_ACCMODE as u32;
        const CLOEXEC: u32 = libc::O_CLOEXEC as u32;
        if prime.flags & !(ACCESS | CLOEXEC) != 0 {
            return Err(Errno::INVAL);
        }
        let (file, _) = self
            .device
            .with(self.fd, |session| session.export(prime.handle))?;
        if prime.flags & CLOEXEC == 0 {
            fcntl_setfd(&file, FdFlags::empty())?;
        }
        prime.fd = file.into_raw_fd();
        Ok(())
    }

    fn import(&self, prime: &mut Prime) -> io::Result<()> {
        if prime.fd < 0 {
            return Err(Errno::BADF);
        }
        // SAFETY: what the caller names is its own, and stays open while it waits for the answer.
        let file = unsafe { BorrowedFd::borrow_raw(prime.fd) };
        prime.handle = self.device.with(self.fd, |session| session.import(file))?;
        Ok(())
    }
}

/// What any DRM device is asked: whether it can share buffers (both ways), make pictures for CPUs, and so on.
fn capability(get: &mut GetCap) -> io::Result<()> {
    const DUMB_BUFFER: u64 = 0x1;
    const PRIME: u64 = 0x5;
    const TIMESTAMP_MONOTONIC: u64 = 0x6;
    const LAST: u64 = 0x15;
    get.value = match get.capability {
        PRIME => 3,
        DUMB_BUFFER | TIMESTAMP_MONOTONIC => 1,
        1..=LAST => 0,
        _ => return Err(Errno::INVAL),
    };
    Ok(())
}

/// The error of an ioctl that is not there. Most are for primary nodes only.
fn refusal(number: u8) -> Errno {
    match number {
        // Synchronisation objects, which the driver would have to have.
        0xbf..=0xc5 | 0xca..=0xcd | 0xcf => Errno::OPNOTSUPP,
        // The driver's own.
        0x40..=0x9f => Errno::INVAL,
        _ => Errno::ACCESS,
    }
}

/// Gives a text to a caller who says how much of it there is room for, and the whole length to those who ask for that.
fn text(address: u64, length: &mut u64, text: &[u8]) -> io::Result<()> {
    let room = usize::try_from(*length).unwrap_or(usize::MAX).min(text.len());
    *length = text.len() as u64;
    match address {
        0 => Ok(()),
        _ => copy_out(address, &text[..room]),
    }
}

/// Copies to the caller's memory.
fn copy_out(address: u64, bytes: &[u8]) -> io::Result<()> {
    let place = ptr::with_exposed_provenance_mut::<u8>(address as usize);
    if place.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: the address is of the argument that `answer`'s caller has vouched for.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
    Ok(())
}

/// Copies from the caller's memory.
fn copy_in(address: u64, bytes: &mut [u8]) -> io::Result<()> {
    let size = u32::try_from(bytes.len()).map_err(|_| Errno::INVAL)?;
    bytes.copy_from_slice(bytes_at(address, size)?);
    Ok(())
}

/// The caller's memory.
fn bytes_at<'a>(address: u64, size: u32) -> io::Result<&'a [u8]> {
    let place = ptr::with_exposed_provenance::<u8>(address as usize);
    match (place.is_null(), size) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Errno::FAULT),
        // SAFETY: the address is of the argument that `answer`'s caller has vouched for, until the call returns.
        (false, _) => Ok(unsafe { slice::from_raw_parts(place, size as usize) }),
    }
}
