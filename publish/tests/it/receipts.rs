//! What receipts remember.

use fs_err as fs;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Plan, Work};
use ktx_publish::receipt::{Operation, Outcome, RECEIPT_FILE, Receipt, ReceiptBook};

fn registry() -> RegistryUrl {
    "https://registry.example".parse().unwrap()
}

fn receipt(operation: Operation, version: &str, before: &str, outcome: Outcome) -> Receipt {
    let tags = |version: &str| [("latest".to_owned(), version.to_owned())].into();
    let plan = Plan {
        work: Work::MoveTag,
        version: version.into(),
        tag: "latest".into(),
        tags_before: tags(before),
        tags_after: tags(version),
        checked: Vec::new(),
        notes: Vec::new(),
    };
    Receipt {
        outcome,
        ..Receipt::open(operation, &plan, &registry())
    }
}

#[test]
fn an_unfinished_receipt_keeps_its_tags_before() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(&folder.path().join("reports"));
    book.write(receipt(Operation::Publish, "0.2.0", "0.1.0", Outcome::Started))
        .unwrap();
    // The rerun sees the tags as the interrupted run left them.
    let finished = book
        .write(receipt(Operation::Publish, "0.2.0", "0.2.0", Outcome::Verified))
        .unwrap();
    assert_eq!(finished.tags_before["latest"], "0.1.0");
    // A further rerun changes nothing.
    book.write(receipt(Operation::Publish, "0.2.0", "0.2.0", Outcome::Verified))
        .unwrap();
    assert_eq!(book.read().unwrap(), [finished]);
}

#[test]
fn the_history_of_a_tag_is_what_was_verified_and_what_was_before_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    for receipt in [
        receipt(Operation::Promote, "0.2.0", "0.1.0", Outcome::Verified),
        receipt(Operation::Promote, "0.3.0", "0.2.0", Outcome::Verified),
        receipt(Operation::Promote, "0.4.0", "0.3.0", Outcome::Failed),
    ] {
        book.write(receipt).unwrap();
    }
    assert_eq!(
        book.history(&registry(), "latest").unwrap(),
        ["0.3.0", "0.2.0", "0.1.0"]
    );
    assert!(book.history(&registry(), "next").unwrap().is_empty());
    let other: RegistryUrl = "https://other.example".parse().unwrap();
    assert!(book.history(&other, "latest").unwrap().is_empty());
}

#[test]
fn whoever_writes_at_the_same_time_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    std::thread::scope(|scope| {
        for number in 0..16 {
            let book = &book;
            scope.spawn(move || {
                let version = format!("0.{number}.0");
                book.write(receipt(Operation::Publish, &version, "0.0.1", Outcome::Verified))
                    .unwrap();
            });
        }
    });
    assert_eq!(book.read().unwrap().len(), 16);
}

#[test]
fn a_file_that_is_no_receipt_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::in_folder(folder.path());
    for text in [
        "{",
        "{}",
        "{\"schemaVersion\": 2, \"receipts\": []}",
        "{\"schemaVersion\": 1, \"receipts\": [], \"more\": 1}",
    ] {
        fs::write(folder.path().join(RECEIPT_FILE), text).unwrap();
        assert!(
            book.write(receipt(Operation::Promote, "0.2.0", "0.1.0", Outcome::Verified))
                .is_err()
        );
        assert_eq!(
            fs::read_to_string(folder.path().join(RECEIPT_FILE)).unwrap(),
            text
        );
    }
}
