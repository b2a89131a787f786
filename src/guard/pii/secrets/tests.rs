use super::*;

fn found(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    Secrets::new().unwrap().find(text, &mut found);
    found.sort_by_key(|candidate| candidate.range.start);
    found.into_iter().filter(|candidate| candidate.alone >= 0.5).map(|candidate| &text[candidate.range]).collect()
}

/// A token made here, so that none stands in this file for others' scanners to find.
fn token(prefix: &str, length: usize) -> String {
    let letters = "a8Bq3Zx7Kd2Lm9Wp5Rt1Yv6Nc4Jh0Gf";
    prefix.chars().chain(letters.chars().cycle().take(length)).collect()
}

#[test]
fn vendors_tokens() {
    let capitals = token("", 16).to_uppercase();
    let hex: String = "0a9b8c7d6e5f4a3b2c1d".chars().cycle().take(32).collect();
    for secret in [
        format!("AK{}{capitals}", "IA"),
        token("ghp_", 36),
        token("github_pat_", 82),
        token("glpat-", 20),
        token("xoxb-", 40),
        token("sk_live_", 24),
        token("sk-", 48),
        token("sk-proj-", 100),
        token("sk-ant-api03-", 90),
        token("AIza", 35),
        token("hf_", 34),
        token("npm_", 36),
        token("pypi-AgEI", 60),
        format!("SK{hex}"),
        format!("{}.{}", token("SG.", 22), token("", 43)),
        token("gsk_", 52),
        token("whsec_", 32),
    ] {
        assert_eq!(found(&format!("use {secret}, then")), [secret.as_str()]);
        assert!(found(&format!("x{secret}")).is_empty() && found(&format!("a-{secret}")).is_empty(), "{secret}");
    }
}

#[test]
fn what_only_looks_like_a_vendors_token() {
    for text in [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-learn-1.2",
        "sk-your-api-key-goes-here-please-1",
        "AKIAIOSFODNN7EXAMPLE",
        "task-force-2024-budget-planning-a",
        "sk-some-long-css-class-name-with-2-words",
        "hf_transformers",
        "npm_config_registry",
        "SKY",
        "SG.",
        "key-value",
        "AIza",
        "disk-0a9b8c7d6e5f4a3b2c1d0a9b",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}

#[test]
fn private_keys_are_whole_blocks() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n";
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----");
    assert_eq!(found(&format!("key:\n{key}\nthanks")), [key.as_str()]);
    let cut = format!("-----BEGIN PRIVATE KEY-----\n{body}");
    assert_eq!(found(&cut), [cut.as_str()]);
    assert!(found(&key.replace("PRIVATE", "PUBLIC")).is_empty());
    assert!(found("-----BEGIN PRIVATE KEY-----").is_empty());
}

#[test]
fn web_tokens_decode() {
    let signature = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    let token = format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.{signature}");
    assert_eq!(found(&format!("cookie {token}.")), [token.as_str()]);
    // {"typ":"JWT"} names no algorithm.
    assert!(found(&format!("eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxMjM0In0.{signature}")).is_empty());
    assert!(found("eyJhbGciOiJIUzI1NiJ9").is_empty());
}

#[test]
fn only_the_password_of_a_connection_is_secret() {
    assert_eq!(found("postgres://app:s3cr3t!Pw@db.example.com:5432/x"), ["s3cr3t!Pw"]);
    assert_eq!(found("url='redis://:p4ss@host'"), ["p4ss"]);
    for text in
        ["postgres://app:${PW}@db/x", "https://example.com:443/@x", "http://user:<password>@h/", "ssh://git@host:22/a"]
    {
        assert!(found(text).is_empty(), "{text}");
    }
}

#[test]
fn values_that_are_said_to_be_secret() {
    for (text, secret) in [
        ("password=hunter2", "hunter2"),
        ("DB_PASSWORD: \"Tr0ub4dor&3\"", "Tr0ub4dor&3"),
        (r#"{"user": "ann", "password": "p4ssw0rd!x"}"#, "p4ssw0rd!x"),
        (r#"{\"password\": \"p4ssw0rd!x\"}"#, "p4ssw0rd!x"),
        ("api_key = '9f8a7c6e5d4b3a21'", "9f8a7c6e5d4b3a21"),
        ("client_secret: 9f8A7c6E5d4B3a21xyz", "9f8A7c6E5d4B3a21xyz"),
        ("Authorization: Bearer 9f8A7c6E5d4B3a21.xyz", "9f8A7c6E5d4B3a21.xyz"),
        ("AccountKey=9f8A7c6E5d4B3a21xyz9f8A7c6E5d4B3a21xyz+/kQ==;", "9f8A7c6E5d4B3a21xyz9f8A7c6E5d4B3a21xyz+/kQ=="),
        ("my password is hunter2!", "hunter2!"),
        ("Mein Passwort ist Sommer2024.", "Sommer2024"),
        ("mot de passe : Azerty123", "Azerty123"),
        ("密码：abc123456", "abc123456"),
        ("The password was changed to \"blue-Fish7\".", "blue-Fish7"),
    ] {
        assert_eq!(found(text).first(), Some(&secret), "{text}");
    }
}

#[test]
fn what_is_not_the_secret_itself() {
    for text in [
        "password=changeme",
        "password: your-password1",
        "api_key = os.environ['API_KEY1']",
        "token = get_token(user1)",
        "max_tokens: 4096",
        "token_count=1234567890123",
        "secret_name: my-database-secret-1",
        "password = ${DB_PASSWORD1}",
        "token: <token>",
        "password: string",
        "my password is wrong",
        "the password is well-known",
        "password: true",
        "secret = config.secret_key2",
        "\"type\": \"password\", \"id\": 12",
        "Bearer token",
        "password reset link: 1",
        "passwords: 1234567",
        "I forgot my password and 2 other things",
        "secretary: ann123456789012",
        "tokenizer = x1",
        "password_hash = a1b2c3d4",
        "the secret is to add 2 eggs",
        "token: 1234567890",
        "API_KEY=xxxxxxxxxxxxxxxx1",
    ] {
        assert!(found(text).is_empty(), "{text}: {:?}", found(text));
    }
}
