//! Progress of a tool that takes long, for a client that asked for it: each step is one notification.

use std::sync::Arc;

use ktx_app::{App, Desk, Error};
use ktx_runtime::{Consent, Dialogue, Event, Observer, Signal, Step};
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::server::Tools;

/// Runs the work on another thread. Its steps are sent while it runs, and a client that cancels the call ends it.
pub async fn reported(
    context: &RequestContext<RoleServer>,
    tools: Arc<Tools>,
    work: impl FnOnce(&Tools) -> Result<Value, Error> + Send + 'static,
) -> Result<Result<Value, Error>, ErrorData> {
    let interrupt = tools.app.interrupt.part();
    let mut app = App {
        interrupt: interrupt.clone(),
        ..tools.app.clone()
    };
    let (steps, mut received) = unbounded_channel();
    let token = context.meta.get_progress_token();
    if token.is_some() {
        let desk = Arc::clone(&app.desk);
        app.desk = Arc::new(Reporting { desk, steps });
    } else {
        drop(steps);
    }
    let mut worked = tokio::task::spawn_blocking(move || work(&tools.on(app)?));
    let mut done = 0.0;
    let report = async {
        // Ends when the work does, with the desk that it reported to.
        while let (Some(step), Some(token)) = (received.recv().await, &token) {
            done += 1.0;
            let progress = ProgressNotificationParam::new(token.clone(), done).with_message(step);
            // A client that is gone gets no answer either.
            let _ = context.peer.notify_progress(progress).await;
        }
        (&mut worked).await
    };
    let worked = tokio::select! {
        worked = report => worked,
        // No client waits for the answer; the next call finds the project as the work left it.
        () = context.ct.cancelled() => {
            interrupt.raise(Signal::Cancel);
            worked.await
        }
    };
    worked.map_err(|error| ErrorData::internal_error(error.to_string(), None))
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
