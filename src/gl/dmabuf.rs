//! Pictures in dmabufs, in and out of GL without a copy.
//!
//! [EGL_EXT_image_dma_buf_import](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import.txt),
//! [EGL_EXT_image_dma_buf_import_modifiers](https://registry.khronos.org/EGL/extensions/EXT/EGL_EXT_image_dma_buf_import_modifiers.txt),
//! [EGL_MESA_image_dma_buf_export](https://registry.khronos.org/EGL/extensions/MESA/EGL_MESA_image_dma_buf_export.txt).
//!
//! A description may come from an X server or a guest. Drivers that draw with the CPU believe it, so it is compared
//! with the size of the memory first, and the memory must be theirs to map.

use std::{
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    ptr,
};

use khronos_egl as egl;
use rustix::fs::{SeekFrom, seek};

use super::{Context, Display, GlError, Image, Texture};

const IMPORT: &str = "EGL_EXT_image_dma_buf_import";
const IMPORT_MODIFIERS: &str = "EGL_EXT_image_dma_buf_import_modifiers";
const EXPORT: &str = "EGL_MESA_image_dma_buf_export";

/// The target of `eglCreateImage` for dmabufs.
const LINUX_DMA_BUF: u32 = 0x3270;
const LINUX_DRM_FOURCC: egl::Int = 0x3271;
/// Attributes of a plane: memory, offset, stride, lower and upper half of the modifier.
const PLANE_ATTRIBUTES: [[egl::Int; 5]; MAX_PLANES] = [
    [0x3272, 0x3273, 0x3274, 0x3443, 0x3444],
    [0x3275, 0x3276, 0x3277, 0x3445, 0x3446],
    [0x3278, 0x3279, 0x327a, 0x3447, 0x3448],
    [0x3440, 0x3441, 0x3442, 0x3449, 0x344a],
];

/// Planes of a picture at most.
pub const MAX_PLANES: usize = 4;
/// The modifier of rows one after the other.
pub const LINEAR: u64 = 0;
/// The modifier that stands for none: the layout is the driver's secret.
pub const INVALID: u64 = 0x00ff_ffff_ffff_ffff;
/// Formats, and modifiers of a format, that are asked for at most.
const MAX_LIST: usize = 4096;

/// One plane of a dmabuf picture: the memory, where it starts and how far apart its rows are, in bytes.
#[derive(Debug)]
pub struct Plane {
    /// The dmabuf.
    pub fd: OwnedFd,
    /// Bytes from its start to the first row.
    pub offset: u32,
    /// Bytes from a row to the next.
    pub stride: u32,
}

/// A picture in dmabufs, as EGL_EXT_image_dma_buf_import and DRI3 describe it.
#[derive(Debug)]
pub struct Dmabuf {
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// Format by its code in `drm_fourcc.h`.
    pub fourcc: u32,
    /// Layout by its number in `drm_fourcc.h`; none if it is implicit.
    pub modifier: Option<u64>,
    /// 1 to 4 planes.
    pub planes: Vec<Plane>,
}

/// A layout that the host can import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModifierInfo {
    /// Its number.
    pub modifier: u64,
    /// Whether textures of it can only be sampled, by `samplerExternalOES`, and not rendered to.
    pub external_only: bool,
}

/// Which dmabufs become textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DmabufImport {
    /// None.
    None,
    /// Those whose layout the driver knows from elsewhere.
    Implicit,
    /// Those whose layout a modifier names, too.
    Modifiers,
}

/// What the host can do with dmabufs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DmabufSupport {
    /// Into GL.
    pub import: DmabufImport,
    /// Whether textures can be had as dmabufs.
    pub export: bool,
}

/// A description of a picture in dmabufs that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DmabufError {
    /// The number of planes is not 1 to 4.
    #[error("a picture of {0} dmabuf planes")]
    Planes(usize),
    /// A size, offset or stride that EGL cannot be told, or no pixels at all.
    #[error("{what} {value} of a dmabuf is out of range")]
    OutOfRange {
        /// What it measures.
        what: &'static str,
        /// The number.
        value: u32,
    },
    /// Rows that overlap each other.
    #[error("dmabuf rows {stride} bytes apart for {width} pixels of {pixel_bytes} bytes")]
    Stride {
        /// Bytes from a row to the next.
        stride: u32,
        /// Pixels of a row.
        width: u32,
        /// Bytes of a pixel.
        pixel_bytes: u32,
    },
    /// Memory that ends before the picture does.
    #[error("plane {plane} needs {needed} bytes of a dmabuf that has {given}")]
    Short {
        /// Its number.
        plane: usize,
        /// Bytes up to the end of the picture.
        needed: u64,
        /// Bytes there are.
        given: u64,
    },
}

/// Bytes of a pixel of formats with one plane; at least so many of those that are not known.
fn pixel_bytes(fourcc: u32) -> u32 {
    match &fourcc.to_le_bytes() {
        b"XR24" | b"XB24" | b"RX24" | b"BX24" | b"AR24" | b"AB24" | b"RA24" | b"BA24" => 4,
        b"XR30" | b"XB30" | b"AR30" | b"AB30" | b"GR32" | b"RG32" => 4,
        b"XR4H" | b"XB4H" | b"AR4H" | b"AB4H" | b"XR48" | b"XB48" | b"AR48" | b"AB48" => 8,
        b"RG24" | b"BG24" => 3,
        b"RG16" | b"BG16" | b"XR15" | b"AR15" | b"XB15" | b"AB15" | b"GR88" | b"RG88" | b"R16 " => 2,
        _ => 1,
    }
}

/// Bytes of the memory behind a descriptor, if it tells.
fn size_of(fd: impl AsFd) -> Option<u64> {
    seek(fd, SeekFrom::End(0)).ok()
}

impl Dmabuf {
    /// The modifier, if it names a layout.
    fn explicit(&self) -> Option<u64> {
        self.modifier.filter(|&modifier| modifier != INVALID)
    }

    /// Checks numbers against each other and against the memory.
    fn check(&self) -> Result<(), DmabufError> {
        let Self { width, height, .. } = *self;
        if !(1..=MAX_PLANES).contains(&self.planes.len()) {
            return Err(DmabufError::Planes(self.planes.len()));
        }
        for (what, value) in [("width", width), ("height", height)] {
            if value == 0 || i32::try_from(value).is_err() {
                return Err(DmabufError::OutOfRange { what, value });
            }
        }
        for (index, plane) in self.planes.iter().enumerate() {
            for (what, value) in [("offset", plane.offset), ("stride", plane.stride)] {
                if i32::try_from(value).is_err() {
                    return Err(DmabufError::OutOfRange { what, value });
                }
            }
            let needed = self.needed(index, plane)?;
            if let Some(given) = size_of(&plane.fd).filter(|&given| given < needed) {
                let plane = index;
                return Err(DmabufError::Short { plane, needed, given });
            }
        }
        Ok(())
    }

    /// Bytes that the memory must have at least: all rows where they lie one after the other, as far as can be told.
    fn needed(&self, index: usize, plane: &Plane) -> Result<u64, DmabufError> {
        let Self { width, height, .. } = *self;
        let offset = u64::from(plane.offset);
        if index > 0 || !matches!(self.explicit(), None | Some(LINEAR)) {
            return Ok(offset + 1);
        }
        let pixel_bytes = pixel_bytes(self.fourcc);
        let row = u64::from(width) * u64::from(pixel_bytes);
        let stride = plane.stride;
        if u64::from(stride) < row {
            return Err(DmabufError::Stride {
                stride,
                width,
                pixel_bytes,
            });
        }
        Ok(offset + u64::from(stride) * u64::from(height - 1) + row)
    }

    /// What EGL is told; sizes are known to fit.
    fn attributes(&self) -> Vec<egl::Int> {
        let mut list = vec![
            egl::WIDTH,
            self.width.cast_signed(),
            egl::HEIGHT,
            self.height.cast_signed(),
            LINUX_DRM_FOURCC,
            self.fourcc.cast_signed(),
        ];
        for (plane, [fd, offset, stride, low, high]) in self.planes.iter().zip(PLANE_ATTRIBUTES) {
            list.extend([fd, plane.fd.as_raw_fd()]);
            list.extend([offset, plane.offset.cast_signed()]);
            list.extend([stride, plane.stride.cast_signed()]);
            if let Some(modifier) = self.explicit() {
                list.extend([low, (modifier as u32).cast_signed()]);
                list.extend([high, ((modifier >> 32) as u32).cast_signed()]);
            }
        }
        list.push(egl::NONE);
        list
    }
}

impl Display {
    /// What the host can do with dmabufs.
    pub fn dmabuf_support(&self) -> DmabufSupport {
        let native = self.native();
        let textures = ["GL_EXT_EGL_image_storage", "GL_OES_EGL_image"];
        let textures = textures.iter().any(|name| self.capabilities().has(name));
        let images = native.has("EGL_KHR_image_base");
        let reached = self.kms_swrast().is_ok();
        let import = match native.has(IMPORT) && reached && images && textures {
            false => DmabufImport::None,
            true if native.has(IMPORT_MODIFIERS) => DmabufImport::Modifiers,
            true => DmabufImport::Implicit,
        };
        let export = native.has(EXPORT) && reached && images && native.has("EGL_KHR_gl_texture_2D_image");
        DmabufSupport { import, export }
    }

    /// Formats that dmabufs may have, by their codes in `drm_fourcc.h`.
    ///
    /// # Errors
    /// If the host does not tell.
    pub fn dmabuf_formats(&self) -> Result<Vec<u32>, GlError> {
        let native = self.native();
        native.require(IMPORT_MODIFIERS)?;
        let mut formats = vec![0; MAX_LIST];
        let mut count = 0;
        // SAFETY: EGL writes at most as many formats as it is told there is room for, and a number.
        let done = unsafe { native.query_dmabuf_formats(MAX_LIST as i32, formats.as_mut_ptr(), &mut count) }?;
        if done == 0 {
            return Err(native.error("eglQueryDmaBufFormatsEXT"));
        }
        formats.truncate(usize::try_from(count).unwrap_or(0));
        Ok(formats)
    }

    /// Layouts that dmabufs of a format may have, in the host's order. An empty list means that only implicit ones
    /// are taken.
    ///
    /// # Errors
    /// If the host does not tell, or does not know the format.
    pub fn dmabuf_modifiers(&self, fourcc: u32) -> Result<Vec<ModifierInfo>, GlError> {
        let native = self.native();
        native.require(IMPORT_MODIFIERS)?;
        let mut modifiers = vec![0; MAX_LIST];
        let mut external = vec![0; MAX_LIST];
        let mut count = 0;
        let (to, to_external) = (modifiers.as_mut_ptr(), external.as_mut_ptr());
        // SAFETY: EGL writes at most as many of both as it is told there is room for, and a number.
        let done =
            unsafe { native.query_dmabuf_modifiers(fourcc, MAX_LIST as i32, to, to_external, &mut count) }?;
        if done == 0 {
            return Err(native.error("eglQueryDmaBufModifiersEXT"));
        }
        let found = modifiers.into_iter().zip(external);
        Ok(found
            .take(usize::try_from(count).unwrap_or(0))
            .map(|(modifier, external)| ModifierInfo {
                modifier,
                external_only: external != 0,
            })
            .collect())
    }

    /// Takes a picture in dmabufs. The image has descriptors of its own.
    ///
    /// # Errors
    /// If the host takes no dmabufs, or none with modifiers where there is one; if the description is wrong; if a
    /// software host cannot reach the memory; or if EGL refuses it.
    pub fn import_dmabuf(&self, dmabuf: &Dmabuf) -> Result<Image, GlError> {
        let native = self.native();
        native.require("EGL_KHR_image_base")?;
        native.require(IMPORT)?;
        if dmabuf.explicit().is_some() || dmabuf.planes.len() > 3 {
            native.require(IMPORT_MODIFIERS)?;
        }
        dmabuf.check()?;
        if let Some(software) = self.kms_swrast()? {
            software.check(dmabuf)?;
        }
        let (none, attributes) = (ptr::null_mut(), dmabuf.attributes());
        let size = Some([dmabuf.width, dmabuf.height]);
        // SAFETY: the display has the extensions; the target wants neither context nor buffer; descriptors are live.
        unsafe { Image::new(native, none, LINUX_DMA_BUF, none, &attributes, size) }
    }

    /// The memory of a 2D texture's level 0. What was drawn into it is there once GL has done it: flushed for users
    /// that wait for the dmabuf's own fences, finished for others.
    ///
    /// # Errors
    /// If the host gives no dmabufs, the texture is not one of the context's, or it lies in memory that cannot be
    /// shared.
    pub fn export_dmabuf(&self, context: &Context, texture: &Texture) -> Result<Dmabuf, GlError> {
        let native = self.native();
        native.require(EXPORT)?;
        let image = self.image_of_texture(context, texture)?;
        let (mut fourcc, mut count) = (0, 0);
        let mut modifiers = [INVALID; MAX_PLANES];
        // SAFETY: EGL writes two numbers, and the modifier, for which no format has more than four.
        let done = unsafe {
            native.query_dmabuf_export(image.as_ptr(), &mut fourcc, &mut count, modifiers.as_mut_ptr())
        }?;
        if done == 0 {
            return Err(native.error("eglExportDMABUFImageQueryMESA"));
        }
        let count = usize::try_from(count).unwrap_or(0);
        if !(1..=MAX_PLANES).contains(&count) {
            return Err(DmabufError::Planes(count).into());
        }
        let planes = self.export_planes(&image, count)?;
        let [width, height] = image.size().unwrap_or_default();
        Ok(Dmabuf {
            width,
            height,
            fourcc,
            modifier: Some(modifiers[0]).filter(|&modifier| modifier != INVALID),
            planes,
        })
    }

    fn export_planes(&self, image: &Image, count: usize) -> Result<Vec<Plane>, GlError> {
        const CALL: &str = "eglExportDMABUFImageMESA";
        let native = self.native();
        let (mut fds, mut strides, mut offsets) = ([-1; MAX_PLANES], [0; MAX_PLANES], [0; MAX_PLANES]);
        let (fd, stride, offset) = (fds.as_mut_ptr(), strides.as_mut_ptr(), offsets.as_mut_ptr());
        // SAFETY: EGL writes a number for each plane to each list, and there are no more than four planes.
        let done = unsafe { native.export_dmabuf(image.as_ptr(), fd, stride, offset) }?;
        if done == 0 {
            return Err(native.error(CALL));
        }
        let owned = fds.map(|fd| {
            // SAFETY: EGL gives descriptors that nobody else owns, or -1.
            (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
        });
        let mut planes: Vec<Plane> = Vec::with_capacity(count);
        for ((fd, stride), offset) in owned.into_iter().zip(strides).zip(offsets).take(count) {
            let fd = match (fd, planes.last()) {
                (Some(fd), _) => fd,
                // No descriptor means that of the plane before.
                (None, Some(before)) => before.fd.try_clone().map_err(GlError::Descriptor)?,
                (None, None) => return Err(native.error(CALL)),
            };
            planes.push(Plane {
                fd,
                offset: offset as u32,
                stride: stride as u32,
            });
        }
        Ok(planes)
    }
}
