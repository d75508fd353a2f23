//! `pyproject.toml`: what is malformed or incomplete is refused, all of it at once, each by name.

use ktx_release::pyproject::Project;

use crate::sources::{Sources, codes};

/// Rows of what is replaced in a sound `pyproject.toml`, and with what; `expected` are the codes of the refusal.
#[track_caller]
fn check(expected: &[&str], rows: &[(&str, &str)]) {
    for (from, to) in rows {
        let sources = Sources::new();
        assert_eq!(codes(sources.plan_wheel()), NONE, "the twin passes");
        sources.replace("python/pyproject.toml", from, to);
        assert_eq!(codes(sources.plan_wheel()), expected, "{from:?} → {to:?}");
    }
}

const NONE: &[&str] = &[];
const INVALID: &[&str] = &["pyproject-invalid"];
const INCOMPLETE: &[&str] = &["pyproject-incomplete"];
const MALFORMED: &[&str] = &["pyproject-malformed"];

#[test]
fn what_is_no_toml_or_has_unknown_keys_is_malformed() {
    check(
        MALFORMED,
        &[
            ("[project]\n", "[project\n"),
            ("dependencies = [\"lkml>=1.3.7,<2\"]", "dependancies = []"),
            ("dependencies = [\"lkml>=1.3.7,<2\"]", "dependencies = \"lkml\""),
            ("module-root = \"\"\n", "module-root = \"\"\nnamespace = true\n"),
            (
                "[tool.uv.build-backend]",
                "[tool.ktx]\ndata = []\n[tool.uv.build-backend]",
            ),
        ],
    );
    check(&["pyproject-incomplete"; 7], &[("[project]\n", "[projects]\n")]);
}

#[test]
fn what_every_wheel_has_must_be_there() {
    for field in [
        "name",
        "version",
        "description",
        "readme",
        "license",
        "license-files",
        "requires-python",
    ] {
        check(
            INCOMPLETE,
            &[(&format!("\n{field} = "), &format!("\n# {field} = "))],
        );
    }
    check(
        INCOMPLETE,
        &[("license-files = [\"LICENSE\"]", "license-files = []")],
    );
    check(
        INVALID,
        &[("module-name = [\"ktx_daemon\", \"semantic_layer\"]", "")],
    );
}

#[test]
fn names_versions_and_requirements_must_parse() {
    check(
        INVALID,
        &[
            ("name = \"kaelio-ktx\"", "name = \"kaelio ktx\""),
            ("name = \"kaelio-ktx\"", "name = \"other\""),
            ("version = \"0.0.0\"", "version = \"0.0.0-private\""),
            (">=3.11", "3.11 or so"),
            ("lkml>=1.3.7,<2", "lkml>>1.3.7"),
            ("lkml>=1.3.7,<2", "lkml>=1.3.7 ; platform == 'x'"),
            ("lkml>=1.3.7,<2", "lkml @ https://packages.example/lkml.whl"),
            ("torch>=2.2,<3", "torch>=2.x"),
            ("local-embeddings =", "\"local embeddings\" ="),
            ("local-embeddings =", "local_embeddings = []\nlocal-embeddings ="),
        ],
    );
    check(
        &["version-not-placeholder"],
        &[("version = \"0.0.0\"", "version = \"1.0\"")],
    );
    check(NONE, &[("version = \"0.0.0\"", "version = \"1.2.3\"")]);
}

#[test]
fn descriptive_fields_must_have_their_form() {
    check(
        INVALID,
        &[
            ("\"The payload\"", "\"\"\"The\\npayload\"\"\""),
            ("\"README.md\"", "\"README\""),
            ("\"README.md\"", "\"../README.md\""),
            (
                "\"README.md\"",
                "{ file = \"README.md\", content-type = \"text/html\" }",
            ),
            (
                "\"README.md\"",
                "{ text = \"x\", content-type = \"text/markdown\" }",
            ),
            (
                "\"README.md\"",
                "{ file = \"README.md\", text = \"x\", content-type = \"text/markdown\" }",
            ),
            ("\"Apache-2.0\"", "\"Apache 2\""),
            ("\"Apache-2.0\"", "{ file = \"LICENSE\" }"),
            ("[\"LICENSE\"]", "[\"../LICENSE\"]"),
            ("[\"LICENSE\"]", "[\"/LICENSE\"]"),
            ("[\"LICENSE\"]", "[\"LICEN[SE\"]"),
            ("requires-python", "authors = [{}]\nrequires-python"),
            (
                "requires-python",
                "authors = [{ email = \"nobody\" }]\nrequires-python",
            ),
            ("requires-python", "keywords = [\"a,b\"]\nrequires-python"),
            (
                "requires-python",
                "classifiers = [\"License :: OSI Approved\"]\nrequires-python",
            ),
            ("requires-python", "urls.Home = \"example\"\nrequires-python"),
            ("requires-python", "dynamic = [\"readme\"]\nrequires-python"),
        ],
    );
    check(
        NONE,
        &[
            (
                "\"README.md\"",
                "{ file = \"README.md\", content-type = \"text/markdown\" }",
            ),
            (
                "requires-python",
                "authors = [{ name = \"A\", email = \"a@b.example\" }]\nrequires-python",
            ),
        ],
    );
}

#[test]
fn entry_points_and_packages_must_be_importable() {
    check(
        INVALID,
        &[
            ("ktx_daemon.__main__:main", "ktx_daemon.__main__"),
            ("ktx-daemon = ", "\"../ktx-daemon\" = "),
            ("[project.scripts]", "[project.entry-points.console_scripts]"),
            (
                "[project.scripts]",
                "[project.entry-points.group]\nname = \"a module\"\n[project.scripts]",
            ),
            ("\"ktx_daemon\", ", "\"ktx-daemon\", "),
            ("\"ktx_daemon\", ", "\"semantic_layer\", \"ktx_daemon\", "),
            ("module-root = \"\"", "module-root = \"..\""),
        ],
    );
    check(
        &["entry-point-missing"],
        &[("ktx_daemon.__main__:main", "ktx_daemon.absent:main")],
    );
    check(
        &["package-missing"],
        &[("\"ktx_daemon\", ", "\"ktx_daemon\", \"absent\", ")],
    );
    check(
        &["package-missing", "package-missing", "entry-point-missing"],
        &[("module-root = \"\"", "")],
    );
}

#[test]
fn a_module_is_an_entry_point() {
    let module = "[project.entry-points.group]\nname = \"ktx_daemon.__main__\"\n[project.scripts]";
    check(NONE, &[("[project.scripts]", module)]);
}

#[test]
fn a_license_is_spelled_as_the_list_has_it_and_that_is_said() {
    for (written, read) in [
        ("Apache-2.0", "Apache-2.0"),
        ("apache-2.0", "Apache-2.0"),
        ("APACHE-2.0 or mit", "Apache-2.0 OR MIT"),
        ("(mit AND Apache-2.0+)", "(MIT AND Apache-2.0+)"),
        (
            "gpl-2.0-only with classpath-exception-2.0",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("LicenseRef-mit or mit", "LicenseRef-mit OR MIT"),
    ] {
        let sources = Sources::new();
        let field = format!("license = \"{written}\"");
        sources.replace("python/pyproject.toml", "license = \"Apache-2.0\"", &field);
        let project = Project::read(&sources.path("python")).expect(written);
        assert_eq!(project.license, read);
        let said: Vec<String> = project.normalised.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), usize::from(written != read), "{said:?}");
        assert!(
            said.iter()
                .all(|line| line.contains(written) && line.contains(read)),
            "{said:?}"
        );
    }
    for license in ["Apache 2.0", "apache", "gpl-2.0+", "mit or", ""] {
        check(
            INVALID,
            &[("license = \"Apache-2.0\"", &format!("license = \"{license}\""))],
        );
    }
}

#[test]
fn everything_wrong_is_said_at_once_with_file_and_field() {
    let sources = Sources::new();
    sources.replace("python/pyproject.toml", "lkml>=1.3.7,<2", "lkml>>1");
    sources.replace("python/pyproject.toml", "\ndescription", "\n# description");
    sources.replace("python/pyproject.toml", ">=3.11", "three");
    let error = sources.plan_wheel().expect_err("three things are wrong");
    let path = sources.path("python/pyproject.toml").display().to_string();
    let text: String = error
        .findings()
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    insta::assert_snapshot!(text.replace(&path, "[PYPROJECT]"));
    assert!(error.to_string().ends_with(": 3 findings"), "{error}");
}

#[test]
fn a_folder_without_pyproject_is_a_missing_prerequisite() {
    let sources = Sources::new();
    sources.remove("python/pyproject.toml");
    assert_eq!(codes(sources.plan_wheel()), ["missing"]);
}
