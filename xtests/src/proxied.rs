//! A display of ours in front of an X server, with DRI3 for its clients, in a thread of the test.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use pixbridge::bridge::provider::{Authority, DisplaySocket, Dri3, Places, Relay, Stopper, Upstream};
use x11rb::rust_connection::{DefaultStream, RustConnection};

const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";

/// A display of ours.
#[derive(Debug)]
pub struct Proxied {
    number: u32,
    authority: PathBuf,
    secret: Vec<u8>,
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Proxied {
    /// Stands in front of the display of this name, with a session that listens at `socket`.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn start(display: &str, socket: &Path) -> Self {
        let (display, socket) = (display.to_owned(), socket.to_owned());
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let dri3 = Dri3::new(Some(&display), &socket).expect("a display without what DRI3 needs");
            let ours = DisplaySocket::claim(&Places::default(), None).expect("a free display");
            let number = ours.number();
            let authority = Authority::create(number).expect("a secret");
            let path = authority.path();
            let upstream = Upstream::open(Some(&display)).expect("a display");
            let relay = Relay::new(ours, authority, upstream, dri3).expect("a relay");
            tell.send((number, path, relay.stopper()))
                .expect("the test waits");
            relay.run().expect("the relay ends well");
        });
        let (number, authority, stopper) = told.recv().expect("the relay starts");
        let file = std::fs::read(&authority).expect("the secret's file");
        let secret = file[file.len() - 16..].to_vec();
        Self {
            number,
            authority,
            secret,
            stopper,
            thread: Some(thread),
        }
    }

    /// The value for `DISPLAY`.
    pub fn display(&self) -> String {
        format!(":{}", self.number)
    }

    /// The value for `XAUTHORITY`.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    fn stream(&self) -> UnixStream {
        UnixStream::connect(format!("/tmp/.X11-unix/X{}", self.number)).expect("our display listens")
    }

    /// A client.
    ///
    /// # Panics
    /// If it is not let in.
    pub fn connect(&self) -> RustConnection {
        let (stream, _) = DefaultStream::from_unix_stream(self.stream()).expect("a stream");
        let secret = self.secret.clone();
        RustConnection::connect_to_stream_with_auth_info(stream, 0, PROTOCOL.to_vec(), secret)
            .expect("our display lets us in")
    }

    /// A client whose numbers are in the order that this machine does not have, and the server's answer to its setup.
    ///
    /// # Panics
    /// If it is not let in.
    pub fn connect_swapped(&self) -> (Swapped, Vec<u8>) {
        let mut swapped = Swapped(self.stream());
        let (first, name) = if cfg!(target_endian = "little") {
            (b'B', 18u16)
        } else {
            (b'l', 18)
        };
        let mut setup = vec![first, 0];
        for number in [11, 0, name, 16, 0] {
            setup.extend(u16_swapped(number));
        }
        setup.extend(PROTOCOL);
        setup.extend([0; 2]);
        setup.extend(&self.secret);
        swapped.0.write_all(&setup).expect("our display listens");
        let mut answer = swapped.read(8);
        assert_eq!(answer[0], 1, "our display lets us in");
        let units = u16::from_ne_bytes([answer[7], answer[6]]);
        answer.extend(swapped.read(usize::from(units) * 4));
        (swapped, answer)
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !thread::panicking()
        {
            panic!("the relay failed");
        }
    }
}

/// The bytes of a number in the other order.
pub fn u16_swapped(number: u16) -> [u8; 2] {
    number.swap_bytes().to_ne_bytes()
}

/// As [`u16_swapped`].
pub fn u32_swapped(number: u32) -> [u8; 4] {
    number.swap_bytes().to_ne_bytes()
}

/// A client that sends and receives bytes.
#[derive(Debug)]
pub struct Swapped(UnixStream);

impl Swapped {
    /// Sends a request: two bytes, and what follows its length.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn request(&mut self, first: [u8; 2], body: &[u8]) {
        self.0
            .write_all(&Self::encode(first, body))
            .expect("the display listens");
    }

    /// As [`Swapped::request`], with a descriptor.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn request_with(&mut self, first: [u8; 2], body: &[u8], fd: &std::os::fd::OwnedFd) {
        use std::os::fd::AsFd;
        let bytes = Self::encode(first, body);
        pixbridge::pipe::server::send_with_fd(&self.0, &bytes, fd.as_fd()).expect("the display listens");
    }

    fn encode(first: [u8; 2], body: &[u8]) -> Vec<u8> {
        let units = u16::try_from(1 + body.len() / 4).expect("a short request");
        [&first[..], &u16_swapped(units), body].concat()
    }

    /// Reads so many bytes.
    ///
    /// # Panics
    /// If the display is gone.
    pub fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("the display answers");
        bytes
    }
}
