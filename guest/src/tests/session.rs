//! A session that keeps what it is told and gives every answer, but draws nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::CString,
    fs::File,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::PathBuf,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use rustix::{
    event::{EventfdFlags, eventfd},
    fs::{MemfdFlags, fstat, memfd_create},
    io::{self, Errno},
};

use crate::{
    config::{Config, DEFAULT_NODE},
    device::Device,
    socket::{Link, Socket},
    wire::{EXTENSION_VERSION, IMPORTED_DWORDS, command, narrow},
};

/// What the session says that it can do.
pub(crate) const CAPSET: [u8; 12] = *b"capabilities";
/// What comes before the picture in an exported file, in bytes.
pub(crate) const HEADER: u32 = 4096;

/// A request as it arrived: the command and its payload.
pub(crate) type Request = (u32, Vec<u32>);

/// The pictures that connections have exported: id and size of each file.
type Files = Arc<Mutex<BTreeMap<u64, (File, u64)>>>;

/// A device whose session is a thread of the test.
pub(crate) struct Connection {
    pub(crate) device: Device,
    pub(crate) fd: UnixStream,
    session: JoinHandle<Vec<Request>>,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self::refusing(0)
    }

    /// To a session that has no room where `command` asks for it.
    pub(crate) fn refusing(command: u32) -> Self {
        let (fd, theirs) = UnixStream::pair().unwrap();
        Self {
            device: Device::default(),
            fd,
            session: thread::spawn(move || serve(&theirs, command, &Files::default())),
        }
    }

    /// Ends the connection. What the session was told, the greeting left out.
    pub(crate) fn told(self) -> Vec<Request> {
        drop(self.fd);
        let mut told = self.session.join().unwrap();
        told.retain(|(command, _)| {
            ![
                command::CREATE_RENDERER,
                command::PROTOCOL_VERSION,
                command::GET_PARAM,
            ]
            .contains(command)
        });
        told
    }
}

/// A session for all that go by way of the node, on a socket of its own.
pub(crate) fn shared() -> Option<Config> {
    let path = shared_path();
    // SAFETY: the function ends, and takes nothing with it.
    unsafe { libc::atexit(remove_shared) };
    let listener = UnixListener::bind(&path).unwrap();
    let files = Files::default();
    let socket = CString::new(path.into_os_string().into_encoded_bytes()).unwrap();
    let name = socket.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, files) = (stream.unwrap(), Arc::clone(&files));
            thread::spawn(move || serve(&stream, 0, &files));
        }
    });
    Config::new(&name, DEFAULT_NODE)
}

fn shared_path() -> PathBuf {
    std::env::temp_dir().join(format!("pixbridge-guest-{}", std::process::id()))
}

extern "C" fn remove_shared() {
    let _ = std::fs::remove_file(shared_path());
}

/// Answers until the client is gone.
fn serve(stream: &UnixStream, refused: u32, files: &Files) -> Vec<Request> {
    let mut link = Link::Open;
    let mut session = Session {
        socket: Socket::new(stream.as_fd(), &mut link),
        refused,
        files,
        passed: VecDeque::new(),
        exported: BTreeMap::new(),
        memory: BTreeMap::new(),
        sizes: BTreeMap::new(),
    };
    let mut told = Vec::new();
    while let Ok(request) = session.receive() {
        session.answer(&request).unwrap();
        told.push(request);
    }
    told
}

struct Session<'a> {
    socket: Socket<'a>,
    refused: u32,
    files: &'a Files,
    passed: VecDeque<OwnedFd>,
    exported: BTreeMap<u32, File>,
    memory: BTreeMap<u32, File>,
    sizes: BTreeMap<u32, [u32; 2]>,
}

impl Session<'_> {
    fn receive(&mut self) -> io::Result<Request> {
        let mut header = [0; 2];
        self.take(bytemuck::cast_slice_mut(&mut header))?;
        let [length, command] = header;
        if command == command::CREATE_RENDERER {
            self.take(&mut vec![0; length as usize])?;
            return Ok((command, Vec::new()));
        }
        let mut payload = vec![0; length as usize];
        self.take(bytemuck::cast_slice_mut(&mut payload))?;
        Ok((command, payload))
    }

    /// Waits until `bytes` are there. A descriptor comes with the first bytes of its message.
    fn take(&mut self, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (count, passed) = self.socket.receive_some(bytes)?;
            self.passed.extend(passed);
            bytes = &mut bytes[count..];
        }
        Ok(())
    }

    fn take_fd(&mut self) -> io::Result<OwnedFd> {
        self.take(&mut [0])?;
        Ok(self.passed.pop_front().expect("a descriptor came"))
    }

    fn answer(&mut self, (command, payload): &Request) -> io::Result<()> {
        let command = *command;
        if command == self.refused {
            return self.reply(command, &[Errno::DQUOT.raw_os_error() as u32]);
        }
        match command {
            command::PROTOCOL_VERSION => self.reply(command, payload),
            command::GET_PARAM => self.reply(command, &[1, EXTENSION_VERSION]),
            command::GET_CAPS | command::GET_CAPS2 => {
                let set = if command == command::GET_CAPS { 1 } else { 2 };
                let header = [CAPSET.len() as u32 + 1, set];
                self.socket.send([bytemuck::bytes_of(&header), &CAPSET], None)
            }
            command::RESOURCE_CREATE => {
                self.sizes.insert(payload[0], [payload[4], payload[5]]);
                Ok(())
            }
            command::RESOURCE_MEMORY => self.give_memory(payload[0], u64::from(payload[1])),
            command::RESOURCE_EXPORT => self.give_picture(payload[0]),
            command::RESOURCE_IMPORT => self.take_picture(),
            command::RESOURCE_BUSY_WAIT => self.reply(command, &[u32::from(payload[1] == 0)]),
            command::SUBMIT_CMD2 | command::SIGNAL => self.take_fd().map(drop),
            command::FENCE_MERGE => {
                self.take_fd()?;
                self.take_fd()?;
                self.reply(command, &[0])?;
                self.socket.send_fd(fence().as_fd())
            }
            _ => Ok(()),
        }
    }

    fn reply(&mut self, command: u32, payload: &[u32]) -> io::Result<()> {
        self.socket.request(command, payload)
    }

    fn give_memory(&mut self, id: u32, size: u64) -> io::Result<()> {
        let file = self
            .memory
            .entry(id)
            .or_insert_with(|| file(size))
            .try_clone()
            .unwrap();
        let [low, high] = narrow(size);
        self.reply(command::RESOURCE_MEMORY, &[0, low, high])?;
        self.socket.send_fd(file.as_fd())
    }

    /// Rows of multiples of 64 bytes behind a header.
    fn give_picture(&mut self, id: u32) -> io::Result<()> {
        let [width, height] = self.sizes[&id];
        let stride = (width * 4).next_multiple_of(64);
        let size = u64::from(HEADER + stride * height);
        let file = self
            .exported
            .entry(id)
            .or_insert_with(|| file(size))
            .try_clone()
            .unwrap();
        let [low, high] = narrow(size);
        let answer = [0, 1, width, height, 0, stride, HEADER, 0, 0, low, high];
        self.reply(command::RESOURCE_EXPORT, &answer)?;
        self.socket.send_fd(file.as_fd())?;
        let inode = fstat(&file).unwrap().st_ino;
        self.files.lock().unwrap().insert(inode, (file, size));
        Ok(())
    }

    fn take_picture(&mut self) -> io::Result<()> {
        let inode = fstat(self.take_fd()?).unwrap().st_ino;
        let Some(size) = self.files.lock().unwrap().get(&inode).map(|(_, size)| *size) else {
            return self.reply(command::RESOURCE_IMPORT, &[Errno::BADF.raw_os_error() as u32]);
        };
        let mut answer = [0; IMPORTED_DWORDS];
        answer[IMPORTED_DWORDS - 2..].copy_from_slice(&narrow(size));
        self.reply(command::RESOURCE_IMPORT, &answer)
    }
}

fn file(size: u64) -> File {
    let file = File::from(memfd_create(c"picture", MemfdFlags::CLOEXEC).unwrap());
    file.set_len(size).unwrap();
    file
}

/// A fence that has been reached.
fn fence() -> OwnedFd {
    eventfd(1, EventfdFlags::CLOEXEC).unwrap()
}
