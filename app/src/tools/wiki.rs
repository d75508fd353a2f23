//! The wiki for people and programs: lists, searches, reads, writes and checks pages.

use std::collections::BTreeMap;

use ktx_project::knowledge::{FrontMatter, Page, PageFile, Wiki};
use ktx_project::search::{Lane, LaneHit};
use ktx_project::semantic::Catalog;
use ktx_project::{ConnectionId, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ranking;
use crate::{App, Error, Workspace};

/// The user of a program that names none.
pub const LOCAL_USER: &str = "local";

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageItem {
    pub key: String,
    pub path: String,
    /// global or user
    pub scope: &'static str,
    pub summary: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_reasons: Option<Vec<Lane>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lanes: Option<Vec<LaneHit>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageHits {
    /// Best first
    pub results: Vec<PageItem>,
    pub total_found: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PageText {
    pub key: String,
    pub path: String,
    pub scope: &'static str,
    pub summary: String,
    pub tags: Vec<String>,
    pub refs: Vec<String>,
    /// The sources and their members that the page speaks of
    pub sl_refs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_mode: Option<String>,
    pub content: String,
    /// To pass when writing, so that nothing that was written since is overwritten
    pub revision: String,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// A page to write. What is not given stays as it is in a page that exists.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct NewPage {
    /// Letters, digits, `_` and `-`; the name of the file
    pub key: String,
    /// One line of at most 200 letters
    pub summary: String,
    /// Markdown
    pub content: String,
    pub tags: Option<Vec<String>>,
    /// Keys of other pages
    pub refs: Option<Vec<String>>,
    /// What the page speaks of: `source`, `source.member`, or either behind `connection/`
    pub sl_refs: Option<Vec<String>>,
    pub source: Option<String>,
    pub intent: Option<String>,
    pub tables: Option<Vec<String>>,
    pub representative_sql: Option<String>,
    pub usage: Option<Value>,
    pub fingerprints: Option<Vec<String>>,
    /// For everyone (global), or only for this user
    #[serde(default)]
    pub scope: PageScope,
    /// The revision that was read: a page that was changed since is refused
    pub revision: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PageScope {
    #[default]
    Global,
    User,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct PageWritten {
    pub success: bool,
    pub key: String,
    /// created or updated
    pub action: &'static str,
    pub path: String,
    pub revision: String,
}

impl PageScope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::User => "user",
        }
    }
}

/// Every page that the user sees. Files that are no pages are reported and skipped.
pub fn pages(app: &App, workspace: &Workspace, user: &str) -> Result<Vec<PageFile>, Error> {
    let (pages, problems) = Wiki::of(&workspace.folder, user)?.pages()?;
    for problem in problems {
        app.warn(&problem.to_string());
    }
    Ok(pages)
}

/// The pages that match, best first, as sources are ranked.
pub fn search(
    app: &App,
    workspace: &Workspace,
    user: &str,
    query: &str,
    limit: usize,
) -> Result<PageHits, Error> {
    let pages = pages(app, workspace, user)?;
    let documents: Vec<_> = pages.iter().map(PageFile::document).collect();
    let hits = ranking::ranked(app, workspace, &documents, query)?;
    let total_found = hits.len();
    let results = hits.into_iter().take(limit).map(|hit| PageItem {
        score: Some(hit.score),
        match_reasons: Some(hit.lanes.iter().map(|lane| lane.lane).collect()),
        lanes: Some(hit.lanes),
        ..item(&pages[hit.document])
    });
    Ok(PageHits {
        results: results.collect(),
        total_found,
    })
}

/// One page: the user's own, else everyone's.
pub fn read(workspace: &Workspace, user: &str, key: &str) -> Result<PageText, Error> {
    let wiki = Wiki::of(&workspace.folder, user)?;
    let Some(file) = wiki.read(key)? else {
        let (pages, _) = wiki.pages()?;
        let near = nearest::among(key, pages.iter().map(|page| page.key.as_str()));
        return Err(Error::Refused {
            message: format!("Wiki page \"{key}\" was not found."),
            hint: nearest::hint(&near),
        });
    };
    let front = file.page.front;
    Ok(PageText {
        key: file.key,
        path: file.path,
        scope: file.scope,
        summary: front.summary,
        tags: front.tags,
        refs: front.refs,
        sl_refs: front.sl_refs,
        usage_mode: front.usage_mode,
        content: file.page.content,
        revision: file.revision,
        others: front.others,
    })
}

/// Writes a page, unless it speaks of something that the layer does not have. What is not given stays as it is.
pub fn write(workspace: &Workspace, user: &str, new: NewPage) -> Result<PageWritten, Error> {
    let wiki = Wiki::of(&workspace.folder, user)?;
    let layer = Layer::of(workspace)?;
    let (key, revision) = (new.key.clone(), new.revision.clone());
    let written = wiki.write(new.scope.as_str(), &key, revision.as_deref(), |before| {
        new.over(before, &layer)
    })?;
    Ok(PageWritten {
        success: true,
        key,
        action: written.action.as_str(),
        path: written.path,
        revision: written.revision,
    })
}

impl NewPage {
    fn over(self, before: Option<Page>, layer: &Layer) -> Result<Page, Error> {
        let mut front = before.map_or_else(FrontMatter::default, |page| page.front);
        front.summary = self.summary.trim().to_owned();
        front.tags = self.tags.unwrap_or(front.tags);
        front.refs = self.refs.unwrap_or(front.refs);
        front.sl_refs = self.sl_refs.unwrap_or(front.sl_refs);
        for (key, value) in [
            ("source", self.source.map(Value::from)),
            ("intent", self.intent.map(Value::from)),
            ("tables", self.tables.map(Value::from)),
            ("representative_sql", self.representative_sql.map(Value::from)),
            ("usage", self.usage),
            ("fingerprints", self.fingerprints.map(Value::from)),
        ] {
            if let Some(value) = value {
                front.others.insert(key.to_owned(), value);
            }
        }
        if let Some(unknown) = front.sl_refs.iter().find_map(|name| layer.unknown(name)) {
            return Err(Error::Refused {
                message: format!("failed to write the page `{}`: {}", self.key, unknown.message),
                hint: unknown.hint,
            });
        }
        Ok(Page {
            front,
            content: self.content,
        })
    }
}

/// What is wrong with each page, or with the one of a key: it cannot be read, or names what is not there.
pub fn validate(workspace: &Workspace, user: &str, key: Option<&str>) -> Result<Vec<String>, Error> {
    let (pages, problems) = Wiki::of(&workspace.folder, user)?.pages()?;
    let wanted = |path: &str| key.is_none_or(|key| path.ends_with(&format!("/{key}.md")));
    let checked: Vec<&PageFile> = pages.iter().filter(|page| wanted(&page.path)).collect();
    let mut errors: Vec<String> = problems
        .iter()
        .filter(|problem| wanted(&problem.path))
        .map(ToString::to_string)
        .collect();
    if let (Some(key), true, true) = (key, checked.is_empty(), errors.is_empty()) {
        return Err(read(workspace, user, key)
            .err()
            .unwrap_or_else(|| Error::refused("the page changed")));
    }
    let layer = Layer::of(workspace)?;
    for file in checked {
        let front = &file.page.front;
        let unknown = front
            .sl_refs
            .iter()
            .filter_map(|reference| layer.unknown(reference));
        let mut found: Vec<String> = unknown
            .map(|unknown| match unknown.hint {
                Some(hint) => format!("{}; {hint}", unknown.message),
                None => unknown.message,
            })
            .collect();
        let absent = front
            .refs
            .iter()
            .filter(|key| !pages.iter().any(|page| page.key == **key));
        found.extend(absent.map(|key| format!("refs: unknown page `{key}`")));
        if front.summary.trim().is_empty() {
            found.push("summary: it is missing".to_owned());
        }
        errors.extend(found.into_iter().map(|found| format!("{}: {found}", file.path)));
    }
    Ok(errors)
}

/// The pages that speak of a source.
pub fn of_source<'p>(pages: &'p [PageFile], connection: &ConnectionId, source: &str) -> Vec<&'p PageFile> {
    let names = |reference: &String| {
        let (before, name) = reference
            .split_once('/')
            .map_or((None, reference.as_str()), |(id, name)| (Some(id), name));
        let named = name.split_once('.').map_or(name, |(source, _)| source);
        named == source && before.is_none_or(|id| id == connection.as_str())
    };
    pages
        .iter()
        .filter(|page| page.page.front.sl_refs.iter().any(names))
        .collect()
}

/// A page in a list.
pub fn item(file: &PageFile) -> PageItem {
    PageItem {
        key: file.key.clone(),
        path: file.path.clone(),
        scope: file.scope,
        summary: file.page.front.summary.clone(),
        tags: file.page.front.tags.clone(),
        score: None,
        match_reasons: None,
        lanes: None,
    }
}

/// What a page may speak of.
struct Layer {
    catalogs: BTreeMap<String, Catalog>,
}

struct Unknown {
    message: String,
    hint: Option<String>,
}

impl Layer {
    fn of(workspace: &Workspace) -> Result<Self, Error> {
        let mut catalogs = BTreeMap::new();
        for id in workspace.config.connections.keys() {
            catalogs.insert(id.to_string(), Catalog::load(&workspace.folder, id)?);
        }
        Ok(Self { catalogs })
    }

    /// What is not there of `source`, `source.member`, or either behind `connection/`.
    fn unknown(&self, reference: &str) -> Option<Unknown> {
        let (connection, name) = match reference.split_once('/') {
            Some((connection, name)) => (Some(connection), name),
            None => (None, reference),
        };
        let (source, member) = match name.split_once('.') {
            Some((source, member)) => (source, Some(member)),
            None => (name, None),
        };
        let unknown = |near: Vec<String>| {
            Some(Unknown {
                message: format!("sl_refs: the semantic layer has no `{reference}`"),
                hint: nearest::hint(&near),
            })
        };
        let catalogs: Vec<&Catalog> = match connection {
            Some(connection) => self.catalogs.get(connection).into_iter().collect(),
            None => self.catalogs.values().collect(),
        };
        let entries: Vec<_> = catalogs
            .iter()
            .filter_map(|catalog| catalog.entries.get(source))
            .collect();
        if entries.is_empty() {
            let known = catalogs
                .iter()
                .flat_map(|catalog| catalog.entries.keys().map(String::as_str));
            return unknown(nearest::among(source, known));
        }
        let member = member?;
        let members = |entry: &&ktx_project::semantic::CatalogEntry| -> Vec<String> {
            let source = &entry.source;
            let columns = source.columns.iter().map(|column| &column.name);
            let measures = source.measures.iter().map(|measure| &measure.name);
            let segments = source.segments.iter().map(|segment| &segment.name);
            columns.chain(measures).chain(segments).cloned().collect()
        };
        let known: Vec<String> = entries.iter().flat_map(members).collect();
        if known.iter().any(|name| name == member) {
            return None;
        }
        let near = nearest::among(member, known.iter().map(String::as_str));
        unknown(near.into_iter().map(|near| format!("{source}.{near}")).collect())
    }
}
