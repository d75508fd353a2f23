//! A process beside the run that cleans up when the run itself is killed.
//!
//! It reads from a pipe that only the run holds; the pipe closes when the run ends, however it ends. Then the guardian
//! ends every process of the run's folder and removes the folder.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use camino::Utf8Path;

use super::family::{Family, lead_own_group};
use super::remove_tree;

/// The body of the guardian process: returns once the run is over and nothing of it is left.
pub fn keep_watch(mut run: impl Read, folder: &Utf8Path) -> std::io::Result<()> {
    let mut nothing = [0; 64];
    while run.read(&mut nothing).is_ok_and(|count| count > 0) {}
    if folder.exists() {
        Family::of(folder).end_all();
        remove_tree(folder)?;
    }
    Ok(())
}

/// The guardian as the run sees it. Dropped, it lets the guardian finish.
#[derive(Debug)]
pub struct Guardian(Child);

impl Guardian {
    /// Starts `program` with `arguments` and the folder as the last one.
    pub fn post(program: &[String], folder: &Utf8Path) -> std::io::Result<Guardian> {
        let mut command = Command::new(&program[0]);
        command
            .args(&program[1..])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        lead_own_group(&mut command);
        command.spawn().map(Guardian)
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
