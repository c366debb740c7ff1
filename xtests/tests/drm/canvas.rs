//! What GL draws into dmabufs is what windows show, and nobody copies it on the way.

use std::rc::Rc;

use pixbridge::{
    gl::{self, Choice, Platform, dmabuf::LINEAR},
    present::{
        AllocateError, Allocator, CanvasAllocator, Ladder, Placement, Rung, Setup, Size, Submission, Target,
        open_gl,
    },
    x11::{Display, Extension, Limits, PixelFormat, Version},
};
use pixbridge_xtests::{
    brush::Brush,
    machine::DISPLAY_NODE,
    stage::{Stage, assert_shows, patched, picture},
};
use x11rb::protocol::xproto::{ConnectionExt as _, Rectangle};

use crate::machine;

const SIZES: [(u16, u16); 4] = [(64, 64), (301, 203), (1, 1), (641, 7)];
const SIZE: Size = Size {
    width: 301,
    height: 203,
};

/// A display of the machine's server, and GL on its device.
struct Rig {
    display: Rc<Display>,
    host: Rc<gl::Display>,
    brush: Brush,
}

impl Rig {
    fn new(limits: &Limits) -> Self {
        machine();
        let display = Rc::new(Display::open(None, limits).expect("the machine's X server"));
        let host = open_gl(&display, Choice::Auto).expect("GL");
        let brush = Brush::new(&host).expect("a brush");
        Self { display, host, brush }
    }

    fn allocator(&self) -> CanvasAllocator {
        CanvasAllocator::new(self.brush.gl()).with_dmabufs(&self.host)
    }

    fn stage(&self, size: Size, depth: u8, ladder: Ladder) -> Stage<CanvasAllocator> {
        let setup = Setup {
            ladder,
            ..Setup::default()
        };
        Stage::new(&self.display, size, depth, self.allocator(), setup).expect("stage")
    }

    /// The pixels of windows here: of depth 30 instead of 24 on a screen of that depth.
    fn formats(&self) -> Vec<PixelFormat> {
        let visuals = self.display.formats().visuals();
        let of = |depth| {
            let mut formats = visuals.iter().filter_map(|visual| visual.format);
            formats.find(|format| format.depth == depth)
        };
        let formats: Vec<PixelFormat> = [24, 30, 32].into_iter().filter_map(of).collect();
        let root = self.display.screen().root_depth;
        assert!(formats.iter().any(|format| format.depth == root), "depth {root}");
        formats
    }

    fn show(
        &self,
        stage: &mut Stage<CanvasAllocator>,
        format: PixelFormat,
        number: u32,
        update: &[Rectangle],
    ) {
        let mut frame = stage.frame().expect("frame");
        self.brush.paint(&mut frame, format, number).expect("painted");
        let submission = Submission {
            update,
            target: Target::Async,
            ..Submission::default()
        };
        let sbc = stage.swapchain.present(frame, &submission).expect("presented");
        stage.completion(sbc).expect("completed");
    }
}

#[test]
fn gl_is_on_the_servers_device() {
    let rig = Rig::new(&Limits::default());
    assert_eq!(rig.host.gbm().map(|device| device.node()), Some(DISPLAY_NODE));
    let elsewhere = open_gl(&rig.display, Choice::Only(Platform::Surfaceless)).expect("GL");
    assert_eq!(elsewhere.platform(), Platform::Surfaceless);
    let without = Limits::default().without(Extension::Dri3);
    let display = Display::open(None, &without).expect("display");
    let elsewhere = open_gl(&display, Choice::Auto).expect("GL");
    assert_ne!(elsewhere.platform(), Platform::Gbm);
}

#[test]
fn every_pixel_that_gl_draws_arrives_without_a_copy() {
    let old = Limits::default().at_most(Extension::Dri3, Version(1, 0));
    for limits in [Limits::default(), old] {
        let rig = Rig::new(&limits);
        for format in rig.formats() {
            for (width, height) in SIZES {
                let (size, depth) = (Size { width, height }, format.depth);
                let mut stage = rig.stage(size, depth, Ladder::default());
                let what = format!("depth {depth}, {width}x{height}");
                for number in 1..5 {
                    rig.show(&mut stage, format, number, &[]);
                    assert_shows(&stage.look().expect("look"), &picture(number, size, depth), &what);
                }
                let (rung, stats) = (stage.swapchain.rung(), stage.swapchain.stats());
                assert!(rung.is_dmabuf(), "{what}: {:?}", stage.swapchain.skipped());
                assert_eq!((stats.copies_cpu, stats.bytes_copied), (0, 0), "{what}");
                let destroyed = rig.display.connection().destroy_window(stage.window);
                destroyed.expect("request").check().expect("a window");
            }
        }
        assert_eq!(rig.brush.gl().get_error(), None);
    }
}

#[test]
fn the_update_is_all_that_changes() {
    let rig = Rig::new(&Limits::default());
    let part = Rectangle {
        x: 37,
        y: 90,
        width: 111,
        height: 113,
    };
    for format in rig.formats() {
        let depth = format.depth;
        let show = || {
            let mut stage = rig.stage(SIZE, depth, Ladder::force(Rung::Linear));
            rig.show(&mut stage, format, 1, &[]);
            // The server's GL is software, too: it says that a buffer is idle before it has read it, and no fence of the
            // kernel's makes up for that. A look makes it finish.
            stage.look().expect("look");
            rig.show(&mut stage, format, 2, &[part]);
            // A server that is late with a frame is given all of the next one.
            (stage.swapchain.stats().skipped == 0).then_some(stage)
        };
        let stage = (0..10)
            .find_map(|_| show())
            .expect("a server that shows frames in time");
        let wanted = patched(&picture(1, SIZE, depth), &picture(2, SIZE, depth), &[part]);
        assert_shows(&stage.look().expect("look"), &wanted, &format!("depth {depth}"));
    }
}

#[test]
fn a_layout_is_one_that_both_sides_have_or_there_is_none() {
    let rig = Rig::new(&Limits::default());
    let format = rig.formats()[0];
    let ours = rig.host.dmabuf_modifiers(format.fourcc.0).expect("a list");
    let unknown = 0x0123_4567_89ab_cdef;
    for named in [&[LINEAR, unknown][..], &[unknown]] {
        let made = rig
            .allocator()
            .allocate(SIZE, format, Placement::Modifiers(named));
        let common = ours.iter().any(|info| named.contains(&info.modifier));
        match made {
            Ok(_) => assert!(common, "{named:x?}"),
            Err(AllocateError::Unsupported(_)) => assert!(!common, "{named:x?}"),
            Err(error) => panic!("{error}"),
        }
    }
}
