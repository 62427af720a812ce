//! Bytes of a short form: fixed fields, and integers of 7 bits a byte (LEB128, the least significant first, in the shortest
//! form). Reading allocates what the bytes themselves hold, whatever a length says.

use super::{SHORT_FORM_MAX_BYTES, ShortFormError};

/// Appends an unsigned integer.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a signed one: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
pub(super) fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    put_number(bytes, ((value << 1) ^ (value >> 63)) as u64);
}

/// Reads the fields of a short form one after another.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    offset: usize,
    field: &'static str,
}

impl<'b> Reader<'b> {
    /// Of at most [`SHORT_FORM_MAX_BYTES`].
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, ShortFormError> {
        let reader = Self { bytes, offset: 0, field: "length" };
        if bytes.len() > SHORT_FORM_MAX_BYTES { Err(reader.error("is over 4096 bytes")) } else { Ok(reader) }
    }

    /// Names the field that comes next.
    pub(super) fn field(&mut self, field: &'static str) -> &mut Self {
        self.field = field;
        self
    }

    pub(super) fn error(&self, reason: &'static str) -> ShortFormError {
        ShortFormError::Malformed { field: self.field, offset: self.offset, reason }
    }

    pub(super) fn take(&mut self, length: u64) -> Result<&'b [u8], ShortFormError> {
        let rest = &self.bytes[self.offset..];
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len());
        let taken = &rest[..length.ok_or_else(|| self.error("is cut off"))?];
        self.offset += taken.len();
        Ok(taken)
    }

    pub(super) fn fixed<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], ShortFormError> {
        let taken = self.take(LENGTH as u64)?;
        Ok(taken.try_into().expect("as many bytes as were asked for"))
    }

    pub(super) fn number(&mut self) -> Result<u64, ShortFormError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.error("is over 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(self.error("is not in its shortest form")) } else { Ok(value) };
            }
        }
        Err(self.error("is over 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, ShortFormError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// That nothing follows.
    pub(super) fn end(mut self) -> Result<(), ShortFormError> {
        self.field = "length";
        if self.offset == self.bytes.len() { Ok(()) } else { Err(self.error("bytes follow the end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_and_have_one_form() {
        for value in [0, 1, -1, 63, -64, 64, i64::MAX, i64::MIN, 1_795_000_000_000_000_000] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            let mut reader = Reader::new(&bytes).expect("short");
            assert_eq!(reader.signed(), Ok(value));
            assert_eq!(reader.end(), Ok(()));
        }
        for longer in [&[0x80, 0x00][..], &[0xff, 0x80, 0x00], &[0xff; 11], &[0x80], &[]] {
            assert!(Reader::new(longer).expect("short").number().is_err(), "{longer:?}");
        }
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Reader::new(&most).expect("short").number(), Ok(u64::MAX));
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(Reader::new(&over).expect("short").number().is_err());
    }
}
