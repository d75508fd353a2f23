//! `ktx sl list | read | validate | write`, and the directory form they read.

use insta::assert_snapshot;

use crate::sandbox::{SHOP, Sandbox};

const ORDERS: &str = "name: orders
table: orders
grain: [id]
description: What people bought
columns:
  - {name: id, type: number}
  - {name: amount, type: number}
measures:
  - {name: gross, expr: sum(amount)}
";

const SHARD: &str = "tables:
  customers:
    table: customers
    columns:
      - {name: id, type: number, pk: true, nullable: false}
      - {name: region, type: string, descriptions: {db: where they live}}
      - {name: joined, type: timestamp(3) with time zone}
    joins:
      - {to: orders, on: customers.id = orders.customer_id, relationship: one_to_many, source: formal}
";

fn shop() -> Sandbox {
    let sandbox = Sandbox::with_config(SHOP);
    sandbox.write("semantic-layer/wh/orders.yaml", ORDERS);
    sandbox.write("semantic-layer/wh/_schema/public.yaml", SHARD);
    sandbox
}

#[test]
fn lists_files_and_scanned_tables() {
    let sandbox = shop();
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    wh	customers	columns=3	measures=0	joins=1
    wh	orders	columns=2	measures=1	joins=0
    --- exit 0
    ");
    assert_snapshot!(sandbox.run(&["sl", "list", "--json"]), @r#"
    $ ktx sl list --json
    {
      "kind": "list",
      "data": {
        "items": [
          {
            "connectionId": "wh",
            "name": "customers",
            "path": "semantic-layer/wh/_schema/public.yaml#customers",
            "columnCount": 3,
            "measureCount": 0,
            "joinCount": 1
          },
          {
            "connectionId": "wh",
            "name": "orders",
            "path": "semantic-layer/wh/orders.yaml",
            "description": "What people bought",
            "columnCount": 2,
            "measureCount": 1,
            "joinCount": 0
          }
        ]
      },
      "meta": {
        "command": "sl list"
      }
    }
    --- exit 0
    "#);
    assert_snapshot!(sandbox.run(&["sl", "list", "--output", "pretty"]), @r"
    $ ktx sl list --output pretty
    ┌────────────┬───────────┬─────────┬──────────┬───────┬────────────────────┐
    │ Connection ┆ Source    ┆ Columns ┆ Measures ┆ Joins ┆ Description        │
    ╞════════════╪═══════════╪═════════╪══════════╪═══════╪════════════════════╡
    │ wh         ┆ customers ┆ 3       ┆ 0        ┆ 1     ┆                    │
    │ wh         ┆ orders    ┆ 2       ┆ 1        ┆ 0     ┆ What people bought │
    └────────────┴───────────┴─────────┴──────────┴───────┴────────────────────┘
    --- exit 0
    ");
}

#[test]
fn the_form_of_a_listing_has_an_order_of_precedence() {
    for (variables, arguments, starts) in [
        (&[][..], &[][..], "wh\tcustomers"),
        (&[("KTX_OUTPUT", "json")], &[], "{"),
        (&[("KTX_OUTPUT", "json")], &["--output", "plain"], "wh\t"),
        (&[("KTX_OUTPUT", "plain")], &["--output", "plain", "--json"], "{"),
        (&[("CI", "true"), ("KTX_OUTPUT", "pretty")], &[], "┌"),
    ] {
        let sandbox = variables
            .iter()
            .fold(shop(), |sandbox, (name, value)| sandbox.variable(name, *value));
        let transcript = sandbox.run(&[&["sl", "list"], arguments].concat()).succeeds();
        assert!(transcript.stdout().starts_with(starts), "{transcript}");
    }
    let sandbox = shop().variable("KTX_OUTPUT", "xml");
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    --- stderr
    Invalid KTX_OUTPUT value: xml. Expected one of pretty, plain, json.
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["sl", "list", "--output", "xml"]), @r"
    $ ktx sl list --output xml
    --- stderr
    Invalid --output value: xml. Expected one of pretty, plain, json.
    --- exit 1
    ");
}

#[test]
fn reads_a_file_as_written_and_a_table_as_a_source() {
    let sandbox = shop();
    assert_eq!(
        sandbox
            .run(&["sl", "read", "orders", "--connection-id", "wh"])
            .stdout(),
        ORDERS
    );
    assert_snapshot!(sandbox.run(&["sl", "read", "customers"]), @r#"
    $ ktx sl read customers
    name: customers
    table: customers
    grain:
      - id
    columns:
      - name: id
        type: number
      - name: region
        type: string
        descriptions:
          db: where they live
      - name: joined
        type: time
        role: time
    joins:
      - to: orders
        "on": customers.id = orders.customer_id
        relationship: one_to_many
    --- exit 0
    "#);
    assert_snapshot!(sandbox.run(&["sl", "read", "ordres"]), @r#"
    $ ktx sl read ordres
    --- stderr
    Semantic-layer source "wh/ordres" was not found
    hint: did you mean `orders`?
    --- exit 1
    "#);
    assert_snapshot!(sandbox.run(&["sl", "read", "../../ktx"]), @r"
    $ ktx sl read ../../ktx
    --- stderr
    Unsafe semantic-layer source name: ../../ktx
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["sl", "read", "orders", "--connection-id", "hw"]), @r#"
    $ ktx sl read orders --connection-id hw
    --- stderr
    Connection "hw" is not configured in ktx.yaml
    hint: did you mean `wh`?
    --- exit 1
    "#);
}

#[test]
fn validates_the_shape_and_names_every_mistake() {
    let sandbox = shop();
    assert_snapshot!(sandbox.run(&["sl", "validate", "orders"]), @r"
    $ ktx sl validate orders
    Valid semantic-layer source: wh/orders
    --- exit 0
    ");
    sandbox.write(
        "semantic-layer/wh/orders.yaml",
        "name: orders\ntable: o\nsql: select 1\ngrain: []\ncolumns:\n  - {name: id, type: int}\n  - {type: number}\njoins:\n  - {to: x, on: a = b}\nmeasures: 3\n",
    );
    assert_snapshot!(sandbox.run(&["sl", "validate", "orders"]), @r"
    $ ktx sl validate orders
    --- stderr
    semantic-layer/wh/orders.yaml:1: <root>: 'table' and 'sql' are mutually exclusive
    semantic-layer/wh/orders.yaml:4: grain: grain must be non-empty
    semantic-layer/wh/orders.yaml:6: columns.0.type: expected one of string, number, time, boolean, found `int`
    semantic-layer/wh/orders.yaml:7: columns.1.name: is required
    semantic-layer/wh/orders.yaml:9: joins.0.relationship: is required: one of many_to_one, one_to_many, one_to_one
    semantic-layer/wh/orders.yaml:10: measures: expected a list, found a number
    --- exit 1
    ");
    sandbox.write("semantic-layer/wh/orders.yaml", "name: [\n");
    assert_snapshot!(sandbox.run(&["sl", "validate", "orders"]), @r"
    $ ktx sl validate orders
    --- stderr
    semantic-layer/wh/orders.yaml:1: <root>: unclosed bracket '['
    --- exit 1
    ");
}

#[test]
fn writes_only_what_is_valid_and_named_alike() {
    let sandbox = Sandbox::with_config(SHOP);
    assert_snapshot!(sandbox.run(&["sl", "write", "orders", "--yaml", ORDERS.trim_end()]), @r"
    $ ktx sl write orders --yaml name: orders
    table: orders
    grain: [id]
    description: What people bought
    columns:
      - {name: id, type: number}
      - {name: amount, type: number}
    measures:
      - {name: gross, expr: sum(amount)}
    Wrote semantic-layer/wh/orders.yaml
    --- exit 0
    ");
    assert_eq!(sandbox.read("semantic-layer/wh/orders.yaml"), ORDERS);
    assert_snapshot!(sandbox.run(&["sl", "write", "other", "--yaml", "{name: orders, table: t, grain: [a], columns: []}"]), @r#"
    $ ktx sl write other --yaml {name: orders, table: t, grain: [a], columns: []}
    --- stderr
    Semantic-layer source name "orders" does not match requested path "other"
    --- exit 1
    "#);
    assert_snapshot!(sandbox.run(&["sl", "write", "orders", "--yaml", "{name: orders, table: t}"]), @r"
    $ ktx sl write orders --yaml {name: orders, table: t}
    --- stderr
    Invalid semantic-layer source: grain: grain must be non-empty; columns: is required (may be an empty list)
    --- exit 1
    ");
    assert_snapshot!(sandbox.run(&["sl", "write", "../orders", "--yaml", "x"]), @r"
    $ ktx sl write ../orders --yaml x
    --- stderr
    Unsafe semantic-layer source name: ../orders
    --- exit 1
    ");
    assert_eq!(
        sandbox.read("semantic-layer/wh/orders.yaml"),
        ORDERS,
        "refusals leave the file alone"
    );
}

#[test]
fn an_overlay_changes_the_scanned_table() {
    let sandbox = shop();
    sandbox.write(
        "semantic-layer/wh/customers.yaml",
        "name: customers
description: Who buys
exclude_columns: [joined]
disable_joins: ['customers.id  =  orders.customer_id']
columns:
  - {name: big, type: boolean, expr: region = 'US'}
  - {name: region, description: their country}
measures:
  - {name: n, expr: count(id)}
",
    );
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    wh	customers	columns=3	measures=1	joins=0
    wh	orders	columns=2	measures=1	joins=0
    --- exit 0
    ");
    sandbox.write("semantic-layer/wh/ghost.yaml", "name: ghost\nmeasures: []\n");
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    wh	customers	columns=3	measures=1	joins=0
    wh	orders	columns=2	measures=1	joins=0
    --- stderr
    warning: failed to read `semantic-layer/wh/ghost.yaml`: overlay `ghost` matches no scanned table; it needs `table` or `sql`
    --- exit 0
    ");
}

#[test]
fn a_shard_edited_into_nonsense_is_named_and_the_others_work() {
    let sandbox = shop();
    sandbox.write(
        "semantic-layer/wh/_schema/broken.yaml",
        "tables:\n  pets: [what]\n",
    );
    sandbox.write(
        "semantic-layer/wh/_schema/torn.yaml",
        "tables:\n  pets: {table: 'x\n",
    );
    assert_snapshot!(sandbox.run(&["sl", "list"]), @r"
    $ ktx sl list
    wh	customers	columns=3	measures=0	joins=1
    wh	orders	columns=2	measures=1	joins=0
    --- stderr
    warning: failed to read `semantic-layer/wh/_schema/broken.yaml`: line 2, column 9: tables.pets: expected a map, found a list
    warning: failed to read `semantic-layer/wh/_schema/torn.yaml`: line 2, column 17: unclosed quote
    --- exit 0
    ");
}
