//! What the operating system says when it refuses, in the words of somebody who has to act on it: `No such file or directory (os error 2)` is none.

use std::io::{Error, ErrorKind};

/// What is wrong, and what to do: for an error that names the file or address before it.
pub(crate) fn in_words(error: &Error) -> String {
    let (reason, remedy) = told(error);
    if remedy.is_empty() { reason } else { format!("{reason}; {remedy}") }
}

/// What is wrong alone, where the error says itself what to do.
pub(crate) fn cause(error: &Error) -> String {
    told(error).0
}

fn told(error: &Error) -> (String, &'static str) {
    // What a library says has its own words.
    if error.get_ref().is_some() {
        return (error.to_string(), "");
    }
    let (reason, remedy) = match error.kind() {
        ErrorKind::NotFound => ("there is no such file or directory", "check the path"),
        ErrorKind::PermissionDenied => {
            ("this user may not use it", "mend its owner or mode, or act as the user whose it is")
        }
        ErrorKind::AlreadyExists => ("it exists already", "give another name"),
        ErrorKind::IsADirectory => ("it is a directory", "name a file"),
        ErrorKind::NotADirectory => ("a part of the path is a file", "check the path"),
        ErrorKind::StorageFull => ("the disk is full", "make room"),
        ErrorKind::QuotaExceeded => ("this user's share of the disk is full", "make room"),
        ErrorKind::ReadOnlyFilesystem => ("its disk can only be read", "name a place on another one"),
        ErrorKind::InvalidData => ("it is no text in UTF-8", "look whether it is the right file"),
        ErrorKind::UnexpectedEof => ("it ends too early", "copy it again"),
        ErrorKind::ConnectionRefused => ("nobody listens there", "see whether it was started"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            ("the connection was cut", "try again")
        }
        ErrorKind::TimedOut => ("it does not answer", "check the link"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => ("no way leads there", "check the link"),
        ErrorKind::AddrInUse => ("another program listens there", "end that one, or choose another port"),
        ErrorKind::AddrNotAvailable => ("it is no address of this machine", "choose one that is"),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            return (format!("the system says '{text}'"), "look into its log");
        }
    };
    (reason.to_owned(), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_the_system_is_left_and_a_library_keeps_its_words() {
        for number in 1..=133 {
            let error = Error::from_raw_os_error(number);
            let told = in_words(&error);
            assert!(!told.contains("os error") && told.contains("; "), "{number}: {told}");
        }
        assert_eq!(in_words(&Error::from_raw_os_error(2)), "there is no such file or directory; check the path");
        assert_eq!(cause(&Error::from_raw_os_error(111)), "nobody listens there");
        assert_eq!(in_words(&Error::from_raw_os_error(5)), "the system says 'Input/output error'; look into its log");
        assert_eq!(in_words(&Error::other("the node is stopping")), "the node is stopping");
        assert_eq!(in_words(&Error::new(ErrorKind::InvalidData, "not a frame")), "not a frame");
    }
}
