//! What every command is given: the application, the streams and the terminal.

use std::sync::Arc;

use ktx_app::App;
use ktx_runtime::{Environment, Interrupt};

use crate::arguments::GlobalArguments;
use crate::printer::Printer;
use crate::terminal::Terminal;
use crate::version::VERSION;

/// Lives as long as the command.
#[derive(Clone)]
pub struct Session {
    pub app: App,
    pub printer: Printer,
    pub terminal: Terminal,
}

impl Session {
    /// Reads the process environment once and installs the signal handlers.
    pub fn new(printer: Printer, global: &GlobalArguments) -> Session {
        let interrupt = Interrupt::new();
        let environment = Environment::of_this_process();
        ktx_system::forward_to(&interrupt);
        if environment.text("KTX_PACKAGE_ROOT").is_some() {
            // Set by the launcher, which passes signals on as long as it lives.
            ktx_system::watch_parent(&interrupt);
        }
        let terminal = Terminal::new(printer.clone(), interrupt.clone(), global.debug);
        Session {
            app: App {
                environment,
                interrupt,
                project_dir: global.project_dir.clone(),
                with_uv: global.with_uv,
                desk: Arc::new(terminal.clone()),
                version: VERSION,
            },
            printer,
            terminal,
        }
    }
}
