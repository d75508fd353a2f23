//! The full-text index in the local state, brought up to date before each search.

use rusqlite::{Transaction, params};

use super::document::{SearchDocument, tokens};
use crate::Error;
use crate::state::State;

/// The documents that full-text search finds, best first, as positions in `documents`.
pub fn lexical(state: &mut State, documents: &[SearchDocument], query: &str) -> Result<Vec<usize>, Error> {
    let terms: Vec<String> = tokens(query).map(|token| format!("\"{token}\"*")).collect();
    state.transaction(|transaction| {
        refresh(transaction, documents)?;
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        // A hit in the name outweighs one in the texts.
        let ranked = "select connection, name from sources where sources match ?1 order by bm25(sources, 0, 5, 1), name";
        let mut statement = transaction.prepare(ranked)?;
        let rows = statement.query_map([terms.join(" OR ")], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
        let position = |(connection, name): &(String, String)| {
            documents.iter().position(|document| document.connection == *connection && document.name == *name)
        };
        Ok(found.iter().filter_map(position).collect())
    })
}

/// Documents of connections that are not searched now stay as they are.
fn refresh(transaction: &Transaction<'_>, documents: &[SearchDocument]) -> rusqlite::Result<()> {
    let mut connections: Vec<&str> = documents
        .iter()
        .map(|document| document.connection.as_str())
        .collect();
    connections.dedup();
    for connection in connections {
        let wanted: Vec<(&SearchDocument, String)> = documents
            .iter()
            .filter(|document| document.connection == connection)
            .map(|document| (document, document.digest()))
            .collect();
        let mut stored =
            transaction.prepare("select name, digest from sources where connection = ?1 order by name")?;
        let stored: Vec<(String, String)> = stored
            .query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let same = stored.len() == wanted.len()
            && stored
                .iter()
                .zip(&wanted)
                .all(|(stored, (document, digest))| stored.0 == document.name && stored.1 == *digest);
        if same {
            continue;
        }
        transaction.execute("delete from sources where connection = ?1", [connection])?;
        let mut insert = transaction
            .prepare("insert into sources (connection, name, words, digest) values (?1, ?2, ?3, ?4)")?;
        for (document, digest) in wanted {
            insert.execute(params![connection, document.name, document.words, digest])?;
        }
    }
    Ok(())
}
