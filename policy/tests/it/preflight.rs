//! The causes that npm hides behind 404 and 422, each told apart.

use ktx_policy::preflight::{JobEnvironment, JobFacts, check_job};

fn good() -> JobFacts {
    JobFacts {
        npm: Some("11.19.1\n".into()),
        node: Some("v22.14.0".into()),
        id_token: true,
        runner: Some("github-hosted".into()),
        server: Some("https://github.com".into()),
        repository: Some("kaelio/ktx".into()),
        environment: JobEnvironment::Named("npm".into()),
        package_repository: Some("git+https://github.com/kaelio/ktx.git".into()),
    }
}

#[test]
fn each_cause_has_its_own_code() {
    assert!(check_job(&good()).is_empty());
    type Change = fn(&mut JobFacts);
    let cases: [(&str, Change); 13] = [
        ("preflight-npm", |job| job.npm = Some("11.5.0".into())),
        ("preflight-npm", |job| job.npm = Some("11.5.1-beta.1".into())),
        ("preflight-npm", |job| job.npm = None),
        ("preflight-node", |job| job.node = Some("v20.20.2".into())),
        ("preflight-node", |job| job.node = Some("nonsense".into())),
        ("preflight-id-token", |job| job.id_token = false),
        ("preflight-runner", |job| job.runner = Some("self-hosted".into())),
        ("preflight-runner", |job| job.runner = None),
        ("preflight-repository", |job| {
            job.repository = Some("Kaelio/ktx".into())
        }),
        ("preflight-repository", |job| {
            job.package_repository = Some("https://github.com/kaelio/ktx".into())
        }),
        ("preflight-environment", |job| {
            job.environment = JobEnvironment::Unnamed
        }),
        ("preflight-environment", |job| {
            job.environment = JobEnvironment::Named("staging".into())
        }),
        ("preflight-token-service", |job| {
            job.environment = JobEnvironment::Unknown("no answer".into())
        }),
    ];
    for (code, change) in cases {
        let mut job = good();
        change(&mut job);
        let findings = check_job(&job);
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_ref()).collect();
        assert_eq!(codes, [code]);
        assert!(findings[0].hint.is_some());
    }
    assert_eq!(check_job(&JobFacts::default()).len(), 5, "all causes at once");
}
