//! What a swapchain has done, in numbers.

/// Counts since a swapchain was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PresentStats {
    /// Frames handed out to be drawn.
    pub frames: u64,
    /// Frames handed over to be shown.
    pub presented: u64,
    /// Frames whose buffer was scanned out.
    pub flips: u64,
    /// Frames that the server copied.
    pub copies_server: u64,
    /// Frames that nobody saw.
    pub skipped: u64,
    /// Rectangles copied here.
    pub copies_cpu: u64,
    /// Bytes copied here.
    pub bytes_copied: u64,
    /// Buffers made.
    pub buffers: u64,
    /// Waits for an answer of the server; only where buffers are made, or about to be.
    pub round_trips: u64,
}
