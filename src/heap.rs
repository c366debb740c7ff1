//! Memory that the allocator holds on to.
//!
//! glibc gives free memory back by itself only where it is the end of the heap. The contexts of a software GL leave theirs
//! in the midst of it, ten times of what stays in use and more with each crowd of clients, since the pieces rarely fit
//! anew.

/// Gives all pages that are free to the kernel: [malloc_trim(3)](https://man7.org/linux/man-pages/man3/malloc_trim.3.html).
/// Takes milliseconds, and what is allocated next costs page faults, so this is for moments after much was freed. Does
/// nothing where the C library is not glibc.
pub(crate) fn trim() {
    #[cfg(target_env = "gnu")]
    {
        use std::ffi::c_int;

        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> c_int;
        }
        // SAFETY: takes the allocator's own locks, and touches nothing but memory that is free.
        unsafe { malloc_trim(0) };
    }
}
