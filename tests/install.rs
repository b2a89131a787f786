//! `make install` and `make uninstall` into a folder: what lands where, and what stays.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const MODEL: &str = "usr/share/pointsman/models/all-MiniLM-L6-v2/tokenizer.json";
const UNIT: &str = "usr/lib/systemd/system/pointsman.service";
const CONFIG: &str = "etc/pointsman/config.yaml";

fn make(target: &str, root: &Path) {
    let output = Command::new("make")
        .args([target, "PREFIX=/usr", concat!("BINARY=", env!("CARGO_BIN_EXE_pointsman"))])
        .arg(format!("DESTDIR={}", root.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn everything_lands_in_its_place() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    make("install", root);

    let mode = |path: &str| fs::metadata(root.join(path)).expect(path).permissions().mode() & 0o777;
    assert_eq!(mode("usr/bin/pointsman"), 0o755);
    assert_eq!(mode(MODEL), 0o644);
    assert_eq!(mode(CONFIG), 0o644);
    assert!(!root.join("usr/share/pointsman/models/convert.py").exists(), "the model's maker is no part of it");
    let unit = fs::read_to_string(root.join(UNIT)).unwrap();
    assert!(unit.contains("ExecStart=/usr/bin/pointsman serve --config /etc/pointsman/config.yaml"), "{unit}");
    assert!(!unit.contains("/usr/local/bin"), "{unit}");
}

#[test]
fn the_installed_program_accepts_the_installed_config() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    make("install", root);

    // From elsewhere, so that the models beside the program are the only ones.
    let output = Command::new(root.join("usr/bin/pointsman"))
        .args(["check", "--config", CONFIG])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_users_config_outlives_installing_again_and_uninstalling() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    make("install", root);
    fs::write(root.join(CONFIG), "mine").unwrap();
    make("install", root);
    make("uninstall", root);

    assert_eq!(fs::read_to_string(root.join(CONFIG)).unwrap(), "mine");
    for gone in ["usr/bin/pointsman", "usr/share/pointsman", UNIT] {
        assert!(!root.join(gone).exists(), "{gone}");
    }
}
