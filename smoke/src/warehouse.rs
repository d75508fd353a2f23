//! A user's project written by hand: a SQLite file, `ktx.yaml` and one source, as small as they can be.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::scenario::Need;
use crate::stage::Stage;

/// What it takes to install the package, to make the project, and to query it.
pub const NEEDS: &[Need] = &[
    Need::Program("npm"),
    Need::Program("uv"),
    Need::Program("python3"),
];

const KTX_YAML: &str = "\
project: smoke
connections:
  warehouse:
    driver: sqlite
    path: warehouse.db
    readonly: true
ingest:
  adapters: [fake, live-database, looker, historic-sql]
";

/// Three orders of two customers, with a foreign key.
pub const SCHEMA: &str = "\
create table customers (id integer primary key, name text not null);
create table orders (id integer primary key, customer_id integer not null references customers (id), total real not null);
insert into customers values (1, 'Ada'), (2, 'Grace');
insert into orders values (1, 1, 10.5), (2, 1, 4.5), (3, 2, 25);
";

/// Where the only source is in the project.
pub const SOURCE: &str = "semantic-layer/warehouse/orders.yaml";

const ORDERS: &str = "\
name: orders
table: orders
grain: [id]
columns:
  - {name: id, type: number}
  - {name: customer_id, type: number}
  - {name: total, type: number}
measures:
  - {name: order_count, expr: count(id)}
  - {name: revenue, expr: sum(total)}
";

const MAKE_DATABASE: &str = "import sqlite3, sys; sqlite3.connect('warehouse.db').executescript(sys.stdin.read()).connection.commit()";

/// Writes the project.
pub fn write(stage: &Stage<'_>, folder: &Utf8Path) -> Result<Utf8PathBuf, Stop> {
    fs::create_dir_all(folder.join("semantic-layer/warehouse"))?;
    fs::write(folder.join("ktx.yaml"), KTX_YAML)?;
    fs::write(folder.join(SOURCE), ORDERS)?;
    stage
        .step(
            "make-database",
            Invocation::new("python3")
                .args(["-c", MAKE_DATABASE])
                .within(folder)
                .reading(SCHEMA),
        )
        .check()?;
    Ok(folder.to_owned())
}
