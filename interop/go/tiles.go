package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tileFiles reads tiles of 256 hashes from a folder laid out as C2SP tlog-tiles has it, which leaves the height out of the path.
type tileFiles struct{ dir string }

func (tileFiles) Height() int                         { return 8 }
func (tileFiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (files tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		path := strings.TrimPrefix(tile.Path(), "tile/8/")
		bytes, err := os.ReadFile(filepath.Join(files.dir, "tile", filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// checkTiles proves, out of tiles alone, that each tree begins with each smaller one and that it has its leaves. It counts the trees.
func checkTiles(dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "tiles")); os.IsNotExist(err) {
		return 0, nil
	}
	roots := map[int64]tlog.Hash{}
	var largest int64
	count, err := each(filepath.Join(dir, "tiles"), 1, func(size []int64, data []byte) error {
		root, err := tlog.ParseHash(strings.TrimSpace(string(data)))
		roots[size[0]], largest = root, max(largest, size[0])
		return err
	})
	if err != nil {
		return 0, err
	}
	// The reader checks every tile against the root before it uses it.
	reader := tlog.TileHashReader(tlog.Tree{N: largest, Hash: roots[largest]}, tileFiles{dir})
	for size, root := range roots {
		computed, err := tlog.TreeHash(size, reader)
		if err != nil || computed != root {
			return 0, fmt.Errorf("tiles/%d: root out of tiles is %v, %v", size, computed, err)
		}
		proof, err := tlog.ProveTree(largest, size, reader)
		if err == nil {
			err = tlog.CheckTree(proof, largest, roots[largest], size, root)
		}
		if err != nil {
			return 0, fmt.Errorf("tiles/%d: %w", size, err)
		}
		index := size - 1
		record, err := tlog.ProveRecord(largest, index, reader)
		if err == nil {
			leaf := tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(index)))
			err = tlog.CheckRecord(record, largest, roots[largest], index, leaf)
		}
		if err != nil {
			return 0, fmt.Errorf("tiles/%d: leaf %d: %w", size, index, err)
		}
	}
	return count, nil
}
