//! A root that others can change: nothing in it is run, nothing is written to it, and the reason is named.

use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use ktx_runtime::{Environment, Error, InstallMode, Interrupt, Runtime};

use crate::managed_uv::bare;
use crate::sandbox::{Sandbox, VERSION, core};

/// A user and a group that is not the tests' own.
const SOMEBODY: u32 = 12345;

fn with_root(sandbox: &Sandbox, root: &Path) -> Runtime {
    let variables = sandbox.variables().clone().into_iter();
    let named = ("KTX_RUNTIME_ROOT".into(), root.to_owned().into_os_string());
    let environment = Environment::of_variables(variables.chain([named]));
    Runtime::new(environment, VERSION, Interrupt::new()).expect("a root")
}

fn folder(path: PathBuf, mode: u32, user: u32, group: u32) -> PathBuf {
    fs_err::create_dir_all(&path).expect("a folder");
    chown(&path, Some(user), Some(group)).expect("the tests run as root");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    path
}

fn link(path: PathBuf, target: &Path, owner: u32) -> PathBuf {
    symlink(target, &path).expect("a link");
    lchown(&path, Some(owner), None).expect("the tests run as root");
    path
}

#[track_caller]
fn check(sandbox: &Sandbox, root: &Path, reason: Option<&str>) {
    let before = fs_err::read_dir(root).map_or(0, Iterator::count);
    let error = with_root(sandbox, root)
        .install(&core(InstallMode::IfNeeded))
        .err();
    let shown = root.display();
    match (&error, reason) {
        (None, None) => {}
        (Some(Error::RootUntrusted { reason: found, .. }), Some(reason)) => {
            assert!(found.contains(reason), "{shown}: {found}");
            let after = fs_err::read_dir(root).map_or(0, Iterator::count);
            assert_eq!(after, before, "{shown}: something was written to it");
        }
        (error, reason) => panic!("{shown}: {error:?}, not {reason:?}"),
    }
}

#[test]
fn a_root_that_others_can_change_is_refused_and_one_of_our_own_is_not() {
    let sandbox = Sandbox::with_sample();
    let at = |name: &str| sandbox.path().join(name);
    for (name, mode, user, group, reason) in [
        ("own", 0o755, 0, 0, None),
        ("own/group", 0o775, 0, 0, None),
        ("own/readers", 0o755, 0, SOMEBODY, None),
        (
            "own/writers",
            0o775,
            0,
            SOMEBODY,
            Some("group 12345 can write to"),
        ),
        ("open", 0o777, 0, 0, Some("every user can write to")),
        ("sticky", 0o1777, 0, 0, Some("every user can write to")),
        (
            "planted",
            0o755,
            SOMEBODY,
            SOMEBODY,
            Some("belongs to user 12345"),
        ),
        ("planted/below", 0o755, 0, 0, Some("belongs to user 12345")),
        ("own/writers/below", 0o755, 0, 0, Some("group 12345 can write to")),
        ("sticky/below", 0o755, 0, 0, None),
    ] {
        check(&sandbox, &folder(at(name), mode, user, group), reason);
    }
    let root = folder(at("repaired"), 0o755, 0, 0);
    folder(root.join(VERSION).join(".venv"), 0o755, SOMEBODY, 0);
    check(&sandbox, &root, Some(".venv` belongs to user 12345"));
    check(&sandbox, &at("planted/not/there"), Some("belongs to user 12345"));
    check(&sandbox, &at("own/not/there"), None);
}

#[test]
fn every_folder_and_link_on_the_way_to_a_root_counts() {
    let sandbox = Sandbox::with_sample();
    let at = |name: &str| sandbox.path().join(name);
    let home = folder(at("home"), 0o755, 0, 0);
    let planted = folder(at("planted"), 0o755, SOMEBODY, SOMEBODY);
    let shared = folder(at("shared"), 0o1777, 0, 0);
    check(&sandbox, &link(at("own-link"), &home, 0), None);
    let of_somebody = "belongs to user 12345";
    let theirs = link(shared.join("theirs"), &home, SOMEBODY);
    check(&sandbox, &theirs, Some(of_somebody));
    check(&sandbox, &theirs.join("not/there"), Some(of_somebody));
    let inside = link(planted.join("inside"), &home, 0);
    check(&sandbox, &inside, Some(of_somebody));
    check(&sandbox, &link(at("to-a-link"), &inside, 0), Some(of_somebody));
    let up = link(at("up"), Path::new("planted/../home"), 0);
    check(&sandbox, &up, Some(of_somebody));
    check(
        &sandbox,
        &link(at("circle"), &at("circle"), 0),
        Some("leads in a circle"),
    );
}

/// A script in uv's place in the root would be run to say which version it is.
#[test]
fn a_planted_uv_is_not_run() {
    let sandbox = bare(b"no wheel");
    let root = sandbox.path().join("planted");
    let program = root.join("uv/9.9.9/uv");
    let witness = sandbox.path().join("it-was-run");
    fs_err::create_dir_all(root.join("uv/9.9.9")).expect("a folder");
    fs_err::write(&program, format!("#!/bin/sh\ntouch '{}'\n", witness.display())).expect("written");
    fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let runtime = with_root(&sandbox, &root);
    for (of_root, of_version, is_run) in [(SOMEBODY, 0, false), (0, SOMEBODY, false), (0, 0, true)] {
        folder(root.clone(), 0o755, of_root, 0);
        folder(root.join("uv/9.9.9"), 0o755, of_version, 0);
        let _ = runtime.lacking();
        let _ = runtime.install(&core(InstallMode::IfNeeded));
        assert_eq!(witness.exists(), is_run, "owners {of_root}, {of_version}");
    }
}
