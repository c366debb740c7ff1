//! What each request of vtest itself asks for.

use super::{Common, Connection};
use crate::pipe::{
    server::{error::SessionError, renderer::Renderer},
    wire::{
        virgl::enums::TransferDirection,
        vtest::{Request, Version},
    },
};

/// The highest protocol version served.
const HIGHEST: Version = Version::V4;
/// GET_PARAM: the number of timelines.
const PARAM_TIMELINES: u32 = 1;
/// GET_PARAM: the version of the extension for shared resources.
const PARAM_EXTENSION: u32 = 0x5042_0000;
const EXTENSION_VERSION: u32 = 2;

impl<R: Renderer> Connection<R> {
    pub(super) fn carry_out(
        &mut self,
        request: &Request<'_>,
        common: &mut Common<R::Shared>,
    ) -> Result<(), SessionError> {
        if !self.named && !matches!(request, Request::CreateRenderer { .. }) {
            return Err(SessionError::NoRenderer);
        }
        match *request {
            Request::CreateRenderer { name } => {
                self.named = true;
                let name = String::from_utf8_lossy(name);
                self.span.record("name", tracing::field::debug(&name));
                tracing::info!("client {name:?}");
                Ok(())
            }
            Request::Ping => self.reply(10, &[]),
            Request::ProtocolVersion(theirs) => {
                self.version = Version::negotiate(HIGHEST, theirs);
                self.reply(11, &[self.version.to_wire()])
            }
            Request::GetCaps => self.reply_capset(1, &self.renderer.capset1()),
            Request::GetCaps2 => self.reply_capset(2, &self.renderer.capset2()),
            Request::GetCapset { capset, version } => self.get_capset(capset, version),
            Request::GetParam(param) => self.get_param(param),
            Request::ContextInit { capset } => self.context_init(capset),
            Request::ResourceCreate(ref desc) => self.create(common, desc, None, 2),
            Request::ResourceCreate2 { ref desc, data_size } => {
                self.create(common, desc, Some(data_size), 12)
            }
            Request::ResourceUnref(id) => {
                self.unref(common, id);
                Ok(())
            }
            Request::ResourceCreateBlob(ref blob) => self.create_blob(common, blob),
            Request::ResourceExportFd(id) => self.export_memory(id),
            Request::TransferGet {
                ref transfer,
                data_size,
            } => {
                let mut data = vec![0; data_size as usize];
                self.renderer.read(transfer, &mut data);
                self.send_bytes(&[], &data)
            }
            Request::TransferPut { ref transfer, data } => {
                self.renderer.write(transfer, data);
                Ok(())
            }
            Request::TransferGet2 {
                ref transfer, offset, ..
            } => {
                self.renderer
                    .transfer(transfer, offset.into(), TransferDirection::FromHost);
                Ok(())
            }
            Request::TransferPut2 {
                ref transfer, offset, ..
            } => {
                self.renderer
                    .transfer(transfer, offset.into(), TransferDirection::ToHost);
                Ok(())
            }
            Request::SubmitCmd(commands) => {
                self.renderer.submit(&commands.words());
                Ok(())
            }
            Request::SubmitCmd2(ref submit) => self.submit2(submit),
            Request::BusyWait { flags, .. } => self.busy_wait(flags & 1 != 0, common.alone),
            Request::SyncCreate { .. }
            | Request::SyncUnref(_)
            | Request::SyncRead(_)
            | Request::SyncWrite(_)
            | Request::SyncWait { .. } => self.sync(request),
            _ => self.share(request, common),
        }
    }

    /// Capability sets announce their size in bytes, plus one, and the number of the set.
    fn reply_capset(&mut self, set: u32, bytes: &[u8]) -> Result<(), SessionError> {
        self.send_bytes(&[bytes.len() as u32 + 1, set], bytes)
    }

    fn get_param(&mut self, param: u32) -> Result<(), SessionError> {
        let (known, value) = match param {
            PARAM_TIMELINES => (1, 0),
            PARAM_EXTENSION => (1, EXTENSION_VERSION),
            _ => (0, 0),
        };
        self.reply(15, &[known, value])
    }

    fn get_capset(&mut self, capset: u32, version: u32) -> Result<(), SessionError> {
        let bytes = match (capset, version) {
            (1, 0..=1) => self.renderer.capset1(),
            (2, 0..=2) => self.renderer.capset2(),
            _ => return self.reply(16, &[0]),
        };
        let words = 1 + bytes.len() as u32 / 4;
        self.send_bytes(&[words, 16, 1], &bytes)
    }

    fn context_init(&mut self, capset: u32) -> Result<(), SessionError> {
        match (capset, self.capset) {
            (1 | 2, None) => {
                self.capset = Some(capset);
                Ok(())
            }
            (_, Some(before)) if before == capset => Ok(()),
            _ => Err(SessionError::Capset(capset)),
        }
    }
}
