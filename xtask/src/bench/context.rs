//! What agents and importers wait for: the greeting of the MCP server, a picture of a large model, LookML projects.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use camino::Utf8Path;
use fs_err as fs;

use super::SpeedComparison;
use super::machine::{BenchMachine, clean};
use super::measure::{Contestant, compare};
use crate::session::Session;
use crate::tools::{self, ToolSet};

const MANY: usize = 21;
const SOME: usize = 5;

const GREETING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

/// Projects in folders of their own: a model of 500 sources, and LookML of 254 and of 617 files.
const MATERIAL: &str = r#"
import pathlib, sqlite3
CONFIG = "project: bench\nconnections:\n  wh: {driver: sqlite, path: wh.db, readonly: true}\n"

def project(name):
    folder = pathlib.Path(name)
    (folder / "semantic-layer/wh").mkdir(parents=True)
    (folder / "ktx.yaml").write_text(CONFIG)
    sqlite3.connect(folder / "wh.db").execute("create table t (id integer primary key)")
    return folder

layer = project("model") / "semantic-layer/wh"
for n in range(500):
    columns = "".join(f"  - {{name: c{c}, type: number}}\n" for c in range(12))
    joins = f"joins:\n  - {{to: s{n // 2}, on: c1 = s{n // 2}.id, relationship: many_to_one}}\n" if n else ""
    (layer / f"s{n}.yaml").write_text(
        f"name: s{n}\ntable: t{n}\ngrain: [id]\ncolumns:\n  - {{name: id, type: number}}\n{columns}{joins}"
        "measures:\n  - {name: total, expr: sum(c2)}\n  - {name: share, expr: total / sum(c3)}\n"
    )

for files in (254, 617):
    folder = project(f"lookml-{files}") / "lookml"
    folder.mkdir()
    for n in range(files - 1):
        fields = "".join(
            f"  dimension: d{f} {{ type: number sql: ${{TABLE}}.c{f} + {n} ;; description: \"Number {f}\" }}\n"
            for f in range(12)
        )
        (folder / f"v{n}.view.lkml").write_text(
            f"view: v{n} {{\n  sql_table_name: shop.t{n} ;;\n  dimension: id {{ primary_key: yes type: number }}\n"
            f"{fields}"
            "  dimension_group: created { type: time timeframes: [raw, date, month] sql: ${TABLE}.created_at ;; }\n"
            "  measure: n { type: count }\n  measure: total { type: sum sql: ${d1} ;; filters: [d2: \">5\"] }\n"
            "  measure: average { type: number sql: ${total} / nullif(${n}, 0) ;; }\n}\n"
        )
    explores = "".join(
        f"explore: v{n} {{ join: v{n // 2} {{ sql_on: ${{v{n}.d1}} = ${{v{n // 2}.id}} ;;\n"
        "  relationship: many_to_one } }\n"
        for n in range(1, files - 1)
    )
    (folder / "shop.model.lkml").write_text(explores)
"#;

pub fn measure(session: &Session<'_>) -> Result<Vec<SpeedComparison>> {
    let scratch = tempfile::tempdir()?;
    let scratch = Utf8Path::from_path(scratch.path()).context("failed to read the scratch folder's name")?;
    let machine = BenchMachine::prepare(session, scratch)?;
    machine.done(&["runtime", "install"])?;
    machine.done(&["runtime", "start"])?;
    let mut material = Command::new(machine.python(session)?);
    material.args(["-I", "-c", MATERIAL]).current_dir(scratch);
    let made = clean(material).status().context("failed to make the material")?;
    ensure!(made.success(), "failed to make the material: {made}");
    let model = scratch.join("model");
    let foreign = tools::provide(session, ToolSet::Mcp)?.program("python");

    let greeting = compare(
        &mut [
            Contestant::new("ktx serve --mcp stdio, initialize", || {
                let serve = machine.ktx(&["serve", "--mcp", "stdio", "--project-dir", model.as_str()]);
                let mut piped = Command::new("sh");
                piped
                    .args(["-c", "printf '%s\\n' \"$0\" | \"$@\"", GREETING])
                    .arg(serve.get_program())
                    .args(serve.get_args());
                piped.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
                Ok(clean(piped))
            }),
            Contestant::new("python -c 'import mcp.server', the SDK alone", || {
                let mut import = Command::new(&foreign);
                import.args(["-I", "-c", "import mcp.server"]);
                Ok(clean(import))
            }),
        ],
        MANY,
    )?;
    let graph = compare(
        &mut [Contestant::new("ktx sl graph --format html, 500 sources", || {
            let graph = ["sl", "graph", "--format", "html", "--project-dir"];
            Ok(machine.ktx(&[&graph[..], &[model.as_str()]].concat()))
        })],
        SOME,
    )?;
    let mut comparisons = vec![
        SpeedComparison::new("MCP greeting", "60 ms", greeting)?,
        SpeedComparison::new("picture of the model", "300 ms", graph)?,
    ];
    for (what, name) in [
        ("LookML, 254 files", "lookml-254"),
        ("LookML, 617 files", "lookml-617"),
    ] {
        let project = scratch.join(name);
        let source = project.join("lookml");
        let taken = compare(
            &mut [Contestant::new("ktx dev ingest run --adapter looker", || {
                // Nothing of an earlier round is reused.
                for made in ["raw-sources", "semantic-layer/wh/looker"] {
                    let made = project.join(made);
                    if made.exists() {
                        fs::remove_dir_all(&made)?;
                    }
                }
                let ingest = [
                    "dev",
                    "ingest",
                    "run",
                    "--connection-id",
                    "wh",
                    "--adapter",
                    "looker",
                ];
                let places = ["--source-dir", source.as_str(), "--project-dir", project.as_str()];
                Ok(machine.ktx(&[&ingest[..], &places[..]].concat()))
            })],
            SOME,
        )?;
        comparisons.push(SpeedComparison::new(what, "3,000 ms", taken)?);
    }
    machine.stop()?;
    Ok(comparisons)
}
