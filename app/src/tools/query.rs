//! A semantic-layer query: compiled by the payload, run on the database when asked.

use std::borrow::Cow;

use ktx_project::semantic::Catalog;
use ktx_project::{ConnectionId, nearest};
use ktx_runtime::ports::{self, MeasureRequest, PortError, QueryWarning, SemanticQuery, Service};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::sql;
use crate::export::{Exported, export};
use crate::{App, Destination, Error, Python, Workspace, workspace};

/// Rows of a query that names no cap. Its own limit is 1000 when it names none.
const UNCAPPED: u64 = 100_000;

/// The largest that the compiler takes; every row is below it.
const LARGEST_LIMIT: u64 = i64::MAX as u64;

/// Whether the SQL is run, and the maximum number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Execution {
    CompileOnly,
    Run {
        max_rows: Option<u64>,
    },
    /// Every row into a file.
    Export(Destination),
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryResult {
    pub connection_id: String,
    pub dialect: String,
    pub sql: String,
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    pub total_rows: usize,
    /// A limit cut rows off.
    pub truncated: bool,
    pub warnings: Vec<QueryWarning>,
    pub plan: Map<String, Value>,
    /// The columns behind these are there only because a measure needs them.
    #[serde(skip)]
    pub asked_columns: usize,
    /// What an execution into a file wrote; `rows` is empty then.
    #[serde(skip)]
    pub exported: Option<Exported>,
}

/// A query and its target.
pub struct QueryRun<'q> {
    pub workspace: &'q Workspace,
    pub python: &'q Python,
    pub compiler: &'q Service,
    pub connection: Option<&'q str>,
    pub query: SemanticQuery,
    pub execution: Execution,
}

impl QueryRun<'_> {
    /// Compiles, and runs on request.
    pub fn answer(&self, app: &App) -> Result<QueryResult, Error> {
        let (id, connection) = self.workspace.connection(self.connection)?;
        let catalog = Catalog::load(&self.workspace.folder, id)?;
        let look_ahead = match self.execution {
            Execution::CompileOnly | Execution::Export(_) => 0,
            Execution::Run { .. } => 1,
        };
        let query = match (&self.execution, self.query.limit) {
            (Execution::Export(_), None) => Cow::Owned(SemanticQuery {
                limit: Some(LARGEST_LIMIT),
                ..self.query.clone()
            }),
            _ => Cow::Borrowed(&self.query),
        };
        let model = workspace::model(&catalog, connection);
        let compiled = ports::compile(self.compiler, model, &query, look_ahead)
            .map_err(|error| with_nearest_names(error, &catalog, &self.query))?;
        let mut result = QueryResult {
            connection_id: id.to_string(),
            dialect: compiled.dialect,
            headers: names_of(&compiled.columns),
            sql: compiled.sql,
            rows: Vec::new(),
            total_rows: 0,
            truncated: false,
            warnings: warnings(compiled.warnings, &catalog),
            plan: compiled.plan,
            asked_columns: usize::MAX,
            exported: None,
        };
        let execution = match &self.execution {
            Execution::CompileOnly => json!({
                "mode": "compile_only",
                "reason": "Local semantic-layer query compiled SQL but no data-source execution adapter is configured.",
            }),
            Execution::Run { max_rows } => {
                self.run(app, id, *max_rows, &compiled.columns, &mut result)?;
                json!({
                    "mode": "executed",
                    "driver": connection.driver.as_str(),
                    "maxRows": max_rows.or(self.query.limit),
                    "rowCount": result.total_rows,
                })
            }
            Execution::Export(destination) => {
                let exported = self.export(app, id, destination, &compiled.columns, &mut result)?;
                let mut plan = json!(exported);
                plan["mode"] = "exported".into();
                plan["driver"] = connection.driver.as_str().into();
                result.exported = Some(exported);
                plan
            }
        };
        result.plan.insert("execution".to_owned(), execution);
        Ok(result)
    }

    /// The SQL gives one row more than the limit. It is dropped, and the answer says that there is more.
    fn run(
        &self,
        app: &App,
        id: &ConnectionId,
        max_rows: Option<u64>,
        columns: &[Map<String, Value>],
        result: &mut QueryResult,
    ) -> Result<(), Error> {
        let limit = result.plan.get("limit").and_then(Value::as_u64);
        let database = sql::database(app, self.workspace, self.python, id, &result.sql)?;
        let rows = database.query(&result.sql, max_rows.unwrap_or(UNCAPPED))?;
        let mut values = rows.rows;
        result.truncated = rows.truncated;
        if let Some(limit) = limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            result.truncated |= values.len() > limit;
            values.truncate(limit);
            let ahead = format!("LIMIT {}", limit.saturating_add(1));
            if let Some(sql) = result.sql.trim_end().strip_suffix(&ahead) {
                result.sql = format!("{sql}LIMIT {limit}");
            }
        }
        let order = Order::of(columns, &self.query.measures);
        result.headers = order.apply(rows.headers);
        result.rows = values.into_iter().map(|row| order.apply(row)).collect();
        result.total_rows = result.rows.len();
        result.asked_columns = order.asked;
        Ok(())
    }

    /// The columns that were asked for, and without `--limit` every row.
    fn export(
        &self,
        app: &App,
        id: &ConnectionId,
        destination: &Destination,
        columns: &[Map<String, Value>],
        result: &mut QueryResult,
    ) -> Result<Exported, Error> {
        let all = format!("LIMIT {LARGEST_LIMIT}");
        if let Some(sql) = result.sql.trim_end().strip_suffix(&all) {
            result.sql = sql.trim_end().to_owned();
            result.plan.insert("limit".to_owned(), Value::Null);
        }
        let order = Order::of(columns, &self.query.measures);
        result.headers = order.apply(std::mem::take(&mut result.headers));
        result.asked_columns = order.asked;
        let asked = order.places[..order.asked].to_vec();
        let (workspace, python) = (self.workspace, self.python);
        let exported = export(app, workspace, python, id, &result.sql, Some(asked), destination)?;
        result.total_rows = usize::try_from(exported.row_count).unwrap_or(usize::MAX);
        Ok(exported)
    }
}

fn names_of(columns: &[Map<String, Value>]) -> Vec<String> {
    let name = |column: &Map<String, Value>| Some(column.get("name")?.as_str()?.to_owned());
    columns.iter().filter_map(name).collect()
}

/// What the compiler says, and the files that hide which sources they hold.
fn warnings(mut warnings: Vec<QueryWarning>, catalog: &Catalog) -> Vec<QueryWarning> {
    let nameless = catalog
        .problems
        .iter()
        .filter(|problem| problem.sources.is_empty());
    warnings.extend(nameless.map(|problem| QueryWarning {
        code: "file-left-out".to_owned(),
        message: problem.to_string(),
        hint: None,
    }));
    warnings
}

/// Where each column of the SQL goes: dimensions, then the measures in the order asked, then what only they need.
struct Order {
    places: Vec<usize>,
    /// How many of them were asked for.
    asked: usize,
}

impl Order {
    fn of(columns: &[Map<String, Value>], measures: &[MeasureRequest]) -> Self {
        let text = |place: usize, key: &str| columns[place].get(key).and_then(Value::as_str);
        let is_dimension = |place: &usize| text(*place, "provenance") == Some("dimension");
        let mut places: Vec<usize> = (0..columns.len()).filter(is_dimension).collect();
        let mut complete = true;
        for measure in measures {
            let named = match measure {
                MeasureRequest::Named { name, .. } => name,
                MeasureRequest::Text(text) => text,
            };
            let asked = (0..columns.len()).find(|place| {
                !is_dimension(place)
                    && [text(*place, "name"), text(*place, "expr")].contains(&Some(named.trim()))
            });
            match asked {
                Some(place) if places.contains(&place) => {}
                Some(place) => places.push(place),
                None => complete = false,
            }
        }
        // A measure that is not found by its name may be any of them: the order of the SQL says as much.
        if !complete {
            return Self {
                places: (0..columns.len()).collect(),
                asked: columns.len(),
            };
        }
        let asked = places.len();
        let others: Vec<usize> = (0..columns.len())
            .filter(|place| !places.contains(place))
            .collect();
        places.extend(others);
        Self { places, asked }
    }

    /// A row of another width is left as it is.
    fn apply<T>(&self, row: Vec<T>) -> Vec<T> {
        if row.len() != self.places.len() {
            return row;
        }
        let mut row: Vec<Option<T>> = row.into_iter().map(Some).collect();
        self.places
            .iter()
            .filter_map(|place| row[*place].take())
            .collect()
    }
}

/// Adds the closest names to a compiler error that has no hint.
fn with_nearest_names(error: PortError, catalog: &Catalog, query: &SemanticQuery) -> Error {
    let PortError::Refused { message, hint: None } = error else {
        return error.into();
    };
    let measures = query.measures.iter().map(|measure| measure.expression());
    let dimensions = query.dimensions.iter().map(|dimension| dimension.field());
    let mut offered: Vec<String> = measures
        .flat_map(|name| nearest_names(catalog, name, FieldKind::Measure))
        .collect();
    offered.extend(dimensions.flat_map(|name| nearest_names(catalog, name, FieldKind::Dimension)));
    offered.dedup();
    Error::Refused {
        message,
        hint: nearest::hint(&offered),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FieldKind {
    Measure,
    Dimension,
}

/// Nothing for a name that is known, or that is an expression.
fn nearest_names(catalog: &Catalog, name: &str, member: FieldKind) -> Vec<String> {
    let Some((source, field)) = name.split_once('.') else {
        return Vec::new();
    };
    if !name
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
    {
        return Vec::new();
    }
    let Some(entry) = catalog.entries.get(source) else {
        let roles = catalog
            .entries
            .values()
            .flat_map(|entry| &entry.source.joins)
            .filter_map(|join| join.alias.as_deref());
        let known: Vec<&str> = catalog.entries.keys().map(String::as_str).chain(roles).collect();
        if known.contains(&source) {
            return Vec::new();
        }
        return nearest::among(source, known)
            .into_iter()
            .map(|near| format!("{near}.{field}"))
            .collect();
    };
    let columns = entry.source.columns.iter().map(|column| column.name.as_str());
    let measures = entry.source.measures.iter().map(|measure| measure.name.as_str());
    let known: Vec<&str> = match member {
        FieldKind::Measure => measures.collect(),
        FieldKind::Dimension => columns.collect(),
    };
    if known.contains(&field) {
        return Vec::new();
    }
    nearest::among(field, known)
        .into_iter()
        .map(|near| format!("{source}.{near}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use ktx_runtime::ports::MeasureRequest;
    use serde_json::{Map, Value, json};

    use super::Order;

    fn columns(columns: &[(&str, &str, &str)]) -> Vec<Map<String, Value>> {
        let column = |(name, provenance, expr): &(&str, &str, &str)| {
            let column = json!({"name": name, "provenance": provenance, "expr": expr});
            column.as_object().cloned().expect("an object")
        };
        columns.iter().map(column).collect()
    }

    #[test]
    fn asked_measures_come_in_the_order_asked_and_others_last() {
        let columns = columns(&[
            ("c.region", "dimension", "c.region"),
            ("o.gross", "verified", "sum(amount)"),
            ("o.n", "verified", "count(id)"),
            ("o.ratio", "derived", "o.gross / o.n"),
            ("max_o_amount", "runtime", "max(o.amount)"),
        ]);
        let asked = |names: &[&str]| -> Vec<MeasureRequest> {
            names
                .iter()
                .map(|name| MeasureRequest::Text((*name).to_owned()))
                .collect()
        };
        for (measures, order, shown) in [
            (asked(&["o.ratio"]), ["region", "ratio", "gross", "n", "max"], 2),
            (
                asked(&["max(o.amount)", "o.ratio", "o.n"]),
                ["region", "max", "ratio", "n", "gross"],
                4,
            ),
            (
                asked(&["unheard of"]),
                ["region", "gross", "n", "ratio", "max"],
                5,
            ),
        ] {
            let found = Order::of(&columns, &measures);
            assert_eq!(found.apply(vec!["region", "gross", "n", "ratio", "max"]), order);
            assert_eq!(found.asked, shown);
        }
    }
}
