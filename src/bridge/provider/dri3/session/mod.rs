//! The provider's connection to the session, where its pictures are textures.
//!
//! Nothing here waits: what is asked is written as far as the socket takes it, and what the session says comes out of
//! [`Session::hear`] as it arrives. Imports and exports are answered in the order of their asking, everything else by
//! serial number.
//!
//! A session may die, and another may listen in its place. A connection that breaks off is a [`Heard::Lost`]; the next
//! request makes a new one. Resources belong to the connection that they were had by.

mod answer;
mod link;

use std::{
    cell::RefCell,
    collections::VecDeque,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    rc::{Rc, Weak},
};

use rustix::io::Errno;

use self::answer::Answer;
use crate::pipe::{
    format::Format,
    resource::{ExportLayout, bind},
    wire::{
        virgl::command::ResourceId,
        vtest::{Request, ResourceDesc},
    },
};

pub(super) use self::link::{Link, LinkError};

/// The name that the session knows us by.
const NAME: &[u8] = b"pixbridge provider";
/// GET_PARAM's number for the extension.
const EXTENSION: u32 = 0x5042_0000;
/// A texture of two dimensions, on the wire.
const TARGET_2D: u32 = 2;

/// Names what was asked, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket(u32);

/// What the session says.
#[derive(Debug)]
pub(super) enum Heard {
    /// An import or an export came about, or not.
    Picture {
        ticket: Ticket,
        result: Result<Picture, Errno>,
    },
    /// A picture is where it was wanted, or is not.
    Done {
        ticket: Ticket,
        result: Result<(), Errno>,
    },
    /// The connection is gone, and everything that was asked on it.
    Lost(LinkError),
}

/// A picture that we and others have: the texture in the session, and the file.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) texture: Texture,
    /// The file that names it.
    pub(super) file: OwnedFd,
    pub(super) layout: ExportLayout,
}

/// A resource of the session under an id of ours, which is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Texture {
    id: ResourceId,
    link: Weak<RefCell<Link>>,
}

impl Drop for Texture {
    fn drop(&mut self) {
        // With the connection the session has forgotten the id.
        if let Some(link) = self.link.upgrade() {
            link.borrow_mut().send(&Request::ResourceUnref(self.id), None);
        }
    }
}

/// What is asked on a connection and answered in order.
#[derive(Debug)]
struct Owed {
    ticket: Ticket,
    texture: Texture,
    /// The file that was given; none where the answer brings it.
    file: Option<OwnedFd>,
}

/// The session's socket, and the connection while there is one.
#[derive(Debug)]
pub(super) struct Session {
    path: PathBuf,
    link: Option<Rc<RefCell<Link>>>,
    owed: VecDeque<Owed>,
    tickets: u32,
    ids: u32,
}

impl Session {
    /// For the socket at `path`. Nothing is connected yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            link: None,
            owed: VecDeque::new(),
            tickets: 0,
            ids: 0,
        }
    }

    /// A connection for somebody else, on which nothing was said yet.
    ///
    /// # Errors
    /// If nobody listens.
    pub(super) fn open(&self) -> Result<OwnedFd, Errno> {
        let stream = link::connect(&self.path)?;
        // Who gets it expects a socket that waits.
        rustix::io::ioctl_fionbio(&stream, false)?;
        Ok(stream)
    }

    /// Takes in the resource whose exported file this is.
    ///
    /// # Errors
    /// If there is no session.
    pub(super) fn import(&mut self, file: OwnedFd) -> Result<Ticket, Errno> {
        let sent = file.try_clone().map_err(|_| Errno::MFILE)?;
        let texture = self.new_texture()?;
        self.ask(&Request::ResourceImport(texture.id), Some(sent))?;
        Ok(self.owe(texture, Some(file)))
    }

    /// Makes a picture of this format and size that GL and others can draw into.
    ///
    /// # Errors
    /// If there is no session.
    pub(super) fn create(&mut self, format: Format, width: u32, height: u32) -> Result<Ticket, Errno> {
        let texture = self.new_texture()?;
        let desc = ResourceDesc {
            id: texture.id,
            target: TARGET_2D,
            format,
            bind: bind::SHARED | bind::RENDER_TARGET | bind::SAMPLER_VIEW,
            width,
            height,
            depth: 1,
            array_size: 1,
            last_level: 0,
            samples: 0,
        };
        self.ask(&Request::BareCreate { desc, flags: 0 }, None)?;
        self.ask(&Request::ResourceExport(texture.id), None)?;
        Ok(self.owe(texture, None))
    }

    /// Asks for what GL drew: all that anybody had sent before is then carried out, and lies in the file.
    ///
    /// # Errors
    /// If the texture is gone with its connection.
    pub(super) fn resolve(&mut self, texture: &Texture) -> Result<Ticket, Errno> {
        let (ticket, resource) = (self.next_ticket(), self.known(texture)?);
        let serial = ticket.0;
        self.ask(&Request::Resolve { serial, resource }, None)?;
        Ok(ticket)
    }

    /// Has the texture take what others drew into the file.
    ///
    /// # Errors
    /// As [`Session::resolve`].
    pub(super) fn upload(&mut self, texture: &Texture, area: [u32; 4]) -> Result<Ticket, Errno> {
        let (ticket, resource) = (self.next_ticket(), self.known(texture)?);
        let request = Request::Upload {
            serial: ticket.0,
            resource,
            area,
        };
        self.ask(&request, None)?;
        Ok(ticket)
    }

    /// The next thing that the session said, without waiting.
    pub(super) fn hear(&mut self) -> Option<Heard> {
        let link = self.link.clone()?;
        let answer = link.borrow_mut().next();
        match answer {
            Ok(None) => None,
            Ok(Some((Answer::Extension(Some(_)), _))) => self.hear(),
            Ok(Some((Answer::Extension(None), _))) => Some(self.lose(LinkError::NoExtension)),
            Ok(Some((Answer::Done { serial, result }, _))) => Some(Heard::Done {
                ticket: Ticket(serial),
                result,
            }),
            Ok(Some((Answer::Exported(layout) | Answer::Imported(layout), file))) => {
                Some(self.settle(layout, file))
            }
            Err(error) => Some(self.lose(error)),
        }
    }

    /// The connection, while there is one.
    pub(super) fn link(&self) -> Option<Rc<RefCell<Link>>> {
        self.link.clone()
    }

    /// Whether the connection has failed in writing, which reading it may not tell.
    pub(super) fn has_failed(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.borrow().has_failed())
    }

    /// Writes what the connection had not taken.
    pub(super) fn flush(&mut self) {
        if let Some(link) = &self.link {
            link.borrow_mut().flush();
        }
    }

    fn settle(&mut self, layout: Result<ExportLayout, Errno>, file: Option<OwnedFd>) -> Heard {
        let Some(owed) = self.owed.pop_front() else {
            return self.lose(LinkError::Unasked);
        };
        let Owed {
            ticket,
            texture,
            file: ours,
        } = owed;
        let result = match (layout, ours.or(file)) {
            (Ok(layout), Some(file)) => Ok(Picture {
                texture,
                file,
                layout,
            }),
            (Ok(_), None) => return self.lose(LinkError::NoDescriptor),
            (Err(errno), _) => Err(errno),
        };
        Heard::Picture { ticket, result }
    }

    fn lose(&mut self, error: LinkError) -> Heard {
        self.link = None;
        self.owed.clear();
        Heard::Lost(error)
    }

    fn known(&self, texture: &Texture) -> Result<ResourceId, Errno> {
        let ours = self.link.as_ref().map(Rc::downgrade);
        match ours {
            Some(link) if link.ptr_eq(&texture.link) => Ok(texture.id),
            _ => Err(Errno::NOENT),
        }
    }

    fn new_texture(&mut self) -> Result<Texture, Errno> {
        let link = Rc::downgrade(self.connected()?);
        // A number comes again after four billion pixmaps.
        self.ids = self.ids.checked_add(1).ok_or(Errno::NOSPC)?;
        Ok(Texture {
            id: ResourceId(self.ids),
            link,
        })
    }

    fn connected(&mut self) -> Result<&Rc<RefCell<Link>>, Errno> {
        if self.link.is_none() {
            let mut link = Link::new(link::connect(&self.path)?);
            link.send(&Request::CreateRenderer { name: NAME }, None);
            link.send(&Request::GetParam(EXTENSION), None);
            self.link = Some(Rc::new(RefCell::new(link)));
        }
        self.link.as_ref().ok_or(Errno::NOTCONN)
    }

    fn ask(&mut self, request: &Request<'_>, file: Option<OwnedFd>) -> Result<(), Errno> {
        self.connected()?.borrow_mut().send(request, file);
        Ok(())
    }

    fn owe(&mut self, texture: Texture, file: Option<OwnedFd>) -> Ticket {
        let ticket = self.next_ticket();
        self.owed.push_back(Owed {
            ticket,
            texture,
            file,
        });
        ticket
    }

    fn next_ticket(&mut self) -> Ticket {
        self.tickets = self.tickets.wrapping_add(1);
        Ticket(self.tickets)
    }
}
