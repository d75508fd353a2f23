//! What a scenario is: a name, a sentence, what it needs, and a function.

use ktx_manifest::Platform;

use crate::failure::Stop;
use crate::options::Options;
use crate::stage::Stage;

/// A proof of one thing that a user does with the package.
#[derive(Debug)]
pub struct Scenario {
    /// As `--scenario` takes it.
    pub name: &'static str,
    /// What a green run shows, for `--list`.
    pub proves: &'static str,
    pub set: Set,
    pub needs: &'static [Need],
    pub run: fn(&Stage<'_>) -> Result<(), Stop>,
}

impl Scenario {
    /// Whether the machine meets every need.
    pub fn can_be_played(&self, options: &Options) -> bool {
        self.needs.iter().all(|need| need.unmet(options).is_none())
    }

    /// Whether the package holds what the scenario is about: one without a program for a platform proves nothing
    /// about it, which is not a fault.
    pub fn has_subject(&self, options: &Options) -> bool {
        let carried = |need: &Need| !matches!(need, Need::Carries(_)) || need.unmet(options).is_none();
        self.needs.iter().all(carried)
    }
}

/// When a scenario runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Always.
    Standard,
    /// Always, on these operating systems as Rust names them; elsewhere it proves nothing.
    StandardOn(&'static [&'static str]),
    /// When it is named, or when the variable is `1`.
    OptIn(&'static str),
    /// When it is named.
    Named,
}

impl Set {
    /// Whether a run without a selection has it.
    pub fn is_standard(self) -> bool {
        match self {
            Set::Standard => true,
            Set::StandardOn(systems) => systems.contains(&std::env::consts::OS),
            Set::OptIn(_) | Set::Named => false,
        }
    }
}

/// Something that a machine may lack.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// A program on `PATH`.
    Program(&'static str),
    /// A program on `PATH`, and what the user types to get it.
    Debian {
        program: &'static str,
        package: &'static str,
    },
    /// The package carries a program for this platform.
    Carries(Platform),
    /// A network namespace without a network can be entered.
    NetworkNamespace,
    /// A PostgreSQL server that can be started.
    Postgres,
    /// A MariaDB server that can be started.
    Mariadb,
    /// A registry and a package specification were named.
    Registry,
    /// The toolchain that releases, and its own registry.
    Toolchain,
    /// Third-party clients of the Model Context Protocol.
    McpClients,
}

impl Need {
    /// Why the machine does not meet it, if so.
    pub fn unmet(self, options: &Options) -> Option<String> {
        match self {
            Need::Program(name) => options
                .program(name)
                .is_none()
                .then(|| format!("`{name}` is not installed")),
            Need::Debian { program, package } => options
                .program(program)
                .is_none()
                .then(|| format!("`{program}` is not installed (Debian: apt-get install {package})")),
            Need::Carries(platform) => {
                let path = format!("package/{}", platform.program_path());
                let carried = crate::tarball::has(&options.package.tarball, &path);
                (!carried).then(|| {
                    format!(
                        "the package carries no program for {platform} (cargo xtask build --platform all)"
                    )
                })
            }
            Need::NetworkNamespace => crate::sandbox::network_namespace_refusal(),
            Need::Postgres => crate::scenarios::postgres_programs()
                .is_none()
                .then(|| "PostgreSQL is not installed (Debian: apt-get install postgresql)".to_owned()),
            Need::Mariadb => crate::scenarios::mariadb_program("mariadbd")
                .is_none()
                .then(|| "MariaDB is not installed (Debian: apt-get install mariadb-server)".to_owned()),
            Need::Registry => options
                .published
                .is_none()
                .then(|| "no registry was named (--registry URL --package SPEC)".to_owned()),
            Need::Toolchain => options
                .toolchain
                .is_none()
                .then(|| "the release toolchain was not given".to_owned()),
            Need::McpClients => options
                .mcp
                .is_none()
                .then(|| "the MCP clients are not installed".to_owned()),
        }
    }
}
