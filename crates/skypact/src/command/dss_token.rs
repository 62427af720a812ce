//! `skypact dss token`: an access token for tests and rehearsals. It convinces only a server that trusts the key.

use std::path::PathBuf;

use super::exit::show;
use super::{CliError, Outcome};
use crate::http::dss::token::{SigningKey, TokenClaims, sign_token};
use crate::{clock, entropy};

/// Arguments of `dss token`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// PEM file with an RSA private key, as `openssl genrsa` writes it.
    #[arg(long)]
    key: PathBuf,
    /// Name of the USS.
    #[arg(long)]
    sub: String,
    /// Scopes, separated by spaces.
    #[arg(long, default_value = "utm.strategic_coordination")]
    scope: String,
    /// Host name of the server that the token is for, without a port.
    #[arg(long, default_value = "localhost")]
    aud: String,
    /// Name of the authorization server; left out by default.
    #[arg(long)]
    iss: Option<String>,
    /// Minutes until the token ends; servers refuse more than 60.
    #[arg(long, default_value_t = 59, value_parser = clap::value_parser!(i64).range(1..=60))]
    minutes: i64,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let key = SigningKey::from_pem_file(&args.key)?;
    let now_utc_ns = clock::now_utc_ns();
    let issued_s = now_utc_ns.div_euclid(1_000_000_000);
    let claims = TokenClaims {
        subject: args.sub.clone(),
        scope: args.scope.clone(),
        audience: args.aud.clone(),
        issuer: args.iss.clone(),
        token_id: Some(format!("{:032x}", u128::from_be_bytes(entropy::message_id(now_utc_ns)))),
        issued_s,
        expires_s: issued_s + 60 * args.minutes,
    };
    let token = sign_token(&key, &claims);
    show(json, &serde_json::json!({ "token": token, "expires_s": claims.expires_s }), &token);
    Ok(Outcome::Done)
}
