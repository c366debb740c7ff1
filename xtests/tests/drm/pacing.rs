//! Frames and the refresh of a real display: the kernel counts it and Present tells of it.
//!
//! virtio-gpu has none. These tests want the machine of `Xvfb-ci/vm --vkms`, whose display is scanned out 60 times a
//! second, if by nobody.

use std::{rc::Rc, time::Duration};

use pixbridge::{
    gl::{GbmBuffer, GbmDevice, GbmUsage, GlError},
    present::{
        AllocateError, Allocation, Allocator, Doubt, Memory, Mode, Placement, Setup, Size, Source,
        open_device,
    },
    x11::{Display, Limits, PixelFormat},
};
use pixbridge_xtests::{
    load::{LoadWatch, Patience},
    pacing::Run,
    stage::Stage,
};
use x11rb::protocol::xproto::{ConfigureWindowAux, ConnectionExt as _};

use crate::machine;

/// Frames after which each buffer has been shown.
const FIRST_FRAMES: usize = 8;
const FRAMES: usize = 600;
/// Half a refresh, and two: the server has to draw, on an emulated processor.
const PATIENCE: Patience = Patience {
    processor: Duration::from_millis(8),
    server: Duration::from_millis(33),
};

/// Linear buffers of the device that the server draws with.
struct GbmAllocator(GbmDevice);

impl Allocator for GbmAllocator {
    type Target = GbmBuffer;

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<GbmBuffer>, AllocateError> {
        if placement == Placement::Shared {
            return Err(AllocateError::Unsupported("only dmabufs here"));
        }
        let driver = |error: GlError| AllocateError::Driver(Box::new(error));
        let (width, height, fourcc) = (size.width.into(), size.height.into(), format.fourcc.0);
        let target = self
            .0
            .allocate_linear(width, height, fourcc, GbmUsage::RENDERING)
            .map_err(driver)?;
        Ok(Allocation {
            memory: Memory::Dmabuf(target.export().map_err(driver)?),
            target,
        })
    }
}

fn open() -> Rc<Display> {
    machine();
    Rc::new(Display::open(None, &Limits::default()).expect("the machine's X server"))
}

/// Shows frames in a window in the corner of the screen.
fn run(display: &Rc<Display>, size: Size) -> Run {
    let node = open_device(display, display.screen().root).expect("the server's device");
    let allocator = GbmAllocator(GbmDevice::new(node).expect("a GBM device"));
    let depth = display.screen().root_depth;
    let mut stage = Stage::new(display, size, depth, allocator, Setup::default()).expect("stage");
    let corner = ConfigureWindowAux::new().x(0).y(0);
    display
        .connection()
        .configure_window(stage.window, &corner)
        .expect("request");
    // The server makes a framebuffer of a buffer that it flips for the first time, which our load does not tell of.
    let watch = LoadWatch::start(None, PATIENCE).expect("guards");
    Run::record(&mut stage, watch, FIRST_FRAMES).expect("frames");
    let watch = LoadWatch::start(None, PATIENCE).expect("guards");
    let run = Run::record(&mut stage, watch, FRAMES).expect("frames");
    println!(
        "{}x{}, {}:\n{run}",
        size.width,
        size.height,
        stage.swapchain.rung()
    );
    assert!(stage.swapchain.rung().is_dmabuf(), "{}", stage.swapchain.rung());
    let source = stage.swapchain.clock().source();
    // A server that is too late is not believed for a while.
    let heard = matches!(source, Source::Server | Source::Timer(Doubt::Silent));
    assert!(heard, "is this the machine of Xvfb-ci/vm --vkms? {source:?}");
    run
}

/// How many frames were shown in one way. One that the server was too late for is timed here, and shown in any.
fn shown_as(run: &Run, mode: Mode) -> usize {
    let frames = run.frames().iter();
    frames.filter(|shown| shown.completion.mode == mode).count()
}

#[test]
fn copied_frames_keep_to_the_refresh() {
    let run = run(
        &open(),
        Size {
            width: 101,
            height: 67,
        },
    );
    run.assert_explained();
    assert_eq!(shown_as(&run, Mode::Flip), 0);
}

#[test]
fn flipped_frames_keep_to_the_refresh() {
    let display = open();
    let screen = display.screen();
    let size = Size {
        width: screen.width_in_pixels,
        height: screen.height_in_pixels,
    };
    let run = run(&display, size);
    run.assert_explained();
    let flips = shown_as(&run, Mode::Flip);
    assert!(flips > FRAMES / 2, "{flips} of {FRAMES} frames were flipped");
}
