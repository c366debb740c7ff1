//! Commands, transfers, and waiting for them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    io::{self, Errno},
    pipe::{PipeFlags, pipe_with},
};

use super::{Context, Session};
use crate::wire::{Transfer, command, fenced_batch};

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
        match (after, wants_fence) {
            (None, false) => {
                self.socket.request_with(command::SUBMIT_CMD, &[], commands)?;
                Ok(None)
            }
            (None, true) => {
                let head = [(commands.len() / 4) as u32, command::SUBMIT_CMD];
                self.fence_behind([bytemuck::bytes_of(&head), commands]).map(Some)
            }
            (Some(fence), _) => {
                let head = fenced_batch((commands.len() / 4) as u32);
                self.socket.request_with(command::SUBMIT_CMD2, &head, commands)?;
                self.socket.send_fd(fence)?;
                wants_fence.then(|| self.fence_behind([&[], &[]])).transpose()
            }
        }
    }

    /// Sends a request and, in the same message, what makes the descriptor readable once that is done. The session has the
    /// other end of it, and closes that.
    fn fence_behind(&mut self, [head, tail]: [&[u8]; 2]) -> io::Result<OwnedFd> {
        let (fence, end) = pipe_with(PipeFlags::CLOEXEC)?;
        let signal = [0, command::SIGNAL];
        let parts = [head, tail, bytemuck::bytes_of(&signal), &[0]];
        self.socket.send(parts, Some(end.as_fd()))?;
        Ok(fence)
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
