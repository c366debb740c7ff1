//! Windows that change, go, and servers that go with them.

use std::time::{Duration, Instant};

use pixbridge::{
    present::{PresentError, Progress, Setup, Size, Submission},
    x11::{Extension, Limits, X11Error},
};
use pixbridge_xtests::{
    stage::{StageError, assert_shows, picture},
    xvfb::Xvfb,
};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, EventMask},
};

use super::{SHARED, force, open, stage};

#[test]
fn a_resized_window_gets_frames_of_its_size() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in [Limits::default(), Limits::default().without(Extension::Present)] {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            let mut stage = stage(&display, force(rung));
            stage.show(1).expect("shown");
            for (number, width, height) in [(2, 200, 150), (3, 31, 17), (4, 101, 67)] {
                // A frame of the old size is on its way.
                stage
                    .present(number + 10, &Submission::default())
                    .expect("presented");
                let change = ConfigureWindowAux::new()
                    .width(u32::from(width))
                    .height(u32::from(height));
                display
                    .connection()
                    .configure_window(stage.window, &change)
                    .expect("request");
                let size = Size { width, height };
                stage
                    .until("new size", |progress| {
                        (*progress == Progress::Resized(size)).then_some(())
                    })
                    .expect("resized");
                stage.show(number).expect("shown");
                stage.settle().expect("settled");
                assert_shows(
                    &stage.look().expect("look"),
                    &picture(number, size, 24),
                    rung.name(),
                );
                stage.settle().expect("settled");
                assert_eq!(stage.swapchain.slots().free, 1, "the old ones are gone");
            }
        }
    }
}

#[test]
fn a_window_that_its_owner_destroys_ends_the_swapchain_and_nothing_else() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in [Limits::default(), Limits::default().without(Extension::Present)] {
        let display = open(&xvfb, &limits);
        for rung in SHARED {
            for structure in [true, false] {
                let mut stage = stage(&display, force(rung));
                stage.show(1).expect("shown");
                let c = display.connection();
                if !structure {
                    let nothing = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
                    c.change_window_attributes(stage.window, &nothing)
                        .expect("request");
                }
                c.destroy_window(stage.window).expect("request");
                let what = format!("{rung}, structure events: {structure}");
                let (sbc, _) = stage.present(2, &Submission::default()).expect(&what);
                assert_eq!(sbc.0, 2);
                stage
                    .until("end of the window", |progress| {
                        (*progress == Progress::WindowGone).then_some(())
                    })
                    .expect(&what);
                let refused = stage.swapchain.acquire();
                assert!(matches!(refused, Err(PresentError::WindowGone(_))), "{what}");
                assert_eq!(stage.swapchain.slots(), Default::default(), "{what}");
            }
        }
        let mut another = stage(&display, Setup::default());
        another.show(1).expect("the display is still there");
    }
}

#[test]
fn a_server_that_goes_is_an_error_and_no_more() {
    for rung in SHARED {
        let xvfb = Xvfb::start(320, 200).expect("Xvfb");
        let display = open(&xvfb, &Limits::default());
        let mut stage = stage(&display, force(rung));
        stage.show(1).expect("shown");
        stage.present(2, &Submission::default()).expect("presented");
        let in_hand = stage.frame().expect("frame");
        drop(xvfb);
        let start = Instant::now();
        let error = loop {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{rung}: it still works"
            );
            if let Err(error) = stage.present(3, &Submission::default()) {
                break error;
            }
        };
        let lost = matches!(error, StageError::Present(PresentError::Lost(_)))
            || matches!(&error, StageError::Display(X11Error::Connection(_)));
        assert!(lost, "{rung}: {error}");
        stage.swapchain.discard(in_hand);
    }
}

#[test]
fn a_window_without_pixels_is_refused() {
    use pixbridge::present::{MemfdAllocator, Swapchain};
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    let display = open(&xvfb, &Limits::default());
    let nowhere = display.connection().generate_id().expect("identifier");
    let refused = Swapchain::new(&display, nowhere, MemfdAllocator::default(), Setup::default());
    assert!(
        matches!(refused, Err(PresentError::Display(X11Error::Refused(_)))),
        "{refused:?}"
    );
}
