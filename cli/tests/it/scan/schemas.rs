//! Three schemas as real projects have them, with rows from a small generator: a rental shop with two paths to an
//! address, a trading company whose names need quotes, a music shop whose employees report to each other.

/// A table: how its columns are declared, and how many rows it gets.
pub struct Table {
    name: &'static str,
    columns: &'static [Column],
    rows: usize,
    /// What is declared behind the columns.
    end: &'static str,
}

/// A column, and what its values are.
pub struct Column(&'static str, &'static str, Values);

#[derive(Clone, Copy)]
pub enum Values {
    /// 1, 2, 3 …
    Serial,
    /// The key of a row of a table with that many rows, or nothing in one row of seven.
    Key(usize, &'static str),
    /// The same without nothing.
    Must(usize, &'static str),
    /// The key of an earlier row of this table; the first has none.
    Earlier(&'static str),
    Text(&'static str),
    Number,
}

pub struct Schema(pub &'static [Table]);

use Values::{Earlier, Key, Must, Number, Serial, Text};

pub const RENTAL: Schema = Schema(&[
    Table {
        name: "address",
        columns: &[
            Column("address_id", "integer primary key", Serial),
            Column("district", "varchar(20)", Text("district")),
        ],
        rows: 12,
        end: "",
    },
    Table {
        name: "staff",
        columns: &[
            Column("staff_id", "integer primary key", Serial),
            Column("address_id", "integer", Must(12, "address (address_id)")),
            Column("last_name", "varchar(20)", Text("staff")),
        ],
        rows: 3,
        end: "",
    },
    Table {
        name: "customer",
        columns: &[
            Column("customer_id", "integer primary key", Serial),
            Column("address_id", "integer", Key(12, "address (address_id)")),
            Column("last_name", "varchar(20)", Text("customer")),
        ],
        rows: 40,
        end: "",
    },
    Table {
        name: "rental",
        columns: &[
            Column("rental_id", "integer primary key", Serial),
            Column("customer_id", "integer", Must(40, "customer (customer_id)")),
            Column("staff_id", "integer", Must(3, "staff (staff_id)")),
        ],
        rows: 150,
        end: "",
    },
    Table {
        name: "payment",
        columns: &[
            Column("payment_id", "integer primary key", Serial),
            Column("customer_id", "integer", Key(40, "customer (customer_id)")),
            Column("staff_id", "integer", Must(3, "staff (staff_id)")),
            Column("amount", "numeric(5, 2)", Number),
        ],
        rows: 200,
        end: "",
    },
]);

pub const TRADING: Schema = Schema(&[
    Table {
        name: "Customers",
        columns: &[
            Column("CustomerID", "integer primary key", Serial),
            Column("Company Name", "varchar(40)", Text("company")),
        ],
        rows: 15,
        end: "",
    },
    Table {
        name: "Shippers",
        columns: &[
            Column("ShipperID", "integer primary key", Serial),
            Column("CompanyName", "varchar(40)", Text("shipper")),
        ],
        rows: 3,
        end: "",
    },
    Table {
        name: "Products",
        columns: &[
            Column("ProductID", "integer primary key", Serial),
            Column("ProductName", "varchar(40)", Text("product")),
        ],
        rows: 20,
        end: "",
    },
    Table {
        name: "order",
        columns: &[
            Column("id", "integer primary key", Serial),
            Column("label", "varchar(40)", Text("kind")),
        ],
        rows: 4,
        end: "",
    },
    Table {
        name: "Orders",
        columns: &[
            Column("OrderID", "integer primary key", Serial),
            Column("CustomerID", "integer", Key(15, "\"Customers\" (\"CustomerID\")")),
            Column("ShipVia", "integer", Must(3, "\"Shippers\" (\"ShipperID\")")),
            Column("Kind", "integer", Must(4, "\"order\" (id)")),
        ],
        rows: 60,
        end: "",
    },
    Table {
        name: "Order Details",
        columns: &[
            Column(
                "OrderID",
                "integer not null",
                Must(60, "\"Orders\" (\"OrderID\")"),
            ),
            Column(
                "ProductID",
                "integer not null",
                Must(20, "\"Products\" (\"ProductID\")"),
            ),
            Column("2nd note", "varchar(10)", Text("n")),
            Column("Quantity", "integer", Number),
        ],
        rows: 150,
        end: "",
    },
]);

pub const MUSIC: Schema = Schema(&[
    Table {
        name: "Employee",
        columns: &[
            Column("EmployeeId", "integer primary key", Serial),
            Column("LastName", "varchar(20)", Text("employee")),
            Column("ReportsTo", "integer", Earlier("\"Employee\" (\"EmployeeId\")")),
        ],
        rows: 8,
        end: "",
    },
    Table {
        name: "Customer",
        columns: &[
            Column("CustomerId", "integer primary key", Serial),
            Column("LastName", "varchar(20)", Text("customer")),
            Column("SupportRepId", "integer", Key(8, "\"Employee\" (\"EmployeeId\")")),
        ],
        rows: 59,
        end: "",
    },
    Table {
        name: "Artist",
        columns: &[
            Column("ArtistId", "integer primary key", Serial),
            Column("Name", "varchar(20)", Text("artist")),
        ],
        rows: 20,
        end: "",
    },
    Table {
        name: "Album",
        columns: &[
            Column("AlbumId", "integer primary key", Serial),
            Column("Title", "varchar(20)", Text("album")),
            Column("ArtistId", "integer", Must(20, "\"Artist\" (\"ArtistId\")")),
        ],
        rows: 30,
        end: "",
    },
    Table {
        name: "MediaType",
        columns: &[
            Column("MediaTypeId", "integer primary key", Serial),
            Column("Name", "varchar(20)", Text("media")),
        ],
        rows: 5,
        end: "",
    },
    Table {
        name: "Track",
        columns: &[
            Column("TrackId", "integer primary key", Serial),
            Column("AlbumId", "integer", Key(30, "\"Album\" (\"AlbumId\")")),
            Column(
                "MediaTypeId",
                "integer",
                Must(5, "\"MediaType\" (\"MediaTypeId\")"),
            ),
            Column("Milliseconds", "integer", Number),
        ],
        rows: 200,
        end: "",
    },
]);

impl Schema {
    /// Tables with their keys, and their rows.
    pub fn sql(&self) -> String {
        self.written(true)
    }

    /// The same without foreign keys.
    pub fn without_keys(&self) -> String {
        self.written(false)
    }

    fn written(&self, with_keys: bool) -> String {
        let mut sql = String::new();
        let mut random = Random(20_240_229);
        for table in self.0 {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|Column(name, kind, values)| match values {
                    Key(_, target) | Must(_, target) | Earlier(target) if with_keys => {
                        format!("\"{name}\" {kind} references {target}")
                    }
                    _ => format!("\"{name}\" {kind}"),
                })
                .collect();
            sql.push_str(&format!(
                "create table \"{}\" ({}{});\n",
                table.name,
                columns.join(", "),
                table.end
            ));
            for row in 1..=table.rows {
                let values: Vec<String> = table
                    .columns
                    .iter()
                    .map(|Column(_, _, values)| values.value(row, &mut random))
                    .collect();
                sql.push_str(&format!(
                    "insert into \"{}\" values ({});\n",
                    table.name,
                    values.join(", ")
                ));
            }
        }
        sql
    }

    /// A statement whose tables are in a schema.
    pub fn qualified(&self, sql: &str, schema: &str) -> String {
        let mut qualified = sql.to_owned();
        for table in self.0 {
            for before in ["from ", "join "] {
                for name in [format!("\"{}\"", table.name), table.name.to_owned()] {
                    qualified =
                        qualified.replace(&format!("{before}{name} "), &format!("{before}{schema}.{name} "));
                }
            }
        }
        qualified
    }
}

impl Values {
    fn value(self, row: usize, random: &mut Random) -> String {
        match self {
            Serial => row.to_string(),
            Key(_, _) if random.below(7) == 0 => "null".to_owned(),
            Key(rows, _) | Must(rows, _) => (random.below(rows) + 1).to_string(),
            Earlier(_) if row == 1 => "null".to_owned(),
            Earlier(_) => (random.below(row - 1) + 1).to_string(),
            Text(word) => format!("'{word} {}'", random.below(9)),
            Number => (random.below(900) + 1).to_string(),
        }
    }
}

/// The same numbers everywhere (a multiplicative congruence modulo a prime).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        usize::try_from(self.0).expect("a small number") % bound
    }
}
