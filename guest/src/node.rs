//! The device node that is not there: opening it, and what is told of it.

use std::{ffi::CStr, mem, os::fd::OwnedFd, ptr};

use libc::{S_IFCHR, S_IFMT, c_char, c_int, c_void, stat};
use rustix::{
    io::{self, Errno},
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with},
};

use crate::config::Config;

/// The major number of DRM devices.
const MAJOR: u32 = 226;
/// `DRM_NODE_RENDER`: the kind of node, and where it stands among a device's nodes.
pub(crate) const RENDER_NODE: c_int = 2;
const NODE_KINDS: usize = 3;
const BUS_PCI: c_int = 0;
/// The names of virtio GPUs on PCI.
const VENDOR: u16 = 0x1af4;
const DEVICE: u16 = 0x1050;
/// A PCI domain that no machine has.
const DOMAIN: u16 = 0x5042;

impl Config {
    /// Opens the node: a connection of its own to the session.
    ///
    /// # Errors
    /// ENXIO, as for a node behind which there is no device, if there is no session.
    pub(crate) fn open(&self, close_on_exec: bool) -> io::Result<OwnedFd> {
        let flags = match close_on_exec {
            true => SocketFlags::CLOEXEC,
            false => SocketFlags::empty(),
        };
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        let address = SocketAddrUnix::new(self.socket())?;
        io::retry_on_intr(|| connect(&socket, &address)).map_err(|_| Errno::NXIO)?;
        Ok(socket)
    }

    /// The number of the device.
    pub(crate) fn device_number(&self) -> u64 {
        libc::makedev(MAJOR, self.minor())
    }

    /// Makes what the kernel says of a socket what it would say of the node.
    pub(crate) fn disguise(&self, stat: &mut stat) {
        stat.st_mode = stat.st_mode & !S_IFMT | S_IFCHR;
        stat.st_rdev = self.device_number();
    }
}

/// `drmDevice`.
#[repr(C)]
pub(crate) struct DrmDevice {
    nodes: *mut *mut c_char,
    available_nodes: c_int,
    bus_type: c_int,
    bus: *mut c_void,
    device: *mut c_void,
}

/// `drmPciBusInfo`.
#[repr(C)]
struct PciBus {
    domain: u16,
    bus: u8,
    device: u8,
    function: u8,
}

/// `drmPciDeviceInfo`.
#[repr(C)]
struct PciDevice {
    vendor: u16,
    device: u16,
    subvendor: u16,
    subdevice: u16,
    revision: u8,
}

/// A device and all that it points to.
#[repr(C)]
struct Description {
    device: DrmDevice,
    nodes: [*mut c_char; NODE_KINDS],
    bus: PciBus,
    pci: PciDevice,
    none: [c_char; 1],
    path: [c_char; 108],
}

/// A description of the device as libdrm gives it: `drmFreeDevice` gives it back with one `free`. Null without memory.
pub(crate) fn describe(config: &Config) -> *mut DrmDevice {
    // SAFETY: any size may be asked for.
    let memory = unsafe { libc::calloc(1, size_of::<Description>()) }.cast::<Description>();
    if memory.is_null() {
        return ptr::null_mut();
    }
    let part = |offset: usize| memory.wrapping_byte_add(offset);
    let none = part(mem::offset_of!(Description, none)).cast();
    let path = part(mem::offset_of!(Description, path)).cast();
    let description = Description {
        device: DrmDevice {
            nodes: part(mem::offset_of!(Description, nodes)).cast(),
            available_nodes: 1 << RENDER_NODE,
            bus_type: BUS_PCI,
            bus: part(mem::offset_of!(Description, bus)).cast(),
            device: part(mem::offset_of!(Description, pci)).cast(),
        },
        // Mesa gives the first one's path to whoever asks for a device file, whether or not there is such a node.
        nodes: [path, none, path],
        bus: PciBus {
            domain: DOMAIN,
            bus: 0,
            device: 0,
            function: 0,
        },
        pci: PciDevice {
            vendor: VENDOR,
            device: DEVICE,
            subvendor: VENDOR,
            subdevice: DEVICE,
            revision: 1,
        },
        none: [0],
        path: text(config.node()),
    };
    // SAFETY: that much memory was got for it, aligned as malloc aligns.
    unsafe { memory.write(description) };
    memory.cast()
}

fn text<const N: usize>(text: &CStr) -> [c_char; N] {
    let mut characters = [0; N];
    for (to, from) in characters.iter_mut().zip(text.to_bytes()).take(N - 1) {
        *to = *from as c_char;
    }
    characters
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::{Config, PciBus, PciDevice, RENDER_NODE, describe};

    #[test]
    fn a_description_is_one_block_with_the_nodes_path_and_a_virtio_gpus_numbers() {
        let config = Config::new(c"/run/session", c"/dev/dri/renderD191").unwrap();
        let device = describe(&config);
        // SAFETY: the description is there until it is freed below.
        let fields = unsafe { &*device };
        assert_eq!(fields.available_nodes, 4);
        // SAFETY: there are three nodes.
        let nodes = unsafe { fields.nodes.cast::<[*mut libc::c_char; 3]>().read() };
        // SAFETY: the path ends with 0.
        let path = unsafe { CStr::from_ptr(nodes[RENDER_NODE as usize]) };
        assert_eq!(path, c"/dev/dri/renderD191");
        // SAFETY: that is the bus's description on PCI.
        let bus = unsafe { fields.bus.cast::<PciBus>().read() };
        // SAFETY: that is the device's description on PCI.
        let pci = unsafe { fields.device.cast::<PciDevice>().read() };
        assert_ne!(bus.domain, 0);
        assert_eq!((pci.vendor, pci.device), (0x1af4, 0x1050));
        // SAFETY: it is malloc's, and not used any more.
        unsafe { libc::free(device.cast()) };
    }
}
