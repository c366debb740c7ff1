//! What must be drawn again in a buffer that still shows an older frame.

use std::collections::VecDeque;

use crate::x11::Rect;

/// Frames that are looked back at most: more than there are buffers.
const REMEMBERED: usize = 8;

/// The areas that the last frames changed, newest first.
#[derive(Debug, Default)]
pub(super) struct Repaint {
    frames: VecDeque<Rect>,
    pending: Rect,
    fate: Fate,
}

/// What became of the last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Fate {
    #[default]
    Shown,
    Skipped,
}

impl Repaint {
    /// Something changed since the last frame.
    pub(super) fn damage(&mut self, area: Rect) {
        self.pending = self.pending.union(area);
    }

    /// Whether anything did.
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// What changed since the last frame.
    pub(super) fn pending(&self) -> Rect {
        self.pending
    }

    /// What to draw in a buffer of this age (1: it shows the last frame, 0: nothing of use) and size.
    pub(super) fn area(&self, age: u32, whole: Rect) -> Rect {
        let back = match usize::try_from(age) {
            Ok(age) if (1..=self.frames.len() + 1).contains(&age) => age - 1,
            _ => return whole,
        };
        let older = self.frames.iter().take(back);
        older
            .fold(self.pending, |area, frame| area.union(*frame))
            .intersection(whole)
    }

    /// The frame was handed over: what was pending is in it.
    pub(super) fn drawn(&mut self) {
        self.frames.truncate(REMEMBERED - 1);
        self.frames.push_front(std::mem::take(&mut self.pending));
    }

    /// The last frame was shown.
    pub(super) fn shown(&mut self) {
        self.fate = Fate::Shown;
    }

    /// The last frame was not shown: the window is drawn again. Not over and over: nobody may be there to see it.
    pub(super) fn skipped(&mut self, whole: Rect) {
        if std::mem::replace(&mut self.fate, Fate::Skipped) == Fate::Shown {
            self.damage(whole);
        }
    }

    /// The size changed: no older frame is of use.
    pub(super) fn forget(&mut self, whole: Rect) {
        self.frames.clear();
        self.pending = whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Rect = Rect {
        x: 0,
        y: 0,
        width: 100,
        height: 100,
    };

    fn dot(x: i32) -> Rect {
        Rect {
            x,
            y: 0,
            width: 1,
            height: 1,
        }
    }

    #[test]
    fn an_older_buffer_lacks_the_frames_since() {
        let mut repaint = Repaint::default();
        repaint.damage(dot(1));
        assert_eq!(repaint.area(1, WHOLE), dot(1));
        repaint.drawn();
        repaint.damage(dot(3));
        assert_eq!(repaint.area(1, WHOLE), dot(3));
        assert_eq!(
            repaint.area(2, WHOLE),
            Rect {
                x: 1,
                y: 0,
                width: 3,
                height: 1
            }
        );
    }

    #[test]
    fn a_buffer_without_use_is_drawn_whole() {
        let mut repaint = Repaint::default();
        repaint.damage(dot(1));
        assert_eq!(repaint.area(0, WHOLE), WHOLE);
        assert_eq!(repaint.area(5, WHOLE), WHOLE, "nobody remembers that far back");
    }

    #[test]
    fn a_frame_that_was_skipped_is_drawn_again_once() {
        let mut repaint = Repaint::default();
        repaint.damage(dot(1));
        repaint.drawn();
        repaint.skipped(WHOLE);
        assert_eq!(repaint.pending(), WHOLE);
        repaint.drawn();
        repaint.skipped(WHOLE);
        assert!(!repaint.is_pending(), "nobody sees the window");
        repaint.damage(dot(1));
        repaint.drawn();
        repaint.shown();
        repaint.skipped(WHOLE);
        assert!(repaint.is_pending());
    }

    #[test]
    fn after_a_change_of_size_all_is_pending() {
        let mut repaint = Repaint::default();
        repaint.drawn();
        repaint.forget(WHOLE);
        assert_eq!(repaint.area(2, WHOLE), WHOLE);
        assert!(repaint.is_pending());
    }
}
