//! The pages on disk: listed, read, and written one at a time, also by several processes.

use std::path::{Path, PathBuf};

use super::key::checked;
use super::page::Page;
use crate::folder::Folder;
use crate::search::SearchDocument;
use crate::search::tokens;
use crate::state::State;
use crate::{Error, files};

const LONGEST_SUMMARY: usize = 200;
/// The pages that one user sees: everyone's, and their own, which come first where both have a key.
#[derive(Debug, Clone)]
pub struct Wiki {
    folder: Folder,
    user: String,
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFile {
    pub key: String,
    /// `global` or `user`
    pub scope: &'static str,
    /// From the project folder
    pub path: String,
    /// Changes with every change of the file
    pub revision: String,
    pub page: Page,
}

/// A file that is not a page, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageProblem {
    pub path: String,
    pub line: Option<u64>,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPage {
    pub path: String,
    pub action: Action,
    pub revision: String,
}

impl std::fmt::Display for PageProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(
                formatter,
                "failed to read `{}`: line {line}: {}",
                self.path, self.reason
            ),
            None => write!(formatter, "failed to read `{}`: {}", self.path, self.reason),
        }
    }
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }
}

impl Wiki {
    /// # Errors
    /// On an id of a user that is not a name of a folder.
    pub fn of(folder: &Folder, user: &str) -> Result<Self, Error> {
        checked(user)?;
        Ok(Self {
            folder: folder.clone(),
            user: user.to_owned(),
        })
    }

    fn dir(&self, scope: &str) -> PathBuf {
        let knowledge = self.folder.dir().join("knowledge");
        match scope {
            "user" => knowledge.join("user").join(&self.user),
            _ => knowledge.join("global"),
        }
    }

    /// Every page, by key, and the files that could not be read.
    pub fn pages(&self) -> Result<(Vec<PageFile>, Vec<PageProblem>), Error> {
        let (mut pages, mut problems) = (Vec::new(), Vec::new());
        for scope in ["user", "global"] {
            let dir = self.dir(scope);
            for file in files::all_below(&dir)? {
                if file.parent() != Some(&dir) || file.extension().is_none_or(|extension| extension != "md") {
                    continue;
                }
                match self.page_of(&file, scope) {
                    Ok(page) => pages.push(page),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        pages.sort_by(|a, b| a.key.cmp(&b.key).then(b.scope.cmp(a.scope)));
        Ok((pages, problems))
    }

    fn page_of(&self, file: &Path, scope: &'static str) -> Result<PageFile, PageProblem> {
        let path = self.folder.relative(file);
        let problem = |line, reason: String| PageProblem {
            path: path.clone(),
            line,
            reason,
        };
        let key = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        checked(&key).map_err(|error| problem(None, error.to_string()))?;
        let text =
            fs_err::read_to_string(file).map_err(|error| problem(None, files::cause(error).to_string()))?;
        let page = Page::parse(&text).map_err(|findings| match findings.first() {
            Some(first) => problem(Some(first.place.line), first.to_string()),
            None => problem(None, "not a page".to_owned()),
        })?;
        Ok(PageFile {
            key,
            scope,
            revision: revision(&text),
            path: path.clone(),
            page,
        })
    }

    /// The user's own page of a key, else everyone's; None when there is none.
    ///
    /// # Errors
    /// On a key that is not safe, and on a page that cannot be read.
    pub fn read(&self, key: &str) -> Result<Option<PageFile>, Error> {
        checked(key)?;
        for scope in ["user", "global"] {
            let file = self.dir(scope).join(format!("{key}.md"));
            if file.is_file() {
                return self
                    .page_of(&file, scope)
                    .map(Some)
                    .map_err(|problem| Error::Page(problem.to_string()));
            }
        }
        Ok(None)
    }

    /// Writes a page, made from the one that it replaces, whole or not at all. What it replaces is kept in
    /// `.ktx/cache/wiki`. One writer at a time: with `seen`, a page that somebody else changed since is refused.
    pub fn write<E: From<Error>>(
        &self,
        scope: &'static str,
        key: &str,
        seen: Option<&str>,
        make: impl FnOnce(Option<Page>) -> Result<Page, E>,
    ) -> Result<WrittenPage, E> {
        checked(key)?;
        let mut state = State::open(&self.folder)?;
        // Other processes wait for the end of the transaction, in which nothing else happens.
        state.transaction(|_| Ok(self.replace(scope, key, seen, make)))?
    }

    fn replace<E: From<Error>>(
        &self,
        scope: &'static str,
        key: &str,
        seen: Option<&str>,
        make: impl FnOnce(Option<Page>) -> Result<Page, E>,
    ) -> Result<WrittenPage, E> {
        let failed = |reason: String| Error::Page(format!("failed to write the page `{key}`: {reason}"));
        let file = &self.dir(scope).join(format!("{key}.md"));
        if let Some(other) = self.same_in_another_case(file) {
            return Err(failed(format!("`{other}` differs only in the case of its letters")).into());
        }
        let before = match fs_err::read_to_string(file) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", file, error).into()),
        };
        if let Some(seen) = seen
            && before.as_deref().map(revision).as_deref() != Some(seen)
        {
            return Err(failed(format!("it was changed after revision `{seen}` was read")).into());
        }
        let read = match &before {
            Some(_) => self.page_of(file, scope).map(|file| Some(file.page)),
            None => Ok(None),
        };
        let page = make(read.map_err(|problem| Error::Page(problem.to_string()))?)?;
        let summary = page.front.summary.trim();
        if summary.is_empty() || summary.chars().count() > LONGEST_SUMMARY || summary.contains('\n') {
            let reason = format!("its summary must be one line of 1 to {LONGEST_SUMMARY} letters");
            return Err(failed(reason).into());
        }
        let text = page.to_text();
        if let Some(before) = &before
            && *before != text
        {
            let kept = self
                .folder
                .cache()
                .join("wiki")
                .join(scope)
                .join(format!("{key}.{}.md", revision(before)));
            files::write(&kept, before.as_bytes())?;
        }
        files::write(file, text.as_bytes())?;
        Ok(WrittenPage {
            path: self.folder.relative(file),
            action: if before.is_some() {
                Action::Updated
            } else {
                Action::Created
            },
            revision: revision(&text),
        })
    }

    /// On some disks such a file is the same file, on others two that people mistake for each other.
    fn same_in_another_case(&self, file: &Path) -> Option<String> {
        let name = file.file_name()?.to_string_lossy().into_owned();
        let entries = fs_err::read_dir(file.parent()?).ok()?;
        let mut names = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.find(|other| *other != name && other.to_lowercase() == name.to_lowercase())
    }
}

impl PageFile {
    /// What search knows of a page. A connection's id has no colon, so the two never meet in the index.
    pub fn document(&self) -> SearchDocument {
        let front = &self.page.front;
        let names = [std::slice::from_ref(&self.key), &front.tags, &front.sl_refs].concat();
        let texts = [
            &[front.summary.clone(), self.page.content.clone()],
            names.as_slice(),
        ]
        .concat();
        SearchDocument {
            connection: format!("wiki:{}", self.scope),
            name: self.path.clone(),
            words: texts.join("\n"),
            tokens: names.iter().flat_map(|name| tokens(name)).collect(),
            calls: 0.0,
        }
    }
}

fn revision(text: &str) -> String {
    let mut digest = files::digest(text);
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::{Action, Wiki, WrittenPage};
    use crate::knowledge::{FrontMatter, Page};
    use crate::{Error, Folder};

    fn page(content: &str) -> Page {
        Page {
            front: FrontMatter {
                summary: "A page".to_owned(),
                ..FrontMatter::default()
            },
            content: content.to_owned(),
        }
    }

    fn wiki(dir: &std::path::Path) -> Wiki {
        Wiki::of(&Folder::at(dir), "local").expect("a wiki")
    }

    fn write(
        wiki: &Wiki,
        scope: &'static str,
        key: &str,
        content: &str,
        seen: Option<&str>,
    ) -> Result<WrittenPage, Error> {
        wiki.write(scope, key, seen, |_| Ok(page(content)))
    }

    #[test]
    fn own_pages_come_first_and_files_that_are_no_pages_are_named() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let wiki = wiki(dir.path());
        let written = write(&wiki, "global", "arr", "for everyone", None).expect("writes");
        assert_eq!(written.path, "knowledge/global/arr.md");
        let _ = write(&wiki, "user", "arr", "for me", None).expect("writes");
        crate::files::write(
            &dir.path().join("knowledge/global/torn.md"),
            b"---\nsummary: [\n---\n",
        )
        .expect("writes");
        let (pages, problems) = wiki.pages().expect("lists");
        let scopes: Vec<&str> = pages.iter().map(|page| page.scope).collect();
        assert_eq!(scopes, ["user", "global"]);
        assert!(
            problems[0]
                .to_string()
                .starts_with("failed to read `knowledge/global/torn.md`: line "),
            "{}",
            problems[0]
        );
        assert_eq!(
            wiki.read("arr").expect("reads").expect("a page").page.content,
            "for me"
        );
        let other = Wiki::of(&Folder::at(dir.path()), "other").expect("a wiki");
        assert_eq!(
            other.read("arr").expect("reads").expect("a page").page.content,
            "for everyone"
        );
        let error = write(&wiki, "global", "ARR", "again", None).expect_err("refused");
        assert!(error.to_string().contains("differs only in the case"), "{error}");
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let start = wiki(dir.path());
        let first = write(&start, "global", "shared", "first", None).expect("writes");
        let revision = first.revision.as_str();
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|number| {
                    let wiki = start.clone();
                    scope.spawn(move || {
                        let own = format!("own-{number}");
                        assert_eq!(
                            write(&wiki, "global", &own, &own, None).expect("writes").action,
                            Action::Created
                        );
                        let _ =
                            write(&wiki, "global", "free", &format!("text {number}"), None).expect("writes");
                        write(
                            &wiki,
                            "global",
                            "shared",
                            &format!("text {number}"),
                            Some(revision),
                        )
                        .is_ok()
                    })
                })
                .collect();
            writers
                .into_iter()
                .map(|writer| writer.join().expect("joins"))
                .collect()
        });
        assert_eq!(
            outcomes.iter().filter(|won| **won).count(),
            1,
            "one had seen what it replaced"
        );
        let (pages, problems) = start.pages().expect("lists");
        assert_eq!((pages.len(), problems.len()), (10, 0));
        let kept = crate::files::all_below(&dir.path().join(".ktx/cache/wiki/global")).expect("lists");
        let replaced = kept
            .iter()
            .filter(|file| file.to_string_lossy().contains("free."));
        assert_eq!(replaced.count(), 7, "every replaced text is kept");
    }
}
