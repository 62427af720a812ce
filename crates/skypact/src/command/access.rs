//! How the command line reaches its node: the Unix socket in the node's directory, or the API on loopback with an officer's
//! token. A token is never an argument: every user of a machine sees the arguments of its processes.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::CliError;
use crate::directory::{ConfigError, NodeDir, file_error};
use crate::http::client::LocalClient;
use crate::system::in_words;

/// Where the token is when no file is given.
const TOKEN_VARIABLE: &str = "SKYPACT_TOKEN";
const TOKEN_BYTES_MAX: u64 = 256;

/// How the node is asked.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Access {
    /// Ask the node at this address, http://127.0.0.1:PORT, instead of its Unix socket.
    #[arg(long, global = true, env = "SKYPACT_API", value_name = "URL")]
    pub api: Option<String>,
    /// File of mode 0600 with the officer's token for --api; without it the environment variable `SKYPACT_TOKEN`.
    #[arg(long, global = true, requires = "api", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

impl Access {
    /// A client of the node.
    pub(super) fn client(&self, dir: &NodeDir) -> Result<LocalClient, CliError> {
        let Some(url) = &self.api else { return Ok(LocalClient::new(dir.socket())) };
        let token = match &self.token_file {
            Some(path) => read(path)?,
            None => Zeroizing::new(std::env::var(TOKEN_VARIABLE).unwrap_or_default()),
        };
        if token.trim().is_empty() {
            let message =
                format!("token: give it in --token-file FILE or in {TOKEN_VARIABLE}; see 'skypact token new'");
            return Err(CliError::usage("token-missing", "token", message));
        }
        Ok(LocalClient::on_loopback(url, token.trim())?)
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let failed = |error: io::Error| file_error(path, &in_words(&error));
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(file_error(path, &format!("mode {mode:04o} shows the token to others; chmod 600 it")));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(TOKEN_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
