//! One client of a relay, from its first byte to its last.

use rustix::{event::epoll::EventFlags, net::sockopt::socket_error};

use super::{
    conversation::{Conversation, Flows, Side, events},
    fault::{End, Fault},
    flow::Flow,
    socket::{Received, Socket},
    talk::Talk,
};
use crate::{
    bridge::provider::{
        authority::Authority,
        control::Control,
        intercept::{ClientId, Descriptors, Interceptor, Newcomer, Onward, Wishes},
        upstream::{Dial, Upstream},
    },
    pipe::server::Peer,
    x11::{
        ByteOrder,
        wire::setup::{self, SetupRequest},
    },
};

/// Bytes of a setup request at most. Names and proofs of all protocols that there are have some dozens.
const LONGEST_SETUP: u64 = 4096;
/// The first byte of an answer that lets a client in.
const SUCCESS: u8 = 1;

/// What a client meets first.
#[derive(Debug)]
pub(super) struct Gatehouse {
    pub(super) authority: Authority,
    pub(super) upstream: Upstream,
}

/// How far a client has come.
#[derive(Debug)]
enum Stage<T> {
    /// It has not said who it is.
    Greeting,
    /// The server has no room for one more who waits.
    Queued(ByteOrder),
    /// The connection to the server is being made.
    Dialling(ByteOrder, Socket),
    /// The server has not said whether it lets the client in.
    Asked(ByteOrder, Socket),
    Talking(Box<Conversation<T>>),
    /// It is not let in, and told so.
    Refused,
}

/// A client.
#[derive(Debug)]
pub(super) struct Client<T> {
    id: ClientId,
    pub(super) peer: Peer,
    socket: Socket,
    stage: Stage<T>,
    flows: Flows,
}

/// The token of one of a client's two sockets.
pub(super) fn token(client: ClientId, side: Side) -> u64 {
    client.0 << 1 | u64::from(side == Side::Server)
}

/// Whose socket a token stands for.
pub(super) fn of_token(token: u64) -> (ClientId, Side) {
    let side = if token & 1 == 0 {
        Side::Client
    } else {
        Side::Server
    };
    (ClientId(token >> 1), side)
}

impl<T> Client<T> {
    /// A client that has not said anything.
    pub(super) fn new(id: ClientId, peer: Peer, socket: Socket) -> Self {
        Self {
            id,
            peer,
            socket,
            stage: Stage::Greeting,
            flows: Flows {
                requests: Flow::new(),
                messages: Flow::new(),
            },
        }
    }

    /// Whether the interceptor knows of it.
    pub(super) fn has_joined(&self) -> bool {
        matches!(self.stage, Stage::Talking(_))
    }

    /// Whether it waits for another attempt to reach the server.
    pub(super) fn is_queued(&self) -> bool {
        matches!(self.stage, Stage::Queued(_))
    }

    /// Lets go on what one of the sides says.
    pub(super) fn release(&mut self, side: Side) {
        if let Stage::Talking(conversation) = &mut self.stage {
            conversation.release(side);
        }
    }

    /// Goes on, after one of the sockets has had something to do or something else has changed.
    pub(super) fn step<I>(
        &mut self,
        woken: Option<Side>,
        house: &Gatehouse,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<(), End>
    where
        I: Interceptor<Ticket = T>,
    {
        match std::mem::replace(&mut self.stage, Stage::Refused) {
            Stage::Greeting => self.greet(house)?,
            Stage::Queued(order) => self.dial(order, &house.upstream),
            Stage::Dialling(order, server) => self.dialled(order, server),
            Stage::Asked(order, server) => self.answered(order, server, house, interceptor, control)?,
            Stage::Talking(mut conversation) => {
                if let Some(side) = woken {
                    conversation.listen(side, &self.socket, &mut self.flows)?;
                }
                self.stage = Stage::Talking(conversation);
            }
            Stage::Refused => {}
        }
        self.carry_on(interceptor, control)?;
        self.watch(control)
    }

    fn greet(&mut self, house: &Gatehouse) -> Result<(), End> {
        let received = self
            .socket
            .receive(&mut self.flows.requests, Descriptors::AsDecided)?;
        if received == Received::End {
            return Err(End::Gone);
        }
        self.stage = Stage::Greeting;
        let bytes = self.flows.requests.undecided();
        let Some(&first) = bytes.first() else {
            return Ok(());
        };
        let order = ByteOrder::of_setup(first).ok_or(Fault::NoSetup(first))?;
        let Ok(length) = setup::request_length(order, bytes) else {
            return Ok(());
        };
        if length > LONGEST_SETUP {
            return Err(Fault::SetupTooLong(length).into());
        }
        let Some(request) = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.get(..length))
        else {
            return Ok(());
        };
        let request = SetupRequest::read(order, request).ok_or(Fault::NoSetup(first))?;
        if request.version.0 != setup::PROTOCOL.0 {
            self.refuse(order, "this display speaks version 11 of the protocol");
        } else if house.authority.admits(request.name, request.data) {
            let (name, data) = house.upstream.cookie();
            let instead = SetupRequest::write(order, name, data);
            self.flows.requests.carry_out(length, Onward::instead(instead));
            self.dial(order, &house.upstream);
        } else {
            tracing::warn!("process {} does not have the display's cookie", self.peer);
            self.refuse(order, "the cookie of this display is needed");
        }
        Ok(())
    }

    fn dial(&mut self, order: ByteOrder, upstream: &Upstream) {
        let socket = |fd| Socket::new(fd, token(self.id, Side::Server));
        match upstream.dial() {
            Ok(Dial::Connected(fd)) => self.stage = Stage::Asked(order, socket(fd)),
            Ok(Dial::Connecting(fd)) => self.stage = Stage::Dialling(order, socket(fd)),
            Ok(Dial::Busy) => self.stage = Stage::Queued(order),
            Err(error) => self.refuse(order, &format!("the server behind this display: {error}")),
        }
    }

    fn dialled(&mut self, order: ByteOrder, server: Socket) {
        match socket_error(&server).flatten() {
            Ok(()) => self.stage = Stage::Asked(order, server),
            Err(error) => self.refuse(order, &format!("the server behind this display: {error}")),
        }
    }

    fn refuse(&mut self, order: ByteOrder, reason: &str) {
        let refusal = setup::refusal(order, reason);
        self.flows.messages.carry_out(0, Onward::instead(refusal));
        self.stage = Stage::Refused;
    }

    /// Looks at the server's answer to the setup request, if it is there.
    fn answered<I>(
        &mut self,
        order: ByteOrder,
        server: Socket,
        house: &Gatehouse,
        interceptor: &mut I,
        control: &mut Control,
    ) -> Result<(), End>
    where
        I: Interceptor<Ticket = T>,
    {
        let messages = &mut self.flows.messages;
        if server.receive(messages, Descriptors::AsDecided)? == Received::End {
            return Err(End::Gone);
        }
        let bytes = messages.undecided();
        let length = setup::answer_length(order, bytes).ok();
        let answer = length.and_then(|length| bytes.get(..usize::try_from(length).ok()?));
        let Some(setup) = answer else {
            self.stage = Stage::Asked(order, server);
            return Ok(());
        };
        let length = setup.len() as u64;
        if setup.first() == Some(&SUCCESS) {
            let mut wishes = Wishes::default();
            let client = self.id;
            let newcomer = Newcomer { client, order, setup };
            interceptor.joined(newcomer, &mut wishes, control);
            let talk = Talk::new(client, order, house.upstream.limits(), wishes);
            self.stage = Stage::Talking(Box::new(Conversation::new(server, talk)));
        }
        messages.pass(length);
        Ok(())
    }

    fn carry_on<I>(&mut self, interceptor: &mut I, control: &mut Control) -> Result<(), End>
    where
        I: Interceptor<Ticket = T>,
    {
        match &mut self.stage {
            Stage::Greeting | Stage::Queued(_) | Stage::Dialling(..) => Ok(()),
            Stage::Asked(_, server) => server.send(&mut self.flows.requests),
            Stage::Talking(conversation) => {
                conversation.carry_on(&self.socket, &mut self.flows, interceptor, control)
            }
            Stage::Refused => {
                self.socket.send(&mut self.flows.messages)?;
                if self.flows.messages.has_more() {
                    Ok(())
                } else {
                    Err(End::Gone)
                }
            }
        }
    }

    /// Has the relay be woken for what can be done next.
    fn watch(&mut self, control: &Control) -> Result<(), End> {
        let client = match &mut self.stage {
            Stage::Greeting => EventFlags::IN,
            Stage::Queued(_) => EventFlags::empty(),
            Stage::Dialling(_, server) => {
                server.watch(&control.epoll, EventFlags::OUT)?;
                EventFlags::empty()
            }
            Stage::Asked(_, server) => {
                server.watch(&control.epoll, events(true, self.flows.requests.has_more()))?;
                EventFlags::empty()
            }
            Stage::Talking(conversation) => conversation.watch(&self.flows, control)?,
            Stage::Refused => EventFlags::OUT,
        };
        Ok(self.socket.watch(&control.epoll, client)?)
    }
}
