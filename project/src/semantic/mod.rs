//! The directory form of a semantic layer: source files, overlays and the shards that a scan writes, loaded and
//! resolved into whole sources. Queries over them are compiled by the payload.

mod catalog;
mod graph;
mod overlay;
mod problem;
mod salvage;
mod shape;
mod shard;
mod source;
mod store;

pub use catalog::{Catalog, CatalogEntry};
pub use graph::{Edge, Hop, JoinGraph, Reach, node_of};
pub use overlay::{ColumnOverlay, Overlay};
pub use problem::Problem;
pub use shape::{Definition, is_proposals, read as read_definition};
pub use shard::{JoinOrigin, Shard, ShardColumn, ShardJoin, ShardTable};
pub use source::{
    Column, ColumnType, Descriptions, Join, Measure, Relationship, Role, Segment, Source, Visibility,
    best_description,
};
pub use store::{SourceFile, read_source, source_path, validate_text, write_text};
