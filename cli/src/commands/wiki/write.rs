//! `ktx wiki write`: one page, whole or not at all.

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ktx_app::tools::wiki::{self, NewPage, PageScope};
use ktx_app::{Error, Workspace};

use super::UserArguments;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct WriteArguments {
    /// The page's key, which is its file's name: letters, digits, `_` and `-`
    key: String,
    /// One line that says what the page is about
    #[arg(long, value_name = "LINE")]
    summary: String,
    /// The page as Markdown
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "file",
        required_unless_present = "file"
    )]
    content: Option<String>,
    /// A file with the page; `-` is standard input
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// A word to find it by
    #[arg(long, value_name = "WORD")]
    tag: Vec<String>,
    /// A page that it refers to
    #[arg(long = "ref", value_name = "KEY")]
    refs: Vec<String>,
    /// A source or member that the page is about: `source` or `source.member`, also as `connection/…`
    #[arg(long, value_name = "NAME")]
    sl_ref: Vec<String>,
    /// For everyone, or for the user alone
    #[arg(long, value_enum, default_value_t = Scope::Global)]
    scope: Scope,
    /// Refuse if the page was changed since this revision, as `wiki read --json` shows it
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    #[command(flatten)]
    user: UserArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scope {
    Global,
    User,
}

/// Prints the path that was written, from the project folder.
pub fn run(arguments: WriteArguments, session: &Session) -> anyhow::Result<()> {
    let content = match (&arguments.content, &arguments.file) {
        (Some(content), _) => content.clone(),
        (None, Some(file)) if file.as_os_str() == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| Error::refused(format!("failed to read the standard input: {error}")))?;
            text
        }
        (None, Some(file)) => fs_err::read_to_string(file)?,
        (None, None) => String::new(),
    };
    let given = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let workspace = Workspace::open(&session.app)?;
    let page = NewPage {
        key: arguments.key,
        summary: arguments.summary,
        content,
        tags: given(arguments.tag),
        refs: given(arguments.refs),
        sl_refs: given(arguments.sl_ref),
        scope: match arguments.scope {
            Scope::Global => PageScope::Global,
            Scope::User => PageScope::User,
        },
        revision: arguments.revision,
        ..NewPage::default()
    };
    let written = wiki::write(&workspace, &arguments.user.user_id, page)?;
    session.printer.line(&format!("Wrote {}", written.path));
    Ok(())
}
