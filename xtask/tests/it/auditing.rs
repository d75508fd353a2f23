//! `cargo xtask audit`: what closes the gate, and what opens it again.

use serde_json::{Value, json};

use crate::releaser::{ADVISORIES, Releaser};

const NODE_LOCK: &str =
    r#"{"packages": {"": {}, "node_modules/tar-fs": {"version": "3.0.1", "integrity": "sha512-x"}}}"#;
const CRATE_PIN: &str =
    "cargo-auditable 0.7.7 ccdd489bc94d1338cd04389a842e00661300331ec915fb376b4810ef7d480b5d\n";

impl Releaser {
    /// The exit code of an audit, and what the gate says after it.
    #[track_caller]
    fn audited(&self) -> (String, String) {
        let audit = self.prints(&["audit", "--db", ADVISORIES]);
        let said = self.prints(&["readiness"]);
        let gate = said.lines().skip_while(|line| !line.starts_with("Gate audit: "));
        let gate = gate.take_while(|line| *line != "--- stderr").collect::<Vec<_>>();
        (audit, gate.join("\n"))
    }

    fn waive(&self, finding: &str, package: &str, expires: &str) {
        self.change_policy(|policy| {
            policy["audit"]["waivers"] = json!([{
                "finding": finding,
                "package": package,
                "reason": "what overflows is not called",
                "expires": expires,
            }]);
        });
        self.build("0.1.0");
    }
}

macro_rules! snapshot {
    ($text:expr, @$expected:literal) => {
        insta::with_settings!({filters => vec![
            (r"\d+ Python distributions", "[COUNT] Python distributions"),
            (r"(\d{4}-\d\d-\d\d)\)", "[TODAY])"),
        ]}, { insta::assert_snapshot!($text, @$expected) })
    };
}

#[test]
fn a_vulnerable_crate_wheel_or_node_tool_closes_the_gate() {
    let releaser = Releaser::new("0.1.0");
    releaser.checkout.write("xtask/tools/auditable.txt", CRATE_PIN);
    releaser
        .checkout
        .write("xtask/tools/node/package-lock.json", NODE_LOCK);
    releaser.build("0.1.0");
    let said = releaser.prints(&["readiness"]);
    assert!(
        said.contains("Gate audit: closed\n  - the locked dependencies were not audited\n"),
        "{said}"
    );
    snapshot!(releaser.prints(&["audit"]), @r"
    exit 4
    --- stdout
    1 crates: not checked: no advisories
    [COUNT] Python distributions: not checked: no advisories
    1 npm packages: not checked: no advisories
    --- stderr
    error: there are no advisories about crates; there are no advisories about Python distributions; there are no advisories about npm packages
    hint: put current advisories in OSV format into a folder: cargo xtask audit --db target/advisories
    ");

    releaser.prove();
    let (audit, gate) = releaser.audited();
    snapshot!(audit, @r"
    exit 0
    --- stdout
    1 crates: compared with 1 advisories, the newest 0 days old ([TODAY])
    [COUNT] Python distributions: compared with 1 advisories, the newest 0 days old ([TODAY])
    1 npm packages: compared with 1 advisories, the newest 0 days old ([TODAY])
    --- stderr
    ");
    assert_eq!(gate, "Gate audit: open");

    for (ecosystem, package) in [
        ("crates.io", "cargo-auditable"),
        ("PyPI", "Pydantic_Core"),
        ("npm", "tar-fs"),
    ] {
        releaser.write_advisory(ecosystem, package, "999.0.0");
        let (audit, gate) = releaser.audited();
        assert!(audit.starts_with("exit 3\n"), "{audit}");
        assert!(gate.starts_with("Gate audit: closed\n"), "{gate}");
        assert!(gate.contains(&format!("[TEST-{ecosystem}-{package}]")), "{gate}");
        // The same advisory with an earlier fix is about other versions.
        releaser.write_advisory(ecosystem, package, "0.0.1");
        let (audit, gate) = releaser.audited();
        assert!(audit.starts_with("exit 0\n"), "{audit}");
        assert_eq!(gate, "Gate audit: open");
    }
}

#[test]
fn a_waiver_opens_the_gate_until_its_last_day() {
    let releaser = Releaser::new("0.1.0");
    releaser.build("0.1.0");
    releaser.prove();
    releaser.write_advisory("PyPI", "pydantic", "999.0.0");
    releaser.waive("TEST-PyPI-pydantic", "pydantic", "9999-12-31");
    let (audit, gate) = releaser.audited();
    assert!(audit.starts_with("exit 0\n"), "{audit}");
    assert!(
        audit.contains("waived until 9999-12-31: what overflows is not called"),
        "{audit}"
    );
    assert_eq!(gate, "Gate audit: open");

    releaser.waive("TEST-PyPI-pydantic", "pydantic", "2020-01-31");
    let (audit, gate) = releaser.audited();
    assert!(audit.starts_with("exit 3\n"), "{audit}");
    assert!(gate.contains("; its waiver expired on 2020-01-31"), "{gate}");

    // Another commit than that of the artifacts was audited.
    releaser.checkout.commit();
    let audit = releaser.checkout.read("dist/reports/audit.json");
    let mut report: Value = serde_json::from_slice(&audit).expect("JSON");
    report["sourceRevision"] = json!("0".repeat(40));
    releaser
        .checkout
        .write("dist/reports/audit.json", report.to_string());
    let said = releaser.prints(&["readiness"]);
    assert!(
        said.contains("the audit is of another commit than the artifacts"),
        "{said}"
    );
    releaser.checkout.write("dist/reports/audit.json", "{}");
    let said = releaser.prints(&["readiness"]);
    assert!(
        said.contains("the audit cannot be used: audit.json: missing field"),
        "{said}"
    );
}

#[test]
fn old_or_cut_advisories_are_not_relied_on() {
    let releaser = Releaser::new("0.1.0");
    releaser.build("0.1.0");
    releaser.prove();
    let path = format!("{ADVISORIES}/PyPI/elsewhere.json");
    let advisory = releaser.checkout.read(&path);
    let mut old: Value = serde_json::from_slice(&advisory).expect("JSON");
    old["modified"] = json!("2020-01-31T00:00:00Z");
    releaser.checkout.write(&path, old.to_string());
    let (audit, gate) = releaser.audited();
    assert!(audit.starts_with("exit 3\n"), "{audit}");
    assert!(
        gate.contains("days old, more than the 14 that databaseDays allows"),
        "{gate}"
    );

    releaser.checkout.write(&path, &advisory[..advisory.len() - 1]);
    let (audit, _) = releaser.audited();
    assert!(audit.starts_with("exit 6\n"), "{audit}");
    assert!(
        audit.contains("it is not an advisory in the OSV format: it is not one JSON object"),
        "{audit}"
    );

    fs_err::remove_file(releaser.checkout.path(&path)).expect("it is removed");
    let (audit, gate) = releaser.audited();
    assert!(audit.starts_with("exit 4\n"), "{audit}");
    assert!(gate.starts_with("Gate audit: not checked\n"), "{gate}");
}
