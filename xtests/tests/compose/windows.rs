//! Windows come, go, move, are resized and closed, on either side.

use std::{process::Command, time::Duration};

use pixbridge_xtests::{
    composer::{Composer, SOON},
    desktop::Shown,
    process,
    renderer::our_binary,
    screen::Area,
    xvfb::Xvfb,
};

fn clock() -> (Composer, Shown, Shown) {
    let mut composer = Composer::start(&[]).unwrap();
    composer
        .run("xclock", &["-geometry", "200x200+50+60", "-update", "3600"])
        .unwrap();
    let (guest, host) = composer.window("XClock").unwrap();
    composer.same_picture(&guest, &host).unwrap();
    (composer, guest, host)
}

/// Waits until a window is at a place on a display.
fn wait_for_place(composer: &mut Composer, on_guest: bool, id: u32, area: Area) {
    let arrived = composer.wait("window at its place", |composer| {
        let desktop = if on_guest { &composer.guest } else { &composer.host };
        let shown = desktop.windows()?;
        Ok(shown
            .iter()
            .any(|shown| shown.id == id && shown.area == area)
            .then_some(()))
    });
    arrived.unwrap();
}

#[test]
fn title_class_and_place_are_the_guests() {
    let (_composer, guest, host) = clock();
    assert_eq!(host.title, "xclock");
    assert_eq!(host.class, guest.class);
    assert_eq!(host.area, guest.area);
}

#[test]
fn a_new_title_is_carried_over() {
    let mut composer = Composer::start(&[]).unwrap();
    let script = r"printf '\033]0;first\007'; read line; printf '\033]0;second\007'; sleep 60";
    composer.run("xterm", &["-e", "sh", "-c", script]).unwrap();
    let (_, host) = composer.window("XTerm").unwrap();
    composer.host.focus(host.id).unwrap();
    composer.host.type_line("").unwrap();
    composer
        .host
        .wait_for(SOON, |shown| shown.title == "second")
        .unwrap();
}

#[test]
fn the_host_moves_and_resizes_the_guests_window() {
    let (mut composer, guest, host) = clock();
    let area = Area {
        x: 300,
        y: 200,
        width: 351,
        height: 247,
    };
    composer.host.place(host.id, area).unwrap();
    wait_for_place(&mut composer, true, guest.id, area);
    let (guest, host) = (Shown { area, ..guest }, Shown { area, ..host });
    composer.same_picture(&guest, &host).unwrap();
}

#[test]
fn the_guest_moves_and_resizes_the_hosts_window() {
    let (mut composer, guest, host) = clock();
    let area = Area {
        x: 31,
        y: 400,
        width: 123,
        height: 321,
    };
    composer.guest.place(guest.id, area).unwrap();
    wait_for_place(&mut composer, false, host.id, area);
    let (guest, host) = (Shown { area, ..guest }, Shown { area, ..host });
    composer.same_picture(&guest, &host).unwrap();
}

#[test]
fn a_window_moved_beyond_the_guests_screen_stays_where_the_user_put_it() {
    let (mut composer, guest, host) = clock();
    let area = Area {
        x: 1200,
        y: 1000,
        ..host.area
    };
    composer.host.place(host.id, area).unwrap();
    // Where its pointer can still reach all of it.
    let reachable = Area {
        x: 1280 - 200,
        y: 1024 - 200,
        ..area
    };
    wait_for_place(&mut composer, true, guest.id, reachable);
    std::thread::sleep(Duration::from_millis(200));
    wait_for_place(&mut composer, false, host.id, area);
}

#[test]
fn closing_the_hosts_window_closes_the_guests() {
    let (mut composer, guest, host) = clock();
    composer.host.close(host.id).unwrap();
    let gone = composer.wait("end of the window", |composer| {
        let left = [composer.guest.windows()?, composer.host.windows()?];
        Ok(left.iter().all(Vec::is_empty).then_some(guest.id))
    });
    gone.unwrap();
}

#[test]
fn a_guest_window_that_goes_takes_its_host_window_along() {
    let (mut composer, guest, _) = clock();
    composer.guest.kill(guest.id).unwrap();
    let gone = composer.wait("end of the window", |composer| {
        Ok(composer.host.windows()?.is_empty().then_some(()))
    });
    gone.unwrap();
}

#[test]
fn one_window_alone_can_be_shown() {
    let (mut composer, guest, _) = clock();
    composer.run("xterm", &["-geometry", "40x10+300+20"]).unwrap();
    composer.window("XTerm").unwrap();
    composer
        .restart(&["--window", &format!("{:#x}", guest.id)])
        .unwrap();
    let (guest, host) = composer.window("XClock").unwrap();
    composer.same_picture(&guest, &host).unwrap();
    assert_eq!(composer.host.windows().unwrap().len(), 1);
}

#[test]
fn a_guest_server_that_dies_ends_the_compositor_with_one_line() {
    let (composer, ..) = clock();
    let (mut compositor, _host) = composer.end_guest();
    let start = std::time::Instant::now();
    let status = loop {
        if let Some(status) = compositor.poll().unwrap() {
            break status;
        }
        assert!(start.elapsed() < SOON, "it goes on: {}", compositor.output());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(1));
    let output = compositor.output();
    assert!(
        output.contains("pixbridge: guest: the display is gone"),
        "{output}"
    );
}

#[test]
fn a_window_that_cannot_be_shown_leaves_the_others_alone() {
    let (mut composer, guest, host) = clock();
    // Deeper than any picture that GL or X can have.
    composer.guest.open_huge_window().unwrap();
    let area = Area {
        x: 300,
        y: 200,
        width: 251,
        height: 147,
    };
    composer.host.place(host.id, area).unwrap();
    wait_for_place(&mut composer, true, guest.id, area);
    composer
        .same_picture(&Shown { area, ..guest }, &Shown { area, ..host })
        .unwrap();
}

#[test]
fn windows_that_come_and_go_in_haste_leave_nothing_behind() {
    let (mut composer, guest, host) = clock();
    for _ in 0..20 {
        composer.guest.flash_windows(20).unwrap();
    }
    let only_the_clock = composer.wait("end of the other windows", |composer| {
        Ok((composer.host.windows()?.len() == 1).then_some(()))
    });
    only_the_clock.unwrap();
    composer.same_picture(&guest, &host).unwrap();
}

#[test]
fn a_display_is_not_shown_on_itself() {
    let xvfb = Xvfb::start(320, 200).unwrap();
    let mut command = Command::new(our_binary().unwrap());
    command.args(["compose", "--guest", &xvfb.display(), "--host", &xvfb.display()]);
    let finished = process::run(command, SOON).unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let expected = "pixbridge: guest and host are the same display";
    assert!(finished.stderr.contains(expected), "{}", finished.stderr);
}
