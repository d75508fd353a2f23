//! `ktx dev scan` over SQLite.

mod kept;
mod models;
mod sampling;
mod schemas;
mod told;
mod trouble;

use crate::sandbox::Sandbox;

pub const CONFIG: &str = "project: zoo\nconnections:\n  wh: {driver: sqlite, path: zoo.db, readonly: true}\n";

pub const TABLES: &str = "
create table owners (id integer primary key, name text not null, joined_at timestamp);
create table pets (
    id integer primary key, owner_id integer references owners (id), vet_id integer, weight numeric(5, 2), tame boolean
);
create table vets (id integer primary key, name text);
insert into owners (id, name) values (1, 'Ann'), (2, 'Bo');
insert into vets (id, name) values (10, 'Cy'), (11, 'Di');
insert into pets (id, owner_id, vet_id) values (1, 1, 10), (2, 1, 11), (3, 2, 10);
";

pub fn zoo() -> Sandbox {
    let sandbox = Sandbox::with_config(CONFIG);
    sandbox.database("zoo.db", TABLES);
    sandbox
}
