//! Areas of drawables, in pixels.

use x11rb::protocol::xproto::Rectangle;

/// A rectangle; one without width or height is empty, wherever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Rect {
    /// From (0, 0).
    pub const fn of_size(width: u32, height: u32) -> Self {
        Self {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    /// Whether there are no pixels in it.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The number of pixels.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The right edge, and the bottom edge: the first coordinates outside.
    fn end(self) -> (i64, i64) {
        (
            i64::from(self.x) + i64::from(self.width),
            i64::from(self.y) + i64::from(self.height),
        )
    }

    fn between(x: i32, y: i32, end: (i64, i64)) -> Self {
        let length = |from: i32, to: i64| u32::try_from(to - i64::from(from)).unwrap_or(0);
        Self {
            x,
            y,
            width: length(x, end.0),
            height: length(y, end.1),
        }
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let (a, b) = (self.end(), other.end());
        Self::between(
            self.x.min(other.x),
            self.y.min(other.y),
            (a.0.max(b.0), a.1.max(b.1)),
        )
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let (a, b) = (self.end(), other.end());
        let both = Self::between(
            self.x.max(other.x),
            self.y.max(other.y),
            (a.0.min(b.0), a.1.min(b.1)),
        );
        if both.is_empty() { Self::default() } else { both }
    }

    /// Moved by so much.
    #[must_use]
    pub fn translated(self, x: i32, y: i32) -> Self {
        Self {
            x: self.x.saturating_add(x),
            y: self.y.saturating_add(y),
            ..self
        }
    }
}

impl From<Rectangle> for Rect {
    fn from(r: Rectangle) -> Self {
        Self {
            x: r.x.into(),
            y: r.y.into(),
            width: r.width.into(),
            height: r.height.into(),
        }
    }
}

impl From<Rect> for Rectangle {
    /// Coordinates beyond the protocol's are cut off at its ends.
    fn from(r: Rect) -> Self {
        let place = |n: i32| n.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let size = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        Self {
            x: place(r.x),
            y: place(r.y),
            width: size(r.width),
            height: size(r.height),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: i32, y: i32, width: u32, height: u32) -> Rect {
        Rect { x, y, width, height }
    }

    #[test]
    fn nothing_adds_nothing() {
        assert_eq!(rect(1, 2, 3, 4).union(rect(90, 90, 0, 5)), rect(1, 2, 3, 4));
        assert_eq!(rect(1, 2, 3, 4).union(rect(10, 0, 1, 1)), rect(1, 0, 10, 6));
    }

    #[test]
    fn rectangles_apart_have_nothing_in_common() {
        assert_eq!(rect(0, 0, 5, 5).intersection(rect(5, 0, 5, 5)), Rect::default());
        assert_eq!(rect(0, 0, 5, 5).intersection(rect(-2, 3, 4, 9)), rect(0, 3, 2, 2));
    }

    #[test]
    fn the_largest_numbers_do_not_wrap() {
        let far = rect(i32::MAX, i32::MIN, u32::MAX, u32::MAX);
        assert_eq!(far.intersection(far), far);
        assert_eq!(Rectangle::from(far).width, u16::MAX);
    }
}
