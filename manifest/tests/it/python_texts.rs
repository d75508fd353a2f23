//! METADATA and `entry_points.txt` as Python reads them: whatever text we accept, `email` and `configparser`, with which
//! installers read it, find the same fields in it.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::process::Command;

use ktx_fixtures::sample_assets::SAMPLE_VERSION;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_manifest::archive::Limits;
use ktx_manifest::wheel::{self, Wheel};
use proptest::prelude::{Strategy, any, prop};
use serde_json::{Value, json};

use crate::python3;
use crate::random_damage::samples;

const METADATA: &str = "Metadata-Version: 2.4\nName: kaelio-ktx\nVersion: 0.1.0rc0\nSummary: A sample\n with a fold\n\
                        Requires-Python: >=3.11\nProvides-Extra: local-embeddings\n\n# Sample\n\nText: below\n";
const ENTRY_POINTS: &str = "[console_scripts]\nktx-daemon = ktx_daemon.__main__:main\n\n# a comment\n[ktx.plugins]\n\
                            one = ktx_daemon\ntwo = ktx_daemon.app:build [local-embeddings]\n";

const PYTHON: &str = r"
import configparser, email, json, sys
def fields(text):
    message = email.message_from_string(text)
    assert not message.defects, message.defects
    tidy = lambda value: '\n'.join(line.strip() for line in value.split('\n'))
    return [[name, tidy(value)] for name, value in message.items()]
def groups(text):
    parser = configparser.ConfigParser(delimiters='=', interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return {group: dict(parser.items(group)) for group in parser.sections()}
texts = json.load(sys.stdin)
read = fields if sys.argv[1] == 'METADATA' else groups
print(json.dumps([read(text.replace('\r\n', '\n')) for text in texts]))
";

/// Characters that end lines, fold them, or separate names from values, for some reader.
const TELLING: [char; 18] = [
    '\n', '\r', ' ', '\t', ':', '=', '[', ']', '#', ';', '-', '\u{b}', '\u{c}', '\u{1c}', '\u{85}',
    '\u{2028}', '\0', 'x',
];

#[derive(Debug, Clone)]
enum TextEdit {
    Insert(prop::sample::Index, char),
    Replace(prop::sample::Index, char),
    Remove(prop::sample::Index),
}

fn edited(text: &str) -> Vec<String> {
    let at = any::<prop::sample::Index>;
    let telling = || prop::sample::select(TELLING.to_vec());
    let edit = proptest::prop_oneof![
        (at(), telling()).prop_map(|(at, character)| TextEdit::Insert(at, character)),
        (at(), telling()).prop_map(|(at, character)| TextEdit::Replace(at, character)),
        at().prop_map(TextEdit::Remove),
    ];
    let apply = |edits: Vec<TextEdit>| {
        let mut text = text.chars().collect::<Vec<_>>();
        for edit in edits {
            let length = text.len();
            match edit {
                TextEdit::Insert(at, character) => text.insert(at.index(length), character),
                TextEdit::Replace(at, character) => text[at.index(length)] = character,
                TextEdit::Remove(at) => {
                    text.remove(at.index(length));
                }
            }
        }
        text.into_iter().collect::<String>()
    };
    samples(&prop::collection::vec(edit, 1..4), 1000)
        .into_iter()
        .map(apply)
        .collect()
}

fn inspect(file: &str, text: &str) -> Option<Wheel> {
    let mut wheel = SampleWheel::new(SAMPLE_VERSION);
    wheel.set_metadata(file, text);
    let name = wheel.file_name().parse().unwrap();
    wheel::inspect(Cursor::new(wheel.to_bytes()), &name, &Limits::default()).wheel
}

fn python(file: &str, texts: &[String]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("texts.json");
    fs_err::write(&input, json!(texts).to_string()).unwrap();
    let stdin = fs_err::File::open(&input).unwrap().into_parts().0;
    let mut command = Command::new("python3");
    python3::answer(command.args(["-I", "-c", PYTHON, file]).stdin(stdin))
}

/// Compares the texts that we accept.
fn compare(file: &str, good: &str, reading: impl Fn(&Wheel) -> Value) {
    let texts = std::iter::once(good.to_owned()).chain(edited(good));
    let accepted: BTreeMap<_, _> = texts
        .filter_map(|text| inspect(file, &text).map(|wheel| (text, reading(&wheel))))
        .collect();
    assert!(accepted.contains_key(good), "the good {file} was refused");
    assert!(
        accepted.len() > 100,
        "only {} texts were accepted, which compares little",
        accepted.len()
    );
    let texts = accepted.keys().cloned().collect::<Vec<_>>();
    for (theirs, (text, ours)) in python(file, &texts).iter().zip(&accepted) {
        assert_eq!(theirs, ours, "{text:?}");
    }
}

#[test]
fn metadata_reads_as_python_reads_it() {
    compare("METADATA", METADATA, |wheel| json!(wheel.metadata.fields()));
}

#[test]
fn entry_points_read_as_python_reads_them() {
    compare("entry_points.txt", ENTRY_POINTS, |wheel| {
        json!(wheel.entry_points)
    });
}
