//! What clients may have.

/// Quotas of a connection. Where its protocol lets a request be refused, that is done; a client that exceeds a quota with
/// any other request is disconnected, with a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Resources alive at a time. Each costs a mapping, and the kernel allows some 65,000 of those.
    pub resources: usize,
    /// Bytes of shared memory alive at a time. The memory is sparse: only what is touched is used.
    pub memory: u64,
    /// Timelines and waits for them.
    pub timelines: usize,
    /// Resources that were exported or imported. Each keeps a descriptor open.
    pub shared: usize,
    /// Descriptors for memory that are kept so that they can be given again.
    pub files: usize,
    /// Fences and waits that GL has not come past, and fences that are being merged.
    pub fences: usize,
    /// RESOLVE and UPLOAD without an answer so far.
    pub resolves: usize,
    /// Bytes of answers that the client has not read when it asks for more.
    pub unread: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resources: 60_000,
            memory: 32 << 30,
            timelines: 4096,
            shared: 4096,
            files: 16_384,
            fences: 1024,
            resolves: 1024,
            unread: 1 << 20,
        }
    }
}

/// Quotas of a session that many clients share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedLimits {
    /// Those of each connection.
    pub connection: Limits,
    /// Connections at a time. One more is turned away.
    pub connections: usize,
    /// Bytes of shared memory of all connections together.
    pub memory: u64,
}

impl Default for SharedLimits {
    fn default() -> Self {
        Self {
            connection: Limits::default(),
            connections: 256,
            memory: 64 << 30,
        }
    }
}
