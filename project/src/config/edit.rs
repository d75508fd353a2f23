//! One change to a `ktx.yaml` that people wrote: the embeddings that this program manages. Everything else, comments
//! and order included, stays as it was.

use super::MANAGED_BASE_URL;
use crate::yaml::{self, Node, Value};

/// What is written below `embeddings:`, as its path and as text.
const SETTINGS: [&str; 6] = [
    "backend: sentence-transformers",
    "model: all-MiniLM-L6-v2",
    "dimensions: 384",
    "sentenceTransformers:",
    "  base_url: managed:local-embeddings",
    "  pathPrefix: ''",
];

/// The text with the managed embeddings in it; None when its layout leaves no place to write them, as a map in braces.
pub fn with_managed_embeddings(text: &str) -> Option<String> {
    let node = yaml::parse(text).ok()?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match entry(&node, "ingest") {
        None => {
            lines.push("ingest:".to_owned());
            lines.extend(block(2));
        }
        Some((line, ingest)) => {
            let indent = match &ingest.value {
                Value::Map(entries) => usize::try_from(entries.first()?.0.place.column).ok()? - 1,
                Value::Null => 2,
                _ => return None,
            };
            let (from, to) = match entry(ingest, "embeddings") {
                Some((start, _)) => (start - 1, end_of_block(&lines, start, indent)),
                None => (line, line),
            };
            lines.splice(from..to, block(indent));
        }
    }
    let edited = lines.join("\n") + "\n";
    is_managed(&yaml::parse(&edited).ok()?).then_some(edited)
}

/// The line of a key, from 1, and its value.
fn entry<'n>(node: &'n Node, name: &str) -> Option<(usize, &'n Node)> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let (key, value) = entries.iter().find(|(key, _)| key.name == name)?;
    Some((usize::try_from(key.place.line).ok()?, value))
}

fn block(indent: usize) -> Vec<String> {
    let pad = " ".repeat(indent);
    let settings = SETTINGS.iter().map(|line| format!("{pad}  {line}"));
    std::iter::once(format!("{pad}embeddings:"))
        .chain(settings)
        .collect()
}

/// The first line behind a key's block that is indented no deeper than the key.
fn end_of_block(lines: &[String], start: usize, indent: usize) -> usize {
    let deeper = |line: &String| line.trim().is_empty() || line.len() - line.trim_start().len() > indent;
    let below = lines.iter().skip(start).take_while(|line| deeper(line)).count();
    let blank = lines[start..start + below]
        .iter()
        .rev()
        .take_while(|line| line.trim().is_empty())
        .count();
    start + below - blank
}

fn is_managed(node: &Node) -> bool {
    let url = ["ingest", "embeddings", "sentenceTransformers", "base_url"]
        .iter()
        .try_fold(node, |node, key| node.get(key));
    url.and_then(Node::as_text) == Some(MANAGED_BASE_URL)
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
      pathPrefix: ''
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
                format!("ingest:\n{BLOCK}  # these\n  adapters: [fake]\nproject: p\n"),
            ),
            (
                "ingest:\n  embeddings:\n    backend: none\n\n  adapters: [fake] # all\nproject: p\n"
                    .to_owned(),
                format!("ingest:\n{BLOCK}\n  adapters: [fake] # all\nproject: p\n"),
            ),
            (
                "project: p\ningest:\n  embeddings: {backend: none}\n".to_owned(),
                format!("project: p\ningest:\n{BLOCK}"),
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
        assert_eq!(
            with_managed_embeddings("project: p\ningest: {adapters: [fake]}\n"),
            None
        );
    }
}
