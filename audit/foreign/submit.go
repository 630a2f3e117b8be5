package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// maxAnswer bounds what a witness may answer: a cosignature is a line.
const maxAnswer = 64 << 10

// submit sends the checkpoint of a served log to a witness (c2sp.org/tlog-witness) as a continuation of size old, with a proof made from nothing but what
// the log serves. It says what the witness answers; only 200 is no error.
func submit(ctx context.Context, address, witness, old string) (string, error) {
	from, err := strconv.ParseInt(old, 10, 64)
	if err != nil {
		return "", err
	}
	source, err := torchwood.NewTileFetcher(strings.TrimSuffix(address, "/"))
	if err != nil {
		return "", err
	}
	signed, err := source.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return "", err
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	checkpoint, err := torchwood.ParseCheckpoint(text + "\n")
	if err != nil {
		return "", err
	}
	var request bytes.Buffer
	fmt.Fprintf(&request, "old %d\n", from)
	if from > 0 && from < checkpoint.N {
		proof, err := tlog.ProveTree(checkpoint.N, from, torchwood.TileHashReaderWithContext(ctx, checkpoint.Tree, source))
		if err != nil {
			return "", err
		}
		for _, hash := range proof {
			fmt.Fprintf(&request, "%s\n", hash)
		}
	}
	fmt.Fprintf(&request, "\n%s", signed)

	post, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(witness, "/")+"/add-checkpoint", &request)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(post)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("%d %s", response.StatusCode, bytes.TrimSpace(answer))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the witness answers %s", said)
	}
	return said, nil
}
