//! The page of a release in a real browser: nothing is requested, nothing is logged, axe-core finds nothing, and it fits
//! the screen, in light and dark, from 360 to 1,400 pixels.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use ktx_fixtures::needs;
use serde_json::Value;

use crate::releaser::Releaser;
use crate::tidy::root;

/// `release.html` may have no more bytes.
const LARGEST_PAGE: usize = 300_000;

/// What hinders people on the page; screenshots are put into `folder`.
fn hindrances(browser: &Path, page: &Path, folder: &Path) -> Vec<String> {
    let axe = root().join("target/tools/node/node_modules/axe-core/axe.min.js");
    assert!(
        axe.exists(),
        "run `cargo xtask install-tools`, which brings axe-core"
    );
    let output = Command::new("node")
        .arg(root().join("xtask/tests/it/page.mjs"))
        .args([browser, &axe, page, folder])
        .output()
        .expect("node runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// A release with something of everything on its page: changes, failures, text that looks like markup.
fn eventful() -> Releaser {
    let releaser = Releaser::new("0.1.0");
    releaser.publish("0.1.0");
    releaser.checkout.build(&["version", "set", "0.1.1"]);
    let mut readme = releaser.checkout.read("npm/README.md");
    readme.extend(b"\nSee https://new-host.example/.\n");
    releaser.checkout.write("npm/README.md", readme);
    releaser.build("0.1.1");
    releaser.prove();
    let platform = crate::checkout::foreign();
    let path = format!("dist/reports/smoke-{platform}.json");
    let mut report: Value = serde_json::from_slice(&releaser.checkout.read(&path)).expect("a report");
    let scenarios = report["scenarios"].as_array_mut().expect("scenarios");
    scenarios.push(serde_json::json!({
        "name": "markup", "seconds": 2.5, "steps": [],
        "outcome": {"status": "failed", "code": "step", "message": "<script>alert(1)</script> & <b>bold</b> | `x`"},
    }));
    scenarios.push(serde_json::json!({
        "name": "offline", "seconds": 0.0, "steps": [],
        "outcome": {"status": "skipped", "reason": "no network namespace"},
    }));
    releaser.checkout.write(&path, report.to_string());
    releaser
}

#[test]
fn the_page_can_be_read_by_everybody_and_asks_nobody_for_anything() {
    let releaser = eventful();
    let summary = releaser.checkout.path("summary.md");
    let mut readiness = releaser.checkout.xtask(&["readiness"]);
    readiness
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary);
    let said = releaser.checkout.transcript(readiness);
    assert!(said.starts_with("exit 3\n"), "{said}");

    let page = releaser.checkout.path("dist/reports/release.html");
    let html = fs::read_to_string(&page).expect("the page was written");
    assert!(html.len() < LARGEST_PAGE, "{} bytes", html.len());
    assert!(!html.contains("<script>alert"), "text is escaped");
    for fact in [
        "0.1.1",
        "new-host.example",
        "&lt;script&gt;alert(1)",
        "markup",
        "no-such",
    ] {
        assert_eq!(html.contains(fact), fact != "no-such", "{fact}");
    }
    let summary = fs::read_to_string(summary).expect("the summary was written");
    for fact in [
        "| smoke | **closed** |",
        "new-host.example",
        "| markup | failed 2.5 s |",
        "| offline | skipped |",
    ] {
        assert!(summary.contains(fact), "{fact} in {summary}");
    }

    let Some(browser) = needs::chromium() else { return };
    let shots =
        std::env::var_os("KTX_TEST_SHOTS").map_or_else(|| releaser.checkout.path("shots"), PathBuf::from);
    fs::create_dir_all(&shots).expect("a folder");
    assert_eq!(hindrances(&browser, &page, &shots), Vec::<String>::new());

    // The same judge finds what is wrong with the twin.
    let broken = html
        .replace("lang=\"en\"", "")
        .replace("default-src 'none'; ", "")
        .replace(
            "<main>",
            "<main><img src=\"http://127.0.0.1:9/x.png\"><div style=\"width:2000px\">wide</div>",
        );
    let twin = releaser.checkout.path("twin.html");
    fs::write(&twin, broken).expect("the twin is written");
    let found = hindrances(&browser, &twin, &shots.join("..")).join("\n");
    for kind in [
        "requests http://127.0.0.1:9/x.png",
        "html-has-lang",
        "image-alt",
        "wider than the screen",
    ] {
        assert!(found.contains(kind), "{kind} in {found}");
    }
}
