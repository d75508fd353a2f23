//! The configuration files of uv and pip, as far as [`super::settings`] takes something over from them.
//!
//! Unreadable files are ignored: uv and pip report them to their own users.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, Value};

use crate::Environment;

/// No such file comes near this.
const MAX_BYTES: u64 = 1 << 20;

/// One file: its keys, those of uv's `[pip]` before those at the top, and uv's `[[index]]` tables.
#[derive(Debug, Default)]
pub struct Configured {
    values: BTreeMap<String, String>,
    indexes: Vec<(&'static str, String)>,
}

impl Configured {
    /// The value of a key; a list is joined as the variable that says the same wants it.
    pub fn one(&self, key: &str) -> Option<String> {
        self.values.get(key).cloned()
    }

    /// What the `[[index]]` tables say, as variables.
    pub fn indexes(&self) -> Vec<(&'static str, String)> {
        let mut joined: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
        for (name, value) in &self.indexes {
            joined.entry(name).or_default().push(value);
        }
        let joined = joined.into_iter().map(|(name, values)| (name, values.join(" ")));
        joined.collect()
    }
}

/// uv's files, the most specific first: the one that `UV_CONFIG_FILE` names alone, else the user's and the system's.
pub fn uv_files(environment: &Environment) -> Vec<Configured> {
    if is_on(environment.text("UV_NO_CONFIG")) {
        return Vec::new();
    }
    let paths = match environment.variable("UV_CONFIG_FILE") {
        Some(named) => vec![PathBuf::from(named)],
        None => folders(environment)
            .into_iter()
            .map(|folder| folder.join("uv").join("uv.toml"))
            .collect(),
    };
    paths.iter().filter_map(|path| read_uv(path)).collect()
}

/// pip's files, the most specific first.
pub fn pip_files(environment: &Environment) -> Vec<Configured> {
    let file = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
    let mut paths = Vec::new();
    match environment.variable("PIP_CONFIG_FILE") {
        // The null device switches pip's configuration off.
        Some(named) if named == "/dev/null" || named.eq_ignore_ascii_case("nul") => return Vec::new(),
        Some(named) => paths.push(PathBuf::from(named)),
        None => {}
    }
    paths.extend(
        folders(environment)
            .into_iter()
            .map(|folder| folder.join("pip").join(file)),
    );
    paths.extend(environment.home().map(|home| home.join(".pip").join(file)));
    if !cfg!(windows) {
        paths.push(PathBuf::from("/etc/pip.conf"));
    }
    paths.iter().filter_map(|path| read_pip(path)).collect()
}

/// Folders of configuration: the user's, then the system's.
fn folders(environment: &Environment) -> Vec<PathBuf> {
    if cfg!(windows) {
        let named = ["APPDATA", "PROGRAMDATA"];
        return named
            .iter()
            .filter_map(|name| environment.variable(name).map(PathBuf::from))
            .collect();
    }
    let own = environment
        .variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(environment.home()?.join(".config")));
    let shared = environment.variable("XDG_CONFIG_DIRS").map_or_else(
        || vec![PathBuf::from("/etc/xdg")],
        |listed| std::env::split_paths(listed).collect(),
    );
    let mut all: Vec<PathBuf> = own.into_iter().chain(shared).collect();
    all.push(PathBuf::from("/etc"));
    all.retain(|folder| folder.is_absolute());
    all
}

fn read_uv(path: &Path) -> Option<Configured> {
    let document: DocumentMut = text(path)?.parse().ok()?;
    let mut configured = Configured::default();
    let pip = document.get("pip").and_then(Item::as_table);
    for table in pip.into_iter().chain([document.as_table()]) {
        for (key, item) in table {
            let value = item.as_value().and_then(|value| joined(path, key, value));
            if let Some(value) = value {
                configured.values.entry(key.to_owned()).or_insert(value);
            }
        }
    }
    let tables = document.get("index").and_then(Item::as_array_of_tables);
    for table in tables.into_iter().flatten() {
        configured.indexes.extend(index(table));
    }
    Some(configured)
}

/// An explicit index, which serves only the packages that name it, is ignored.
fn index(table: &Table) -> Option<(&'static str, String)> {
    let is = |key: &str| table.get(key).and_then(Item::as_bool) == Some(true);
    let url = table.get("url")?.as_str()?;
    if is("explicit") {
        return None;
    }
    if table.get("format").and_then(Item::as_str) == Some("flat") {
        return Some(("UV_FIND_LINKS", url.to_owned()));
    }
    let named = match table.get("name").and_then(Item::as_str) {
        Some(name) => format!("{name}={url}"),
        None => url.to_owned(),
    };
    Some((
        if is("default") {
            "UV_DEFAULT_INDEX"
        } else {
            "UV_INDEX"
        },
        named,
    ))
}

fn joined(path: &Path, key: &str, value: &Value) -> Option<String> {
    let is_path = key == "cache-dir";
    let is_link = key == "find-links";
    let one = |value: &Value| {
        let text = match value {
            Value::String(text) => text.value().clone(),
            Value::Boolean(flag) if *flag.value() => "1".to_owned(),
            Value::Integer(number) => number.value().to_string(),
            _ => return None,
        };
        let relative = is_path || (is_link && !text.contains("://"));
        Some(if relative { beside(path, &text) } else { text })
    };
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().filter_map(one).collect();
            Some(values.join(if is_link { "," } else { " " })).filter(|text| !text.is_empty())
        }
        value => one(value),
    }
}

/// The sections `[global]` and `[install]`; a line that is indented continues the value before it.
fn read_pip(path: &Path) -> Option<Configured> {
    let text = text(path)?;
    let mut configured = Configured::default();
    let (mut section, mut key) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            key.clear();
        } else if line.starts_with(char::is_whitespace) && !key.is_empty() {
            let value = configured.values.entry(key.clone()).or_default();
            *value = format!("{value} {trimmed}").trim().to_owned();
        } else if let Some((name, value)) = trimmed.split_once(['=', ':'])
            && matches!(section.as_str(), "global" | "install")
        {
            key = name.trim().to_ascii_lowercase().replace('_', "-");
            configured.values.insert(key.clone(), value.trim().to_owned());
        }
    }
    if !is_on(configured.values.get("no-index").map(String::as_str)) {
        configured.values.remove("no-index");
    }
    if let Some(links) = configured.values.get_mut("find-links") {
        *links = links.split_ascii_whitespace().collect::<Vec<_>>().join(",");
    }
    Some(configured)
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(crate::installed::read_regular(path, MAX_BYTES).ok()?).ok()
}

fn is_on(value: Option<&str>) -> bool {
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"))
}

/// `path` below the folder of the file that names it.
fn beside(file: &Path, path: &str) -> String {
    let found: PathBuf = file.parent().unwrap_or(Path::new("/")).join(path);
    found.to_string_lossy().into_owned()
}
