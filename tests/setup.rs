//! `scripts/setup.sh` in a world of stubs: what it asks for, how it gets it, and when it gives up.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What the script itself runs; all else that it may find is a stub.
const TOOLS: &[&str] =
    &["bash", "cat", "chmod", "cut", "dirname", "env", "head", "rm", "sed", "sort", "tee", "touch", "true", "xargs"];
const A_USER: &str = "echo 1000";
const RECENT_CARGO: &str = "echo 'cargo 1.99.0 (0123456789 2030-01-01)'";

/// A folder that stands for the whole PATH.
struct World(tempfile::TempDir);

// === impl World ===

impl World {
    /// A user without sudo, with a toolchain and everything that a build needs.
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        for tool in TOOLS {
            let found =
                ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(tool)).find(|path| path.exists());
            symlink(found.expect(tool), world.0.path().join(tool)).unwrap();
        }
        world.stub("id", A_USER).stub("cargo", RECENT_CARGO).stub("c++", "").stub("cmake", "").stub("make", "");
        // Logs its arguments, and brings cmake.
        world.stub("apt-get", r#"here=${0%/*}; echo "$@" >>"$here/log"; case "$*" in *install*) touch "$here/cmake"; chmod +x "$here/cmake" ;; esac"#);
        world
    }

    fn stub(&self, name: &str, script: &str) -> &Self {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn without(&self, name: &str) -> &Self {
        fs::remove_file(self.0.path().join(name)).unwrap();
        self
    }

    /// Passes apt-get on; whatever else is to be done as root goes nowhere.
    fn with_sudo(&self) -> &Self {
        self.stub("sudo", r#"if [ "$1" = env ]; then exec "$@"; fi"#)
    }

    fn setup(&self) -> Output {
        self.setup_for("build")
    }

    fn setup_for(&self, purpose: &str) -> Output {
        Command::new("scripts/setup.sh").arg(purpose).env("PATH", self.0.path()).stdin(Stdio::null()).output().unwrap()
    }

    /// What apt-get was told, one call a line.
    fn apt_calls(&self) -> Vec<String> {
        let log = fs::read_to_string(self.0.path().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn nothing_missing_installs_nothing() {
    let world = World::new();
    let output = world.setup();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(world.apt_calls(), [""; 0]);
}

#[test]
fn sudo_installs_just_what_is_missing() {
    let world = World::new();
    world.without("cmake").with_sudo();
    let output = world.setup();
    assert!(output.status.success(), "{}", stderr(&output));
    let [call] = &world.apt_calls()[..] else { panic!("{:?}", world.apt_calls()) };
    assert!(call.ends_with("install -y --no-install-recommends cmake"), "{call}");
}

#[test]
fn stale_package_lists_are_brought_up_to_date() {
    let world = World::new();
    world.without("cmake").with_sudo();
    world.stub(
        "apt-get",
        r#"here=${0%/*}; echo "${@: -1}" >>"$here/log"
        [ "${@: -1}" != update ] || touch "$here/lists"
        [ -e "$here/lists" ] || exit 100
        touch "$here/cmake"; chmod +x "$here/cmake""#,
    );
    let output = world.setup();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(world.apt_calls(), ["cmake", "update", "cmake"]);
}

#[test]
fn a_user_who_may_not_install_is_told_what_to_install() {
    let world = World::new();
    world.without("cmake").without("c++");
    let output = world.setup();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("apt-get install -y g++ cmake"), "{}", stderr(&output));
    assert_eq!(world.apt_calls(), [""; 0]);
}

#[test]
fn the_comparison_wants_what_it_compares_with_and_nothing_else() {
    let world = World::new();
    let output = world.stub("nginx", "").setup_for("bench");
    assert!(!output.status.success());
    assert!(stderr(&output).trim_end().ends_with("apt-get install -y python3 python3-venv"), "{}", stderr(&output));
}

#[test]
fn another_distribution_is_told_the_names() {
    let world = World::new();
    world.without("make").without("apt-get");
    let output = world.setup();
    assert!(!output.status.success());
    assert!(stderr(&output).contains("make"), "{}", stderr(&output));
}

#[test]
fn a_missing_or_old_toolchain_is_named() {
    let world = World::new();
    world.stub("cargo", "echo 'cargo 1.70.0 (0123456789 2023-06-01)'");
    let old = world.setup();
    assert!(!old.status.success());
    assert!(stderr(&old).contains("Rust 1.70.0 is too old"), "{}", stderr(&old));

    let missing = world.without("cargo").setup();
    assert!(!missing.status.success());
    assert!(stderr(&missing).contains("rustup.rs"), "{}", stderr(&missing));
}
