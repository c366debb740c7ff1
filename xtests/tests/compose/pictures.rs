//! What windows look like, and what that costs.

use std::{thread, time::Duration};

use pixbridge_xtests::composer::Composer;

#[test]
fn programs_of_all_kinds_look_the_same() {
    let mut composer = Composer::start(&[]).unwrap();
    composer.run("xterm", &["-geometry", "40x10+20+20"]).unwrap();
    composer
        .run("xclock", &["-geometry", "200x200+700+20", "-update", "60"])
        .unwrap();
    composer.run("galculator", &[]).unwrap();
    for class in ["XTerm", "XClock", "Galculator"] {
        let (guest, host) = composer.window(class).unwrap();
        // Where nothing lies above it: Galculator places itself on top of the others.
        composer.host.raise(host.id).unwrap();
        if let Err(error) = composer.same_picture(&guest, &host) {
            panic!("{class}: {error}");
        }
    }
}

#[test]
fn moving_pictures_keep_moving_at_the_hosts_pace() {
    let mut composer = Composer::start(&[]).unwrap();
    composer.run("glxgears", &["-geometry", "300x300+20+20"]).unwrap();
    let window = |composer: &mut Composer| {
        let windows = composer.report()?.map_or_else(Vec::new, |report| report.windows);
        Ok(windows
            .into_iter()
            .find(|window| window.title == "glxgears" && window.frames > 30))
    };
    let report = composer.wait("30 frames", window).unwrap();
    assert_eq!((report.width, report.height), (300, 300));
    let host = composer.host.windows().unwrap().pop().unwrap();
    let first = composer.host.look(&host).unwrap();
    assert!(!first.is_uniform());
    let other = composer.wait("another picture", |composer| {
        let now = composer.host.look(&host)?;
        Ok((now != first).then_some(()))
    });
    other.unwrap();
    // The guest draws thousands of frames a second; the host shows at most 60.
    thread::sleep(Duration::from_secs(1));
    let later = composer.wait("report", window).unwrap();
    let interval = Duration::from_micros(later.interval.median.into());
    assert!(interval >= Duration::from_millis(15), "{interval:?}");
}

#[test]
fn an_idle_guest_costs_nothing() {
    let mut composer = Composer::start(&[]).unwrap();
    composer
        .run("xclock", &["-geometry", "200x200+20+20", "-update", "3600"])
        .unwrap();
    let (guest, host) = composer.window("XClock").unwrap();
    composer.same_picture(&guest, &host).unwrap();
    thread::sleep(Duration::from_millis(500));
    let (frames, ticks) = (
        composer.report_of(&guest).unwrap().frames,
        composer.processor_ticks().unwrap(),
    );
    thread::sleep(Duration::from_secs(4));
    // Reading the clock first: answering for the report is work, too.
    let spent = composer.processor_ticks().unwrap() - ticks;
    assert_eq!(composer.report_of(&guest).unwrap().frames, frames);
    // A tick is 10 ms, and a hundredth of 4 s are 4 of them.
    assert!(spent <= 4, "{spent} ticks in 4 s");
}

#[test]
fn only_what_changed_is_copied() {
    let mut composer = Composer::start(&[]).unwrap();
    composer.run("xterm", &["-geometry", "80x24+20+20"]).unwrap();
    let (guest, host) = composer.window("XTerm").unwrap();
    composer.same_picture(&guest, &host).unwrap();
    let before = composer.report_of(&guest).unwrap();
    composer.host.focus(host.id).unwrap();
    composer.host.type_line("x").unwrap();
    let after = composer.wait("another frame", |composer| {
        let report = composer.report_of(&guest)?;
        Ok((report.frames > before.frames).then_some(report))
    });
    composer.same_picture(&guest, &host).unwrap();
    let after = after.unwrap();
    let bytes =
        |report: &pixbridge::bridge::report::WindowReport| report.bytes_per_frame * report.frames as f64;
    let copied = bytes(&after) - bytes(&before);
    let whole = f64::from(before.width) * f64::from(before.height) * 4.0;
    assert!(copied > 0.0 && copied < whole / 2.0, "{copied} of {whole} bytes");
}

#[test]
fn each_way_in_and_out_gives_the_same_picture() {
    let ways_in = ["shm-image", "get-image"];
    let ways_out = ["shm-pixmap", "shm-put-image", "put-image"];
    for (way_in, way_out) in ways_in.iter().flat_map(|a| ways_out.iter().map(move |b| (a, b))) {
        let mut composer = Composer::start(&["--path-in", way_in, "--path-out", way_out]).unwrap();
        composer
            .run("xclock", &["-geometry", "203x201+21+20", "-update", "3600"])
            .unwrap();
        let (guest, host) = composer.window("XClock").unwrap();
        if let Err(error) = composer.same_picture(&guest, &host) {
            panic!("{way_in}, {way_out}: {error}");
        }
        let report = composer.report_of(&guest).unwrap();
        assert_eq!((&*report.path_in, &*report.path_out), (*way_in, *way_out));
    }
}
