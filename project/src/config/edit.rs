//! Changes to a `ktx.yaml` that people wrote: the embeddings that this program manages, and connections. Everything
//! else, comments and order included, stays as it was.

use serde::Serialize;

use crate::ConnectionId;
use crate::yaml::{self, Node};

/// The lines to add below `ingest:`.
const SETTINGS: &str = "embeddings:
  backend: sentence-transformers
  model: all-MiniLM-L6-v2
  dimensions: 384
  sentenceTransformers:
    base_url: managed:local-embeddings
    pathPrefix: ''
";

/// The text with the managed embeddings in it; None when its layout leaves no place to write them.
pub fn with_managed_embeddings(text: &str) -> Option<String> {
    let before = yaml::parse(text).ok()?;
    let settings = yaml::parse(SETTINGS).ok()?;
    let mut after = before.clone();
    after.set(&["ingest", "embeddings"], settings.get("embeddings")?.clone());
    changed(text, &before, &after)
}

/// A connection to write. It is always marked `readonly`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewConnection {
    pub driver: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
}

/// The text with the connection in it; None when its layout leaves no place to write it.
pub fn with_connection(text: &str, id: &ConnectionId, new: &NewConnection) -> Option<String> {
    #[derive(Serialize)]
    struct Written<'a> {
        #[serde(flatten)]
        new: &'a NewConnection,
        readonly: bool,
    }
    let before = yaml::parse(text).ok()?;
    let written = yaml::to_text(&Written { new, readonly: true });
    let mut after = before.clone();
    after.set(&["connections", id.as_str()], yaml::parse(&written).ok()?);
    changed(text, &before, &after)
}

/// The text without the connection; None when its layout does not let it be taken out.
pub fn without_connection(text: &str, id: &ConnectionId) -> Option<String> {
    let before = yaml::parse(text).ok()?;
    let mut after = before.clone();
    after.remove(&["connections", id.as_str()]);
    changed(text, &before, &after)
}

fn changed(text: &str, before: &Node, after: &Node) -> Option<String> {
    let edited = yaml::amended(text, before, after)?;
    yaml::parse(&edited).ok()?.same_as(after).then_some(edited)
}

#[cfg(test)]
mod tests {
    use super::{NewConnection, with_connection, with_managed_embeddings, without_connection};

    const BLOCK: &str = "  embeddings:
    backend: sentence-transformers
    model: all-MiniLM-L6-v2
    dimensions: 384
    sentenceTransformers:
      base_url: managed:local-embeddings
      pathPrefix: \"\"
";

    #[test]
    fn what_people_wrote_stays() {
        for (text, edited) in [
            (
                "project: p # mine\n".to_owned(),
                format!("project: p # mine\ningest:\n{BLOCK}"),
            ),
            (
                "ingest:\n  # these\n  adapters: [fake]\nproject: p\n".to_owned(),
                format!("ingest:\n  # these\n  adapters: [fake]\n{BLOCK}project: p\n"),
            ),
            (
                "ingest:\n  embeddings:\n    backend: none\n\n  adapters: [fake] # all\nproject: p\n"
                    .to_owned(),
                format!("ingest:\n{BLOCK}\n  adapters: [fake] # all\nproject: p\n"),
            ),
            (
                "project: p\ningest: {adapters: [fake]} # in braces\n".to_owned(),
                "project: p\ningest: {adapters: [fake], embeddings: {backend: sentence-transformers, model: all-MiniLM-L6-v2, \
                 dimensions: 384, sentenceTransformers: {base_url: managed:local-embeddings, pathPrefix: \"\"}}} # in braces\n"
                    .to_owned(),
            ),
        ] {
            assert_eq!(
                with_managed_embeddings(&text).as_deref(),
                Some(edited.as_str()),
                "{text}"
            );
            assert_eq!(
                with_managed_embeddings(&edited).as_deref(),
                Some(edited.as_str()),
                "writing twice is writing once"
            );
        }
        assert_eq!(with_managed_embeddings("[]\n"), None);
    }

    #[test]
    fn a_connection_comes_and_goes() {
        let id = "lake".to_owned().try_into().expect("an id");
        let lake = NewConnection {
            driver: "duckdb".to_owned(),
            path: Some("data".to_owned()),
            ..NewConnection::default()
        };
        for (text, with, without) in [
            (
                "project: p # mine\n",
                "project: p # mine\nconnections:\n  lake:\n    driver: duckdb\n    path: data\n    readonly: true\n",
                "project: p # mine\n",
            ),
            (
                "project: p\nconnections:\n  # ours\n  wh: {driver: sqlite, path: a.db}\ningest: {}\n",
                "project: p\nconnections:\n  # ours\n  wh: {driver: sqlite, path: a.db}\n  lake:\n    driver: duckdb\n    path: data\n    readonly: true\ningest: {}\n",
                "project: p\nconnections:\n  # ours\n  wh: {driver: sqlite, path: a.db}\ningest: {}\n",
            ),
        ] {
            let added = with_connection(text, &id, &lake);
            assert_eq!(added.as_deref(), Some(with), "{text}");
            let removed = without_connection(with, &id);
            assert_eq!(removed.as_deref(), Some(without), "{with}");
        }
        assert_eq!(with_connection("[]\n", &id, &lake), None);
    }
}
