//! The memory of a server and its sessions.

use std::{collections::BTreeMap, fs};

/// Resident memory, in KiB, of processes by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory(BTreeMap<u32, u64>);

impl Memory {
    /// The sum, in KiB.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many processes there are.
    pub fn processes(&self) -> usize {
        self.0.len()
    }

    /// Whether this is at most a tenth more than `before`.
    pub fn is_as_before(&self, before: &Self) -> bool {
        self.total() * 10 <= before.total() * 11
    }
}

/// The resident memory of a process and all that descend from it. Those that end meanwhile are left out.
pub fn resident(root: u32) -> Memory {
    let parents = parents();
    let descends = |&process: &u32| {
        let mut ancestors = std::iter::successors(Some(process), |process| parents.get(process).copied());
        // A process may be born under the number of one that went while we read.
        ancestors
            .by_ref()
            .take(parents.len())
            .any(|ancestor| ancestor == root)
    };
    let family = parents.keys().copied().filter(descends);
    Memory(
        family
            .filter_map(|process| Some((process, resident_of(process)?)))
            .collect(),
    )
}

/// The parent of each process.
fn parents() -> BTreeMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((process, field(process, "PPid:")?.try_into().ok()?))
        })
        .collect()
}

fn resident_of(process: u32) -> Option<u64> {
    field(process, "VmRSS:")
}

/// A number in a process's status; kernel threads and the dead have no memory there.
fn field(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{process::Command, time::Duration};

    use crate::process::Running;

    use super::*;

    #[test]
    fn children_of_children_count() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sh -c 'sleep 600 & echo; wait' & wait"]);
        let mut running = Running::start(shell).unwrap();
        let ready = |out: &str| out.ends_with('\n').then_some(());
        running.wait_for(Duration::from_secs(10), ready).unwrap();
        let memory = resident(running.id());
        assert_eq!(memory.processes(), 3, "{memory:?}");
        assert!(memory.total() > 0);
    }

    #[test]
    fn a_tenth_more_is_as_before() {
        let before = Memory([(1, 600), (2, 400)].into());
        assert!(Memory([(1, 1100)].into()).is_as_before(&before));
        assert!(!Memory([(1, 1101)].into()).is_as_before(&before));
    }
}
