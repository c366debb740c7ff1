//! The messages to a session: those of vtest (Mesa's `vtest_protocol.h`) that we use, and pixbridge's own.
//!
//! A message is `[dwords of the payload, command]` and the payload. 64-bit values are two dwords, the lower one first. A
//! descriptor travels on a message of one byte that follows.

use rustix::io::Errno;

/// Numbers of the commands.
pub(crate) mod command {
    pub(crate) const GET_CAPS: u32 = 1;
    pub(crate) const RESOURCE_UNREF: u32 = 3;
    pub(crate) const SUBMIT_CMD: u32 = 6;
    pub(crate) const RESOURCE_BUSY_WAIT: u32 = 7;
    pub(crate) const CREATE_RENDERER: u32 = 8;
    pub(crate) const GET_CAPS2: u32 = 9;
    pub(crate) const PROTOCOL_VERSION: u32 = 11;
    pub(crate) const GET_PARAM: u32 = 15;
    pub(crate) const CONTEXT_INIT: u32 = 17;
    pub(crate) const SUBMIT_CMD2: u32 = 24;
    pub(crate) const RESOURCE_CREATE: u32 = EXTENSION + 1;
    pub(crate) const RESOURCE_MEMORY: u32 = EXTENSION + 2;
    pub(crate) const RESOURCE_EXPORT: u32 = EXTENSION + 3;
    pub(crate) const RESOURCE_IMPORT: u32 = EXTENSION + 4;
    pub(crate) const TRANSFER: u32 = EXTENSION + 5;
    pub(crate) const FENCE_MERGE: u32 = EXTENSION + 8;
    pub(crate) const SIGNAL: u32 = EXTENSION + 10;

    /// What pixbridge's own commands are counted from; also the parameter that asks for them.
    pub(crate) const EXTENSION: u32 = 0x5042_0000;
}

/// The version of the extension that has all these.
pub(crate) const EXTENSION_VERSION: u32 = 2;

/// The version of vtest in which clients choose the numbers of resources.
pub(crate) const VERSION: u32 = 2;

/// What a resource is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) target: u32,
    pub(crate) format: u32,
    pub(crate) bind: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u32,
    pub(crate) array_size: u32,
    pub(crate) last_level: u32,
    pub(crate) samples: u32,
    pub(crate) flags: u32,
}

impl Description {
    /// The payload that makes it.
    pub(crate) fn request(&self, id: u32) -> [u32; 11] {
        [
            id,
            self.target,
            self.format,
            self.bind,
            self.width,
            self.height,
            self.depth,
            self.array_size,
            self.last_level,
            self.samples,
            self.flags,
        ]
    }

    /// Bytes without structure, in guest memory.
    pub(crate) fn guest_bytes(size: u32) -> Self {
        const BUFFER: u32 = 0;
        const R8_UNORM: u32 = 64;
        const STAGING: u32 = 1 << 19;
        Self {
            target: BUFFER,
            format: R8_UNORM,
            bind: STAGING,
            width: size,
            height: 1,
            depth: 1,
            array_size: 1,
            last_level: 0,
            samples: 0,
            flags: 0,
        }
    }

    /// A picture of 32 bits a pixel that a display can show.
    pub(crate) fn picture(width: u32, height: u32) -> Self {
        const TEXTURE_2D: u32 = 2;
        const B8G8R8X8_UNORM: u32 = 2;
        const RENDER_TARGET: u32 = 1 << 1;
        const SCANOUT: u32 = 1 << 18;
        const SHARED: u32 = 1 << 20;
        Self {
            target: TEXTURE_2D,
            format: B8G8R8X8_UNORM,
            bind: RENDER_TARGET | SCANOUT | SHARED,
            width,
            height,
            depth: 1,
            array_size: 1,
            last_level: 0,
            samples: 0,
            flags: 0,
        }
    }
}

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    ToHost = 1,
    FromHost = 2,
}

/// A part of a resource on its way between guest memory and the host.
pub(crate) struct Transfer {
    pub(crate) direction: Direction,
    pub(crate) id: u32,
    pub(crate) level: u32,
    /// Bytes between rows and layers; 0 is the level's own.
    pub(crate) stride: u32,
    pub(crate) layer_stride: u32,
    /// x, y, z, width, height, depth.
    pub(crate) area: [u32; 6],
    /// Where the part begins in guest memory, in bytes.
    pub(crate) offset: u32,
}

impl Transfer {
    /// The payload that starts it.
    pub(crate) fn request(&self) -> [u32; 13] {
        let [x, y, z, width, height, depth] = self.area;
        [
            self.direction as u32,
            self.id,
            self.level,
            self.stride,
            self.layer_stride,
            x,
            y,
            z,
            width,
            height,
            depth,
            self.offset,
            0,
        ]
    }
}

/// Where the bytes of an exported resource are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The file is what GL draws to.
    InPlace,
    /// The file is a GPU's memory.
    Dmabuf,
    /// The file holds a copy that the session makes when it is asked to.
    Copied,
}

/// What others may have of a resource: the answer to RESOURCE_EXPORT.
pub(crate) struct Exported {
    pub(crate) placement: Placement,
    /// Bytes from row to row.
    pub(crate) stride: u32,
    /// Where the first row is, in bytes.
    pub(crate) offset: u32,
    /// How the rows lie, as `drm_fourcc.h` numbers it; 0 is one after the other.
    pub(crate) modifier: u64,
    /// Bytes of the file.
    pub(crate) size: u64,
}

impl Exported {
    /// Dwords of the answer.
    pub(crate) const DWORDS: usize = 11;

    /// Reads the answer. None for a placement that does not exist.
    pub(crate) fn read(answer: [u32; Self::DWORDS]) -> Option<Self> {
        let [
            _,
            placement,
            _,
            _,
            _,
            stride,
            offset,
            modifier_low,
            modifier_high,
            size_low,
            size_high,
        ] = answer;
        let placement = match placement {
            1 => Placement::InPlace,
            2 => Placement::Dmabuf,
            3 => Placement::Copied,
            _ => return None,
        };
        Some(Self {
            placement,
            stride,
            offset,
            modifier: wide(modifier_low, modifier_high),
            size: wide(size_low, size_high),
        })
    }
}

/// Dwords of the answer to RESOURCE_IMPORT. The last two are the bytes of the file.
pub(crate) const IMPORTED_DWORDS: usize = 18;
/// Dwords of the answer to RESOURCE_MEMORY: status and size.
pub(crate) const MEMORY_DWORDS: usize = 3;

/// A payload of SUBMIT_CMD2 up to the commands: one batch of `dwords` that waits for a fence.
pub(crate) fn fenced_batch(dwords: u32) -> [u32; 9] {
    const COMMANDS_AT: u32 = 9;
    const IN_FENCE: u32 = 2;
    [1, IN_FENCE, COMMANDS_AT, dwords, 0, 0, 0, 0, 0]
}

/// A 64-bit value of two dwords.
pub(crate) fn wide(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// The two dwords of a 64-bit value.
pub(crate) fn narrow(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// What the first dword of an answer says.
pub(crate) fn status(word: u32) -> Result<(), Errno> {
    match word {
        0 => Ok(()),
        // Errors that the caller's libdrm would take for an invitation to try again for ever.
        number
            if number == Errno::INTR.raw_os_error() as u32
                || number == Errno::AGAIN.raw_os_error() as u32 =>
        {
            Err(Errno::IO)
        }
        number @ 1..4096 => Err(Errno::from_raw_os_error(number as i32)),
        _ => Err(Errno::IO),
    }
}
