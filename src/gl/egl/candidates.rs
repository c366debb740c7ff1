//! Where EGL displays come from: the platforms, and the devices of each.

use std::{
    ffi::{CStr, c_char, c_void},
    mem,
    os::fd::OwnedFd,
    ptr,
    rc::Rc,
};

use khronos_egl as egl;

use super::{Egl, failed, native, native::Native};
use crate::gl::{GbmDevice, GlError, Platform, gbm};

const PLATFORM_DEVICE_EXT: egl::Enum = 0x313f;
const PLATFORM_GBM_KHR: egl::Enum = 0x31d7;
const PLATFORM_SURFACELESS_MESA: egl::Enum = 0x31dd;
const PLATFORM_X11_KHR: egl::Enum = 0x31d5;
const DRM_DEVICE_FILE_EXT: egl::Int = 0x3233;
/// Entries of EGL's device list that are looked at.
const MAX_DEVICES: usize = 32;

/// A display before it is known to give contexts.
pub(super) struct Candidate {
    pub(super) native: Rc<Native>,
    pub(super) version: (i32, i32),
    /// The DRM node, where the platform has one.
    pub(super) device: Option<String>,
    /// On the GBM platform.
    pub(super) gbm: Option<GbmDevice>,
}

/// The displays that a platform has; each is opened when it is asked for.
pub(super) fn candidates(
    egl: &'static Egl,
    platform: Platform,
) -> Result<Box<dyn Iterator<Item = Result<Candidate, GlError>>>, GlError> {
    let extensions = native::extensions(egl, None)?;
    let require = |names: &[&'static str]| match names {
        names if names.iter().any(|name| extensions.contains(*name)) => Ok(()),
        names => Err(GlError::Extension(names[0])),
    };
    match platform {
        Platform::Gbm => {
            require(&["EGL_KHR_platform_gbm", "EGL_MESA_platform_gbm"])?;
            let nodes = gbm::nodes()?.into_iter();
            Ok(Box::new(
                nodes.map(move |node| on_gbm(egl, GbmDevice::open(&node)?)),
            ))
        }
        Platform::Surfaceless => {
            require(&["EGL_MESA_platform_surfaceless"])?;
            Ok(alone(egl, PLATFORM_SURFACELESS_MESA))
        }
        Platform::X11 => {
            require(&["EGL_KHR_platform_x11", "EGL_EXT_platform_x11"])?;
            Ok(alone(egl, PLATFORM_X11_KHR))
        }
        Platform::Device => {
            require(&["EGL_EXT_platform_device"])?;
            require(&["EGL_EXT_device_enumeration", "EGL_EXT_device_base"])?;
            let devices = drm_devices(egl)?.into_iter();
            let open = move |(device, node)| initialize(egl, PLATFORM_DEVICE_EXT, device, Some(node));
            Ok(Box::new(devices.map(open)))
        }
    }
}

/// The only display of a platform without devices.
fn alone(egl: &'static Egl, platform: egl::Enum) -> Box<dyn Iterator<Item = Result<Candidate, GlError>>> {
    Box::new(std::iter::once_with(move || {
        initialize(egl, platform, ptr::null_mut(), None)
    }))
}

/// The GBM platform on a DRM device that is open already.
pub(super) fn on_fd(egl: &'static Egl, fd: OwnedFd) -> Result<Candidate, GlError> {
    on_gbm(egl, GbmDevice::new(fd)?)
}

fn on_gbm(egl: &'static Egl, gbm: GbmDevice) -> Result<Candidate, GlError> {
    gbm.try_out()?;
    let mut candidate = initialize(egl, PLATFORM_GBM_KHR, gbm.leak(), Some(gbm.node().to_owned()))?;
    candidate.gbm = Some(gbm);
    Ok(candidate)
}

fn initialize(
    egl: &'static Egl,
    platform: egl::Enum,
    native: *mut c_void,
    device: Option<String>,
) -> Result<Candidate, GlError> {
    // SAFETY: the native display is null for the surfaceless platform and for X11, where EGL then connects to the
    // default display itself; one of EGL's own devices for the device platform; and a GBM device that is never
    // destroyed for GBM.
    let display = unsafe { egl.get_platform_display(platform, native, &[egl::ATTRIB_NONE]) }
        .map_err(failed("eglGetPlatformDisplay"))?;
    let version = egl.initialize(display).map_err(failed("eglInitialize"))?;
    Ok(Candidate {
        native: Rc::new(Native::new(egl, display)?),
        version,
        device,
        gbm: None,
    })
}

type QueryDevices = unsafe extern "system" fn(i32, *mut *mut c_void, *mut i32) -> u32;
type QueryDeviceString = unsafe extern "system" fn(*mut c_void, i32) -> *const c_char;

/// EGL's devices that are DRM devices, with the paths of their nodes.
fn drm_devices(egl: &Egl) -> Result<Vec<(*mut c_void, String)>, GlError> {
    let find = |name| egl.get_proc_address(name).ok_or(GlError::Function(name));
    let query_devices = find("eglQueryDevicesEXT")?;
    let query_string = find("eglQueryDeviceStringEXT")?;
    // SAFETY: the function of this name has this signature.
    let query_devices = unsafe { mem::transmute::<extern "system" fn(), QueryDevices>(query_devices) };
    // SAFETY: the function of this name has this signature.
    let query_string = unsafe { mem::transmute::<extern "system" fn(), QueryDeviceString>(query_string) };
    let mut devices = [ptr::null_mut(); MAX_DEVICES];
    let mut count = 0;
    // SAFETY: EGL writes at most as many devices as it is told there is room for.
    let done = unsafe { query_devices(MAX_DEVICES as i32, devices.as_mut_ptr(), &mut count) };
    if done == 0 {
        let error = egl.get_error().unwrap_or(egl::Error::BadAlloc);
        return Err(GlError::Egl {
            call: "eglQueryDevicesEXT",
            error,
        });
    }
    let found = &devices[..usize::try_from(count).unwrap_or(0).min(MAX_DEVICES)];
    let node = |&device: &*mut c_void| {
        // SAFETY: the device is one that EGL listed.
        let path = unsafe { query_string(device, DRM_DEVICE_FILE_EXT) };
        if path.is_null() {
            // Not a DRM device. The error would otherwise be taken for that of a later call.
            let _ = egl.get_error();
            return None;
        }
        // SAFETY: a string of EGL's ends with a zero and lives as long as the display.
        let path = unsafe { CStr::from_ptr(path) };
        Some((device, path.to_string_lossy().into_owned()))
    };
    let nodes: Vec<_> = found.iter().filter_map(node).collect();
    if nodes.is_empty() {
        Err(GlError::NoDrmDevice(found.len()))
    } else {
        Ok(nodes)
    }
}
