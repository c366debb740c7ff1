//! Ten seconds of frames, one a refresh: Xvfb counts refreshes by a timer.

use std::time::Duration;

use pixbridge::{
    present::{Rung, Source},
    x11::Limits,
};
use pixbridge_xtests::{
    load::{LoadWatch, Patience},
    pacing::Run,
    xvfb::Xvfb,
};

use super::{force, open, stage};

/// A quarter of a refresh, more than Xvfb ever takes for so small a picture.
const PATIENCE: Patience = Patience {
    processor: Duration::from_millis(4),
    server: Duration::from_millis(4),
};

#[test]
fn six_hundred_frames_keep_to_the_refresh() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let mut stage = stage(&display, force(Rung::ShmPixmap));
    let watch = LoadWatch::start(Some(&xvfb.display()), PATIENCE).expect("guards");
    let run = Run::record(&mut stage, watch, 600).expect("frames");
    println!("{run}");
    run.assert_explained();
    assert_eq!(stage.swapchain.clock().source(), Source::Server);
}
