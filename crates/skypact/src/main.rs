//! The `skypact` command. What it does is in the library; see `skypact::command`.

fn main() -> std::process::ExitCode {
    skypact::command::main()
}
