//! Commands, transfers, and waiting for them.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::{self, Errno};

use super::{Context, Session};
use crate::wire::{Transfer, batch, batch_flag, command};

/// Commands, what they wait for, and whether somebody will wait for them.
pub(crate) struct Submission<'a> {
    /// Whole dwords.
    pub(crate) commands: &'a [u8],
    pub(crate) after: Option<BorrowedFd<'a>>,
    pub(crate) wants_fence: bool,
}

impl Session<'_> {
    /// Sends commands. The descriptor, if one is wanted, is readable once they are done.
    ///
    /// # Errors
    /// EINVAL if the commands are no whole number of dwords.
    pub(crate) fn submit(&mut self, submission: &Submission<'_>) -> io::Result<Option<OwnedFd>> {
        let &Submission {
            commands,
            after,
            wants_fence,
        } = submission;
        if !commands.len().is_multiple_of(4) {
            return Err(Errno::INVAL);
        }
        self.objects.context = Context::Settled;
        if after.is_none() && !wants_fence {
            self.socket.request_with(command::SUBMIT_CMD, &[], commands)?;
            return Ok(None);
        }
        let mut flags = 0;
        if after.is_some() {
            flags |= batch_flag::IN_FENCE;
        }
        if wants_fence {
            flags |= batch_flag::OUT_FENCE;
        }
        let head = batch((commands.len() / 4) as u32, flags);
        self.socket.request_with(command::SUBMIT_CMD2, &head, commands)?;
        if let Some(fence) = after {
            self.socket.send_fd(fence)?;
        }
        match wants_fence {
            true => self.socket.receive_fd().map(Some),
            false => Ok(None),
        }
    }

    /// Starts a transfer.
    ///
    /// # Errors
    /// ENOENT if there is no such resource; what the session says of its memory.
    pub(crate) fn transfer(&mut self, transfer: &Transfer) -> io::Result<()> {
        self.back(transfer.id)?;
        self.socket.request(command::TRANSFER, &transfer.request())
    }

    /// Waits until all that was sent is done.
    ///
    /// # Errors
    /// ENOENT if there is no such resource; EBUSY if it is not done and `patient` is false.
    pub(crate) fn wait(&mut self, handle: u32, patient: bool) -> io::Result<()> {
        self.resource(handle)?;
        let command = command::RESOURCE_BUSY_WAIT;
        self.socket.request(command, &[handle, patient.into()])?;
        match self.socket.answer(command)? {
            [0] => Ok(()),
            [_] => Err(Errno::BUSY),
        }
    }
}
