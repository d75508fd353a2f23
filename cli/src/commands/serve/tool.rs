//! A tool from a function: its schemas come from the function's types, and its answer is sent in the form that the
//! client reads.

use std::sync::Arc;

use ktx_app::{Error, arguments};
use rmcp::ErrorData;
use rmcp::handler::server::router::tool::ToolRoute;
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::{
    CallToolResponse, CallToolResult, ContentBlock, JsonObject, ProtocolVersion, Tool, ToolAnnotations,
};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::progress;
use super::server::{Server, Tools};
use super::wording;

/// What a tool does to the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    /// Adds to it.
    Writes,
    /// Replaces or removes what was there.
    Replaces,
}

/// For clients that take structured content, which is not repeated as text.
const STRUCTURED: &str = "The result is the structured content.";

/// A tool that answers with what `work` returns.
pub fn tool<I, O>(
    name: &'static str,
    effect: Effect,
    description: &'static str,
    work: fn(&Tools, I) -> Result<O, Error>,
) -> ToolRoute<Server>
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + 'static,
{
    let annotations = ToolAnnotations::new()
        .read_only(effect == Effect::Reads)
        .destructive(effect == Effect::Replaces)
        .open_world(false);
    let tool = Tool::new(name, description, input_schema::<I>())
        .with_raw_output_schema(Arc::new(schema::<O>(
            SchemaSettings::draft2020_12().for_serialize(),
        )))
        .with_annotations(annotations);
    ToolRoute::new_dyn(tool, move |call| Box::pin(answer(call, work)))
}

fn input_schema<I: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = schema::<I>(SchemaSettings::draft2020_12());
    // Some clients want the member of a tool without arguments, too.
    schema
        .entry("properties")
        .or_insert_with(|| Value::Object(JsonObject::new()));
    Arc::new(schema)
}

/// Without what only programs in Rust know: the formats `uint64` and `double`, and the names of types. A member that may
/// be anything is `{}`: the official TypeScript SDK refuses a list of tools with `true` there.
fn schema<T: JsonSchema>(mut settings: SchemaSettings) -> JsonObject {
    settings.meta_schema = None;
    let plain = |schema: &mut schemars::Schema| {
        schema.remove("format");
        if let Some(Value::Object(members)) = schema.get_mut("properties") {
            for member in members.values_mut().filter(|member| member.is_boolean()) {
                *member = Value::Object(JsonObject::new());
            }
        }
    };
    let settings = settings.with_transform(RecursiveTransform(plain));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.remove("description");
    match schema.to_value() {
        Value::Object(schema) => schema,
        // Every argument and every result is a struct.
        _ => JsonObject::new(),
    }
}

/// Runs a tool on another thread, so that a slow one does not block the others. A failure, also one of the arguments,
/// is the tool's answer, with a message for the caller.
async fn answer<I, O>(
    call: ToolCallContext<'_, Server>,
    work: fn(&Tools, I) -> Result<O, Error>,
) -> Result<CallToolResponse, ErrorData>
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    O: Serialize + JsonSchema + 'static,
{
    let structured = call
        .request_context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2025_06_18.as_str());
    let tools = Arc::clone(&call.service.tools);
    let arguments = call.arguments.unwrap_or_default();
    let worked = progress::reported(&call.request_context, tools, move |tools| {
        let answer = arguments::read(arguments).and_then(|input| work(tools, input))?;
        serde_json::to_value(answer)
            .map_err(|error| Error::refused(format!("failed to write the answer: {error}")))
    });
    let result = match worked.await? {
        Ok(answer) if structured => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(STRUCTURED)]);
            result.structured_content = Some(answer);
            result
        }
        Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer.to_string())]),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(wording::of_error(&error))]),
    };
    Ok(result.into())
}
