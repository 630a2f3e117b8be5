package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// Bounds of what is fetched from another issuer.
const (
	fetchPatience = 20 * time.Second
	maxFetched    = 1 << 20
)

var (
	errFingerprint  = errors.New("none of its keys has this fingerprint")
	errOtherHost    = errors.New("the key with this fingerprint signs for another host")
	errNotFollowing = errors.New("it is trusted already, and none of the keys that were trusted before says that these are its keys")
)

// found is an issuer as it presents itself.
type found struct {
	issuer cards.Issuer
	list   string // its signed trust list, "" when it publishes none or was not asked
}

// findIssuer gets the keys of an issuer, of which one must have the fingerprint and sign for the host of the address.
func findIssuer(ctx context.Context, address, fingerprint, file string) (found, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "https" && !(base.Scheme == "http" && base.Hostname() == "localhost") || strings.Trim(base.Path, "/") != "" {
		return found{}, errors.New("the address is not scheme and host, such as https://card.clinic.example")
	}
	origin := base.Scheme + "://" + base.Host
	var set []byte
	if file != "" {
		set, err = os.ReadFile(file)
	} else {
		set, err = fetch(ctx, origin+"/.well-known/jwks.json")
	}
	if err != nil {
		return found{}, err
	}
	parsed, err := cards.ParseJWKS(set)
	if err != nil {
		return found{}, err
	}
	pinned, err := pinnedKey(parsed, fingerprint)
	if err != nil {
		return found{}, err
	}
	if host := strings.ToLower(base.Hostname()); pinned.Issuer != host {
		return found{}, fmt.Errorf("%w: for %s, not for %s", errOtherHost, pinned.Issuer, host)
	}
	alone := found{issuer: cards.Issuer{Host: pinned.Issuer, Name: pinned.Issuer, Keys: []cards.Key{pinned}}}
	if file != "" {
		return alone, nil
	}
	text, err := fetch(ctx, origin+"/v1/trust-list")
	if errors.Is(err, errNothingThere) {
		return alone, nil // an issuer without such a list: the key whose fingerprint we know is enough
	}
	if err != nil {
		return found{}, fmt.Errorf("its trust list could not be had: %w", err)
	}
	known, err := cards.NewKeySet(pinned)
	if err != nil {
		return found{}, err
	}
	list, err := cards.ParseTrustList(string(text), known)
	if err != nil {
		return found{}, fmt.Errorf("its own trust list does not hold: %w", err)
	}
	return found{issuer: list.Issuers[0], list: string(text)}, nil // the first issuer is the list's own, and so the key's
}

// after is the issuer as it is trusted from now on: as it presents itself, if what was trusted of it before says so or it is trusted anew. What was
// withdrawn stays withdrawn then. It returns errNotFollowing.
func (f found) after(ctx context.Context, service *emergency.Service, anew bool) (cards.Issuer, error) {
	trusted, err := service.Issuers(ctx)
	if err != nil {
		return cards.Issuer{}, err
	}
	at := slices.IndexFunc(trusted, func(issuer cards.Issuer) bool { return issuer.Host == f.issuer.Host })
	if at < 0 || anew {
		return f.issuer, nil
	}
	before := trusted[at].Keys
	known, err := cards.NewKeySet(before...)
	if err != nil {
		return cards.Issuer{}, err
	}
	if !f.follows(known) {
		return cards.Issuer{}, errNotFollowing
	}
	stays, err := cards.NewKeySet(slices.DeleteFunc(before, func(key cards.Key) bool { return key.CompromisedSince.IsZero() && !holds(f.issuer.Keys, key) })...)
	if err != nil {
		return cards.Issuer{}, err
	}
	now, err := cards.NewKeySet(f.issuer.Keys...)
	issuer := f.issuer
	issuer.Keys = now.With(stays).Keys()
	return issuer, err
}

// follows reports whether keys that were trusted before say that these are the issuer's: by the signature of the list, or because they are the same.
func (f found) follows(known cards.KeySet) bool {
	if f.list != "" {
		_, err := cards.ParseTrustList(f.list, known)
		return err == nil
	}
	return len(f.issuer.Keys) == len(known.Keys()) && !slices.ContainsFunc(known.Keys(), func(key cards.Key) bool { return !holds(f.issuer.Keys, key) })
}

// holds reports whether a key is among others, whatever is said of its end.
func holds(keys []cards.Key, key cards.Key) bool {
	return slices.ContainsFunc(keys, func(other cards.Key) bool { return other.Public.Equal(key.Public) })
}

func pinnedKey(set cards.KeySet, fingerprint string) (cards.Key, error) {
	for _, key := range set.Keys() {
		if id, err := fingerprintOf(key); err == nil && id == fingerprint {
			return key, nil
		}
	}
	return cards.Key{}, errFingerprint
}

var (
	errNothingThere = errors.New("there is no such page")
	errTooMuch      = errors.New("the answer is too long")
)

// fetch gets a small file; one that is not there is errNothingThere. It follows no redirect: what is asked of one host is not answered by another.
func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: %s", errNothingThere, address)
	default:
		return nil, fmt.Errorf("%s answers %s", address, response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxFetched+1))
	if err == nil && len(content) > maxFetched {
		err = fmt.Errorf("%w: %s", errTooMuch, address)
	}
	return content, err
}
