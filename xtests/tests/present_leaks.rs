//! Swapchains leave nothing behind. Alone in its process: it counts what the process has.

use std::rc::Rc;

use pixbridge::{
    present::{Ladder, MemfdAllocator, Rung, Setup, Size},
    x11::{Display, Extension, Limits},
};
use pixbridge_xtests::{stage::Stage, xvfb::Xvfb};
use x11rb::{
    connection::Connection as _,
    protocol::{
        res::ConnectionExt as _,
        xproto::{ConfigureWindowAux, ConnectionExt as _},
    },
};

const SIZE: Size = Size {
    width: 101,
    height: 67,
};

/// Objects of the connection at the server, open files here, and mappings of shared memory here.
fn held(display: &Display) -> (u32, usize, usize) {
    let c = display.connection();
    display.sync().expect("sync");
    let base = c.setup().resource_id_base;
    let resources = c
        .res_query_client_resources(base)
        .expect("request")
        .reply()
        .expect("reply");
    let objects = resources.types.iter().map(|kind| kind.count).sum();
    let files = std::fs::read_dir("/proc/self/fd").expect("/proc").count();
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc");
    (objects, files, maps.matches("memfd:").count())
}

fn use_one(display: &Rc<Display>, rung: Rung) {
    let setup = Setup {
        ladder: Ladder::force(rung),
        ..Setup::default()
    };
    let mut stage = Stage::new(display, SIZE, 24, MemfdAllocator::default(), setup).expect("stage");
    for (number, width) in (0..).zip([101, 90, 101, 70]) {
        let change = ConfigureWindowAux::new().width(width);
        display
            .connection()
            .configure_window(stage.window, &change)
            .expect("request");
        for _ in 0..5 {
            stage.show(number).expect("shown");
        }
    }
    // Some are with the server, one is in hand.
    stage.present(9, &Default::default()).expect("presented");
    let in_hand = stage.frame().expect("frame");
    drop(stage.swapchain);
    drop(in_hand);
    display
        .connection()
        .destroy_window(stage.window)
        .expect("request");
}

#[test]
fn swapchains_leave_nothing_behind() {
    let xvfb = Xvfb::start(320, 200).expect("Xvfb");
    for limits in [Limits::default(), Limits::default().without(Extension::Present)] {
        let display = Rc::new(Display::open(Some(&xvfb.display()), &limits).expect("display"));
        for rung in [Rung::ShmPixmap, Rung::ShmPutImage, Rung::PutImage] {
            let (objects, files, maps) = held(&display);
            for _ in 0..5 {
                use_one(&display, rung);
            }
            let (after, files_after, maps_after) = held(&display);
            assert_eq!(after, objects, "{rung}: objects of the server");
            assert_eq!(
                (files_after, maps_after),
                (files, maps),
                "{rung}: files and mappings"
            );
        }
    }
}
