//! The order of windows, bottom first, as the server's events tell it.

use x11rb::protocol::xproto::Window;

/// The children of one window in stacking order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Stacking {
    order: Vec<Window>,
}

impl Stacking {
    /// The order that QueryTree tells: bottom first.
    pub(super) fn new(order: Vec<Window>) -> Self {
        Self { order }
    }

    /// A new window, on top of all.
    pub(super) fn add(&mut self, window: Window) {
        self.remove(window);
        self.order.push(window);
    }

    pub(super) fn remove(&mut self, window: Window) {
        self.order.retain(|&other| other != window);
    }

    /// Puts a window right above its sibling, or at the bottom. Whether that changed the order. A sibling that is
    /// not known puts it on top: its own removal is on its way to us.
    pub(super) fn place(&mut self, window: Window, above: Option<Window>) -> bool {
        let Some(from) = self.position(window) else {
            return false;
        };
        self.order.remove(from);
        let to = match above {
            None => 0,
            Some(sibling) => self.position(sibling).map_or(self.order.len(), |index| index + 1),
        };
        self.order.insert(to, window);
        from != to
    }

    /// Puts a window on top. Whether that changed the order.
    pub(super) fn raise(&mut self, window: Window) -> bool {
        match self.position(window) {
            Some(index) if index + 1 < self.order.len() => {
                self.add(window);
                true
            }
            _ => false,
        }
    }

    /// Bottom first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = Window> {
        self.order.iter().copied()
    }

    fn position(&self, window: Window) -> Option<usize> {
        self.order.iter().position(|&other| other == window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(stacking: &Stacking) -> Vec<Window> {
        stacking.iter().collect()
    }

    #[test]
    fn a_window_goes_right_above_its_sibling() {
        let mut stacking = Stacking::new(vec![1, 2, 3]);
        assert!(stacking.place(3, Some(1)));
        assert_eq!(order(&stacking), [1, 3, 2]);
        assert!(stacking.place(2, None));
        assert_eq!(order(&stacking), [2, 1, 3]);
        assert!(!stacking.place(1, Some(2)), "it is there already");
        assert!(!stacking.place(9, None), "nobody knows it");
    }

    #[test]
    fn a_sibling_that_is_gone_means_the_top() {
        let mut stacking = Stacking::new(vec![1, 2, 3]);
        assert!(stacking.place(1, Some(9)));
        assert_eq!(order(&stacking), [2, 3, 1]);
    }

    #[test]
    fn raising_the_topmost_changes_nothing() {
        let mut stacking = Stacking::new(vec![1, 2]);
        assert!(!stacking.raise(2));
        assert!(stacking.raise(1));
        assert_eq!(order(&stacking), [2, 1]);
    }
}
