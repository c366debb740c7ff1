//! The server: its clients, what they share, and the way of a request from the wire to what carries it out.

use std::{
    collections::{BTreeMap, VecDeque},
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use x11rb_protocol::{
    protocol::{Request, bigreq, get_request_name, xproto::GE_GENERIC_EVENT},
    x11_utils::{RequestHeader, Serialize, parse_request_header},
};

use super::{
    core::Atoms,
    error::{ErrorCode, Outcome, RequestError},
    extension::Extension,
    log::{Complaint, Log, Logged, Seen},
    memory::{Gauge, Memory},
    present::Presents,
    resources::{ClientId, Counts, Resource, Resources},
    script::{Operation, ReplyFault, Script},
    setup,
    wire::{LONGEST_REQUEST, Link, LinkError, Message, Received},
};

/// Every reply, event and error has at least this many bytes.
const UNIT: usize = 32;

#[derive(Debug)]
pub(super) struct Client {
    pub(super) link: Link,
    /// Of the request that was last carried out, or is.
    sequence: u64,
}

/// Faults that wait for their moment.
#[derive(Debug, Default)]
pub(super) struct Armed {
    pub(super) refusals: VecDeque<(Operation, ErrorCode)>,
    pub(super) replies: VecDeque<ReplyFault>,
    pub(super) disconnect_after: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) script: Script,
    pub(super) clients: BTreeMap<ClientId, Client>,
    last_client: u32,
    pub(super) resources: Resources,
    pub(super) atoms: Atoms,
    pub(super) presents: Presents,
    pub(super) log: Log,
    pub(super) armed: Armed,
    /// Descriptors that clients passed.
    pub(super) gauge: Gauge,
    /// The request that is carried out, for complaints.
    pub(super) current: String,
}

impl Server {
    pub(super) fn new(script: Script) -> Result<Self, RequestError> {
        let mut resources = Resources::default();
        resources.insert_server(setup::ROOT, Resource::Window(Box::new(setup::root_window()?)));
        Ok(Self {
            armed: Armed {
                disconnect_after: script.disconnect_after,
                ..Armed::default()
            },
            presents: Presents::new(script.clock),
            script,
            clients: BTreeMap::new(),
            last_client: 0,
            resources,
            atoms: Atoms::default(),
            log: Log::default(),
            gauge: Gauge::default(),
            current: String::new(),
        })
    }

    pub(super) fn accept(&mut self, socket: UnixStream) {
        self.last_client += 1;
        let client = Client {
            link: Link::new(socket),
            sequence: 0,
        };
        self.clients.insert(ClientId(self.last_client), client);
    }

    /// Carries out all that clients have sent until now.
    pub(super) fn receive_all(&mut self) {
        let ids: Vec<_> = self.clients.keys().copied().collect();
        for id in ids {
            while self.receive(id) {}
        }
    }

    /// Takes in and carries out one chunk; whether more may be there.
    fn receive(&mut self, id: ClientId) -> bool {
        let Some(client) = self.clients.get_mut(&id) else {
            return false;
        };
        match client.link.receive() {
            Ok(Received::Bytes) => {}
            Ok(Received::Nothing) => return false,
            Ok(Received::End) => {
                self.close(id);
                return false;
            }
            Err(error) => {
                self.break_off(id, error);
                return false;
            }
        }
        while let Some(client) = self.clients.get_mut(&id) {
            match client.link.next_message() {
                Ok(Some(Message::Setup)) => client.link.send(setup::answer(id), Vec::new()),
                Ok(Some(Message::Request(bytes))) => self.carry_out(id, &bytes),
                Ok(None) => return true,
                Err(error) => self.break_off(id, error),
            }
        }
        false
    }

    pub(super) fn flush_all(&mut self) {
        let ids: Vec<_> = self.clients.keys().copied().collect();
        for id in ids {
            let result = self.clients.get_mut(&id).map(|client| client.link.flush());
            if let Some(Err(error)) = result {
                self.break_off(id, error);
            }
        }
    }

    fn break_off(&mut self, id: ClientId, error: LinkError) {
        self.log.complain(Complaint::Link(error));
        self.close(id);
    }

    /// Ends a connection and all that the client owns.
    pub(super) fn close(&mut self, id: ClientId) {
        let Some(mut client) = self.clients.remove(&id) else {
            return;
        };
        // What the client had been answered it shall still get; if it does not, it is gone already.
        let _ = client.link.flush();
        let count = client.link.fds.len();
        if count > 0 {
            self.log.complain(Complaint::LeftoverFds { count });
        }
        self.presents.forget_client(id);
        for xid in self.resources.owned_by(id) {
            if self.resources.is_window(xid) {
                self.destroy_window(xid, id);
            }
            self.resources.remove(xid);
        }
    }

    fn carry_out(&mut self, id: ClientId, bytes: &[u8]) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.sequence += 1;
        let sequence = client.sequence;
        let Ok((header, body)) = parse_request_header(bytes, client.link.big_requests()) else {
            // Framing has found the same header good.
            return;
        };
        let offer = &self.script.extensions;
        self.current = get_request_name(offer, header.major_opcode, header.minor_opcode).into_owned();
        match Request::parse(header, body, &mut client.link.fds, offer) {
            Ok(request) => {
                self.log.requests.push(Logged {
                    client: id.0,
                    sequence,
                    name: self.current.clone(),
                    seen: Seen::of(&request, &self.resources),
                });
                self.serve(id, header, body, request);
            }
            Err(error) => {
                let request = self.current.clone();
                self.log.complain(Complaint::Malformed { request, error });
                self.error(id, header, ErrorCode::Length.into());
            }
        }
        self.count_down(id);
    }

    fn serve(&mut self, id: ClientId, header: RequestHeader, body: &[u8], request: Request<'_>) {
        if let Some(code) = self.refusal(&request) {
            // What would have been made is the first thing that such a request names.
            let xid = body
                .first_chunk::<4>()
                .map_or(0, |bytes| u32::from_ne_bytes(*bytes));
            if ClientId::of(xid) == id && self.resources.check_new(id, xid).is_ok() {
                self.resources.bury(xid);
            }
            return self.error(id, header, code.at(xid));
        }
        let extension = self.script.extensions.by_opcode(header.major_opcode);
        let outcome = match extension {
            Some(extension) if !self.script.extensions.has(extension, header.minor_opcode) => {
                Err(ErrorCode::Request.into())
            }
            Some(Extension::BigRequests) => self.enable_big_requests(id),
            Some(Extension::Shm) => self.shm(id, header, request),
            Some(Extension::Dri3) => self.dri3(id, request),
            Some(Extension::Present) => self.present(id, request),
            Some(Extension::Xfixes) => self.xfixes(id, request),
            Some(Extension::Sync) => self.sync(id, request),
            Some(Extension::Damage) => self.damage(id, request),
            Some(Extension::Composite) => self.composite(id, request),
            Some(Extension::Randr) => self.randr(id, request),
            None => self.core(id, header, request),
        };
        if let Err(error) = outcome {
            self.complain_of(error);
            self.error(id, header, error);
        }
    }

    /// The error that the script or the test wants for a request.
    fn refusal(&mut self, request: &Request<'_>) -> Option<ErrorCode> {
        let operation = Operation::of(request)?;
        let armed = self
            .armed
            .refusals
            .iter()
            .position(|(wanted, _)| *wanted == operation);
        match armed.and_then(|index| self.armed.refusals.remove(index)) {
            Some((_, code)) => Some(code),
            None => self.script.refused.get(&operation).copied(),
        }
    }

    /// An error that nobody asked for is the client's fault, unless it is about something that others took away.
    fn complain_of(&mut self, error: RequestError) {
        let request = self.current.clone();
        if error.code == ErrorCode::Request {
            self.log.complain(Complaint::Unserved { request });
        } else if !self.resources.is_buried(error.value) {
            let RequestError { code, value } = error;
            self.log.complain(Complaint::Refused { request, code, value });
        }
    }

    fn count_down(&mut self, id: ClientId) {
        if let Some(left) = &mut self.armed.disconnect_after {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.armed.disconnect_after = None;
                self.close(id);
            }
        }
    }

    fn error(&mut self, to: ClientId, header: RequestHeader, error: RequestError) {
        let mut bytes = vec![0; UNIT];
        bytes[1] = error.code.number();
        bytes[4..8].copy_from_slice(&error.value.to_ne_bytes());
        let minor = if header.major_opcode < 128 {
            0
        } else {
            header.minor_opcode
        };
        bytes[8..10].copy_from_slice(&u16::from(minor).to_ne_bytes());
        bytes[10] = header.major_opcode;
        self.send(to, bytes, Vec::new());
    }

    /// Sends an event to a client that is still there.
    pub(super) fn event(&mut self, to: ClientId, event: &impl Serialize) {
        let mut bytes = Vec::with_capacity(UNIT);
        event.serialize_into(&mut bytes);
        let mut bytes = padded(bytes);
        if bytes[0] == GE_GENERIC_EVENT {
            put_length(&mut bytes);
        }
        self.send(to, bytes, Vec::new());
    }

    /// Answers a client's request; length and sequence number are put in here.
    pub(super) fn reply(&mut self, to: ClientId, reply: &impl Serialize) {
        let mut bytes = Vec::with_capacity(UNIT);
        reply.serialize_into(&mut bytes);
        self.reply_with(to, bytes, Vec::new());
    }

    /// The same for a serialized reply with descriptors.
    pub(super) fn reply_with(&mut self, to: ClientId, bytes: Vec<u8>, fds: Vec<OwnedFd>) {
        let mut bytes = padded(bytes);
        put_length(&mut bytes);
        match self.reply_fault(!fds.is_empty()) {
            Some(fault) => self.spoil(to, bytes, fds, fault),
            None => self.send(to, bytes, fds),
        }
    }

    /// The first fault if it can spoil this reply.
    fn reply_fault(&mut self, has_fds: bool) -> Option<ReplyFault> {
        self.armed
            .replies
            .pop_front_if(|fault| has_fds || *fault != ReplyFault::MissingFds)
    }

    fn spoil(&mut self, to: ClientId, mut bytes: Vec<u8>, mut fds: Vec<OwnedFd>, fault: ReplyFault) {
        match fault {
            ReplyFault::Garbage(garbage) => {
                if let Some(client) = self.clients.get_mut(&to) {
                    client.link.send(garbage, Vec::new());
                }
            }
            ReplyFault::Truncated(length) => {
                bytes.truncate(length);
                self.send(to, bytes, fds);
                self.close(to);
            }
            ReplyFault::Length(units) => {
                bytes[4..8].copy_from_slice(&units.to_ne_bytes());
                self.send(to, bytes, fds);
            }
            ReplyFault::SurplusFds(count) => {
                let stray = |_| Memory::create(0).ok()?.duplicate().ok();
                fds.extend((0..count).map_while(stray));
                self.send(to, bytes, fds);
            }
            ReplyFault::MissingFds => self.send(to, bytes, Vec::new()),
        }
    }

    fn send(&mut self, to: ClientId, mut bytes: Vec<u8>, fds: Vec<OwnedFd>) {
        let Some(client) = self.clients.get_mut(&to) else {
            return;
        };
        // The wire has the low half of it.
        if let Some(field) = bytes.get_mut(2..4) {
            field.copy_from_slice(&(client.sequence as u16).to_ne_bytes());
        }
        client.link.send(bytes, fds);
    }

    fn enable_big_requests(&mut self, id: ClientId) -> Outcome {
        if let Some(client) = self.clients.get_mut(&id) {
            client.link.enable_big_requests();
        }
        let reply = bigreq::EnableReply {
            maximum_request_length: LONGEST_REQUEST,
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    /// Complains of descriptors that still wait for a request that takes them.
    pub(super) fn note_leftovers(&mut self) {
        let counts = self.clients.values().map(|client| client.link.fds.len());
        for count in counts.filter(|&count| count > 0) {
            self.log.complaints.push(Complaint::LeftoverFds { count });
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let waiting: usize = self.clients.values().map(|client| client.link.fds.len()).sum();
        Counts {
            fds: self.gauge.value() + waiting,
            ..self.resources.counts()
        }
    }
}

/// Replies and generic events say by how many units of four bytes they exceed 32.
fn put_length(bytes: &mut [u8]) {
    let units = (bytes.len() - UNIT) / 4;
    bytes[4..8].copy_from_slice(&u32::try_from(units).unwrap_or(u32::MAX).to_ne_bytes());
}

/// At least 32 bytes, and whole units of four.
fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len().max(UNIT).next_multiple_of(4);
    bytes.resize(length, 0);
    bytes
}
