//! A swapchain and the faults that no real X server shows on demand.

mod buffers;
mod imports;
mod losses;
mod modifiers;
mod timelines;
mod times;
mod waits;

use std::{rc::Rc, time::Instant};

use pixbridge::{
    gl::{Dmabuf, Plane},
    memory::SharedMemory,
    present::{
        AllocateError, Allocation, Allocator, Frame, Ladder, MemfdAllocator, Memory, Placement, Rung, Setup,
        Size, TimelineDevice, TimelineError,
    },
    x11::{Display, Limits, PixelFormat},
};
use pixbridge_xtests::{
    stage::{Canvas, SOON, Stage, assert_shows, draw, picture},
    timelines::Timelines,
    xpeer::{Clock, Peer, Script},
};

const SIZE: Size = Size {
    width: 61,
    height: 43,
};
const LINEAR: u64 = 0;

/// Buffers in memfds that pass for dmabufs, as the peer takes them.
#[derive(Debug, Clone)]
struct Mimic {
    /// Bytes before the first row.
    offset: u32,
    /// The modifier of every buffer, whatever is asked for.
    modifier: u64,
    /// Those of the device that it passes for.
    timelines: Option<Rc<Timelines>>,
}

impl Mimic {
    /// Of a device that has timelines.
    fn synced() -> Self {
        Self {
            timelines: Some(Rc::default()),
            ..Self::default()
        }
    }
}

impl Default for Mimic {
    fn default() -> Self {
        Self {
            offset: 0,
            modifier: LINEAR,
            timelines: None,
        }
    }
}

/// Our side of such a buffer; nothing for memory that the frame itself has.
#[derive(Debug)]
struct Side(Option<SharedMemory>);

impl Allocator for Mimic {
    type Target = Side;

    fn allocate(
        &mut self,
        size: Size,
        format: PixelFormat,
        placement: Placement<'_>,
    ) -> Result<Allocation<Side>, AllocateError> {
        let mut memfds = MemfdAllocator {
            offset: self.offset,
            ..MemfdAllocator::default()
        };
        let Memory::Shared(shared) = memfds.allocate(size, format, Placement::Shared)?.memory else {
            unreachable!("it makes nothing else");
        };
        if placement == Placement::Shared {
            return Ok(Allocation {
                memory: Memory::Shared(shared),
                target: Side(None),
            });
        }
        let plane = Plane {
            fd: shared.fd,
            offset: shared.offset,
            stride: shared.stride,
        };
        let dmabuf = Dmabuf {
            width: size.width.into(),
            height: size.height.into(),
            fourcc: format.fourcc.0,
            modifier: Some(self.modifier),
            planes: vec![plane],
        };
        Ok(Allocation {
            memory: Memory::Dmabuf(dmabuf),
            target: Side(Some(shared.memory)),
        })
    }

    fn timelines(&self) -> Result<Rc<dyn TimelineDevice>, TimelineError> {
        let device = self.timelines.clone().ok_or(TimelineError::NoDevice)?;
        Ok(device)
    }
}

impl Canvas for Side {
    fn draw(frame: &mut Frame<Self>, number: u32) {
        let start = frame.offset() as usize;
        let len = frame.stride() as usize * usize::from(frame.size().height);
        let bytes = match &frame.target().0 {
            Some(memory) => memory.write(start..start + len),
            None => frame.bytes(),
        };
        draw(bytes.expect("memory"), frame.size(), frame.stride(), number);
    }
}

/// A faultless server whose clock goes.
fn script() -> Script {
    Script {
        clock: Clock::Hertz(60),
        ..Script::default()
    }
}

fn open(peer: &Peer) -> Rc<Display> {
    let connection = peer.connect_guarded().expect("connection");
    Rc::new(Display::from_connection(connection, 0, &Limits::default()).expect("display"))
}

fn stage_with(peer: &Peer, allocator: Mimic, setup: Setup) -> Stage<Mimic> {
    Stage::new(&open(peer), SIZE, 24, allocator, setup).expect("stage")
}

/// A window with all ways allowed that need no timelines.
fn stage(peer: &Peer) -> Stage<Mimic> {
    stage_with(peer, Mimic::default(), from_rung(Rung::Modifiers))
}

fn from_rung(rung: Rung) -> Setup {
    Setup {
        ladder: Ladder::from_rung(rung),
        ..Setup::default()
    }
}

/// Shows pictures until some have been, each looked at.
#[track_caller]
fn shows_pictures(peer: &Peer, stage: &mut Stage<Mimic>) {
    for number in 1..6 {
        stage.show(number).expect("shown");
        assert_window_shows(peer, stage, number);
    }
}

/// Looks at the window once the peer has shown what it was given. A frame whose time is told here completes before that.
#[track_caller]
fn assert_window_shows(peer: &Peer, stage: &mut Stage<Mimic>, number: u32) {
    stage.display.sync().expect("sync");
    let start = Instant::now();
    while peer.control().timed() > 0 && start.elapsed() < SOON {
        stage.step().expect("time passes");
    }
    let pixels = peer.control().pixels(stage.window).expect("pixels");
    let rows: Vec<Vec<u32>> = (pixels.data.chunks(pixels.width.into()))
        .map(|row| row.iter().map(|pixel| pixel & 0x00ff_ffff).collect())
        .collect();
    let size = stage.swapchain.size();
    assert_shows(&rows, &picture(number, size, 24), stage.swapchain.rung().name());
}
