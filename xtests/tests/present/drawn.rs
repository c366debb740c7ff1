//! What GL draws is what the window shows.

use pixbridge::{
    gl::{Choice, Display, Platform},
    present::{CanvasAllocator, Submission},
    x11::Limits,
};
use pixbridge_xtests::{
    brush::Brush,
    stage::{Stage, assert_shows, picture},
    xvfb::Xvfb,
};

use super::{SHARED, SIZE, force, open};

#[test]
fn frames_drawn_in_place_and_frames_read_back_are_the_same() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let renderer = Display::open(Choice::Only(Platform::Surfaceless)).expect("GL");
    let brush = Brush::new(&renderer).expect("brush");
    let in_place = CanvasAllocator::new(brush.gl());
    for allocator in [in_place.clone(), in_place.reading_back()] {
        for rung in SHARED {
            for depth in [24, 32] {
                let format = display.formats().of_depth(depth).expect("format");
                let mut stage =
                    Stage::new(&display, SIZE, depth, allocator.clone(), force(rung)).expect("stage");
                for number in 1..5 {
                    let mut frame = stage.frame().expect("frame");
                    brush.paint(&mut frame, format, number).expect("painted");
                    let presented = stage.swapchain.present(frame, &Submission::default());
                    stage
                        .completion(presented.expect("presented"))
                        .expect("completed");
                    stage.settle().expect("settled");
                    let what = format!("{rung}, depth {depth}");
                    assert_shows(&stage.look().expect("look"), &picture(number, SIZE, depth), &what);
                }
            }
        }
    }
}
