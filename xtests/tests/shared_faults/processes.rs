//! Processes that end without a word.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use pixbridge_xtests::{
    held::{belongings, kill, wait_until},
    process::Running,
    renderer,
    xvfb::Xvfb,
};
use rustix::process::{Pid, Signal, kill_process};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConfigureWindowAux, ConnectionExt as _},
};

use super::{LIMIT, Rig, assert_undisturbed, wait_for_end};

/// Waves of clients, of whom the first few bring allocators to their usual size.
const WAVES: usize = 6;
const SETTLED: usize = 3;
const WAVE: usize = 4;
/// How long memory must not have become less to be what stays.
const REST: Duration = Duration::from_secs(1);
/// What the memory of a session may differ by without growing, in KiB: less than a frame of one client of each wave.
const SLACK: u64 = 4096;

#[test]
fn an_application_killed_in_a_frame_disturbs_no_neighbour_and_leaves_nothing() {
    let rig = Rig::new();
    let (before, windows) = (rig.held.descriptors(), rig.windows());
    let neighbour = rig.neighbour(1500);
    for _ in 0..3 {
        let mut gears = rig.gears();
        kill(gears.id());
        wait_for_end(&mut gears);
    }
    assert_undisturbed(neighbour);
    rig.held.wait_for_descriptors(before);
    wait_until("end of the windows", || (rig.windows() == windows).then_some(()));
}

#[test]
fn a_frame_that_its_application_does_not_live_to_see_is_no_news() {
    let rig = Rig::new();
    let windows = rig.windows();
    let (direct, _) = x11rb::connect(Some(&rig.server.display())).expect("Xvfb");
    let session = Pid::from_raw(rig.held.session() as i32).expect("a process");
    for _ in 0..3 {
        let mut gears = rig.gears();
        kill_process(session, Signal::STOP).expect("a session");
        // Nobody draws: their frame waits for the session, and they for the frame.
        wait_until("end of all turning", || stands_still(gears.id()).then_some(()));
        kill(gears.id());
        wait_for_end(&mut gears);
        // That it is gone shows when it is to be told something.
        wait_until("end of the window", || {
            let left: Vec<_> = rig
                .windows()
                .into_iter()
                .filter(|window| !windows.contains(window))
                .collect();
            for window in &left {
                let lower = ConfigureWindowAux::new().y(20);
                let upper = ConfigureWindowAux::new().y(10);
                for place in [lower, upper] {
                    direct.configure_window(*window, &place).unwrap();
                }
            }
            left.is_empty().then_some(())
        });
        kill_process(session, Signal::CONT).expect("a session");
        // What the session says of the frame comes before what it says of others.
        assert_undisturbed(rig.neighbour(4));
    }
    let output = rig.held.output();
    assert!(!output.contains(" WARN "), "{output}");
}

/// Whether a process uses no processor between two looks.
fn stands_still(process: u32) -> bool {
    let used = || {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields: Vec<_> = stat
            .split_ascii_whitespace()
            .skip(13)
            .take(2)
            .map(str::to_owned)
            .collect();
        fields
    };
    let before = used();
    std::thread::sleep(Duration::from_millis(50));
    used() == before
}

#[test]
fn when_the_session_is_killed_its_clients_lose_gl_and_others_go_on_and_the_next_has_gl_again() {
    let rig = Rig::new();
    let plain = rig.held.connect();
    let mut gears = rig.gears();
    let session = rig.held.session();
    kill(session);
    let lines = rig.lines_with("the session was ended by signal 9");
    assert_eq!(lines.len(), 1, "{lines:?}");
    // Nobody can draw for it any more. What Mesa does then is its own affair.
    gears.end().expect("gears");
    plain
        .get_input_focus()
        .unwrap()
        .reply()
        .expect("a client without GL goes on");
    assert_ne!(rig.held.session(), session);
    let info = rig.info();
    assert!(
        info.contains("OpenGL renderer string: virgl (pixbridge on "),
        "{info}"
    );
    assert_undisturbed(rig.neighbour(50));
    assert_eq!(rig.lines_with(" ERROR ").len(), 1, "{}", rig.held.output());
}

#[test]
fn when_the_server_is_killed_the_application_ends_as_without_us_and_the_run_with_it() {
    let server = Xvfb::start(640, 480).expect("Xvfb");
    let mut command = Command::new(renderer::our_binary().expect("our binary"));
    command
        .args(["--gl", "surfaceless", "run", "--via", "dri3", "--", "xeyes"])
        .env("DISPLAY", server.display());
    let run = Running::start(command).expect("a run");
    let (direct, number) = x11rb::connect(Some(&server.display())).expect("Xvfb");
    let root = direct.setup().roots[number].root;
    wait_until("window", || {
        let tree = direct.query_tree(root).unwrap().reply().expect("windows");
        (!tree.children.is_empty()).then_some(())
    });
    drop(server);
    let finished = run.finish(LIMIT).expect("a run that ends");
    assert!(!finished.status.success());
    let ours: Vec<_> = (finished.stderr.lines())
        .filter(|line| line.contains(" ERROR ") || line.contains(" WARN "))
        .collect();
    assert_eq!(ours.len(), 1, "{}", finished.stderr);
    assert!(ours[0].contains("the display is gone"), "{ours:?}");
}

#[test]
fn waves_of_clients_leave_no_descriptors_and_no_memory() {
    let rig = Rig::new();
    let before = rig.held.descriptors();
    let wave: usize = std::env::var("PIXBRIDGE_WAVE").map_or(WAVE, |size| size.parse().expect("a number"));
    let mut sizes = Vec::new();
    for _ in 0..WAVES {
        let clients: Vec<_> = (0..wave).map(|_| rig.gears()).collect();
        for (at, mut client) in clients.into_iter().enumerate() {
            // Half of them ends in peace, as far as a signal is that.
            if at % 2 == 0 {
                kill(client.id());
                wait_for_end(&mut client);
            }
        }
        rig.held.wait_for_descriptors(before);
        sizes.push(rested(&rig));
    }
    println!("KiB of session and relay: {sizes:?}");
    let (settled, last) = (sizes[SETTLED - 1], sizes[WAVES - 1]);
    for (settled, last) in settled.into_iter().zip(last) {
        assert!(last <= settled + SLACK, "{sizes:?}");
    }
}

/// How large session and relay are once they get no smaller: memory is given back a little after its clients.
fn rested(rig: &Rig) -> [u64; 2] {
    let sizes = || [rig.held.session(), rig.held.relay()].map(|process| belongings(process).resident);
    let mut smallest = sizes();
    let mut since = Instant::now();
    while since.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(20));
        let now = sizes();
        if now[0] < smallest[0] || now[1] < smallest[1] {
            (smallest, since) = (now, Instant::now());
        }
    }
    smallest
}
