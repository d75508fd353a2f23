//! Nothing that ships reports about its users: no client library of a collecting service, no address of one.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use ktx_manifest::Finding;

use super::{every_file, searcher};
use crate::package::contents::PackageContents;

/// Client libraries, as imports, requirements and compiled programs name them, and the addresses they report to.
pub const TRACES: [&str; 24] = [
    "posthog",
    "sentry_sdk",
    "sentry-sdk",
    "@sentry/",
    "ingest.sentry.io",
    "segment.io",
    "@segment/analytics",
    "analytics-python",
    "segment-analytics",
    "mixpanel-python",
    "require('mixpanel')",
    "api.mixpanel.com",
    "amplitude-analytics",
    "@amplitude/",
    "amplitude.com/2/httpapi",
    "google-analytics.com",
    "googletagmanager.com",
    "datadoghq.com",
    "ddtrace",
    "newrelic",
    "bugsnag",
    "rollbar",
    "scarf.sh",
    "applicationinsights",
];

pub fn findings(contents: &PackageContents) -> Vec<Finding> {
    let mut findings = Vec::new();
    let traces = searcher(&TRACES);
    every_file(contents, |path, bytes| {
        findings.extend(found(&traces, path, bytes))
    });
    findings
}

fn found(traces: &AhoCorasick, path: &str, bytes: &[u8]) -> impl Iterator<Item = Finding> {
    let found: BTreeSet<&str> = traces
        .find_iter(bytes)
        .map(|trace| TRACES[trace.pattern()])
        .collect();
    found.into_iter().map(move |trace| {
        let message = format!("failed to accept `{path}`: it holds `{trace}`, a trace of telemetry");
        Finding::error("package-telemetry", message)
            .with_hint("remove it: ktx reports nothing about its users")
    })
}
