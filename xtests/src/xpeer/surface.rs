//! The pixels of windows and pixmaps.

use std::rc::Rc;

use rustix::io::Errno;

use super::{
    error::{ErrorCode, RequestError},
    memory::Memory,
    region::Area,
    script::LINEAR,
};

/// What the pixels of one drawable may take: larger ones are `BadAlloc`.
const MOST_BYTES: u64 = 256 << 20;

/// The depths of pixmaps with the bits that each of their pixels takes.
pub(super) const DEPTHS: [(u8, u8); 5] = [(1, 1), (16, 16), (24, 32), (30, 32), (32, 32)];

/// Bits that a pixel of this depth takes.
pub(super) fn bits_per_pixel(depth: u8) -> Option<u8> {
    DEPTHS.iter().find(|known| known.0 == depth).map(|known| known.1)
}

/// A picture as a test sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Pixel values, row by row from the top. Bits above the depth are as they lie in memory.
    pub data: Vec<u32>,
}

impl Pixels {
    /// The pixel at a place, `None` outside.
    pub fn at(&self, x: u16, y: u16) -> Option<u32> {
        (x < self.width)
            .then(|| usize::from(y) * usize::from(self.width) + usize::from(x))
            .and_then(|index| self.data.get(index).copied())
    }
}

/// How a picture lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) depth: u8,
    /// Bytes before the first row.
    pub(super) offset: u64,
    /// Bytes from row to row.
    pub(super) stride: u32,
}

impl Layout {
    /// With rows padded to four bytes, as the core protocol has them.
    pub(super) fn packed(width: u16, height: u16, depth: u8) -> Result<Self, RequestError> {
        let bits = bits_per_pixel(depth).ok_or(ErrorCode::Value.at(depth.into()))?;
        Ok(Self {
            width,
            height,
            depth,
            offset: 0,
            stride: (u32::from(width) * u32::from(bits)).div_ceil(32) * 4,
        })
    }

    fn bits(self) -> u8 {
        bits_per_pixel(self.depth).unwrap_or(0)
    }

    /// Bytes of memory up to the end of the last row; `None` for what no memory can hold.
    fn end(self) -> Option<u64> {
        let row = (u64::from(self.width) * u64::from(self.bits())).div_ceil(8);
        let before = u64::from(self.stride) * u64::from(self.height.saturating_sub(1));
        self.offset.checked_add(before)?.checked_add(row)
    }
}

/// Memory of an imported buffer beside its first plane: kept and given back, never read.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) memory: Memory,
    pub(super) stride: u32,
    pub(super) offset: u32,
}

/// A picture in memory, which others may share.
#[derive(Debug)]
pub(super) struct Surface {
    memory: Rc<Memory>,
    layout: Layout,
    modifier: u64,
    more: Vec<Plane>,
}

impl Surface {
    /// A black one in memory of its own.
    pub(super) fn new(width: u16, height: u16, depth: u8) -> Result<Self, RequestError> {
        let layout = Layout::packed(width, height, depth)?;
        let bytes = layout
            .end()
            .filter(|&end| end <= MOST_BYTES)
            .ok_or(ErrorCode::Alloc)?;
        let memory = Memory::create(bytes).map_err(|_| ErrorCode::Alloc)?;
        Ok(Self::linear(Rc::new(memory), layout))
    }

    /// One in memory that a client gave: `BadValue` if it does not fit into it, or if its rows overlap.
    pub(super) fn over(memory: Rc<Memory>, layout: Layout) -> Result<Self, RequestError> {
        let row = Layout::packed(layout.width, 1, layout.depth)?.end();
        let end = layout
            .end()
            .filter(|&end| end <= memory.size().min(layout.offset.saturating_add(MOST_BYTES)));
        if row.is_none_or(|row| row > layout.stride.into()) || end.is_none() {
            return Err(ErrorCode::Value.at(layout.stride));
        }
        Ok(Self::linear(memory, layout))
    }

    /// The same with what else the buffer has. Whatever the modifier says, the first plane is read row by row.
    #[must_use]
    pub(super) fn with_planes(mut self, modifier: u64, more: Vec<Plane>) -> Self {
        self.modifier = modifier;
        self.more = more;
        self
    }

    const fn linear(memory: Rc<Memory>, layout: Layout) -> Self {
        Self {
            memory,
            layout,
            modifier: LINEAR,
            more: Vec::new(),
        }
    }

    pub(super) const fn modifier(&self) -> u64 {
        self.modifier
    }

    /// The planes after the first.
    pub(super) fn more_planes(&self) -> &[Plane] {
        &self.more
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn memory(&self) -> &Rc<Memory> {
        &self.memory
    }

    pub(super) const fn depth(&self) -> u8 {
        self.layout.depth
    }

    pub(super) fn bits(&self) -> u8 {
        self.layout.bits()
    }

    pub(super) fn bounds(&self) -> Area {
        Area::new(0, 0, self.layout.width, self.layout.height)
    }

    /// The bytes of a part that lies inside, rows without padding. Only for depths of whole bytes.
    pub(super) fn read(&self, area: Area) -> Result<Vec<u8>, Errno> {
        let mut bytes = Vec::new();
        for y in area.top..area.bottom {
            let (offset, length) = self.row(area, y)?;
            let start = bytes.len();
            bytes.resize(start + length, 0);
            self.memory.read(&mut bytes[start..], offset)?;
        }
        Ok(bytes)
    }

    /// Writes rows of `stride` bytes each to a part that lies inside. Only for depths of whole bytes.
    pub(super) fn write(&self, area: Area, bytes: &[u8], stride: usize) -> Result<(), Errno> {
        for (row, y) in (area.top..area.bottom).enumerate() {
            let (offset, length) = self.row(area, y)?;
            let start = row.checked_mul(stride).ok_or(Errno::INVAL)?;
            let row = bytes
                .get(start..)
                .and_then(|rest| rest.get(..length))
                .ok_or(Errno::INVAL)?;
            self.memory.write(row, offset)?;
        }
        Ok(())
    }

    /// Gives a part one value.
    pub(super) fn fill(&self, area: Area, pixel: u32) -> Result<(), Errno> {
        let area = area.intersection(self.bounds());
        if area.is_empty() {
            return Ok(());
        }
        let size = usize::from(self.bits() / 8);
        let bytes: Vec<u8> = match size {
            2 => (pixel as u16).to_ne_bytes().to_vec(),
            _ => pixel.to_ne_bytes().to_vec(),
        };
        let row = bytes.repeat((area.right - area.left) as usize);
        for y in area.top..area.bottom {
            self.write(
                Area {
                    top: y,
                    bottom: y + 1,
                    ..area
                },
                &row,
                row.len(),
            )?;
        }
        Ok(())
    }

    /// Copies to `area` what lies at the same place of `source` moved by `x` and `y`; gives what both have.
    pub(super) fn copy(&self, source: &Self, area: Area, x: i32, y: i32) -> Result<Area, Errno> {
        let area = area
            .intersection(self.bounds())
            .intersection(source.bounds().moved(x, y));
        if !area.is_empty() {
            let bytes = source.read(area.moved(-x, -y))?;
            self.write(
                area,
                &bytes,
                (area.right - area.left) as usize * usize::from(self.bits() / 8),
            )?;
        }
        Ok(area)
    }

    /// All of it, as values.
    pub(super) fn pixels(&self) -> Result<Pixels, Errno> {
        let bytes = self.read(self.bounds())?;
        let data = match self.bits() {
            16 => bytes
                .chunks_exact(2)
                .map(|c| u16::from_ne_bytes([c[0], c[1]]).into())
                .collect(),
            _ => bytes
                .chunks_exact(4)
                .map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]]))
                .collect(),
        };
        Ok(Pixels {
            width: self.layout.width,
            height: self.layout.height,
            data,
        })
    }

    /// Where a row of a part lies: its offset and bytes.
    fn row(&self, area: Area, y: i32) -> Result<(u64, usize), Errno> {
        let size = u64::from(self.bits() / 8);
        if size == 0 || area.is_empty() || area.intersection(self.bounds()) != area {
            return Err(Errno::INVAL);
        }
        // Inside of the bounds no number is negative.
        let (x, y) = (area.left.unsigned_abs(), y.unsigned_abs());
        let offset = self.layout.offset + u64::from(y) * u64::from(self.layout.stride) + u64::from(x) * size;
        Ok((
            offset,
            (area.right - area.left) as usize * usize::from(self.bits() / 8),
        ))
    }
}
