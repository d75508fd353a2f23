//! What git says about the checkout.

use anyhow::Result;
use jiff::Timestamp;
use xshell::cmd;

use crate::exit::{Exit, Failure};
use crate::process::{self, OutputMode};
use crate::session::Session;

/// What a user may have set otherwise, and what is read here depends on.
const SETTINGS: [&str; 5] = [
    "column.ui=never",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "log.showSignature=false",
    "status.showUntrackedFiles=all",
];

/// Set by a hook, these lead git to another checkout or index.
const ELSEWHERE: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE"];

/// HEAD of the checkout.
#[derive(Clone, Debug)]
pub struct Revision {
    /// The commit, when nothing in the work tree differs from it.
    pub clean: Option<String>,
    pub committed: Timestamp,
}

impl Revision {
    pub fn read(session: &Session<'_>) -> Result<Self> {
        let head = output(session, &["log", "-1", "--format=%H %ct"])?;
        let unreadable = || {
            Failure::new(
                Exit::Failed,
                format!("failed to read what git says of HEAD: `{head}`"),
            )
        };
        let (commit, seconds) = head.split_once(' ').ok_or_else(unreadable)?;
        let seconds: i64 = seconds.parse().map_err(|_| unreadable())?;
        let changes = output(session, &["status", "--porcelain", "--ignore-submodules=none"])?;
        let is_clean = changes.is_empty() && !hides_changes(session)?;
        if !is_clean {
            session
                .printer
                .verbose("the work tree differs from HEAD: the manifest names no source revision");
        }
        Ok(Revision {
            clean: is_clean.then(|| commit.to_owned()),
            committed: Timestamp::from_second(seconds).map_err(|_| unreadable())?,
        })
    }
}

/// Whether git is set to ignore changes of a file, whose content may be any other than that of the commit: the tags of
/// [`ls-files -v`](https://git-scm.com/docs/git-ls-files) are lower case for `assume-unchanged`, and `S` for `skip-worktree`.
fn hides_changes(session: &Session<'_>) -> Result<bool> {
    let listed = output(session, &["ls-files", "-v"])?;
    Ok(listed
        .lines()
        .any(|line| line.starts_with('S') || line.starts_with(|tag: char| tag.is_ascii_lowercase())))
}

/// The files that git tracks, and those that are new and not ignored; relative to the root.
pub fn files(session: &Session<'_>) -> Result<Vec<String>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = output(session, &arguments)?;
    Ok(listed.lines().map(str::to_owned).collect())
}

/// What a command of git prints in the checkout, without the last line break.
pub fn output(session: &Session<'_>, arguments: &[&str]) -> Result<String> {
    let sh = session.shell()?;
    let mut command = cmd!(sh, "git");
    for setting in SETTINGS {
        command = command.args(["-c", setting]);
    }
    for variable in ELSEWHERE {
        command = command.env_remove(variable);
    }
    let said = process::run(session.printer, command.args(arguments), OutputMode::Kept).map_err(|error| {
        Failure::new(Exit::Prerequisite, "failed to ask git about the checkout")
            .hint("run the command in a git checkout that has a commit")
            .instead_of(error)
    })?;
    Ok(said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;
    use fs_err as fs;

    use super::*;
    use crate::printer::{Format, Printer, Verbosity};

    /// A checkout with a commit of `one` and `two`, tagged twice.
    fn checkout(root: &Utf8Path, session: &Session<'_>) {
        for name in ["one", "two"] {
            fs::write(root.join(name), name).expect("a file is written");
        }
        let person = [
            "-c",
            "user.name=Releaser",
            "-c",
            "user.email=releaser@example.com",
        ];
        for arguments in [
            &["init", "--quiet"][..],
            &["add", "."],
            &[&person[..], &["commit", "--quiet", "--message", "One"]].concat(),
            &["tag", "v0.1.0"],
            &["tag", "v0.2.0"],
        ] {
            output(session, arguments).expect("git does it");
        }
    }

    #[test]
    fn no_setting_of_a_user_hides_a_change_or_a_tag() {
        type Change = fn(&Utf8Path, &Session<'_>);
        let cases: [(&str, Change, bool); 8] = [
            ("as it is", |_, _| (), true),
            ("changed", |root, _| write_other(root, "one"), false),
            ("new", |root, _| write_other(root, "three"), false),
            (
                "new, and not shown",
                |root, session| {
                    output(session, &["config", "status.showUntrackedFiles", "no"]).expect("set");
                    write_other(root, "three");
                },
                false,
            ),
            (
                "assumed to be unchanged",
                |root, session| {
                    output(session, &["update-index", "--assume-unchanged", "one"]).expect("set");
                    write_other(root, "one");
                },
                false,
            ),
            (
                "skipped",
                |root, session| {
                    output(session, &["update-index", "--skip-worktree", "two"]).expect("set");
                    write_other(root, "two");
                },
                false,
            ),
            (
                "without a branch",
                |_, session| drop(output(session, &["checkout", "--quiet", "--detach"]).expect("done")),
                true,
            ),
            (
                "in columns, with signatures",
                |_, session| {
                    for setting in ["column.ui", "color.ui"] {
                        output(session, &["config", setting, "always"]).expect("set");
                    }
                    output(session, &["config", "log.showSignature", "true"]).expect("set");
                },
                true,
            ),
        ];
        let printer = Printer::new(Verbosity::Quiet, Format::Text);
        for (what, change, is_clean) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            let root = Utf8Path::from_path(folder.path()).expect("a name");
            let session = Session::new(&printer).expect("a session").elsewhere(root);
            checkout(root, &session);
            change(root, &session);
            let revision = Revision::read(&session).expect("git answers");
            assert_eq!(revision.clean.is_some(), is_clean, "{what}");
            let tags = output(&session, &["tag", "--list", "v*"]).expect("git answers");
            assert_eq!(tags.lines().collect::<Vec<_>>(), ["v0.1.0", "v0.2.0"], "{what}");
        }
    }

    fn write_other(root: &Utf8Path, name: &str) {
        fs::write(root.join(name), "other").expect("it is written");
    }
}
