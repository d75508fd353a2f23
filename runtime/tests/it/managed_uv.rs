//! The uv that ktx downloads for itself: only when the user agrees, only the pinned bytes, only the program.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ktx_fixtures::bundle_inputs::{UV_FILE as FILE, uv_wheel};
use ktx_fixtures::sample_assets::hex;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_manifest::Platform;
use ktx_runtime::{Consent, Error, InstallMode, Runtime};

use crate::sandbox::{Sandbox, core, tools};

/// A wheel of uv whose program is a script around the real one.
fn wheel() -> Vec<u8> {
    uv_wheel(&tools::uv())
}

/// A machine without uv whose package pins `pinned`.
pub fn bare(pinned: &[u8]) -> Sandbox {
    let sandbox = Sandbox::with_sample().unset("KTX_UV").unset("UV_DEFAULT_INDEX");
    let entry = serde_json::json!({"file": FILE, "bytes": pinned.len(), "sha256": hex(pinned)});
    let wheels: serde_json::Map<String, serde_json::Value> = Platform::ALL
        .map(|platform| (platform.as_str().to_owned(), entry.clone()))
        .into_iter()
        .collect();
    let pin = serde_json::json!({"schemaVersion": 1, "version": "9.9.9", "wheels": wheels});
    fs_err::write(sandbox.path().join("uv.json"), pin.to_string()).expect("written");
    sandbox
}

fn links(sandbox: &Sandbox, bytes: &[u8]) -> PathBuf {
    let links = sandbox.path().join("links");
    fs_err::create_dir_all(&links).expect("a folder");
    fs_err::write(links.join(FILE), bytes).expect("written");
    links
}

/// The runtime with a user who gives this answer, and the questions that were asked.
fn asked(sandbox: &Sandbox, consent: Consent) -> (Runtime, Arc<Mutex<Vec<String>>>) {
    let questions = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&questions);
    let runtime = sandbox.runtime().asking_for_uv(move |question| {
        heard.lock().expect("a lock").push(question.to_owned());
        consent
    });
    (runtime, questions)
}

#[test]
fn without_consent_nothing_is_downloaded_and_the_error_says_what_to_do() {
    for consent in [Consent::Declined, Consent::Cancelled] {
        let sandbox = bare(&wheel());
        let links = links(&sandbox, &wheel());
        let sandbox = sandbox.set("UV_FIND_LINKS", links);
        let (runtime, questions) = asked(&sandbox, consent);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("there is no uv");
        assert!(matches!(error, Error::UvMissing));
        assert_eq!(error.to_string(), ktx_runtime::UV_REQUIRED);
        let hint = error.hint().expect("a hint");
        assert!(
            hint.contains("install uv (") && hint.ends_with("ktx runtime install --yes --with-uv"),
            "{hint}"
        );
        let questions = questions.lock().expect("a lock").clone();
        assert_eq!(questions.len(), 1, "asked once");
        let folder = sandbox.root().join("uv/9.9.9/uv");
        for told in ["uv 9.9.9", "KiB", &*folder.to_string_lossy()] {
            assert!(questions[0].contains(told), "{told}: {questions:?}");
        }
        assert!(!sandbox.root().join("uv").exists());
        // Somebody who hands in nobody to ask has not agreed either.
        let error = sandbox
            .runtime()
            .install(&core(InstallMode::IfNeeded))
            .expect_err("no uv");
        assert!(matches!(error, Error::UvMissing));
    }
}

#[test]
fn with_consent_the_program_alone_is_taken_and_used_from_then_on() {
    let sandbox = bare(&wheel());
    let links = links(&sandbox, &wheel());
    let sandbox = sandbox.set("UV_FIND_LINKS", &links).set("UV_OFFLINE", "1");
    let (runtime, questions) = asked(&sandbox, Consent::Given);
    runtime
        .install(&core(InstallMode::IfNeeded))
        .expect("it installs");
    let folder = sandbox.root().join("uv/9.9.9");
    let names: Vec<_> = fs_err::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["uv"]);
    fs_err::remove_file(links.join(FILE)).expect("removed");
    runtime
        .install(&core(InstallMode::Always))
        .expect("it installs with what is there");
    assert_eq!(questions.lock().expect("a lock").len(), 1);
    let doctor = sandbox.runtime().doctor().expect("a report");
    assert!(doctor.is_healthy(), "{doctor:?}");
    let fact = doctor
        .diagnostics
        .iter()
        .find(|fact| fact.id == "uv-path")
        .expect("the fact");
    assert_eq!(fact.detail, folder.join("uv").display().to_string());

    let older = sandbox.root().join("uv/9.9.8");
    fs_err::create_dir(&older).expect("a folder");
    fs_err::write(older.join("uv"), "").expect("written");
    fs_err::create_dir(sandbox.root().join("uv/notes")).expect("a folder of somebody's");
    let plan = runtime.plan_prune();
    let paths: Vec<_> = plan.stale.iter().map(|stale| stale.path.clone()).collect();
    assert_eq!(paths, std::slice::from_ref(&older));
    runtime.prune(plan).expect("no signal");
    assert!(!older.exists() && folder.exists() && sandbox.root().join("uv/notes").exists());
}

#[test]
fn other_bytes_than_the_pinned_ones_are_never_opened() {
    let good = wheel();
    let mut changed = good.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for served in [
        &changed[..],
        &good[..good.len() - 1],
        &[&good[..], b"\0"].concat(),
        b"",
    ] {
        let sandbox = bare(&good);
        let links = links(&sandbox, served);
        let sandbox = sandbox.set("UV_FIND_LINKS", links);
        let (runtime, _) = asked(&sandbox, Consent::Given);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("other bytes");
        assert!(matches!(error, Error::UvDownload { .. }), "{error}");
        assert!(error.to_string().contains(FILE), "{error}");
        assert!(!sandbox.root().join("uv").exists());
    }
    // Pinned, and still no wheel of uv.
    for pinned in [b"not a zip".to_vec(), SampleWheel::new("9.9.9").to_bytes()] {
        let sandbox = bare(&pinned);
        let links = links(&sandbox, &pinned);
        let sandbox = sandbox.set("UV_FIND_LINKS", links);
        let (runtime, _) = asked(&sandbox, Consent::Given);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("it holds no uv");
        assert!(matches!(error, Error::UvDownload { .. }), "{error}");
        assert!(!sandbox.root().join("uv").exists());
    }
}

/// An index with uv's page and wheel for those who know the credentials; its port, and the paths that were asked for.
fn index(page: String, known: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let lines: Vec<String> = BufReader::new(stream.try_clone().expect("a clone"))
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = lines[0].split(' ').nth(1).expect("a path").to_owned();
            let is_known = lines
                .iter()
                .any(|line| line.eq_ignore_ascii_case(&format!("authorization: {known}")));
            let (status, body) = match &*path {
                _ if !is_known => ("401 Unauthorized", Vec::new()),
                "/simple/uv/" => ("200 OK", page.clone().into_bytes()),
                path if path == format!("/files/{FILE}") => ("200 OK", wheel()),
                _ => ("404 Not Found", Vec::new()),
            };
            heard.lock().expect("a lock").push(path);
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream
                .write_all(&[head.as_bytes(), &body].concat())
                .expect("sent");
        }
    });
    (port, requests)
}

fn without_proxy(sandbox: Sandbox) -> Sandbox {
    let names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().fold(sandbox, |sandbox, name| sandbox.unset(name))
}

/// uv and pip know credentials from netrc, too.
#[test]
fn credentials_of_the_index_are_found_in_netrc() {
    let page = format!("<!DOCTYPE html><a href=\"../../files/{FILE}#sha256=00\">{FILE}</a>");
    // ada:secret
    let (port, requests) = index(page, "Basic YWRhOnNlY3JldA==");
    for (place, variable) in [("home/.netrc", None), ("credentials", Some("NETRC"))] {
        let sandbox =
            without_proxy(bare(&wheel())).set("UV_DEFAULT_INDEX", format!("http://127.0.0.1:{port}/simple"));
        let netrc = sandbox.path().join(place);
        let sandbox = match variable {
            Some(variable) => sandbox.set(variable, &netrc),
            None => sandbox,
        };
        let (runtime, _) = asked(&sandbox, Consent::Given);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("no credentials");
        assert!(matches!(error, Error::UvDownload { .. }), "{error}");
        fs_err::write(&netrc, "machine 127.0.0.1 login ada password secret\n").expect("written");
        runtime
            .install(&core(InstallMode::IfNeeded))
            .expect("it installs");
    }
    assert!(requests.lock().expect("a lock").len() > 4);
}

/// An index that asks for a password, and a page in either of the two forms.
#[test]
fn the_users_index_is_asked_with_the_users_credentials() {
    for page in [
        format!("<!DOCTYPE html><a href=\"../../files/{FILE}#sha256=00\">{FILE}</a>"),
        format!(
            "{{\"meta\": {{}}, \"files\": [{{\"filename\": \"{FILE}\", \"url\": \"/files/{FILE}\", \"hashes\": {{}}}}]}}"
        ),
    ] {
        let (port, requests) = index(page, "Basic YWRhOnAgdw==");
        let sandbox = without_proxy(bare(&wheel()));
        let refused = sandbox.set(
            "UV_DEFAULT_INDEX",
            format!("http://ada:hunter22@127.0.0.1:{port}/simple"),
        );
        let (runtime, _) = asked(&refused, Consent::Given);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("a wrong password");
        assert!(matches!(error, Error::UvDownload { .. }), "{error}");
        assert!(!error.to_string().contains("hunter22"), "{error}");
        let sandbox = refused.set(
            "UV_DEFAULT_INDEX",
            format!("http://ada:p%20w@127.0.0.1:{port}/simple"),
        );
        let (runtime, _) = asked(&sandbox, Consent::Given);
        runtime
            .install(&core(InstallMode::IfNeeded))
            .expect("it installs");
        let requests = requests.lock().expect("a lock").clone();
        assert_eq!(
            requests[requests.len() - 2..],
            ["/simple/uv/".to_owned(), format!("/files/{FILE}")]
        );
    }
}

/// What a machine without any setting for packages knows is what the package was stamped with.
#[test]
fn without_an_index_of_the_user_the_default_of_the_package_is_asked() {
    let sandbox = [
        "UV_INDEX_URL",
        "PIP_INDEX_URL",
        "PIP_FIND_LINKS",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ]
    .iter()
    .fold(bare(&wheel()), |sandbox, name| sandbox.unset(name))
    .set("PIP_CONFIG_FILE", "/dev/null");
    let install = || {
        let (runtime, _) = asked(&sandbox, Consent::Given);
        let error = runtime
            .install(&core(InstallMode::IfNeeded))
            .expect_err("nobody serves it");
        assert!(matches!(error, Error::UvDownload { .. }), "{error}");
        error.to_string()
    };
    let unknown = install();
    assert!(unknown.contains("UV_DEFAULT_INDEX"), "{unknown}");

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let connected = std::thread::spawn(move || listener.accept().is_ok());
    let path = sandbox.path().join("uv.json");
    let mut pin: serde_json::Value =
        serde_json::from_slice(&fs_err::read(&path).expect("the pin")).expect("JSON");
    pin["defaultIndex"] = format!("https://{address}/simple").into();
    fs_err::write(&path, pin.to_string()).expect("written");
    let failed = install();
    assert!(failed.contains("127.0.0.1: "), "{failed}");
    assert!(connected.join().expect("it accepts"));
}
