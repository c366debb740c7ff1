//! What modifiers the server takes for a window, and when it is asked again: as it says that a frame was copied which
//! another modifier would have had flipped
//! ([presentproto](https://gitlab.freedesktop.org/xorg/proto/xorgproto/-/blob/master/presentproto.txt)).

use super::{Mode, Rung};

/// The server's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Those that suit the window best as it is now.
    pub(super) window: Vec<u64>,
    /// Those that it takes in any case.
    pub(super) screen: Vec<u64>,
}

impl Named {
    pub(super) fn contains(&self, modifier: u64) -> bool {
        self.window.contains(&modifier) || self.screen.contains(&modifier)
    }

    /// What to choose from, and if there is no memory for that, what then.
    pub(super) fn choices(&self) -> impl Iterator<Item = &[u64]> {
        let lists = [&self.window, &self.screen].into_iter();
        lists.map(Vec::as_slice).filter(|list| !list.is_empty())
    }
}

/// What the server says of the modifiers in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Verdict {
    /// Nothing bad.
    #[default]
    Good,
    /// That others are better; it has not been asked yet which.
    Bad,
    /// The same, and it was asked. As long as it says so, it is not asked again.
    Known,
}

/// What is known of the server's modifiers for a window.
#[derive(Debug, Default)]
pub(super) struct Modifiers {
    /// Once it has been asked.
    pub(super) named: Option<Named>,
    verdict: Verdict,
    /// How often the lists have changed. Buffers from before a change are not drawn to again.
    pub(super) changes: u32,
}

impl Modifiers {
    /// Whether the server can be asked to say that others would be better.
    pub(super) fn matter_to(rung: Rung) -> bool {
        matches!(rung, Rung::Syncobj | Rung::Modifiers)
    }

    /// A frame was shown.
    pub(super) fn shown(&mut self, mode: Mode) {
        self.verdict = match (mode, self.verdict) {
            (Mode::SuboptimalCopy, Verdict::Good) => Verdict::Bad,
            (Mode::Copy | Mode::Flip, _) => Verdict::Good,
            (Mode::SuboptimalCopy | Mode::Skip, verdict) => verdict,
        };
    }

    /// Whether to ask the server again. Says so once.
    pub(super) fn take_question(&mut self) -> bool {
        let asks = self.verdict == Verdict::Bad && self.named.is_some();
        if asks {
            self.verdict = Verdict::Known;
        }
        asks
    }

    /// The server's answer.
    pub(super) fn renew(&mut self, named: Named) {
        if self.named.as_ref() != Some(&named) {
            tracing::debug!("new buffers: the display prefers other modifiers, {named:x?}");
            self.named = Some(named);
            self.changes = self.changes.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_once_for_each_time_it_becomes_dissatisfied() {
        let screen = vec![0];
        let mut modifiers = Modifiers {
            named: Some(Named {
                window: Vec::new(),
                screen,
            }),
            ..Modifiers::default()
        };
        let mut asks = |mode| {
            modifiers.shown(mode);
            modifiers.take_question()
        };
        assert!(!asks(Mode::Copy));
        assert!(asks(Mode::SuboptimalCopy));
        assert!(!asks(Mode::SuboptimalCopy) && !asks(Mode::Skip) && !asks(Mode::SuboptimalCopy));
        assert!(!asks(Mode::Flip));
        assert!(asks(Mode::SuboptimalCopy), "for another reason");
    }
}
