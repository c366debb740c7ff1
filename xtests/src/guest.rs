//! A small vtest client: a guest that says exactly what a test wants.
//!
//! Its server is a session of the library in a thread of the test, on the surfaceless GL host. Commands are given in the
//! pipe's textual form.

use pixbridge::memory::SharedMemory;
use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::Shutdown,
    os::{fd::OwnedFd, unix::net::UnixStream},
    thread::{self, JoinHandle},
};

use pixbridge::{
    gl::{Choice, Display, Platform},
    pipe::{
        exec::Executor,
        format::Format,
        resource::bind,
        server::{Limits, Session, SessionError, receive},
        wire::text::assemble_stream,
    },
};

/// A resource with the memory that the guest shares with the host.
#[derive(Debug)]
pub struct Resource {
    /// Its id.
    pub id: u32,
    /// The shared memory.
    pub memory: SharedMemory,
}

/// What a texture is to be.
#[derive(Debug, Clone, Copy)]
pub struct Texture {
    /// Format.
    pub format: Format,
    /// Width in texels.
    pub width: u32,
    /// Height in texels.
    pub height: u32,
}

/// A connected guest.
#[derive(Debug)]
pub struct Guest {
    stream: UnixStream,
    session: Option<JoinHandle<Result<(), SessionError>>>,
    fds: VecDeque<OwnedFd>,
    next_id: u32,
}

/// Capability set 2 as the guest gets it.
pub type Caps = Vec<u8>;

impl Default for Guest {
    fn default() -> Self {
        Self::start()
    }
}

impl Guest {
    /// Connects to a fresh session and goes through the start-up dialogue, protocol version 2.
    pub fn start() -> Self {
        let mut guest = Self::connect();
        guest.send(8, &[0x7473_6574, 0], Some(8));
        guest.send(11, &[2], None);
        assert_eq!(guest.reply(), (11, vec![2]));
        guest
    }

    /// Connects to a fresh session and says nothing yet.
    pub fn connect() -> Self {
        let (stream, theirs) = UnixStream::pair().expect("a pair of sockets");
        let session = thread::spawn(move || {
            let display = Display::open(Choice::Only(Platform::Surfaceless)).expect("a surfaceless GL host");
            let executor = Executor::new(display).expect("GL 4.5");
            Session::new(theirs, executor, Limits::default()).run()
        });
        Self {
            stream,
            session: Some(session),
            fds: VecDeque::new(),
            next_id: 1,
        }
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request; `length` is what the header says if that is not the number of words.
    pub fn send(&mut self, id: u32, words: &[u32], length: Option<u32>) {
        let header = [length.unwrap_or(words.len() as u32), id];
        let bytes: Vec<u8> = header
            .iter()
            .chain(words)
            .flat_map(|word| word.to_le_bytes())
            .collect();
        self.stream.write_all(&bytes).expect("the session listens");
    }

    fn words(&mut self, count: usize) -> Vec<u32> {
        let mut bytes = vec![0; count * 4];
        self.stream.read_exact(&mut bytes).expect("the session answers");
        bytes
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect()
    }

    /// Reads an answer: its id and its words.
    pub fn reply(&mut self) -> (u32, Vec<u32>) {
        let header = self.words(2);
        (header[1], self.words(header[0] as usize))
    }

    /// Asks for capability set 2.
    pub fn caps(&mut self) -> Caps {
        self.send(9, &[], None);
        let header = self.words(2);
        let mut caps = vec![0; header[0] as usize - 1];
        self.stream.read_exact(&mut caps).expect("the session answers");
        caps
    }

    /// Reads a descriptor.
    pub fn descriptor(&mut self) -> OwnedFd {
        let mut byte = [0];
        let count = receive(&self.stream, &mut byte, &mut self.fds).expect("the session answers");
        assert_eq!(count, 1, "the session has gone");
        self.fds.pop_front().expect("a descriptor with the byte")
    }

    /// Creates a resource of the given words behind the id, with `size` bytes of shared memory.
    pub fn create(&mut self, words: [u32; 9], size: u32) -> Resource {
        let id = self.next_id;
        self.next_id += 1;
        let mut request = vec![id];
        request.extend(words);
        request.push(size);
        self.send(12, &request, None);
        let memory = SharedMemory::map(&self.descriptor()).expect("shared memory");
        Resource { id, memory }
    }

    /// Creates a 2D texture to sample and to draw into.
    pub fn texture(&mut self, texture: Texture) -> Resource {
        let Texture {
            format,
            width,
            height,
        } = texture;
        let bytes = format.info().map_or(1, |info| u32::from(info.block.bytes));
        let words = [
            2,
            format.0,
            bind::SAMPLER_VIEW | bind::RENDER_TARGET,
            width,
            height,
            1,
            1,
            0,
            0,
        ];
        self.create(words, width * height * bytes)
    }

    /// Creates a buffer that holds these words.
    pub fn buffer(&mut self, words: &[u32]) -> Resource {
        let size = words.len() as u32 * 4;
        let buffer = self.create(
            [0, Format::R8_UNORM.0, bind::VERTEX_BUFFER, size, 1, 1, 1, 0, 0],
            size,
        );
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.write(&buffer, [size, 1], &bytes);
        buffer
    }

    /// Writes a whole level 0.
    pub fn write(&mut self, resource: &Resource, [width, height]: [u32; 2], bytes: &[u8]) {
        self.write_box(resource, [width, height, 1], bytes);
    }

    /// Writes a whole level 0 of that width, height and number of layers.
    pub fn write_box(&mut self, resource: &Resource, [width, height, layers]: [u32; 3], bytes: &[u8]) {
        let to = resource
            .memory
            .write(0..bytes.len())
            .expect("memory for the bytes");
        assert!(to.copy_from(bytes.into()));
        self.send(
            14,
            &[
                resource.id,
                0,
                0,
                0,
                0,
                width,
                height,
                layers,
                bytes.len() as u32,
                0,
            ],
            None,
        );
    }

    /// Reads a whole level 0.
    pub fn read(&mut self, resource: &Resource, [width, height]: [u32; 2], bytes: usize) -> Vec<u8> {
        self.read_box(resource, [width, height, 1], bytes)
    }

    /// Reads a whole level 0 of that width, height and number of layers.
    pub fn read_box(
        &mut self,
        resource: &Resource,
        [width, height, layers]: [u32; 3],
        bytes: usize,
    ) -> Vec<u8> {
        let words = [resource.id, 0, 0, 0, 0, width, height, layers, bytes as u32, 0];
        self.send(13, &words, None);
        self.wait();
        resource
            .memory
            .read(0..bytes)
            .expect("memory for the bytes")
            .to_vec()
    }

    /// Waits until everything is done.
    pub fn wait(&mut self) {
        self.send(7, &[0, 1], None);
        assert_eq!(self.reply(), (7, vec![0]));
    }

    /// Submits commands in textual form.
    pub fn submit(&mut self, text: &str) {
        let words = assemble_stream(text).expect("commands in textual form");
        self.send(6, &words, None);
    }

    /// Hangs up, and gives back how the session ended.
    pub fn finish(mut self) -> Result<(), SessionError> {
        self.hang_up().expect("finish is called once")
    }

    /// `None` if it has been done before.
    fn hang_up(&mut self) -> Option<Result<(), SessionError>> {
        let session = self.session.take()?;
        self.stream
            .shutdown(Shutdown::Both)
            .expect("a socket can be shut down");
        Some(session.join().expect("a session never panics"))
    }
}

impl Drop for Guest {
    /// GL must not be at work while the process ends.
    fn drop(&mut self) {
        if !thread::panicking() {
            let _ = self.hang_up();
        }
    }
}

/// The line that creates a shader of one packet.
pub fn shader(handle: u32, stage: &str, text: &str) -> String {
    let total = text.len() + 1;
    let pad = total.next_multiple_of(4) - text.len();
    let escaped = text.replace('\n', "\\n");
    format!(
        "CREATE_SHADER handle={handle} stage={stage} position={total:#x} tokens=300 outputs=0 pad={pad} text=\"{escaped}\"\n"
    )
}
