//! Publishing from a GitHub Actions job, as far as the preflight and npm's arguments go.
//!
//! What npm and the registry do with an OIDC token cannot be shown without them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fs_err as fs;
use ktx_policy::guard::Provenance;
use ktx_policy::release_policy::Publishing;
use ktx_publish::npm::PublishCommand;
use ktx_publish::publication::Intent;
use ktx_publish::{ErrorClass, PublishError};

use super::support::{LocalRegistry, Release};

/// A job whose token says that it runs in `environment`, with a node and an npm that are recent enough.
pub fn in_a_job(release: &mut Release, environment: &str) {
    let tools = release.path("tools");
    fs::create_dir_all(&tools).unwrap();
    for (name, says) in [("node", "v24.1.0"), ("npm", "11.19.1")] {
        let path = tools.join(name);
        fs::write(&path, format!("#!/bin/sh\necho {says}\n")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let path = format!("{}:{}", tools.display(), release.environment["PATH"]);
    for (name, value) in [
        ("PATH", path),
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("RUNNER_ENVIRONMENT", "github-hosted".to_owned()),
        ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ("GITHUB_REPOSITORY", "kaelio/ktx".to_owned()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", token_service(environment)),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token".to_owned()),
    ] {
        release.environment.insert(name.to_owned(), value);
    }
}

/// Answers every request with a token; it ends with the test's process.
fn token_service(environment: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/token", listener.local_addr().unwrap());
    let claims = URL_SAFE_NO_PAD.encode(format!("{{\"environment\": \"{environment}\"}}"));
    let body = format!("{{\"value\": \"head.{claims}.signature\"}}");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let request = BufReader::new(stream.try_clone().unwrap());
            let lines = request.lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            assert!(head.join("\n").contains("Bearer request-token"));
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

#[test]
fn a_good_job_publishes_with_provenance() {
    let registry = LocalRegistry::start();
    let mut release = Release::new("0.1.0", &registry, registry.url());
    in_a_job(&mut release, "npm");
    let prepared = release.prepare();
    assert!(prepared.plan.is_ok(), "{:?}", prepared.plan);
    let preview = prepared.preview;
    assert!(
        preview.command.contains("--provenance=true"),
        "{}",
        preview.command
    );
    assert!(preview.unchecked.iter().any(|what| what.contains("OIDC")));
}

#[test]
fn a_job_that_npm_would_fail_in_is_refused_with_all_causes() {
    let registry = LocalRegistry::start();
    let mut release = Release::new("0.1.0", &registry, registry.url());
    in_a_job(&mut release, "staging");
    release.environment.remove("RUNNER_ENVIRONMENT");
    let error = release.publish().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Prerequisite);
    let PublishError::Preflight(findings) = error else {
        panic!("{error}")
    };
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_ref()).collect();
    assert_eq!(codes, ["preflight-runner", "preflight-environment"]);
}

#[test]
fn a_token_service_that_is_down_is_told_apart_from_a_job_without_an_environment() {
    let registry = LocalRegistry::start();
    let mut release = Release::new("0.1.0", &registry, registry.url());
    for (service, code) in [
        ("http://127.0.0.1:9/token".to_owned(), "preflight-token-service"),
        (token_service("staging"), "preflight-environment"),
    ] {
        in_a_job(&mut release, "npm");
        release
            .environment
            .insert("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), service);
        let Err(PublishError::Preflight(findings)) = release.plan() else {
            panic!("not refused")
        };
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_ref()).collect();
        assert_eq!(codes, [code]);
    }
}

#[test]
fn outside_of_a_job_provenance_is_switched_off() {
    let registry = LocalRegistry::start();
    let release = Release::new("0.1.0", &registry, registry.url());
    assert!(release.prepare().preview.command.contains("--provenance=false"));
}

#[test]
fn staging_has_the_arguments_of_publishing() {
    let registry = "http://127.0.0.1:4873".parse().unwrap();
    let publication = PublishCommand {
        tarball: std::path::Path::new("/private/kaelio-ktx.tgz"),
        tag: "next",
        registry: &registry,
        provenance: Provenance::Attested,
        publishing: Publishing::Staged,
    };
    insta::assert_snapshot!(publication.arguments().join(" "), @"stage publish /private/kaelio-ktx.tgz --tag=next --access=public --provenance=true --dry-run=false --force=false --ignore-scripts --json --fetch-retries=0 --registry=http://127.0.0.1:4873/ --@kaelio:registry=http://127.0.0.1:4873/");
    let direct = PublishCommand {
        publishing: Publishing::Direct,
        ..publication.clone()
    };
    assert_eq!(direct.arguments()[1..], publication.arguments()[2..]);
}

#[test]
fn a_job_that_only_shows_the_plan_needs_no_token() {
    let registry = LocalRegistry::start();
    let mut release = Release::new("0.1.0", &registry, registry.url());
    in_a_job(&mut release, "npm");
    release.environment.remove("ACTIONS_ID_TOKEN_REQUEST_URL");
    let blocks = |release: &Release| release.prepare().plan.map_or_else(|blocks| blocks.len(), |_| 0);
    assert_eq!(blocks(&release), 1, "without a token nothing is published");
    release.options.intent = Intent::Show;
    assert_eq!(blocks(&release), 0);
    assert!(
        release
            .prepare()
            .preview
            .unchecked
            .iter()
            .any(|what| what.contains("OIDC"))
    );
    release
        .environment
        .insert("GITHUB_REPOSITORY".to_owned(), "else/where".to_owned());
    assert_eq!(blocks(&release), 1, "what else is wrong is still reported");
}
