//! A session that shares pictures, and does nothing else: no GL, and failures on demand.
//!
//! It speaks as much of the extension as an X proxy asks for. Pictures lie in memory that the test draws to itself.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{self, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            fs::FileExt,
            net::{UnixListener, UnixStream},
        },
    },
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use pixbridge::{
    memory::SharedMemory,
    pipe::{
        format::Format,
        server::{receive, send_with_fd},
        wire::vtest::{Inbox, Parsed, Request, Version, parse},
    },
};
use rustix::{fs::fstat, io::Errno};

/// Bytes before the first row where pictures are in place: a page.
const OFFSET: u32 = 4096;
/// What rows in place are multiples of, in bytes.
const ROW: u32 = 64;

/// How pictures lie in their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// As software GL has them: behind a page, in rows of multiples of 64 bytes.
    InPlace,
    /// Copied there: in rows without padding.
    Copied,
}

/// A picture.
#[derive(Debug)]
pub struct Picture {
    file: File,
    bytes: usize,
    placing: Placing,
    pixels: Pixels,
    width: u32,
    height: u32,
    offset: u32,
    stride: u32,
}

/// What the pixels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pixels {
    Xrgb8888,
    Rgb565,
}

impl Pixels {
    fn bytes(self) -> u32 {
        match self {
            Self::Xrgb8888 => 4,
            Self::Rgb565 => 2,
        }
    }

    fn fourcc(self) -> u32 {
        u32::from_le_bytes(*match self {
            Self::Xrgb8888 => b"XR24",
            Self::Rgb565 => b"RG16",
        })
    }
}

impl Picture {
    fn new(placing: Placing, pixels: Pixels, width: u32, height: u32) -> Self {
        let tight = width * pixels.bytes();
        let (offset, stride) = match placing {
            Placing::InPlace => (OFFSET, tight.next_multiple_of(ROW)),
            Placing::Copied => (0, tight),
        };
        let bytes = u64::from(offset) + u64::from(stride) * u64::from(height);
        let (_, file) = SharedMemory::create("picture", bytes).expect("memory for a picture");
        Self {
            file: file.into(),
            bytes: bytes as usize,
            placing,
            pixels,
            width,
            height,
            offset,
            stride,
        }
    }

    /// Bytes from a row to the next.
    pub fn stride(&self) -> u32 {
        self.stride
    }

    /// The file for others.
    pub fn file(&self) -> OwnedFd {
        self.file.try_clone().expect("a descriptor").into()
    }

    /// Fills all of it, padding too.
    pub fn fill(&self, pixel: u32) {
        let bytes = pixel.to_le_bytes().repeat(self.bytes / 4);
        self.file.write_all_at(&bytes, 0).expect("all of it");
    }

    /// Fills an area, which may lie in the padding.
    pub fn fill_area(&self, [x, y, width, height]: [u32; 4], pixel: u32) {
        let row = pixel.to_le_bytes().repeat(width as usize);
        for y in y..y + height {
            self.file.write_all_at(&row, self.at(x, y)).expect("a row");
        }
    }

    /// A pixel, without what is no colour.
    pub fn pixel(&self, x: u32, y: u32) -> u32 {
        let mut bytes = [0; 4];
        self.file
            .read_exact_at(&mut bytes, self.at(x, y))
            .expect("a pixel");
        u32::from_le_bytes(bytes) & 0x00ff_ffff
    }

    fn at(&self, x: u32, y: u32) -> u64 {
        (self.offset + y * self.stride + x * self.pixels.bytes()).into()
    }

    fn words(&self) -> [u32; 10] {
        let placing = match self.placing {
            Placing::InPlace => 1,
            Placing::Copied => 3,
        };
        let size = self.bytes as u64;
        let [low, high] = [size as u32, (size >> 32) as u32];
        [
            placing,
            self.width,
            self.height,
            self.pixels.fourcc(),
            self.stride,
            self.offset,
            0,
            0,
            low,
            high,
        ]
    }
}

/// What a session was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Said {
    Hello,
    Create(u32),
    Import(u32),
    Resolve(u32),
    Upload(u32),
    Unref(u32),
}

#[derive(Debug, Default)]
struct State {
    /// By the file's device and number.
    pictures: HashMap<(u64, u64), Arc<Picture>>,
    said: Vec<Said>,
    connections: Vec<UnixStream>,
    listener: Option<UnixListener>,
    /// Resolves are not answered while this is so.
    holds: bool,
    placing: Option<Placing>,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// A listening session.
#[derive(Debug)]
pub struct Sharing {
    directory: tempfile::TempDir,
    shared: Shared,
}

impl Sharing {
    /// Listens in a directory of its own; pictures are placed like this.
    pub fn start(placing: Placing) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let state = State {
            placing: Some(placing),
            ..State::default()
        };
        let sharing = Self {
            directory,
            shared: Arc::new((Mutex::new(state), Condvar::new())),
        };
        sharing.listen();
        sharing
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("session")
    }

    /// Listens, for the first time or again.
    pub fn listen(&self) {
        let listener = UnixListener::bind(self.socket()).expect("a socket");
        lock(&self.shared).listener = Some(listener.try_clone().expect("a descriptor"));
        let shared = self.shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let copy = stream.try_clone().expect("a descriptor");
                lock(&shared).connections.push(copy);
                let shared = shared.clone();
                thread::spawn(move || serve(stream, &shared));
            }
        });
    }

    /// Dies: ends all connections, and listens no more.
    pub fn die(&self) {
        let _ = std::fs::remove_file(self.socket());
        let mut state = lock(&self.shared);
        if let Some(listener) = state.listener.take() {
            let _ = rustix::net::shutdown(listener, rustix::net::Shutdown::Both);
        }
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// A picture that some client has drawn.
    pub fn picture(&self, width: u32, height: u32) -> Arc<Picture> {
        let mut state = lock(&self.shared);
        let placing = state.placing.expect("set at the start");
        let picture = Arc::new(Picture::new(placing, Pixels::Xrgb8888, width, height));
        state.pictures.insert(key(&picture.file), picture.clone());
        picture
    }

    /// The picture whose file this is.
    pub fn picture_of(&self, file: &OwnedFd) -> Option<Arc<Picture>> {
        lock(&self.shared).pictures.get(&key(file)).cloned()
    }

    /// Whether resolves are left without an answer for the time being.
    pub fn hold_resolves(&self, holds: bool) {
        lock(&self.shared).holds = holds;
        self.shared.1.notify_all();
    }

    /// Waits until it was asked something that `wanted` says, and gives all that it was asked.
    ///
    /// # Panics
    /// If that does not come in half a minute.
    pub fn wait_for(&self, wanted: impl Fn(&[Said]) -> bool) -> Vec<Said> {
        let limit = std::time::Duration::from_secs(30);
        let state = lock(&self.shared);
        let (state, timeout) = (self.shared.1)
            .wait_timeout_while(state, limit, |state| !wanted(&state.said))
            .expect("no thread panics");
        assert!(!timeout.timed_out(), "only {:?}", state.said);
        state.said.clone()
    }

    /// What it was asked so far.
    pub fn said(&self) -> Vec<Said> {
        lock(&self.shared).said.clone()
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        self.die();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.0.lock().expect("no thread panics")
}

fn key(file: impl AsFd) -> (u64, u64) {
    let stat = fstat(file).expect("an open file");
    (stat.st_dev, stat.st_ino)
}

/// Answers a connection until it ends.
fn serve(mut stream: UnixStream, shared: &Shared) {
    let (mut inbox, mut fds) = (Inbox::default(), VecDeque::new());
    let mut ids = HashMap::new();
    loop {
        match receive(&stream, inbox.room(0), &mut fds) {
            Ok(0) | Err(_) => return,
            Ok(count) => inbox.filled(count),
        }
        loop {
            let taken = match parse(inbox.unread(), Version::V2) {
                Ok(Parsed::Complete { request, taken }) => {
                    if answer(&mut stream, shared, &request, &mut fds, &mut ids).is_err() {
                        return;
                    }
                    taken
                }
                Ok(Parsed::Incomplete { .. }) => break,
                Err(error) => panic!("the client says what is no request: {error}"),
            };
            inbox.take(taken);
        }
    }
}

fn answer(
    stream: &mut UnixStream,
    shared: &Shared,
    request: &Request<'_>,
    fds: &mut VecDeque<OwnedFd>,
    ids: &mut HashMap<u32, Arc<Picture>>,
) -> io::Result<()> {
    let kind = request.kind().to_wire();
    let note = |said| {
        lock(shared).said.push(said);
        shared.1.notify_all();
    };
    match request {
        Request::CreateRenderer { .. } => note(Said::Hello),
        Request::GetParam(_) => reply(stream, kind, &[1, 1])?,
        Request::BareCreate { desc, .. } => {
            note(Said::Create(desc.id.0));
            let placing = lock(shared).placing.expect("set at the start");
            let (placing, pixels) = match desc.format {
                Format::B5G6R5_UNORM => (Placing::Copied, Pixels::Rgb565),
                _ => (placing, Pixels::Xrgb8888),
            };
            let picture = Arc::new(Picture::new(placing, pixels, desc.width, desc.height));
            lock(shared).pictures.insert(key(&picture.file), picture.clone());
            ids.insert(desc.id.0, picture);
        }
        Request::ResourceExport(id) => {
            let picture = &ids[&id.0];
            reply(stream, kind, &[&[0][..], &picture.words()].concat())?;
            send_with_fd(stream, &[0], picture.file.as_fd())?;
        }
        Request::ResourceImport(id) => {
            note(Said::Import(id.0));
            let file = fds.pop_front().expect("a descriptor comes with an import");
            let picture = lock(shared).pictures.get(&key(&file)).cloned();
            match picture {
                Some(picture) => {
                    let [placing, width, height, layout @ ..] = picture.words();
                    let description = [0, 2, 2, 0, width, height, 1, 1, 0, 0, placing];
                    reply(stream, kind, &[&description[..], &layout].concat())?;
                    ids.insert(id.0, picture);
                }
                None => reply(stream, kind, &[Errno::BADF.raw_os_error() as u32])?,
            }
        }
        Request::Resolve { serial, resource } => {
            note(Said::Resolve(resource.0));
            let waited = (shared.1).wait_while(lock(shared), |state| state.holds);
            drop(waited.expect("no thread panics"));
            reply(stream, kind, &[*serial, 0])?;
        }
        Request::Upload { serial, resource, .. } => {
            note(Said::Upload(resource.0));
            reply(stream, kind, &[*serial, 0])?;
        }
        Request::ResourceUnref(id) => {
            ids.remove(&id.0);
            note(Said::Unref(id.0));
        }
        other => panic!("the client asks for {}", other.kind().name()),
    }
    Ok(())
}

fn reply(stream: &mut UnixStream, kind: u32, words: &[u32]) -> io::Result<()> {
    let head = [words.len() as u32, kind];
    let bytes: Vec<u8> = head
        .iter()
        .chain(words)
        .flat_map(|word| word.to_le_bytes())
        .collect();
    stream.write_all(&bytes)
}
