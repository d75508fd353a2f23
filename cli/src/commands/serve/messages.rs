//! One JSON-RPC message from its text, or the answer to what is none.

use rmcp::ErrorData;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use serde_json::Value;

/// The requests of the protocol that a client sends. For any other method nothing is known about its parameters.
const METHODS: [&str; 16] = [
    "completion/complete",
    "initialize",
    "logging/setLevel",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "server/discover",
    "subscriptions/listen",
    "tasks/get",
    "tools/call",
    "tools/list",
];

pub enum Incoming {
    Message(Box<ClientJsonRpcMessage>),
    /// Malformed: this is the answer.
    Refused(Box<ServerJsonRpcMessage>),
    /// Text that is not JSON, as other servers ignore it, and notifications that cannot be read, which have no answer.
    Ignored,
}

/// Reads one message. An error has the id of the request, if that can be read.
pub fn read(text: &[u8]) -> Incoming {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        return Incoming::Ignored;
    };
    let method = value.get("method").and_then(Value::as_str).map(str::to_owned);
    let id = value
        .get("id")
        .and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
    let is_request = value.get("jsonrpc").and_then(Value::as_str) == Some("2.0");
    let known = method.filter(|method| is_request && METHODS.contains(&method.as_str()));
    let is_notification =
        is_request && value.get("method").is_some_and(Value::is_string) && value.get("id").is_none();
    let refused = |error: ErrorData| Incoming::Refused(Box::new(JsonRpcMessage::error(error, id)));
    let wrong_parameters = |method: &str| {
        ErrorData::invalid_params(
            format!("failed to read the params of `{method}`: they are missing or do not have its shape"),
            None,
        )
    };
    match (serde_json::from_value::<ClientJsonRpcMessage>(value), known) {
        // What fits none of the protocol's requests is read as one of somebody else's.
        (Ok(JsonRpcMessage::Request(request)), Some(known))
            if matches!(request.request, ClientRequest::CustomRequest(_)) =>
        {
            refused(wrong_parameters(&known))
        }
        (Ok(message), _) => Incoming::Message(Box::new(message)),
        (Err(_), _) if is_notification => Incoming::Ignored,
        (Err(_), Some(known)) => refused(wrong_parameters(&known)),
        (Err(_), None) => refused(ErrorData::invalid_request(
            "failed to read the message: it is not a JSON-RPC 2.0 request",
            None,
        )),
    }
}

/// Whether a client opens a session with it.
pub fn is_hello(message: &Incoming) -> bool {
    let Incoming::Message(message) = message else {
        return false;
    };
    let JsonRpcMessage::Request(request) = &**message else {
        return false;
    };
    matches!(request.request, ClientRequest::InitializeRequest(_))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Incoming, read};

    /// The code and the id of the answer; None when the message is passed on.
    fn refused(message: &Value) -> Option<(Value, Value)> {
        match read(message.to_string().as_bytes()) {
            Incoming::Refused(answer) => {
                let answer = serde_json::to_value(answer).expect("json");
                Some((answer["error"]["code"].clone(), answer["id"].clone()))
            }
            Incoming::Message(_) | Incoming::Ignored => None,
        }
    }

    #[test]
    fn a_malformed_request_is_answered_with_its_id() {
        for (message, code, id) in [
            (
                json!({"jsonrpc": "2.0", "id": 99, "method": 5}),
                -32600,
                json!(99),
            ),
            (
                json!({"jsonrpc": "2.0", "id": "a", "method": null}),
                -32600,
                json!("a"),
            ),
            (json!({"jsonrpc": "2.0", "id": 7}), -32600, json!(7)),
            (
                json!({"jsonrpc": "1.0", "id": 7, "method": "ping"}),
                -32600,
                json!(7),
            ),
            (
                json!({"id": 7, "method": "tools/call", "params": {"name": "x"}}),
                -32600,
                json!(7),
            ),
            (
                json!({"jsonrpc": "2.0", "id": {}, "method": "ping"}),
                -32602,
                Value::Null,
            ),
            (json!([]), -32600, Value::Null),
            (json!("ping"), -32600, Value::Null),
            (
                json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}),
                -32602,
                json!(1),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": 3}),
                -32602,
                json!(2),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call"}),
                -32602,
                json!(3),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"arguments": {}}}),
                -32602,
                json!(4),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "x", "arguments": []}}),
                -32602,
                json!(5),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 6, "method": "resources/read", "params": {"url": "x"}}),
                -32602,
                json!(6),
            ),
            (
                json!({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {}}),
                -32602,
                json!(7),
            ),
        ] {
            assert_eq!(refused(&message), Some((json!(code), id)), "{message}");
        }
    }

    #[test]
    fn what_is_well_formed_is_passed_on() {
        for message in [
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "their/own", "params": {"a": 1}}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        ] {
            let passed = matches!(read(message.to_string().as_bytes()), Incoming::Message(_));
            assert!(passed, "{message}");
        }
    }

    #[test]
    fn what_has_no_answer_gets_none() {
        for text in [
            "",
            "{",
            "hello",
            r#"{"jsonrpc": "2.0", "method": "notifications/progress", "params": 3}"#,
        ] {
            assert!(!matches!(read(text.as_bytes()), Incoming::Refused(_)), "{text}");
        }
    }
}
