//! Executors without a session, for what several of them do with the same pictures.

use std::time::Duration;

use pixbridge::pipe::{
    exec::Executor,
    format::Format,
    resource::{ResourceDescription, bind},
    wire::{
        text::assemble_stream,
        virgl::command::{Box3, ResourceId, Transfer},
    },
};

/// A picture to draw, sample and share.
pub fn picture(format: Format, [width, height]: [u32; 2]) -> ResourceDescription {
    ResourceDescription {
        target: 2,
        format,
        bind: bind::SAMPLER_VIEW | bind::RENDER_TARGET | bind::SHARED,
        width,
        height,
        depth: 1,
        array_size: 1,
        last_level: 0,
        samples: 0,
        flags: 0,
    }
}

/// Carries out commands in textual form.
pub fn submit(executor: &mut Executor, text: &str) {
    executor.submit(&assemble_stream(text).expect("commands in textual form"));
}

/// Fills a whole picture by a clear.
pub fn clear(executor: &mut Executor, id: ResourceId, format: Format, [r, g, b, a]: [f32; 4]) {
    let text = format!(
        "CREATE_SUB_CTX id=1\nSET_SUB_CTX id=1\nCREATE_SURFACE handle=1 resource={} format={} level=0 first_layer=0 \
         last_layer=0\nSET_FRAMEBUFFER_STATE count=1 zsbuf=0 cbufs=[1]\nCLEAR buffers=0x4 r={r:?} g={g:?} b={b:?} a={a:?} \
         depth_low=0x0 depth_high=0x0 stencil=0\nSET_FRAMEBUFFER_STATE count=0 zsbuf=0 cbufs=[]\nDESTROY_SURFACE handle=1\n",
        id.0,
        format.name()
    );
    submit(executor, &text);
}

/// All of a picture.
pub fn whole([width, height]: [u32; 2]) -> Box3 {
    Box3 {
        x: 0,
        y: 0,
        z: 0,
        w: width as i32,
        h: height as i32,
        d: 1,
    }
}

/// A transfer of a box of a picture.
pub fn transfer(resource: ResourceId, area: Box3) -> Transfer {
    Transfer {
        resource,
        level: 0,
        usage: 0,
        stride: 0,
        layer_stride: 0,
        area,
    }
}

/// What an executor reads of a picture.
pub fn read(executor: &mut Executor, id: ResourceId, size: [u32; 2]) -> Vec<u8> {
    let mut bytes = vec![0; (size[0] * size[1] * 4) as usize];
    executor.read(&transfer(id, whole(size)), &mut bytes);
    bytes
}

/// Waits until GL has done all it was given.
pub fn finish(executor: &mut Executor) {
    if let Some(fence) = executor.fence() {
        assert!(executor.passed(&fence, Duration::MAX));
    }
}
