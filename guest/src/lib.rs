//! Preload library for guests: makes a socket of pixbridge look like the device file of a virtio GPU.
//!
//! Mesa's virtio-gpu driver talks to `/dev/dri/renderD*` by the ioctls of the kernel's
//! [`virtgpu_drm.h`](https://docs.kernel.org/gpu/drm-uapi.html). With this library in `LD_PRELOAD` and the path of a session's
//! socket in `PIXBRIDGE_SOCKET`, a descriptor connected to that socket is such a file: `ioctl` and `mmap` on it are answered
//! by requests on the socket. It comes from the X server (DRI3Open), or from opening the path in `PIXBRIDGE_NODE`, where there
//! need be nothing. The queries of libdrm that would look into `/sys` are answered for it too. The socket itself is the
//! device file, so closing, duplicating and handing on need nobody's help.
//!
//! Without `PIXBRIDGE_SOCKET` all of that is off. What remains is for Mesa's older way, the vtest driver, which before Mesa 23.1
//! knows one address only, `/tmp/.virgl_test`: a connection to it goes to the one in `VTEST_SOCKET_NAME` (see [`hooks`]).
//!
//! Programs that make system calls without the C library are not reached, nor are those that are linked statically or run with
//! other privileges than their parent's.

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
)))]
compile_error!(
    "numbers of ioctls and calls with any number of arguments are known for some 64-bit Linux targets only"
);

mod arguments;
mod config;
mod device;
mod devices;
mod fences;
mod hooks;
mod ioctls;
mod node;
mod originals;
mod socket;
#[cfg(test)]
mod tests;
mod wire;
