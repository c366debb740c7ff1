//! When a frame is to be shown, and what became of it.

use std::fmt;

use super::{PresentError, Tick};

/// Which frame: they are numbered from 1 in the order of presentation, the swap buffer counter of
/// [GLX_OML_sync_control](https://registry.khronos.org/OpenGL/extensions/OML/GLX_OML_sync_control.txt).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sbc(pub u64);

impl Sbc {
    /// The number as Present carries it.
    pub(super) fn serial(self) -> u32 {
        self.0 as u32
    }

    /// The frame that a serial means if `newest` is the last one that was sent.
    pub(super) fn from_serial(serial: u32, newest: Self) -> Option<Self> {
        let behind = newest.serial().wrapping_sub(serial);
        newest.0.checked_sub(behind.into()).map(Self)
    }
}

impl fmt::Display for Sbc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame {}", self.0)
    }
}

/// When a frame is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// So many refreshes after the frame before it, or at once if that time has passed. 0 is [`Target::Async`].
    Interval(u32),
    /// At a refresh, as `glXSwapBuffersMscOML` says: at `target`, or if that has passed, at the next one whose number
    /// leaves `remainder` when divided by `divisor`; a `divisor` of 0 means at once.
    Msc {
        /// The refresh.
        target: u64,
        /// The divisor.
        divisor: u64,
        /// The remainder, below `divisor`.
        remainder: u64,
    },
    /// At once, even if the picture tears.
    Async,
}

impl Target {
    /// Refuses a remainder that no division leaves.
    pub(super) fn check(self) -> Result<Self, PresentError> {
        match self {
            Self::Interval(0) => Ok(Self::Async),
            Self::Msc {
                divisor, remainder, ..
            } if divisor > 0 && remainder >= divisor => Err(PresentError::Remainder { divisor, remainder }),
            target => Ok(target),
        }
    }

    /// Refreshes from the frame before it to this one at least.
    pub(super) fn gap(self) -> u64 {
        match self {
            Self::Interval(ticks) => ticks.into(),
            Self::Async | Self::Msc { .. } => 0,
        }
    }

    /// The refresh at which the frame is due: `now` is the last one, `before` that of the frame before it.
    pub(super) fn due(self, now: u64, before: u64) -> u64 {
        match self {
            Self::Interval(ticks) => before.saturating_add(ticks.into()).max(now),
            Self::Async => now,
            Self::Msc { target, .. } if now < target => target,
            Self::Msc { divisor: 0, .. } => now,
            Self::Msc {
                divisor, remainder, ..
            } => {
                let past = (now % divisor + divisor - remainder) % divisor;
                now.saturating_add(divisor - past)
            }
        }
    }
}

/// How a frame was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Copied into the window.
    Copy,
    /// The buffer itself is scanned out.
    Flip,
    /// Not at all: a later one took its place, or nobody would have seen it.
    Skip,
    /// Copied, and another modifier would have been flipped.
    SuboptimalCopy,
}

/// A frame that is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// Which.
    pub sbc: Sbc,
    /// When: never before that of another frame completed earlier.
    pub tick: Tick,
    /// How.
    pub mode: Mode,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn msc(target: u64, divisor: u64, remainder: u64) -> Target {
        Target::Msc {
            target,
            divisor,
            remainder,
        }
    }

    #[test]
    fn intervals_count_from_the_frame_before() {
        assert_eq!(Target::Interval(1).due(100, 100), 101);
        assert_eq!(Target::Interval(2).due(100, 99), 101);
        assert_eq!(
            Target::Interval(1).due(100, 40),
            100,
            "late frames are not made later"
        );
        assert_eq!(Target::Async.due(100, 120), 100);
        assert_eq!(Target::Interval(0).check().unwrap(), Target::Async);
    }

    #[test]
    fn targets_follow_oml() {
        assert_eq!(msc(105, 10, 3).due(100, 0), 105);
        assert_eq!(msc(0, 10, 3).due(100, 0), 103);
        assert_eq!(msc(0, 10, 3).due(103, 0), 113, "at the next increment");
        assert_eq!(msc(0, 0, 0).due(103, 0), 103);
        assert!(matches!(
            msc(0, 4, 4).check(),
            Err(PresentError::Remainder {
                divisor: 4,
                remainder: 4
            })
        ));
    }

    #[test]
    fn serials_wrap_and_frames_do_not() {
        let newest = Sbc((1 << 32) + 5);
        assert_eq!(Sbc::from_serial(5, newest), Some(newest));
        assert_eq!(Sbc::from_serial(u32::MAX, newest), Some(Sbc(0xffff_ffff)));
        assert_eq!(Sbc::from_serial(7, Sbc(6)), None, "none was sent with it");
    }

    proptest! {
        #[test]
        fn a_due_refresh_is_the_first_that_fits(now in 0..500_u64, divisor in 1..40_u64, remainder in 0..40_u64) {
            prop_assume!(remainder < divisor);
            let due = msc(0, divisor, remainder).due(now, 0);
            let first = (now + 1..).find(|msc| msc % divisor == remainder);
            prop_assert_eq!(Some(due), first);
        }
    }
}
