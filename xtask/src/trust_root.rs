//! `cargo xtask trust-root`: the trusted root of Sigstore that is pinned in the repository, and what would replace it.

use anyhow::Result;
use camino::Utf8PathBuf;
use clap::Args;
use fs_err as fs;
use ktx_provenance::{LOCKED_ROOT, RootChange, root_changes};
use ktx_system::files::{self, Access};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::session::Session;

/// Compare the pinned trusted root of Sigstore with a newer one; --write replaces it
#[derive(Args)]
pub struct TrustRootArgs {
    /// The newer trusted_root.json [default: that of sigstore-trust-root in Cargo.lock]
    #[arg(long, value_name = "FILE")]
    from: Option<Utf8PathBuf>,
    /// Replace the pinned one
    #[arg(long)]
    write: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    pinned: &'static str,
    changes: &'a [RootChange],
    written: bool,
}

const PINNED: &str = "provenance/trusted_root.json";

pub fn run(arguments: TrustRootArgs, session: &Session<'_>) -> Result<()> {
    let printer = session.printer;
    let path = session.root()?.join(PINNED);
    let pinned = fs::read_to_string(&path)?;
    let newer = match &arguments.from {
        None => LOCKED_ROOT.to_owned(),
        Some(from) => fs::read_to_string(from).map_err(|error| {
            Failure::new(Exit::Usage, error.to_string())
                .hint("pass a file in the format of trusted_root.json")
        })?,
    };
    let changes = root_changes(&pinned, &newer).map_err(|cause| {
        let from = arguments
            .from
            .as_ref()
            .map_or("the locked root", |from| from.as_str());
        Failure::new(
            Exit::Integrity,
            format!("failed to compare `{PINNED}` with `{from}`: {cause}"),
        )
        .hint("pass a file in the format of trusted_root.json; `git checkout` restores the pinned one")
    })?;
    for change in &changes {
        printer.data(&change.line());
    }
    let written = arguments.write && !changes.is_empty();
    if written {
        files::write(path.as_std_path(), newer.as_bytes(), Access::Readable)?;
    }
    printer.data(match (changes.is_empty(), written) {
        (true, _) => "both name the same authorities and logs: there is nothing to do",
        (_, true) => {
            "written; compare the lines above with what Sigstore announced, then build again and commit"
        }
        (_, false) => "nothing was written; add --write to replace provenance/trusted_root.json",
    });
    printer.document(&Document {
        pinned: PINNED,
        changes: &changes,
        written,
    })
}
