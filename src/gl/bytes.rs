//! Byte ranges handed to GL, which may lie in memory that another process writes at the same time.
//!
//! A `&[u8]` over memory shared with a guest would be undefined behaviour the moment the guest writes to it. These
//! two types carry pointer, length and lifetime without ever making a reference.

use std::{marker::PhantomData, ops::Range, ptr::NonNull};

/// Bytes that may be read, and that somebody else may be writing.
#[derive(Debug, Clone, Copy)]
pub struct ReadBytes<'a> {
    ptr: NonNull<u8>,
    len: usize,
    owner: PhantomData<&'a ()>,
}

/// Bytes that may be read and written, and that somebody else may be reading and writing.
#[derive(Debug, Clone, Copy)]
pub struct WriteBytes<'a> {
    ptr: NonNull<u8>,
    len: usize,
    owner: PhantomData<&'a ()>,
}

impl<'a> ReadBytes<'a> {
    /// Wraps raw memory.
    ///
    /// # Safety
    /// `ptr` must be readable for `len` bytes for the whole lifetime `'a`.
    pub unsafe fn new(ptr: NonNull<u8>, len: usize) -> Self {
        Self {
            ptr,
            len,
            owner: PhantomData,
        }
    }

    /// The length in bytes.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The start, for GL.
    pub fn as_ptr(self) -> *const u8 {
        self.ptr.as_ptr()
    }

    /// A part; `None` if `range` does not lie inside.
    pub fn get(self, range: Range<usize>) -> Option<Self> {
        let ptr = part(self.ptr, self.len, &range)?;
        Some(Self {
            ptr,
            len: range.len(),
            owner: PhantomData,
        })
    }

    /// Copies the first `to.len()` bytes out; false if there are fewer.
    pub fn copy_to(self, to: &mut [u8]) -> bool {
        if to.len() > self.len {
            return false;
        }
        // SAFETY: both sides are valid for `to.len()` bytes, and `to` is exclusively ours, so they do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(self.ptr.as_ptr(), to.as_mut_ptr(), to.len()) };
        true
    }

    /// A copy of all bytes.
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.copy_to(&mut bytes);
        bytes
    }
}

impl<'a> WriteBytes<'a> {
    /// Wraps raw memory.
    ///
    /// # Safety
    /// `ptr` must be readable and writable for `len` bytes for the whole lifetime `'a`, and no Rust reference to
    /// these bytes may exist meanwhile.
    pub unsafe fn new(ptr: NonNull<u8>, len: usize) -> Self {
        Self {
            ptr,
            len,
            owner: PhantomData,
        }
    }

    /// The length in bytes.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The start, for GL.
    pub fn as_mut_ptr(self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// The same bytes for reading.
    pub fn as_read(self) -> ReadBytes<'a> {
        ReadBytes {
            ptr: self.ptr,
            len: self.len,
            owner: PhantomData,
        }
    }

    /// A part; `None` if `range` does not lie inside.
    pub fn get(self, range: Range<usize>) -> Option<Self> {
        let ptr = part(self.ptr, self.len, &range)?;
        Some(Self {
            ptr,
            len: range.len(),
            owner: PhantomData,
        })
    }

    /// Copies `from` to the start; false if it does not fit.
    pub fn copy_from(self, from: ReadBytes<'_>) -> bool {
        if from.len > self.len {
            return false;
        }
        // SAFETY: both sides are valid for `from.len` bytes; `copy` allows them to overlap.
        unsafe { std::ptr::copy(from.as_ptr(), self.ptr.as_ptr(), from.len) };
        true
    }
}

impl<'a> From<&'a [u8]> for ReadBytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            ptr: NonNull::from(bytes).cast(),
            len: bytes.len(),
            owner: PhantomData,
        }
    }
}

impl<'a> From<&'a mut [u8]> for WriteBytes<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        Self {
            len: bytes.len(),
            ptr: NonNull::from(bytes).cast(),
            owner: PhantomData,
        }
    }
}

fn part(ptr: NonNull<u8>, len: usize, range: &Range<usize>) -> Option<NonNull<u8>> {
    if range.start > range.end || range.end > len {
        return None;
    }
    // SAFETY: `range.start <= len`, so the result stays inside or one past the end of the same memory.
    Some(unsafe { ptr.add(range.start) })
}
