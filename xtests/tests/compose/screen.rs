//! All windows in one: stacking, borders, alpha.

use pixbridge_xtests::{
    composer::{Composer, ComposerError},
    desktop::Desktop,
    picture::Rgb,
    screen::ScreenError,
};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{
        AtomEnum, ColormapAlloc, ConnectionExt as _, CreateGCAux, CreateWindowAux, PropMode, Rectangle,
        VisualClass, Window, WindowClass,
    },
    wrapper::ConnectionExt as _,
};

const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];
const BLACK: Rgb = [0, 0, 0];

/// A window of one colour: place and size, border width and the pixels of both.
fn coloured(
    desktop: &Desktop,
    [x, y, side]: [i16; 3],
    depth: u8,
    pixel: u32,
    (border, border_pixel): (u16, u32),
) -> Window {
    let (c, root) = (desktop.screen().connection(), desktop.screen().root());
    let screen = &c.setup().roots[0];
    let depths = screen
        .allowed_depths
        .iter()
        .find(|other| other.depth == depth)
        .unwrap();
    let visual = depths
        .visuals
        .iter()
        .find(|visual| visual.class == VisualClass::TRUE_COLOR)
        .unwrap();
    let (id, colormap) = (c.generate_id().unwrap(), c.generate_id().unwrap());
    c.create_colormap(ColormapAlloc::NONE, colormap, root, visual.visual_id)
        .unwrap();
    let values = CreateWindowAux::new()
        .background_pixel(pixel)
        .border_pixel(border_pixel)
        .colormap(colormap);
    let side = side.unsigned_abs();
    let class = WindowClass::INPUT_OUTPUT;
    c.create_window(
        depth,
        id,
        root,
        x,
        y,
        side,
        side,
        border,
        class,
        visual.visual_id,
        &values,
    )
    .unwrap();
    c.map_window(id).unwrap().check().unwrap();
    id
}

/// Waits until points of the host's one window have these colours.
fn wait_for(composer: &mut Composer, points: &[(usize, usize, Rgb)]) -> Result<(), ComposerError> {
    composer.wait("right colours", |composer| {
        let shown = composer
            .host
            .windows()?
            .pop()
            .ok_or(ScreenError::NoWindow(Default::default()))?;
        let picture = composer.host.look(&shown)?;
        let right =
            |&(x, y, colour): &(usize, usize, Rgb)| picture.pixels()[y * picture.width() + x] == colour;
        Ok(points.iter().all(right).then_some(()))
    })
}

#[test]
fn windows_lie_in_their_order_and_place() {
    let mut composer = Composer::start(&["--root"]).unwrap();
    let red = coloured(&composer.guest, [100, 100, 200], 24, 0xff_0000, (0, 0));
    coloured(&composer.guest, [200, 200, 200], 24, 0x00_ff00, (0, 0));
    let apart = [(50, 50, BLACK), (150, 150, RED), (350, 350, GREEN)];
    wait_for(&mut composer, &[&apart[..], &[(250, 250, GREEN)]].concat()).unwrap();
    composer.guest.raise(red).unwrap();
    wait_for(&mut composer, &[&apart[..], &[(250, 250, RED)]].concat()).unwrap();
    composer
        .guest
        .screen()
        .connection()
        .destroy_window(red)
        .unwrap()
        .check()
        .unwrap();
    wait_for(&mut composer, &[(150, 150, BLACK), (250, 250, GREEN)]).unwrap();
}

#[test]
fn borders_are_part_of_windows() {
    let mut composer = Composer::start(&["--root"]).unwrap();
    coloured(&composer.guest, [100, 100, 50], 24, 0xff_0000, (10, 0x00_ff00));
    let points = [
        (99, 99, BLACK),
        (100, 100, GREEN),
        (109, 130, GREEN),
        (110, 110, RED),
        (159, 159, RED),
        (160, 160, GREEN),
        (169, 169, GREEN),
        (170, 170, BLACK),
    ];
    wait_for(&mut composer, &points).unwrap();
}

#[test]
fn windows_with_alpha_let_those_below_through() {
    let mut composer = Composer::start(&["--root"]).unwrap();
    coloured(&composer.guest, [100, 100, 200], 24, 0xff_0000, (0, 0));
    // Half of green, multiplied by its alpha as everywhere in X.
    coloured(&composer.guest, [200, 200, 200], 32, 0x8000_8000, (0, 0));
    let blended = [127, 128, 0];
    wait_for(
        &mut composer,
        &[(150, 150, RED), (250, 250, blended), (350, 350, [0, 128, 0])],
    )
    .unwrap();
}

#[test]
fn the_window_is_of_the_screens_size_and_named_after_it() {
    let composer = Composer::start(&["--root"]).unwrap();
    let shown = composer.host.windows().unwrap().pop().unwrap();
    assert_eq!((shown.area.width, shown.area.height), (1280, 1024));
    assert!(shown.title.ends_with("(pixbridge)"), "{}", shown.title);
}

#[test]
fn the_desktops_background_lies_behind_all() {
    let mut composer = Composer::start(&["--root"]).unwrap();
    coloured(&composer.guest, [100, 100, 50], 24, 0xff_0000, (0, 0));
    let (c, root) = (
        composer.guest.screen().connection(),
        composer.guest.screen().root(),
    );
    let (pixmap, gc) = (c.generate_id().unwrap(), c.generate_id().unwrap());
    let (width, height) = (1280, 1024);
    c.create_pixmap(24, pixmap, root, width, height).unwrap();
    c.create_gc(gc, pixmap, &CreateGCAux::new().foreground(0x00_ff00))
        .unwrap();
    let (x, y) = (0, 0);
    c.poly_fill_rectangle(pixmap, gc, &[Rectangle { x, y, width, height }])
        .unwrap();
    let name = c
        .intern_atom(false, b"_XROOTPMAP_ID")
        .unwrap()
        .reply()
        .unwrap()
        .atom;
    let set = c.change_property32(PropMode::REPLACE, root, name, AtomEnum::PIXMAP, &[pixmap]);
    set.unwrap().check().unwrap();
    wait_for(
        &mut composer,
        &[(0, 0, GREEN), (1279, 1023, GREEN), (120, 120, RED)],
    )
    .unwrap();
}
