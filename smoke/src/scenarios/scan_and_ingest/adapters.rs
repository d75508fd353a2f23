//! The adapters that need Python: what they read is exported by other tools, what they ask is the managed daemon.

use camino::Utf8Path;
use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::stage::{Installed, Stage};

const KTX_YAML: &str = "\
project: smoke
connections:
  warehouse:
    driver: sqlite
    path: warehouse.db
    readonly: true
  history:
    driver: postgres
    url: postgresql://nobody@127.0.0.1:9/nothing
    readonly: true
    historicSql: {enabled: true, dialect: postgres}
ingest:
  adapters: [looker, historic-sql]
";

const VIEW: &str = "\
view: orders {
  sql_table_name: shop.orders ;;
  dimension: id { primary_key: yes type: number sql: ${TABLE}.id ;; }
  measure: order_count { type: count }
}
";

const EXPLORE: &str = r#"{"name": "orders", "sql_table_name": "shop.orders", "joins": []}"#;

/// Two texts of one template, and one statement of another.
const HISTORY: &str = r#"{"queryid": 1, "query": "select * from shop.orders where id = $1", "calls": 20, "total_exec_time": 9.5, "rows": 7, "usename": "ada"}
{"queryid": 2, "query": "select * from shop.orders where id = 7", "calls": 5, "total_exec_time": 1, "rows": 1, "usename": "ada"}
{"queryid": 3, "query": "select count(*) from shop.customers", "calls": 50, "total_exec_time": 3, "rows": 1, "usename": "grace"}
"#;

pub fn looker_and_history(stage: &Stage<'_>, ktx: &Installed<'_>) -> Result<(), Stop> {
    fs::write(ktx.project.join("ktx.yaml"), KTX_YAML)?;
    write(&ktx.project, "look/views/orders.view.lkml", VIEW)?;
    write(&ktx.project, "look/explores/shop.orders.json", EXPLORE)?;
    write(&ktx.project, "history/day.jsonl", HISTORY)?;
    let looker = stage
        .step("ingest-looker", ingest(ktx, "warehouse", "looker", "look"))
        .json("/status", "done")
        .json("/warnings", serde_json::json!([]))
        .json("/workUnits/0/key", "looker-explore-shop.orders")
        .json("/workUnits/1/key", "looker-view-orders")
        .check()?;
    stage.ensure(
        "ingest-looker.daemon",
        looker.stderr.contains("http://127.0.0.1:"),
        || format!("the run does not say which daemon it used: {}", looker.stderr),
    )?;
    stage
        .step(
            "ingest-history",
            ingest(ktx, "history", "historic-sql", "history"),
        )
        .json("/status", "done")
        .json("/warnings", serde_json::json!([]))
        .json("/workUnits/1/status", "done")
        .check()?;
    stage
        .step("stop", ktx.ktx("runtime stop"))
        .stdout_has("Stopped KTX Python daemon\n")
        .check()?;
    Ok(())
}

fn ingest(ktx: &Installed<'_>, connection: &str, adapter: &str, source: &str) -> Invocation {
    ktx.ktx(&format!(
        "dev ingest run --connection-id {connection} --adapter {adapter} --source-dir {source} --json --no-input"
    ))
}

fn write(project: &Utf8Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = project.join(name);
    fs::create_dir_all(path.parent().unwrap_or(project))?;
    fs::write(path, text)
}
