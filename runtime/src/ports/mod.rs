//! What commands ask of Python, as typed requests and strictly checked answers.
//!
//! Each function knows its [`Call`] and the shape of the answer. Which [`Service`] answers (a URL, the managed daemon, a
//! process of its own) is decided in one place, [`Address`].

mod access;
mod address;
mod answer;
mod drafts;
mod embeddings;
mod export;
mod introspection;
mod place;
mod query;
mod semantic_layer;
mod semantic_query;
mod service;
mod sql_analysis;
mod table_identifiers;

pub use access::{AccessRequest, DatabaseAccess, database_access};
pub use address::Address;
pub use drafts::{DbtFile, LookmlFile, draft_metricflow, parse_lookml};
pub use embeddings::embed;
pub use export::{ExportRequest, export_database};
pub use introspection::{
    IntrospectedColumn, IntrospectedForeignKey, IntrospectedTable, Introspection, IntrospectionRequest,
    IntrospectionWarning, introspect,
};
pub use place::{DatabasePlace, PlaceKind};
pub use query::{QueryAnswer, QueryRequest, query_database};
pub use semantic_layer::{CompiledQuery, QueryWarning, SemanticModel, Validation, compile, validate};
pub use semantic_query::{
    DimensionRequest, GRANULARITIES, InvalidOrder, MeasureRequest, OrderRequest, SemanticQuery, Span,
};
pub use service::{Call, PortError, Service};
pub use sql_analysis::{
    ColumnOf, ExpressionHabit, Fingerprint, Habits, JoinHabit, LiteralSlot, analyze_all_for_fingerprint,
    analyze_for_fingerprint,
};
pub use table_identifiers::{IdentifierItem, ParsedIdentifier, parse_table_identifiers};
