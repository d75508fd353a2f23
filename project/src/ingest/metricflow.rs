//! The `metricflow` adapter: a dbt project with semantic models and metrics, as drafts of sources.

use std::path::Path;

use ktx_runtime::ports::{self, DbtFile, Service};
use serde_json::{Map, Value, json};

use super::IngestError;
use super::drafts::DraftSet;
use super::pull::{Pull, WorkUnit};
use crate::yaml::{self, Node, SyntaxError};
use crate::{ConnectionId, files};

/// dbt writes it; it knows the table of each model.
const MANIFEST: &str = "target/manifest.json";
/// Folders that dbt fills itself.
const NOT_WRITTEN: [&str; 3] = ["target/", "dbt_packages/", "logs/"];

/// The YAML of a dbt project, and its manifest where it has been compiled.
#[derive(Debug, Default)]
pub struct DbtReading {
    files: Vec<DbtFile>,
    texts: Vec<(String, String)>,
    manifest: Option<Value>,
    warnings: Vec<String>,
}

pub fn read_folder(source: &Path) -> Result<DbtReading, IngestError> {
    if !source.is_dir() {
        return Err(IngestError::NoSourceFolder(source.to_owned()));
    }
    let mut reading = DbtReading::default();
    for file in files::all_below(source)? {
        let path = files::name_below(source, &file);
        let is_written = !NOT_WRITTEN.iter().any(|folder| path.starts_with(folder));
        let is_yaml = is_written && (path.ends_with(".yml") || path.ends_with(".yaml"));
        if !is_yaml && path != MANIFEST {
            continue;
        }
        let Ok(text) = fs_err::read_to_string(&file) else {
            reading.warnings.push(format!("unreadable:{path}"));
            continue;
        };
        if !is_yaml {
            reading.manifest = serde_json::from_str(&text)
                .ok()
                .map(|manifest| tables_of(&manifest));
            if reading.manifest.is_none() {
                reading
                    .warnings
                    .push(format!("{path}: the file was left out: it is not JSON"));
            }
            continue;
        }
        match documents(&text) {
            Ok(documents) => {
                reading.files.push(DbtFile {
                    path: path.clone(),
                    documents,
                });
                reading.texts.push((path, text));
            }
            Err(error) => reading
                .warnings
                .push(format!("{path}: the file was left out: {error}")),
        }
    }
    Ok(reading)
}

pub fn pull(
    reading: DbtReading,
    connection: &ConnectionId,
    dialect: &str,
    service: &Service,
) -> Result<Pull, IngestError> {
    let answer = ports::draft_metricflow(service, &reading.files, reading.manifest.as_ref(), dialect)?;
    let mut pull = Pull {
        warnings: reading.warnings,
        ..Pull::default()
    };
    for (path, text) in reading.texts {
        pull.files.insert(format!("dbt/{path}"), text.into_bytes());
    }
    let list = |field: &str| answer.get(field).and_then(Value::as_array).into_iter().flatten();
    for source in list("sources") {
        if let Some(name) = source.pointer("/definition/name").and_then(Value::as_str) {
            let path = format!("drafts/{connection}/{name}.yaml");
            pull.units
                .push(WorkUnit::new(format!("metricflow-{name}"), vec![path]));
        }
    }
    pull.warnings
        .extend(list("warnings").filter_map(Value::as_str).map(str::to_owned));
    pull.drafts
        .extend(DraftSet::of_answer(connection.clone(), &answer));
    Ok(pull)
}

/// A manifest has megabytes; of it only the tables matter.
fn tables_of(manifest: &Value) -> Value {
    let nodes = manifest.get("nodes").and_then(Value::as_object);
    let tables: Map<String, Value> = nodes
        .into_iter()
        .flatten()
        .map(|(id, node)| {
            (
                id.clone(),
                json!({"name": node.get("name"), "relation_name": node.get("relation_name")}),
            )
        })
        .collect();
    json!({"nodes": tables})
}

/// The documents of a file, each read behind as many blank lines as keep its own line numbers.
fn documents(text: &str) -> Result<Vec<Value>, SyntaxError> {
    let mut documents = vec![String::new()];
    for (number, line) in text.lines().enumerate() {
        if line.trim_end() == "---" {
            documents.push("\n".repeat(number + 1));
            continue;
        }
        if let Some(document) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents
        .iter()
        .filter(|document| !document.trim().is_empty())
        .map(|document| yaml::parse(document).map(|node| with_lines(&node)))
        .collect()
}

fn with_lines(node: &Node) -> Value {
    match &node.value {
        yaml::Value::List(items) => items.iter().map(with_lines).collect(),
        yaml::Value::Map(entries) => {
            let mut members: Map<String, Value> = entries
                .iter()
                .map(|(key, node)| (key.name.clone(), with_lines(node)))
                .collect();
            members.insert("__line__".to_owned(), node.place.line.into());
            Value::Object(members)
        }
        _ => node.to_json(),
    }
}
