//! A search path with Node on it, and Python where a scenario says so, and nothing else: neither uv nor a shell.

use camino::Utf8PathBuf;
use fs_err as fs;

use crate::failure::Stop;
use crate::sandbox::Invocation;
use crate::stage::Stage;

/// The folder that is the whole `PATH`.
pub struct BarePath {
    folder: Utf8PathBuf,
}

impl BarePath {
    /// With Node alone.
    pub fn with_node(stage: &Stage<'_>) -> Result<BarePath, Stop> {
        let folder = stage.sandbox.work().join("bare-path");
        fs::create_dir_all(&folder)?;
        let bare = BarePath { folder };
        let ask = Invocation::new("node").args(["-p", "process.execPath"]);
        let node = stage.step("find-node", ask).check()?.stdout;
        bare.link(node.trim(), "node")?;
        Ok(bare)
    }

    /// Adds the Python that is first on the machine's path, and gives its version, such as `3.13`.
    pub fn add_python(&self, stage: &Stage<'_>) -> Result<String, Stop> {
        let ask = "import sys; print(sys._base_executable, '%d.%d' % sys.version_info[:2])";
        let answer = stage
            .step("find-python", Invocation::new("python3").args(["-I", "-c", ask]))
            .check()?
            .stdout;
        let (program, version) = answer.trim().rsplit_once(' ').unwrap_or_default();
        self.link(program, &format!("python{version}"))?;
        Ok(version.to_owned())
    }

    /// The command with this path alone. What wraps it is still looked for where the machine has it.
    pub fn around(&self, invocation: Invocation) -> Invocation {
        invocation.wrapped("/usr/bin/env", &[&format!("PATH={}", self.folder)])
    }

    #[cfg(unix)]
    fn link(&self, program: &str, name: &str) -> Result<(), Stop> {
        fs::os::unix::fs::symlink(program, self.folder.join(name))?;
        Ok(())
    }

    /// The scenarios run on systems with links.
    #[cfg(not(unix))]
    fn link(&self, program: &str, name: &str) -> Result<(), Stop> {
        fs::copy(program, self.folder.join(name))?;
        Ok(())
    }
}
