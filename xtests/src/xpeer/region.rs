//! Areas of pixels, and sets of them.

use x11rb_protocol::protocol::xproto::Rectangle;

/// The pixels from (`left`, `top`) up to, but without, (`right`, `bottom`). Wider than what the protocol can say, so
/// that sums do not overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    pub(super) fn new(x: i32, y: i32, width: u16, height: u16) -> Self {
        Self {
            left: x,
            top: y,
            right: x + i32::from(width),
            bottom: y + i32::from(height),
        }
    }

    pub(super) const fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) const fn moved(self, x: i32, y: i32) -> Self {
        Self {
            left: self.left + x,
            top: self.top + y,
            right: self.right + x,
            bottom: self.bottom + y,
        }
    }

    /// The up to four parts of it that do not lie in `hole`.
    fn without(self, hole: Self) -> impl Iterator<Item = Self> {
        let hole = self.intersection(hole);
        let parts = if hole.is_empty() {
            [Some(self), None, None, None]
        } else {
            let above = Self {
                bottom: hole.top,
                ..self
            };
            let below = Self {
                top: hole.bottom,
                ..self
            };
            let beside = Self {
                top: hole.top,
                bottom: hole.bottom,
                ..self
            };
            let left = Self {
                right: hole.left,
                ..beside
            };
            let right = Self {
                left: hole.right,
                ..beside
            };
            [Some(above), Some(below), Some(left), Some(right)]
        };
        parts.into_iter().flatten().filter(|part| !part.is_empty())
    }
}

impl From<Rectangle> for Area {
    fn from(rectangle: Rectangle) -> Self {
        Self::new(
            rectangle.x.into(),
            rectangle.y.into(),
            rectangle.width,
            rectangle.height,
        )
    }
}

impl From<Area> for Rectangle {
    fn from(area: Area) -> Self {
        let position =
            |value: i32| i16::try_from(value).unwrap_or(if value < 0 { i16::MIN } else { i16::MAX });
        let length = |from: i32, to: i32| u16::try_from((to - from).max(0)).unwrap_or(u16::MAX);
        Self {
            x: position(area.left),
            y: position(area.top),
            width: length(area.left, area.right),
            height: length(area.top, area.bottom),
        }
    }
}

/// A set of pixels: areas that do not overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Region(Vec<Area>);

impl Region {
    pub(super) fn from_rectangles(rectangles: &[Rectangle]) -> Self {
        let mut region = Self::default();
        for &rectangle in rectangles {
            region.add(rectangle.into());
        }
        region
    }

    pub(super) fn areas(&self) -> &[Area] {
        &self.0
    }

    pub(super) fn rectangles(&self) -> Vec<Rectangle> {
        self.0.iter().copied().map(Rectangle::from).collect()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, area: Area) {
        self.remove(area);
        if !area.is_empty() {
            self.0.push(area);
        }
    }

    pub(super) fn remove(&mut self, area: Area) {
        self.0 = self.0.iter().flat_map(|part| part.without(area)).collect();
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let pairs = self
            .0
            .iter()
            .flat_map(|a| other.0.iter().map(|b| a.intersection(*b)));
        Self(pairs.filter(|area| !area.is_empty()).collect())
    }

    /// The smallest area around all of it.
    pub(super) fn extents(&self) -> Area {
        let around = |a: Area, b: Area| Area {
            left: a.left.min(b.left),
            top: a.top.min(b.top),
            right: a.right.max(b.right),
            bottom: a.bottom.max(b.bottom),
        };
        self.0
            .iter()
            .copied()
            .reduce(around)
            .unwrap_or(Area::new(0, 0, 0, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(region: &Region) -> i32 {
        let size = |a: &Area| (a.right - a.left) * (a.bottom - a.top);
        region.0.iter().map(size).sum()
    }

    #[test]
    fn overlaps_count_once() {
        let mut region = Region::default();
        region.add(Area::new(0, 0, 10, 10));
        region.add(Area::new(5, 5, 10, 10));
        assert_eq!(count(&region), 175);
        assert_eq!(region.extents(), Area::new(0, 0, 15, 15));
    }

    #[test]
    fn a_hole_leaves_the_four_sides() {
        let mut region = Region::default();
        region.add(Area::new(0, 0, 10, 10));
        region.remove(Area::new(4, 4, 2, 2));
        assert_eq!(region.areas().len(), 4);
        assert_eq!(count(&region), 96);
    }

    #[test]
    fn intersections_are_what_both_have() {
        let square = Region::from_rectangles(&[Rectangle {
            x: 0,
            y: 0,
            width: 4,
            height: 4,
        }]);
        let other = Region::from_rectangles(&[Rectangle {
            x: 2,
            y: 3,
            width: 4,
            height: 4,
        }]);
        assert_eq!(square.intersection(&other).areas(), [Area::new(2, 3, 2, 1)]);
    }
}
