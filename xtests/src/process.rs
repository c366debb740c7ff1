//! Child processes with an end: output collected, a time limit, and nothing left behind.
//!
//! Each child leads its own process group. The group is ended when the guard goes, so that wrappers and
//! their children end together.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(5);
/// How long an asked-to-stop group may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long to read on after the end of the group's leader.
const DRAIN: Duration = Duration::from_millis(500);

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The program could not be started.
    #[error("cannot start {program}: {source} (is it installed? Xvfb-ci/install installs what is needed)")]
    Start {
        /// The program's name or path.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The program's state could not be read.
    #[error("cannot wait for {program}: {source}")]
    Wait {
        /// The program's name or path.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The program did not end in time.
    #[error("{program} still ran after {} s\n{output}", limit.as_secs_f32())]
    Timeout {
        /// The program's name or path.
        program: String,
        /// The time that it was given.
        limit: Duration,
        /// What it had written.
        output: String,
    },
    /// The program ended although more was awaited from it.
    #[error("{program} ended early ({status})\n{output}")]
    EndedEarly {
        /// The program's name or path.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it had written.
        output: String,
    },
}

/// What a program left: its status and all that it wrote.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// Both streams, for messages.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A running program, ended with its process group on drop.
#[derive(Debug)]
pub struct Running {
    program: String,
    child: Child,
    stdout: Collector,
    stderr: Collector,
}

impl Running {
    /// Starts the command in a process group of its own, standard input closed, output collected.
    ///
    /// # Errors
    /// [`ProcessError::Start`] when the system cannot run it.
    pub fn start(mut command: Command) -> Result<Self, ProcessError> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start_attached(command)
    }

    /// As [`Running::start`], with the output going where the command says, and to nobody here.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub fn start_attached(mut command: Command) -> Result<Self, ProcessError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| ProcessError::Start {
                program: program.clone(),
                source,
            })?;
        let stdout = Collector::start(child.stdout.take());
        let stderr = Collector::start(child.stderr.take());
        Ok(Self {
            program,
            child,
            stdout,
            stderr,
        })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to either stream so far.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }

    /// Waits until `found` makes something of the standard output.
    ///
    /// # Errors
    /// [`ProcessError::Timeout`] after `limit`, [`ProcessError::EndedEarly`] when the program ends without it.
    pub fn wait_for<T>(
        &mut self,
        limit: Duration,
        mut found: impl FnMut(&str) -> Option<T>,
    ) -> Result<T, ProcessError> {
        let start = Instant::now();
        loop {
            let ended = self.poll()?;
            if ended.is_some() {
                self.drain();
            }
            if let Some(value) = found(&self.stdout.text()) {
                return Ok(value);
            }
            if let Some(status) = ended {
                return Err(ProcessError::EndedEarly {
                    program: self.program.clone(),
                    status,
                    output: self.output(),
                });
            }
            self.check_limit(start, limit)?;
            thread::sleep(POLL);
        }
    }

    /// Waits for the program's own end.
    ///
    /// # Errors
    /// [`ProcessError::Timeout`] after `limit`; the program is ended then.
    pub fn finish(mut self, limit: Duration) -> Result<Finished, ProcessError> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.poll()? {
                return Ok(self.collect(status));
            }
            self.check_limit(start, limit)?;
            thread::sleep(POLL);
        }
    }

    /// Ends the program and tells what it left.
    ///
    /// # Errors
    /// [`ProcessError::EndedEarly`] when it had ended by itself: what ran until now is not what was asked for.
    pub fn stop(mut self) -> Result<Finished, ProcessError> {
        if let Some(status) = self.poll()? {
            self.drain();
            return Err(ProcessError::EndedEarly {
                program: self.program.clone(),
                status,
                output: self.output(),
            });
        }
        let status = self.end_group().map_err(|source| self.wait_error(source))?;
        Ok(self.collect(status))
    }

    /// Ends the program, if it has not ended by itself.
    ///
    /// # Errors
    /// [`ProcessError::Wait`] when the system cannot tell.
    pub fn end(&mut self) -> Result<ExitStatus, ProcessError> {
        self.end_group().map_err(|source| self.wait_error(source))
    }

    /// Its exit status if it has ended.
    ///
    /// # Errors
    /// [`ProcessError::Wait`] when the system cannot tell.
    pub fn poll(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        self.child.try_wait().map_err(|source| self.wait_error(source))
    }

    fn wait_error(&self, source: io::Error) -> ProcessError {
        ProcessError::Wait {
            program: self.program.clone(),
            source,
        }
    }

    fn check_limit(&self, start: Instant, limit: Duration) -> Result<(), ProcessError> {
        if start.elapsed() < limit {
            return Ok(());
        }
        Err(ProcessError::Timeout {
            program: self.program.clone(),
            limit,
            output: self.output(),
        })
    }

    fn collect(&self, status: ExitStatus) -> Finished {
        self.drain();
        Finished {
            status,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }

    /// Waits for the streams' ends, but not for a grandchild that holds them open.
    fn drain(&self) {
        let start = Instant::now();
        while !(self.stdout.ended() && self.stderr.ended()) && start.elapsed() < DRAIN {
            thread::sleep(POLL);
        }
    }

    fn end_group(&mut self) -> io::Result<ExitStatus> {
        let group = Pid::from_child(&self.child);
        // An error here means that nobody is left in the group.
        let _ = kill_process_group(group, Signal::TERM);
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if start.elapsed() > GRACE {
                let _ = kill_process_group(group, Signal::KILL);
                break self.child.wait()?;
            }
            thread::sleep(POLL);
        };
        let _ = kill_process_group(group, Signal::KILL);
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing is left to be told about a child that cannot be waited for.
        let _ = self.end_group();
    }
}

/// Runs a command to its end.
///
/// # Errors
/// As [`Running::start`] and [`Running::finish`].
pub fn run(command: Command, limit: Duration) -> Result<Finished, ProcessError> {
    Running::start(command)?.finish(limit)
}

/// A thread that gathers one stream.
#[derive(Debug)]
struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    fn start(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let thread = stream.map(|mut stream| {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut chunk) {
                    bytes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend_from_slice(&chunk[..length]);
                }
            })
        });
        Self { bytes, thread }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_and_the_exit_code_are_collected() {
        let finished = run(shell("echo out; echo err >&2; exit 3"), Duration::from_secs(5)).unwrap();
        assert_eq!(finished.stdout, "out\n");
        assert_eq!(finished.stderr, "err\n");
        assert_eq!(finished.status.code(), Some(3));
    }

    #[test]
    fn a_program_that_runs_too_long_is_reported_with_its_output() {
        let error = run(shell("echo begun; sleep 60"), Duration::from_millis(300)).unwrap_err();
        assert!(
            matches!(&error, ProcessError::Timeout { output, .. } if output == "begun\n"),
            "{error}"
        );
    }

    #[test]
    fn grandchildren_end_with_the_guard() {
        let mut running = Running::start(shell("sleep 60 & echo $!; wait")).unwrap();
        let grandchild: u32 = running
            .wait_for(Duration::from_secs(5), |out| out.trim().parse().ok())
            .unwrap();
        drop(running);
        // A signal is only a word: its process goes on until it is scheduled.
        let start = Instant::now();
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z") {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(5), "still there: {stat}");
            thread::sleep(POLL);
        }
    }

    #[test]
    fn stopping_a_program_that_ended_by_itself_is_an_error() {
        let mut running = Running::start(shell("exit 1")).unwrap();
        while running.poll().unwrap().is_none() {
            thread::sleep(POLL);
        }
        assert!(matches!(running.stop(), Err(ProcessError::EndedEarly { .. })));
    }
}
