//! Writes `openapi/` anew from the code: `make openapi`.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/local.json");
    std::fs::write(path, skypact::http::openapi::document())
}
