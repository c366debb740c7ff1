//! What happens when the session or the server has done what was asked.

use rustix::io::Errno;
use x11rb::protocol::xproto::Rectangle;

use super::{
    Awaited, ClientId, Control, Dri3, Held, Side, Untold,
    growth::Growth,
    helper::{Mark, Said},
    pixmaps::Place,
    session::{Heard, Picture, Ticket},
};
use crate::x11::{Token, X11Error};

impl Dri3 {
    pub(super) fn wait_session(&mut self, ticket: Ticket, client: ClientId, side: Side) {
        self.waiting.insert(Awaited::Session(ticket), (client, side));
    }

    pub(super) fn wait_helper(&mut self, mark: Mark, client: ClientId, side: Side) {
        self.waiting.insert(Awaited::Helper(mark), (client, side));
    }

    /// Takes in what the session says.
    pub(super) fn hear_session(&mut self, control: &mut Control) {
        self.session.flush();
        while let Some(heard) = self.session.hear() {
            match heard {
                Heard::Picture { ticket, result } => self.pictured(ticket, result, control),
                Heard::Done { ticket, result } => {
                    match result {
                        Ok(()) => {}
                        // Its pixmap went meanwhile, with its client most of the time.
                        Err(Errno::NOENT) => tracing::debug!("a picture is gone by the time it is there"),
                        Err(error) => tracing::warn!("a picture is not where it should be: {error}"),
                    }
                    self.resolved(Awaited::Session(ticket), control);
                }
                Heard::Lost(error) => {
                    if error.is_end() {
                        tracing::info!("the session is lost: {error}");
                    } else {
                        tracing::error!("the session is lost: {error}");
                    }
                    self.give_up(|awaited| matches!(awaited, Awaited::Session(_)), control);
                }
            }
        }
    }

    /// Takes in what the server says to us.
    pub(super) fn hear_helper(&mut self, control: &mut Control) {
        loop {
            match self.helper.hear() {
                Ok(Some(Said::Reached(mark))) => self.reached(mark, control),
                Ok(Some(Said::Refused(token))) => self.refused(token),
                Ok(Some(Said::Damaged { damage, area })) => {
                    if let Err(error) = self.damaged(damage, area) {
                        return self.lose_helper(&error, control);
                    }
                }
                Ok(Some(Said::Idle { fence })) => self.idle(fence),
                Ok(None) => return,
                Err(error) => return self.lose_helper(&error, control),
            }
        }
    }

    fn damaged(&mut self, damage: u32, area: Rectangle) -> Result<(), X11Error> {
        let Some(pixmap) = self.pixmaps.watched(damage) else {
            return Ok(());
        };
        match &pixmap.place {
            Place::Followed { follower, .. } => {
                self.helper.catch_up(follower)?;
                pixmap.change_all();
            }
            Place::Ours {
                watch: Some(watch), ..
            } => {
                self.helper.subtract(watch)?;
                pixmap.change(area);
            }
            Place::Ours { watch: None, .. } => {}
        }
        Ok(())
    }

    /// Ends waits that will not end by themselves. What was waited for is not there then.
    pub(super) fn give_up(&mut self, hopeless: impl Fn(&Awaited) -> bool, control: &mut Control) {
        let lost: Vec<_> = self.waiting.extract_if(|awaited, _| hopeless(awaited)).collect();
        for (_, (client, side)) in lost {
            // What it waits for besides must not be taken for something that it waits for later.
            self.waiting.retain(|_, waiting| *waiting != (client, side));
            self.release(client, side, control);
        }
    }

    fn pictured(&mut self, ticket: Ticket, result: Result<Picture, Errno>, control: &mut Control) {
        // Without its client the picture goes back at once.
        let Some((client, side)) = self.waiting.remove(&Awaited::Session(ticket)) else {
            return;
        };
        let takes = self.offer.takes;
        let Some(growth) = growing(&mut self.clients, client, side) else {
            return;
        };
        match growth.answered(result, &self.helper, takes) {
            Some(mark) => self.wait_helper(mark, client, side),
            None => self.release(client, side, control),
        }
    }

    fn refused(&mut self, token: Token) {
        for client in self.clients.values_mut() {
            if let Some(Held::Growing(growth)) = &mut client.held {
                growth.refused(token);
            }
            if let Some(Untold::Growing(growth)) = &mut client.untold {
                growth.refused(token);
            }
        }
    }

    fn resolved(&mut self, awaited: Awaited, control: &mut Control) {
        if let Some((id, side)) = self.waiting.remove(&awaited) {
            self.done(id, side, control);
        }
    }

    /// One of several things that a client waits for has come.
    fn done(&mut self, id: ClientId, side: Side, control: &mut Control) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let left = match (side, &mut client.held, &mut client.untold) {
            (Side::Requests, Some(Held::Resolving(left)), _) => left,
            (Side::Messages, _, Some(Untold::Uploading(left))) => left,
            _ => return,
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.release(id, side, control);
        }
    }

    fn reached(&mut self, mark: Mark, control: &mut Control) {
        let Some((id, side)) = self.waiting.remove(&Awaited::Helper(mark)) else {
            return;
        };
        if let Some(growth) = growing(&mut self.clients, id, side) {
            growth.reached();
        } else if side == Side::Requests {
            return self.done(id, side, control);
        } else if self.syncs_again(id) {
            // The damage that came before the mark has been copied since; the copies have to be waited for.
            match self.helper.mark() {
                Ok(mark) => return self.wait_helper(mark, id, side),
                Err(error) => self.lose_helper(&error, control),
            }
        }
        if side == Side::Requests || !self.is_syncing(id) || !self.upload(id) {
            self.release(id, side, control);
        }
    }

    fn is_syncing(&self, id: ClientId) -> bool {
        let untold = self.clients.get(&id).and_then(|client| client.untold.as_ref());
        matches!(untold, Some(Untold::Syncing { .. }))
    }

    /// Whether a client's shadows had to be changed, so that it has to wait once more. No more than once, or somebody who
    /// draws all the time could make it wait for ever.
    fn syncs_again(&mut self, id: ClientId) -> bool {
        let copies = self.helper.copies();
        let untold = self
            .clients
            .get_mut(&id)
            .and_then(|client| client.untold.as_mut());
        match untold {
            Some(Untold::Syncing { last, copies: before }) if !*last && copies > *before => {
                *last = true;
                true
            }
            _ => false,
        }
    }

    fn release(&mut self, id: ClientId, side: Side, control: &mut Control) {
        match side {
            Side::Requests => control.release_requests(id),
            Side::Messages => {
                if let Some(client) = self.clients.get_mut(&id)
                    && matches!(client.untold, Some(Untold::Syncing { .. } | Untold::Uploading(_)))
                {
                    client.untold = None;
                }
                control.release_messages(id);
            }
        }
    }
}

/// The picture that a client waits for in this direction.
fn growing(
    clients: &mut std::collections::HashMap<ClientId, super::Client>,
    id: ClientId,
    side: Side,
) -> Option<&mut Growth> {
    let client = clients.get_mut(&id)?;
    match side {
        Side::Requests => match &mut client.held {
            Some(Held::Growing(growth)) => Some(growth),
            _ => None,
        },
        Side::Messages => match &mut client.untold {
            Some(Untold::Growing(growth)) => Some(growth),
            _ => None,
        },
    }
}
