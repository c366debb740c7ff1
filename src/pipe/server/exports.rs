//! Resources that several connections have.
//!
//! A resource is known to others by its exported file, and the file by device and inode: facts of the kernel that no
//! client can forge. What is in the file is never looked at.
//!
//! **Lifetimes.** An entry belongs to the connections that have the resource under some id, the one that made it and
//! those that imported it alike: each of their ids holds a reference. The owner may go, or forget its id, and importers
//! go on with the resource. When the last id is gone, the entry stays, and the texture with it, while anybody has the file
//! open or mapped ([`lent`](super::lent)), as the kernel keeps a dmabuf: a client may hand its picture to somebody and go
//! before that one imports it. Nobody says when a file is closed, so that is looked after from time to time. Of dmabufs
//! we cannot tell who has them: an import without any id left is refused, as that of any unknown file is. Since an entry
//! keeps its file open, no other file can come to have its inode meanwhile.

use std::{
    cell::RefCell,
    collections::HashMap,
    os::fd::{AsFd, OwnedFd},
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

use super::lent::{is_lent, lend};
use crate::pipe::resource::{ExportLayout, Exported, ResourceDescription};

/// Resources that are kept for those who have their files, at most. The oldest goes first.
const MAX_KEPT: usize = 256;
/// How often it is looked whether somebody still has those.
pub(super) const LOOK_AFTER: Duration = Duration::from_secs(1);

/// Names a connection of a session; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub(super) u64);

/// A file as the kernel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(file: impl AsFd) -> rustix::io::Result<Self> {
        let stat = rustix::fs::fstat(file)?;
        Ok(Self {
            device: stat.st_dev,
            inode: stat.st_ino,
        })
    }
}

/// A resource that others may have.
#[derive(Debug)]
pub(super) struct Export<S> {
    pub(super) shared: S,
    pub(super) file: OwnedFd,
    pub(super) layout: ExportLayout,
    pub(super) description: ResourceDescription,
    /// Who has it, once for each id.
    users: RefCell<Vec<ConnectionId>>,
}

impl<S> Export<S> {
    pub(super) fn attach(&self, connection: ConnectionId) {
        self.users.borrow_mut().push(connection);
    }

    /// The file for a client.
    ///
    /// # Errors
    /// If there are no descriptors left.
    pub(super) fn lend(&self) -> std::io::Result<OwnedFd> {
        lend(&self.file).or_else(|_| self.file.try_clone())
    }

    fn is_abandoned(&self) -> bool {
        self.users.borrow().is_empty()
    }

    fn detach(&self, connection: ConnectionId) {
        let mut users = self.users.borrow_mut();
        if let Some(at) = users.iter().position(|&user| user == connection) {
            users.swap_remove(at);
        }
    }

    /// The connections that have it, each once.
    pub(super) fn users(&self) -> Vec<ConnectionId> {
        let mut users = self.users.borrow().clone();
        users.sort_unstable();
        users.dedup();
        users
    }
}

/// The exported resources of a session by their files.
#[derive(Debug)]
pub(super) struct Exports<S> {
    by_file: HashMap<FileId, Weak<Export<S>>>,
    /// The number of entries at which those that are gone are next swept out.
    sweep_at: usize,
    /// Those that no connection has, but somebody has their files.
    kept: Vec<Rc<Export<S>>>,
    looked: Instant,
}

impl<S> Default for Exports<S> {
    fn default() -> Self {
        Self {
            by_file: HashMap::new(),
            sweep_at: 64,
            kept: Vec::new(),
            looked: Instant::now(),
        }
    }
}

impl<S> Exports<S> {
    /// The resource that was exported as a file.
    pub(super) fn get(&self, file: FileId) -> Option<Rc<Export<S>>> {
        self.by_file.get(&file)?.upgrade()
    }

    /// A connection has one id less for a resource.
    pub(super) fn leave(&mut self, export: &Rc<Export<S>>, connection: ConnectionId) {
        export.detach(connection);
        if !export.is_abandoned() {
            return;
        }
        self.kept.retain(|kept| !Rc::ptr_eq(kept, export));
        if !is_lent(&export.file) {
            return;
        }
        if self.kept.len() >= MAX_KEPT {
            tracing::info!("a picture goes that somebody may have the file of: there are {MAX_KEPT} others");
            self.kept.remove(0);
        }
        self.kept.push(export.clone());
    }

    /// Whether there are resources that nothing but their files is left of for clients.
    pub(super) fn keeps_some(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Lets go of resources whose files nobody has any more, if it is time to look. True if there were such.
    pub(super) fn look_after_kept(&mut self) -> bool {
        if !self.keeps_some() || self.looked.elapsed() < LOOK_AFTER {
            return false;
        }
        self.looked = Instant::now();
        let before = self.kept.len();
        self.kept
            .retain(|export| export.is_abandoned() && is_lent(&export.file));
        self.kept.len() < before
    }

    /// Enters a resource, unless its file is entered already.
    ///
    /// # Errors
    /// If the kernel does not know the file.
    pub(super) fn enter(
        &mut self,
        exported: Exported<S>,
        description: ResourceDescription,
    ) -> rustix::io::Result<Rc<Export<S>>> {
        let id = FileId::of(&exported.file)?;
        if let Some(known) = self.get(id) {
            return Ok(known);
        }
        if self.by_file.len() >= self.sweep_at {
            self.by_file.retain(|_, export| export.strong_count() > 0);
            self.sweep_at = (self.by_file.len() * 2).max(64);
        }
        let export = Rc::new(Export {
            shared: exported.shared,
            file: exported.file,
            layout: exported.layout,
            description,
            users: RefCell::default(),
        });
        self.by_file.insert(id, Rc::downgrade(&export));
        Ok(export)
    }
}
