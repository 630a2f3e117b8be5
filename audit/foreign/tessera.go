package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
)

// workers is how many tiles are compared at once.
const workers = 4

// tesseraFsck reads every bundle and tile of a served log with Tessera's own check. Its command line is not used: that of v1.0.4 exits 0 when the check fails.
func tesseraFsck(ctx context.Context, address, vkey string) (string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("tessera: the verifier key: %w", err)
	}
	root, err := url.Parse(strings.TrimSuffix(address, "/") + "/")
	if err != nil {
		return "", err
	}
	source, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		return "", err
	}
	check := fsck.New(verifier.Name(), verifier, source, leafHashes, fsck.Opts{N: workers})
	if err := check.Check(ctx); err != nil {
		return "", fmt.Errorf("tessera: %w", err)
	}
	bundles := uint64(0)
	for _, r := range check.Status().EntryRanges {
		if r.State != fsck.OK {
			return "", fmt.Errorf("tessera: the bundles from %d on were not checked", r.First)
		}
		bundles += r.N
	}
	return fmt.Sprintf("tessera: %d bundles hold", bundles), nil
}

// leafHashes returns the leaf hashes of a bundle.
func leafHashes(bundle []byte) ([][]byte, error) {
	var parsed api.EntryBundle
	if err := parsed.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(parsed.Entries))
	for _, entry := range parsed.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}
