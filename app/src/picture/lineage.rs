//! Where a measure comes from: the tables and columns that its expression reads, also through other measures, computed
//! columns, segments and joins. Only names of the model are found; the rest of an expression is skipped.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ktx_project::semantic::{Catalog, Measure, Source};
use regex::{Captures, Regex};

/// A column of a table or, of a source that is SQL, of its result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnOrigin<'c> {
    pub source: &'c str,
    /// Empty for SQL.
    pub table: &'c str,
    /// Empty when only rows are counted.
    pub column: &'c str,
}

/// What is not a name is skipped first; a name may be a path, and with `(` after it is a function.
static LEXEMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let part = r#"(?:"[^"]+"|`[^`]+`|[\p{L}_][\p{L}\p{N}_$]*)"#;
    let skipped = r"'(?:[^']|'')*'|--[^\n]*|(?s:/\*.*?\*/)|\d[\p{L}\p{N}_.]*";
    Regex::new(&format!(
        r"{skipped}|(?<path>{part}(?:\s*\.\s*{part})*)\s*(?<call>\()?"
    ))
    .ok()
});

static COUNTS_ROWS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bcount\s*\(\s*[*1]\s*\)").ok());

/// Unquoted, these are not columns.
const KEYWORDS: &str = " and as between by case cast distinct else end false filter from in interval is like not null \
                        or order over partition then true when where ";

/// The columns that a measure reads.
pub fn of<'c>(catalog: &'c Catalog, source: &'c Source, measure: &'c Measure) -> Vec<ColumnOrigin<'c>> {
    let mut walk = Walk {
        catalog,
        open: Vec::new(),
        read: BTreeSet::new(),
        found: BTreeSet::new(),
    };
    walk.measure(source, measure);
    if walk.found.is_empty() {
        walk.found.insert(origin(source, ""));
    }
    walk.found.into_iter().collect()
}

fn origin<'c>(source: &'c Source, column: &'c str) -> ColumnOrigin<'c> {
    ColumnOrigin {
        source: &source.name,
        table: source.table.as_deref().unwrap_or_default(),
        column,
    }
}

struct Walk<'c> {
    catalog: &'c Catalog,
    /// The definitions that are being read: a column in its own expression is the table's.
    open: Vec<(&'c str, &'c str)>,
    read: BTreeSet<(&'c str, &'c str)>,
    found: BTreeSet<ColumnOrigin<'c>>,
}

impl<'c> Walk<'c> {
    fn measure(&mut self, source: &'c Source, measure: &'c Measure) {
        let filter = measure.filter.as_deref().unwrap_or_default();
        self.definition(source, &measure.name, &[&measure.expr, filter]);
        for name in &measure.segments {
            self.name(source, name);
        }
    }

    fn definition(&mut self, source: &'c Source, name: &'c str, texts: &[&'c str]) {
        if self.read.insert((&source.name, name)) {
            self.open.push((&source.name, name));
            for text in texts {
                self.expression(source, text);
            }
            self.open.pop();
        }
    }

    fn expression(&mut self, source: &'c Source, text: &'c str) {
        if COUNTS_ROWS.as_ref().is_some_and(|count| count.is_match(text)) {
            self.found.insert(origin(source, ""));
        }
        let Some(lexemes) = LEXEMES.as_ref() else { return };
        for lexeme in lexemes.captures_iter(text) {
            if let Some(path) = path(&lexeme) {
                self.path(source, &path);
            }
        }
    }

    /// A name, after the roles and sources that lead to it.
    fn path(&mut self, source: &'c Source, path: &[&'c str]) {
        let Some((name, places)) = path.split_last() else {
            return;
        };
        let mut at = source;
        for place in places.iter().copied().filter(|place| *place != source.name) {
            let role = at
                .joins
                .iter()
                .find(|join| join.alias.as_deref().unwrap_or(&join.to) == place);
            match self.source(role.map_or(place, |join| join.to.as_str())) {
                Some(found) => at = found,
                None => return,
            }
        }
        self.name(at, name);
    }

    fn source(&self, name: &str) -> Option<&'c Source> {
        self.catalog.entries.get(name).map(|entry| &entry.source)
    }

    fn name(&mut self, source: &'c Source, name: &str) {
        if let Some(column) = source.columns.iter().find(|column| column.name == name) {
            match &column.expr {
                Some(expr) if !self.open.contains(&(&source.name, &column.name)) => {
                    self.definition(source, &column.name, &[expr]);
                }
                Some(_) | None => {
                    self.found.insert(origin(source, &column.name));
                }
            }
        } else if let Some(measure) = source.measures.iter().find(|measure| measure.name == name) {
            if !self.open.contains(&(&source.name, &measure.name)) {
                self.measure(source, measure);
            }
        } else if let Some(segment) = source.segments.iter().find(|segment| segment.name == name) {
            self.definition(source, &segment.name, &[&segment.expr]);
        }
    }
}

/// The parts of a name without their quotes; none of a function, of a keyword or of what is not a name.
fn path<'c>(lexeme: &Captures<'c>) -> Option<Vec<&'c str>> {
    let path = lexeme.name("path").filter(|_| lexeme.name("call").is_none())?;
    let is_keyword = KEYWORDS.contains(&format!(" {} ", path.as_str().to_lowercase()));
    let parts = path
        .as_str()
        .split('.')
        .map(|part| part.trim().trim_matches(['"', '`']));
    (!is_keyword).then(|| parts.collect())
}

#[cfg(test)]
mod tests {
    use ktx_project::semantic::Catalog;
    use ktx_project::{ConnectionId, Folder};

    use super::of;

    const ORDERS: &str = r#"
name: orders
table: shop.orders
grain: [id]
columns:
  - {name: id, type: number}
  - {name: amount, type: number}
  - {name: tax, type: number}
  - {name: status, type: string}
  - {name: end, type: time}
  - {name: net, type: number, expr: amount - tax}
  - {name: doubled, type: number, expr: net + net}
joins:
  - {to: customers, alias: buyer, on: buyer_id = buyer.id, relationship: many_to_one}
  - {to: rates, on: day = rates.day, relationship: many_to_one}
segments:
  - {name: paid, expr: "status = 'paid'"}
measures:
"#;
    const CUSTOMERS: &str = "
name: customers
table: customers
grain: [id]
columns: [{name: id, type: number}, {name: name, type: string, expr: upper(name)}]
measures: [{name: people, expr: count(*)}]
";
    const RATES: &str = "
name: rates
sql: select day, rate from raw
grain: [day]
columns: [{name: day, type: time}, {name: rate, type: number}]
";

    #[track_caller]
    fn check(measures: &[&str], reads: &[&str]) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::at(dir.path());
        let id = ConnectionId::parse("wh").expect("an id");
        let layer = folder.semantic_layer(&id);
        fs_err::create_dir_all(&layer).expect("a folder");
        let measures: String = measures
            .iter()
            .map(|measure| format!("  - {{{measure}}}\n"))
            .collect();
        let orders = format!("{ORDERS}{measures}");
        for (name, text) in [
            ("orders", orders.as_str()),
            ("customers", CUSTOMERS),
            ("rates", RATES),
        ] {
            fs_err::write(layer.join(format!("{name}.yaml")), text).expect("writes");
        }
        let catalog = Catalog::load(&folder, &id).expect("loads");
        assert_eq!(catalog.problems.len(), 0, "{:?}", catalog.problems);
        let source = &catalog.entries["orders"].source;
        let measure = source.measures.last().expect("a measure");
        let found: Vec<String> = of(&catalog, source, measure)
            .into_iter()
            .map(|origin| format!("{} {} {}", origin.source, origin.table, origin.column))
            .collect();
        assert_eq!(found, reads, "{measures}");
    }

    #[test]
    fn a_measure_reads_columns_through_whatever_it_names() {
        for (measure, reads) in [
            ("expr: sum(amount)", &["orders shop.orders amount"][..]),
            ("expr: count(*)", &["orders shop.orders "]),
            (
                "expr: sum(net)",
                &["orders shop.orders amount", "orders shop.orders tax"],
            ),
            (
                "expr: sum(doubled)",
                &["orders shop.orders amount", "orders shop.orders tax"],
            ),
            ("expr: 'sum(\"amount\")'", &["orders shop.orders amount"]),
            ("expr: sum(orders.amount)", &["orders shop.orders amount"]),
            ("expr: max(buyer.name)", &["customers customers name"]),
            (
                "expr: sum(amount * rates.rate)",
                &["orders shop.orders amount", "rates  rate"],
            ),
            (
                "expr: sum(amount), filter: tax > 0, segments: [paid]",
                &[
                    "orders shop.orders amount",
                    "orders shop.orders status",
                    "orders shop.orders tax",
                ],
            ),
            // Texts, comments, keywords and functions are not columns.
            (
                "expr: \"sum(case when status = 'tax -- id' then amount end) /* id */\"",
                &["orders shop.orders amount", "orders shop.orders status"],
            ),
            ("expr: 'max(\"end\")'", &["orders shop.orders end"]),
            ("expr: tax(1)", &["orders shop.orders "]),
            ("expr: sum(unknown.amount)", &["orders shop.orders "]),
        ] {
            check(&[&format!("name: last, {measure}")], reads);
        }
    }

    #[test]
    fn measures_of_measures_lead_to_their_columns() {
        let total = "name: total, expr: sum(amount)";
        check(
            &[total, "name: share, expr: total / customers.people"],
            &["customers customers ", "orders shop.orders amount"],
        );
        check(
            &["name: a, expr: b + sum(tax)", "name: b, expr: a + sum(amount)"],
            &["orders shop.orders amount", "orders shop.orders tax"],
        );
    }
}
