//! What a DSS is set up with: the arguments of `skypact dss`, and under the same names the table `[dss]` of a node's `node.toml`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

const DIR: &str = "dss";
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8082);
const AUDIENCES: &str = "localhost,127.0.0.1";
const LOCALITY: &str = "local";
const TRACE_RATIO: f64 = 0.01;
const JWKS_REFRESH_S: u32 = 60;
const JWKS_LAST_GOOD_H: u32 = 24;

/// The options of one DSS process.
#[derive(Clone, Debug, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DssOptions {
    /// Directory of the DSS; made when absent. Several processes over one directory take over from each other.
    #[arg(long, env = "SKYPACT_DSS_DIR", default_value = DIR)]
    pub dir: PathBuf,
    /// Where it listens, `address:port`.
    #[arg(long, default_value_t = LISTEN)]
    pub listen: SocketAddr,
    /// PEM files with RSA public keys of the authority that issues access tokens.
    #[arg(long, value_delimiter = ',', value_name = "FILE,...")]
    pub public_key_files: Vec<PathBuf>,
    /// URL of the authority's key set (JWKS), instead of or besides files.
    #[arg(long, value_name = "URL")]
    pub jwks_url: Option<String>,
    /// Take only these keys of the key set.
    #[arg(long, value_delimiter = ',', value_name = "KID,...")]
    pub jwks_key_ids: Vec<String>,
    /// Seconds between two fetches of the key set.
    #[arg(long, default_value_t = JWKS_REFRESH_S, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub jwks_refresh: u32,
    /// Hours for which the last good key set counts when it cannot be fetched.
    #[arg(long, default_value_t = JWKS_LAST_GOOD_H, value_name = "HOURS")]
    pub jwks_last_good: u32,
    /// Host names, without port, of which one must be in the token's `aud`.
    #[arg(long, value_delimiter = ',', default_value = AUDIENCES, value_name = "HOST,...")]
    pub accepted_audiences: Vec<String>,
    /// Issuers of which one must be the token's `iss`; any when left out.
    #[arg(long, value_delimiter = ',', value_name = "ISS,...")]
    pub accepted_issuers: Vec<String>,
    /// Require a `jti` in tokens, as the contract asks and some authorities do not give.
    #[arg(long)]
    pub require_jti: bool,
    /// Accept base URLs of USSs without TLS.
    #[arg(long)]
    pub allow_http_base_urls: bool,
    /// File that gets a JSON line for each request. It is appended to and never closed: rotate it by copying and truncating.
    #[arg(long, value_name = "FILE")]
    pub access_log: Option<PathBuf>,
    /// Collector of OpenTelemetry that gets traces of requests by OTLP over HTTP, such as `http://localhost:4318/v1/traces`.
    #[arg(long, value_name = "URL")]
    pub otlp_traces_url: Option<String>,
    /// Part of the requests to trace, 0 to 1, where the caller's `traceparent` does not say whether it is sampled.
    #[arg(long, default_value_t = TRACE_RATIO, value_name = "RATIO")]
    pub trace_ratio: f64,
    /// Public base URL of this DSS, told by `/aux/v1/pool`.
    #[arg(long, value_name = "URL")]
    pub public_endpoint: Option<String>,
    /// Name of this DSS's place, told by `/aux/v1/pool`.
    #[arg(long, default_value = LOCALITY)]
    pub locality: String,
}

impl Default for DssOptions {
    fn default() -> Self {
        Self {
            dir: DIR.into(),
            listen: LISTEN,
            public_key_files: Vec::new(),
            jwks_url: None,
            jwks_key_ids: Vec::new(),
            jwks_refresh: JWKS_REFRESH_S,
            jwks_last_good: JWKS_LAST_GOOD_H,
            accepted_audiences: AUDIENCES.split(',').map(str::to_owned).collect(),
            accepted_issuers: Vec::new(),
            require_jti: false,
            allow_http_base_urls: false,
            access_log: None,
            otlp_traces_url: None,
            trace_ratio: TRACE_RATIO,
            public_endpoint: None,
            locality: LOCALITY.to_owned(),
        }
    }
}

impl DssOptions {
    /// The same with every path that is not absolute below a directory, as those of a file in that directory are meant.
    #[must_use]
    pub fn below(mut self, dir: &Path) -> Self {
        let paths = self.public_key_files.iter_mut().chain(&mut self.access_log).chain([&mut self.dir]);
        paths.for_each(|path| *path = dir.join(&path));
        self
    }
}
