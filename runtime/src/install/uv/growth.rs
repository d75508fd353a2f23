//! Whether uv is making progress although it prints nothing.

use std::path::PathBuf;

use super::Uv;
use super::find::collect;
use crate::Runtime;
use crate::install::staging::StagedRuntime;

/// Whether uv is writing somewhere while it prints nothing: it downloads into its cache and unpacks into the staging.
pub(super) struct Growth<'a> {
    uv: &'a Uv,
    runtime: &'a Runtime,
    staged: &'a StagedRuntime,
    cache: Option<PathBuf>,
    seen: Option<u64>,
}

impl<'a> Growth<'a> {
    pub(super) fn of(uv: &'a Uv, runtime: &'a Runtime, staged: &'a StagedRuntime) -> Growth<'a> {
        Growth {
            uv,
            runtime,
            staged,
            cache: None,
            seen: None,
        }
    }

    pub(super) fn has_grown(&mut self) -> bool {
        let cache = self.cache.get_or_insert_with(|| {
            let mut command = self.uv.command(self.runtime, self.staged.work());
            command.args(["cache", "dir"]);
            let said = collect(self.runtime, command).map(|output| output.stdout);
            PathBuf::from(said.unwrap_or_default().trim())
        });
        let size = crate::disk::size_of(&self.staged.layout().version_dir) + crate::disk::size_of(cache);
        let before = self.seen.replace(size);
        before.is_some_and(|before| before != size)
    }
}
