//! The whole life of a release on the sandbox's own registry, behind a cache that lags, with the real commands: a candidate
//! with its tag and release page, a stable version that is promoted, users who upgrade with a daemon running, a bad
//! release, a rollback, and a fix for a line that the main one has left behind.

mod checkout;
mod github;
mod lagging;
mod proof;
mod verified;

use self::checkout::{Checkout, dist_tag, line_of};
use self::github::Github;
use self::lagging::LaggingCache;
use self::verified::verify_published;
use super::registry::{Registry, asking};
use super::upgrade::{daemons, ready_and_running};
use crate::failure::Stop;
use crate::package_tree::{PackageTree, later_stable_version, next_line};
use crate::sandbox::Invocation;
use crate::scenario::{Need, Scenario, Set};
use crate::stage::{Installed, Stage, npm_install};
use crate::step::Step;
use crate::warehouse;

pub const SCENARIO: Scenario = Scenario {
    name: "rehearsal",
    proves: "a release on a local registry: candidate, release page, promotion, upgrade under a running daemon, \
             bad release, rollback, lane",
    set: Set::StandardOn(&["linux", "macos"]),
    needs: &[
        Need::Program("npm"),
        Need::Program("pnpm"),
        Need::Program("uv"),
        Need::Program("git"),
        Need::Program("python3"),
        Need::Toolchain,
    ],
    run,
};

fn run(stage: &Stage<'_>) -> Result<(), Stop> {
    let Some(toolchain) = &stage.options.toolchain else {
        return Ok(());
    };
    let versions = Versions::of(stage)?;
    let registry = Registry::start(stage, toolchain)?;
    let cache = LaggingCache::start(stage, registry.url())?;
    let github = Github::start(stage)?;
    let rehearsal = Rehearsal {
        stage,
        versions: &versions,
        releaser: Checkout::make(stage, toolchain, cache.url(), &github)?,
        registry: cache.url(),
        github: &github,
    };
    rehearsal.candidate()?;
    rehearsal.announcement()?;
    rehearsal.stable()?;
    rehearsal.bad()?;
    rehearsal.way_back()?;
    rehearsal.lane()?;
    verify_published(&rehearsal.releaser, "latest", &versions.fix)?;
    github.stop(stage);
    cache.stop(stage);
    registry.stop(stage);
    Ok(())
}

struct Rehearsal<'r> {
    stage: &'r Stage<'r>,
    versions: &'r Versions,
    releaser: Checkout<'r>,
    registry: &'r str,
    github: &'r Github,
}

impl Rehearsal<'_> {
    /// The tested package is published first, past the trap of every first publication, and a user installs it.
    fn candidate(&self) -> Result<(), Stop> {
        let version = &self.versions.candidate;
        let tag = dist_tag(version);
        self.releaser
            .build(version, PackageTree::read(&self.stage.package().tarball)?)?;
        let publish = format!("publish --tag {tag}");
        if version.contains('-') {
            self.releaser
                .release("publish-trap", &format!("{publish} --execute"))
                .exits(3)
                .stderr_has("[first-publish-latest]")
                .check()?;
        }
        self.releaser
            .release("publish-plan", &format!("{publish} --accept-first-latest"))
            .stdout_has("Dry-run verified")
            .check()?;
        self.view("nothing-published")
            .exits(1)
            .stderr_has("E404")
            .check()?;
        self.releaser
            .release(
                "publish-candidate",
                &format!("{publish} --accept-first-latest --execute"),
            )
            .stdout_has(format!("with tag {tag}\n"))
            .check()?;
        self.releaser.prove_published("published-candidate", version)?;
        let ktx = self.installs(&tag)?;
        warehouse::write(self.stage, &ktx.project)?;
        let steps = ["candidate-version", "candidate-install", "candidate-start"];
        ready_and_running(self.stage, &ktx, version, steps)
    }

    /// An upload breaks off; the same command finishes what is missing, and once more changes nothing.
    fn announcement(&self) -> Result<(), Stop> {
        let version = &self.versions.candidate;
        let status = |id| self.releaser.release(id, "status");
        status("status-published")
            .stdout_has("next: cargo xtask announce ")
            .check()?;
        self.releaser
            .release("announce-broken-off", "announce --execute")
            .exits(5)
            .stderr_has("failed to ask ")
            .check()?;
        status("status-broken-off")
            .stdout_has(format!("the release page of {version} is still a draft\n"))
            .stdout_has("next: cargo xtask announce ")
            .check()?;
        self.releaser
            .release("announce-plan", "announce")
            .stdout_has("to do: remove the unfinished upload of ")
            .check()?;
        self.releaser.announce("announce", version)?;
        let written = self.github.writes();
        self.releaser.announce("announce-again", version)?;
        let again = self.github.writes();
        self.stage.ensure("announce-again.writes", written == again, || {
            format!("what was announced was written again: {} writes", again - written)
        })?;
        status("status-announced")
            .stdout_has(format!(
                "{version}: git tag, release page, proven from the registry\n"
            ))
            .check()?;
        Ok(())
    }

    /// A stable version: promoted when it is proven and not before, and followed by the user while the daemon runs.
    fn stable(&self) -> Result<(), Stop> {
        let Versions {
            candidate, stable, ..
        } = self.versions;
        self.releaser.build(stable, self.stamped(stable)?)?;
        self.releaser.publish("publish-stable", stable)?;
        self.releaser
            .release("promote-unproven", PROMOTE)
            .exits(3)
            .stderr_has("[not-proven]")
            .check()?;
        self.releaser.prove_published("published-stable", stable)?;
        self.releaser.announce("announce-stable", stable)?;
        self.promote("promote-stable", stable)?;
        let ktx = self.installs("latest")?;
        let steps = ["stable-version", "stable-install", "stable-start"];
        ready_and_running(self.stage, &ktx, stable, steps)?;
        let beside = daemons(self.stage);
        self.stage.ensure("stable-start.beside", beside == 2, || {
            format!("two daemons should run side by side, not {beside}")
        })?;
        let stale = self.stage.sandbox.folders().runtime_root().join(candidate);
        self.stage
            .step("prune", ktx.ktx("runtime prune --yes"))
            .stdout_has(format!("Removed stale KTX Python runtimes\n{stale}\n"))
            .check()?;
        self.counts("stable-query", &ktx)
    }

    /// A version with a fault that no smoke asks for is released like any other, and the user meets it.
    fn bad(&self) -> Result<(), Stop> {
        let version = &self.versions.bad;
        let mut package = self.stamped(version)?;
        package.wheel(|wheel| wheel.append("semantic_layer/dimensions.py", FAULT))?;
        self.releaser.build(version, package)?;
        self.releaser.publish("publish-bad", version)?;
        self.releaser.prove_published("published-bad", version)?;
        self.promote("promote-bad", version)?;
        let ktx = self.installs("latest")?;
        let steps = ["bad-version", "bad-install", "bad-start"];
        ready_and_running(self.stage, &ktx, version, steps)?;
        self.stage
            .step("bad-query", ktx.ktx(BY_CUSTOMER))
            .exits(1)
            .stdout_empty()
            .check()?;
        Ok(())
    }

    /// `latest` goes back to what the receipts know, and so does the user, whose earlier runtime is still there.
    fn way_back(&self) -> Result<(), Stop> {
        let Versions { stable, bad, .. } = self.versions;
        let package = &self.stage.package().name;
        self.releaser
            .release("rollback-plan", "rollback --tag latest")
            .stdout_has(format!("npm dist-tag add {package}@{stable} latest"))
            .stdout_has(format!("npm deprecate {package}@{bad} "))
            .check()?;
        self.view("rollback-plan-effect")
            .json("/latest", bad.as_str())
            .check()?;
        self.releaser
            .release("rollback", "rollback --tag latest --execute")
            .stdout_has(format!("latest points at {stable}\n"))
            .check()?;
        // However often it is repeated: the tag moves once.
        for (id, again) in [
            ("rollback-again", "rollback --tag latest --execute".to_owned()),
            (
                "rollback-third",
                format!("rollback --tag latest --from {bad} --execute"),
            ),
        ] {
            self.releaser
                .release(id, &again)
                .stdout_has("done already, as read from the registry\n")
                .check()?;
        }
        self.view("rollback-effect")
            .json("/latest", stable.as_str())
            .json("/next", bad.as_str())
            .check()?;
        let ktx = self.installs("latest")?;
        self.stage
            .step("back-status", ktx.ktx("runtime status --json"))
            .json("/kind", "ready")
            .json("/layout/cliVersion", stable.as_str())
            .check()?;
        self.counts("back-query", &ktx)?;
        self.stage
            .step("stop-all", ktx.ktx("runtime stop --all"))
            .check()?;
        Ok(())
    }

    /// The main line moves on, and the earlier one gets a fix under its own tag, which is promoted from there.
    fn lane(&self) -> Result<(), Stop> {
        let Versions { ahead, fix, .. } = self.versions;
        let tag = format!("release-{}", line_of(fix));
        self.releaser.build(ahead, self.stamped(ahead)?)?;
        self.releaser.publish("publish-ahead", ahead)?;
        self.releaser.build(fix, self.stamped(fix)?)?;
        self.releaser
            .release("publish-fix-trap", "publish --tag next --execute")
            .exits(3)
            .stderr_has("[tag-backwards]")
            .check()?;
        self.releaser
            .release("publish-fix", &format!("publish --tag {tag} --execute"))
            .stdout_has(format!("with tag {tag}\n"))
            .check()?;
        self.releaser.prove_published("published-fix", fix)?;
        self.releaser.announce("announce-fix", fix)?;
        self.releaser
            .release("status-fix", "status")
            .stdout_has(format!("next: cargo xtask promote --from {tag} --to latest "))
            .check()?;
        self.releaser
            .release(
                "promote-fix",
                &format!("promote --from {tag} --to latest --execute"),
            )
            .stdout_has(format!("latest points at {fix}\n"))
            .check()?;
        self.view("lane-effect")
            .json("/latest", fix.as_str())
            .json("/next", ahead.as_str())
            .stdout_has(format!("\"{tag}\": \"{fix}\""))
            .check()?;
        Ok(())
    }

    fn stamped(&self, version: &str) -> std::io::Result<PackageTree> {
        let mut package = PackageTree::read(&self.stage.package().tarball)?;
        package.stamp(version)?;
        Ok(package)
    }

    fn promote(&self, id: &'static str, version: &str) -> Result<(), Stop> {
        self.releaser
            .release(id, PROMOTE)
            .args(["--execute"])
            .stdout_has(format!("latest points at {version}\n"))
            .stderr_has("waiting for the registry: latest points at ")
            .check()?;
        Ok(())
    }

    /// The user's project takes what a tag points at.
    fn installs(&self, tag: &str) -> Result<Installed<'_>, Stop> {
        let install = npm_install(&format!("{}@{tag}", self.stage.package().name));
        self.stage
            .installed_by("user", asking(self.stage, self.registry, install))
    }

    fn counts(&self, id: &'static str, ktx: &Installed<'_>) -> Result<(), Stop> {
        self.stage
            .step(id, ktx.ktx(BY_CUSTOMER))
            .json("/totalRows", 2)
            .stderr_empty()
            .check()?;
        Ok(())
    }

    /// The dist-tags, as npm lists them.
    fn view(&self, id: &'static str) -> Step<'_> {
        let view = Invocation::new("npm")
            .arg("view")
            .arg(&self.stage.package().name)
            .words("dist-tags --json");
        self.stage.step(id, asking(self.stage, self.registry, view))
    }
}

const PROMOTE: &str = "promote --from next --to latest";

const BY_CUSTOMER: &str = "sl query --measure orders.order_count --dimension orders.customer_id \
                           --execute --max-rows 9 --no-input";

/// What no scenario before a release asks for, and the first user does.
const FAULT: &str = "

_right = resolve_dimensions


def resolve_dimensions(model, requests, *others):
    if requests:
        raise RuntimeError('no dimension today')
    return _right(model, requests, *others)
";

/// The version that is proven, and those made of it.
struct Versions {
    candidate: String,
    stable: String,
    bad: String,
    /// Of the next line.
    ahead: String,
    /// After the bad one, in its line.
    fix: String,
}

impl Versions {
    fn of(stage: &Stage<'_>) -> Result<Versions, Stop> {
        let candidate = stage.package().version.clone();
        let stable = later_stable_version(&candidate);
        let bad = stable.as_deref().and_then(later_stable_version);
        let ahead = bad.as_deref().and_then(next_line);
        let fix = bad.as_deref().and_then(later_stable_version);
        let fix = fix.filter(|fix| line_of(fix) == line_of(&candidate));
        match (stable, bad, ahead, fix) {
            (Some(stable), Some(bad), Some(ahead), Some(fix)) => Ok(Versions {
                candidate,
                stable,
                bad,
                ahead,
                fix,
            }),
            _ => Err(Stop::failed(
                "later-version",
                format!("{candidate} has no later stable versions of the same length"),
            )),
        }
    }
}
