//! An entity-relationship diagram of Mermaid: <https://mermaid.js.org/syntax/entityRelationshipDiagram.html>.

use ktx_project::semantic::Relationship;

use super::{Model, SourceNode};

pub fn drawn(model: &Model) -> String {
    let several = model
        .sources
        .iter()
        .any(|source| source.connection != model.sources[0].connection);
    let name = |id: &str| match id.split_once('/') {
        Some((_, name)) if !several => quoted(name),
        _ => quoted(id),
    };
    let mut text = "erDiagram\n".to_owned();
    for source in &model.sources {
        text += &format!("  {}", name(&source.id));
        text += &keys(source);
    }
    for join in &model.joins {
        let arrow = match join.relationship {
            Relationship::ManyToOne => "}o--||",
            Relationship::OneToMany => "||--o{",
            Relationship::OneToOne => "||--||",
        };
        let role = if join.role.is_empty() {
            String::new()
        } else {
            format!("{}: ", join.role)
        };
        let mark = if join.ambiguous { " (ambiguous)" } else { "" };
        let label = quoted(&format!("{role}{}{mark}", join.on));
        text += &format!("  {} {arrow} {} : {label}\n", name(&join.from), name(&join.to));
    }
    for ambiguity in &model.ambiguous {
        let fact = name(&ambiguity.fact);
        let paths = ambiguity.paths.join(" or ");
        text += &format!(
            "%% ambiguous: {} to {} by {paths}\n",
            fact.trim_matches('"'),
            ambiguity.place
        );
    }
    text
}

/// The columns of the grain. Mermaid's attributes are plain words.
fn keys(source: &SourceNode) -> String {
    let word = |text: &str| -> String {
        text.chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .collect()
    };
    let is_word = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let keys: String = source
        .columns
        .iter()
        .filter(|column| source.grain.contains(&column.name) && is_word(&column.name))
        .map(|column| format!("    {} {} PK\n", column.what, word(&column.name)))
        .collect();
    match keys.is_empty() {
        true => "\n".to_owned(),
        false => format!(" {{\n{keys}  }}\n"),
    }
}

/// Mermaid has no way to write a quote inside quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'").replace(['\n', '\r', '%'], " "))
}
