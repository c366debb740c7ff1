//! A client and the server in conversation: what each says goes to the other.

use rustix::{
    event::epoll::EventFlags,
    net::{Shutdown, shutdown},
};

use super::{
    fault::{End, Fault},
    flow::Flow,
    socket::{Received, Socket},
    talk::{Gate, Talk},
};
use crate::bridge::provider::{control::Control, intercept::Interceptor};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What is on its way.
#[derive(Debug)]
pub(super) struct Flows {
    /// From the client to the server.
    pub(super) requests: Flow,
    /// From the server to the client.
    pub(super) messages: Flow,
}

/// Whether one of the two may still say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Speaks,
    /// It has said its last, which has not all gone on.
    Ended,
    /// The other side knows.
    Silent,
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Conversation<T> {
    server: Socket,
    talk: Talk<T>,
    requests: Gate,
    messages: Gate,
    client_voice: Voice,
    server_voice: Voice,
}

impl<T> Conversation<T> {
    pub(super) fn new(server: Socket, talk: Talk<T>) -> Self {
        Self {
            server,
            talk,
            requests: Gate::Open,
            messages: Gate::Open,
            client_voice: Voice::Speaks,
            server_voice: Voice::Speaks,
        }
    }

    /// Lets go on what one of the two says.
    pub(super) fn release(&mut self, side: Side) {
        match side {
            Side::Client => self.requests = Gate::Open,
            Side::Server => self.messages = Gate::Open,
        }
    }

    /// Takes in what one of the two has said, if that can go on.
    pub(super) fn listen(&mut self, to: Side, client: &Socket, flows: &mut Flows) -> Result<(), Fault> {
        let descriptors = self.talk.wishes.descriptors;
        let (gate, voice, socket, flow) = match to {
            Side::Client => (self.requests, &mut self.client_voice, client, &mut flows.requests),
            Side::Server => (
                self.messages,
                &mut self.server_voice,
                &self.server,
                &mut flows.messages,
            ),
        };
        if gate == Gate::Open
            && *voice == Voice::Speaks
            && socket.receive(flow, descriptors)? == Received::End
        {
            *voice = Voice::Ended;
        }
        Ok(())
    }

    /// Decides on what came, and sends what can be sent.
    pub(super) fn carry_on<I>(
        &mut self,
        client: &Socket,
        flows: &mut Flows,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<(), End>
    where
        I: Interceptor<Ticket = T>,
    {
        let Flows { requests, messages } = flows;
        if self.requests == Gate::Open {
            self.requests = self.talk.judge_requests(requests, interceptor, control)?;
        }
        self.server.send(requests)?;
        if self.messages == Gate::Open {
            self.messages = self.talk.judge_messages(messages, interceptor, control)?;
        }
        client.send(messages)?;
        if self.client_voice == Voice::Ended && self.requests == Gate::Open && !requests.has_more() {
            // The server answers what it has been asked, and hangs up then.
            shutdown(&self.server, Shutdown::Write).map_err(|_| End::Gone)?;
            self.client_voice = Voice::Silent;
        }
        if self.server_voice == Voice::Ended && self.messages == Gate::Open && !messages.has_more() {
            return Err(End::Gone);
        }
        Ok(())
    }

    /// What the sockets are to be watched for: the client's is told, the server's is done.
    pub(super) fn watch(&mut self, flows: &Flows, control: &Control) -> Result<EventFlags, Fault> {
        let listens =
            |gate, voice, flow: &Flow| gate == Gate::Open && voice == Voice::Speaks && flow.has_room();
        let to_server = events(
            listens(self.messages, self.server_voice, &flows.messages),
            flows.requests.has_more(),
        );
        self.server.watch(&control.epoll, to_server)?;
        Ok(events(
            listens(self.requests, self.client_voice, &flows.requests),
            flows.messages.has_more(),
        ))
    }
}

/// The events to wait for.
pub(super) fn events(read: bool, write: bool) -> EventFlags {
    let mut events = EventFlags::empty();
    events.set(EventFlags::IN, read);
    events.set(EventFlags::OUT, write);
    events
}
