//! Buffers from GBM, Mesa's allocator on a DRM node, for others to import.
//!
//! Not every driver allocates with modifiers, and kms_swrast allocates on primary nodes only. So
//! [`GbmDevice::allocate`] and [`GbmDevice::allocate_linear`] are steps that the caller takes one after the other, and
//! a device is tried out before it is used.

use std::{
    ffi::c_void,
    fs::{self, OpenOptions},
    io, mem,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    rc::Rc,
};

use gbm::{AsRaw, Format, Modifier};

pub use gbm::BufferObjectFlags as GbmUsage;

use super::{Dmabuf, GlError, Plane, dmabuf};

const NODES: &str = "/dev/dri";
/// Prefixes of nodes, in the order in which they are tried. Render nodes need no rights on the display.
const KINDS: [&str; 2] = ["renderD", "card"];
/// Side of the buffer that a device is tried out with, in pixels.
const TRIAL: u32 = 64;

type Device = gbm::Device<Rc<OwnedFd>>;

/// A GBM device and the DRM node that it is on.
#[derive(Debug)]
pub struct GbmDevice {
    device: Device,
    node: String,
}

/// A buffer of a GBM device. Exported pictures outlive it.
#[derive(Debug)]
pub struct GbmBuffer {
    /// Goes before the device, whose descriptor it needs.
    buffer: gbm::BufferObject<()>,
    _device: Device,
    node: String,
    width: u32,
    height: u32,
    fourcc: u32,
}

/// The DRM nodes of this machine, in the order in which they are tried.
pub(super) fn nodes() -> Result<Vec<PathBuf>, GlError> {
    let number = |path: &PathBuf, kind| -> Option<u32> {
        path.file_name()?.to_str()?.strip_prefix(kind)?.parse().ok()
    };
    let entries = fs::read_dir(NODES).map_err(|_| GlError::NoNode(NODES))?;
    let entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    let mut nodes = Vec::new();
    for kind in KINDS {
        let of_kind = entries
            .iter()
            .filter_map(|path| Some((number(path, kind)?, path)));
        let mut of_kind: Vec<_> = of_kind.collect();
        of_kind.sort();
        nodes.extend(of_kind.into_iter().map(|(_, path)| path.clone()));
    }
    if nodes.is_empty() {
        return Err(GlError::NoNode(NODES));
    }
    Ok(nodes)
}

impl GbmDevice {
    /// Opens a DRM node.
    ///
    /// # Errors
    /// If it cannot be opened, or GBM has no driver for it.
    pub fn open(node: &Path) -> Result<Self, GlError> {
        let opened = OpenOptions::new().read(true).write(true).open(node);
        let file = opened.map_err(|error| GlError::Gbm {
            call: "open",
            node: node.display().to_string(),
            error,
        })?;
        Self::new(file.into())
    }

    /// Takes a DRM device that is open already, as one that an X server names by DRI3Open.
    ///
    /// # Errors
    /// If it is none, or GBM has no driver for it.
    pub fn new(fd: OwnedFd) -> Result<Self, GlError> {
        let link = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()));
        let node = link.map_or_else(|_| "a descriptor".to_owned(), |path| path.display().to_string());
        match gbm::Device::new(Rc::new(fd)) {
            Ok(device) => Ok(Self { device, node }),
            Err(error) => Err(GlError::Gbm {
                call: "gbm_create_device",
                node,
                error,
            }),
        }
    }

    /// Path of the node.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// A buffer of a format by its code in `drm_fourcc.h`, in one of the layouts given; with none given, in the layout
    /// that the driver likes best. `usage` should hold [`GbmUsage::RENDERING`] for textures.
    ///
    /// # Errors
    /// If GBM does not know the format, knows no modifiers (`ENOSYS`), or has none of these layouts.
    pub fn allocate(
        &self,
        width: u32,
        height: u32,
        fourcc: u32,
        modifiers: &[u64],
        usage: GbmUsage,
    ) -> Result<GbmBuffer, GlError> {
        if modifiers.is_empty() {
            return self.plain(width, height, fourcc, usage);
        }
        const CALL: &str = "gbm_bo_create_with_modifiers2";
        let format = self.format(CALL, fourcc)?;
        let modifiers = modifiers.iter().map(|&modifier| Modifier::from(modifier));
        let made = self
            .device
            .create_buffer_object_with_modifiers2(width, height, format, modifiers, usage);
        self.buffer(CALL, made, [width, height], fourcc)
    }

    /// A buffer whose rows lie one after the other, as far apart as [`Dmabuf`] says.
    ///
    /// # Errors
    /// If GBM does not know the format, or has no such buffers of it for the usage.
    pub fn allocate_linear(
        &self,
        width: u32,
        height: u32,
        fourcc: u32,
        usage: GbmUsage,
    ) -> Result<GbmBuffer, GlError> {
        self.plain(width, height, fourcc, usage | GbmUsage::LINEAR)
    }

    fn plain(&self, width: u32, height: u32, fourcc: u32, usage: GbmUsage) -> Result<GbmBuffer, GlError> {
        const CALL: &str = "gbm_bo_create";
        let format = self.format(CALL, fourcc)?;
        let made = self.device.create_buffer_object(width, height, format, usage);
        self.buffer(CALL, made, [width, height], fourcc)
    }

    fn format(&self, call: &'static str, fourcc: u32) -> Result<Format, GlError> {
        Format::try_from(fourcc).map_err(|error| {
            let error = io::Error::new(io::ErrorKind::Unsupported, format!("{error}"));
            failed(call, &self.node, error)
        })
    }

    fn buffer(
        &self,
        call: &'static str,
        made: io::Result<gbm::BufferObject<()>>,
        [width, height]: [u32; 2],
        fourcc: u32,
    ) -> Result<GbmBuffer, GlError> {
        Ok(GbmBuffer {
            buffer: made.map_err(|error| failed(call, &self.node, error))?,
            _device: self.device.clone(),
            node: self.node.clone(),
            width,
            height,
            fourcc,
        })
    }

    /// Allocates and exports a small buffer, which render nodes of devices that cannot render refuse.
    pub(super) fn try_out(&self) -> Result<(), GlError> {
        let buffer = self.allocate(TRIAL, TRIAL, Format::Xrgb8888 as u32, &[], GbmUsage::RENDERING)?;
        buffer.export().map(drop)
    }

    /// The device for EGL, which keeps it for as long as its display lives: for ever, since displays are never
    /// terminated. So it is never destroyed either.
    pub(super) fn leak(&self) -> *mut c_void {
        mem::forget(self.device.clone());
        self.device.as_raw().cast_mut().cast()
    }
}

impl AsFd for GbmDevice {
    /// The open node.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

impl GbmBuffer {
    /// The buffer as a picture in dmabufs, with descriptors of its own.
    ///
    /// # Errors
    /// If the driver does not export it.
    pub fn export(&self) -> Result<Dmabuf, GlError> {
        let count = self.buffer.plane_count() as usize;
        if !(1..=dmabuf::MAX_PLANES).contains(&count) {
            return Err(super::DmabufError::Planes(count).into());
        }
        let planes: Result<Vec<_>, _> = (0..count as i32).map(|plane| self.plane(plane)).collect();
        let modifier = u64::from(self.buffer.modifier());
        Ok(Dmabuf {
            width: self.width,
            height: self.height,
            fourcc: self.fourcc,
            modifier: Some(modifier).filter(|&modifier| modifier != dmabuf::INVALID),
            planes: planes?,
        })
    }

    fn plane(&self, plane: i32) -> Result<Plane, GlError> {
        let fd = self
            .buffer
            .fd_for_plane(plane)
            .map_err(|_| failed("gbm_bo_get_fd_for_plane", &self.node, io::Error::last_os_error()))?;
        Ok(Plane {
            fd,
            offset: self.buffer.offset(plane),
            stride: self.buffer.stride_for_plane(plane),
        })
    }
}

fn failed(call: &'static str, node: &str, error: io::Error) -> GlError {
    GlError::Gbm {
        call,
        node: node.to_owned(),
        error,
    }
}
