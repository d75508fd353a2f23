//! Progress of a tool that takes long, for a client that asked for it: each step is one notification.

use std::sync::Arc;

use ktx_app::{App, Desk, Error};
use ktx_runtime::{Consent, Dialogue, Event, Observer, Step};
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::server::Tools;

/// Runs the work on another thread, and sends its steps while it runs.
pub async fn reported(
    context: &RequestContext<RoleServer>,
    tools: Arc<Tools>,
    work: impl FnOnce(&Tools) -> Result<Value, Error> + Send + 'static,
) -> Result<Result<Value, Error>, ErrorData> {
    let failed = |error: tokio::task::JoinError| ErrorData::internal_error(error.to_string(), None);
    let Some(token) = context.meta.get_progress_token() else {
        return tokio::task::spawn_blocking(move || work(&tools))
            .await
            .map_err(failed);
    };
    let (steps, mut received) = unbounded_channel();
    let worked = tokio::task::spawn_blocking(move || {
        let app = App {
            desk: Arc::new(Reporting {
                desk: Arc::clone(&tools.app.desk),
                steps,
            }),
            ..tools.app.clone()
        };
        work(&tools.on(app)?)
    });
    let mut done = 0.0;
    // Ends when the work does, with the desk that it reported to.
    while let Some(step) = received.recv().await {
        done += 1.0;
        let progress = ProgressNotificationParam::new(token.clone(), done).with_message(step);
        // A client that is gone gets no answer either.
        let _ = context.peer.notify_progress(progress).await;
    }
    worked.await.map_err(failed)
}

/// The server's desk, which also tells the client.
struct Reporting {
    desk: Arc<dyn Desk>,
    steps: UnboundedSender<String>,
}

impl Reporting {
    fn step(&self, what: &str) {
        // The client may be gone.
        let _ = self.steps.send(what.to_owned());
    }
}

impl Dialogue for Reporting {
    fn is_interactive(&self) -> bool {
        self.desk.is_interactive()
    }

    fn ask(&self, question: &str) -> Consent {
        self.desk.ask(question)
    }

    fn say(&self, text: &str) {
        self.step(text);
        self.desk.say(text);
    }
}

impl Observer for Reporting {
    fn observe(&self, event: &Event<'_>) {
        match event {
            Event::Step(step) => self.step(Step::description(*step)),
            Event::Waiting { holder, .. } => self.step(&format!("waiting for {holder}")),
            Event::Output(_) | Event::Finished => {}
        }
        self.desk.observe(event);
    }
}

impl Desk for Reporting {
    fn debug(&self, line: &str) {
        self.desk.debug(line);
    }

    fn progress(&self, step: &str) {
        self.step(step);
        self.desk.progress(step);
    }
}
