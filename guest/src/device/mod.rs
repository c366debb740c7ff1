//! One connection as the kernel's driver would keep one open device file.
//!
//! A handle is the number of the resource at the session, chosen here, counted from 1, and given once only. So making a
//! resource needs no answer, and what the application says of one that is gone is known to be wrong.

mod capabilities;
mod commands;
mod resources;
mod sharing;

use std::{
    collections::BTreeMap,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{Mutex, MutexGuard},
};

use rustix::io::{self, Errno};

use self::{capabilities::Capsets, resources::Resource, sharing::FileId};
pub(crate) use self::{
    commands::Submission,
    resources::{Mapping, handle_of},
};
use crate::{
    socket::{Link, Socket},
    wire::{self, command},
};

/// What is known of one connection.
pub(crate) struct Device(Mutex<State>);

struct State {
    link: Link,
    objects: Objects,
}

/// What the application has made on a connection.
struct Objects {
    context: Context,
    last_handle: u32,
    resources: BTreeMap<u32, Resource>,
    /// The resources whose files are known.
    files: BTreeMap<FileId, u32>,
    capsets: Capsets,
}

/// Whether the kind of context can still be chosen.
enum Context {
    Open,
    Settled,
}

impl Default for Device {
    fn default() -> Self {
        Self(Mutex::new(State {
            link: Link::Fresh,
            objects: Objects {
                context: Context::Open,
                last_handle: 0,
                resources: BTreeMap::new(),
                files: BTreeMap::new(),
                capsets: Capsets::default(),
            },
        }))
    }
}

impl Device {
    /// Lets `work` talk to the session on `fd`, alone.
    ///
    /// # Errors
    /// ENODEV where the session is gone or is none; those of `work`.
    pub(crate) fn with<R>(
        &self,
        fd: BorrowedFd<'_>,
        work: impl FnOnce(&mut Session<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut state = self.lock()?;
        let State { link, objects } = &mut *state;
        let mut session = Session {
            socket: Socket::new(fd, link),
            objects,
        };
        session.greet()?;
        work(&mut session)
    }

    fn lock(&self) -> io::Result<MutexGuard<'_, State>> {
        // A panic may have left half an exchange.
        self.0.lock().map_err(|_| Errno::IO)
    }
}

/// A connection while one thread has it.
pub(crate) struct Session<'a> {
    socket: Socket<'a>,
    objects: &'a mut Objects,
}

impl Session<'_> {
    /// Makes sure that the session at the other end knows us, and is one.
    fn greet(&mut self) -> io::Result<()> {
        match *self.socket.link() {
            Link::Open => return Ok(()),
            Link::Lost => return Err(Errno::NODEV),
            Link::Fresh => {}
        }
        let name = program_name();
        // The one length that counts bytes.
        let hello = [name.len() as u32, command::CREATE_RENDERER];
        let questions = [
            [1, command::PROTOCOL_VERSION, wire::VERSION],
            [1, command::GET_PARAM, command::EXTENSION],
        ];
        let hello = [
            bytemuck::bytes_of(&hello),
            &name,
            bytemuck::cast_slice(&questions),
        ];
        self.socket.send(hello, None)?;
        let [version] = self.socket.answer(command::PROTOCOL_VERSION)?;
        let [known, extension] = self.socket.answer(command::GET_PARAM)?;
        if (version, known) != (wire::VERSION, 1) || extension < wire::EXTENSION_VERSION {
            return Err(self.socket.lost(Errno::PIPE));
        }
        *self.socket.link() = Link::Open;
        Ok(())
    }

    /// Asks the session for a descriptor that is readable once both of two are.
    pub(crate) fn merge_fences(&mut self, fences: [BorrowedFd<'_>; 2]) -> io::Result<OwnedFd> {
        self.socket.request(command::FENCE_MERGE, &[])?;
        for fence in fences {
            self.socket.send_fd(fence)?;
        }
        let [_status] = self.socket.verdict(command::FENCE_MERGE)?;
        self.socket.receive_fd()
    }
}

/// The program's name as the session's log shows it, with its terminating 0.
fn program_name() -> Vec<u8> {
    const LONGEST: usize = 63;
    let program = std::env::args_os()
        .next()
        .unwrap_or_default()
        .into_encoded_bytes();
    let name = program.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let mut name = name[..name.len().min(LONGEST)].to_vec();
    name.push(0);
    name
}
