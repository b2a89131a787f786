//! What a process and all its descendants have computed, by /proc.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// A process's parent, and its user and system time so far.
struct Stat {
    parent: u32,
    time: Duration,
}

/// The time of `root` and of every process that it or its descendants started.
pub(crate) fn time(root: u32) -> Duration {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let stats: HashMap<u32, Stat> = numbers.filter_map(|process| Some((process, Stat::of(process)?))).collect();
    assert!(stats.contains_key(&root), "{root} has ended");
    let belongs = |mut process: u32| {
        while process != root {
            match stats.get(&process) {
                Some(stat) => process = stat.parent,
                None => return false,
            }
        }
        true
    };
    stats.iter().filter(|(process, _)| belongs(**process)).map(|(_, stat)| stat.time).sum()
}

// === impl Stat ===

impl Stat {
    /// None where the process has ended meanwhile.
    fn of(process: u32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name before these may hold anything: state, parent, …
        let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
        // USER_HZ is 100 on Linux.
        Some(Self { parent: fields[1].parse().ok()?, time: Duration::from_millis(ticks * 10) })
    }
}
