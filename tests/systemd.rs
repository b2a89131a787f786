//! The unit file is sound and its sandbox tight, as systemd itself judges; skipped where systemd-analyze is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const UNIT: &str = "systemd/pointsman.service";
/// systemd's exposure level, from 0 (none) to 10.
const EXPOSURE_LIMIT: f64 = 2.5;

#[test]
fn exposure_is_below_the_limit() {
    let Some(output) = systemd_analyze(&["security", "--offline=true", "--no-pager", UNIT]) else {
        return;
    };
    let report = String::from_utf8(output.stdout).unwrap();
    let last = report.lines().last().expect("a report");
    let (_, level) = last.split_once("pointsman.service: ").expect(last);
    let exposure: f64 = level.split(' ').next().unwrap().parse().expect(last);
    assert!(exposure < EXPOSURE_LIMIT, "{report}");
}

#[test]
fn the_installed_unit_verifies_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let unit = installed_unit(folder.path());
    let Some(output) = systemd_analyze(&["verify", "--man=no", unit.to_str().unwrap()]) else {
        return;
    };
    // Complaints about this machine's other units name those; what matters is what is said of ours.
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(!complaints.contains("pointsman"), "{complaints}");
    assert!(output.status.success(), "{complaints}");
}

#[test]
fn the_stop_outlasts_the_default_grace() {
    let unit = std::fs::read_to_string(UNIT).unwrap();
    let timeout = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).expect("a TimeoutStopSec");
    let grace = pointsman::config::file::Shutdown::default().grace.0.as_secs();
    assert!(timeout.parse::<u64>().unwrap() > grace);
}

/// The unit as it would be after an installation, with the program that was built for this test.
fn installed_unit(folder: &Path) -> PathBuf {
    let unit = std::fs::read_to_string(UNIT).unwrap();
    assert!(unit.contains("/usr/local/bin/pointsman"), "nothing to put another program in place of");
    let path = folder.join("pointsman.service");
    std::fs::write(&path, unit.replace("/usr/local/bin/pointsman", env!("CARGO_BIN_EXE_pointsman"))).unwrap();
    path
}

fn systemd_analyze(arguments: &[&str]) -> Option<Output> {
    let output = Command::new("systemd-analyze").args(arguments).output();
    if output.is_err() {
        eprintln!("skipped: systemd-analyze is not there (Debian's package systemd)");
    }
    output.ok()
}
