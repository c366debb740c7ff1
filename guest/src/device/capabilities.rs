//! What the session says that it can do.

use rustix::io::{self, Errno};

use super::{Context, Session};
use crate::wire::command;

/// No capability set is larger, in bytes.
const LARGEST: usize = 64 << 10;

/// The capability sets, once they have been asked for.
#[derive(Default)]
pub(super) struct Capsets([Option<Vec<u8>>; 2]);

impl Session<'_> {
    /// A capability set: 1 or 2.
    ///
    /// # Errors
    /// EINVAL for any other number.
    pub(crate) fn capset(&mut self, set: u32) -> io::Result<&[u8]> {
        let (at, command) = match set {
            1 => (0, command::GET_CAPS),
            2 => (1, command::GET_CAPS2),
            _ => return Err(Errno::INVAL),
        };
        if self.objects.capsets.0[at].is_none() {
            let fetched = self.fetch(command, set)?;
            self.objects.capsets.0[at] = Some(fetched);
        }
        Ok(self.objects.capsets.0[at].as_deref().unwrap_or_default())
    }

    /// The answer has the set's number in place of the command's, and one more than its bytes.
    fn fetch(&mut self, command: u32, set: u32) -> io::Result<Vec<u8>> {
        self.socket.request(command, &[])?;
        let [length, answered] = self.socket.header()?;
        let length = length as usize;
        if answered != set || !(1..=LARGEST).contains(&length) {
            return Err(self.socket.lost(Errno::PROTO));
        }
        let mut bytes = vec![0; length - 1];
        self.socket.receive(&mut bytes)?;
        Ok(bytes)
    }

    /// Chooses what kind of context the connection is.
    ///
    /// # Errors
    /// EEXIST once that has been chosen, or used; EINVAL for kinds that are none of virgl's.
    pub(crate) fn init_context(&mut self, capset: u32) -> io::Result<()> {
        if let Context::Settled = self.objects.context {
            return Err(Errno::EXIST);
        }
        if !matches!(capset, 1 | 2) {
            return Err(Errno::INVAL);
        }
        self.objects.context = Context::Settled;
        self.socket.request(command::CONTEXT_INIT, &[capset])
    }
}
