//! Tables as the daemon reads them from a catalog, in the form of a snapshot.

use ktx_project::snapshot::{ForeignKey, SnapshotColumn, Table, TableKind};
use ktx_runtime::ports::{IntrospectedColumn, IntrospectedForeignKey, IntrospectedTable};

pub fn table_of(found: IntrospectedTable) -> Table {
    let column = |column: IntrospectedColumn| {
        SnapshotColumn::new(
            column.name,
            column.native_type,
            column.nullable,
            column.primary_key,
            column.comment,
        )
    };
    let key = |key: IntrospectedForeignKey| ForeignKey {
        from_column: key.from_column,
        to_catalog: None,
        to_db: key.to_db,
        to_table: key.to_table,
        to_column: key.to_column,
        constraint_name: key.constraint_name,
    };
    Table {
        catalog: found.catalog,
        db: found.db,
        name: found.name,
        kind: found
            .kind
            .as_deref()
            .and_then(TableKind::parse)
            .unwrap_or(TableKind::Table),
        comment: found.comment,
        estimated_rows: None,
        columns: found.columns.into_iter().map(column).collect(),
        foreign_keys: found.foreign_keys.into_iter().map(key).collect(),
    }
}
