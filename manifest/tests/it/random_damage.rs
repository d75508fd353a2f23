//! Damage at random, the same in every run: to single bytes, and to whole header fields, of which more stays acceptable.

use ktx_fixtures::raw_zip::{RawHeader, RawZip};
use proptest::prelude::{Strategy, any, prop};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The same archives in every run.
pub fn samples<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

#[derive(Debug, Clone)]
pub enum Edit {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = any::<prop::sample::Index>;
    let edit = prop_oneof![
        8 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        1 => at().prop_map(Edit::Remove),
        1 => at().prop_map(Edit::Cut),
    ];
    prop::collection::vec(edit, 1..4)
}

pub fn edited(good: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for edit in edits {
        let length = bytes.len().max(1);
        match edit {
            _ if bytes.is_empty() => {}
            Edit::Set(at, byte) => bytes[at.index(length)] = *byte,
            Edit::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Edit::Remove(at) => {
                bytes.remove(at.index(length));
            }
            Edit::Cut(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

/// One field of one entry, set to a value: in the local header, the central one, or both.
#[derive(Debug, Clone)]
pub struct FieldEdit {
    entry: prop::sample::Index,
    field: u8,
    side: u8,
    value: u16,
}

pub fn field_edits() -> impl Strategy<Value = Vec<FieldEdit>> {
    let small = prop_oneof![0..64_u16, telling_values(), any::<u16>()];
    let edit =
        (any::<prop::sample::Index>(), 0..14_u8, 0..3_u8, small).prop_map(|(entry, field, side, value)| {
            FieldEdit {
                entry,
                field,
                side,
                value,
            }
        });
    prop::collection::vec(edit, 1..3)
}

/// Values with a meaning: flags, methods, versions, modes.
fn telling_values() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![
        0_u16, 1, 8, 10, 12, 20, 45, 0x800, 0x808, 0x81a4, 0x314, 0xffff,
    ])
}

pub fn with_fields(good: &RawZip, edits: &[FieldEdit]) -> Vec<u8> {
    let mut zip = good.clone();
    for edit in edits {
        let at = edit.entry.index(zip.entries.len());
        let entry = &mut zip.entries[at];
        match edit.field {
            9 => entry.made_by = edit.value,
            10 => entry.external_attributes = u32::from(edit.value) << 16,
            11 => entry.external_attributes = edit.value.into(),
            12 => entry.internal_attributes = edit.value,
            13 => entry.offset = Some(edit.value.into()),
            field => {
                let change = |header: &mut RawHeader| set(header, field, edit.value);
                match edit.side {
                    0 => change(&mut entry.local),
                    1 => change(&mut entry.central),
                    _ => entry.both(change),
                }
            }
        }
    }
    zip.to_bytes()
}

fn set(header: &mut RawHeader, field: u8, value: u16) {
    match field {
        0 => header.version_needed = value,
        1 => header.flags = value,
        2 => header.method = value,
        3 => header.time = value,
        4 => header.date = value,
        5 => header.crc = value.into(),
        6 => header.compressed = value.into(),
        7 => header.size = value.into(),
        _ => header.name.push(value as u8),
    }
}
