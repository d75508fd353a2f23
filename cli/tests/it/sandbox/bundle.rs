//! What a runtime bundle is made of, and the environment that makes one from it.

use std::path::Path;
use std::process::Command;

use ktx_fixtures::bundle_inputs::BundleInputs;
use ktx_fixtures::payload;

use super::{Sandbox, Transcript};

/// The package, the folder of its wheels, and the version of Python that is there.
pub struct BundleBench {
    inputs: BundleInputs,
    python: String,
}

impl BundleBench {
    pub fn in_folder(folder: &Path) -> BundleBench {
        let uv = payload::uv().expect("no uv: run `cargo xtask install-tools`");
        BundleBench {
            inputs: BundleInputs::write_to(folder, &uv),
            python: host_python(),
        }
    }

    /// For `--python`.
    pub fn python(&self) -> &str {
        &self.python
    }

    pub fn assets(&self) -> String {
        self.inputs.assets().display().to_string()
    }

    /// What makes a bundle on this machine.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("KTX_ASSET_DIR", self.assets()),
            ("UV_FIND_LINKS", self.inputs.links().display().to_string()),
            ("UV_NO_INDEX", "1".to_owned()),
        ]
    }

    /// Makes one in the project.
    #[track_caller]
    pub fn create(&self, sandbox: &Sandbox, file: &str) -> Transcript {
        let arguments = [
            "runtime",
            "bundle",
            "create",
            "--output",
            file,
            "--python",
            &self.python,
        ];
        sandbox.run_with(&arguments, self.variables()).succeeds()
    }
}

/// The version of the `python3` on this machine, as 3.13.
pub fn host_python() -> String {
    let ask = "import sys; print('%d.%d' % sys.version_info[:2])";
    let answer = Command::new("python3").args(["-I", "-c", ask]).output();
    let said = answer.expect("python3").stdout;
    String::from_utf8(said).expect("UTF-8").trim().to_owned()
}
