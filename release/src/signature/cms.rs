//! CMS, as both kinds of code signatures use it: one signer, whose signed attributes have the digest of the content.
//!
//! Format: [RFC 5652](https://www.rfc-editor.org/rfc/rfc5652).

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, SliceReader};
use ring::digest::{self, digest};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Signs nothing that is in it, but `content`. The subject of the signer's certificate.
pub fn detached(signed: &[u8], content: &[u8]) -> Result<String, String> {
    verify(&parse(signed)?, content)
}

/// Has its content in it, of type `kind`: that, without its tag, and the subject of the signer's certificate.
pub fn attached(signed: &[u8], kind: ObjectIdentifier) -> Result<(Vec<u8>, String), String> {
    let signed = parse(signed)?;
    let inside = &signed.encap_content_info;
    let content = inside.econtent.as_ref().filter(|_| inside.econtent_type == kind);
    let content = content.ok_or("its signature is of something else than a program")?;
    let signer = verify(&signed, content.value())?;
    Ok((content.value().to_vec(), signer))
}

/// Zeros may follow, up to a multiple of eight bytes.
fn parse(signed: &[u8]) -> Result<SignedData, String> {
    let unreadable = |error: der::Error| format!("its signature cannot be read: {error}");
    let mut reader = SliceReader::new(signed).map_err(unreadable)?;
    let outer = ContentInfo::decode(&mut reader).map_err(unreadable)?;
    let rest = reader.remaining_len();
    let rest = reader.read_slice(rest).map_err(unreadable)?;
    if outer.content_type != SIGNED_DATA || rest.len() >= 8 || rest.iter().any(|byte| *byte != 0) {
        return Err("its signature is not CMS with signed data".to_owned());
    }
    outer.content.decode_as().map_err(unreadable)
}

fn verify(signed: &SignedData, content: &[u8]) -> Result<String, String> {
    let [signer] = signed.signer_infos.0.as_slice() else {
        return Err("its signature has not exactly one signer".to_owned());
    };
    let attributes = signer.signed_attrs.as_ref();
    let attributes = attributes.ok_or("its signature has no signed attributes")?;
    let hash = Hash::of(signer.digest_alg.oid).ok_or("its signature has an unknown kind of digest")?;
    let mut found = attributes
        .iter()
        .filter(|attribute| attribute.oid == MESSAGE_DIGEST);
    let stated = found.next().and_then(|attribute| attribute.values.get(0));
    let stated = stated.and_then(|value| value.decode_as::<OctetStringRef<'_>>().ok());
    if stated.map(|digest| digest.as_bytes()) != Some(digest(hash.algorithm(), content).as_ref()) {
        return Err("its signature is of another content".to_owned());
    }
    let certificate = certificate(signed, signer).ok_or("its signature has no certificate of its signer")?;
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|curve| curve.decode_as().ok());
    let algorithm = algorithm(key.algorithm.oid, curve, hash);
    let algorithm = algorithm.ok_or("its signature has an unknown kind of key")?;
    let message = attributes.to_der().map_err(|error| error.to_string())?;
    UnparsedPublicKey::new(algorithm, key.subject_public_key.raw_bytes())
        .verify(&message, signer.signature.as_bytes())
        .map_err(|_| "its signature is not one by the key of its certificate".to_owned())?;
    Ok(certificate.tbs_certificate.subject.to_string())
}

fn certificate<'a>(signed: &'a SignedData, signer: &SignerInfo) -> Option<&'a Certificate> {
    let SignerIdentifier::IssuerAndSerialNumber(named) = &signer.sid else {
        return None;
    };
    let mut all = signed
        .certificates
        .as_ref()?
        .0
        .iter()
        .filter_map(|one| match one {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        });
    all.find(|one| {
        one.tbs_certificate.issuer == named.issuer && one.tbs_certificate.serial_number == named.serial_number
    })
}

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(identifier: ObjectIdentifier) -> Option<Self> {
        [
            ("2.16.840.1.101.3.4.2.1", Self::Sha256),
            ("2.16.840.1.101.3.4.2.2", Self::Sha384),
            ("2.16.840.1.101.3.4.2.3", Self::Sha512),
        ]
        .into_iter()
        .find(|(known, _)| ObjectIdentifier::new(known) == Ok(identifier))
        .map(|(_, hash)| hash)
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

fn algorithm(
    key: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    hash: Hash,
) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (key, curve, hash) {
        (RSA, _, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA, _, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA, _, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (EC, Some(P256), Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (EC, Some(P384), Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
        _ => return None,
    })
}
