//! One change to a `ktx.yaml` that people wrote: the embeddings that this program manages. Everything else, comments
//! and order included, stays as it was.

use crate::yaml;

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
    let edited = yaml::amended(text, &before, &after)?;
    yaml::parse(&edited).ok()?.same_as(&after).then_some(edited)
}

#[cfg(test)]
mod tests {
    use super::with_managed_embeddings;

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
}
