use super::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn trust(keys: &[&SigningKey]) -> TrustedKeys {
    let pems: Vec<String> = keys.iter().map(|key| key.to_public_pem().unwrap()).collect();
    TrustedKeys::from_pems(pems.iter().map(|pem| ("keys/x.pub", pem.as_str()))).unwrap()
}

/// The vector of the DSSE specification, protocol.md.
#[test]
fn the_encoding_is_the_one_of_the_specification() {
    assert_eq!(pae("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn what_was_sealed_opens_to_the_same_bytes() {
    let payload = b"{\"b\": 1,\n \"a\":2}";
    assert_eq!(trust(&[&key(1)]).open(&key(1).seal(payload)), Ok((payload.to_vec(), key(1).keyid().to_owned())));
}

#[test]
fn no_single_byte_can_be_changed() {
    let (key, keys) = (key(1), trust(&[&key(1)]));
    let sealed = key.seal(b"{\"n\":1}");
    let opened = keys.open(&sealed).unwrap();
    for at in 0..sealed.len() {
        for bit in [1, 2, 32] {
            let mut changed = sealed.clone();
            changed[at] ^= bit;
            if let Ok(found) = keys.open(&changed) {
                // White space at the end is not signed; the next record's `previous` covers it.
                assert!(at == sealed.len() - 1 && found == opened, "byte {at}, bit {bit}: {}", String::from_utf8_lossy(&changed));
            }
        }
    }
}

#[test]
fn only_trusted_keys_count_and_each_failure_has_its_name() {
    let sealed = key(2).seal(b"{}");
    assert_eq!(trust(&[&key(1)]).open(&sealed), Err(VerifyError::Untrusted(vec![key(2).keyid().to_owned()])));
    let forged = String::from_utf8(sealed).unwrap().replace(key(2).keyid(), key(1).keyid());
    assert_eq!(trust(&[&key(1), &key(2)]).open(forged.as_bytes()), Err(VerifyError::BadSignature(short(key(1).keyid()))));
    assert!(matches!(trust(&[&key(1)]).open(b"{}"), Err(VerifyError::NotAnEnvelope(_))));
    let other = String::from_utf8(key(1).seal(b"{}")).unwrap().replace("evidence+json", "other");
    assert!(matches!(trust(&[&key(1)]).open(other.as_bytes()), Err(VerifyError::OtherType(_))));
}

#[test]
fn keys_survive_their_files_and_what_is_no_key_is_refused() {
    let pem = key(7).to_private_pem().unwrap();
    assert_eq!(SigningKey::from_pem(pem.trim_end()).unwrap().keyid(), key(7).keyid());
    assert_eq!(SigningKey::from_pem(&key(7).to_public_pem().unwrap()).unwrap_err(), KeyError::Private);
    assert!(TrustedKeys::from_pems([("keys/a.pub", pem.as_str())]).is_err());
    assert!(!format!("{:?}", key(7)).contains(&pem.lines().nth(1).unwrap()[20..]));
}

/// Made with `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`; the id with
/// `openssl pkey -pubin -outform DER | sha256sum`.
#[test]
fn keys_of_openssl_are_read() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIKM/JZs7XjzEbhRzSzBXKBjQYDOIbOwnkAWb2rCejwrb\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAw6whPTfGrO3kVB6f/iOyUgzbQYjiwM+JXQ03zvzOzVM=\n-----END PUBLIC KEY-----\n";
    let key = SigningKey::from_pem(private).unwrap();
    assert_eq!(key.to_private_pem().unwrap(), private);
    assert_eq!(key.to_public_pem().unwrap(), public);
    assert_eq!(key.keyid(), "6f43d8729a6a53a8ee0482a58ef9e7ac0facc04662592d15d0a75bdff552391a");
}
