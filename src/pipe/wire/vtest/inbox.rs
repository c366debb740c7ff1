//! The receive buffer: reads bring many requests at once, and large payloads are read straight into place.

/// Bytes that a read may bring.
const CHUNK: usize = 256 << 10;

/// A byte queue whose storage is aligned for words.
#[derive(Debug, Default)]
pub struct Inbox {
    words: Vec<u32>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// What arrived and was not taken.
    pub fn unread(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[self.start..self.end]
    }

    /// Room behind the unread bytes, of which `needed` would be good to have in all: never less than a good read's
    /// worth, and beyond that never more than has already arrived, as a peer may announce what it does not send.
    pub fn room(&mut self, needed: usize) -> &mut [u8] {
        let unread = self.end - self.start;
        let needed = needed.min(unread * 2);
        if self.start > 0 && (unread == 0 || self.start + needed + CHUNK > self.words.len() * 4) {
            let start = self.start;
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.words);
            bytes.copy_within(start..start + unread, 0);
            (self.start, self.end) = (0, unread);
        }
        let wanted = self.start + needed.max(unread + CHUNK);
        if wanted > self.words.len() * 4 {
            self.words.resize(wanted.div_ceil(4), 0);
        }
        &mut bytemuck::cast_slice_mut(&mut self.words)[self.end..]
    }

    /// Says that `count` bytes were put into the room.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.words.len() * 4);
    }

    /// Removes bytes from the front.
    pub fn take(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }
}
