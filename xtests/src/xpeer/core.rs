//! The core protocol apart from windows and drawing: extensions, atoms, properties, focus.

use x11rb_protocol::{
    protocol::{
        Request,
        xproto::{
            Atom, ChangePropertyRequest, EventMask, GetAtomNameReply, GetInputFocusReply, GetPropertyReply,
            GetPropertyRequest, InputFocus, InternAtomReply, InternAtomRequest, ListExtensionsReply,
            PROPERTY_NOTIFY_EVENT, PropMode, Property as PropertyState, PropertyNotifyEvent,
            QueryExtensionReply, Str,
        },
    },
    x11_utils::RequestHeader,
};

use super::{
    error::{ErrorCode, Outcome},
    resources::{ClientId, Property},
    server::Server,
    setup::ROOT,
};

/// The first atom that has no meaning from the start; those below have no names here.
const FIRST_ATOM: Atom = 69;
/// Names and data of clients up to this many bytes in all, each.
const MOST_ATOMS: usize = 1 << 16;
const MOST_PROPERTY: usize = 16 << 20;

/// Atoms in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Atoms(Vec<Vec<u8>>);

impl Atoms {
    fn find(&self, name: &[u8]) -> Option<Atom> {
        let index = self.0.iter().position(|known| known == name)?;
        u32::try_from(index).ok().map(|index| FIRST_ATOM + index)
    }

    fn intern(&mut self, name: &[u8]) -> Option<Atom> {
        let next = u32::try_from(self.0.len()).ok()? + FIRST_ATOM;
        self.find(name).or_else(|| {
            (self.0.len() < MOST_ATOMS).then(|| self.0.push(name.to_vec()))?;
            Some(next)
        })
    }

    fn name(&self, atom: Atom) -> Option<&[u8]> {
        let index = atom.checked_sub(FIRST_ATOM)?;
        self.0.get(index as usize).map(Vec::as_slice)
    }
}

impl Server {
    pub(super) fn core(&mut self, id: ClientId, header: RequestHeader, request: Request<'_>) -> Outcome {
        match request {
            Request::QueryExtension(request) => self.query_extension(id, &request.name),
            Request::ListExtensions(_) => self.list_extensions(id),
            Request::InternAtom(request) => self.intern_atom(id, &request),
            Request::GetAtomName(request) => self.get_atom_name(id, request.atom),
            Request::ChangeProperty(request) => self.change_property(&request),
            Request::DeleteProperty(request) => self.delete_property(request.window, request.property),
            Request::GetProperty(request) => self.get_property(id, request),
            Request::GetInputFocus(_) => {
                let reply = GetInputFocusReply {
                    revert_to: InputFocus::NONE,
                    focus: ROOT,
                    ..Default::default()
                };
                self.reply(id, &reply);
                Ok(())
            }
            Request::NoOperation(_) => Ok(()),
            request @ (Request::CreateWindow(_)
            | Request::ChangeWindowAttributes(_)
            | Request::GetWindowAttributes(_)
            | Request::DestroyWindow(_)
            | Request::MapWindow(_)
            | Request::UnmapWindow(_)
            | Request::ConfigureWindow(_)
            | Request::GetGeometry(_)
            | Request::QueryTree(_)) => self.windows(id, request),
            request => self.drawing(id, header, request),
        }
    }

    fn query_extension(&mut self, id: ClientId, name: &[u8]) -> Outcome {
        let found = self.script.extensions.by_name(name);
        let reply = found.map_or_else(QueryExtensionReply::default, |extension| {
            let information = extension.information();
            QueryExtensionReply {
                present: true,
                major_opcode: information.major_opcode,
                first_event: information.first_event,
                first_error: information.first_error,
                ..Default::default()
            }
        });
        self.reply(id, &reply);
        Ok(())
    }

    fn list_extensions(&mut self, id: ClientId) -> Outcome {
        let name = |name: &str| Str {
            name: name.as_bytes().to_vec(),
        };
        let reply = ListExtensionsReply {
            names: self.script.extensions.names().map(name).collect(),
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn intern_atom(&mut self, id: ClientId, request: &InternAtomRequest<'_>) -> Outcome {
        let atom = if request.only_if_exists {
            self.atoms.find(&request.name).unwrap_or(0)
        } else {
            self.atoms.intern(&request.name).ok_or(ErrorCode::Alloc)?
        };
        let reply = InternAtomReply {
            atom,
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn get_atom_name(&mut self, id: ClientId, atom: Atom) -> Outcome {
        let name = self.atoms.name(atom).ok_or(ErrorCode::Atom.at(atom))?.to_vec();
        let reply = GetAtomNameReply {
            name,
            ..Default::default()
        };
        self.reply(id, &reply);
        Ok(())
    }

    fn change_property(&mut self, request: &ChangePropertyRequest<'_>) -> Outcome {
        if !matches!(request.format, 8 | 16 | 32) {
            return Err(ErrorCode::Value.at(request.format.into()));
        }
        let window = self.resources.window_mut(request.window)?;
        let property = window
            .properties
            .entry(request.property)
            .or_insert_with(|| Property {
                kind: request.type_,
                format: request.format,
                data: Vec::new(),
            });
        let same = property.kind == request.type_ && property.format == request.format;
        let data = match request.mode {
            PropMode::REPLACE => request.data.to_vec(),
            PropMode::APPEND if same => [&property.data, &*request.data].concat(),
            PropMode::PREPEND if same => [&*request.data, &property.data].concat(),
            PropMode::APPEND | PropMode::PREPEND => return Err(ErrorCode::Match.into()),
            other => return Err(ErrorCode::Value.at(u8::from(other).into())),
        };
        if data.len() > MOST_PROPERTY {
            return Err(ErrorCode::Alloc.into());
        }
        *property = Property {
            kind: request.type_,
            format: request.format,
            data,
        };
        self.property_changed(request.window, request.property, PropertyState::NEW_VALUE);
        Ok(())
    }

    fn delete_property(&mut self, window: u32, property: Atom) -> Outcome {
        if self
            .resources
            .window_mut(window)?
            .properties
            .remove(&property)
            .is_some()
        {
            self.property_changed(window, property, PropertyState::DELETE);
        }
        Ok(())
    }

    fn get_property(&mut self, id: ClientId, request: GetPropertyRequest) -> Outcome {
        let window = self.resources.window(request.window)?;
        let Some(property) = window.properties.get(&request.property) else {
            self.reply(id, &GetPropertyReply::default());
            return Ok(());
        };
        let wanted = request.type_ == 0 || request.type_ == property.kind;
        let start = (u64::from(request.long_offset) * 4).min(property.data.len() as u64) as usize;
        let rest = &property.data[start..];
        let length = (u64::from(request.long_length) * 4).min(rest.len() as u64) as usize;
        let (value, after) = if wanted {
            rest.split_at(length)
        } else {
            rest.split_at(0)
        };
        let reply = GetPropertyReply {
            format: property.format,
            type_: property.kind,
            bytes_after: after.len() as u32,
            value_len: (value.len() / usize::from(property.format / 8)) as u32,
            value: value.to_vec(),
            ..Default::default()
        };
        let complete = wanted && after.is_empty();
        self.reply(id, &reply);
        if request.delete && complete {
            self.delete_property(request.window, request.property)?;
        }
        Ok(())
    }

    fn property_changed(&mut self, window: u32, atom: Atom, state: PropertyState) {
        let event = PropertyNotifyEvent {
            response_type: PROPERTY_NOTIFY_EVENT,
            sequence: 0,
            window,
            atom,
            time: self.presents.milliseconds(),
            state,
        };
        for client in self.selecting(window, EventMask::PROPERTY_CHANGE) {
            self.event(client, &event);
        }
    }
}
