//! Releasing: a dry run beside a registry on this machine, a registry with a long history, the comparison of two large
//! packages.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ktx_inspect::{Package, compare as changes};
use ktx_names::NPM_PACKAGE;
use ktx_release::package::PackageContents;
use ktx_release::{Interrupt, tarball};
use serde_json::json;

use super::SpeedComparison;
use super::measure::{Contestant, Taken, compare};
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::session::Session;

const ROUNDS: usize = 7;

/// What the registry with a long history has, in versions and in bytes for each.
const VERSIONS: u64 = 5_000;
const DESCRIPTION: usize = 3_700;

/// The artifacts are those in `dist/`; the large packages have this program in them, which unoptimised makes about 22 MB.
pub fn measure(session: &Session<'_>) -> Result<Vec<SpeedComparison>> {
    let artifacts = session.dist()?.join("artifacts");
    if !artifacts.exists() {
        return Err(
            Failure::new(Exit::Prerequisite, "there are no artifacts to publish")
                .hint("cargo xtask build")
                .into(),
        );
    }
    let (few, many) = (serve(packument(2))?, serve(packument(VERSIONS))?);
    let xtask = Utf8PathBuf::try_from(std::env::current_exe()?)?;
    let root = session.root()?;
    let plan = |name, registry| {
        let xtask = &xtask;
        let publish = move || {
            let mut publish = Command::new(xtask);
            publish.args(["publish", "--tag", "next", "--registry", registry]);
            // The release pages are somewhere else, and not what is measured.
            publish.env("GITHUB_API_URL", "http://127.0.0.1:9");
            publish.current_dir(root);
            Ok(publish)
        };
        // Closed gates are shown by the same work.
        Contestant::new(name, publish).refusing()
    };
    let plans = &mut [
        plan("xtask publish", few.as_str()),
        plan("the same, 5,000 versions in 20 MB", many.as_str()),
    ];
    Ok(vec![
        SpeedComparison::new(
            "publish, dry run",
            "500 ms; 300 ms more and 60 MiB for 20 MB",
            compare(plans, ROUNDS)?,
        )?,
        SpeedComparison::new("diff", "1,000 ms", vec![diff(&xtask)?])?,
    ])
}

/// Two packages that differ in a byte of their program, read and compared.
fn diff(program: &Utf8Path) -> Result<Taken> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let program = fs::read(program)?;
    let before = packed(scratch, "before", &program)?;
    let after = packed(scratch, "after", &[&program[..], b"\n"].concat())?;
    let size = before.len() as f64 / 1e6;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        interrupt::check()?;
        let started = Instant::now();
        let (one, other) = thread::scope(|scope| {
            let other = scope.spawn(|| Package::read(&after));
            (Package::read(&before), other.join())
        });
        let other = other.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let found = changes(&one?, &other?);
        anyhow::ensure!(found.package.changed.len() == 1, "the packages differ otherwise");
        times.push(started.elapsed());
    }
    times.sort();
    Ok(Taken {
        name: format!("two packages of {size:.0} MB"),
        milliseconds: times[ROUNDS / 2].as_secs_f64() * 1000.0,
        peak_mib: None,
    })
}

/// The bytes of a package with this program in it.
fn packed(scratch: &Utf8Path, name: &str, program: &[u8]) -> Result<Vec<u8>> {
    let tree = scratch.join(name);
    fs::create_dir(&tree)?;
    let description = json!({"name": NPM_PACKAGE, "version": "1.0.0"});
    fs::write(tree.join("package.json"), description.to_string())?;
    fs::write(tree.join("program"), program)?;
    let path = scratch.join(format!("{name}.tgz"));
    let contents = PackageContents::read(tree.as_std_path())?;
    tarball::pack(&contents, path.as_std_path(), &Interrupt::new())?;
    Ok(fs::read(path)?)
}

/// A description of the package with as many versions.
fn packument(count: u64) -> String {
    let numbers = (0..count).map(|number| format!("0.0.{number}"));
    let versions = numbers.map(|version| {
        let described = json!({
            "name": NPM_PACKAGE,
            "version": version,
            "description": "x".repeat(DESCRIPTION),
            "dist": {"tarball": format!("{version}.tgz"), "integrity": "sha512-AAAA"},
        });
        (version, described)
    });
    let last = format!("0.0.{}", count - 1);
    let versions: serde_json::Map<String, serde_json::Value> = versions.collect();
    let time: serde_json::Map<String, serde_json::Value> = versions
        .keys()
        .map(|version| (version.clone(), json!("2031-01-01T00:00:00.000Z")))
        .collect();
    let tags = json!({"latest": last, "next": last});
    json!({"name": NPM_PACKAGE, "dist-tags": tags, "versions": versions, "time": time}).to_string()
}

/// A registry that gives this answer to everything, as long as the process runs.
fn serve(answer: String) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || answer_requests(&listener, |_| Some(answer.as_bytes())));
    Ok(url)
}

/// Answers each request by its path; without an answer the registry does not have it.
pub fn answer_requests<'a>(listener: &TcpListener, answer: impl Fn(&str) -> Option<&'a [u8]>) {
    for mut stream in listener.incoming().flatten() {
        // A request without a body is one read; a client that has gone needs no answer.
        let mut request = [0; 8192];
        let length = stream.read(&mut request).unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..length]);
        let found = request.split(' ').nth(1).and_then(&answer);
        let (status, body) = found.map_or(("404 Not Found", &b"{\"error\": \"none\"}"[..]), |body| {
            ("200 OK", body)
        });
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
    }
}
