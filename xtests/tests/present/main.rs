//! Pictures reach the windows of a real X server, whole and in time, by every way that it offers.

mod drawn;
mod endurance;
mod lifetimes;
mod pacing;
mod pictures;

use std::rc::Rc;

use pixbridge::{
    present::{Ladder, MemfdAllocator, Rung, Setup, Size},
    x11::{Display, Limits},
};
use pixbridge_xtests::{stage::Stage, xvfb::Xvfb};

const SIZE: Size = Size {
    width: 101,
    height: 67,
};
const SHARED: [Rung; 3] = [Rung::ShmPixmap, Rung::ShmPutImage, Rung::PutImage];

fn open(xvfb: &Xvfb, limits: &Limits) -> Rc<Display> {
    Rc::new(Display::open(Some(&xvfb.display()), limits).expect("display"))
}

fn force(rung: Rung) -> Setup {
    Setup {
        ladder: Ladder::force(rung),
        ..Setup::default()
    }
}

/// A window of the usual size and depth.
fn stage(display: &Rc<Display>, setup: Setup) -> Stage {
    Stage::new(display, SIZE, 24, MemfdAllocator::default(), setup).expect("stage")
}
