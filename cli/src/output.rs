//! The output formats of a listing.

use clap::Args;
use serde::Serialize;

use crate::session::Session;

#[derive(Debug, Clone, Args)]
pub struct OutputArguments {
    /// The output format: pretty, plain or json
    #[arg(long, value_name = "FORM")]
    output: Option<String>,
    /// The same as --output json
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputForm {
    /// A table for people.
    Pretty,
    /// Tab-separated fields for `cut` and `awk`.
    Plain,
    Json,
}

impl OutputArguments {
    /// `--json`, else `--output`, else `KTX_OUTPUT`, else plain in CI, pretty on a terminal, plain elsewhere.
    pub fn form(&self, session: &Session) -> anyhow::Result<OutputForm> {
        if self.json {
            return Ok(OutputForm::Json);
        }
        if let Some(text) = &self.output {
            return parse("--output", text);
        }
        if let Some(text) = session.app.environment.text("KTX_OUTPUT") {
            return parse("KTX_OUTPUT", text);
        }
        let in_ci = session
            .app
            .environment
            .text("CI")
            .is_some_and(|value| value != "0" && value != "false");
        Ok(match session.printer.stdout_is_terminal() && !in_ci {
            true => OutputForm::Pretty,
            false => OutputForm::Plain,
        })
    }
}

/// The JSON of a listing: the same frame whatever is listed.
#[derive(Serialize)]
pub struct Listing<'l, T> {
    kind: &'static str,
    data: Items<'l, T>,
    meta: Meta,
}

#[derive(Serialize)]
struct Items<'l, T> {
    items: &'l [T],
}

#[derive(Serialize)]
struct Meta {
    command: &'static str,
}

impl<'l, T> Listing<'l, T> {
    pub fn new(command: &'static str, items: &'l [T]) -> Self {
        Listing {
            kind: "list",
            data: Items { items },
            meta: Meta { command },
        }
    }
}

fn parse(origin: &str, text: &str) -> anyhow::Result<OutputForm> {
    match text {
        "pretty" => Ok(OutputForm::Pretty),
        "plain" => Ok(OutputForm::Plain),
        "json" => Ok(OutputForm::Json),
        _ => anyhow::bail!("Invalid {origin} value: {text}. Expected one of pretty, plain, json."),
    }
}
