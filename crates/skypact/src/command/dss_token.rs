//! `skypact dss token`: an access token from a private key, so that a DSS can be tried with nothing but curl.

use std::path::PathBuf;

use super::exit::show;
use super::{CliError, Outcome};
use crate::clock::now_utc_ns;
use crate::entropy::message_id;
use crate::http::dss::token::{SigningKey, TokenClaims};

/// Arguments of `dss token`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// RSA private key in PEM, such as `openssl genrsa` makes.
    #[arg(long)]
    key: PathBuf,
    /// Whose token it is.
    #[arg(long)]
    sub: String,
    /// Scopes, space-separated.
    #[arg(long, default_value = "utm.strategic_coordination")]
    scope: String,
    /// Host name of the DSS.
    #[arg(long, default_value = "localhost")]
    aud: String,
    /// Who issues it.
    #[arg(long, default_value = "https://auth.example/oauth/token")]
    iss: String,
    /// Minutes that it lives; a DSS takes at most 60.
    #[arg(long, default_value_t = 55, value_parser = clap::value_parser!(i64).range(1..=60))]
    minutes: i64,
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    let key = SigningKey::from_pem_file(&args.key);
    let key = key.map_err(|message| CliError::usage("key-unusable", "key", message))?;
    let now_ns = now_utc_ns();
    let exp = now_ns / 1_000_000_000 + args.minutes * 60;
    let jti = crate::directory::base64(&message_id(now_ns));
    let claims = TokenClaims {
        iss: args.iss.clone(),
        sub: args.sub.clone(),
        aud: args.aud.clone(),
        scope: args.scope.clone(),
        exp,
        jti,
    };
    let token = key.sign(&claims);
    show(json, &serde_json::json!({ "token": token, "exp": exp }), &token);
    Ok(Outcome::Done)
}
