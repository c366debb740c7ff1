//! The functions that ours stand in front of.
//!
//! Those of the C library are the next in the order of lookup, so that other preloaded libraries keep their turn. libdrm is
//! asked for by name: where a vendor's library was opened for itself alone, as glvnd does it, there is no next.

use std::{
    ffi::CStr,
    mem::transmute_copy,
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use libc::{RTLD_LAZY, RTLD_NEXT, c_void};

/// A function that is looked up when it is first wanted.
pub(crate) struct Original {
    name: &'static CStr,
    library: Library,
    address: AtomicPtr<c_void>,
}

enum Library {
    Next,
    Named(&'static CStr),
}

impl Original {
    /// A function of the C library.
    pub(crate) const fn next(name: &'static CStr) -> Self {
        Self::new(name, Library::Next)
    }

    /// A function of libdrm.
    pub(crate) const fn libdrm(name: &'static CStr) -> Self {
        Self::new(name, Library::Named(c"libdrm.so.2"))
    }

    const fn new(name: &'static CStr, library: Library) -> Self {
        Self {
            name,
            library,
            address: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The function as a pointer of its type. None where there is no such function.
    ///
    /// # Safety
    /// `F` must be the type of a pointer to that function.
    pub(crate) unsafe fn get<F: Copy>(&self) -> Option<F> {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        let mut address = self.address.load(Ordering::Relaxed);
        if address.is_null() {
            address = self.look_up();
            self.address.store(address, Ordering::Relaxed);
        }
        // SAFETY: the caller says that the function's address is an `F`, which is as large as an address.
        (!address.is_null()).then(|| unsafe { transmute_copy(&address) })
    }

    fn look_up(&self) -> *mut c_void {
        let library = match self.library {
            Library::Next => RTLD_NEXT,
            // SAFETY: the name is a C string. Whoever calls a function of it has opened the library before.
            Library::Named(name) => unsafe { libc::dlopen(name.as_ptr(), RTLD_LAZY) },
        };
        if library.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: the name is a C string, and the library stays open.
        unsafe { libc::dlsym(library, self.name.as_ptr()) }
    }
}

/// The name of a function, of a text that ends with 0.
pub(crate) const fn name(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name has one 0, at its end"),
    }
}

#[cfg(test)]
mod tests {
    use super::Original;

    #[test]
    fn a_function_is_found_by_its_name() {
        static GETPID: Original = Original::next(c"getpid");
        // SAFETY: that is getpid's type.
        let getpid = unsafe { GETPID.get::<extern "C" fn() -> libc::pid_t>() }.unwrap();
        assert_eq!(getpid(), std::process::id() as libc::pid_t);
    }

    #[test]
    fn a_function_that_is_nowhere_is_none() {
        static NOWHERE: Original = Original::next(c"pixbridge_has_no_such_function");
        // SAFETY: there is no such function, of whatever type.
        assert!(unsafe { NOWHERE.get::<extern "C" fn()>() }.is_none());
    }
}
