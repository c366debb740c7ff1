//! A few rectangles that cover what changed.
//!
//! Each rectangle costs a request, a reply and an upload, so a handful is worth more than exactness: rectangles are
//! joined where that costs few pixels, and there is a bound to their number.

use x11rb::protocol::xproto::Rectangle;

/// So many pixels are cheaper to copy than a request of their own, its reply and its upload.
const PIXELS_OF_A_REQUEST: i64 = 1024;

/// A rectangle inside a drawable, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width, at least 1.
    pub width: u16,
    /// Height, at least 1.
    pub height: u16,
}

impl Area {
    /// The number of pixels.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The part of a rectangle that lies in a drawable of this width and height; `None` if there is none.
    fn clip(rectangle: Rectangle, (width, height): (u16, u16)) -> Option<Self> {
        let (x, width) = clip_side(rectangle.x, rectangle.width, width)?;
        let (y, height) = clip_side(rectangle.y, rectangle.height, height)?;
        Some(Self { x, y, width, height })
    }

    /// The smallest rectangle around both.
    fn union(self, other: Self) -> Self {
        let (x, width) = join_sides((self.x, self.width), (other.x, other.width));
        let (y, height) = join_sides((self.y, self.height), (other.y, other.height));
        Self { x, y, width, height }
    }

    /// Pixels that the union has more than both; negative where they overlap much.
    fn waste(self, other: Self) -> i64 {
        // Sides have 16 bits.
        let pixels = |area: Self| area.pixels().cast_signed();
        pixels(self.union(other)) - pixels(self) - pixels(other)
    }
}

fn clip_side(start: i16, length: u16, limit: u16) -> Option<(u16, u16)> {
    let start = i32::from(start);
    let end = (start + i32::from(length)).min(limit.into());
    let start = start.max(0);
    let length = u16::try_from(end - start).ok().filter(|&length| length > 0)?;
    Some((u16::try_from(start).ok()?, length))
}

fn join_sides((a, a_length): (u16, u16), (b, b_length): (u16, u16)) -> (u16, u16) {
    let start = a.min(b);
    let end = |start: u16, length: u16| start.saturating_add(length);
    (start, end(a, a_length).max(end(b, b_length)) - start)
}

/// Rectangles that cover what changed of a drawable, at most 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    size: (u16, u16),
    areas: [Area; Self::MAX],
    len: usize,
}

impl Areas {
    /// Rectangles at most.
    pub const MAX: usize = 16;

    /// None of a drawable of this width and height.
    pub fn none(size: (u16, u16)) -> Self {
        Self {
            size,
            areas: [Area::default(); Self::MAX],
            len: 0,
        }
    }

    /// All of a drawable of this width and height.
    pub fn all(size: (u16, u16)) -> Self {
        let mut areas = Self::none(size);
        areas.push(Area {
            x: 0,
            y: 0,
            width: size.0,
            height: size.1,
        });
        areas
    }

    /// The rectangles.
    pub fn as_slice(&self) -> &[Area] {
        &self.areas[..self.len]
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of pixels in all of them.
    pub fn pixels(&self) -> u64 {
        self.as_slice().iter().map(|area| area.pixels()).sum()
    }

    /// Adds what lies in the drawable of a rectangle.
    pub fn add(&mut self, rectangle: Rectangle) {
        if let Some(area) = Area::clip(rectangle, self.size) {
            self.insert(area);
        }
    }

    /// Adds those of another set for the same drawable.
    pub fn extend(&mut self, other: &Self) {
        for area in other.as_slice() {
            self.insert(*area);
        }
    }

    /// Adds one, joined with those it joins cheaply, and with the best of them when there is no more room.
    fn insert(&mut self, mut area: Area) {
        loop {
            let best = (0..self.len)
                .map(|at| (area.waste(self.areas[at]), at))
                .min()
                .filter(|(waste, _)| *waste <= PIXELS_OF_A_REQUEST || self.len == Self::MAX);
            let Some((_, at)) = best else { break };
            area = area.union(self.remove(at));
        }
        self.push(area);
        let around = self
            .as_slice()
            .iter()
            .copied()
            .reduce(Area::union)
            .unwrap_or(area);
        if self.len > 1 && self.pixels() >= around.pixels() {
            self.len = 0;
            self.push(around);
        }
    }

    fn push(&mut self, area: Area) {
        self.areas[self.len] = area;
        self.len += 1;
    }

    fn remove(&mut self, at: usize) -> Area {
        let area = self.areas[at];
        self.len -= 1;
        self.areas[at] = self.areas[self.len];
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (u16, u16) = (1000, 800);

    fn rectangle(x: i16, y: i16, width: u16, height: u16) -> Rectangle {
        Rectangle { x, y, width, height }
    }

    fn area(x: u16, y: u16, width: u16, height: u16) -> Area {
        Area { x, y, width, height }
    }

    fn areas(rectangles: &[Rectangle]) -> Areas {
        let mut areas = Areas::none(SIZE);
        rectangles.iter().for_each(|rectangle| areas.add(*rectangle));
        areas
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        assert!(areas(&[rectangle(-50, 10, 50, 5), rectangle(1000, 0, 9, 9)]).is_empty());
        assert!(areas(&[rectangle(5, 5, 0, 9)]).is_empty());
        let clipped = areas(&[rectangle(-10, 790, 30, u16::MAX)]);
        assert_eq!(clipped.as_slice(), [area(0, 790, 20, 10)]);
    }

    #[test]
    fn neighbours_become_one() {
        let joined = areas(&[
            rectangle(0, 0, 100, 50),
            rectangle(0, 50, 100, 50),
            rectangle(10, 10, 5, 5),
        ]);
        assert_eq!(joined.as_slice(), [area(0, 0, 100, 100)]);
    }

    #[test]
    fn what_is_far_apart_stays_apart() {
        let apart = areas(&[rectangle(0, 0, 20, 20), rectangle(900, 700, 20, 20)]);
        assert_eq!(apart.as_slice(), [area(0, 0, 20, 20), area(900, 700, 20, 20)]);
        assert_eq!(apart.pixels(), 800);
    }

    #[test]
    fn an_area_that_joins_two_others_makes_one_of_all() {
        let joined = areas(&[
            rectangle(0, 0, 100, 100),
            rectangle(200, 0, 100, 100),
            rectangle(100, 0, 100, 100),
        ]);
        assert_eq!(joined.as_slice(), [area(0, 0, 300, 100)]);
    }

    proptest::proptest! {
        #[test]
        fn every_changed_pixel_is_covered_at_no_more_than_the_cost_of_all(
            rectangles in proptest::collection::vec((-50..1000i16, -50..800i16, 0..400u16, 0..400u16), 0..60),
        ) {
            let rectangles: Vec<_> =
                rectangles.into_iter().map(|(x, y, w, h)| rectangle(x, y, w, h)).collect();
            let covered = areas(&rectangles);
            proptest::prop_assert!(covered.as_slice().len() <= Areas::MAX);
            proptest::prop_assert!(covered.pixels() <= Areas::all(SIZE).pixels());
            for clipped in rectangles.iter().filter_map(|rectangle| Area::clip(*rectangle, SIZE)) {
                let inside = |outer: &Area| outer.union(clipped) == *outer;
                proptest::prop_assert!(covered.as_slice().iter().any(inside));
            }
        }
    }
}
