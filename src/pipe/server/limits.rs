//! What one client may have.

/// Quotas of a session. A client that exceeds one is disconnected, with a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Resources alive at a time. Each costs a mapping, and the kernel allows some 65,000 of those.
    pub resources: usize,
    /// Bytes of shared memory alive at a time. The memory is sparse: only what is touched is used.
    pub memory: u64,
    /// Timelines and waits for them.
    pub timelines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resources: 60_000,
            memory: 32 << 30,
            timelines: 4096,
        }
    }
}
