//! Ctrl-C while a publication waits for the registry: the receipt stays, and a person is told how to go on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use ktx_fixtures::registry_proxy::{Answer, Fault, Proxy};

use crate::program::process;
use crate::releasing::handed_over;
use crate::support::LocalRegistry;

#[test]
fn ctrl_c_while_the_registry_lags_leaves_a_receipt_and_says_how_to_go_on() {
    let registry = LocalRegistry::start();
    let proxy = Proxy::before(
        registry.port(),
        &[Fault::after_write(1..=u32::MAX, Answer::Status(404))],
    );
    let (release, artifacts) = handed_over(&registry);
    release.append_to_npmrc(&registry.credentials(&proxy.url()));
    let url: String = proxy.url();
    let arguments = ["publish", "--tag", "next", "--accept-first-latest", "--execute"];
    let mut child = process(release.folder(), &arguments)
        .args(["--registry", &url, "--artifacts", &artifacts])
        .args(["--source-revision", "0123456789abcdef0123456789abcdef01234567"])
        .envs(&release.environment)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xtask runs");
    let mut lines = BufReader::new(child.stderr.take().expect("its stderr")).lines();
    let mut seen = Vec::new();
    let waits = lines
        .by_ref()
        .map_while(Result::ok)
        .inspect(|line| seen.push(line.clone()))
        .any(|line| line.starts_with("waiting for the registry"));
    assert!(
        waits,
        "it waits until the registry serves what it has: {:?}",
        seen
    );
    let signalled = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signalled.expect("kill runs").success());
    let said: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{said:?}");
    assert_eq!(
        said,
        [
            "error: interrupted by Ctrl-C",
            "hint: run the same command again: it finds out what the registry has"
        ]
    );
    assert_eq!(
        release.outcomes(),
        [ktx_publish::receipt::OperationOutcome::Started]
    );
    assert_eq!(proxy.uploads(), 1);
}
