// Checks what skypact writes with the notes and the tree of the Go project (golang.org/x/mod/sumdb), which know nothing of skypact.
//
// usage: interop DIRECTORY
//
// The directory holds, in the forms of docs/record-format.md:
//
//	vkeys                     a line for each key: "log VKEY", or "cosigner VKEY" (signature type 4)
//	checkpoints/SIZE          a checkpoint note, signed by the log and by every cosigner
//	leaves/INDEX              the bytes of a leaf
//	inclusion/INDEX-SIZE      hashes in base64, one on each line
//	consistency/OLD-NEW       the same
//	tiles/SIZE                where there are any: root of a tree of that many leaves, in base64, leaf n being SHA-256(0x00 || u64be(n))
//	tile/LEVEL/INDEX[.p/W]    tiles of the largest of them, by the paths of C2SP tlog-tiles
//
// It prints what it checked and exits with 1 at the first thing that does not hold.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: interop DIRECTORY")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}

func check(dir string) error {
	verifiers, err := readKeys(filepath.Join(dir, "vkeys"))
	if err != nil {
		return err
	}
	roots := map[int64]tlog.Hash{}
	notes, err := each(filepath.Join(dir, "checkpoints"), 1, func(sizes []int64, data []byte) error {
		size, root, err := openCheckpoint(data, verifiers)
		if err == nil && size != sizes[0] {
			err = fmt.Errorf("its size is %d", size)
		}
		roots[size] = root
		return err
	})
	if err != nil {
		return err
	}
	leaves := map[int64]tlog.Hash{}
	if _, err := each(filepath.Join(dir, "leaves"), 1, func(index []int64, data []byte) error {
		leaves[index[0]] = tlog.RecordHash(data)
		return nil
	}); err != nil {
		return err
	}
	inclusions, err := each(filepath.Join(dir, "inclusion"), 2, func(at []int64, data []byte) error {
		leaf, known := leaves[at[0]]
		root, signed := roots[at[1]]
		proof, err := readHashes(data)
		if err != nil || !known || !signed {
			return fmt.Errorf("leaf known %t, root signed %t, %v", known, signed, err)
		}
		return tlog.CheckRecord(tlog.RecordProof(proof), at[1], root, at[0], leaf)
	})
	if err != nil {
		return err
	}
	consistencies, err := each(filepath.Join(dir, "consistency"), 2, func(at []int64, data []byte) error {
		before, signedBefore := roots[at[0]]
		after, signedAfter := roots[at[1]]
		proof, err := readHashes(data)
		if err != nil || !signedBefore || !signedAfter {
			return fmt.Errorf("roots signed %t and %t, %v", signedBefore, signedAfter, err)
		}
		return tlog.CheckTree(tlog.TreeProof(proof), at[1], after, at[0], before)
	})
	if err != nil {
		return err
	}
	tiled, err := checkTiles(dir)
	if err != nil {
		return err
	}
	if tiled > 0 {
		fmt.Printf("OK %d tiled trees\n", tiled)
	}
	fmt.Printf("OK %d notes by %d keys, %d leaves, %d inclusion proofs, %d consistency proofs\n",
		notes, len(verifiers), len(leaves), inclusions, consistencies)
	return nil
}

// openCheckpoint wants a signature by every key, and none that it cannot check.
func openCheckpoint(data []byte, verifiers []note.Verifier) (int64, tlog.Hash, error) {
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	if len(opened.Sigs) != len(verifiers) || len(opened.UnverifiedSigs) != 0 {
		return 0, tlog.Hash{}, fmt.Errorf("%d signatures hold and %d are unknown", len(opened.Sigs), len(opened.UnverifiedSigs))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifiers[0].Name() {
		return 0, tlog.Hash{}, fmt.Errorf("not a checkpoint of %s: %q", verifiers[0].Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

// readKeys gives the log's key first.
func readKeys(path string) ([]note.Verifier, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var verifiers []note.Verifier
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		kind, vkey, _ := strings.Cut(line, " ")
		var verifier note.Verifier
		switch {
		case kind == "log" && len(verifiers) == 0:
			verifier, err = note.NewVerifier(vkey)
		case kind == "cosigner" && len(verifiers) > 0:
			verifier, err = newCosigner(vkey)
		default:
			err = fmt.Errorf("keys are one log, then cosigners; found %q", line)
		}
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	return verifiers, nil
}

// cosigner checks cosignature/v1 of C2SP tlog-cosignature, which the note package leaves to its users.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	id, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, fmt.Errorf("not the key of a cosigner: %q", vkey)
	}
	digest := sha256.Sum256([]byte(name + "\n" + string(key)))
	hash := binary.BigEndian.Uint32(digest[:])
	if fmt.Sprintf("%08x", hash) != id {
		return nil, fmt.Errorf("not the id of that key: %q", vkey)
	}
	return &cosigner{name, hash, key[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

func readHashes(data []byte) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range strings.Split(string(data), "\n") {
		if line == "" {
			continue
		}
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// each calls do for every file of a directory with the numbers in its name, and counts them. None at all is an error.
func each(dir string, numbers int, do func(at []int64, data []byte) error) (int, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		path := filepath.Join(dir, file.Name())
		var at []int64
		for _, field := range strings.Split(file.Name(), "-") {
			number, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", path, err)
			}
			at = append(at, number)
		}
		if len(at) != numbers {
			return 0, fmt.Errorf("%s: has %d numbers in its name", path, len(at))
		}
		data, err := os.ReadFile(path)
		if err == nil {
			err = do(at, data)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("%s is empty", dir)
	}
	return len(files), nil
}
