//! How two processes come to have one buffer.

use std::{
    collections::VecDeque,
    error::Error,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    process::{Child, Command},
};

use pixbridge::{
    gl::{Dmabuf, GbmBuffer, GbmDevice, GbmUsage, Plane, dmabuf::INVALID},
    pipe::server::{receive, send_with_fd},
};
use x11rb::{
    connection::Connection as _,
    protocol::{
        dri3::ConnectionExt as _,
        xproto::{Pixmap, Screen},
    },
    rust_connection::RustConnection,
};

use super::canvas::{Canvas, SIDE, XServer};

/// Where the guest library has its device.
const NODE: &str = "/dev/dri/renderD191";
const XRGB8888: u32 = u32::from_le_bytes(*b"XR24");
const DEPTH: u8 = 24;
/// Count, pixmap (0: a descriptor follows), stride, offset, modifier.
const INVITATION: usize = 24;

/// What a process needs for its turns.
pub(super) struct Meeting {
    pub(super) canvas: Canvas,
    pub(super) partner: UnixStream,
    pub(super) count: u32,
    /// The process that was invited.
    pub(super) other: Option<Child>,
    /// What the descriptors stand for, which lives as long as somebody has more of it than those.
    _buffer: Option<GbmBuffer>,
}

/// Tells the other process that a frame is drawn.
pub(super) fn say(partner: &mut UnixStream, frame: u32) -> io::Result<()> {
    partner.write_all(&frame.to_le_bytes())
}

/// Waits for a frame of the other process.
pub(super) fn hear(partner: &mut UnixStream) -> io::Result<u32> {
    let mut frame = [0; 4];
    partner.read_exact(&mut frame)?;
    Ok(u32::from_le_bytes(frame))
}

impl Meeting {
    /// Makes a buffer and hands it to a new process.
    pub(super) fn over_descriptor(count: u32) -> Result<Self, Box<dyn Error>> {
        let buffer = allocate(&GbmDevice::open(Path::new(NODE))?)?;
        let dmabuf = buffer.export()?;
        let (other, partner) = invite()?;
        let plane = &dmabuf.planes[0];
        send_with_fd(&partner, &invitation(count, 0, &dmabuf), plane.fd.as_fd())?;
        Ok(Self {
            canvas: Canvas::open(&dmabuf, None)?,
            partner,
            count,
            other: Some(other),
            _buffer: Some(buffer),
        })
    }

    /// Makes a buffer, and a pixmap of it that another process is to use.
    pub(super) fn over_pixmap(count: u32) -> Result<Self, Box<dyn Error>> {
        let (connection, screen) = connect()?;
        let device = connection.dri3_open(screen.root, 0)?.reply()?.device_fd;
        let buffer = allocate(&GbmDevice::new(device)?)?;
        let dmabuf = buffer.export()?;
        let pixmap = connection.generate_id()?;
        let plane = &dmabuf.planes[0];
        let (stride, offset) = (plane.stride, plane.offset);
        let side = SIDE as u16;
        let fds = vec![plane.fd.try_clone()?];
        let modifier = dmabuf.modifier.unwrap_or(INVALID);
        connection
            .dri3_pixmap_from_buffers(
                pixmap,
                screen.root,
                side,
                side,
                stride,
                offset,
                0,
                0,
                0,
                0,
                0,
                0,
                DEPTH,
                32,
                modifier,
                fds,
            )?
            .check()?;
        let (other, mut partner) = invite()?;
        partner.write_all(&invitation(count, pixmap, &dmabuf))?;
        Ok(Self {
            canvas: Canvas::open(&dmabuf, Some(XServer::new(connection, pixmap)?))?,
            partner,
            count,
            other: Some(other),
            _buffer: Some(buffer),
        })
    }

    /// Accepts the invitation on standard input.
    pub(super) fn join() -> Result<Self, Box<dyn Error>> {
        let partner = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let (mut words, mut fds) = ([0; INVITATION], VecDeque::new());
        if receive(&partner, &mut words, &mut fds)? < INVITATION {
            return Err("no invitation".into());
        }
        let word = |at: usize| u32::from_le_bytes([words[at], words[at + 1], words[at + 2], words[at + 3]]);
        let (count, pixmap) = (word(0), word(4));
        let canvas = if pixmap == 0 {
            let fd = fds.pop_front().ok_or("an invitation without a descriptor")?;
            let modifier = u64::from(word(16)) | u64::from(word(20)) << 32;
            Canvas::open(&picture(fd, word(8), word(12), modifier), None)?
        } else {
            let (connection, _) = connect()?;
            let dmabuf = buffer_of(&connection, pixmap)?;
            Canvas::open(&dmabuf, Some(XServer::new(connection, pixmap)?))?
        };
        Ok(Self {
            canvas,
            partner,
            count,
            other: None,
            _buffer: None,
        })
    }
}

fn allocate(device: &GbmDevice) -> Result<GbmBuffer, Box<dyn Error>> {
    Ok(device.allocate(SIDE, SIDE, XRGB8888, &[], GbmUsage::RENDERING)?)
}

fn picture(fd: OwnedFd, stride: u32, offset: u32, modifier: u64) -> Dmabuf {
    Dmabuf {
        width: SIDE,
        height: SIDE,
        fourcc: XRGB8888,
        modifier: Some(modifier).filter(|&modifier| modifier != INVALID),
        planes: vec![Plane { fd, offset, stride }],
    }
}

/// What a pixmap lies in, as the X server says.
fn buffer_of(connection: &RustConnection, pixmap: Pixmap) -> Result<Dmabuf, Box<dyn Error>> {
    let mut reply = connection.dri3_buffers_from_pixmap(pixmap)?.reply()?;
    if (u32::from(reply.width), u32::from(reply.height)) != (SIDE, SIDE) || reply.buffers.len() != 1 {
        return Err(format!("a pixmap of another size: {reply:?}").into());
    }
    let fd = reply.buffers.remove(0);
    Ok(picture(fd, reply.strides[0], reply.offsets[0], reply.modifier))
}

fn connect() -> Result<(RustConnection, Screen), Box<dyn Error>> {
    let (connection, number) = RustConnection::connect(None)?;
    connection.dri3_query_version(1, 2)?.reply()?;
    let screen = connection.setup().roots[number].clone();
    Ok((connection, screen))
}

fn invite() -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = Command::new(std::env::current_exe()?);
    let other = command.arg("join").stdin(OwnedFd::from(theirs)).spawn()?;
    Ok((other, ours))
}

fn invitation(count: u32, pixmap: Pixmap, dmabuf: &Dmabuf) -> Vec<u8> {
    let (plane, modifier) = (&dmabuf.planes[0], dmabuf.modifier.unwrap_or(INVALID));
    let words = [
        count,
        pixmap,
        plane.stride,
        plane.offset,
        modifier as u32,
        (modifier >> 32) as u32,
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
