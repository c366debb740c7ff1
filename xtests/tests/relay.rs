//! A display of ours in front of an Xvfb: programs see no difference, and none can harm another.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
    rc::Rc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use pixbridge::{
    bridge::provider::{Authority, DisplaySocket, Places, Relay, RelayError, Stopper, Transparent, Upstream},
    x11::{Dialled, Display, Limits, Segment},
};
use pixbridge_xtests::{process, xvfb::Xvfb};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::ConnectionExt as _,
    rust_connection::{ConnectError, DefaultStream},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A relay in a thread, ended on drop.
struct Rig {
    xvfb: Option<Xvfb>,
    number: u32,
    authority: PathBuf,
    stopper: Stopper,
    thread: Option<JoinHandle<Result<(), RelayError>>>,
}

impl Rig {
    fn start() -> Self {
        let xvfb = Xvfb::start(640, 480).expect("Xvfb");
        let upstream = Upstream::open(Some(&xvfb.display())).expect("Xvfb lets us in");
        let display = DisplaySocket::claim(&Places::default(), None).expect("a display");
        let number = display.number();
        let secret = Authority::create(number).expect("a cookie");
        let authority = secret.path();
        let relay = Relay::new(display, secret, upstream, Transparent).expect("a relay");
        Self {
            xvfb: Some(xvfb),
            number,
            authority,
            stopper: relay.stopper(),
            thread: Some(thread::spawn(move || relay.run())),
        }
    }

    /// What a program says on our display.
    fn run(&self, command: &[&str]) -> String {
        let mut program = Command::new(command[0]);
        program.args(&command[1..]).env("XAUTHORITY", &self.authority);
        program.env("DISPLAY", format!(":{}", self.number));
        said(program)
    }

    /// What it says on Xvfb.
    fn run_directly(&self, command: &[&str]) -> String {
        let mut program = Command::new(command[0]);
        let xvfb = self.xvfb.as_ref().expect("Xvfb runs");
        program.args(&command[1..]).env("DISPLAY", xvfb.display());
        said(program)
    }

    fn socket(&self) -> PathBuf {
        format!("/tmp/.X11-unix/X{}", self.number).into()
    }

    fn stream(&self) -> UnixStream {
        let stream = UnixStream::connect(self.socket()).expect("the display listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream
    }

    fn cookie(&self) -> (Vec<u8>, Vec<u8>) {
        let file = fs::read(&self.authority).expect("the cookie's file");
        (b"MIT-MAGIC-COOKIE-1".to_vec(), file[file.len() - 16..].to_vec())
    }

    fn connect(&self, cookie: (Vec<u8>, Vec<u8>)) -> Result<pixbridge::x11::Connection, ConnectError> {
        let (stream, _) = DefaultStream::from_unix_stream(self.stream())?;
        let dialled = Dialled {
            stream,
            cookie,
            screen: 0,
        };
        dialled.finish()
    }

    /// The sockets of this display and of the server behind it, with one for each connection that either has.
    fn sockets(&self) -> usize {
        let xvfb = self.xvfb.as_ref().expect("Xvfb runs").number();
        let ends = [self.number, xvfb].map(|number| format!(" /tmp/.X11-unix/X{number}"));
        let sockets = fs::read_to_string("/proc/net/unix").expect("/proc");
        let ours = |line: &&str| ends.iter().any(|end| line.ends_with(end));
        sockets.lines().filter(ours).count()
    }

    /// Waits until there are so many sockets again.
    fn wait_for_sockets(&self, wanted: usize) {
        let start = Instant::now();
        while self.sockets() != wanted {
            assert!(start.elapsed() < PATIENCE, "{} of {wanted}", self.sockets());
            thread::yield_now();
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn said(program: Command) -> String {
    let finished = process::run(program, PATIENCE).expect("a program that ends");
    assert!(finished.status.success(), "{}", finished.output());
    finished.stdout
}

/// Reads until the other side hangs up.
fn hung_up(stream: &mut UnixStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => rest,
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
            rest
        }
    }
}

#[test]
fn programs_say_the_same_on_both_displays() {
    let rig = Rig::start();
    let commands: [&[&str]; 4] = [
        &["xdpyinfo", "-queryExtensions"],
        &["xwininfo", "-root", "-tree"],
        &["xlsfonts"],
        &["xprop", "-root"],
    ];
    for command in commands {
        // The name of the display is in what some of them say.
        let ours = rig.run(command).replace(&format!(":{}", rig.number), ":N");
        let xvfb = rig.xvfb.as_ref().unwrap().display();
        assert_eq!(
            ours,
            rig.run_directly(command).replace(&xvfb, ":N"),
            "{command:?}"
        );
    }
}

#[test]
fn only_those_with_the_cookie_are_let_in() {
    let rig = Rig::start();
    assert!(rig.connect(rig.cookie()).is_ok());
    let (name, mut secret) = rig.cookie();
    secret[15] ^= 1;
    for cookie in [(name, secret), Default::default()] {
        let refused = rig.connect(cookie);
        assert!(
            matches!(refused, Err(ConnectError::SetupFailed(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn descriptors_reach_the_server() {
    let rig = Rig::start();
    let connection = rig.connect(rig.cookie()).unwrap();
    let display = Rc::new(Display::from_connection(connection, 0, &Limits::default()).unwrap());
    Segment::create(&display, 1 << 20).expect("the server attaches our memory");
}

#[test]
fn long_requests_and_long_replies_pass_whole() {
    let rig = Rig::start();
    let connection = rig.connect(rig.cookie()).unwrap();
    let root = connection.setup().roots[0].root;
    let atom = connection
        .intern_atom(false, b"LONG")
        .unwrap()
        .reply()
        .unwrap()
        .atom;
    let value: Vec<u8> = (0..3_000_000u32).map(|index| (index / 7) as u8).collect();
    connection
        .change_property(
            x11rb::protocol::xproto::PropMode::REPLACE,
            root,
            atom,
            x11rb::protocol::xproto::AtomEnum::STRING,
            8,
            value.len() as u32,
            &value,
        )
        .unwrap()
        .check()
        .unwrap();
    let read = connection
        .get_property(false, root, atom, 0u32, 0, u32::MAX)
        .unwrap();
    assert!(read.reply().unwrap().value == value);
}

#[test]
fn a_client_of_the_other_byte_order_is_answered_in_it() {
    let rig = Rig::start();
    let mut stream = rig.stream();
    let (name, secret) = rig.cookie();
    let padding = [0; 2];
    let setup = [&b"B\0\0\x0b\0\0\0\x12\0\x10\0\0"[..], &name, &padding, &secret].concat();
    stream.write_all(&setup).unwrap();
    let mut head = [0; 8];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[..4], [1, 0, 0, 11]);
    let mut answer = vec![0; 4 * usize::from(u16::from_be_bytes([head[6], head[7]]))];
    stream.read_exact(&mut answer).unwrap();
    // GetInputFocus, in two pieces.
    stream.write_all(&[43]).unwrap();
    stream.write_all(&[0, 0, 1]).unwrap();
    let mut reply = [0; 32];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!((reply[0], &reply[2..8]), (1, &[0, 1, 0, 0, 0, 0][..]));
}

#[test]
fn clients_that_come_and_go_leave_nothing_behind() {
    let rig = Rig::start();
    let before = rig.sockets();
    for _ in 0..4 {
        rig.wait_for_sockets(before);
        let clients: Vec<_> = (0..50).map(|_| rig.connect(rig.cookie()).unwrap()).collect();
        for client in &clients {
            client.get_input_focus().unwrap().reply().unwrap();
        }
        assert_eq!(rig.sockets(), before + 100);
    }
    rig.wait_for_sockets(before);
}

#[test]
fn who_breaks_the_protocol_ends_alone() {
    let rig = Rig::start();
    let neighbour = rig.connect(rig.cookie()).unwrap();
    let before = rig.sockets();
    let (name, secret) = rig.cookie();
    let setup = [&b"l\0\x0b\0\0\0\x12\0\x10\0\0\0"[..], &name, &[0; 2], &secret].concat();
    let faults: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"l\0\x0b\0\0\0\xff\xff\xff\xff\0\0",
        &[&setup[..], &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]].concat(),
        &[&setup[..], &[0; 64]].concat(),
        &setup[..17],
        &[&setup[..], &[98, 0, 9, 0]].concat(),
    ];
    for fault in faults {
        let mut stream = rig.stream();
        stream.write_all(fault).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        hung_up(&mut stream);
        // Gone at once, too.
        rig.stream().write_all(fault).unwrap();
        neighbour.get_input_focus().unwrap().reply().unwrap();
    }
    rig.wait_for_sockets(before);
}

#[test]
fn a_display_ends_with_its_server() {
    let mut rig = Rig::start();
    let client = rig.connect(rig.cookie()).unwrap();
    drop(rig.xvfb.take());
    let ended = rig.thread.take().unwrap().join().unwrap();
    assert!(matches!(ended, Err(RelayError::Upstream(_))), "{ended:?}");
    assert!(client.get_input_focus().unwrap().reply().is_err());
    assert!(!rig.socket().exists());
}
