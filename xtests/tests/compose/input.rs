//! Keyboard, pointer and wheel of the host reach the guest.

use std::fs;

use pixbridge_xtests::{composer::Composer, desktop::Shown, screen::Area};

/// The middle of a part of a window, on the screen: `x` and `y` in hundredths of its size.
fn place_in(window: &Shown, x: u16, y: u16) -> (i16, i16) {
    let Area {
        x: left,
        y: top,
        width,
        height,
    } = window.area;
    let at = |start: i16, length: u16, part: u16| {
        start + i16::try_from(u32::from(length) * u32::from(part) / 100).unwrap()
    };
    (at(left, width, x), at(top, height, y))
}

#[test]
fn what_is_typed_on_the_host_is_read_by_the_guest() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("typed");
    let mut composer = Composer::start(&[]).unwrap();
    let script = format!("read line; printf %s \"$line\" > {}; sleep 60", file.display());
    composer.run("xterm", &["-e", "sh", "-c", &script]).unwrap();
    let (guest, host) = composer.window("XTerm").unwrap();
    composer.same_picture(&guest, &host).unwrap();
    composer.host.focus(host.id).unwrap();
    composer.host.type_line("Hello, World: 42!").unwrap();
    let typed = composer.wait("line", |_| {
        Ok(fs::read_to_string(&file).ok().filter(|line| !line.is_empty()))
    });
    assert_eq!(typed.unwrap(), "Hello, World: 42!");
    // What was typed is also to be seen there.
    composer.same_picture(&guest, &host).unwrap();
}

#[test]
fn a_click_presses_the_button_below_it() {
    let mut composer = Composer::start(&[]).unwrap();
    composer.run("galculator", &[]).unwrap();
    let (guest, host) = composer.window("Galculator").unwrap();
    let before = composer.same_picture(&guest, &host).unwrap();
    // Away from where the guest has it: pointers are translated.
    let moved = Area {
        x: host.area.x + 200,
        y: host.area.y + 100,
        ..host.area
    };
    composer.host.place(host.id, moved).unwrap();
    composer
        .wait("move", |composer| {
            let shown = composer.guest.windows()?;
            Ok(shown
                .iter()
                .any(|shown| shown.id == guest.id && shown.area == moved)
                .then_some(()))
        })
        .unwrap();
    let host = Shown { area: moved, ..host };
    let (x, y) = place_in(&host, 10, 58);
    composer.host.point(x, y).unwrap();
    composer.host.click(1).unwrap();
    // The display at the top is wider than anything that only lights up below the pointer.
    let top = |picture: &pixbridge_xtests::picture::Picture| {
        picture.pixels()[..picture.pixels().len() / 4].to_vec()
    };
    let shows_digit = composer.wait("digit", |composer| {
        let now = composer.host.look(&host)?;
        Ok((top(&now) != top(&before)).then_some(()))
    });
    shows_digit.unwrap();
    // A pointer that rests there would make a hint appear above the window.
    composer.host.point(0, 0).unwrap();
    composer.same_picture(&guest, &host).unwrap();
}

#[test]
fn the_wheel_scrolls() {
    let mut composer = Composer::start(&[]).unwrap();
    let script = "seq 1 200; sleep 60";
    composer
        .run("xterm", &["-geometry", "40x10+20+20", "-e", "sh", "-c", script])
        .unwrap();
    let (guest, host) = composer.window("XTerm").unwrap();
    let before = composer.same_picture(&guest, &host).unwrap();
    let (x, y) = place_in(&host, 50, 50);
    composer.host.point(x, y).unwrap();
    composer.host.click(4).unwrap();
    let scrolled = composer.wait("other lines", |composer| {
        Ok((composer.host.look(&host)? != before).then_some(()))
    });
    scrolled.unwrap();
    composer.same_picture(&guest, &host).unwrap();
}
