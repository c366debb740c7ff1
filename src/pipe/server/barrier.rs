//! Barriers: what has to be so on all connections that have a resource before its picture is resolved or uploaded.
//!
//! A client writes its commands to its own connection and then tells somebody else of the picture, who asks for it on
//! another connection. The kernel has the commands by then, but they may not have been read yet. So a barrier notes how
//! far each of the connections has *written*, and waits until all of that is carried out ([`Stage::Draining`]).
//!
//! Each connection has GL contexts of its own, and GL orders the commands of different contexts only by fences. So a mark
//! is set in each of them then, and waited for ([`Stage::Finishing`]); the picture is whole after that for whoever reads
//! the texture next. A connection that is gone has nothing more to say: it is not waited for.

use std::{collections::BTreeMap, time::Duration};

use super::{
    connection::{Ask, Connection},
    exports::ConnectionId,
    renderer::Renderer,
};

/// The connections of a session.
pub(super) type Connections<R> = BTreeMap<ConnectionId, Connection<R>>;

/// A RESOLVE or UPLOAD, and how far it has come.
#[derive(Debug)]
pub(super) struct Barrier<R: Renderer> {
    pub(super) ask: Ask<R::Shared>,
    stage: Stage<R::Fence>,
}

/// What a barrier waits for.
#[derive(Debug)]
enum Stage<F> {
    /// That connections carry out what had been written to them: so many bytes from the beginning.
    Draining(Vec<(ConnectionId, u64)>),
    /// That GL comes past marks of connections.
    Finishing(Vec<(ConnectionId, F)>),
}

impl<R: Renderer> Barrier<R> {
    /// A barrier for what has been written up to now.
    pub(super) fn new(ask: Ask<R::Shared>, connections: &Connections<R>) -> Self {
        let written = |id: ConnectionId| match connections.get(&id)?.written() {
            // What the requester had written before, it has had carried out before.
            _ if id == ask.requester => Some((id, 0)),
            Ok(position) => Some((id, position)),
            Err(error) => {
                tracing::debug!("a connection that cannot be asked is not waited for: {error}");
                None
            }
        };
        let positions = ask.export.users().into_iter().filter_map(written).collect();
        Self {
            ask,
            stage: Stage::Draining(positions),
        }
    }

    /// Whether a connection has something to carry out yet.
    pub(super) fn waits_for(&self, connection: &Connection<R>, id: ConnectionId) -> bool {
        match &self.stage {
            Stage::Draining(positions) => positions
                .iter()
                .any(|&(user, position)| user == id && !connection.came_past(position)),
            Stage::Finishing(_) => false,
        }
    }

    /// Whether GL has to be asked how far it is.
    pub(super) fn awaits_gl(&self) -> bool {
        matches!(self.stage, Stage::Finishing(_))
    }

    /// Goes as far as it can, waiting for GL at most `patience`; true when there is nothing left to wait for.
    pub(super) fn advance(&mut self, connections: &mut Connections<R>, patience: Duration) -> bool {
        if let Stage::Draining(positions) = &self.stage {
            let drained = positions.iter().all(|(id, position)| {
                connections
                    .get(id)
                    .is_none_or(|connection| connection.came_past(*position))
            });
            if !drained {
                return false;
            }
            let marks = positions
                .iter()
                .filter_map(|&(id, _)| Some((id, connections.get_mut(&id)?.fence()?)))
                .collect();
            self.stage = Stage::Finishing(marks);
        }
        let Stage::Finishing(marks) = &mut self.stage else {
            return false;
        };
        while let Some((id, fence)) = marks.last() {
            let unfinished = connections
                .get_mut(id)
                .is_some_and(|connection| !connection.passed(fence, patience));
            if unfinished {
                return false;
            }
            marks.pop();
        }
        true
    }
}
