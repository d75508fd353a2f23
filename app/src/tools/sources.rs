//! Listing, searching and reading the sources of the semantic layer.

use std::collections::BTreeMap;

use ktx_project::config::{AdapterName, Connection};
use ktx_project::ingest::{self, TableUsage};
use ktx_project::search::{Hit, Lane, LaneHit, SearchDocument};
use ktx_project::semantic::{self, Catalog, CatalogEntry};
use ktx_project::yaml::Finding;
use ktx_project::{ConnectionId, Folder, SourceName, files};
use ktx_runtime::ports::{self, Service};
use ktx_runtime::{Feature, FeatureSet};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ranking, wiki};
use crate::{App, Error, Python, Workspace, workspace};

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceListing {
    pub sources: Vec<SourceItem>,
    pub total_sources: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceItem {
    pub connection_id: String,
    pub connection_name: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub column_count: usize,
    pub measure_count: usize,
    pub join_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_reasons: Option<Vec<Lane>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lanes: Option<Vec<LaneHit>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceText {
    pub source_name: String,
    pub yaml: String,
    /// Keys of pages of the wiki that speak of it
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<String>,
}

/// What is wrong with a model, or may be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelCheck {
    pub success: bool,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub information: Vec<String>,
}

const SHAPE_ONLY: &str =
    "Local stdio validation checks YAML shape only; Python semantic validation is not configured.";

/// Sources of all connections or of one; with a query, those that match it, best first.
pub fn list(app: &App, connection: Option<&str>, query: Option<&str>) -> Result<SourceListing, Error> {
    let folder = app.folder()?;
    let workspace = ready(app, &folder, connection, query)?;
    let mut entries = Vec::new();
    for id in workspace.connections(connection)? {
        let catalog = workspace.catalog(app, id)?;
        entries.extend(catalog.entries.into_values().map(|entry| (id.clone(), entry)));
    }
    let sources: Vec<SourceItem> = match query {
        None => entries.iter().map(|(id, entry)| item(id, entry, None)).collect(),
        Some(query) => {
            let hits = search(app, &workspace, &entries, query)?;
            let found = |hit: Hit| item(&entries[hit.document].0, &entries[hit.document].1, Some(hit));
            hits.into_iter().map(found).collect()
        }
    };
    if sources.is_empty() && query.is_some() && entries.is_empty() {
        let dir = folder.dir().display();
        return Err(refusal(
            &folder,
            query,
            "agent_sl_search_no_indexed_sources",
            format!("Semantic-layer search found no indexed semantic-layer sources in {dir}."),
        ));
    }
    Ok(SourceListing {
        total_sources: sources.len(),
        sources,
    })
}

/// The YAML of one source; the connection is optional when the project has one.
pub fn read(app: &App, connection: Option<&str>, name: &str) -> Result<SourceText, Error> {
    let workspace = Workspace::open(app)?;
    let (id, _) = workspace.connection(connection)?;
    let yaml = semantic::read_source(&workspace.folder, id, name)?.text;
    let pages = wiki::pages(app, &workspace, wiki::LOCAL_USER)?;
    Ok(SourceText {
        source_name: name.to_owned(),
        pages: wiki::of_source(&pages, id, name)
            .into_iter()
            .map(|page| page.key.clone())
            .collect(),
        yaml,
    })
}

/// Writes one source, given as YAML, unless a check of the model with it would find an error in it.
pub fn write_checked(
    workspace: &Workspace,
    compiler: Option<&Service>,
    connection: &str,
    name: &str,
    yaml: &str,
) -> Result<String, Error> {
    let (id, connection) = workspace.config.connection(connection)?;
    if semantic::validate_text(yaml).is_ok() {
        let path = semantic::source_path(&workspace.folder, id, &SourceName::parse(name)?);
        let catalog = Catalog::load_with(&workspace.folder, id, Some((&path, yaml)))?;
        let errors = match (catalog.unreadable().remove(name), compiler) {
            (Some(fault), _) => vec![fault],
            (None, Some(compiler)) => compiled(compiler, &catalog, connection, name)?.errors,
            (None, None) => Vec::new(),
        };
        if !errors.is_empty() {
            return Err(Error::hinted(
                format!("Invalid semantic-layer source: {}", errors.join("; ")),
                "nothing was written",
            ));
        }
    }
    Ok(semantic::write_text(&workspace.folder, id, name, yaml)?)
}

/// Removes the file of one source.
pub fn delete(workspace: &Workspace, connection: &str, name: &str) -> Result<(), Error> {
    let (id, _) = workspace.config.connection(connection)?;
    let file = semantic::source_path(&workspace.folder, id, &SourceName::parse(name)?);
    if !file.is_file() {
        return Err(Error::refused(format!(
            "Semantic-layer source \"{id}/{name}\" was not found"
        )));
    }
    Ok(files::remove(&file)?)
}

/// What is wrong with one source, and what may be.
#[derive(Debug, Default)]
pub struct SourceCheck {
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// Checks one source: its shape, each mistake with file and line, and, where the runtime is installed, what it says.
pub fn validate_one(
    app: &App,
    workspace: &Workspace,
    python: &Python,
    id: &ConnectionId,
    name: &str,
) -> Result<SourceCheck, Error> {
    let source = semantic::read_source(&workspace.folder, id, name)?;
    if let Err(findings) = semantic::validate_text(&source.text) {
        let placed = |finding: Finding| match &source.path {
            Some(path) => format!("{path}:{}: {finding}", finding.place.line),
            None => finding.to_string(),
        };
        return Ok(SourceCheck {
            errors: findings.into_iter().map(placed).collect(),
            warnings: Vec::new(),
        });
    }
    let catalog = Catalog::load(&workspace.folder, id)?;
    if let Some(fault) = catalog.unreadable().remove(name) {
        return Ok(SourceCheck {
            errors: vec![fault],
            warnings: Vec::new(),
        });
    }
    // A check installs nothing.
    let features = FeatureSet::from(Feature::Core);
    if !app.runtime()?.status().is_ready_for(&features) {
        return Ok(SourceCheck::default());
    }
    let (_, connection) = workspace.config.connection(id.as_str())?;
    compiled(&python.semantic_layer(None)?, &catalog, connection, name)
}

/// What the compiler says about one source of a model.
fn compiled(
    compiler: &Service,
    catalog: &Catalog,
    connection: &Connection,
    name: &str,
) -> Result<SourceCheck, Error> {
    let touched = [name.to_owned()];
    let checked = ports::validate(compiler, workspace::model(catalog, connection), Some(&touched))?;
    let about = |text: &String| text.contains(&format!("'{name}'")) || text.contains(&format!("`{name}`"));
    let mut warnings = checked.per_source.get(name).cloned().unwrap_or_default();
    warnings.extend(
        checked
            .warnings
            .into_iter()
            .chain(checked.information)
            .filter(&about),
    );
    Ok(SourceCheck {
        errors: checked.errors.into_iter().filter(&about).collect(),
        warnings,
    })
}

/// Checks a whole model: its files, and with a compiler what they say.
pub fn validate(
    app: &App,
    workspace: &Workspace,
    compiler: Option<&Service>,
    connection: &str,
    names: Option<&[String]>,
) -> Result<ModelCheck, Error> {
    let (id, connection) = workspace.config.connection(connection)?;
    let catalog = workspace.catalog(app, id)?;
    let mut errors: Vec<String> = catalog.problems.iter().map(ToString::to_string).collect();
    let unknown = names.unwrap_or_default().iter();
    let unknown = unknown.filter(|name| !catalog.entries.contains_key(*name));
    errors.extend(unknown.map(|name| format!("Semantic-layer source \"{id}/{name}\" was not found")));
    let Some(compiler) = compiler else {
        return Ok(ModelCheck {
            success: errors.is_empty(),
            errors,
            warnings: vec![SHAPE_ONLY.to_owned()],
            information: Vec::new(),
        });
    };
    let checked = ports::validate(compiler, workspace::model(&catalog, connection), names)?;
    errors.extend(checked.errors);
    Ok(ModelCheck {
        success: checked.valid && errors.is_empty(),
        errors,
        warnings: checked.warnings,
        information: checked.information,
    })
}

/// The entries that match, best first. Without an answer from the model its lane is skipped, with a line on stderr.
pub fn search(
    app: &App,
    workspace: &Workspace,
    entries: &[(ConnectionId, CatalogEntry)],
    query: &str,
) -> Result<Vec<Hit>, Error> {
    let mut usage: BTreeMap<&ConnectionId, TableUsage> = BTreeMap::new();
    for (id, _) in entries {
        if !usage.contains_key(id) {
            let sync = ingest::previous(&workspace.folder, id, AdapterName::HistoricSql.as_str())?;
            let calls = sync.map_or_else(TableUsage::default, |sync| TableUsage::read(&sync));
            usage.insert(id, calls);
        }
    }
    let documents: Vec<SearchDocument> = entries
        .iter()
        .map(|(id, entry)| {
            let calls = entry.source.table.as_deref().map(|table| usage[id].of(table));
            SearchDocument {
                calls: calls.unwrap_or_default(),
                ..SearchDocument::of(id, &entry.source)
            }
        })
        .collect();
    ranking::ranked(app, workspace, &documents, query)
}

fn item(connection: &ConnectionId, entry: &CatalogEntry, hit: Option<Hit>) -> SourceItem {
    SourceItem {
        connection_id: connection.to_string(),
        connection_name: connection.to_string(),
        name: entry.source.name.clone(),
        description: entry.source.summary().map(str::to_owned),
        column_count: entry.source.columns.len(),
        measure_count: entry.source.measures.len(),
        join_count: entry.source.joins.len(),
        score: hit.as_ref().map(|hit| hit.score),
        match_reasons: hit
            .as_ref()
            .map(|hit| hit.lanes.iter().map(|lane| lane.lane).collect()),
        lanes: hit.map(|hit| hit.lanes),
    }
}

/// A search in a project without any sources is refused with a hint.
fn ready(
    app: &App,
    folder: &Folder,
    connection: Option<&str>,
    query: Option<&str>,
) -> Result<Workspace, Error> {
    let dir = folder.dir().display();
    if !folder.is_project() {
        return Err(refusal(
            folder,
            query,
            "agent_sl_search_missing_project",
            format!("Semantic-layer search needs an initialized KTX project at {dir}."),
        ));
    }
    let workspace = Workspace::open(app)?;
    if let Some(id) = connection
        && matches!(
            workspace.config.connection(id),
            Err(ktx_project::Error::UnknownConnection { .. })
        )
    {
        return Err(refusal(
            folder,
            query,
            "agent_sl_search_unknown_connection",
            format!("Semantic-layer search connection \"{id}\" is not configured in {dir}."),
        ));
    }
    if workspace.config.connections.is_empty() {
        return Err(refusal(
            folder,
            query,
            "agent_sl_search_no_connections",
            format!("Semantic-layer search found no configured connections in {dir}."),
        ));
    }
    Ok(workspace)
}

fn refusal(folder: &Folder, query: Option<&str>, code: &'static str, message: String) -> Error {
    let dir = ktx_system::shell::quoted(&folder.dir().display().to_string());
    let list = match query {
        Some(query) => format!("ktx agent sl list --json --query \"{query}\" --project-dir {dir}"),
        None => format!("ktx agent sl list --json --project-dir {dir}"),
    };
    let next_steps = vec![
        "ktx setup demo".to_owned(),
        format!("ktx setup --project-dir {dir}"),
        "ktx ingest <connection>".to_owned(),
        list,
    ];
    Error::Coded {
        code,
        message,
        next_steps,
    }
}
