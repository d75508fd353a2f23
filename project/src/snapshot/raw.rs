//! Raw snapshots: one file per table and two about the whole, compared by digest.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Scope, Snapshot, Table};
use crate::{Error, files};

/// The files of one snapshot: path from the sync folder to content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawFiles(BTreeMap<String, Vec<u8>>);

/// How the files differ from those of the snapshot before, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChanges {
    pub added: Vec<String>,
    pub modified: Vec<String>,
    pub deleted: Vec<String>,
    pub unchanged: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionFile<'s> {
    connection_id: &'s str,
    driver: &'s str,
    extracted_at: &'s str,
    scope: &'s Scope,
    metadata: &'s Value,
    table_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForeignKeysFile<'s> {
    foreign_keys: Vec<ForeignKeyRow<'s>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForeignKeyRow<'s> {
    from_table: &'s str,
    from_table_path: String,
    from_column: &'s str,
    to_catalog: Option<&'s str>,
    to_db: Option<&'s str>,
    to_table: &'s str,
    to_column: &'s str,
    constraint_name: Option<&'s str>,
}

/// `<b64url(catalog|_)>.<b64url(db|_)>.<b64url(name)>.json`: any name a warehouse allows becomes a file name.
pub fn file_name(table: &Table) -> String {
    let encode = |part: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(part);
    let or_blank = |part: &Option<String>| encode(part.as_deref().unwrap_or("_"));
    format!(
        "{}.{}.{}.json",
        or_blank(&table.catalog),
        or_blank(&table.db),
        encode(&table.name)
    )
}

impl RawFiles {
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut files = BTreeMap::new();
        files.insert(
            "connection.json".to_owned(),
            pretty(&ConnectionFile {
                connection_id: &snapshot.connection_id,
                driver: &snapshot.driver,
                extracted_at: &snapshot.extracted_at,
                scope: &snapshot.scope,
                metadata: &snapshot.metadata,
                table_count: snapshot.tables.len(),
            }),
        );
        let rows = snapshot.tables.iter().flat_map(|table| {
            table.foreign_keys.iter().map(|key| ForeignKeyRow {
                from_table: &table.name,
                from_table_path: table.path(),
                from_column: &key.from_column,
                to_catalog: key.to_catalog.as_deref(),
                to_db: key.to_db.as_deref(),
                to_table: &key.to_table,
                to_column: &key.to_column,
                constraint_name: key.constraint_name.as_deref(),
            })
        });
        files.insert(
            "foreign-keys.json".to_owned(),
            pretty(&ForeignKeysFile {
                foreign_keys: rows.collect(),
            }),
        );
        for table in &snapshot.tables {
            files.insert(format!("tables/{}", file_name(table)), pretty(table));
        }
        Self(files)
    }

    /// What an earlier run left in its sync folder; reports and enrichments are not part of the snapshot.
    pub fn read(sync: &Path) -> Result<Self, Error> {
        let mut read = BTreeMap::new();
        for file in files::all_below(sync)? {
            let name = files::name_below(sync, &file);
            if name == "connection.json" || name == "foreign-keys.json" || name.starts_with("tables/") {
                read.insert(
                    name,
                    fs_err::read(&file).map_err(|error| Error::io("read", &file, error))?,
                );
            }
        }
        Ok(Self(read))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// The tables by file name; a damaged file counts as a missing table.
    pub fn tables(&self) -> BTreeMap<String, Table> {
        let tables = self.iter().filter(|(name, _)| name.starts_with("tables/"));
        tables
            .filter_map(|(name, content)| Some((name.to_owned(), serde_json::from_slice(content).ok()?)))
            .collect()
    }

    /// SHA-256 per file, blind to when the snapshot was taken.
    fn digests(&self) -> BTreeMap<&str, [u8; 32]> {
        let digest = |content: &[u8]| match serde_json::from_slice::<Value>(content) {
            Ok(Value::Object(mut object)) => {
                object.remove("extractedAt");
                Sha256::digest(Value::Object(object).to_string()).into()
            }
            _ => Sha256::digest(content).into(),
        };
        self.iter()
            .map(|(name, content)| (name, digest(content)))
            .collect()
    }

    pub fn same_as(&self, other: &Self) -> bool {
        self.digests() == other.digests()
    }
}

pub fn changes(before: &RawFiles, after: &RawFiles) -> FileChanges {
    let (old, new) = (before.digests(), after.digests());
    let mut changes = FileChanges::default();
    for (name, digest) in &new {
        let list = match old.get(name) {
            None => &mut changes.added,
            Some(before) if before == digest => &mut changes.unchanged,
            Some(_) => &mut changes.modified,
        };
        list.push((*name).to_owned());
    }
    changes.deleted = old
        .keys()
        .filter(|name| !new.contains_key(*name))
        .map(|name| (*name).to_owned())
        .collect();
    changes
}

impl FileChanges {
    /// Only the files of tables.
    pub fn tables(&self) -> Self {
        let tables = |names: &[String]| {
            let tables = names.iter().filter(|name| name.starts_with("tables/"));
            tables.cloned().collect()
        };
        Self {
            added: tables(&self.added),
            modified: tables(&self.modified),
            deleted: tables(&self.deleted),
            unchanged: tables(&self.unchanged),
        }
    }
}

fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("our own types have text keys and finite numbers");
    text.push(b'\n');
    text
}
