//! What commands ask of Python, as typed requests and strictly checked answers.
//!
//! A port knows its endpoint and the shape of the answer. Where the request goes (a URL, the managed daemon, a process
//! of its own) is the [`Backend`]'s matter, and which of these applies is decided in one place, [`Endpoint`].

mod answer;
mod backend;
mod embeddings;
mod introspection;
mod lookml;
mod precedence;
mod query;
mod semantic_layer;
mod sql_analysis;
mod table_identifiers;

pub use backend::{Backend, PortError};
pub use embeddings::embed;
pub use introspection::{
    IntrospectedColumn, IntrospectedForeignKey, IntrospectedTable, Introspection, IntrospectionRequest,
    introspect,
};
pub use lookml::{LookmlFile, parse_lookml};
pub use precedence::Endpoint;
pub use query::{QueryAnswer, QueryRequest, query_database};
pub use semantic_layer::{CompiledQuery, Validation, compile, validate};
pub use sql_analysis::{Fingerprint, LiteralSlot, analyze_all_for_fingerprint, analyze_for_fingerprint};
pub use table_identifiers::{IdentifierItem, ParsedIdentifier, parse_table_identifiers};
