package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

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
	watched := &watched{Fetcher: source, begun: make(chan struct{})}
	check := fsck.New(verifier.Name(), verifier, watched, leafHashes, fsck.Opts{N: workers})
	ended := make(chan error, 1)
	go func() { ended <- check.Check(ctx) }()
	if err := watched.until(ended, check); err != nil {
		return "", fmt.Errorf("tessera: %w", err)
	}
	bundles := uint64(0)
	for _, r := range check.Status().EntryRanges {
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

// watched is a log that is being read.
type watched struct {
	fsck.Fetcher
	once  sync.Once
	begun chan struct{} // closed once bundles are read: from then on the check can say how far it is
}

// ReadEntryBundle implements fsck.Fetcher.
func (w *watched) ReadEntryBundle(ctx context.Context, index uint64, partial uint8) ([]byte, error) {
	w.once.Do(func() { close(w.begun) })
	return w.Fetcher.ReadEntryBundle(ctx, index, partial)
}

// until waits for the end of a check. v1.0.4 never ends when more tiles are wrong than it has workers: each worker leaves at its first wrong tile, and then
// nobody takes the next. So the state of its tiles is looked at while it runs.
func (w *watched) until(ended <-chan error, check *fsck.Fsck) error {
	select {
	case err := <-ended:
		return err
	case <-w.begun:
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-tick.C:
		}
		wrong := uint64(0)
		for _, level := range check.Status().TileRanges {
			for _, r := range level {
				if r.State == fsck.Invalid || r.State == fsck.FetchError {
					wrong += r.N
				}
			}
		}
		if wrong >= workers {
			return fmt.Errorf("%d tiles are wrong or missing", wrong)
		}
	}
}
