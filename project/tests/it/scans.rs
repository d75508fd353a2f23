//! What scans write into shards, over several scans and what people do in between.

use ktx_project::config::Driver;
use ktx_project::scan::{self, Mode, ScanOptions, ScanReport, Trigger};
use ktx_project::semantic::{Catalog, Join};
use ktx_project::snapshot::{ForeignKey, Scope, Snapshot, SnapshotColumn, Table, TableKind};
use ktx_project::{ConnectionId, Folder};

struct Project {
    _dir: tempfile::TempDir,
    folder: Folder,
    scans: i64,
}

/// `orders(id!, ship_to_id->addresses.id)`: `!` is the key, an arrow a foreign key.
fn table(db: Option<&str>, text: &str) -> Table {
    let (name, columns) = text.split_once('(').expect("columns in brackets");
    let mut table = Table {
        catalog: None,
        db: db.map(str::to_owned),
        name: name.to_owned(),
        kind: TableKind::Table,
        comment: None,
        estimated_rows: None,
        columns: Vec::new(),
        foreign_keys: Vec::new(),
    };
    for column in columns
        .trim_end_matches(')')
        .split(", ")
        .filter(|column| !column.is_empty())
    {
        let (column, target) = match column.split_once("->") {
            Some((column, target)) => (column, target.split_once('.')),
            None => (column, None),
        };
        let is_key = column.ends_with('!');
        let column = column.trim_end_matches('!').to_owned();
        if let Some((to_table, to_column)) = target {
            table.foreign_keys.push(ForeignKey {
                from_column: column.clone(),
                to_catalog: None,
                to_db: None,
                to_table: to_table.to_owned(),
                to_column: to_column.to_owned(),
                constraint_name: Some(format!("{name}_{column}")),
            });
        }
        table.columns.push(SnapshotColumn::new(
            column,
            "integer".to_owned(),
            !is_key,
            is_key,
            None,
        ));
    }
    table
}

impl Project {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::at(dir.path());
        Self {
            _dir: dir,
            folder,
            scans: 0,
        }
    }

    fn id() -> ConnectionId {
        ConnectionId::parse("wh").expect("an id")
    }

    fn scan(&mut self, tables: &[Table]) -> ScanReport {
        self.scans += 1;
        let options = ScanOptions {
            connection: Self::id(),
            driver: Driver::Postgres,
            mode: Mode::Structural,
            trigger: Trigger::Cli,
            now: jiff::Timestamp::from_second(1_900_000_000 + self.scans).expect("a time"),
        };
        let snapshot = Snapshot {
            connection_id: "wh".to_owned(),
            driver: "postgres".to_owned(),
            extracted_at: options.now.to_string(),
            scope: Scope::default(),
            metadata: serde_json::json!({}),
            tables: tables.to_vec(),
            unseen: Vec::new(),
        };
        let plan = scan::plan(&self.folder, &options, &snapshot, scan::Detected::default()).expect("plans");
        scan::execute(&self.folder, &options, &snapshot, &plan).expect("scans")
    }

    fn joins(&self, source: &str) -> Vec<String> {
        let catalog = Catalog::load(&self.folder, &Self::id()).expect("loads");
        assert_eq!(catalog.problems, []);
        let shown = |join: &Join| match &join.alias {
            Some(alias) => format!("{} as {alias} on {}", join.to, join.on),
            None => format!("{} on {}", join.to, join.on),
        };
        catalog.entries[source].source.joins.iter().map(shown).collect()
    }

    fn edit(&self, edit: impl Fn(String) -> String) {
        let path = self.folder.dir().join("semantic-layer/wh/_schema/public.yaml");
        let text = fs_err::read_to_string(&path).expect("reads");
        let edited = edit(text.clone());
        assert_ne!(edited, text, "the edit changes something");
        fs_err::write(path, edited).expect("writes");
    }
}

#[test]
fn keys_that_lead_to_one_table_twice_and_to_the_table_itself_are_roles() {
    for (tables, source, joins) in [
        (
            &[
                "addresses(id!)",
                "orders(id!, ship_to_id->addresses.id, bill_to_id->addresses.id)",
            ][..],
            "orders",
            &[
                "addresses as ship_to on orders.ship_to_id = addresses.id",
                "addresses as bill_to on orders.bill_to_id = addresses.id",
            ][..],
        ),
        (
            &["Employee(EmployeeId!, ReportsTo->Employee.EmployeeId)"],
            "Employee",
            &["Employee as ReportsTo on \"Employee\".\"ReportsTo\" = \"Employee\".\"EmployeeId\""],
        ),
        (
            &["parent(id!)", "node(id!, parent_id->node.id, other->parent.id)"],
            "node",
            &[
                "node as node_parent on node.parent_id = node.id",
                "parent on node.other = parent.id",
            ],
        ),
        (
            &["addresses(id!)", "orders(id!, ship_to_id->addresses.id)"],
            "orders",
            &["addresses on orders.ship_to_id = addresses.id"],
        ),
        (
            &["Order Details(id!, Order ID->order.id)", "order(id!)"],
            "Order Details",
            &["order on \"Order Details\".\"Order ID\" = \"order\".id"],
        ),
    ] {
        let mut project = Project::new();
        let tables: Vec<Table> = tables.iter().map(|text| table(None, text)).collect();
        let report = project.scan(&tables);
        assert_eq!(report.warnings, []);
        assert_eq!(project.joins(source), joins, "{source}");
    }
}

#[test]
fn two_sources_never_have_one_role() {
    let mut project = Project::new();
    project.scan(&[
        table(None, "people(id!, boss_id->people.id)"),
        table(None, "teams(id!, boss_id->people.id, deputy_id->people.id)"),
    ]);
    assert_eq!(
        project.joins("people"),
        ["people as boss on people.boss_id = people.id"]
    );
    assert_eq!(
        project.joins("teams"),
        [
            "people as teams_boss on teams.boss_id = people.id",
            "people as deputy on teams.deputy_id = people.id"
        ]
    );
}

#[test]
fn a_source_keeps_the_table_that_it_was_made_from() {
    let mut project = Project::new();
    project.scan(&[table(Some("public"), "orders(id!)")]);
    let report = project.scan(&[
        table(Some("archive"), "orders(id!, old)"),
        table(Some("public"), "orders(id!)"),
    ]);
    let catalog = Catalog::load(&project.folder, &Project::id()).expect("loads");
    let tables: Vec<(&str, Option<&str>)> = catalog
        .entries
        .iter()
        .map(|(name, entry)| (name.as_str(), entry.source.table.as_deref()))
        .collect();
    assert_eq!(
        tables,
        [
            ("archive_orders", Some("archive.orders")),
            ("orders", Some("public.orders"))
        ]
    );
    let codes: Vec<&str> = report
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    assert_eq!(codes, ["table_renamed"]);
}

#[test]
fn what_people_repaired_stays_and_a_rewritten_join_does_not_come_back() {
    let shop = || {
        [
            table(None, "customers(id!, code)"),
            table(None, "orders(id!, customer_id->customers.id, seller_id, day)"),
        ]
    };
    let join = "\"on\": orders.customer_id = customers.id";
    for (edit, joins) in [
        (
            (
                "\"on\": orders.customer_id = customers.id",
                "\"on\": orders.seller_id = customers.code",
            ),
            &["customers on orders.seller_id = customers.code"][..],
        ),
        (
            (
                "      - to: customers\n        \"on\": orders.customer_id = customers.id\n        relationship: many_to_one\n        source: formal\n",
                "      []\n",
            ),
            &[],
        ),
        (
            ("relationship: many_to_one", "relationship: one_to_one"),
            &["customers on orders.customer_id = customers.id"],
        ),
    ] {
        let mut project = Project::new();
        project.scan(&shop());
        project.edit(|text| {
            let text = text.replace(
                "- name: day\n        type: number",
                "- name: day\n        type: time",
            );
            match edit.1 {
                "      []\n" => text.replace(&format!("    joins:\n{}", edit.0), ""),
                to => text.replace(edit.0, to),
            }
        });
        let written = |project: &Project| {
            fs_err::read_to_string(project.folder.dir().join("semantic-layer/wh/_schema/public.yaml"))
                .expect("reads")
        };
        let before = written(&project);
        let report = project.scan(&shop());
        assert_eq!(
            report.manifest_shards_written,
            0,
            "{edit:?}: {}",
            written(&project)
        );
        assert_eq!(written(&project), before);
        assert_eq!(project.joins("orders"), joins, "{edit:?}");
        // A new key is still added.
        let mut tables = shop().to_vec();
        tables.push(table(None, "lines(id!, order_id->orders.id)"));
        project.scan(&tables);
        assert_eq!(project.joins("lines"), ["orders on lines.order_id = orders.id"]);
        assert!(
            written(&project).contains("type: time"),
            "the repaired type stays"
        );
        assert_eq!(
            written(&project).contains(join),
            joins.iter().any(|shown| shown.contains("orders.customer_id"))
        );
    }
}

#[test]
fn what_a_scan_cannot_use_is_said() {
    let mut project = Project::new();
    let mut view = table(None, "recent(id)");
    view.kind = TableKind::View;
    let report = project.scan(&[table(None, "empty()"), view]);
    let said: Vec<(&str, Option<&str>)> = report
        .warnings
        .iter()
        .map(|warning| (warning.code.as_str(), warning.table.as_deref()))
        .collect();
    assert_eq!(said, [("table_without_columns", Some("empty"))]);
    let catalog = Catalog::load(&project.folder, &Project::id()).expect("loads");
    assert_eq!(catalog.entries.keys().collect::<Vec<_>>(), ["recent"]);
}
