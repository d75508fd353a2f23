//! What receipts remember.

use super::support::Quiet;
use fs_err as fs;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Decision, Work};
use ktx_publish::receipt::{Operation, OperationOutcome, RECEIPT_FILE, Receipt, ReceiptBook};

fn registry() -> RegistryUrl {
    "https://registry.example".parse().unwrap()
}

fn receipt(operation: Operation, version: &str, before: &str, outcome: OperationOutcome) -> Receipt {
    let tags = |version: &str| [("latest".to_owned(), version.to_owned())].into();
    let decision = Decision {
        work: Work::MoveTag,
        version: version.into(),
        tag: "latest".into(),
        tags_before: tags(before),
        tags_after: tags(version),
        broken: None,
        versions_before: Default::default(),
        rules: Vec::new(),
        notes: Vec::new(),
    };
    Receipt {
        outcome,
        ..Receipt::open(operation, &decision, &registry())
    }
}

#[test]
fn an_unfinished_receipt_keeps_its_tags_before() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(&folder.path().join("reports"));
    book.write(
        receipt(Operation::Publish, "0.2.0", "0.1.0", OperationOutcome::Started),
        &Quiet::default(),
    )
    .unwrap();
    // The rerun sees the tags as the interrupted run left them.
    let finished = book
        .write(
            receipt(Operation::Publish, "0.2.0", "0.2.0", OperationOutcome::Verified),
            &Quiet::default(),
        )
        .unwrap();
    assert_eq!(finished.tags_before["latest"], "0.1.0");
    // A further rerun changes nothing.
    book.write(
        receipt(Operation::Publish, "0.2.0", "0.2.0", OperationOutcome::Verified),
        &Quiet::default(),
    )
    .unwrap();
    assert_eq!(book.read(&Quiet::default()), [finished]);
}

#[test]
fn the_history_of_a_tag_is_what_was_verified_and_what_was_before_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    for receipt in [
        receipt(Operation::Promote, "0.2.0", "0.1.0", OperationOutcome::Verified),
        receipt(Operation::Promote, "0.3.0", "0.2.0", OperationOutcome::Verified),
        receipt(Operation::Promote, "0.4.0", "0.3.0", OperationOutcome::Failed),
    ] {
        book.write(receipt, &Quiet::default()).unwrap();
    }
    assert_eq!(
        book.witnesses(&registry(), "latest", &Quiet::default()).receipts,
        ["0.3.0", "0.2.0", "0.1.0"]
    );
    assert!(
        book.witnesses(&registry(), "next", &Quiet::default())
            .receipts
            .is_empty()
    );
    let other: RegistryUrl = "https://other.example".parse().unwrap();
    assert!(
        book.witnesses(&other, "latest", &Quiet::default())
            .receipts
            .is_empty()
    );
}

#[test]
fn concurrent_writers_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let book = &book;
            scope.spawn(move || {
                let version = format!("0.{number}.0");
                book.write(
                    receipt(Operation::Publish, &version, "0.0.1", OperationOutcome::Verified),
                    &Quiet::default(),
                )
                .unwrap();
            });
        }
    });
    assert_eq!(book.read(&Quiet::default()).len(), 16);
}

#[test]
fn receipts_that_cannot_be_read_are_a_warning_and_are_kept() {
    for text in [
        "{",
        "{}",
        "",
        "null",
        "{\"schemaVersion\": 2, \"receipts\": []}",
        "{\"schemaVersion\": 1, \"receipts\": [], \"more\": 1}",
        "{\"schemaVersion\": 1, \"receipts\": [null]}",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let book = ReceiptBook::in_folder(folder.path());
        fs::write(folder.path().join(RECEIPT_FILE), text).unwrap();
        let desk = Quiet::default();
        assert!(book.read(&desk).is_empty());
        assert_eq!(desk.0.lock().unwrap().len(), 1, "{text}: one warning");
        let new = receipt(Operation::Promote, "0.2.0", "0.1.0", OperationOutcome::Verified);
        book.write(new.clone(), &desk).unwrap();
        assert_eq!(book.read(&Quiet::default()), [new]);
        let aside = folder.path().join("publish-receipt.unreadable-1.json");
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
    }
}

#[test]
fn a_folder_in_the_place_of_the_receipts_is_a_warning_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    fs::create_dir_all(folder.path().join(RECEIPT_FILE).join("kept")).unwrap();
    let desk = Quiet::default();
    assert!(book.read(&desk).is_empty());
    assert_eq!(desk.0.lock().unwrap().len(), 1, "one warning");
    let new = receipt(Operation::Promote, "0.2.0", "0.1.0", OperationOutcome::Verified);
    book.write(new.clone(), &desk).unwrap();
    assert_eq!(book.read(&Quiet::default()), [new]);
    let aside = folder.path().join("publish-receipt.unreadable-1.json");
    assert!(aside.join("kept").is_dir());
}

#[test]
fn one_receipt_that_makes_no_sense_spoils_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    let good = receipt(Operation::Promote, "0.2.0", "0.1.0", OperationOutcome::Verified);
    let file = serde_json::json!({"schemaVersion": 1, "receipts": [{"operation": "explode"}, good]});
    fs::write(folder.path().join(RECEIPT_FILE), file.to_string()).unwrap();
    assert_eq!(book.read(&Quiet::default()), [good]);
}

#[test]
fn the_last_rollback_and_what_it_left_are_known_until_the_tag_moves_on() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    let add = |operation, version: &str, before: &str| {
        let receipt = receipt(operation, version, before, OperationOutcome::Verified);
        book.write(receipt, &Quiet::default()).unwrap();
        book.witnesses(&registry(), "latest", &Quiet::default())
    };
    assert_eq!(add(Operation::Promote, "0.2.0", "0.1.0").last_rollback, None);
    let back = add(Operation::Rollback, "0.1.0", "0.2.0");
    let last = back.last_rollback.unwrap();
    assert_eq!((last.broken.as_str(), last.to.as_str()), ("0.2.0", "0.1.0"));
    assert_eq!(back.withdrawn, ["0.2.0"]);
    let on = add(Operation::Promote, "0.3.0", "0.1.0");
    assert_eq!((on.last_rollback, on.withdrawn), (None, vec!["0.2.0".to_owned()]));
    // It was not broken after all.
    assert_eq!(
        add(Operation::Promote, "0.2.0", "0.1.0").withdrawn,
        Vec::<String>::new()
    );
}
