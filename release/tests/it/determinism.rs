//! The same sources give the same bytes, whatever the folder, the file times, the modes and the order of the
//! directory; what depends on the process (umask, time zone, locale) is tried with the built commands.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use fs_err as fs;
use ktx_release::Interrupt;
use ktx_release::wheel::WheelPlan;
use walkdir::WalkDir;

use crate::sources::{Sources, VERSION};

/// The same sources again, written in another order, with other times and modes.
fn elsewhere(sources: &Sources) -> Sources {
    let other = Sources::new();
    for folder in ["python", "npm"] {
        other.remove(folder);
    }
    let files = WalkDir::new(sources.root()).sort_by(|a, b| b.file_name().cmp(a.file_name()));
    for (age, entry) in files
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .enumerate()
    {
        let below = entry
            .path()
            .strip_prefix(sources.root())
            .expect("it is below")
            .to_string_lossy()
            .into_owned();
        other.write(&below, fs::read(entry.path()).expect("it can be read"));
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + 86_400 * age as u64);
        let file = fs::OpenOptions::new()
            .write(true)
            .open(other.path(&below))
            .expect("it can be opened");
        file.file().set_modified(time).expect("its time can be set");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = PermissionsExt::from_mode(if age % 2 == 0 { 0o600 } else { 0o777 });
            fs::set_permissions(other.path(&below), mode).expect("its mode can be set");
        }
    }
    other
}

#[test]
fn wheel_package_and_tarball_are_the_same_bytes_from_anywhere() {
    let here = Sources::new();
    let there = elsewhere(&here);
    let tarballs = [&here, &there].map(|sources| {
        let plan = sources.plan_package().expect("the sources are sound");
        let staged = plan.stage(&sources.path("dist/package"), &Interrupt::new());
        staged.expect("it can be staged");
        sources.pack_plan(&plan)
    });
    let wheel = "dist/artifacts/python/kaelio_ktx-1.2.3-py3-none-any.whl";
    let bytes = |sources: &Sources, path: &str| fs::read(sources.path(path)).expect("it was built");
    assert_eq!(bytes(&here, wheel), bytes(&there, wheel));
    let [first, second] = tarballs.map(|path| fs::read(path).expect("it was packed"));
    assert_eq!(first, second);
    let tree = |sources: &Sources| {
        let package = sources.path("dist/package");
        let walk = WalkDir::new(&package)
            .sort_by_file_name()
            .into_iter()
            .map(|entry| entry.expect("readable"));
        walk.map(|entry| {
            let path = entry
                .path()
                .strip_prefix(&package)
                .expect("it is below")
                .to_owned();
            let content = entry
                .file_type()
                .is_file()
                .then(|| fs::read(entry.path()).expect("readable"));
            (path, mode(&entry), content)
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(tree(&here), tree(&there));
}

#[cfg(unix)]
fn mode(entry: &walkdir::DirEntry) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    entry.metadata().expect("it is there").permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_entry: &walkdir::DirEntry) -> u32 {
    0
}

#[test]
fn a_change_of_the_sources_changes_the_bytes() {
    let here = Sources::new();
    let before = here.build_wheel().content;
    here.write("python/ktx_daemon/__main__.py", "def main() -> None: pass\n");
    assert_ne!(here.build_wheel().content, before);
}

#[test]
fn the_epoch_is_the_time_of_every_entry() {
    let sources = Sources::new();
    let build = |epoch: Option<&str>| {
        let epoch = epoch.map(|epoch| epoch.parse().expect("a well-formed epoch"));
        let project = sources.project().expect("the project is sound");
        let plan = WheelPlan::new(&project, &VERSION, epoch).expect("the sources are sound");
        let wheel = plan.build(&Interrupt::new()).expect("it can be built");
        let mut archive = zip::ZipArchive::new(Cursor::new(wheel.bytes)).expect("a zip archive");
        let times: std::collections::BTreeSet<String> = (0..archive.len())
            .map(|index| {
                archive
                    .by_index(index)
                    .expect("an entry")
                    .last_modified()
                    .expect("a time")
                    .to_string()
            })
            .collect();
        times.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(build(None), ["1980-01-01 00:00:00"]);
    assert_eq!(build(Some("1700000000")), ["2023-11-14 22:13:20"]);
    assert_eq!(build(Some("0")), ["1980-01-01 00:00:00"]);
}
