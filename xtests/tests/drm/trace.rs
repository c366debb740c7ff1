//! What processes move and share, by their system calls.

use std::{process::Command, time::Duration};

use pixbridge_xtests::{machine::DISPLAY_NODE, process::Running};

const SOON: Duration = Duration::from_secs(20);

/// The calls of some processes by which bytes come in, go out, or are shared.
pub(crate) struct Trace {
    running: Running,
    file: tempfile::NamedTempFile,
}

impl Trace {
    pub(crate) fn of_processes(processes: &[u32]) -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-y", "-e"])
            .arg("trace=%network,read,readv,pread64,write,writev,pwrite64,mmap,memfd_create")
            .arg("-o")
            .arg(file.path());
        for process in processes {
            command.args(["-p", &process.to_string()]);
        }
        let running = Running::start(command).expect("strace");
        let start = std::time::Instant::now();
        while running.output().matches("attached").count() < processes.len() {
            assert!(start.elapsed() < SOON, "strace: {}", running.output());
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { running, file }
    }

    pub(crate) fn end(self) -> String {
        let Self { running, file } = self;
        running.stop().expect("strace, still running");
        std::fs::read_to_string(file.path()).expect("a trace")
    }
}

/// What calls of the trace moved, in bytes.
pub(crate) fn traffic(trace: &str) -> u64 {
    let moves = trace
        .lines()
        .filter(|line| !line.contains("mmap") && !line.contains("memfd_create"));
    let moved = moves.filter_map(|line| {
        let (_, result) = line.rsplit_once(" = ")?;
        result.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    moved.sum()
}

/// Files that were mapped to be shared, other than the device's memory, which software draws in as a GPU would.
pub(crate) fn shared(trace: &str) -> Vec<&str> {
    let calls = trace.lines().filter(|line| {
        line.contains("memfd_create(") || line.contains("MAP_SHARED") && !line.contains("MAP_ANONYMOUS")
    });
    calls.filter(|line| !line.contains(DISPLAY_NODE)).collect()
}
