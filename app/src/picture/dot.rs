//! A directed graph of Graphviz: <https://graphviz.org/doc/info/lang.html>.

use ktx_project::semantic::Relationship;

use super::Model;

pub fn drawn(model: &Model) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n",
        quoted(&model.project)
    );
    for source in &model.sources {
        let label = format!("{}\nkey: {}", source.name, source.grain.join(", "));
        text += &format!("  {} [label={}];\n", quoted(&source.id), quoted(&label));
    }
    for join in &model.joins {
        let cardinality = match join.relationship {
            Relationship::ManyToOne => "n:1",
            Relationship::OneToMany => "1:n",
            Relationship::OneToOne => "1:1",
        };
        let label = format!("{cardinality} {}", join.role);
        let mark = if join.ambiguous {
            ", color=red, fontcolor=red"
        } else {
            ""
        };
        text += &format!(
            "  {} -> {} [label={}, tooltip={}{mark}];\n",
            quoted(&join.from),
            quoted(&join.to),
            quoted(label.trim_end()),
            quoted(&join.on)
        );
    }
    for ambiguity in &model.ambiguous {
        let paths = ambiguity.paths.join(" or ").replace('\n', " ");
        text += &format!(
            "  // ambiguous: {} to {} by {paths}\n",
            ambiguity.fact, ambiguity.place
        );
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}
