package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
)

// logPolicy asks for a checkpoint of one log, signed by its key.
func logPolicy(vkey string) (torchwood.Policy, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("torchwood: the verifier key: %w", err)
	}
	return torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier)), nil
}

// torchwoodClient reads every entry of a served log with torchwood's client, which authenticates each by the tree. With the key of a witness, the witness
// must have cosigned the checkpoint; with a number, it begins with that entry: what is below the minimum of a pruned log is not served.
func torchwoodClient(ctx context.Context, address, vkey string, more []string) (string, error) {
	policy, err := logPolicy(vkey)
	if err != nil {
		return "", err
	}
	first := int64(0)
	for _, key := range more {
		if number, err := strconv.ParseInt(key, 10, 64); err == nil {
			first = number
			continue
		}
		cosigner, err := torchwood.NewCosignatureVerifier(key)
		if err != nil {
			return "", fmt.Errorf("torchwood: the key of the witness: %w", err)
		}
		policy = torchwood.ThresholdPolicy(2, policy, torchwood.SingleVerifierPolicy(cosigner))
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	source, err := torchwood.NewTileFetcher(strings.TrimSuffix(address, "/"), torchwood.WithHTTPClient(&http.Client{Transport: impatient{giveUp}}))
	if err != nil {
		return "", err
	}
	signed, err := source.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return "", fmt.Errorf("torchwood: the checkpoint: %w", errors.Join(err, context.Cause(ctx)))
	}
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return "", fmt.Errorf("torchwood: the checkpoint: %w", err)
	}
	client, err := torchwood.NewClient(source)
	if err != nil {
		return "", err
	}
	count := int64(0)
	for range client.AllEntries(ctx, checkpoint.Tree, first) {
		count++
	}
	if err := errors.Join(client.Err(), context.Cause(ctx)); err != nil {
		return "", fmt.Errorf("torchwood: after %d entries: %w", count, err)
	}
	if first+count != checkpoint.N {
		return "", fmt.Errorf("torchwood: %d entries came from %d on, the checkpoint says %d", count, first, checkpoint.N)
	}
	return fmt.Sprintf("torchwood: %d entries hold", count), nil
}

// impatient gives up at the first answer that is a failure of the server's: torchwood would ask for the same again for minutes.
type impatient struct{ giveUp context.CancelCauseFunc }

func (i impatient) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil && response.StatusCode >= http.StatusInternalServerError {
		i.giveUp(fmt.Errorf("%s: the server answers %s", request.URL.Path, response.Status))
	}
	return response, err
}
