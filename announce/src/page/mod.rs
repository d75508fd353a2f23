//! `dist/reports/release.html`: one page for the approver of a release, and the same in Markdown.
//!
//! The page is self-contained: no script, no request, no clock. Every value is escaped by the template.

mod approval;
mod changes;
mod markdown;
mod proof;
mod style;

use ktx_inspect::bytes;
use ktx_names::NPM_PACKAGE;
use ktx_policy::readiness::Gate;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::facts::Release;

/// File name in the folder of the reports.
pub const PAGE_FILE: &str = "release.html";

/// Nothing is loaded, and nothing runs.
const SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

impl Release {
    /// The page.
    pub fn page(&self) -> String {
        let title = format!("{NPM_PACKAGE} {}", self.version);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(SECURITY);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (title) }
                    style { (PreEscaped(style::CSS)) }
                }
                body {
                    header {
                        h1 { (title) }
                        p { (self.state()) " " (self.origin()) }
                    }
                    main {
                        (self.gates())
                        (self.plan())
                        (self.comparison_section())
                        (self.smoke_section())
                        (self.digests())
                    }
                }
            }
        };
        page.into_string()
    }

    fn state(&self) -> Markup {
        html! {
            @if self.readiness.ready {
                strong.good { "Ready" }
            } @else {
                strong.bad { "Not ready" }
            }
        }
    }

    fn origin(&self) -> Markup {
        html! {
            @match &self.readiness.source_revision {
                Some(revision) => { "built from " code { (revision) } }
                None => { "without a source revision" }
            }
        }
    }

    fn gates(&self) -> Markup {
        html! {
            section aria-labelledby="gates" {
                h2 #gates { "Gates" }
                ul.gates { @for gate in &self.readiness.gates { (gate_item(gate)) } }
            }
        }
    }

    fn plan(&self) -> Markup {
        html! {
            section aria-labelledby="plan" {
                h2 #plan { "Plan" }
                @match &self.readiness.npm_publish {
                    None => p { "The policy publishes nothing." },
                    Some(publish) => dl {
                        dt { "publish" } dd { (publish.package_name) "@" (publish.version) }
                        dt { "dist-tag" } dd { (publish.tag) }
                        dt { "registry" } dd { (publish.registry.as_deref().unwrap_or("npm's own")) }
                        @if let Some(tarball) = &self.tarball {
                            dt { "tarball" } dd { (tarball.file_name()) ", " (bytes(tarball.content().bytes)) }
                            dt { "integrity" } dd { code { (tarball.integrity()) } }
                        }
                    },
                }
            }
        }
    }

    fn digests(&self) -> Markup {
        html! {
            section aria-labelledby="digests" {
                h2 #digests { "Digests" }
                @if self.files.is_empty() {
                    p { "There are no verified artifacts." }
                } @else {
                    (scrolling("Digests", html! {
                        table {
                            thead { tr { th scope="col" { "file" } th.number scope="col" { "size" } th scope="col" { "SHA-256" } } }
                            tbody { @for file in &self.files {
                                tr {
                                    th scope="row" { (file.path.file_name()) }
                                    td.number { (bytes(file.bytes)) }
                                    td { code { (file.sha256) } }
                                }
                            } }
                        }
                    }))
                }
            }
        }
    }
}

fn gate_item(gate: &Gate) -> Markup {
    html! {
        li {
            @if gate.is_open() {
                span.good { "open" }
            } @else {
                span.bad { (gate.state.words()) }
            }
            " " (gate.name.name())
            @if !gate.is_open() {
                ul { @for missing in gate.missing() { li { (missing) } } }
                @if let Some(command) = &gate.command {
                    p.way-out {
                        @if let Some(first) = &gate.first { (first) ": " }
                        code { (command) }
                    }
                }
            }
        }
    }
}

/// A table that may be wider than the screen; it scrolls by keyboard, too.
fn scrolling(name: &str, content: Markup) -> Markup {
    html! { div.wide role="region" tabindex="0" aria-label=(format!("{name}, table")) { (content) } }
}
